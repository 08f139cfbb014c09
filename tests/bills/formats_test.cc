// The schema as data, recognising formats by columns, and the names that columns get in the lake.
#include "bills/formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "bills/focus_schema.h"

namespace steelyard {
namespace {

FileHead head_of(const std::vector<std::string>& names) {
  FileHead head;
  head.path = "/bills/a.csv";
  for (const std::string& name : names) head.columns.push_back({name, "VARCHAR"});
  return head;
}

std::vector<std::string> mandatory(Dataset dataset) {
  std::vector<std::string> names;
  for (const FocusColumn& column : focus_columns(dataset)) {
    if (column.mandatory) names.emplace_back(column.name);
  }
  return names;
}

std::vector<std::string> focus_1_0() {
  std::vector<std::string> names = mandatory(Dataset::kCharges);
  names.emplace_back("ProviderName");
  names.emplace_back("PublisherName");
  return names;
}

std::vector<std::string> with(std::vector<std::string> names,
                              const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

std::string format_of(const std::vector<std::string>& names, std::string_view forced = {}) {
  const auto format = detect_format(head_of(names), forced);
  return format ? format->id + " " + std::string(table_of(format->dataset)) : format.error().code;
}

TEST(FocusSchema, HasTheColumnsOfTheSpecification) {
  std::size_t current = 0;
  for (const Dataset dataset : {Dataset::kCharges, Dataset::kInvoices,
                                Dataset::kContractCommitments, Dataset::kBillingPeriods}) {
    for (const FocusColumn& column : focus_columns(dataset))
      current += (column.versions & kFocus14) != 0;
  }
  EXPECT_EQ(current, 123u);
  const auto charges = focus_columns(Dataset::kCharges);
  std::map<int, int> by_version;
  for (const FocusColumn& column : charges) {
    for (int v = 0; v < 5; ++v) by_version[v] += (column.versions >> v) & 1;
  }
  EXPECT_EQ(by_version, (std::map<int, int>{{0, 43}, {1, 50}, {2, 57}, {3, 65}, {4, 65}}));
  for (std::size_t i = 1; i < 65; ++i) EXPECT_LT(charges[i - 1].name, charges[i].name);
  EXPECT_EQ(charges[65].name, "ProviderName");
}

TEST(FocusSchema, AgreesWithTheGatheredColumnTable) {
  const char* from_environment = std::getenv("STEELYARD_DATA");
  const std::filesystem::path data =
      from_environment ? from_environment : std::string(STEELYARD_SOURCE) + "/../shared/data";
  std::ifstream table(data / "focus_spec/focus_columns_1.0-1.4.csv");
  if (!table) GTEST_SKIP() << "skipped: no shared data";
  const std::map<std::string, Dataset> datasets = {
      {"Cost and Usage", Dataset::kCharges},
      {"Contract Commitment", Dataset::kContractCommitments},
      {"Invoice Detail", Dataset::kInvoices},
      {"Billing Period", Dataset::kBillingPeriods}};
  std::string line;
  std::getline(table, line);
  int rows = 0;
  while (std::getline(table, line)) {
    const auto fields = split(line, ',');  // the first seven fields are never quoted
    const Dataset dataset = datasets.at(fields[0]);
    const auto at = focus_position(dataset, fields[1]);
    ASSERT_TRUE(at) << fields[1];
    unsigned versions = 0;
    for (unsigned v = 0; v < 5; ++v) versions |= (fields[2 + v] == "1" ? 1u : 0u) << v;
    EXPECT_EQ(focus_columns(dataset)[*at].versions, versions) << fields[1];
    ++rows;
  }
  EXPECT_EQ(rows, 125);
}

TEST(Detect, FocusVersionsByTheColumnsThatCameWithThem) {
  EXPECT_EQ(format_of(focus_1_0()), "focus-1.0 charges");
  EXPECT_EQ(format_of(with(focus_1_0(), {"x_Foo", "Id", "SkuMeterish"})), "focus-1.0 charges")
      << "extra columns are fine";
  EXPECT_EQ(format_of(with(focus_1_0(), {"SkuMeter"})), "focus-1.1 charges");
  EXPECT_EQ(format_of(with(focus_1_0(), {"InvoiceId", "SkuMeter"})), "focus-1.2 charges");
  EXPECT_EQ(format_of(with(focus_1_0(), {"ServiceProviderName"})), "focus-1.3 charges");
  EXPECT_EQ(format_of(with(focus_1_0(), {"ServiceProviderName", "InvoiceDetailId"})),
            "focus-1.4 charges");
  EXPECT_EQ(format_of(with(mandatory(Dataset::kCharges), {"ServiceProviderName"})),
            "focus-1.4 charges")
      << "ProviderName is gone";
}

TEST(Detect, OtherSpellings) {
  std::vector<std::string> snake, lower;
  for (const std::string& name : focus_1_0()) {
    std::string s;
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z' && !s.empty()) s += '_';
      s += static_cast<char>(std::tolower(c));
    }
    snake.push_back(s);
    lower.push_back(to_lower(name));
  }
  EXPECT_EQ(format_of(snake), "focus-1.0 charges");
  EXPECT_EQ(format_of(lower), "focus-1.0 charges");
}

TEST(Detect, OtherDatasets) {
  EXPECT_EQ(format_of(mandatory(Dataset::kInvoices)), "focus-1.4 invoices");
  EXPECT_EQ(format_of(mandatory(Dataset::kContractCommitments)), "focus-1.3 contract_commitments");
  EXPECT_EQ(format_of(with(mandatory(Dataset::kContractCommitments), {"ContractCommitmentModel"})),
            "focus-1.4 contract_commitments");
  EXPECT_EQ(format_of(mandatory(Dataset::kBillingPeriods)), "focus-1.4 billing_periods");
}

TEST(Detect, CostAndUsageReports) {
  const std::vector<std::string> slash = {"lineItem/LineItemType",       "lineItem/UnblendedCost",
                                          "lineItem/CurrencyCode",       "lineItem/UsageStartDate",
                                          "bill/BillingPeriodStartDate", "product/ProductName"};
  const std::vector<std::string> snake = {"line_item_line_item_type", "line_item_unblended_cost",
                                          "line_item_currency_code", "line_item_usage_start_date",
                                          "bill_billing_period_start_date"};
  EXPECT_EQ(format_of(slash), "aws-cur-legacy charges");
  EXPECT_EQ(format_of(with(snake, {"product", "resource_tags"})), "aws-cur-2.0 charges");
  EXPECT_EQ(format_of(with(snake, {"identity_line_item_id", "product_product_name",
                                   "product_region", "resource_tags_user_team"})),
            "aws-cur-legacy charges")
      << "Parquet of the legacy report";
  EXPECT_EQ(format_of(with(snake, {"bill_payer_account_name", "product_region_code"})),
            "aws-cur-2.0 charges");
  EXPECT_EQ(format_of({"line_item_line_item_type", "line_item_unblended_cost"}), "SY1221")
      << "a query that left out the currency and the dates";
}

TEST(Detect, NamesWhatIsMissingAndWhatWasMeant) {
  std::vector<std::string> names = focus_1_0();
  *std::find(names.begin(), names.end(), "EffectiveCost") = "EfectiveCost";
  names.erase(std::find(names.begin(), names.end(), "ServiceName"));
  const auto format = detect_format(head_of(names));
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().code, "SY1221");
  EXPECT_NE(format.error().what.find("EffectiveCost (is `EfectiveCost` meant?)"), std::string::npos)
      << format.error().what;
  EXPECT_NE(format.error().what.find("ServiceName"), std::string::npos);
  EXPECT_EQ(format.error().where, "/bills/a.csv");
}

TEST(Detect, ForcedFormats) {
  std::vector<std::string> names = focus_1_0();
  names.erase(std::find(names.begin(), names.end(), "ChargeClass"));
  EXPECT_EQ(format_of(names), "SY1221");
  EXPECT_EQ(format_of(names, "focus-1.0"), "focus-1.0 charges")
      << "an export that never writes a descriptive column can be read on request";
  names.erase(std::find(names.begin(), names.end(), "EffectiveCost"));
  EXPECT_EQ(format_of(names, "focus-1.0"), "SY1221") << "money is never optional";
  EXPECT_EQ(format_of(focus_1_0(), "focus-1.9"), "SY1222");
  EXPECT_EQ(format_of(focus_1_0(), "aws-cur-2.0"), "SY1221");
}

TEST(Detect, WhatIsNoBill) {
  EXPECT_EQ(format_of({"date", "temperature"}), "SY1220");
  EXPECT_EQ(format_of({"Tags", "Region", "ServiceName"}), "SY1220");
  EXPECT_EQ(format_of({"lineItem/referenceNo", "product/service", "cost/myCost"}), "SY1220")
      << "Oracle's native report";
  EXPECT_EQ(format_of({}), "SY1220");
}

TEST(SourceType, MoneyTimesTagsAndTheRestIsText) {
  const Format focus{"focus-1.2", Dataset::kCharges};
  EXPECT_EQ(source_type(focus, {"BilledCost", "DOUBLE"}), Type::kDecimal);
  EXPECT_EQ(source_type(focus, {"billing_period_start", "VARCHAR"}), Type::kInstant);
  EXPECT_EQ(source_type(focus, {"Tags", "VARCHAR"}), Type::kTextMap);
  EXPECT_EQ(source_type(focus, {"BillingAccountId", "BIGINT"}), Type::kText)
      << "ids that look like numbers stay text";
  EXPECT_EQ(source_type(focus, {"SkuPriceDetails", "VARCHAR"}), Type::kText);
  EXPECT_EQ(source_type(focus, {"x_BilledCostInUsd", "DOUBLE"}), Type::kText);
  EXPECT_EQ(source_type(focus, {"x_Discounts", "VARCHAR"}), Type::kTextMap);
  const Format cur{"aws-cur-legacy", Dataset::kCharges};
  EXPECT_EQ(source_type(cur, {"lineItem/UnblendedCost", "VARCHAR"}), Type::kDecimal);
  EXPECT_EQ(source_type(cur, {"reservation/UnusedRecurringFee", "VARCHAR"}), Type::kDecimal);
  EXPECT_EQ(source_type(cur, {"lineItem/UsageStartDate", "VARCHAR"}), Type::kInstant);
  EXPECT_EQ(source_type(cur, {"bill/PayerAccountId", "VARCHAR"}), Type::kText);
  EXPECT_EQ(source_type(cur, {"product/vcpu", "VARCHAR"}), Type::kText);
  EXPECT_EQ(
      source_type({"aws-cur-2.0", Dataset::kCharges}, {"resource_tags", "MAP(VARCHAR, VARCHAR)"}),
      Type::kTextMap);
}

TEST(CustomNames, AreSafeForTheLakeAndNeverCollide) {
  std::vector<std::string> taken;
  EXPECT_EQ(custom_name("tags/DevRel\\redbull 4cb4.release", taken),
            "x_tags_DevRel_redbull_4cb4_release");
  EXPECT_EQ(custom_name("x_Foo", taken), "x_Foo");
  EXPECT_EQ(custom_name("X_foo", taken), "x_foo_2")
      << "names that differ only in case are one name to most engines";
  EXPECT_EQ(custom_name("foo", taken), "x_foo_3");
  EXPECT_EQ(custom_name("x_Source", taken), "x_Source_2") << "a column of the lake itself";
  EXPECT_EQ(custom_name("a,b;c{d}(e)\n\t=", taken), "x_a_b_c_d__e____");
  EXPECT_EQ(custom_name("Größe", taken), "x_Größe");
}

}  // namespace
}  // namespace steelyard
