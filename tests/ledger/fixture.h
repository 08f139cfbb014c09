// A small table of charges in an engine and the same rows in plain C++, so that an answer can be
// checked without asking SQL.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "engine/engine.h"
#include "ledger/report.h"
#include "ledger/views.h"
#include "money/decimal.h"

namespace steelyard::ledger_test {

using Text = std::optional<std::string>;

struct Charge {
  Text service = "S3", account = "1", region = "eu", sku = "sku-1", resource = "r-1",
       category = "Usage", charge_class, unit = "h", currency = "USD", commitment, status,
       issuer = "AWS", invoice = "inv-1", description = "d", billing_period = "2026-07";
  std::map<std::string, std::string> tags;
  Decimal billed, effective, list, contracted;
  std::optional<Decimal> quantity;
  std::string start = "2026-07-01", end = "2026-07-02";
  std::int64_t file = 0, row = 0;
};

inline Decimal dec(std::string_view text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact) << text;
  return value;
}

inline std::string sql_of_text(const Text& text) { return text ? sql_literal(*text) : "NULL"; }
/// As text, which the table turns into its own type: quicker than a cast for each cell.
inline std::string sql_of_decimal(Decimal value) { return "'" + to_text(value) + "'"; }

inline const std::vector<SchemaField>& schema() {
  static const std::vector<SchemaField> fields = {{"ServiceName", Type::kText},
                                                  {"SubAccountId", Type::kText},
                                                  {"RegionId", Type::kText},
                                                  {"SkuId", Type::kText},
                                                  {"SkuPriceId", Type::kText},
                                                  {"ResourceId", Type::kText},
                                                  {"ChargeCategory", Type::kText},
                                                  {"ChargeClass", Type::kText},
                                                  {"PricingUnit", Type::kText},
                                                  {"BillingCurrency", Type::kText},
                                                  {"CommitmentDiscountId", Type::kText},
                                                  {"CommitmentDiscountStatus", Type::kText},
                                                  {"InvoiceIssuerName", Type::kText},
                                                  {"InvoiceId", Type::kText},
                                                  {"ChargeDescription", Type::kText},
                                                  {"x_BillingPeriod", Type::kText},
                                                  {"Tags", Type::kTextMap},
                                                  {"BilledCost", Type::kDecimal},
                                                  {"EffectiveCost", Type::kDecimal},
                                                  {"ListCost", Type::kDecimal},
                                                  {"ContractedCost", Type::kDecimal},
                                                  {"PricingQuantity", Type::kDecimal},
                                                  {"ConsumedQuantity", Type::kDecimal},
                                                  {"ListUnitPrice", Type::kDecimal},
                                                  {"ContractedUnitPrice", Type::kDecimal},
                                                  {"ConsumedUnit", Type::kText},
                                                  {"ChargePeriodStart", Type::kInstant},
                                                  {"ChargePeriodEnd", Type::kInstant},
                                                  {"BillingPeriodStart", Type::kInstant},
                                                  {"BillingPeriodEnd", Type::kInstant},
                                                  {"x_Source", Type::kText},
                                                  {"x_DeliveryId", Type::kText},
                                                  {"x_SourceFile", Type::kInt64},
                                                  {"x_SourceRow", Type::kInt64},
                                                  {"x_SourceDecimals", Type::kText}};
  return fields;
}

inline std::string values_of(const Charge& c) {
  std::string tags = "MAP {";
  for (const auto& [key, value] : c.tags)
    tags += (tags.size() > 5 ? ", " : "") + sql_literal(key) + ": " + sql_literal(value);
  tags = c.tags.empty() ? "NULL" : tags + "}";
  const auto time = [](const std::string& text) { return "'" + text + "'"; };
  const auto quantity = c.quantity ? sql_of_decimal(*c.quantity) : std::string("NULL");
  const std::string null_price = "NULL";
  const auto month = c.billing_period.value_or("2026-07");
  Instant begin;
  EXPECT_TRUE(parse_instant(month + "-01", begin));
  std::vector<std::string> cells = {sql_of_text(c.service),
                                    sql_of_text(c.account),
                                    sql_of_text(c.region),
                                    sql_of_text(c.sku),
                                    sql_of_text(c.sku),
                                    sql_of_text(c.resource),
                                    sql_of_text(c.category),
                                    sql_of_text(c.charge_class),
                                    sql_of_text(c.unit),
                                    sql_of_text(c.currency),
                                    sql_of_text(c.commitment),
                                    sql_of_text(c.status),
                                    sql_of_text(c.issuer),
                                    sql_of_text(c.invoice),
                                    sql_of_text(c.description),
                                    sql_of_text(c.billing_period),
                                    tags,
                                    sql_of_decimal(c.billed),
                                    sql_of_decimal(c.effective),
                                    sql_of_decimal(c.list),
                                    sql_of_decimal(c.contracted),
                                    quantity,
                                    quantity,
                                    null_price,
                                    null_price,
                                    sql_of_text(c.unit),
                                    time(c.start),
                                    time(c.end),
                                    time(month + "-01"),
                                    time(format_date(first_of_month(date_of(begin), 1))),
                                    "'test'",
                                    "'d1'",
                                    std::to_string(c.file),
                                    std::to_string(c.row),
                                    "NULL"};
  return "(" + join(cells, ", ") + ")";
}

inline std::string table_sql(const std::string& table, const std::vector<Charge>& rows) {
  std::string names, nulls;
  for (const auto& field : schema()) {
    names += (names.empty() ? "" : ", ") + sql_identifier(field.name);
    nulls += (nulls.empty() ? "" : ", ") + std::string("CAST(NULL AS ") +
             std::string(sql_type(field.type)) + ") AS " + sql_identifier(field.name);
  }
  std::string sql = "CREATE OR REPLACE TABLE " + table + " AS SELECT " + nulls + " WHERE false;";
  for (std::size_t first = 0; first < rows.size(); first += 500) {
    sql += "INSERT INTO " + table + " (" + names + ") VALUES ";
    for (std::size_t i = first; i < std::min(rows.size(), first + 500); ++i)
      sql += (i > first ? ", " : "") + values_of(rows[i]);
    sql += ";";
  }
  return sql;
}

inline std::unique_ptr<Engine> engine() {
  EngineOptions options;
  options.threads = 2;
  auto opened = open_duckdb(options);
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().what);
  return opened ? std::move(*opened) : nullptr;
}

template <class T>
std::string why(const Result<T>& result) {
  if (result) return "";
  std::string text = result.error().code + ": " + result.error().what + " | " +
                     result.error().where + " | " + result.error().fix;
  for (const auto& note : result.error().notes) text += " | " + note;
  return text;
}

inline Charges load(Engine& engine, const std::vector<Charge>& rows,
                    const std::string& view = "charges") {
  auto done = engine.run(table_sql(view, rows));
  EXPECT_TRUE(done) << why(done);
  Charges charges;
  charges.view = view;
  charges.lake = "test";
  charges.schema = schema();
  return charges;
}

/// Numbers with many digits, both signs and zeros.
inline Decimal random_decimal(std::mt19937_64& random, bool signed_too = true) {
  const auto pick = random() % 10;
  if (pick == 0) return {};
  Int128 units = static_cast<Int128>(random() % 1'000'000'000'000'000'000ULL) *
                 static_cast<Int128>(random() % 1000 + 1);
  if (pick < 3) units = static_cast<Int128>(random() % 1000);
  if (signed_too && pick == 9) units = -units;
  return {units};
}

inline Text random_of(std::mt19937_64& random, const std::vector<Text>& choices) {
  return choices[random() % choices.size()];
}

inline std::vector<Charge> random_charges(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Charge> rows(count);
  std::int64_t line = 2;
  for (auto& row : rows) {
    row.service = random_of(random, {"Amazon EC2", "S3", "it's; DROP TABLE charges; --",
                                     std::nullopt, "ünïcode \U0001F600"});
    row.account = random_of(random, {"000111", "12", std::nullopt});
    row.region = random_of(random, {"eu-west-1", "us-east-1"});
    row.sku = random_of(random, {"a", "b", "c", std::nullopt});
    row.unit = random_of(random, {"h", "h", "GB", std::nullopt});
    row.resource = random_of(random, {"r1", "r2", "r3", "r4", std::nullopt});
    row.category = random_of(
        random, {"Usage", "Usage", "Usage", "Usage", "Purchase", "Tax", "Credit", "Adjustment"});
    row.charge_class = random_of(random, {std::nullopt, std::nullopt, std::nullopt, "Correction"});
    row.currency = random_of(random, {"USD", "USD", "EUR"});
    row.commitment = random_of(random, {std::nullopt, std::nullopt, "sp-1", "ri-2"});
    if (row.commitment) row.status = random_of(random, {"Used", "Unused"});
    if (random() % 3) row.tags["team"] = *random_of(random, {"web", "data", "we'b"});
    if (random() % 5 == 0) row.tags["a \"b\" key"] = "x";
    row.billed = random_decimal(random);
    row.effective = random_decimal(random);
    row.list = random_decimal(random);
    row.contracted = random_decimal(random);
    if (random() % 6) row.quantity = random_decimal(random);
    const int month = 6 + static_cast<int>(random() % 2);
    const int day = 1 + static_cast<int>(random() % 28);
    char text[32];
    std::snprintf(text, sizeof text, "2026-%02d-%02d", month, day);
    row.start = text;
    std::snprintf(text, sizeof text, "2026-%02d-%02d", month, day + 1);
    row.end = text;
    std::snprintf(text, sizeof text, "2026-%02d", month);
    row.billing_period = text;
    row.file = static_cast<std::int64_t>(random() % 3);
    row.row = line++;
  }
  return rows;
}

inline Text tag_of(const Charge& row, const std::string& key) {
  const auto found = row.tags.find(key);
  return found == row.tags.end() ? Text() : Text(found->second);
}

inline const Decimal& cost_of(const Charge& row, Basis basis) {
  switch (basis) {
    case Basis::kBilled:
      return row.billed;
    case Basis::kEffective:
      return row.effective;
    case Basis::kList:
      return row.list;
    case Basis::kContracted:
      return row.contracted;
  }
  return row.effective;
}

inline Period month(int month) {
  return {{2026, month, 1}, {2026, month + 1, 1}, "2026-0" + std::to_string(month)};
}

/// Position of a column in a report, or -1.
inline int find_column(const Report& report, const std::string& name) {
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    if (report.columns[i].name == name) return static_cast<int>(i);
  }
  return -1;
}
inline Decimal money(const Report& report, const std::vector<Cell>& row, const std::string& name) {
  const int at = find_column(report, name);
  EXPECT_GE(at, 0) << name;
  const auto* value =
      at < 0 ? nullptr : std::get_if<Decimal>(&row[static_cast<std::size_t>(at)].value);
  EXPECT_NE(value, nullptr) << name;
  return value ? *value : Decimal{};
}
inline Text text(const Report& report, const std::vector<Cell>& row, const std::string& name) {
  const int at = find_column(report, name);
  EXPECT_GE(at, 0) << name;
  if (at < 0 || row[static_cast<std::size_t>(at)].is_null()) return {};
  return row[static_cast<std::size_t>(at)].text();
}

}  // namespace steelyard::ledger_test
