// Each identity holds on a small bill that was made to keep all of them, and is found broken, with
// the right count and amount, when one thing is changed in it; explain then lists the lines.
#include "ledger/explain.h"
#include "ledger/fixture.h"
#include "ledger/reconcile.h"
#include "money/money.h"

namespace steelyard::ledger_test {
namespace {

/// A bill of Azure and AWS at once: a commitment c1 of one day that is used and not used, a
/// reservation c2 that was partly paid in June.
std::vector<Charge> bill() {
  const auto charge = [](Text category, const char* billed, const char* effective, const char* list,
                         const char* contracted, Text commitment = {}, Text status = {}) {
    Charge c;
    c.issuer = "Microsoft";
    c.category = category;
    c.billed = dec(billed), c.effective = dec(effective), c.list = dec(list),
    c.contracted = dec(contracted);
    c.commitment = commitment, c.status = status;
    c.unit = {};
    return c;
  };
  std::vector<Charge> rows = {
      charge("Usage", "4.5", "4.5", "6", "4.5"),
      charge("Usage", "1.5", "1.5", "2", "1.5"),
      charge("Tax", "1", "1", "1", "1"),
      charge("Credit", "-1", "-1", "-1", "-1"),
      charge("Credit", "-0.5", "-0.5", "-0.5", "-0.5"),
      charge("Purchase", "3", "3", "3", "3"),
      charge("Purchase", "10", "0", "10", "10", "c1"),
      charge("Usage", "0", "6", "9", "8", "c1", "Used"),
      charge("Usage", "0", "4", "4", "4", "c1", "Unused"),
      charge("Adjustment", "0", "0", "0", "0", "c1"),
      charge("Usage", "0", "3", "5", "4", "c2", "Used"),
      charge("Usage", "0", "1", "1", "1", "c2", "Unused"),
      charge("Purchase", "3", "0", "3", "3", "c2"),
      charge("Purchase", "1", "0", "1", "1", "c2"),
  };
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].row = static_cast<std::int64_t>(i + 1);
  rows[0].quantity = dec("3"), rows[0].unit = "h";
  rows[1].quantity = dec("1"), rows[1].unit = "h";
  rows[4].charge_class = "Correction", rows[4].start = "2026-06-10", rows[4].end = "2026-06-11";
  rows[8].resource = "c1", rows[11].resource = "c2";
  rows[13].billing_period = "2026-06", rows[13].start = "2026-06-01", rows[13].end = "2026-06-02";
  rows[13].invoice = "inv-0";
  return rows;
}

/// What the fixture's table lacks, and the lake's other tables.
const char* const kMore = R"(
  ALTER TABLE charges ADD COLUMN ChargeFrequency VARCHAR;
  ALTER TABLE charges ADD COLUMN RegionName VARCHAR;
  ALTER TABLE charges ADD COLUMN ServiceProviderName VARCHAR;
  ALTER TABLE charges ADD COLUMN PricingCurrency VARCHAR;
  ALTER TABLE charges ADD COLUMN PricingCurrencyEffectiveCost DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN CommitmentDiscountQuantity DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_Derivation VARCHAR;
  ALTER TABLE charges ADD COLUMN x_LineItemType VARCHAR;
  ALTER TABLE charges ADD COLUMN x_lineItem_UnblendedCost DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_savingsPlan_SavingsPlanEffectiveCost DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_savingsPlan_TotalCommitmentToDate DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_savingsPlan_UsedCommitment DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_savingsPlan_RecurringCommitmentForBillingPeriod DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_savingsPlan_AmortizedUpfrontCommitmentForBillingPeriod
    DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_reservation_EffectiveCost DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_reservation_UnusedAmortizedUpfrontFeeForBillingPeriod
    DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_reservation_UnusedRecurringFee DECIMAL(38,18);
  ALTER TABLE charges ADD COLUMN x_reservation_AmortizedUpfrontFeeForBillingPeriod DECIMAL(38,18);
  UPDATE charges SET RegionName = RegionId, ServiceProviderName = 'Microsoft',
    ChargeFrequency = 'Recurring';
  UPDATE charges SET ListUnitPrice = 2, ContractedUnitPrice = 1.5, PricingCurrency = 'EUR',
    PricingCurrencyEffectiveCost = EffectiveCost * 2 WHERE x_SourceRow IN (1, 2);
  UPDATE charges SET ConsumedUnit = 'h' WHERE x_SourceRow IN (1, 2);
  UPDATE charges SET CommitmentDiscountQuantity = 10 WHERE x_SourceRow = 7;
  UPDATE charges SET CommitmentDiscountQuantity = EffectiveCost WHERE x_SourceRow IN (8, 9);
  UPDATE charges SET x_LineItemType = 'SavingsPlanRecurringFee', x_lineItem_UnblendedCost = 10,
    x_savingsPlan_TotalCommitmentToDate = 10, x_savingsPlan_UsedCommitment = 6,
    x_savingsPlan_RecurringCommitmentForBillingPeriod = 10,
    x_savingsPlan_AmortizedUpfrontCommitmentForBillingPeriod = 0 WHERE x_SourceRow = 7;
  UPDATE charges SET x_LineItemType = 'SavingsPlanCoveredUsage', x_lineItem_UnblendedCost = 8,
    x_savingsPlan_SavingsPlanEffectiveCost = 6 WHERE x_SourceRow = 8;
  UPDATE charges SET x_LineItemType = 'SavingsPlanRecurringFee', x_Derivation = 'unused'
    WHERE x_SourceRow = 9;
  UPDATE charges SET x_LineItemType = 'SavingsPlanNegation', x_lineItem_UnblendedCost = -8
    WHERE x_SourceRow = 10;
  UPDATE charges SET x_LineItemType = 'DiscountedUsage', x_lineItem_UnblendedCost = 0,
    x_reservation_EffectiveCost = 3 WHERE x_SourceRow = 11;
  UPDATE charges SET x_LineItemType = 'RIFee', x_Derivation = 'unused' WHERE x_SourceRow = 12;
  UPDATE charges SET x_LineItemType = 'RIFee', x_lineItem_UnblendedCost = 3,
    x_reservation_UnusedAmortizedUpfrontFeeForBillingPeriod = 0.25,
    x_reservation_UnusedRecurringFee = 0.75,
    x_reservation_AmortizedUpfrontFeeForBillingPeriod = 1 WHERE x_SourceRow = 13;
  UPDATE charges SET x_LineItemType = 'Fee', x_lineItem_UnblendedCost = 1,
    ChargeFrequency = 'One-Time' WHERE x_SourceRow = 14;
  CREATE OR REPLACE TABLE invoices AS SELECT * FROM (VALUES
    ('Microsoft', 'inv-1', 'USD', NULL::VARCHAR, 'Issued', 21.5::DECIMAL(38,18)),
    ('Microsoft', 'inv-0', 'USD', NULL, 'Issued', 1::DECIMAL(38,18)))
    v(InvoiceIssuerName, InvoiceId, BillingCurrency, ChargeCategory, InvoiceIssueStatus,
      BilledCost);
  CREATE OR REPLACE TABLE billing_periods AS SELECT 'Microsoft' AS InvoiceIssuerName,
    s::TIMESTAMPTZ AS BillingPeriodStart, 'Closed' AS BillingPeriodStatus,
    u::TIMESTAMPTZ AS BillingPeriodLastUpdated, 'bills' AS x_Source
    FROM (VALUES ('2026-06-01', '2026-07-05'), ('2026-07-01', '2026-08-05')) v(s, u);
  CREATE OR REPLACE TABLE contract_commitments AS SELECT 'c1' AS ContractCommitmentId,
    '2026-07-01'::TIMESTAMPTZ AS ContractCommitmentPeriodStart,
    '2026-07-02'::TIMESTAMPTZ AS ContractCommitmentPeriodEnd,
    'No Upfront' AS ContractCommitmentPaymentModel;
)";

ContentHash content(const char* word) {
  ContentHash hash;
  EXPECT_TRUE(ContentHash::parse(std::string(31, '0') + word + "-1", hash));
  return hash;
}

/// A delivery of July that came on a day of August.
ActiveDelivery delivery(std::int64_t version, int day, const char* word, const char* billed,
                        const char* mode = "replace") {
  ActiveDelivery delivery;
  delivery.version = version;
  delivery.committed = instant_of({2026, 8, day});
  auto& record = delivery.record;
  record.source = "bills";
  record.billing_period = "2026-07";
  record.mode = mode;
  record.content = content(word);
  record.issuers = {"Microsoft"};
  record.period_start = instant_of({2026, 7, 1});
  record.period_end = instant_of({2026, 8, 1});
  record.sums["USD"].out["BilledCost"] = dec(billed);
  return delivery;
}

class IdentitiesTest : public testing::Test {
 protected:
  void SetUp() override {
    engine_ = engine();
    charges_ = load(*engine_, bill());
    auto made = engine_->run(kMore);
    ASSERT_TRUE(made) << why(made);
    for (const char* table : kTables) {
      const auto name = std::string(table);
      ASSERT_TRUE(engine_->run("CREATE TABLE good_" + name + " AS FROM " + name));
    }
    auto columns = engine_->query(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'charges'");
    ASSERT_TRUE(columns) << why(columns);
    std::set<std::string> known;
    for (const auto& field : charges_.schema) known.insert(field.name);
    for (const auto& row : columns->rows) {
      const auto decimal = row[1].text().rfind("DECIMAL", 0) == 0;
      if (known.insert(row[0].text()).second)
        charges_.schema.push_back({row[0].text(), decimal ? Type::kDecimal : Type::kText});
    }
  }

  static constexpr const char* kTables[] = {"charges", "invoices", "billing_periods",
                                            "contract_commitments"};

  /// The good bill with something changed in it.
  const Charges& make(const std::string& defect) {
    std::string sql;
    for (const char* table : kTables) {
      const auto name = std::string(table);
      sql += "CREATE OR REPLACE TABLE " + name + " AS FROM good_" + name + ";";
    }
    auto planted = engine_->run(sql + defect);
    EXPECT_TRUE(planted) << why(planted) << "\n" << defect;
    return charges_;
  }

  Result<Report> ask(const Charges& charges) {
    ReconcileQuestion question;
    question.have_invoices_view = true;
    question.history = history_;
    return test_identities(*engine_, charges, question);
  }

  /// "tested failing amount" of the check that begins so.
  std::string found(const Report& report, const std::string& id, const std::string& check,
                    std::size_t& at) {
    for (std::size_t i = 0; i < report.rows.size(); ++i) {
      const auto& row = report.rows[i];
      if (text(report, row, "id") != id || text(report, row, "check")->rfind(check, 0) != 0)
        continue;
      at = i;
      if (!text(report, row, "rows")) return *text(report, row, "note");
      return *text(report, row, "rows") + " " + *text(report, row, "failing") + " " +
             to_text(money(report, row, "amount"));
    }
    return "no such check";
  }

  std::unique_ptr<Engine> engine_;
  Charges charges_;
  std::vector<ActiveDelivery> history_ = {delivery(0, 2, "1", "20"), delivery(1, 5, "2", "21.5")};
};

TEST_F(IdentitiesTest, AllOfThemHoldOnABillThatKeepsThem) {
  auto report = ask(make(""));
  ASSERT_TRUE(report) << why(report);
  std::set<int> ids;
  for (const auto& row : report->rows) {
    const auto what = *text(*report, row, "id") + " " + *text(*report, row, "check");
    EXPECT_TRUE(text(*report, row, "rows"))
        << what << ": " << text(*report, row, "note").value_or("");
    EXPECT_EQ(text(*report, row, "failing").value_or("0"), "0") << what;
    ids.insert(std::stoi(*text(*report, row, "id")));
  }
  EXPECT_EQ(ids.size(), 19U);
  EXPECT_FALSE(report->findings);
}

TEST_F(IdentitiesTest, EachIsFoundBroken) {
  struct Case {
    const char *id, *check;
    std::string defect;
    const char* found;  ///< tested failing amount
    int lines;          ///< behind the amount
  };
  const auto set = [](const char* change, const char* rows) {
    return std::string("UPDATE charges SET ") + change + " WHERE x_SourceRow IN (" + rows + ")";
  };
  const Case cases[] = {
      {"1", "list cost = list price x quantity, to a mill", set("ListUnitPrice = 2.1", "1"),
       "2 1 6", 1},
      {"1", "list cost = list price x quantity, to the last", set("ListCost = 6.0000000001", "1"),
       "2 1 6.0000000001", 1},
      {"2", "contracted cost = contracted price x quantity, to a mill",
       set("ContractedUnitPrice = 1.6", "1, 2"), "2 2 6", 2},
      {"2", "contracted cost = contracted price x quantity, to the last",
       set("ContractedCost = 1.5000000001", "2"), "2 1 1.5000000001", 1},
      {"3", "effective = billed for tax", set("EffectiveCost = 3", "3"), "3 1 2", 1},
      {"3", "effective = billed for usage", set("EffectiveCost = 1", "2"), "2 1 -0.5", 1},
      {"3", "effective = billed for purchases", set("EffectiveCost = 0", "6"), "1 1 -3", 1},
      {"4", "effective = 0", set("EffectiveCost = 10", "7"), "3 1 10", 1},
      {"4", "billed = 0", set("BilledCost = 6", "8"), "4 1 6", 1},
      {"5", "list is not below", set("ListCost = 1.25", "2"), "12 1 0.25", 1},
      {"5", "contracted is not below", set("ContractedCost = 3", "9"), "12 1 1", 1},
      {"6", "prices are not negative", set("ListUnitPrice = -2", "1"), "2 1 6", 1},
      {"6", "quantity and list cost", set("PricingQuantity = -3", "1"), "2 1 6", 1},
      {"6", "pricing unit", set("PricingUnit = NULL", "1"), "14 1 4.5", 1},
      {"6", "consumed unit", set("ConsumedUnit = NULL", "1"), "14 1 4.5", 1},
      {"6", "region id", set("RegionName = NULL", "6"), "14 1 3", 1},
      {"6", "a commitment's usage says", set("CommitmentDiscountStatus = NULL", "8"), "4 1 6", 1},
      {"7", "one rate", set("PricingCurrencyEffectiveCost = 4", "2"), "2 2 6", 2},
      {"8", "a charge ends", set("ChargePeriodEnd = ChargePeriodStart", "6"), "14 1 3", 1},
      {"8", "a charge begins", set("ChargePeriodStart = '2026-06-30'", "6"), "13 1 3", 1},
      {"8", "a correction", set("ChargePeriodStart = '2026-07-10'", "5"), "1 1 -0.5", 1},
      {"9", "a commitment's used", set("EffectiveCost = 4.02", "9"), "2 1 0.02", 3},
      {"9", "a commitment's used", set("EffectiveCost = 4.01", "9"), "2 0 0", 0},
      {"10", "no commitment has amortised", set("BilledCost = 9", "7"), "2 1 -1", 3},
      {"11", "the unused part", set("ResourceId = 'vm'", "9"), "2 1 4", 1},
      {"11", "a commitment's used and unused quantity", set("CommitmentDiscountQuantity = 5", "9"),
       "1 1 10", 3},
      {"12", "amortisation", set("EffectiveCost = 7", "8"), "2 1 1", 4},
      {"13", "savings plan usage", set("x_lineItem_UnblendedCost = -7.5", "10"), "1 1 0.5", 2},
      {"13", "a savings plan's", set("x_savingsPlan_UsedCommitment = 5", "7"), "1 1 1", 2},
      {"13", "a reservation's", set("x_reservation_EffectiveCost = 2", "11"), "1 1 -1", 2},
      {"13", "unblended is", set("x_lineItem_UnblendedCost = 4", "13"), "2 1 1", 5},
      {"14", "Azure: effective", set("EffectiveCost = 2", "4, 6"), "6 2 2", 2},
      {"14", "Azure: over", set("EffectiveCost = 7", "8"), "1 1 1", 4},
      {"15", "utilisation", set("EffectiveCost = -4", "9"), "2 1 2", 2},
      {"15", "utilisation", set("CommitmentDiscountStatus = 'Perhaps'", "9"), "2 1 10", 2},
      {"16", "billed cost", "UPDATE invoices SET BilledCost = 20 WHERE InvoiceId = 'inv-1'",
       "2 1 1.5", -1},
      {"17", "billed cost", "UPDATE invoices SET BilledCost = 21 WHERE InvoiceId = 'inv-1'",
       "2 1 0.5", -1},
      {"18", "each issuer", "DELETE FROM billing_periods WHERE BillingPeriodStart = '2026-06-01'",
       "2 1 1", 1},
      {"18", "each issuer", "INSERT INTO billing_periods SELECT * FROM billing_periods LIMIT 1",
       "2 1 1", 1},
  };
  for (const auto& wanted : cases) {
    const auto& charges = make(wanted.defect);
    auto report = ask(charges);
    ASSERT_TRUE(report) << why(report);
    std::size_t at = 0;
    EXPECT_EQ(found(*report, wanted.id, wanted.check, at), wanted.found)
        << wanted.id << " " << wanted.check << "\n"
        << wanted.defect;
    const bool fails = std::string(wanted.found).find(" 0 ") == std::string::npos;
    const bool exact = text(*report, report->rows[at], "class") == "X";
    if (fails && exact) {
      EXPECT_TRUE(report->findings) << wanted.check;
    }
    ExplainOptions options;
    options.row = static_cast<std::int64_t>(at);
    auto lines = explain(*engine_, charges, report->question, options);
    if (wanted.lines < 0) {
      ASSERT_FALSE(lines) << wanted.check;
      EXPECT_EQ(lines.error().code, "SY1542");
      continue;
    }
    ASSERT_TRUE(lines) << wanted.check << ": " << why(lines);
    EXPECT_EQ(lines->provenance.rows, wanted.lines) << wanted.check << "\n" << wanted.defect;
  }
}

TEST_F(IdentitiesTest, AFeeWithAnUpfrontShareIsToldByTheReportItself) {
  std::size_t at = 0;
  // c2 has an upfront fee, which the table of commitments does not know; its share is in the fee.
  auto report =
      ask(make("DELETE FROM contract_commitments; UPDATE charges SET x_LineItemType = "
               "NULL WHERE x_SourceRow = 13"));
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(found(*report, "9", "a commitment's used", at), "2 1 1");
  report = ask(make("DELETE FROM contract_commitments"));
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(found(*report, "9", "a commitment's used", at), "2 0 0");
  EXPECT_EQ(found(*report, "14", "Azure: over", at),
            "not testable: no reservation of Azure has its whole term in these charges");
}

TEST_F(IdentitiesTest, AMonthOfFeesCoversTheHoursInIt) {
  const auto& charges = make(
      "UPDATE charges SET ChargePeriodStart = '2026-07-20', ChargePeriodEnd = '2026-07-21' WHERE "
      "x_SourceRow = 8; UPDATE charges SET ChargePeriodEnd = '2026-08-01' WHERE x_SourceRow = 7");
  auto report = ask(charges);
  ASSERT_TRUE(report) << why(report);
  std::size_t at = 0;
  EXPECT_EQ(found(*report, "9", "a commitment's used", at), "2 0 0");
}

TEST_F(IdentitiesTest, AClosedMonthThatChangesIsFoundInTheLog) {
  const auto& charges = make("");
  std::size_t at = 0;
  const auto closed = [&](std::vector<ActiveDelivery> history) {
    history_ = std::move(history);
    auto report = ask(charges);
    EXPECT_TRUE(report) << why(report);
    const auto result = report ? found(*report, "19", "a closed month", at) : "";
    if (report && result == "1 1 0.5") {
      EXPECT_EQ(*text(*report, report->rows[at], "note"),
                "bills 2026-07: steelyard diff --versions=1,2 --billing-period=2026-07");
      EXPECT_TRUE(report->findings);
    }
    return result;
  };
  const auto first = delivery(0, 2, "1", "20"), last = delivery(1, 5, "2", "21.5"),
             changed = delivery(2, 9, "3", "22");
  // The provider said that July is closed on 5 August: what came until then may differ.
  EXPECT_EQ(closed({first, last}), "1 0 0");
  EXPECT_EQ(closed({first, last, changed}), "1 1 0.5");
  EXPECT_EQ(closed({first, last, changed, delivery(3, 10, "2", "21.5")}), "1 0 0")
      << "put back as it was";
  EXPECT_EQ(closed({first, last, delivery(2, 9, "3", "0.5", "append")}), "1 1 0.5");
  EXPECT_EQ(closed({}), "not testable: only a lake knows earlier deliveries");
  // Without a word of the provider a month closes with what arrives two weeks after it.
  ASSERT_TRUE(engine_->run("DELETE FROM billing_periods"));
  EXPECT_EQ(closed({first, last, changed}), "not testable: no month is closed yet");
  EXPECT_EQ(closed({first, delivery(1, 16, "2", "21.5")}), "1 0 0");
  EXPECT_EQ(closed({first, delivery(1, 16, "2", "21.5"), delivery(2, 20, "3", "22")}), "1 1 0.5");
  // One that was opened again may change.
  ASSERT_TRUE(
      engine_->run("INSERT INTO billing_periods VALUES ('Microsoft', '2026-07-01', 'Open', "
                   "'2026-08-06', 'bills')"));
  EXPECT_EQ(closed({first, last, changed}), "not testable: no month is closed yet");
}

}  // namespace
}  // namespace steelyard::ledger_test
