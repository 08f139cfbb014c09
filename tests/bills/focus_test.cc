// FOCUS 1.0 to 1.3 become 1.4, and real files pass through reading, mapping and the engine without
// losing a digit.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"
#include "engine/engine.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Engine> engine() {
  EngineOptions options;
  options.threads = 1;
  auto opened = open_duckdb(options);
  EXPECT_TRUE(opened) << opened.error().what;
  return std::move(*opened);
}

std::map<std::string, std::string> expressions(const Mapping& mapping) {
  std::map<std::string, std::string> by_name;
  for (const MappedColumn& column : mapping.columns) by_name[column.field.name] = column.sql;
  return by_name;
}

std::vector<ColumnSpec> specs_of(const Format& format, const std::vector<std::string>& names) {
  std::vector<ColumnSpec> specs;
  for (const std::string& name : names)
    specs.push_back({name, source_type(format, {name, "VARCHAR"})});
  return specs;
}

TEST(MapFocus, AllColumnsOf14InOrderThenCustomOnesByName) {
  const Format format{"focus-1.0", Dataset::kCharges};
  const auto mapping =
      map_to_focus(format, specs_of(format, {"Tags", "BilledCost", "zeta", "Id", "x_Foo",
                                             "ProviderName", "PublisherName"}));
  ASSERT_TRUE(mapping);
  for (std::size_t i = 0; i < 65; ++i)
    EXPECT_EQ(mapping->columns[i].field.name, focus_columns(Dataset::kCharges)[i].name);
  std::vector<std::string> custom;
  for (std::size_t i = 65; i < mapping->columns.size(); ++i)
    custom.push_back(mapping->columns[i].field.name);
  EXPECT_EQ(custom, (std::vector<std::string>{"x_Foo", "x_Id", "x_ProviderName", "x_PublisherName",
                                              "x_zeta"}));
  const auto sql = expressions(*mapping);
  EXPECT_EQ(sql.at("ServiceProviderName"), "\"ProviderName\"");
  EXPECT_EQ(sql.at("InvoiceDetailId"), "CAST(NULL AS VARCHAR)");
  EXPECT_EQ(sql.at("ListCost"), "CAST(NULL AS DECIMAL(38,18))");
  EXPECT_EQ(mapping->expand, "");
  EXPECT_EQ(mapping->control_in,
            (std::vector<std::pair<std::string, std::string>>{{"BilledCost", "\"BilledCost\""}}));
}

TEST(MapFocus, SpellingsAndAliases) {
  const Format format{"focus-1.0", Dataset::kCharges};
  const auto mapping = map_to_focus(
      format, specs_of(format, {"billed_cost", "SkuPriceid", "InvoiceIssuer", "invoice_issuer_name",
                                "Region", "UsageQuantity", "provider_name"}));
  ASSERT_TRUE(mapping);
  const auto sql = expressions(*mapping);
  EXPECT_EQ(sql.at("BilledCost"), "\"billed_cost\"");
  EXPECT_EQ(sql.at("SkuPriceId"), "\"SkuPriceid\"");
  EXPECT_EQ(sql.at("InvoiceIssuerName"), "\"invoice_issuer_name\"")
      << "its own name wins over an alias";
  EXPECT_EQ(sql.at("x_InvoiceIssuer"), "\"InvoiceIssuer\"") << "and the alias is kept";
  EXPECT_EQ(sql.at("RegionId"), "\"Region\"");
  EXPECT_EQ(sql.at("ConsumedQuantity"), "\"UsageQuantity\"");
  EXPECT_EQ(sql.at("x_ProviderName"), "\"provider_name\"");
}

TEST(MapFocus, TheOrderOfColumnsDoesNotMatter) {
  const Format format{"focus-1.0", Dataset::kCharges};
  const auto a =
      map_to_focus(format, specs_of(format, {"BilledCost", "foo bar", "foo-bar", "x_foo_bar"}));
  const auto b =
      map_to_focus(format, specs_of(format, {"x_foo_bar", "foo-bar", "foo bar", "BilledCost"}));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(expressions(*a), expressions(*b));
}

TEST(MapFocus, LetterCaseIsRepairedAndTheRepairIsRecorded) {
  const Format format{"focus-1.0", Dataset::kCharges};
  const auto mapping =
      map_to_focus(format, specs_of(format, {"ChargeFrequency", "ChargeCategory"}));
  ASSERT_TRUE(mapping);
  const auto sql = expressions(*mapping);
  auto db = engine();
  const auto rows =
      db->query("SELECT " + sql.at("ChargeFrequency") + ", " + sql.at("ChargeCategory") + ", " +
                sql.at("x_Repairs") +
                " FROM (VALUES ('Usage-based', 'tax'), ('Usage-Based', 'Usage'), (NULL, NULL), "
                "('Sometimes', 'Credit')) AS t(\"ChargeFrequency\", \"ChargeCategory\")");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(rows->rows[0][0].text(), "Usage-Based");
  EXPECT_EQ(rows->rows[0][1].text(), "Tax");
  EXPECT_EQ(rows->rows[0][2].text(), R"({"ChargeCategory":"tax","ChargeFrequency":"Usage-based"})");
  EXPECT_TRUE(rows->rows[1][2].is_null());
  EXPECT_TRUE(rows->rows[2][2].is_null());
  EXPECT_EQ(rows->rows[3][0].text(), "Sometimes")
      << "what is no word of the vocabulary stays, for conformance to name";
  EXPECT_TRUE(rows->rows[3][2].is_null());
}

TEST(MapFocus, OtherDatasets) {
  const Format format{"focus-1.4", Dataset::kInvoices};
  const auto mapping = map_to_focus(format, specs_of(format, {"InvoiceId", "BilledCost"}));
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->columns.size(), 22u);
  EXPECT_EQ(mapping->control_in.size(), 1u);
  EXPECT_FALSE(map_to_focus({"focus", Dataset::kCharges}, {}) && true)
      << "a format without a version is none";
}

// --- real files
// ------------------------------------------------------------------------------------------------------

fs::path data() {
  const char* from_environment = std::getenv("STEELYARD_DATA");
  return from_environment ? from_environment : std::string(STEELYARD_SOURCE) + "/../shared/data";
}

struct Passed {
  std::string format;
  std::int64_t rows = 0, rows_out = 0;
  std::map<std::string, std::string> in, out, residual;
};

/// Reads, maps and sums a file; the sums as exact text.
Passed pass_through(const fs::path& path, std::string_view forced = {}) {
  Passed passed;
  auto db = engine();
  auto head = read_head(path.string(), {}, db.get());
  EXPECT_TRUE(head) << path << ": " << head.error().what;
  if (!head) return passed;
  auto format = detect_format(*head, forced);
  if (!format) {
    passed.format = format.error().code;
    return passed;
  }
  passed.format = format->id + " " + std::string(table_of(format->dataset));
  auto file = open_file(*db, path.string(), "source",
                        [&](const SourceColumn& column) { return source_type(*format, column); });
  EXPECT_TRUE(file) << path << ": " << file.error().what;
  if (!file) return passed;
  auto mapping = map_to_focus(*format, file->columns);
  EXPECT_TRUE(mapping) << mapping.error().what;
  // Every column is computed, so that one that cannot be is found here.
  std::string list;
  for (const MappedColumn& column : mapping->columns)
    list += (list.empty() ? "" : ", ") + column.sql + " AS " + sql_identifier(column.field.name);
  auto made = db->run("CREATE TABLE mapped AS SELECT " + list + " FROM " +
                      source_relation(*mapping, file->from));
  if (!made) {
    passed.format = made.error().code;
    return passed;
  }
  const auto text = [&](const std::string& sql) {
    auto rows = db->query(sql);
    EXPECT_TRUE(rows) << sql << ": " << rows.error().what;
    return rows ? rows->rows[0][0].text() : "";
  };
  for (const auto& [cost, sql] : mapping->control_in) {
    passed.in[cost] = text("SELECT COALESCE(SUM(" + sql + "), 0) FROM " + file->from);
    passed.out[cost] = text("SELECT COALESCE(SUM(" + sql_identifier(cost) + "), 0) FROM mapped");
  }
  passed.rows = std::stoll(text("SELECT COUNT(*) FROM " + file->from));
  passed.rows_out = std::stoll(text("SELECT COUNT(*) FROM mapped"));
  for (const MappedColumn& column : mapping->columns) {
    const std::string type =
        text("SELECT typeof(" + sql_identifier(column.field.name) + ") FROM mapped LIMIT 1");
    EXPECT_TRUE(type.empty() || type == sql_type(column.field.type))
        << column.field.name << " is " << type;
  }
  return passed;
}

class RealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(data() / "focus/focus_sample_1.0_1000rows.csv"))
      GTEST_SKIP() << "skipped: no shared data";
  }
};

TEST_F(RealFiles, OfficialSample) {
  const Passed passed = pass_through(data() / "focus/focus_sample_1.0_1000rows.csv");
  EXPECT_EQ(passed.format, "focus-1.0 charges");
  EXPECT_EQ(passed.rows_out, 1000);
  EXPECT_EQ(passed.in, passed.out);
  EXPECT_NE(passed.in.at("BilledCost"), "0");
}

TEST_F(RealFiles, LegacyCostAndUsageReport) {
  const fs::path path = data() / "aws/legacy_cur/cur_legacy_2023-11_anonymised_1281rows.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  const Passed passed = pass_through(path);
  EXPECT_EQ(passed.format, "aws-cur-legacy charges");
  EXPECT_EQ(passed.rows_out, 1281);
  EXPECT_EQ(passed.in, passed.out);
  EXPECT_EQ(passed.out.at("BilledCost"), "1.6823086974")
      << "summed apart from this program with exact decimals";
}

TEST_F(RealFiles, SeveralProvidersInSnakeCase) {
  const fs::path path = data() / "multi/narev_billing_data_2025-07_first1200rows.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  const Passed passed = pass_through(path);
  EXPECT_EQ(passed.format, "focus-1.2 charges");
  EXPECT_EQ(passed.rows, passed.rows_out);
  EXPECT_EQ(passed.in, passed.out);
}

TEST_F(RealFiles, GoldenFilesOfAnotherTool) {
  std::size_t read = 0;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(data() / "focus/focus_data_toolkit_golden")) {
    const std::string name = entry.path().filename().string();
    const Passed passed = pass_through(entry.path());
    if (name.starts_with("scenarios_")) {
      EXPECT_EQ(passed.format, "SY1221") << name << " is an excerpt of a few columns";
      continue;
    }
    ++read;
    const bool three = name.find("1_3") != std::string::npos;
    EXPECT_EQ(passed.format, three ? "focus-1.3 charges" : "focus-1.2 charges") << name;
    EXPECT_EQ(passed.in, passed.out) << name;
  }
  EXPECT_GE(read, 13u);
}

TEST_F(RealFiles, ExamplesOfTheSpecification) {
  // Most are excerpts that lack mandatory columns and are refused by name; others write money as
  // "$50,000.00", which is no number.
  std::map<std::string, int> outcomes;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(data() / "focus/spec_examples")) {
    if (!entry.is_regular_file()) continue;
    const Passed passed = pass_through(entry.path());
    ++outcomes[passed.format];
    EXPECT_EQ(passed.in, passed.out) << entry.path();
  }
  EXPECT_EQ(outcomes,
            (std::map<std::string, int>{{"SY1210", 5}, {"SY1221", 17}, {"focus-1.1 charges", 4}}));
}

TEST_F(RealFiles, NativeReportsOfOthersAreNotTakenForOurs) {
  for (const char* file : {"oci/oci_cost_report_2023-11_first250rows.csv",
                           "azure/EA_ActualCost_Small.csv", "azure/ea_anonymised_27rows.csv"}) {
    if (!fs::exists(data() / file)) continue;
    auto head = read_head((data() / file).string());
    ASSERT_TRUE(head) << file;
    const auto format = detect_format(*head);
    EXPECT_EQ(format ? format->id : format.error().code, "SY1220") << file;
  }
}

}  // namespace
}  // namespace steelyard
