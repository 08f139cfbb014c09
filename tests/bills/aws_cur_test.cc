// AWS Cost and Usage Reports become FOCUS: every type of line item, and the identities that must
// hold between what goes in and what comes out.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"
#include "engine/engine.h"
#include "money/decimal.h"

namespace steelyard {
namespace {

using Row = std::map<std::string, std::string>;

/// "line_item_unblended_cost" -> "lineItem/UnblendedCost", as the legacy report's CSV has it.
std::string slash_name(const std::string& snake) {
  for (const auto& [prefix, category] :
       std::vector<std::pair<std::string, std::string>>{{"split_line_item_", "splitLineItem/"},
                                                        {"line_item_", "lineItem/"},
                                                        {"savings_plan_", "savingsPlan/"},
                                                        {"bill_", "bill/"},
                                                        {"pricing_", "pricing/"},
                                                        {"product_", "product/"},
                                                        {"reservation_", "reservation/"}}) {
    if (!snake.starts_with(prefix)) continue;
    std::string out = category;
    bool up = true;
    for (const char c : snake.substr(prefix.size())) {
      if (c == '_') {
        up = true;
      } else {
        out += up ? static_cast<char>(std::toupper(c)) : c;
        up = false;
      }
    }
    return out;
  }
  return snake;
}

struct Mapped {
  Mapping mapping;
  std::vector<Row> rows;  ///< mapped, in the order of the source, derived rows after their source
  std::map<std::string, Decimal> in, out, residual;
  const Row& of(const std::string& type, std::size_t number = 0) const {
    for (const Row& row : rows) {
      if (row.at("x_LineItemType") == type && number-- == 0) return row;
    }
    ADD_FAILURE() << "no row of type " << type;
    return rows.at(0);
  }
};

Decimal decimal(const std::string& text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text.empty() ? "0" : text, value), ParseOutcome::kExact) << text;
  return value;
}

/// Maps rows through the engine. Columns are those of all rows together; maps are written as DuckDB
/// literals.
Mapped map_rows(const std::vector<Row>& rows, bool slash = false) {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    for (const auto& [name, value] : row) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  FileHead head;
  for (const std::string& name : names)
    head.columns.push_back({slash ? slash_name(name) : name, "VARCHAR"});
  const auto format = detect_format(head);
  EXPECT_TRUE(format) << format.error().what;
  std::vector<ColumnSpec> specs;
  std::string definition = "\"x_row\" INTEGER";
  for (const SourceColumn& column : head.columns) {
    specs.push_back({column.name, source_type(*format, column)});
    definition +=
        ", " + sql_identifier(column.name) + " " + std::string(sql_type(specs.back().type));
  }
  EngineOptions options;
  options.threads = 1;
  auto engine = open_duckdb(options);
  EXPECT_TRUE(engine) << engine.error().what;
  std::string sql = "CREATE TABLE source (" + definition + "); INSERT INTO source VALUES ";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    sql += (r > 0 ? ", (" : "(") + std::to_string(r);
    for (std::size_t c = 0; c < names.size(); ++c) {
      const auto cell = rows[r].find(names[c]);
      sql += cell == rows[r].end() || cell->second.empty() ? ", NULL"
             : specs[c].type == Type::kTextMap             ? ", " + cell->second
                                               : ", CAST(" + sql_literal(cell->second) + " AS " +
                                                     std::string(sql_type(specs[c].type)) + ")";
    }
    sql += ")";
  }
  auto made = (*engine)->query(sql);
  EXPECT_TRUE(made) << made.error().what;

  Mapped mapped;
  auto mapping = map_to_focus(*format, specs);
  EXPECT_TRUE(mapping) << mapping.error().what;
  mapped.mapping = *mapping;
  const std::string from = source_relation(*mapping, "source");
  std::string select = "SELECT ";
  for (const MappedColumn& column : mapping->columns)
    select += "CAST(" + column.sql + " AS " + std::string(sql_type(column.field.type)) + ") AS " +
              sql_identifier(column.field.name) + ", ";
  auto result = (*engine)->query(select + "\"x_row\" FROM " + from + " ORDER BY \"x_row\"" +
                                 (mapping->expand.empty() ? "" : ", \"x_part\""));
  EXPECT_TRUE(result) << result.error().what;
  if (!result) return mapped;
  for (const auto& cells : result->rows) {
    Row row;
    for (std::size_t c = 0; c + 1 < cells.size(); ++c)
      row[result->columns[c].name] = cells[c].text();
    mapped.rows.push_back(row);
  }
  for (const char* cost : {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"}) {
    for (const Row& row : mapped.rows) mapped.out[cost] += decimal(row.at(cost));
  }
  for (const auto& [cost, expression] : mapping->control_in) {
    auto sum = (*engine)->query("SELECT COALESCE(SUM(" + expression + "), 0) FROM source");
    EXPECT_TRUE(sum) << cost << ": " << sum.error().what;
    if (sum) mapped.in[cost] = decimal(sum->rows[0][0].text());
  }
  for (const NamedResidual& residual : mapping->residuals) {
    auto sum = (*engine)->query("SELECT COALESCE(SUM(" + residual.sql + "), 0) FROM source");
    EXPECT_TRUE(sum) << residual.name << ": " << sum.error().what;
    if (sum) mapped.residual[residual.column] += decimal(sum->rows[0][0].text());
  }
  return mapped;
}

void expect_conserved(const Mapped& mapped) {
  for (const auto& [cost, in] : mapped.in) {
    const auto residual = mapped.residual.contains(cost) ? mapped.residual.at(cost) : Decimal{};
    EXPECT_EQ(to_text(in), to_text(mapped.out.at(cost) + residual)) << cost;
  }
  EXPECT_EQ(mapped.in.size(), 4u);
}

Row line(const std::string& type, const std::string& unblended, Row more = {}) {
  Row row = {{"line_item_line_item_type", type},
             {"line_item_unblended_cost", unblended},
             {"line_item_currency_code", "USD"},
             {"line_item_usage_start_date", "2026-07-03 00:00:00+00"},
             {"line_item_usage_end_date", "2026-07-04 00:00:00+00"},
             {"line_item_usage_account_id", "000000000042"},
             {"line_item_product_code", "AmazonEC2"},
             {"bill_payer_account_id", "012345678901"},
             {"bill_billing_period_start_date", "2026-07-01 00:00:00+00"},
             {"bill_billing_period_end_date", "2026-08-01 00:00:00+00"},
             {"bill_invoicing_entity", "Amazon Web Services, Inc."}};
  for (auto& [name, value] : more) row[name] = value;
  return row;
}

const std::string kSp = "arn:aws:savingsplans::012345678901:savingsplan/s1";
const std::string kRi = "arn:aws:ec2:us-east-1:012345678901:reserved-instances/r1";

/// One month of every type of line item, with a savings plan of 4.00 of which 3.00 were used, and a
/// reservation of 2.50 of which 2.00 were.
std::vector<Row> everything() {
  return {
      line("Usage", "10",
           {{"pricing_public_on_demand_cost", "11"},
            {"line_item_resource_id", "i-1"},
            {"line_item_usage_amount", "100"},
            {"pricing_unit", "Hrs"},
            {"line_item_usage_type", "BoxUsage:m5.large"},
            {"line_item_unblended_rate", "0.1"},
            {"pricing_public_on_demand_rate", "0.11"}}),
      line("SavingsPlanCoveredUsage", "5",
           {{"pricing_public_on_demand_cost", "5"},
            {"savings_plan_savings_plan_effective_cost", "3"},
            {"savings_plan_savings_plan_a_r_n", kSp},
            {"line_item_resource_id", "i-2"}}),
      line("SavingsPlanNegation", "-5",
           {{"savings_plan_savings_plan_a_r_n", kSp},
            {"line_item_resource_id", "i-2"},
            {"pricing_public_on_demand_cost", "5"}}),
      line("SavingsPlanRecurringFee", "1.5",
           {{"savings_plan_savings_plan_a_r_n", kSp},
            {"savings_plan_total_commitment_to_date", "4"},
            {"savings_plan_used_commitment", "3"},
            {"savings_plan_amortized_upfront_commitment_for_billing_period", "2.5"}}),
      line("SavingsPlanUpfrontFee", "90", {{"savings_plan_savings_plan_a_r_n", kSp}}),
      line("DiscountedUsage", "0",
           {{"pricing_public_on_demand_cost", "3"},
            {"reservation_effective_cost", "2"},
            {"reservation_reservation_a_r_n", kRi},
            {"line_item_resource_id", "i-3"},
            {"line_item_normalized_usage_amount", "96"}}),
      line("RIFee", "1",
           {{"reservation_reservation_a_r_n", kRi},
            {"reservation_unused_recurring_fee", "0.2"},
            {"reservation_unused_amortized_upfront_fee_for_billing_period", "0.3"},
            {"reservation_amortized_upfront_fee_for_billing_period", "1.5"},
            {"reservation_unused_normalized_unit_quantity", "24"}}),
      line("Fee", "50", {{"reservation_reservation_a_r_n", kRi}}),
      line("Fee", "7", {{"line_item_product_code", "AWSSupportBusiness"}}),
      line("Tax", "1.5", {{"line_item_tax_type", "VAT"}}),
      line("Credit", "-2"),
      line("Refund", "-1", {{"bill_bill_type", "Refund"}}),
      line(
          "Refund", "-90",
          {{"line_item_product_code", "ComputeSavingsPlans"},
           {"line_item_line_item_description", "Refund for one-time fee for Savings Plan ID: s1"}}),
      line("EdpDiscount", "-0.3"),
      line("PrivateRateDiscount", "-0.03"),
      line("BundledDiscount", "-0.003"),
      line("Discount", "-0.0003"),
      line("FlatRateSubscription", "20"),
      line("NeverSeenBefore", "0.0000000001"),
      line("Usage", "0",
           {{"line_item_operation", "EKSPod-EC2"},
            {"line_item_resource_id", "pod-1"},
            {"split_line_item_parent_resource_id", "i-1"},
            {"split_line_item_split_cost", "4"},
            {"pricing_public_on_demand_cost", "4"}}),
  };
}

TEST(AwsCur, EveryTypeOfLineItemKeepsItsMoney) {
  const Mapped mapped = map_rows(everything());
  EXPECT_EQ(mapped.mapping.format.id, "aws-cur-2.0");
  expect_conserved(mapped);
  Decimal unblended;
  for (const Row& row : everything()) unblended += decimal(row.at("line_item_unblended_cost"));
  EXPECT_EQ(to_text(mapped.out.at("BilledCost")), to_text(unblended))
      << "a covered amount and its negation cancel";
  // Amortised = unblended - upfront fees and their refund + what of the upfront fees falls into
  // this month (2.5 and 1.5).
  EXPECT_EQ(to_text(mapped.out.at("EffectiveCost")),
            to_text(unblended - decimal("90") - decimal("50") + decimal("90") + decimal("2.5") +
                    decimal("1.5")));
  EXPECT_EQ(mapped.rows.size(), everything().size() + 2) << "two commitments have an unused part";
}

TEST(AwsCur, TheSameInTheLegacyReport) {
  const Mapped mapped = map_rows(everything(), true);
  EXPECT_EQ(mapped.mapping.format.id, "aws-cur-legacy");
  expect_conserved(mapped);
  const Mapped other = map_rows(everything());
  EXPECT_EQ(mapped.out, other.out);
  ASSERT_EQ(mapped.rows.size(), other.rows.size());
  for (std::size_t i = 0; i < mapped.rows.size(); ++i) {
    for (const FocusColumn& column : focus_columns(Dataset::kCharges)) {
      if (!(column.versions & kFocus14)) continue;
      const std::string name(column.name);
      EXPECT_EQ(mapped.rows[i].at(name), other.rows[i].at(name)) << name;
    }
  }
}

TEST(AwsCur, CoveredUsageAndItsNegation) {
  const Mapped mapped = map_rows(everything());
  const Row& covered = mapped.of("SavingsPlanCoveredUsage");
  EXPECT_EQ(covered.at("BilledCost"), "0");
  EXPECT_EQ(covered.at("EffectiveCost"), "3");
  EXPECT_EQ(covered.at("ListCost"), "5");
  EXPECT_EQ(covered.at("ContractedCost"), "5");
  EXPECT_EQ(covered.at("ChargeCategory"), "Usage");
  EXPECT_EQ(covered.at("PricingCategory"), "Committed");
  EXPECT_EQ(covered.at("CommitmentDiscountId"), kSp);
  EXPECT_EQ(covered.at("CommitmentDiscountStatus"), "Used");
  EXPECT_EQ(covered.at("CommitmentDiscountCategory"), "Spend");
  EXPECT_EQ(covered.at("CommitmentDiscountQuantity"), "3");
  EXPECT_EQ(covered.at("CommitmentDiscountUnit"), "USD");
  EXPECT_EQ(covered.at("ResourceId"), "i-2");
  const Row& negation = mapped.of("SavingsPlanNegation");
  for (const char* cost : {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"})
    EXPECT_EQ(negation.at(cost), "0") << cost;
  EXPECT_EQ(negation.at("ChargeCategory"), "Adjustment");
  EXPECT_EQ(negation.at("CommitmentDiscountStatus"), "");
}

TEST(AwsCur, ANegationThatDoesNotCancelIsANamedResidual) {
  std::vector<Row> rows = everything();
  rows[2]["line_item_unblended_cost"] = "-4.99";
  const Mapped mapped = map_rows(rows);
  expect_conserved(mapped);
  EXPECT_EQ(to_text(mapped.residual.at("BilledCost")), "0.01");
}

TEST(AwsCur, TheUnusedPartOfACommitmentIsItsOwnRow) {
  const Mapped mapped = map_rows(everything());
  const Row& fee = mapped.of("SavingsPlanRecurringFee", 0);
  EXPECT_EQ(fee.at("ChargeCategory"), "Purchase");
  EXPECT_EQ(fee.at("ChargeFrequency"), "Recurring");
  EXPECT_EQ(fee.at("BilledCost"), "1.5");
  EXPECT_EQ(fee.at("EffectiveCost"), "0");
  EXPECT_EQ(fee.at("ResourceId"), kSp);
  EXPECT_EQ(fee.at("CommitmentDiscountStatus"), "");
  EXPECT_EQ(fee.at("x_line_item_unblended_cost"), "1.5");
  const Row& unused = mapped.of("SavingsPlanRecurringFee", 1);
  EXPECT_EQ(unused.at("ChargeCategory"), "Usage");
  EXPECT_EQ(unused.at("ChargeFrequency"), "Usage-Based");
  EXPECT_EQ(unused.at("CommitmentDiscountStatus"), "Unused");
  EXPECT_EQ(unused.at("BilledCost"), "0");
  EXPECT_EQ(unused.at("EffectiveCost"), "1");
  EXPECT_EQ(unused.at("ListCost"), "0");
  EXPECT_EQ(unused.at("ContractedCost"), "0");
  EXPECT_EQ(unused.at("ResourceId"), kSp);
  EXPECT_EQ(unused.at("CommitmentDiscountId"), kSp);
  EXPECT_EQ(unused.at("CommitmentDiscountQuantity"), "1");
  EXPECT_EQ(unused.at("ConsumedQuantity"), "");
  EXPECT_EQ(unused.at("x_line_item_unblended_cost"), "") << "a derived row repeats no figure";
  EXPECT_NE(unused.at("x_Derivation"), "");
  const Row& ri = mapped.of("RIFee", 1);
  EXPECT_EQ(ri.at("EffectiveCost"), "0.5");
  EXPECT_EQ(ri.at("CommitmentDiscountCategory"), "Usage");
  EXPECT_EQ(ri.at("CommitmentDiscountQuantity"), "24");
  EXPECT_EQ(ri.at("ResourceId"), kRi);
  EXPECT_EQ(mapped.of("DiscountedUsage").at("EffectiveCost"), "2");
  EXPECT_EQ(mapped.of("DiscountedUsage").at("ContractedCost"), "3");
  EXPECT_EQ(mapped.of("Usage").at("x_Derivation"), "");
}

TEST(AwsCur, AFullyUsedCommitmentHasNoUnusedRow) {
  std::vector<Row> rows = everything();
  rows[3]["savings_plan_used_commitment"] = "4";
  EXPECT_EQ(map_rows(rows).rows.size(), everything().size() + 1);
}

TEST(AwsCur, PurchasesTaxesCreditsRefundsAndDiscounts) {
  const Mapped mapped = map_rows(everything());
  const auto has = [&](const Row& row, const std::string& category, const std::string& billed,
                       const std::string& effective, const std::string& list) {
    EXPECT_EQ(row.at("ChargeCategory"), category) << row.at("x_LineItemType");
    EXPECT_EQ(row.at("BilledCost"), billed) << row.at("x_LineItemType");
    EXPECT_EQ(row.at("EffectiveCost"), effective) << row.at("x_LineItemType");
    EXPECT_EQ(row.at("ListCost"), list) << row.at("x_LineItemType");
  };
  has(mapped.of("Usage"), "Usage", "10", "10", "11");
  has(mapped.of("SavingsPlanUpfrontFee"), "Purchase", "90", "0", "90");
  has(mapped.of("Fee", 0), "Purchase", "50", "0", "50");
  has(mapped.of("Fee", 1), "Purchase", "7", "7", "7");
  has(mapped.of("Tax"), "Tax", "1.5", "1.5", "1.5");
  has(mapped.of("Credit"), "Credit", "-2", "-2", "-2");
  has(mapped.of("Refund", 0), "Usage", "-1", "-1", "-1");
  EXPECT_EQ(mapped.of("Refund", 0).at("ChargeClass"), "Correction");
  has(mapped.of("Refund", 1), "Purchase", "-90", "0", "-90");
  EXPECT_EQ(mapped.of("Refund", 1).at("ChargeClass"), "");
  has(mapped.of("EdpDiscount"), "Adjustment", "-0.3", "-0.3", "-0.3");
  has(mapped.of("Discount"), "Adjustment", "-0.0003", "-0.0003", "-0.0003");
  has(mapped.of("FlatRateSubscription"), "Purchase", "20", "20", "20");
  has(mapped.of("NeverSeenBefore"), "Adjustment", "0.0000000001", "0.0000000001", "0.0000000001");
  EXPECT_EQ(mapped.of("Tax").at("PricingCategory"), "");
  EXPECT_EQ(mapped.of("Tax").at("PricingQuantity"), "");
}

TEST(AwsCur, SplitCostRowsAreNeverCountedTwice) {
  std::vector<Row> rows = everything();
  rows.back()["line_item_unblended_cost"] = "4";  // a report that repeats the parent's money
  const Mapped mapped = map_rows(rows);
  expect_conserved(mapped);
  const Row& pod = mapped.of("Usage", 1);
  for (const char* cost : {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"})
    EXPECT_EQ(pod.at(cost), "0") << cost;
  EXPECT_EQ(pod.at("ResourceId"), "i-1");
  EXPECT_EQ(pod.at("AllocatedResourceId"), "pod-1");
  EXPECT_EQ(pod.at("x_split_line_item_split_cost"), "4");
  EXPECT_EQ(to_text(mapped.residual.at("BilledCost")), "4");
}

TEST(AwsCur, NetColumnsAreWhatIsBilled) {
  std::vector<Row> rows = everything();
  for (Row& row : rows) row["line_item_net_unblended_cost"] = row["line_item_unblended_cost"];
  rows[0]["line_item_net_unblended_cost"] = "9";
  rows[1]["savings_plan_net_savings_plan_effective_cost"] = "2.7";
  rows[5]["reservation_net_effective_cost"] = "1.8";
  rows[6]["reservation_net_unused_recurring_fee"] = "0.1";
  rows[13]["line_item_net_unblended_cost"] = "0";
  const Mapped mapped = map_rows(rows);
  expect_conserved(mapped);
  EXPECT_EQ(mapped.of("Usage").at("BilledCost"), "9");
  EXPECT_EQ(mapped.of("Usage").at("ListCost"), "11");
  EXPECT_EQ(mapped.of("SavingsPlanCoveredUsage").at("EffectiveCost"), "2.7");
  EXPECT_EQ(mapped.of("DiscountedUsage").at("EffectiveCost"), "1.8");
  EXPECT_EQ(mapped.of("RIFee", 1).at("EffectiveCost"), "0.4");
  EXPECT_EQ(mapped.of("EdpDiscount").at("BilledCost"), "0");
}

TEST(AwsCur, WithoutAmortisedColumnsWhatWasBilledStands) {
  // A query of Data Exports may leave the columns of commitments out: then nothing can be spread,
  // and nothing may be lost.
  std::vector<Row> rows;
  for (Row row : everything()) {
    std::erase_if(row, [](const auto& cell) {
      return cell.first.starts_with("savings_plan_") || cell.first.starts_with("reservation_");
    });
    rows.push_back(row);
  }
  const Mapped mapped = map_rows(rows);
  expect_conserved(mapped);
  EXPECT_EQ(mapped.rows.size(), rows.size());
  EXPECT_EQ(mapped.of("SavingsPlanCoveredUsage").at("BilledCost"), "5");
  EXPECT_EQ(mapped.of("SavingsPlanNegation").at("EffectiveCost"), "-5");
  EXPECT_EQ(mapped.of("SavingsPlanRecurringFee").at("EffectiveCost"), "1.5");
}

TEST(AwsCur, MarketplaceNamesItsSellerAndIssuer) {
  const Mapped mapped = map_rows({line("Usage", "3",
                                       {{"bill_billing_entity", "AWS Marketplace"},
                                        {"line_item_legal_entity", "Datadog, Inc."},
                                        {"line_item_product_code", "a1b2c3"},
                                        {"product_product_name", "Datadog Pro"}}),
                                  line("Usage", "3",
                                       {{"bill_billing_entity", "AWS"},
                                        {"line_item_legal_entity", "Amazon Web Services, Inc."}})});
  EXPECT_EQ(mapped.rows[0].at("ServiceProviderName"), "Datadog, Inc.");
  EXPECT_EQ(mapped.rows[0].at("HostProviderName"), "");
  EXPECT_EQ(mapped.rows[0].at("ServiceName"), "Datadog Pro");
  EXPECT_EQ(mapped.rows[0].at("ServiceCategory"), "Other");
  EXPECT_EQ(mapped.rows[1].at("ServiceProviderName"), "AWS");
  EXPECT_EQ(mapped.rows[1].at("InvoiceIssuerName"), "Amazon Web Services, Inc.");
}

TEST(AwsCur, IdsStayTextAndPeriodsComeFromTheBill) {
  const Mapped mapped = map_rows(everything());
  const Row& row = mapped.of("Usage");
  EXPECT_EQ(row.at("BillingAccountId"), "012345678901");
  EXPECT_EQ(row.at("SubAccountId"), "000000000042");
  EXPECT_EQ(row.at("BillingPeriodStart").substr(0, 10), "2026-07-01");
  EXPECT_EQ(row.at("ChargePeriodStart").substr(0, 10), "2026-07-03");
  EXPECT_EQ(row.at("PricingQuantity"), "100");
  EXPECT_EQ(row.at("ConsumedUnit"), "Hrs");
  EXPECT_EQ(row.at("ListUnitPrice"), "0.11");
  EXPECT_EQ(row.at("ContractedUnitPrice"), "0.1");
  EXPECT_EQ(row.at("ServiceCategory"), "Compute");
  EXPECT_EQ(row.at("ServiceSubcategory"), "Virtual Machines");
  EXPECT_EQ(row.at("ChargeClass"), "");
  std::vector<Row> late = {
      line("Usage", "1", {{"line_item_usage_start_date", "2026-06-30 23:00:00+00"}})};
  EXPECT_EQ(map_rows(late).rows[0].at("ChargeClass"), "Correction");
}

TEST(AwsCur, TagsOfBothReports) {
  // The names of a tag column are the user's own: they need not survive as columns, but their keys
  // and values must.
  Row row = line("Usage", "1");
  row["resource_tags"] = "MAP {'user_team': 'web', 'user:Team': 'Web', 'aws:createdBy': 'x'}";
  row["cost_category"] = "MAP {'Project': 'apollo'}";
  row["product"] = "MAP {'product_name': 'Amazon EC2', 'region': 'eu-west-1'}";
  row["discount"] = "MAP {'edp': '-0.1'}";
  const Mapped mapped = map_rows({row});
  EXPECT_EQ(mapped.rows[0].at("ServiceName"), "Amazon EC2");
  EXPECT_EQ(mapped.rows[0].at("RegionId"), "eu-west-1");
  const auto text_of = [](const Mapped& m, const std::string& name) { return m.rows[0].at(name); };
  for (const char* part : {"team", "web", "Team", "aws:createdBy"})
    EXPECT_NE(text_of(mapped, "Tags").find(part), std::string::npos) << text_of(mapped, "Tags");
  EXPECT_EQ(text_of(mapped, "Tags").find("user"), std::string::npos);
  EXPECT_NE(text_of(mapped, "x_CostCategories").find("apollo"), std::string::npos);
  EXPECT_NE(text_of(mapped, "x_Discounts").find("-0.1"), std::string::npos);

  row["resource_tags"] = "MAP {'user_team': 'web', 'user:team': 'Web'}";
  EXPECT_NE(text_of(map_rows({row}), "Tags").find("user_team"), std::string::npos)
      << "two keys that would become one keep their prefix";

  Row legacy = line("Usage", "1");
  legacy["resourceTags/user:team"] = "web";
  legacy["resourceTags/user:Owner"] = "";
  legacy["resourceTags/aws:createdBy"] = "x";
  legacy["costCategory/Project"] = "apollo";
  Row untagged = line("Usage", "1");
  const Mapped old = map_rows({legacy, untagged}, true);
  EXPECT_NE(text_of(old, "Tags").find("team"), std::string::npos);
  EXPECT_EQ(text_of(old, "Tags").find("Owner"), std::string::npos) << "no value, no tag";
  EXPECT_EQ(text_of(old, "Tags").find("user:"), std::string::npos);
  EXPECT_NE(text_of(old, "x_CostCategories").find("apollo"), std::string::npos);
  EXPECT_EQ(old.rows[1].at("Tags"), "");
}

TEST(AwsCur, EveryQuantityHasAUnit) {
  const Mapped mapped =
      map_rows({line("Fee", "5", {{"line_item_usage_amount", "2"}}),
                line("Usage", "5", {{"line_item_usage_amount", "2"}, {"pricing_unit", "Hrs"}}),
                line("Tax", "1", {{"line_item_usage_amount", "1"}})});
  EXPECT_EQ(mapped.of("Fee").at("PricingQuantity"), "2");
  EXPECT_EQ(mapped.of("Fee").at("PricingUnit"), "Units");
  EXPECT_EQ(mapped.of("Usage").at("PricingUnit"), "Hrs");
  EXPECT_EQ(mapped.of("Usage").at("ConsumedUnit"), "Hrs");
  EXPECT_EQ(mapped.of("Tax").at("PricingUnit"), "");
}

TEST(AwsCur, EveryRegionHasAName) {
  const auto name_of = [](Row row) { return map_rows({row}).rows[0].at("RegionName"); };
  EXPECT_EQ(name_of(line("Usage", "1",
                         {{"product_region_code", "us-east-2"},
                          {"product_location", "US East (Columbus)"},
                          {"product_location_type", "AWS Region"}})),
            "US East (Columbus)")
      << "as the report says it";
  const Row transfer = line("Usage", "1",
                            {{"product_region_code", "us-east-2"},
                             {"product_location", "Chicago"},
                             {"product_location_type", "AWS Edge Location"}});
  EXPECT_EQ(name_of(transfer), "US East (Ohio)");
  EXPECT_EQ(name_of(line("Usage", "1", {{"product_region_code", "xx-new-9"}})), "xx-new-9");
  EXPECT_EQ(name_of(line("Usage", "1", {{"product_location", "US East (Ohio)"}})), "")
      << "no name without an id";
}

TEST(AwsCur, EveryOtherColumnIsKept) {
  Row row = line("Usage", "1",
                 {{"identity_line_item_id", "abc"},
                  {"product_from_location", "Ohio"},
                  {"some_new_column", "new"}});
  const Mapped mapped = map_rows({row});
  EXPECT_EQ(mapped.rows[0].at("x_identity_line_item_id"), "abc");
  EXPECT_EQ(mapped.rows[0].at("x_product_from_location"), "Ohio");
  EXPECT_EQ(mapped.rows[0].at("x_some_new_column"), "new");
  EXPECT_EQ(mapped.rows[0].at("x_ServiceCode"), "AmazonEC2");
  for (std::size_t i = 66; i < mapped.mapping.columns.size(); ++i) {
    EXPECT_LT(mapped.mapping.columns[i - 1].field.name, mapped.mapping.columns[i].field.name);
  }
}

}  // namespace
}  // namespace steelyard
