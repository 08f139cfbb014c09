// What is written: the same bytes however many threads write it, and in every format sums that
// equal the truth to the last digit.
#include "samples/gen.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/text.h"
#include "engine/engine.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, std::string> tree(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), root).string()] = slurp(entry.path());
  return files;
}

fs::path fresh_folder(const std::string& name) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("steelyard_gen_" + std::to_string(::getpid()) + "_" + name);
  fs::remove_all(folder);
  return folder;
}

GenOptions small(const fs::path& out) {
  GenOptions options;
  options.rows = 12'000;
  options.months = 3;
  options.threads = 2;
  options.out = out.string();
  return options;
}

/// One sample in every format, made once.
class Sample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fresh_folder("all");
    GenOptions options = small(folder_);
    options.formats = gen_formats();
    options.rows_per_file = 4000;
    auto report = generate(options);
    ASSERT_TRUE(report) << report.error().what << " " << report.error().where;
    report_ = std::move(*report);
    EngineOptions engine_options;
    engine_options.threads = 1;
    auto engine = open_duckdb(engine_options);
    ASSERT_TRUE(engine);
    engine_ = std::move(*engine);
    relation("f14p", "read_parquet", "focus-1.4", ".parquet", "T12:00:00Z");
    relation("f14c", "csv", "focus-1.4-csv", ".csv.gz", "T12:00:00Z");
    relation("f12p", "read_parquet", "focus-1.2", ".parquet", "T12:00:00Z");
    relation("f12c", "csv", "focus-1.2-csv", ".csv.gz", "T12:00:00Z");
    finals("legacy_c", "aws-cur-legacy-csv", true);
    finals("legacy_p", "aws-cur-legacy-parquet", false);
    finals("cur2_c", "aws-cur-2.0-csv", true);
    finals("cur2_p", "aws-cur-2.0-parquet", false);
  }
  static void TearDownTestSuite() {
    engine_.reset();
    fs::remove_all(folder_);
  }

  static void make(const std::string& name, std::vector<std::string> files, bool csv) {
    std::sort(files.begin(), files.end());
    ASSERT_FALSE(files.empty()) << name;
    std::string list;
    for (const std::string& file : files) list += (list.empty() ? "" : ", ") + sql_literal(file);
    // A table, so that CSV is sniffed once.
    auto done = engine_->run(
        "CREATE TABLE " + name + " AS SELECT * FROM " +
        (csv ? "read_csv([" + list +
                   "], all_varchar=true, header=true, sample_size=200, "
                   "union_by_name=true)"
             : "read_parquet([" + list + "], hive_partitioning=false, union_by_name=true)"));
    ASSERT_TRUE(done) << done.error().what;
  }
  /// Files of final deliveries, told by the time in the path.
  static void relation(const std::string& name, const std::string& reader,
                       const std::string& folder, const std::string& ending,
                       const std::string& mark) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / folder)) {
      const std::string path = entry.path().string();
      if (entry.is_regular_file() && path.ends_with(ending) && path.find(mark) != std::string::npos)
        files.push_back(path);
    }
    make(name, files, reader == "csv");
  }
  /// Files of final deliveries of an AWS report: they are younger than the others, being as old as
  /// their delivery.
  static void finals(const std::string& name, const std::string& folder, bool csv) {
    std::map<std::string, std::map<fs::file_time_type, std::vector<std::string>>> by_period;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / folder)) {
      const std::string path = entry.path().string();
      if (!entry.is_regular_file() || !path.ends_with(csv ? ".csv.gz" : ".parquet")) continue;
      by_period[entry.path().parent_path().parent_path().string()][entry.last_write_time()]
          .push_back(path);
    }
    ASSERT_EQ(by_period.size(), 3U) << folder;
    std::vector<std::string> files;
    for (const auto& [period, times] : by_period)
      files.insert(files.end(), times.rbegin()->second.begin(), times.rbegin()->second.end());
    make(name, files, csv);
  }

  static std::vector<std::vector<std::string>> rows(const std::string& sql) {
    auto found = engine_->query(sql);
    std::vector<std::vector<std::string>> texts;
    EXPECT_TRUE(found) << found.error().what << "\n" << sql;
    if (!found) return texts;
    for (const auto& row : found->rows) {
      texts.emplace_back();
      for (const Cell& cell : row) texts.back().push_back(cell.text());
    }
    return texts;
  }
  static std::string one(const std::string& sql) {
    const auto found = rows(sql);
    return found.empty() ? "nothing" : found[0][0];
  }
  static Decimal amount(const std::string& text) {
    Decimal value;
    EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact) << text;
    return value;
  }
  /// billed, effective (as a report without the other providers has it) of the truth by "month
  /// provider".
  static std::map<std::string, std::pair<Decimal, Decimal>> truth() {
    std::map<std::string, std::pair<Decimal, Decimal>> totals;
    for (const GenTotal& total : report_.totals)
      totals[total.month + " " + total.provider] = {total.billed,
                                                    total.effective + total.covering_others};
    return totals;
  }

  static fs::path folder_;
  static GenReport report_;
  static std::unique_ptr<Engine> engine_;
};
fs::path Sample::folder_;
GenReport Sample::report_;
std::unique_ptr<Engine> Sample::engine_;

TEST_F(Sample, EveryFocusRenderingSumsToTheTruth) {
  for (const char* view : {"f14p", "f14c", "f12p", "f12c"}) {
    const std::string provider =
        std::string(view).starts_with("f14")
            ? "CASE WHEN InvoiceIssuerName LIKE 'Amazon%' THEN 'AWS' WHEN InvoiceIssuerName LIKE "
              "'Micro%' THEN 'Microsoft' WHEN InvoiceIssuerName LIKE 'Fjord%' THEN 'Fjord Data' "
              "ELSE "
              "'Google Cloud' END"
            : "ProviderName";
    const auto sum = [](const std::string& column) {
      return "sum(CAST(" + column + " AS DECIMAL(38,18)))";
    };
    const auto found =
        rows("SELECT left(CAST(BillingPeriodStart AS VARCHAR), 7), " + provider +
             ", BillingCurrency, count(*), " + sum("BilledCost") + ", " + sum("EffectiveCost") +
             ", " + sum("ListCost") + ", " + sum("ContractedCost") + " FROM " + view +
             " GROUP BY 1, 2, 3 ORDER BY 1, 2");
    ASSERT_EQ(found.size(), report_.totals.size()) << view;
    for (const GenTotal& total : report_.totals) {
      bool seen = false;
      for (const auto& row : found) {
        if (row[0] != total.month || row[1] != total.provider) continue;
        seen = true;
        EXPECT_EQ(row[2], total.currency);
        if (std::string(view).starts_with("f14")) {
          EXPECT_EQ(row[3], std::to_string(total.rows)) << view;
        }
        EXPECT_EQ(amount(row[4]), total.billed) << view;
        EXPECT_EQ(amount(row[5]), total.effective) << view;
        EXPECT_EQ(amount(row[6]), total.list) << view;
        EXPECT_EQ(amount(row[7]), total.contracted) << view;
      }
      EXPECT_TRUE(seen) << view << " " << total.month << " " << total.provider;
    }
  }
}

/// AWS's own way from a report to amortised cost (the case expression of Cloud Intelligence
/// Dashboards).
TEST_F(Sample, EveryUsageReportSumsToTheTruth) {
  for (const char* view : {"legacy_c", "legacy_p", "cur2_c", "cur2_p"}) {
    const bool slash = std::string(view) == "legacy_c";
    const auto column = [&](const std::string& legacy, const std::string& snake) {
      return slash ? sql_identifier(legacy) : snake;
    };
    // A double becomes a decimal by way of its shortest text.
    const auto decimal = [&](const std::string& legacy, const std::string& snake) {
      return "coalesce(CAST(CAST(" + column(legacy, snake) + " AS VARCHAR) AS DECIMAL(38,18)), 0)";
    };
    const std::string type = column("lineItem/LineItemType", "line_item_line_item_type");
    const std::string net = decimal("lineItem/NetUnblendedCost", "line_item_net_unblended_cost");
    const std::string effective =
        "CASE WHEN " + type + " = 'SavingsPlanCoveredUsage' THEN " +
        decimal("savingsPlan/SavingsPlanEffectiveCost",
                "savings_plan_savings_plan_effective_cost") +
        " WHEN " + type + " = 'SavingsPlanRecurringFee' THEN " +
        decimal("savingsPlan/TotalCommitmentToDate", "savings_plan_total_commitment_to_date") +
        " - " + decimal("savingsPlan/UsedCommitment", "savings_plan_used_commitment") + " WHEN " +
        type + " IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') THEN 0 WHEN " + type +
        " = 'DiscountedUsage' THEN " +
        decimal("reservation/EffectiveCost", "reservation_effective_cost") + " WHEN " + type +
        " = 'RIFee' THEN " +
        decimal("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
                "reservation_unused_amortized_upfront_fee_for_billing_period") +
        " + " + decimal("reservation/UnusedRecurringFee", "reservation_unused_recurring_fee") +
        " WHEN " + type + " = 'Fee' AND " +
        column("reservation/ReservationARN", "reservation_reservation_a_r_n") +
        " IS NOT NULL THEN 0 WHEN " + type + " = 'Refund' AND " +
        column("lineItem/ProductCode", "line_item_product_code") +
        " = 'ComputeSavingsPlans' THEN 0 ELSE " + net + " END";
    const auto found =
        rows("SELECT left(CAST(" +
             column("bill/BillingPeriodStartDate", "bill_billing_period_start_date") +
             " AS VARCHAR), 7), sum(" + net + "), sum(" + effective + ") FROM " + view +
             " GROUP BY 1 ORDER BY 1");
    ASSERT_EQ(found.size(), 3U) << view;
    for (const auto& row : found) {
      const auto [billed, amortised] = truth()[row[0] + " AWS"];
      EXPECT_EQ(amount(row[1]), billed) << view << " " << row[0];
      EXPECT_EQ(amount(row[2]), amortised) << view << " " << row[0];
    }
  }
}

TEST_F(Sample, CommitmentsOfAReportAddUp) {
  const auto sp = rows(
      "SELECT \"savingsPlan/SavingsPlanARN\", left(\"bill/BillingPeriodStartDate\", 7),"
      " sum(CASE WHEN \"lineItem/LineItemType\" IN ('SavingsPlanCoveredUsage', "
      "'SavingsPlanNegation') THEN CAST(\"lineItem/UnblendedCost\" AS DECIMAL(38,18)) ELSE 0 END),"
      " sum(coalesce(CAST(\"savingsPlan/SavingsPlanEffectiveCost\" AS DECIMAL(38,18)) * "
      "CAST(\"lineItem/LineItemType\" = 'SavingsPlanCoveredUsage' AS INT), 0)"
      "  + coalesce(CAST(\"savingsPlan/TotalCommitmentToDate\" AS DECIMAL(38,18)) - "
      "CAST(\"savingsPlan/UsedCommitment\" AS DECIMAL(38,18)), 0)),"
      " sum(coalesce(CAST(\"savingsPlan/RecurringCommitmentForBillingPeriod\" AS DECIMAL(38,18)) + "
      "CAST(\"savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod\" AS DECIMAL(38,18)), 0))"
      " FROM legacy_c WHERE \"savingsPlan/SavingsPlanARN\" IS NOT NULL GROUP BY 1, 2");
  EXPECT_GE(sp.size(), 6U);
  for (const auto& row : sp) {
    EXPECT_EQ(amount(row[2]), Decimal{}) << row[0];
    EXPECT_EQ(amount(row[3]), amount(row[4])) << row[0] << " " << row[1];
  }
  const auto ri = rows(
      "SELECT \"reservation/ReservationARN\", left(\"bill/BillingPeriodStartDate\", 7),"
      " sum(coalesce(CAST(\"reservation/EffectiveCost\" AS DECIMAL(38,18)), 0) + "
      "coalesce(CAST(\"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod\" AS DECIMAL(38,18)), "
      "0)"
      "  + coalesce(CAST(\"reservation/UnusedRecurringFee\" AS DECIMAL(38,18)), 0)),"
      " sum(coalesce(CAST(\"reservation/AmortizedUpfrontFeeForBillingPeriod\" AS DECIMAL(38,18)), "
      "0) + CASE WHEN \"lineItem/LineItemType\" = 'RIFee' THEN CAST(\"lineItem/UnblendedCost\" AS "
      "DECIMAL(38,18)) ELSE 0 END)"
      " FROM legacy_c WHERE \"reservation/ReservationARN\" IS NOT NULL GROUP BY 1, 2");
  EXPECT_GE(ri.size(), 3U);
  for (const auto& row : ri) EXPECT_EQ(amount(row[2]), amount(row[3])) << row[0] << " " << row[1];
}

TEST_F(Sample, RowsKeepTheRulesOfFocus) {
  const auto none = [&](const std::string& condition) {
    EXPECT_EQ(one("SELECT count(*) FROM f14p WHERE " + condition), "0") << condition;
  };
  none("ChargeCategory IN ('Tax', 'Credit') AND BilledCost <> EffectiveCost");
  none("ChargeCategory = 'Usage' AND CommitmentDiscountId IS NULL AND BilledCost <> EffectiveCost");
  none("ChargeCategory = 'Usage' AND CommitmentDiscountId IS NOT NULL AND BilledCost <> 0");
  none("ChargeCategory = 'Purchase' AND CommitmentDiscountId IS NOT NULL AND EffectiveCost <> 0");
  none("ChargePeriodStart >= ChargePeriodEnd");
  none(
      "(ChargePeriodStart < BillingPeriodStart OR ChargePeriodEnd > BillingPeriodEnd) AND "
      "ChargeClass IS NULL");
  none("ChargeCategory = 'Usage' AND BilledCost > ListCost");
  none("(PricingUnit IS NULL) <> (PricingQuantity IS NULL)");
  none("(ConsumedUnit IS NULL) <> (ConsumedQuantity IS NULL)");
  none(
      "CommitmentDiscountStatus = 'Unused' AND (ConsumedQuantity IS NOT NULL OR ResourceId <> "
      "CommitmentDiscountId)");
  none(
      "ChargeCategory = 'Tax' AND (PricingCategory IS NOT NULL OR SkuPriceId IS NOT NULL OR "
      "ListUnitPrice IS NOT NULL)");
  // Cost is price times quantity, rounded to ten decimals as AWS does; shares of pods are cut from
  // that.
  none(
      "ChargeCategory = 'Usage' AND ListUnitPrice IS NOT NULL AND AllocatedMethodId IS NULL AND "
      "abs(CAST(ListCost AS DOUBLE) - CAST(ListUnitPrice AS DOUBLE) * CAST(PricingQuantity AS "
      "DOUBLE)) > 6e-11 + 1e-12 * CAST(ListCost AS DOUBLE)");
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT SkuPriceId FROM f14p GROUP BY 1 HAVING "
                "count(DISTINCT SkuId) > 1)"),
            "0");
}

TEST_F(Sample, APurchaseOfOneProviderCoversUsageOfAnotherInAVirtualCurrency) {
  for (const char* view : {"f14p", "f12p"}) {
    const std::string capacity = std::string(" FROM ") + view +
                                 " WHERE CommitmentDiscountType = "
                                 "'Capacity'";
    EXPECT_EQ(one("SELECT DISTINCT ChargeCategory || ' ' || InvoiceIssuerName || ' ' || "
                  "PricingCurrency || ' ' || CAST(EffectiveCost = 0 AS VARCHAR)" +
                  capacity + " AND BilledCost > 0"),
              "Purchase Amazon Web Services, Inc. USD true");
    EXPECT_EQ(one("SELECT DISTINCT ChargeCategory || ' ' || InvoiceIssuerName || ' ' || "
                  "PricingCurrency || ' ' || CommitmentDiscountStatus" +
                  capacity + " AND BilledCost = 0"),
              "Usage Fjord Data Ltd. Credit Used");
    // Priced in credits at one rate, and some of it, when the capacity was used up, billed.
    EXPECT_EQ(one("SELECT count(*) FROM " + std::string(view) +
                  " WHERE PricingCurrency = 'Credit' AND (EffectiveCost * 10 <> "
                  "PricingCurrencyEffectiveCost * 24 OR ContractedCost <> EffectiveCost OR "
                  "ListCost * 10 <> PricingCurrencyEffectiveCost * 30 OR "
                  "PricingCurrencyListUnitPrice * 3 <> ListUnitPrice)"),
              "0");
    EXPECT_NE(one("SELECT count(*) FROM " + std::string(view) +
                  " WHERE PricingCurrency = 'Credit' AND BilledCost > 0"),
              "0");
    EXPECT_EQ(one("SELECT count(*) FROM " + std::string(view) +
                  " WHERE PricingCurrency NOT IN (BillingCurrency, 'Credit')"),
              "0");
  }
}

TEST_F(Sample, GivenBackCommitmentsAreRefundedInEveryRendering) {
  const std::string focus = one(
      "SELECT sum(BilledCost) FROM f14p WHERE ChargeCategory = 'Purchase' AND BilledCost < 0 AND "
      "CommitmentDiscountId IS NOT NULL");
  EXPECT_TRUE(amount(focus) < Decimal{});
  for (const char* view : {"legacy_p", "cur2_p"})
    EXPECT_EQ(amount(one("SELECT sum(CAST(CAST(line_item_unblended_cost AS VARCHAR) AS "
                         "DECIMAL(38,18))) FROM " +
                         std::string(view) +
                         " WHERE line_item_unblended_cost < 0 AND ((line_item_line_item_type = "
                         "'Fee' AND reservation_reservation_a_r_n <> '') OR "
                         "(line_item_line_item_type = 'Refund' AND line_item_product_code = "
                         "'ComputeSavingsPlans'))")),
              amount(focus))
        << view;
  EXPECT_EQ(amount(focus),
            -amount(one("SELECT sum(CAST(upfront_refunded AS DECIMAL(38,18))) FROM read_csv(" +
                        sql_literal((folder_ / "truth/amortisation.csv").string()) +
                        ", all_varchar=true)")));
  EXPECT_EQ(one("SELECT count(DISTINCT ContractCommitmentLifecycleStatus) FROM read_csv(" +
                sql_literal((folder_ / "focus-1.4-contract-commitment/*/*/*.csv").string()) +
                ", all_varchar=true) WHERE ContractCommitmentLifecycleStatus IN ('Canceled', "
                "'Superseded', 'Exhausted', 'Active')"),
            "4");
}

/// The truth's schedule of each commitment is what its rows sum to, whoever sold it.
TEST_F(Sample, CommitmentsFollowTheScheduleOfTheTruth) {
  const std::string schedule = "read_csv(" +
                               sql_literal((folder_ / "truth/amortisation.csv").string()) +
                               ", all_varchar=true)";
  const auto decimal = [](const std::string& column) {
    return "CAST(" + column + " AS DECIMAL(38,18))";
  };
  for (const char* view : {"f14p", "f12p"}) {
    const std::string sums =
        "SELECT CommitmentDiscountId AS id, left(CAST(BillingPeriodStart AS VARCHAR), 7) AS month, "
        "any_value(CommitmentDiscountType) AS type, any_value(BillingCurrency) AS currency, "
        "coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Used'), 0) AS used, "
        "coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Unused'), 0) AS unused, "
        "coalesce(sum(BilledCost) FILTER (ChargeFrequency = 'Recurring'), 0) AS recurring, "
        "coalesce(sum(BilledCost) FILTER (ChargeFrequency = 'One-Time'), 0) AS once FROM " +
        std::string(view) +
        " WHERE CommitmentDiscountId IS NOT NULL AND CommitmentDiscountType <> 'Capacity' GROUP BY "
        "1, 2";
    EXPECT_EQ(one("SELECT count(*) FROM (" + sums + ") b FULL JOIN " + schedule +
                  " s ON b.id = s.commitment_id AND b.month = s.month WHERE b.type IS DISTINCT "
                  "FROM s.type OR b.currency IS DISTINCT FROM s.currency OR b.used IS DISTINCT "
                  "FROM " +
                  decimal("s.used") + " OR b.unused IS DISTINCT FROM " + decimal("s.unused") +
                  " OR b.recurring IS DISTINCT FROM " + decimal("s.recurring") +
                  " OR b.once IS DISTINCT FROM " + decimal("s.upfront_paid") + " - " +
                  decimal("s.upfront_refunded")),
              "0")
        << view;
  }
  EXPECT_EQ(one("SELECT string_agg(provider || ' ' || types, ', ') FROM (SELECT provider, "
                "count(DISTINCT type) AS types FROM " +
                schedule + " GROUP BY 1 ORDER BY 1)"),
            "AWS 2, Google Cloud 2, Microsoft 1");
  EXPECT_EQ(one("SELECT string_agg(InvoiceIssuerName || ' ' || types, ', ') FROM (SELECT "
                "InvoiceIssuerName, string_agg(DISTINCT BillingCurrency) AS types FROM read_csv(" +
                sql_literal((folder_ / "focus-1.4-contract-commitment/*/*/*.csv").string()) +
                ", all_varchar=true) WHERE ContractCommitmentType <> 'Capacity' AND "
                "ContractCommitmentId IN (SELECT CommitmentDiscountId FROM f14p) GROUP BY 1 ORDER "
                "BY 1)"),
            "Amazon Web Services, Inc. USD, Google Cloud EMEA Limited USD, Microsoft Ireland "
            "Operations Limited EUR");
  // Microsoft bills ahead: one row a month, for the whole month.
  EXPECT_EQ(one("SELECT count(*) FROM f14p WHERE ChargeCategory = 'Purchase' AND ChargeFrequency = "
                "'Recurring' AND "
                "InvoiceIssuerName LIKE 'Microsoft%' AND (ChargePeriodStart <> BillingPeriodStart "
                "OR ChargePeriodEnd <> BillingPeriodEnd)"),
            "0");
  EXPECT_EQ(one("SELECT count(*) FROM f14p WHERE ChargeCategory = 'Purchase' AND ChargeFrequency = "
                "'Recurring' AND "
                "InvoiceIssuerName LIKE 'Microsoft%'"),
            "3");
}

/// The legacy report has a column for each key that is activated; the others have maps.
TEST_F(Sample, TagColumnsComeWithTheMonthThatActivatesTheirKeys) {
  const auto tagged = [&](const std::string& view, const std::string& column,
                          const std::string& month) {
    return one("SELECT count(" + column + ") > 0 FROM " + view + " WHERE left(CAST(" +
               (view == "legacy_c" ? sql_identifier("bill/BillingPeriodStartDate")
                                   : std::string("bill_billing_period_start_date")) +
               " AS VARCHAR), 7) = '" + month + "'");
  };
  const std::string late = sql_identifier("resourceTags/user:cost-center"),
                    early = sql_identifier("resourceTags/user:team");
  EXPECT_EQ(tagged("legacy_c", early, "2026-05"), "true");
  EXPECT_EQ(tagged("legacy_c", late, "2026-05"), "false");
  EXPECT_EQ(tagged("legacy_c", late, "2026-06"), "true");
  EXPECT_EQ(tagged("legacy_p", "resource_tags_user_cost_center", "2026-06"), "true");
  // In no file of the first month is there such a column.
  std::set<std::string> with, without;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "aws-cur-legacy-csv")) {
    const std::string path = entry.path().string();
    if (!path.ends_with("-Manifest.json")) continue;
    (slurp(path).find("cost-center") != std::string::npos ? with : without)
        .insert(path.substr(path.find("enterprise/") + 11, 6));
  }
  EXPECT_EQ(without, std::set<std::string>{"202605"});
  EXPECT_EQ(with, (std::set<std::string>{"202606", "202607"}));
  // Both reports have the same tags; the map has one name for all spellings of a key, and
  // the engine numbers columns whose names differ in case only.
  const auto values = [&](const std::string& view, const std::string& value) {
    return one("SELECT string_agg(value || ' ' || n, ', ' ORDER BY value) FROM (SELECT " + value +
               " AS value, count(*) AS n FROM " + view + " GROUP BY 1 HAVING value IS NOT NULL)");
  };
  for (const auto& [columns, entry] :
       {std::pair{"\"resourceTags/user:team\", \"resourceTags/user:Team_1\"", "user_team"},
        {"\"resourceTags/user:app\"", "user_app"},
        {"\"resourceTags/user:cost-center\"", "user_cost_center"}})
    EXPECT_EQ(values("legacy_c", std::string("coalesce(") + columns + ", NULL)"),
              values("cur2_p", std::string("resource_tags['") + entry + "']"))
        << entry;
}

TEST_F(Sample, ABundledDiscountIsALineOfItsOwnInReportsAndAnAdjustmentInFocus) {
  const std::string in_focus =
      " FROM f14p WHERE ChargeCategory = 'Adjustment' AND InvoiceIssuerName LIKE 'Amazon%'";
  EXPECT_EQ(one("SELECT count(*)" + in_focus +
                " AND (BilledCost >= 0 OR EffectiveCost <> BilledCost OR ListCost <> BilledCost OR "
                "ContractedCost <> BilledCost OR ServiceName <> 'AmazonCloudWatch')"),
            "0");
  const Decimal discount = amount(one("SELECT sum(BilledCost)" + in_focus));
  EXPECT_TRUE(discount < Decimal{});
  // Never more than two fifths of what it is given on.
  EXPECT_EQ(
      one("SELECT count(*) FROM (SELECT sum(BilledCost) AS given, -(SELECT "
          "sum(BilledCost) FROM f14p u WHERE u.ServiceName = 'AmazonCloudWatch' AND "
          "u.ChargeCategory = 'Usage' AND u.ChargeClass IS NULL AND u.SubAccountId = "
          "f14p.SubAccountId AND u.BillingPeriodStart = f14p.BillingPeriodStart) AS used" +
          in_focus + " GROUP BY SubAccountId, BillingPeriodStart) WHERE given * 5 < used * 2"),
      "0");
  for (const char* view : {"legacy_p", "cur2_p"}) {
    const auto sum = [&](const std::string& column, const std::string& condition) {
      return amount(one("SELECT coalesce(sum(CAST(CAST(" + column +
                        " AS VARCHAR) AS DECIMAL(38,18))), 0) FROM " + view + " WHERE " +
                        condition));
    };
    const std::string bundled = "line_item_line_item_type = 'BundledDiscount'",
                      total = "discount_total_discount IS NOT NULL";
    EXPECT_EQ(sum("line_item_net_unblended_cost", bundled), discount) << view;
    EXPECT_EQ(sum("discount_bundled_discount", bundled), discount) << view;
    EXPECT_EQ(sum("discount_bundled_discount", "true"), discount) << view;
    // Net cost is cost less all discounts.
    EXPECT_EQ(sum("line_item_net_unblended_cost", total + " AND NOT " + bundled),
              sum("line_item_unblended_cost", total + " AND NOT " + bundled) +
                  sum("discount_total_discount", total + " AND NOT " + bundled))
        << view;
    EXPECT_EQ(sum("discount_total_discount", bundled), discount) << view;
    EXPECT_TRUE(sum("discount_total_discount", "NOT " + bundled) < Decimal{}) << view;
    EXPECT_EQ(one(std::string("SELECT count(*) FROM ") + view +
                  " WHERE line_item_line_item_type = 'Usage' AND discount_total_discount IS NULL "
                  "AND line_item_net_unblended_cost <> line_item_unblended_cost"),
              "0");
  }
}

TEST_F(Sample, InvoicesAreTheSumsOfTheirCharges) {
  const auto found = rows("SELECT InvoiceId, sum(BilledCost) FROM f14p GROUP BY 1 ORDER BY 1");
  const auto truth_rows = rows(
      "SELECT invoice_id, CAST(billed AS DECIMAL(38,18)), CAST(payable AS DECIMAL(38,18)), issuer "
      "FROM read_csv(" +
      sql_literal((folder_ / "truth/invoices.csv").string()) + ", all_varchar=true) ORDER BY 1");
  ASSERT_EQ(found.size(), truth_rows.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i][0], truth_rows[i][0]);
    EXPECT_EQ(amount(found[i][1]), amount(truth_rows[i][1]));
    if (!truth_rows[i][3].starts_with("Amazon")) {
      EXPECT_EQ(amount(truth_rows[i][1]), amount(truth_rows[i][2]))
          << "the others bill whole cents";
    }
  }
  const std::string details =
      sql_literal((folder_ / "focus-1.4-invoice-detail/*/*/*.csv").string());
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT InvoiceDetailId AS id, sum(BilledCost) AS billed "
                "FROM f14p GROUP BY 1) c FULL JOIN (SELECT InvoiceDetailId AS id, CAST(BilledCost "
                "AS DECIMAL(38,18)) AS billed FROM read_csv(" +
                details +
                ", all_varchar=true)) d ON c.id = d.id WHERE c.billed IS DISTINCT FROM d.billed"),
            "0");
}

TEST_F(Sample, TheDeliveryBeforeLacksLateRowsAndInvoices) {
  relation("before", "read_parquet", "focus-1.4", ".parquet", "T06:00:00Z");
  EXPECT_EQ(one("SELECT count(*) FROM before WHERE InvoiceId IS NOT NULL OR ChargeCategory IN "
                "('Tax', 'Credit')"),
            "0");
  const double all = std::stod(
      one("SELECT count(*) FROM f14p WHERE ChargeCategory = 'Usage' AND ChargeClass IS NULL"));
  const double early = std::stod(one("SELECT count(*) FROM before WHERE ChargeCategory = 'Usage'"));
  EXPECT_GT((all - early) / all, 0.001);
  EXPECT_LT((all - early) / all, 0.01);
  EXPECT_NE(one("SELECT count(*) FROM f14p WHERE CAST(Tags AS VARCHAR) LIKE '%owner=%'"), "0")
      << "a team corrects its tags";
  EXPECT_EQ(one("SELECT count(*) FROM before WHERE CAST(Tags AS VARCHAR) LIKE '%owner=%'"), "0");
}

TEST_F(Sample, EachInjectedChangeIsLabelled) {
  const auto found = rows("SELECT DISTINCT kind FROM read_csv(" +
                          sql_literal((folder_ / "truth/changes.csv").string()) +
                          ", all_varchar=true) ORDER BY 1");
  std::set<std::string> kinds;
  for (const auto& row : found) kinds.insert(row[0]);
  for (const char* kind :
       {"surge", "step", "forgotten", "correction", "refund", "retag", "late", "return", "exchange",
        "capacity", "exhausted", "closure", "migration", "launch"})
    EXPECT_TRUE(kinds.contains(kind)) << kind;
}

TEST_F(Sample, MoneyInCsvIsShortDecimalText) {
  EXPECT_EQ(one("SELECT count(*) FROM f14c WHERE NOT regexp_full_match(BilledCost, "
                "'-?(0|[1-9][0-9]*)(\\.[0-9]{0,9}[1-9])?')"),
            "0");
  EXPECT_EQ(one("SELECT count(*) FROM f14c WHERE NOT regexp_full_match(ChargePeriodStart, "
                "'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:00:00Z')"),
            "0");
}

TEST_F(Sample, ManifestsNameFilesThatAreThere) {
  int manifests = 0;
  for (const char* format :
       {"aws-cur-legacy-csv", "aws-cur-legacy-parquet", "aws-cur-2.0-csv", "aws-cur-2.0-parquet"})
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / format)) {
      if (!entry.path().string().ends_with("-Manifest.json")) continue;
      ++manifests;
      const std::string text = slurp(entry.path());
      int named = 0;
      for (std::size_t at = text.find("cur/enterprise/"); at != std::string::npos;
           at = text.find("cur/enterprise/", at + 1)) {
        const std::string key = text.substr(at, text.find('"', at) - at);
        EXPECT_TRUE(fs::exists(folder_ / format / key)) << key;
        ++named;
      }
      EXPECT_GT(named, 0) << entry.path();
    }
  EXPECT_EQ(manifests, 4 * 3 * 3);
}

TEST(Generate, GivesTheSameBytesWithOneThreadAndWithThree) {
  const fs::path one = fresh_folder("one"), three = fresh_folder("three"),
                 other = fresh_folder("other");
  GenOptions options = small(one);
  options.rows = 5000;
  options.months = 2;
  options.rows_per_file = 1500;
  options.formats = {"focus-1.4-parquet", "focus-1.2-csv", "aws-cur-2.0-parquet",
                     "aws-cur-legacy-csv", "truth"};
  options.threads = 1;
  ASSERT_TRUE(generate(options));
  options.out = three.string();
  options.threads = 3;
  ASSERT_TRUE(generate(options));
  const auto a = tree(one), b = tree(three);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [path, bytes] : a) {
    ASSERT_TRUE(b.contains(path)) << path;
    EXPECT_TRUE(b.at(path) == bytes) << path;
  }
  options.out = other.string();
  options.seed = 2;
  options.formats = {"truth"};
  ASSERT_TRUE(generate(options));
  EXPECT_NE(slurp(other / "truth/totals.csv"), slurp(one / "truth/totals.csv"));
  for (const fs::path& folder : {one, three, other}) fs::remove_all(folder);
}

TEST(Generate, LooksLikeARealBill) {
  const fs::path folder = fresh_folder("shape");
  GenOptions options = small(folder);
  options.rows = 60'000;
  options.months = 2;
  options.deliveries = 1;
  options.formats = {"focus-1.4-parquet"};
  auto report = generate(options);
  ASSERT_TRUE(report);
  EXPECT_NEAR(static_cast<double>(report->rows), 60'000.0, 4000.0);
  EngineOptions engine_options;
  engine_options.threads = 1;
  auto engine = open_duckdb(engine_options);
  ASSERT_TRUE(engine);
  const auto number = [&](const std::string& sql) {
    auto rows = (*engine)->query("SELECT CAST(" + sql + " AS DOUBLE) FROM read_parquet(" +
                                 sql_literal((folder / "focus-1.4/*/*/*.parquet").string()) + ")");
    EXPECT_TRUE(rows) << rows.error().what;
    return rows ? std::get<double>(rows->rows[0][0].value) : -1;
  };
  const double zero = number("avg(CAST(BilledCost = 0 AS INT))");
  EXPECT_GT(zero, 0.30);
  EXPECT_LT(zero, 0.45);
  const double small_cost = number("avg(CAST(BilledCost > 0 AND BilledCost < 0.01 AS INT))");
  EXPECT_GT(small_cost, 0.42);
  EXPECT_LT(small_cost, 0.65);
  const double untagged = number("avg(CAST(Tags IS NULL AS INT))");
  EXPECT_GT(untagged, 0.28);
  EXPECT_LT(untagged, 0.6);
  auto top = (*engine)->query(
      "SELECT CAST(sum(e) FILTER (r <= n / 100) / sum(e) AS DOUBLE) FROM (SELECT "
      "CAST(EffectiveCost AS DOUBLE) AS e, row_number() OVER (ORDER BY EffectiveCost DESC) AS r, "
      "count(*) OVER () AS n FROM read_parquet(" +
      sql_literal((folder / "focus-1.4/*/*/*.parquet").string()) +
      ") WHERE ChargeCategory = 'Usage' AND BillingCurrency = 'USD')");
  ASSERT_TRUE(top) << top.error().what;
  EXPECT_GT(std::get<double>(top->rows[0][0].value), 0.35);
  EXPECT_LT(std::get<double>(top->rows[0][0].value), 0.85);
  EXPECT_EQ(number("count(DISTINCT BillingCurrency)"), 2);
  fs::remove_all(folder);
}

TEST(Generate, SoilsCsvOnRequest) {
  const fs::path folder = fresh_folder("dirt");
  GenOptions options = small(folder);
  options.rows = 3000;
  options.months = 1;
  options.deliveries = 1;
  options.rows_per_file = 2000;
  options.formats = {"focus-1.2-csv"};
  options.dirty = {"bom",     "crlf",     "repeated-header", "null-text",
                   "no-zone", "exponent", "column-order"};
  ASSERT_TRUE(generate(options));
  const auto files = tree(folder);
  ASSERT_EQ(files.size(), 2U) << "two parts";
  const std::string text = files.begin()->second;
  EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF"));
  EXPECT_NE(text.find("\r\n"), std::string::npos);
  EXPECT_NE(text.find(",NULL,"), std::string::npos);
  EXPECT_NE(text.find("2026-05-01 00:00:00"), std::string::npos);
  EXPECT_EQ(text.find("T00:00:00Z"), std::string::npos);
  EXPECT_NE(text.find("E-"), std::string::npos);
  const std::string header = text.substr(3, text.find('\n') - 3);
  EXPECT_NE(text.find(header, 100), std::string::npos) << "the header again";
  fs::remove_all(folder);

  options.dirty = {"truncated-gzip"};
  options.out = folder.string();
  options.rows_per_file = 1'000'000;
  auto cut = generate(options);
  ASSERT_TRUE(cut);
  options.dirty.clear();
  options.out += "_whole";
  auto whole = generate(options);
  ASSERT_TRUE(whole);
  const std::string path = whole->files.at(0).path;
  const std::string cut_bytes = slurp(folder / path),
                    whole_bytes = slurp(fs::path(options.out) / path);
  EXPECT_LT(cut_bytes.size(), whole_bytes.size());
  EXPECT_TRUE(whole_bytes.starts_with(cut_bytes));
  fs::remove_all(options.out);
  fs::remove_all(folder);
}

TEST(Generate, RefusesWhatItCannotDo) {
  const fs::path folder = fresh_folder("refused");
  const auto code = [&](const std::function<void(GenOptions&)>& change) {
    GenOptions options = small(folder);
    change(options);
    auto report = generate(options);
    return report ? std::string("made") : report.error().code + " " + report.error().fix;
  };
  EXPECT_EQ(code([](GenOptions& o) { o.rows = 1; }).substr(0, 6), "SY1701");
  EXPECT_EQ(code([](GenOptions& o) { o.months = 0; }).substr(0, 6), "SY1701");
  EXPECT_EQ(code([](GenOptions& o) { o.first_month = {2026, 5, 2}; }).substr(0, 6), "SY1701");
  EXPECT_EQ(code([](GenOptions& o) { o.formats = {"focus-1.4-parket"}; }),
            "SY1701 did you mean `focus-1.4-parquet`?");
  EXPECT_EQ(code([](GenOptions& o) { o.dirty = {"mud"}; }).substr(0, 6), "SY1701");
  EXPECT_FALSE(fs::exists(folder));
  fs::create_directories(folder);
  std::ofstream(folder / "mine.txt") << "keep";
  EXPECT_EQ(code([](GenOptions&) {}).substr(0, 6), "SY1702");
  EXPECT_EQ(slurp(folder / "mine.txt"), "keep");
  fs::remove_all(folder);
  int calls = 0;
  EXPECT_EQ(code([&](GenOptions& o) {
              o.formats = {"truth"};
              o.progress = [&](const GenProgress&) { return ++calls < 2; };
            }).substr(0, 6),
            "SY1705");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace steelyard
