// The accounting identities of a bill. Each is a rule on rows or on groups of rows, written down
// once: reconcile counts what fails it, and explain lists the same rows.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "bills/catalogue.h"
#include "ledger/invoice_pairs.h"
#include "ledger/lines.h"
#include "ledger/question.h"
#include "ledger/reconcile.h"

namespace steelyard {
namespace {

/// A rule on single rows.
struct RowRule {
  const char* id;
  char kind;  ///< X exact, T with tolerance, Q a question of quality
  const char* name;
  std::vector<const char*> needs;           ///< columns
  std::string tested, failing;              ///< conditions
  std::string amount;                       ///< what is at stake in a failing row
  const char* nothing = "no such charges";  ///< why there may be none to test
};

const std::string kUsage = "\"ChargeCategory\" = 'Usage'";
const std::string kCovered = "\"CommitmentDiscountId\" IS NOT NULL";
const std::string kUncovered = "\"CommitmentDiscountId\" IS NULL";
const std::string kPurchase = "\"ChargeCategory\" = 'Purchase'";

const std::string kAzure =
    "(lower(coalesce(\"ServiceProviderName\", '')) LIKE 'microsoft%' OR "
    "lower(coalesce(\"ServiceProviderName\", '')) LIKE 'azure%' OR "
    "lower(coalesce(\"InvoiceIssuerName\", '')) LIKE 'microsoft%')";

std::vector<RowRule> row_rules() {
  const std::string list = "sy_product_class(\"ListUnitPrice\", \"PricingQuantity\", \"ListCost\")";
  const std::string contracted =
      "sy_product_class(\"ContractedUnitPrice\", \"PricingQuantity\", \"ContractedCost\")";
  const std::string positive =
      "\"ListCost\" >= 0 AND \"ContractedCost\" >= 0 AND \"EffectiveCost\" >= 0";
  const auto differ = [](const std::string& a, const std::string& b) {
    return a + " IS DISTINCT FROM " + b;
  };
  const auto coupled = [](const char* id, const char* name, const char* a, const char* b) {
    const auto x = sql_identifier(a), y = sql_identifier(b);
    return RowRule{id,
                   'X',
                   name,
                   {a, b},
                   "true",
                   "(" + x + " IS NULL) <> (" + y + " IS NULL)",
                   "\"BilledCost\""};
  };
  return {
      {"1",
       'T',
       "list cost = list price x quantity, to a millionth",
       {"ListUnitPrice", "PricingQuantity"},
       list + " IS NOT NULL",
       list + " = 2",
       "\"ListCost\""},
      {"1",
       'Q',
       "list cost = list price x quantity, to the last digit",
       {"ListUnitPrice", "PricingQuantity"},
       list + " IS NOT NULL",
       list + " > 0",
       "\"ListCost\""},
      {"2",
       'T',
       "contracted cost = contracted price x quantity, to a millionth",
       {"ContractedUnitPrice", "PricingQuantity"},
       contracted + " IS NOT NULL",
       contracted + " = 2",
       "\"ContractedCost\""},
      {"2",
       'Q',
       "contracted cost = contracted price x quantity, to the last digit",
       {"ContractedUnitPrice", "PricingQuantity"},
       contracted + " IS NOT NULL",
       contracted + " > 0",
       "\"ContractedCost\""},
      {"3",
       'X',
       "effective = billed for tax and credits",
       {"ChargeCategory"},
       "\"ChargeCategory\" IN ('Tax', 'Credit')",
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"3",
       'X',
       "effective = billed for usage that no commitment covers",
       {"ChargeCategory", "CommitmentDiscountId"},
       kUsage + " AND " + kUncovered,
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"3",
       'X',
       "effective = billed for purchases that cover nothing",
       {"ChargeCategory", "CommitmentDiscountId"},
       "\"ChargeCategory\" = 'Purchase' AND " + kUncovered,
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"4",
       'X',
       "effective = 0 for the purchase of a commitment",
       {"ChargeCategory", "CommitmentDiscountId"},
       "\"ChargeCategory\" = 'Purchase' AND " + kCovered,
       "\"EffectiveCost\" <> 0",
       "\"EffectiveCost\""},
      {"4",
       'X',
       "billed = 0 for usage that a commitment covers",
       {"ChargeCategory", "CommitmentDiscountId"},
       kUsage + " AND " + kCovered,
       "\"BilledCost\" <> 0",
       "\"BilledCost\""},
      {"5",
       'Q',
       "list is not below contracted",
       {},
       positive,
       "\"ListCost\" < \"ContractedCost\"",
       "\"ContractedCost\" - \"ListCost\""},
      {"5",
       'Q',
       "contracted is not below effective",
       {},
       positive,
       "\"ContractedCost\" < \"EffectiveCost\"",
       "\"EffectiveCost\" - \"ContractedCost\""},
      {"6",
       'X',
       "prices are not negative",
       {"ListUnitPrice", "ContractedUnitPrice"},
       "\"ListUnitPrice\" IS NOT NULL OR \"ContractedUnitPrice\" IS NOT NULL",
       "\"ListUnitPrice\" < 0 OR \"ContractedUnitPrice\" < 0",
       "\"ListCost\""},
      {"6",
       'Q',
       "quantity and list cost have one sign",
       {"PricingQuantity"},
       "\"PricingQuantity\" <> 0 AND \"ListCost\" <> 0",
       "(\"PricingQuantity\" < 0) <> (\"ListCost\" < 0)",
       "\"ListCost\""},
      coupled("6", "pricing unit where there is a pricing quantity", "PricingQuantity",
              "PricingUnit"),
      coupled("6", "consumed unit where there is a consumed quantity", "ConsumedQuantity",
              "ConsumedUnit"),
      coupled("6", "region id where there is a region name", "RegionId", "RegionName"),
      {"6",
       'X',
       "a commitment's usage says whether it was used",
       {"ChargeCategory", "CommitmentDiscountId", "CommitmentDiscountStatus"},
       kUsage + " AND " + kCovered,
       "\"CommitmentDiscountStatus\" IS NULL",
       "\"EffectiveCost\""},
      {"8",
       'X',
       "a charge ends after it begins",
       {"ChargePeriodStart", "ChargePeriodEnd"},
       "true",
       "\"ChargePeriodStart\" >= \"ChargePeriodEnd\"",
       "\"BilledCost\""},
      {"8",
       'Q',
       "a charge begins within its billing period",
       {"ChargePeriodStart", "BillingPeriodStart", "BillingPeriodEnd", "ChargeClass"},
       "\"ChargeClass\" IS DISTINCT FROM 'Correction'",
       "\"ChargePeriodStart\" < \"BillingPeriodStart\" OR \"ChargePeriodStart\" >= "
       "\"BillingPeriodEnd\"",
       "\"BilledCost\""},
      {"8",
       'Q',
       "a correction is of an earlier time",
       {"ChargePeriodStart", "BillingPeriodStart", "ChargeClass"},
       "\"ChargeClass\" = 'Correction'",
       "\"ChargePeriodStart\" >= \"BillingPeriodStart\"",
       "\"BilledCost\""},
      {"11",
       'X',
       "the unused part of a commitment has itself as resource and nothing consumed",
       {"CommitmentDiscountStatus", "CommitmentDiscountId", "ResourceId", "ConsumedQuantity"},
       kUsage + " AND \"CommitmentDiscountStatus\" = 'Unused'",
       "\"ResourceId\" IS DISTINCT FROM \"CommitmentDiscountId\" OR \"ConsumedQuantity\" IS NOT "
       "NULL",
       "\"EffectiveCost\""},
      {"14",
       'X',
       "Azure: effective = billed for charges that are not of a commitment",
       {"CommitmentDiscountId", "ServiceProviderName", "InvoiceIssuerName"},
       kAzure + " AND " + kUncovered,
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\"",
       "these charges are not of Azure"},
  };
}

/// price x quantity against cost: 0 equal to the last digit, 1 within a millionth, 2 beyond. SQL
/// must not multiply money.
Status add_product_class(Engine& engine) {
  auto known = engine.query(
      "SELECT count(*) FROM duckdb_functions() WHERE function_name = 'sy_product_class'");
  if (!known) return pass(known);
  if (integer_of(known->rows[0][0]) > 0) return {};
  Function function;
  function.name = "sy_product_class";
  function.parameters = {Type::kDecimal, Type::kDecimal, Type::kDecimal};
  function.result = Type::kInt64;
  function.handles_nulls = true;
  function.call = [](std::span<const ColumnView> arguments, std::size_t rows,
                     ColumnWriter& result) -> Status {
    constexpr Int128 kMillionth = kOne / 1'000'000;
    for (std::size_t r = 0; r < rows; ++r) {
      if (arguments[0].is_null(r) || arguments[1].is_null(r) || arguments[2].is_null(r)) {
        result.set_null(r);
        continue;
      }
      const Decimal price{arguments[0].units(r)}, quantity{arguments[1].units(r)},
          cost{arguments[2].units(r)};
      // A product beyond DECIMAL(38,18) cannot equal a cost.
      const double size = static_cast<double>(price.units) * static_cast<double>(quantity.units) /
                          static_cast<double>(kOne);
      if (size > 9e37 || size < -9e37) {
        result.set_integer(r, 2);
        continue;
      }
      bool exact = false;
      const auto difference = multiply(price, quantity, &exact).units - cost.units;
      const bool close = difference <= kMillionth && difference >= -kMillionth;
      result.set_integer(r, difference == 0 && exact ? 0 : close ? 1 : 2);
    }
    return {};
  };
  return engine.add_function(std::move(function));
}

/// A rule on groups of rows: something about them as a whole must hold.
struct GroupRule {
  const char* id;
  char kind;
  const char* name;
  std::string untestable;  ///< why it cannot be tested with these columns; "" = it can
  std::string relation;    ///< the rows, as SQL
  std::string member;      ///< which of them
  std::vector<std::string> keys;
  std::string tested;   ///< aggregate condition: the groups for which the rule means something
  std::string failing;  ///< aggregate condition
  std::string amount;   ///< of a row; summed over the groups that fail
  std::string nothing;  ///< why there may be no such group
};

/// "x_line_item_unblended_cost" and "x_lineItem_UnblendedCost" are one column in two generations of
/// AWS's report.
std::string squeezed(std::string_view name) {
  std::string result;
  for (char c : to_lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result += c;
  }
  return result;
}

/// A month of a source from its closing on.
struct ClosedMonth {
  std::string source, month;
  std::int64_t baseline = -1, newest = -1;  ///< versions
  bool changed = false;
  std::map<std::string, Decimal> difference;  ///< of billed cost, by currency
};

/// What the log says of the months that are closed: `closed_at` has the instant from which a month
/// of an issuer is; without one it counts as closed once it settled.
std::vector<ClosedMonth> closed_months(
    const std::vector<ActiveDelivery>& history,
    const std::map<std::pair<std::string, std::int64_t>, std::optional<Instant>>& closed_at) {
  struct State {
    std::int64_t version = -1;
    ContentHash content;
    std::map<std::string, Decimal> billed;
  };
  struct Chain {
    State now;
    std::optional<State> closed;
  };
  std::map<std::pair<std::string, std::string>, Chain> chains;
  for (const auto& delivery : history) {
    const auto& record = delivery.record;
    if (!record.period_start || !record.period_end) continue;
    auto& chain = chains[{record.source, record.billing_period}];
    if (record.mode == "replace") chain.now = {};
    chain.now.version = delivery.version;
    chain.now.content.add(record.content);
    for (const auto& [currency, sums] : record.sums) {
      const auto billed = sums.out.find("BilledCost");
      chain.now.billed[currency] += billed == sums.out.end() ? Decimal{} : billed->second;
    }
    // The latest closing of its issuers: until then one of them may still change the month.
    std::optional<Instant> told;
    bool open = false;
    for (const auto& issuer : record.issuers) {
      const auto found = closed_at.find({issuer, record.period_start->micros});
      if (found == closed_at.end()) continue;
      if (!found->second) open = true;
      if (found->second && (!told || found->second->micros > told->micros)) told = found->second;
    }
    const auto known = record.delivered.value_or(delivery.committed).micros;
    if (open) {
      chain.closed.reset();
    } else if (told) {
      if (known <= told->micros || !chain.closed) chain.closed = chain.now;
    } else if (!chain.closed && known >= record.period_end->micros + kSettledMicros) {
      chain.closed = chain.now;
    }
  }
  std::vector<ClosedMonth> months;
  for (const auto& [scope, chain] : chains) {
    if (!chain.closed) continue;
    ClosedMonth month;
    month.source = scope.first;
    month.month = scope.second;
    month.baseline = chain.closed->version;
    month.newest = chain.now.version;
    month.changed = !(chain.now.content == chain.closed->content);
    for (const auto& [currency, billed] : chain.now.billed) month.difference[currency] += billed;
    for (const auto& [currency, billed] : chain.closed->billed)
      month.difference[currency] -= billed;
    months.push_back(std::move(month));
  }
  return months;
}

class Identities {
 public:
  Identities(Engine& engine, const Charges& charges, const ReconcileQuestion& question)
      : engine_(engine), charges_(charges), question_(question) {
    where_ = question_.billing_period ? sql_in_billing_period(*question_.billing_period) : "true";
    for (const auto& field : charges.schema) {
      if (field.name.rfind("x_", 0) != 0) continue;
      if (field.type == Type::kDecimal)
        aws_amounts_[squeezed(field.name)].push_back(field.name);
      else if (field.type == Type::kText)
        aws_texts_[squeezed(field.name)].push_back(field.name);
    }
  }

  Result<Report> run() {
    report_.title = "accounting identities";
    report_.columns = {
        {"id", "id", CellKind::kText},          {"class", "class", CellKind::kText},
        {"check", "check", CellKind::kText},    {"currency", "currency", CellKind::kText},
        {"rows", "tested", CellKind::kCount},   {"failing", "failing", CellKind::kCount},
        {"amount", "amount", CellKind::kMoney}, {"ok", "ok", CellKind::kFlag},
        {"note", "note", CellKind::kText}};
    if (auto ready = prepare(); !ready) return pass(ready);
    if (auto tested = test_rows(); !tested) return pass(tested);
    if (auto tested = test_exchange_rates(); !tested) return pass(tested);
    for (const auto& rule : group_rules()) {
      if (auto tested = test_groups(rule); !tested) return pass(tested);
    }
    if (auto tested = test_invoices(); !tested) return pass(tested);
    if (auto tested = test_closed_months(); !tested) return pass(tested);
    std::stable_sort(checks_.begin(), checks_.end(), [](const Check& a, const Check& b) {
      return std::stoi(a.cells[0].text()) < std::stoi(b.cells[0].text());
    });
    report_.provenance = provenance_of(charges_, Basis::kBilled, {}, question_.billing_period);
    report_.provenance.basis = "";
    report_.provenance.currencies = currencies_;
    report_.provenance.rows = rows_;
    report_.notes.push_back(
        "class X must hold exactly, T within its tolerance, Q is a question of quality; only X "
        "sets the exit code");
    Question asked;
    asked.command = "identities";
    asked.lake = charges_.lake;
    asked.version = charges_.version;
    asked.basis = Basis::kBilled;
    asked.billing_period = question_.billing_period;
    for (auto& check : checks_) {
      report_.rows.push_back(std::move(check.cells));
      asked.figures.push_back(std::move(check.figure));
    }
    report_.question = to_json(asked);
    return std::move(report_);
  }

  /// The lines behind the amount of a check.
  Result<Sides> sides(const Figure& figure) {
    if (auto ready = prepare(); !ready) return pass(ready);
    const auto of_currency =
        " AND coalesce(\"BillingCurrency\", '') = " + sql_literal(figure.currency);
    for (const auto& rule : row_rules()) {
      if (figure.part != part_of(rule.id, rule.name) || missing_column(rule.needs)) continue;
      return Sides{{view(),
                    where_ + of_currency + " AND (" + rule.tested + ") AND (" + rule.failing + ")",
                    rule.amount}};
    }
    if (figure.part == part_of("7", kRates)) {
      auto rates = rated_rows();
      if (!rates) return pass(rates);
      return Sides{{"(SELECT * FROM " + *rates + " WHERE deviation = 2)",
                    "coalesce(\"BillingCurrency\", '') = " + sql_literal(figure.currency),
                    "\"EffectiveCost\""}};
    }
    for (const auto& rule : group_rules()) {
      if (figure.part != part_of(rule.id, rule.name) || !rule.untestable.empty()) continue;
      std::string same = "c = " + sql_literal(figure.currency) + " AND bad";
      for (std::size_t i = 0; i < rule.keys.size(); ++i)
        same += " AND g" + std::to_string(i) + " IS NOT DISTINCT FROM " + rule.keys[i];
      return Sides{{rule.relation,
                    rule.member + of_currency + " AND EXISTS (SELECT 1 FROM (" + grouped(rule) +
                        ") WHERE " + same + ")",
                    rule.amount}};
    }
    return fail("SY1542", "this row has no amount that is a sum of lines", figure.part,
                "its note says what to ask instead");
  }

 private:
  /// A row of the report and the figure behind its amount.
  struct Check {
    std::vector<Cell> cells;
    Figure figure;
  };

  static constexpr const char* kRates = "one rate of exchange per invoice and pair of currencies";

  static std::string part_of(const char* id, const std::string& name) {
    return std::string(id) + ": " + name;
  }

  Status prepare() {
    if (auto added = add_product_class(engine_); !added) return added;
    auto answer = engine_.query("SELECT coalesce(\"BillingCurrency\", ''), count(*) FROM " +
                                view() + " WHERE " + where_ + " GROUP BY 1 ORDER BY 1");
    if (!answer) return pass(answer);
    for (const auto& row : answer->rows) {
      currencies_.push_back(row[0].text());
      rows_ += integer_of(row[1]);
    }
    for (const char* table : {"contract_commitments", "billing_periods"}) {
      auto columns = engine_.query("SELECT column_name FROM duckdb_columns() WHERE table_name = " +
                                   sql_literal(table));
      if (!columns) return pass(columns);
      for (const auto& row : columns->rows) tables_[table].insert(row[0].text());
    }
    return {};
  }

  std::string view() const { return sql_identifier(charges_.view); }
  bool has(const char* name) const {
    return std::any_of(charges_.schema.begin(), charges_.schema.end(),
                       [&](const SchemaField& field) { return field.name == name; });
  }
  bool table_has(const char* table, const std::vector<const char*>& columns) const {
    const auto found = tables_.find(table);
    return found != tables_.end() &&
           std::all_of(columns.begin(), columns.end(),
                       [&](const char* column) { return found->second.count(column) > 0; });
  }

  void add(const char* id, char kind, const std::string& name, const std::string& currency,
           std::int64_t tested, std::int64_t failing, Decimal amount, const std::string& note = "",
           const std::string& nothing = "no such charges") {
    if (tested == 0) return add_untestable(id, kind, name, nothing, currency);
    Figure figure;
    figure.currency = currency;
    figure.amount = amount;
    figure.part = part_of(id, name);
    checks_.push_back({{{std::string(id)},
                        {std::string(1, kind)},
                        {name},
                        {currency},
                        {tested},
                        {failing},
                        {amount},
                        {failing == 0},
                        note.empty() ? Cell{} : Cell{note}},
                       std::move(figure)});
    if (kind == 'X' && failing > 0) report_.findings = true;
  }

  void add_untestable(const char* id, char kind, const std::string& name, const std::string& why,
                      const std::string& currency = "") {
    Figure figure;
    figure.currency = currency;
    checks_.push_back({{{std::string(id)},
                        {std::string(1, kind)},
                        {name},
                        currency.empty() ? Cell{} : Cell{currency},
                        {},
                        {},
                        {},
                        {},
                        {"not testable: " + why}},
                       std::move(figure)});
  }

  const char* missing_column(const std::vector<const char*>& needs) const {
    for (const auto* column : needs) {
      if (!has(column)) return column;
    }
    return nullptr;
  }

  /// All rules on rows in one pass.
  Status test_rows() {
    const auto rules = row_rules();
    std::vector<const RowRule*> asked;
    std::string sql = "SELECT coalesce(\"BillingCurrency\", '')";
    for (const auto& rule : rules) {
      if (missing_column(rule.needs)) continue;
      asked.push_back(&rule);
      const auto failing = "(" + rule.tested + ") AND (" + rule.failing + ")";
      sql += ", count(*) FILTER (WHERE " + rule.tested + "), count(*) FILTER (WHERE " + failing +
             "), sum(" + rule.amount + ") FILTER (WHERE " + failing + ")";
    }
    auto answer =
        engine_.query(sql + " FROM " + view() + " WHERE " + where_ + " GROUP BY 1 ORDER BY 1");
    if (!answer) return pass(answer);
    for (const auto& rule : rules) {
      if (const auto* missing = missing_column(rule.needs)) {
        add_untestable(rule.id, rule.kind, rule.name,
                       "these charges have no " + std::string(missing));
        continue;
      }
      const auto at = 1 + 3 * static_cast<std::size_t>(
                                  std::find(asked.begin(), asked.end(), &rule) - asked.begin());
      for (const auto& row : answer->rows) {
        add(rule.id, rule.kind, rule.name, row[0].text(), integer_of(row[at]),
            integer_of(row[at + 1]), decimal_of(row[at + 2]), "", rule.nothing);
      }
    }
    return {};
  }

  /// The rows that are priced in another currency, with their deviation from the rate of their
  /// invoice; "" when there are none.
  Result<std::string> rated_rows() {
    const std::string rows = " FROM " + view() + " WHERE " + where_ +
                             " AND \"PricingCurrency\" <> \"BillingCurrency\" AND "
                             "\"PricingCurrencyEffectiveCost\" <> 0 AND \"EffectiveCost\" <> 0";
    const std::string key = "coalesce(\"InvoiceId\", ''), \"BillingCurrency\", \"PricingCurrency\"";
    auto sums = engine_.query("SELECT " + key +
                              ", sum(\"EffectiveCost\"), sum(\"PricingCurrencyEffectiveCost\")" +
                              rows + " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    if (!sums) return pass(sums);
    std::string values;
    for (const auto& row : sums->rows) {
      const auto priced = decimal_of(row[4]);
      if (priced.units == 0) continue;
      const auto rate = multiply_divide(decimal_of(row[3]), {kOne}, priced);
      values += std::string(values.empty() ? "" : ", ") + "(" + sql_literal(row[0].text()) + ", " +
                sql_literal(row[1].text()) + ", " + sql_literal(row[2].text()) + ", CAST('" +
                to_text(rate) + "' AS DECIMAL(38,18)))";
    }
    if (values.empty()) return std::string();
    return "(SELECT x.*, sy_product_class(\"PricingCurrencyEffectiveCost\", r.rate, "
           "\"EffectiveCost\") AS deviation FROM (SELECT *" +
           rows + ") x JOIN (VALUES " + values +
           ") r(i, c, p, rate) ON coalesce(x.\"InvoiceId\", '') = r.i AND x.\"BillingCurrency\" = "
           "r.c "
           "AND x.\"PricingCurrency\" = r.p)";
  }

  Status test_exchange_rates() {
    if (missing_column({"PricingCurrency", "PricingCurrencyEffectiveCost"})) {
      add_untestable("7", 'T', kRates, "these charges have no PricingCurrencyEffectiveCost");
      return {};
    }
    auto rows = rated_rows();
    if (!rows) return pass(rows);
    if (rows->empty()) {
      add_untestable("7", 'T', kRates, "all charges are priced in their billing currency");
      return {};
    }
    auto answer = engine_.query(
        "SELECT \"BillingCurrency\", count(*), count(*) FILTER (WHERE deviation = 2), "
        "sum(\"EffectiveCost\") FILTER (WHERE deviation = 2) FROM " +
        *rows + " GROUP BY 1 ORDER BY 1");
    if (!answer) return pass(answer);
    for (const auto& row : answer->rows)
      add("7", 'T', kRates, row[0].text(), integer_of(row[1]), integer_of(row[2]),
          decimal_of(row[3]));
    return {};
  }

  /// One row a group: c currency, g0... keys, bad, a the amount.
  std::string grouped(const GroupRule& rule) const {
    std::string keys, groups = "c";
    for (std::size_t i = 0; i < rule.keys.size(); ++i) {
      keys += ", " + rule.keys[i] + " AS g" + std::to_string(i);
      groups += ", g" + std::to_string(i);
    }
    return "SELECT coalesce(\"BillingCurrency\", '') AS c" + keys + ", coalesce(" + rule.failing +
           ", false) AS bad, coalesce(sum(" + rule.amount + "), 0) AS a FROM " + rule.relation +
           " WHERE " + rule.member + " GROUP BY " + groups + " HAVING " + rule.tested;
  }

  Status test_groups(const GroupRule& rule) {
    if (!rule.untestable.empty()) {
      add_untestable(rule.id, rule.kind, rule.name, rule.untestable);
      return {};
    }
    auto answer = engine_.query(
        "SELECT c, count(*), count(*) FILTER (WHERE bad), sum(a) FILTER (WHERE bad), sum(a) FROM "
        "(" +
        grouped(rule) + ") GROUP BY c ORDER BY c");
    if (!answer) return pass(answer);
    if (answer->rows.empty()) add_untestable(rule.id, rule.kind, rule.name, rule.nothing);
    for (const auto& row : answer->rows) {
      auto note =
          note_of(rule, row[0].text(), integer_of(row[2]), decimal_of(row[3]), decimal_of(row[4]));
      if (!note) return pass(note);
      add(rule.id, rule.kind, rule.name, row[0].text(), integer_of(row[1]), integer_of(row[2]),
          decimal_of(row[3]), *note);
    }
    return {};
  }

  /// What else is to be said of a check: `failing` groups with `amount`, `whole` of all groups.
  Result<std::string> note_of(const GroupRule& rule, const std::string& currency,
                              std::int64_t failing, Decimal amount, Decimal whole) {
    const std::string_view id = rule.id;
    const auto where = view() + " WHERE " + where_ +
                       " AND coalesce(\"BillingCurrency\", '') = " + sql_literal(currency);
    if (id == "9" && failing > 0 && amount.units > 0 && !knows_payment())
      return "more than the fee: perhaps a share of what was paid before; load the contract "
             "commitments to tell";
    if (id == "10") {
      return "not yet amortised: " + to_text(whole) + " " + currency +
             (failing > 0 ? "; a fee that was paid before these charges explains less than 0" : "");
    }
    if (id == "12") {
      auto answer =
          engine_.query("SELECT sum(\"EffectiveCost\") - sum(\"BilledCost\") FROM " + where);
      if (!answer) return pass(answer);
      return "effective less billed over all charges: " + to_text(decimal_of(answer->rows[0][0])) +
             " " + currency + "; commitments whose life is not whole here are not tested";
    }
    if (id == "15") {
      auto answer = engine_.query(
          "SELECT sum(\"EffectiveCost\") FILTER (WHERE \"CommitmentDiscountStatus\" = 'Used'), "
          "sum(\"EffectiveCost\") FROM " +
          where + " AND " + kUsage + " AND " + kCovered);
      if (!answer) return pass(answer);
      const auto used = decimal_of(answer->rows[0][0]), all = decimal_of(answer->rows[0][1]);
      if (all.units == 0) return std::string("no cost");
      return to_text(round(multiply_divide(used, {100 * kOne}, all), 2), 2) + " % used, " +
             to_text(all - used) + " " + currency + " not";
    }
    return std::string();
  }

  // --------------------------------------------------------------------------------------------
  // pieces of rules

  /// The smallest unit of a group's currency.
  std::string tolerance() const {
    std::string sql = "CASE coalesce(\"BillingCurrency\", '')";
    for (const auto& currency : currencies_) {
      Decimal subunit{kOne};
      for (int i = currency_of(currency).decimals; i > 0; --i) subunit.units /= 10;
      sql += " WHEN " + sql_literal(currency) + " THEN CAST('" + to_text(subunit) +
             "' AS DECIMAL(38,18))";
    }
    return currencies_.empty() ? "CAST(0 AS DECIMAL(38,18))" : sql + " END";
  }
  std::string beyond_tolerance(const std::string& amount) const {
    return "abs(sum(" + amount + ")) > " + tolerance();
  }

  bool knows_payment() const {
    return table_has("contract_commitments",
                     {"ContractCommitmentId", "ContractCommitmentPaymentModel"});
  }

  /// A column of an AWS report by its name in the newer generation, 0 where it is empty; of a lake
  /// with both generations, whichever a row has. "" when there is none.
  std::string aws(const std::string& name) const {
    const auto columns = found_in(aws_amounts_, name);
    return columns.empty() ? "" : "coalesce(" + columns + ", 0)";
  }
  /// The same of a column of text, null where it is empty.
  std::string aws_text(const std::string& name) const {
    const auto columns = found_in(aws_texts_, name);
    return columns.empty() ? "" : "coalesce(" + columns + ")";
  }
  using Columns = std::map<std::string, std::vector<std::string>>;  ///< by squeezed name
  static std::string found_in(const Columns& known, const std::string& name) {
    const auto found = known.find(squeezed("x_" + name));
    if (found == known.end()) return "";
    std::vector<std::string> columns;
    for (const auto& column : found->second) columns.push_back(sql_identifier(column));
    return join(columns, ", ");
  }
  std::string aws_or_zero(const std::string& name) const {
    const auto sql = aws(name);
    return sql.empty() ? "CAST(0 AS DECIMAL(38,18))" : sql;
  }

  /// What of a fee was paid ahead: a share of the upfront fee, where the bill tells it.
  std::string upfront_share() const {
    if (!has("x_LineItemType")) return "0";
    const auto either = [&](const char* net, const char* gross) {
      return aws(net).empty() ? aws_or_zero(gross) : aws(net);
    };
    return "CASE \"x_LineItemType\" WHEN 'RIFee' THEN " +
           either("reservation_net_amortized_upfront_fee_for_billing_period",
                  "reservation_amortized_upfront_fee_for_billing_period") +
           " WHEN 'SavingsPlanRecurringFee' THEN " +
           either("savings_plan_net_amortized_upfront_commitment_for_billing_period",
                  "savings_plan_amortized_upfront_commitment_for_billing_period") +
           " ELSE 0 END";
  }

  /// Commitments with the term that they run for, as far as anything tells it: (id, begins, ends).
  std::string terms() const {
    std::vector<std::string> sources;
    if (table_has("contract_commitments", {"ContractCommitmentId", "ContractCommitmentPeriodStart",
                                           "ContractCommitmentPeriodEnd"})) {
      sources.emplace_back(
          "SELECT \"ContractCommitmentId\" AS id, \"ContractCommitmentPeriodStart\" AS begins, "
          "\"ContractCommitmentPeriodEnd\" AS ends FROM contract_commitments");
    }
    // AWS tells begin and end beside each line.
    for (const std::string kind : {"savings_plan", "reservation"}) {
      const auto begins = aws_text(kind + "_start_time"), ends = aws_text(kind + "_end_time");
      if (begins.empty() || ends.empty()) continue;
      const auto instant = [](const std::string& sql) {
        return "TRY_CAST(" + sql + " AS TIMESTAMP WITH TIME ZONE)";
      };
      sources.push_back("SELECT \"CommitmentDiscountId\" AS id, min(" + instant(begins) +
                        ") AS begins, max(" + instant(ends) + ") AS ends FROM " + view() +
                        " WHERE " + where_ + " AND " + kCovered + " AND " + begins +
                        " IS NOT NULL GROUP BY 1");
    }
    if (has("x_SkuTerm")) {
      // Azure tells the term in months.
      sources.emplace_back(
          "SELECT \"CommitmentDiscountId\" AS id, min(\"ChargePeriodStart\") AS begins, "
          "min(\"ChargePeriodStart\") + to_months(CAST(max(TRY_CAST(\"x_SkuTerm\" AS "
          "DECIMAL(9,0))) AS INTEGER)) AS ends FROM " +
          view() + " WHERE " + where_ + " AND " + kCovered + " AND " + kPurchase + " GROUP BY 1");
    }
    if (sources.empty()) return "";
    return "SELECT id, min(begins) AS begins, max(ends) AS ends FROM (" +
           join(sources, " UNION ALL ") +
           ") WHERE begins IS NOT NULL AND ends IS NOT NULL GROUP BY id";
  }

  /// Holds for rows of commitments whose whole life is in these charges, to a day.
  std::string whole_life() const {
    return "\"CommitmentDiscountId\" IN (SELECT t.id FROM (" + terms() +
           ") t JOIN (SELECT \"CommitmentDiscountId\" AS id, min(\"ChargePeriodStart\") AS first, "
           "max(\"ChargePeriodEnd\") FILTER (WHERE " +
           kUsage + ") AS last FROM " + view() + " WHERE " + where_ + " AND " + kCovered +
           " GROUP BY 1 HAVING count(*) FILTER (WHERE " + kPurchase +
           ") > 0) s ON t.id = s.id WHERE s.first < t.begins + INTERVAL 1 DAY AND s.last > t.ends "
           "- "
           "INTERVAL 1 DAY)";
  }

  /// Holds for rows of commitments that are not known to have begun before these charges do: of
  /// the others a fee may be missing.
  std::string seen_from_the_start() const {
    if (terms().empty()) return "true";
    return "\"CommitmentDiscountId\" NOT IN (SELECT t.id FROM (" + terms() +
           ") t JOIN (SELECT \"CommitmentDiscountId\" AS id, min(\"ChargePeriodStart\") AS first "
           "FROM " +
           view() + " WHERE " + where_ + " AND " + kCovered +
           " GROUP BY 1) s ON t.id = s.id WHERE s.first > t.begins + INTERVAL 1 DAY)";
  }

  // --------------------------------------------------------------------------------------------
  // rules

  std::vector<GroupRule> group_rules() const {
    std::vector<GroupRule> rules = commitment_rules();
    for (auto& rule : aws_rules()) rules.push_back(std::move(rule));
    for (auto& rule : azure_rules()) rules.push_back(std::move(rule));
    rules.push_back(billing_period_rule());
    return rules;
  }

  /// What a commitment cost and what its usage was charged with, per period and over what the bill
  /// shows of its life.
  std::vector<GroupRule> commitment_rules() const {
    const char* hourly = "a commitment's used and unused cost is its fee in each period";
    const char* quantities =
        "a commitment's used and unused quantity is what was committed in each period";
    const char* life = "no commitment has amortised more than was billed for it";
    const char* moved = "amortisation moves cost, it does not make any";
    const char* utilisation = "utilisation = used / (used + unused), from 0 to 1";
    if (missing_column({"CommitmentDiscountId", "ChargePeriodStart", "ChargePeriodEnd"})) {
      const std::string why = "these charges have no commitments";
      return {{"9", 'T', hourly, why, {}, {}, {}, {}, {}, {}, {}},
              {"10", 'Q', life, why, {}, {}, {}, {}, {}, {}, {}},
              {"11", 'T', quantities, why, {}, {}, {}, {}, {}, {}, {}},
              {"12", 'Q', moved, why, {}, {}, {}, {}, {}, {}, {}},
              {"15", 'Q', utilisation, why, {}, {}, {}, {}, {}, {}, {}}};
    }
    const std::string of_commitments =
        where_ + " AND " + kCovered + " AND (" + kUsage + " OR " + kPurchase + ")";
    const std::string recurring =
        has("ChargeFrequency") ? "\"ChargeFrequency\" IS DISTINCT FROM 'One-Time'" : "true";
    // Usage belongs to the fee in whose period it is: an hour's to an hour's, or to a month's.
    const std::string fees =
        "(SELECT x.*, f.fee_start FROM (SELECT * FROM " + view() + " WHERE " + of_commitments +
        ") x ASOF JOIN (SELECT coalesce(\"BillingCurrency\", '') AS fee_currency, "
        "\"CommitmentDiscountId\" AS fee_id, \"ChargePeriodStart\" AS fee_start, "
        "max(\"ChargePeriodEnd\") AS fee_end FROM " +
        view() + " WHERE " + where_ + " AND " + kCovered + " AND " + kPurchase + " AND " +
        recurring +
        " GROUP BY 1, 2, 3) f ON coalesce(x.\"BillingCurrency\", '') = f.fee_currency AND "
        "x.\"CommitmentDiscountId\" = f.fee_id AND x.\"ChargePeriodStart\" >= f.fee_start WHERE "
        "x.\"ChargePeriodEnd\" <= f.fee_end)";
    // An upfront share that the lines do not tell is left to identity 10.
    const std::string payable =
        knows_payment()
            ? " AND \"CommitmentDiscountId\" NOT IN (SELECT \"ContractCommitmentId\" FROM "
              "contract_commitments WHERE \"ContractCommitmentPaymentModel\" <> 'No Upfront' AND "
              "\"ContractCommitmentId\" IS NOT NULL)"
            : "";
    const std::string both_kinds =
        "count(*) FILTER (WHERE " + kUsage + ") > 0 AND count(*) FILTER (WHERE " + kPurchase +
        ") > 0 AND count(*) FILTER (WHERE " + kPurchase + " AND NOT (" + recurring + ")) = 0";
    const std::vector<std::string> per_period = {"\"CommitmentDiscountId\"", "fee_start"};
    const auto against = [](const std::string& used, const std::string& bought) {
      return "CASE WHEN " + kUsage + " THEN " + used + " ELSE -(" + bought + ") END";
    };
    const auto cost = against("\"EffectiveCost\"", "\"BilledCost\" + " + upfront_share());
    const std::string quantity =
        has("CommitmentDiscountQuantity") ? "\"CommitmentDiscountQuantity\"" : "NULL";
    const auto left = "CASE WHEN " + kPurchase + " THEN \"BilledCost\" ELSE -\"EffectiveCost\" END";
    const std::string bought = "count(*) FILTER (WHERE " + kPurchase + ") > 0";
    const std::string no_terms =
        "no commitment's fee is in these charges for the period of its use";
    std::vector<GroupRule> rules = {
        {"9", 'T', hourly, "", fees, "true" + payable, per_period, both_kinds,
         beyond_tolerance(cost), cost, no_terms},
        {"10",
         'Q',
         life,
         "",
         view(),
         of_commitments + " AND " + seen_from_the_start(),
         {"\"CommitmentDiscountId\""},
         bought,
         "sum(" + left + ") < -" + tolerance(),
         left,
         "no purchase of a commitment that began in these charges is among them"},
        {"11", 'T', quantities,
         has("CommitmentDiscountQuantity") ? ""
                                           : "these charges have no CommitmentDiscountQuantity",
         fees, "true" + payable, per_period,
         both_kinds + " AND count(" + quantity + ") FILTER (WHERE " + kPurchase + ") > 0",
         "sum(" + against("coalesce(" + quantity + ", 0)", "coalesce(" + quantity + ", 0)") +
             ") <> 0",
         "CASE WHEN " + kUsage + " THEN \"EffectiveCost\" ELSE 0 END", no_terms}};
    const auto difference = std::string("\"EffectiveCost\" - \"BilledCost\"");
    rules.push_back(
        {"12",
         'Q',
         moved,
         "",
         view(),
         where_ + " AND (" + kUncovered + (terms().empty() ? "" : " OR " + whole_life()) + ")",
         {"\"CommitmentDiscountId\""},
         "count(*) > 0",
         beyond_tolerance(difference),
         difference,
         "no commitment's whole life is in these charges"});
    const auto status = [](const char* name) {
      return std::string(
                 "coalesce(sum(\"EffectiveCost\") FILTER (WHERE "
                 "\"CommitmentDiscountStatus\" = '") +
             name + "'), 0)";
    };
    rules.push_back(
        {"15",
         'Q',
         utilisation,
         has("CommitmentDiscountStatus") ? "" : "these charges have no CommitmentDiscountStatus",
         view(),
         where_ + " AND " + kUsage + " AND " + kCovered,
         {"\"CommitmentDiscountId\""},
         "count(*) > 0",
         status("Used") + " < 0 OR " + status("Unused") + " < 0 OR " + status("Used") + " + " +
             status("Unused") + " <> sum(\"EffectiveCost\")",
         "\"EffectiveCost\"",
         "no commitment was used"});
    return rules;
  }

  /// Of an AWS cost and usage report, from its own columns.
  std::vector<GroupRule> aws_rules() const {
    const char* cancel = "savings plan usage and its negation cancel";
    const char* plan = "a savings plan's used and unused commitment is its fee and upfront share";
    const char* reservation = "a reservation's used and unused cost is its fee and upfront share";
    const char* total = "unblended is amortised cost, less upfront shares, plus upfront fees";
    const auto unblended = aws("line_item_unblended_cost");
    const bool is_report = has("x_LineItemType") && !unblended.empty() &&
                           !missing_column({"CommitmentDiscountId", "x_BillingPeriod"});
    const auto lacks = [&](const std::vector<std::string>& columns) {
      if (!is_report) return std::string("these charges are not from an AWS cost and usage report");
      for (const auto& column : columns) {
        if (aws(column).empty()) return "the report was made without " + column;
      }
      return std::string();
    };
    const std::string type = "\"x_LineItemType\"";
    // Rows of split cost allocation repeat money of other rows.
    const std::string base =
        where_ + (has("AllocatedMethodId") ? " AND \"AllocatedMethodId\" IS NULL" : "") +
        (has("x_Derivation") ? " AND \"x_Derivation\" IS NULL" : "");
    const std::vector<std::string> per_commitment = {"\"CommitmentDiscountId\"",
                                                     "\"x_BillingPeriod\""};
    const auto fee_of = [&](const char* name) {
      return "count(*) FILTER (WHERE " + type + " = '" + name + "') > 0";
    };
    const auto used = aws_or_zero("savings_plan_savings_plan_effective_cost");
    const auto unused = aws_or_zero("savings_plan_total_commitment_to_date") + " - " +
                        aws_or_zero("savings_plan_used_commitment");
    const auto share = aws_or_zero("savings_plan_amortized_upfront_commitment_for_billing_period");
    const auto plan_cost = "CASE " + type + " WHEN 'SavingsPlanCoveredUsage' THEN " + used +
                           " ELSE " + unused + " - " +
                           aws_or_zero("savings_plan_recurring_commitment_for_billing_period") +
                           " - " + share + " END";
    const auto reserved = aws_or_zero("reservation_effective_cost");
    const auto not_reserved =
        aws_or_zero("reservation_unused_amortized_upfront_fee_for_billing_period") + " + " +
        aws_or_zero("reservation_unused_recurring_fee");
    const auto upfront = aws_or_zero("reservation_amortized_upfront_fee_for_billing_period");
    const auto gross = is_report ? unblended : "CAST(0 AS DECIMAL(38,18))";
    const auto reservation_cost = "CASE " + type + " WHEN 'DiscountedUsage' THEN " + reserved +
                                  " ELSE " + not_reserved + " - " + upfront + " - " + gross +
                                  " END";
    // A line's unblended cost less its amortised cost, trued up by upfront shares and fees.
    const auto trued_up =
        "CASE WHEN " + type + " = 'SavingsPlanCoveredUsage' THEN " + gross + " - " + used +
        " WHEN " + type + " = 'SavingsPlanNegation' THEN " + gross + " WHEN " + type +
        " = 'SavingsPlanRecurringFee' THEN " + gross + " - (" + unused + ") + " + share + " WHEN " +
        type + " = 'DiscountedUsage' THEN " + gross + " - " + reserved + " WHEN " + type +
        " = 'RIFee' THEN " + gross + " - (" + not_reserved + ") + " + upfront + " ELSE 0 END";
    return {{"13", 'X', cancel, lacks({}), view(),
             base + " AND " + type + " IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')",
             per_commitment, "count(*) > 0", "sum(" + gross + ") <> 0", gross,
             "no savings plan was used"},
            {"13", 'T', plan,
             lacks({"savings_plan_savings_plan_effective_cost",
                    "savings_plan_total_commitment_to_date", "savings_plan_used_commitment",
                    "savings_plan_recurring_commitment_for_billing_period",
                    "savings_plan_amortized_upfront_commitment_for_billing_period"}),
             view(),
             base + " AND " + type + " IN ('SavingsPlanCoveredUsage', 'SavingsPlanRecurringFee')",
             per_commitment, fee_of("SavingsPlanRecurringFee"), beyond_tolerance(plan_cost),
             plan_cost, "no savings plan's fee is in these charges"},
            {"13", 'T', reservation,
             lacks({"reservation_effective_cost",
                    "reservation_unused_amortized_upfront_fee_for_billing_period",
                    "reservation_unused_recurring_fee",
                    "reservation_amortized_upfront_fee_for_billing_period"}),
             view(), base + " AND " + type + " IN ('DiscountedUsage', 'RIFee')", per_commitment,
             fee_of("RIFee"), beyond_tolerance(reservation_cost), reservation_cost,
             "no reservation's fee is in these charges"},
            {"13",
             'T',
             total,
             lacks({}),
             view(),
             base + " AND " + type + " IS NOT NULL",
             {"\"x_BillingPeriod\""},
             "count(*) > 0",
             beyond_tolerance(trued_up),
             trued_up,
             "no such charges"}};
  }

  /// Azure bills twice, as paid and amortised; its FOCUS export has both in one row.
  std::vector<GroupRule> azure_rules() const {
    const char* term =
        "Azure: over its whole term a reservation's usage costs what was paid for it";
    const std::string missing =
        missing_column({"CommitmentDiscountId", "ChargePeriodStart", "ChargePeriodEnd",
                        "ServiceProviderName", "InvoiceIssuerName"})
            ? "these charges have no commitments"
            : "";
    const auto amortised = "CASE WHEN " + kUsage + " THEN \"EffectiveCost\" WHEN " + kPurchase +
                           " THEN -\"BilledCost\" ELSE 0 END";
    const bool knows_terms = missing.empty() && !terms().empty();
    return {{"14",
             'T',
             term,
             !missing.empty() ? missing
             : knows_terms    ? ""
                              : "nothing tells how long a commitment runs: load the contract "
                                "commitments, or Azure's export with x_SkuTerm",
             view(),
             where_ + " AND " + kAzure + " AND " + kCovered +
                 (knows_terms ? " AND " + whole_life() : ""),
             {"\"CommitmentDiscountId\""},
             "count(*) > 0",
             beyond_tolerance(amortised),
             amortised,
             "no reservation of Azure has its whole term in these charges"}};
  }

  /// Each issuer and period of the charges has its billing period. One that the provider tells of
  /// stands beside the one that was derived from the deliveries; only the provider's is counted
  /// then.
  GroupRule billing_period_rule() const {
    const char* name = "each issuer and period of the charges has one billing period";
    if (!table_has("billing_periods", {"InvoiceIssuerName", "BillingPeriodStart", "x_Source"}) ||
        missing_column({"InvoiceIssuerName", "BillingPeriodStart"})) {
      return {"18", 'X', name, "there is no table of billing periods", {}, {}, {}, {}, {}, {}, {}};
    }
    const std::string relation =
        "(SELECT x.*, coalesce(b.told, 0) AS told, coalesce(b.derived, 0) AS derived FROM " +
        view() +
        " x LEFT JOIN (SELECT \"InvoiceIssuerName\" AS issuer, \"BillingPeriodStart\" AS start, "
        "count(*) FILTER (WHERE \"x_Source\" IS DISTINCT FROM " +
        sql_literal(kDerivedSource) +
        ") AS told, count(*) FILTER (WHERE \"x_Source\" = " + sql_literal(kDerivedSource) +
        ") AS derived FROM billing_periods GROUP BY 1, 2) b ON x.\"InvoiceIssuerName\" IS NOT "
        "DISTINCT FROM b.issuer AND x.\"BillingPeriodStart\" = b.start)";
    return {"18",
            'X',
            name,
            "",
            relation,
            where_,
            {"\"InvoiceIssuerName\"", "\"BillingPeriodStart\""},
            "count(*) > 0",
            "max(told) <> 1 AND (max(told) > 1 OR max(derived) <> 1)",
            "\"BilledCost\"",
            "no such charges"};
  }

  Status test_invoices() {
    const char* name =
        "billed cost of an invoice's charges is the invoice, within the FOCUS tolerance";
    auto reconciled = pair_up(engine_, charges_, question_);
    if (!reconciled) return pass(reconciled);
    const char* exact = "billed cost of an invoice's charges is the invoice, to the last digit";
    if (!reconciled->have_invoices) {
      add_untestable("16", 'T', name, "no invoices were loaded");
      add_untestable("17", 'Q', exact, "no invoices were loaded");
      return {};
    }
    struct Tally {
      std::int64_t tested = 0, beyond = 0, inexact = 0;
      Decimal beyond_amount, inexact_amount;
    };
    std::map<std::string, Tally> tallies;
    for (const auto& [key, pair] : reconciled->pairs) {
      if (!pair.has_invoice || !pair.has_charges || pair.open) continue;
      auto& tally = tallies[key.currency];
      Decimal difference, tolerance;
      ++tally.tested;
      if (!is_within(pair, key.currency, difference, tolerance)) {
        ++tally.beyond;
        tally.beyond_amount += difference;
      }
      if (difference.units != 0) {
        ++tally.inexact;
        tally.inexact_amount += difference;
      }
    }
    if (tallies.empty()) {
      add_untestable("16", 'T', name, "no invoice has charges here");
      add_untestable("17", 'Q', exact, "no invoice has charges here");
    }
    const auto note = [](std::int64_t failing) {
      return failing > 0 ? "invoice by invoice: steelyard reconcile --part=invoices" : "";
    };
    for (const auto& [currency, tally] : tallies) {
      add("16", 'T', name, currency, tally.tested, tally.beyond, tally.beyond_amount,
          note(tally.beyond));
      add("17", 'Q', exact, currency, tally.tested, tally.inexact, tally.inexact_amount,
          note(tally.inexact));
    }
    return {};
  }

  /// From when on a month of an issuer is closed as the provider tells it; nothing where it is
  /// open.
  Result<std::map<std::pair<std::string, std::int64_t>, std::optional<Instant>>> told_closings() {
    std::map<std::pair<std::string, std::int64_t>, std::optional<Instant>> closings;
    if (!table_has("billing_periods",
                   {"InvoiceIssuerName", "BillingPeriodStart", "BillingPeriodStatus",
                    "BillingPeriodLastUpdated", "x_Source"}))
      return closings;
    auto answer = engine_.query(
        "SELECT \"InvoiceIssuerName\", \"BillingPeriodStart\", \"BillingPeriodStatus\", "
        "\"BillingPeriodLastUpdated\" FROM billing_periods WHERE \"x_Source\" IS DISTINCT FROM " +
        sql_literal(kDerivedSource) +
        " AND \"BillingPeriodLastUpdated\" IS NOT NULL ORDER BY \"BillingPeriodLastUpdated\"");
    if (!answer) return pass(answer);
    for (const auto& row : answer->rows) {
      Instant start, updated;
      if (row[0].is_null() || !parse_instant(row[1].text(), start) ||
          !parse_instant(row[3].text(), updated))
        continue;
      auto& closing = closings[{row[0].text(), start.micros}];
      if (row[2].text() != "Closed") {
        closing.reset();
      } else if (!closing) {
        closing = updated;
      }
    }
    return closings;
  }

  /// A closed month keeps its content: corrections of it are rows of a later, open one.
  Status test_closed_months() {
    const char* name = "a closed month keeps its content in later deliveries";
    if (question_.history.empty()) {
      add_untestable("19", 'X', name, "only a lake knows earlier deliveries");
      return {};
    }
    auto closings = told_closings();
    if (!closings) return pass(closings);
    struct Tally {
      std::int64_t tested = 0, failing = 0;
      Decimal amount;
      std::vector<std::string> notes;
    };
    std::map<std::string, Tally> tallies;
    for (const auto& month : closed_months(question_.history, *closings)) {
      if (question_.billing_period && !in_billing_period(month.month, *question_.billing_period))
        continue;
      for (const auto& [currency, difference] : month.difference) {
        auto& tally = tallies[currency];
        ++tally.tested;
        if (!month.changed) continue;
        ++tally.failing;
        tally.amount += difference;
        tally.notes.push_back(month.source + " " + month.month + ": steelyard diff --versions=" +
                              std::to_string(month.baseline) + "," + std::to_string(month.newest) +
                              " --billing-period=" + month.month);
      }
    }
    if (tallies.empty()) add_untestable("19", 'X', name, "no month is closed yet");
    constexpr std::size_t kMaxNotes = 3;
    for (auto& [currency, tally] : tallies) {
      const auto more = tally.notes.size();
      if (more > kMaxNotes) {
        tally.notes.resize(kMaxNotes);
        tally.notes.push_back("and " + std::to_string(more - kMaxNotes) + " more");
      }
      add("19", 'X', name, currency, tally.tested, tally.failing, tally.amount,
          join(tally.notes, "; "));
    }
    return {};
  }

  Engine& engine_;
  const Charges& charges_;
  const ReconcileQuestion& question_;
  Report report_;
  std::string where_;
  std::vector<std::string> currencies_;
  std::map<std::string, std::set<std::string>> tables_;  ///< other views and their columns
  Columns aws_amounts_, aws_texts_;                      ///< of the report's own columns
  std::vector<Check> checks_;
  std::int64_t rows_ = 0;
};

}  // namespace

Result<Report> test_identities(Engine& engine, const Charges& charges,
                               const ReconcileQuestion& question) {
  return Identities(engine, charges, question).run();
}

Result<Sides> sides_of_identity(Engine& engine, const Charges& charges, const Question& question,
                                const Figure& figure) {
  if (figure.part.empty())
    return fail("SY1542", "this check was not tested, so there is no amount to explain", "",
                "its note says why");
  ReconcileQuestion asked;
  asked.billing_period = question.billing_period;
  return Identities(engine, charges, asked).sides(figure);
}

}  // namespace steelyard
