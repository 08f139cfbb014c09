#include "ledger/diff.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/assert.h"
#include "base/text.h"
#include "ledger/lines.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

/// A comparable thing within one key: a SKU of a service in a region, counted in one unit.
struct Item {
  std::optional<std::string> service, unit, region, sku;
  Decimal cost_before, cost_after;  ///< at contracted price where a commitment covers it
  Decimal quantity_before, quantity_after;
  std::int64_t rows_before = 0, rows_after = 0;
};

struct KeyRow {
  std::vector<std::optional<std::string>> keys;
  std::string currency;
  Waterfall waterfall;
};

/// False where a x b / c would leave DECIMAL(38,18) or c is 0: such an item has no meaningful unit
/// price.
bool can_scale(Decimal a, Decimal b, Decimal c) {
  if (c.units == 0) return false;
  const double result = std::abs(static_cast<double>(a.units)) *
                        std::abs(static_cast<double>(b.units)) /
                        std::abs(static_cast<double>(c.units));
  return result < 1e37;
}

bool has_unit_prices(const Item& item) {
  const auto a = item.quantity_before.units, b = item.quantity_after.units;
  if (a == 0 || b == 0 || (a < 0) != (b < 0)) return false;
  return can_scale(item.quantity_after, item.cost_before, item.quantity_before);
}

/// Items of one service and unit, present on both sides and with unit prices.
struct Family {
  std::vector<const Item*> items;
  Decimal cost_before, quantity_before, quantity_after;
};

/// Told of what an item, or a family of items, adds to a part that is calculated from sums.
using Record =
    std::function<void(const Item& item, bool family, std::string_view part, Decimal amount)>;

/// Price, usage and mix of a family (formulas in docs/concepts/change-waterfall.md).
void add_family(const Family& family, Waterfall& waterfall, const Record& record) {
  const bool averages =
      can_scale(family.cost_before, family.quantity_after, family.quantity_before) &&
      std::all_of(family.items.begin(), family.items.end(), [&](const Item* item) {
        return can_scale(item->quantity_after, family.cost_before, family.quantity_before);
      });
  Item whole;
  whole.service = family.items.front()->service;
  whole.unit = family.items.front()->unit;
  whole.quantity_before = family.quantity_before;
  whole.quantity_after = family.quantity_after;
  whole.cost_before = family.cost_before;
  for (const auto* item : family.items) whole.cost_after += item->cost_after;
  auto rounding = whole.cost_after - whole.cost_before;
  const auto add = [&](const Item& item, bool is_family, std::string_view part,
                       Decimal Waterfall::* member, Decimal amount) {
    waterfall.*member += amount;
    rounding -= amount;
    if (record) record(item, is_family, part, amount);
  };
  if (averages) {
    add(whole, true, "usage", &Waterfall::usage,
        multiply_divide(family.cost_before, family.quantity_after, family.quantity_before) -
            family.cost_before);
  }
  for (const auto* item : family.items) {
    const auto at_old_price =
        multiply_divide(item->quantity_after, item->cost_before, item->quantity_before);
    add(*item, false, "price", &Waterfall::price, item->cost_after - at_old_price);
    if (averages) {
      add(*item, false, "mix", &Waterfall::mix,
          at_old_price -
              multiply_divide(item->quantity_after, family.cost_before, family.quantity_before));
    } else {
      add(*item, false, "usage", &Waterfall::usage, at_old_price - item->cost_before);
    }
  }
  if (record) record(whole, true, "rounding", rounding);
}

void add_items(const std::vector<Item>& items, Waterfall& waterfall, const Record& record) {
  std::map<std::pair<std::optional<std::string>, std::optional<std::string>>, Family> families;
  for (const auto& item : items) {
    if (item.rows_before == 0) {
      waterfall.added += item.cost_after;
    } else if (item.rows_after == 0) {
      waterfall.gone -= item.cost_before;
    } else if (!has_unit_prices(item)) {
      waterfall.fees += item.cost_after - item.cost_before;
    } else {
      auto& family = families[{item.service, item.unit}];
      family.items.push_back(&item);
      family.cost_before += item.cost_before;
      family.quantity_before += item.quantity_before;
      family.quantity_after += item.quantity_after;
    }
  }
  for (const auto& [key, family] : families) add_family(family, waterfall, record);
}

bool has_field(const std::vector<SchemaField>& schema, std::string_view name) {
  return std::any_of(schema.begin(), schema.end(),
                     [&](const SchemaField& field) { return field.name == name; });
}

std::string column_or_null(const std::vector<SchemaField>& schema, std::string_view name,
                           Type type = Type::kText) {
  if (has_field(schema, name)) return sql_identifier(name);
  return "CAST(NULL AS " + std::string(sql_type(type)) + ")";
}

/// A key as text, whatever its type.
std::string key_text_sql(const Dimension& dimension) {
  const auto sql = sql_of(dimension);
  if (dimension.type == Type::kText) return sql;
  if (dimension.type == Type::kInstant) return "strftime(" + sql + ", '%Y-%m-%dT%H:%M:%SZ')";
  return "CAST(" + sql + " AS VARCHAR)";
}

std::string in_period(const Period& period, bool billing) {
  return billing ? sql_in_billing_period(period) : sql_in_charge_period(period);
}

/// Larger changes first; equal ones by key.
bool shown_before(const KeyRow& a, const KeyRow& b) {
  if (a.currency != b.currency) return a.currency < b.currency;
  const auto size = [](const KeyRow& row) {
    const auto change = row.waterfall.change();
    return change.units < 0 ? -change : change;
  };
  const auto left = size(a), right = size(b);
  if (left != right) return left > right;
  return a.keys < b.keys;
}

/// Keeps the rows that can still be shown, so that a million keys need no memory.
void keep_largest(std::vector<KeyRow>& rows, std::int64_t limit) {
  std::sort(rows.begin(), rows.end(), shown_before);
  if (limit <= 0) return;
  std::vector<KeyRow> kept;
  std::map<std::string, std::int64_t> counts;
  for (auto& row : rows) {
    if (counts[row.currency]++ < limit) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
}

struct Totals {
  Waterfall waterfall;
  std::int64_t keys = 0;
};

struct DiffAnswer {
  std::vector<KeyRow> rows;
  std::map<std::string, Totals> totals;
  std::int64_t lines = 0;
};

/// Adds up in SQL, in the order of keys; takes each key apart here.
class DiffReader {
 public:
  /// `record` is told the parts of the items of each key.
  DiffReader(std::size_t keys, std::int64_t limit,
             std::function<void(const KeyRow& row, const Item& item, bool family,
                                std::string_view part, Decimal amount)>
                 record = {})
      : keys_(keys), limit_(limit), record_(std::move(record)) {}

  Status take(std::span<const ColumnView> columns, std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      const auto text_at = [&](std::size_t c) {
        return columns[c].is_null(r) ? std::optional<std::string>()
                                     : std::string(columns[c].text(r));
      };
      const auto units_at = [&](std::size_t c) {
        return columns[c].is_null(r) ? Decimal{} : Decimal{columns[c].units(r)};
      };
      const auto count_at = [&](std::size_t c) {
        return columns[c].is_null(r) ? 0 : columns[c].integer(r);
      };
      std::vector<std::optional<std::string>> keys;
      for (std::size_t k = 0; k < keys_; ++k) keys.push_back(text_at(1 + k));
      auto currency = text_at(0).value_or("");
      if (!started_ || currency != row_.currency || keys != row_.keys) {
        finish_key();
        started_ = true;
        row_ = {std::move(keys), std::move(currency), {}};
      }
      const auto at = 1 + keys_;
      const auto kind = text_at(at).value_or("");
      const auto before = units_at(at + 5), after = units_at(at + 6);
      auto& waterfall = row_.waterfall;
      waterfall.before += before;
      waterfall.after += after;
      answer_.lines += count_at(at + 11) + count_at(at + 12);
      if (kind == "credits") {
        waterfall.credits += after - before;
      } else if (kind == "tax") {
        waterfall.tax += after - before;
      } else if (kind == "commitments") {
        waterfall.commitments += after - before;
      } else if (kind == "fees") {
        waterfall.fees += after - before;
      } else {
        Item item;
        item.service = text_at(at + 1);
        item.unit = text_at(at + 2);
        item.region = text_at(at + 3);
        item.sku = text_at(at + 4);
        item.cost_before = units_at(at + 7);
        item.cost_after = units_at(at + 8);
        item.quantity_before = units_at(at + 9);
        item.quantity_after = units_at(at + 10);
        item.rows_before = count_at(at + 11);
        item.rows_after = count_at(at + 12);
        waterfall.commitments += (after - item.cost_after) - (before - item.cost_before);
        items_.push_back(std::move(item));
      }
    }
    return {};
  }

  DiffAnswer finish() {
    finish_key();
    keep_largest(answer_.rows, limit_);
    return std::move(answer_);
  }

 private:
  void finish_key() {
    if (!started_) return;
    Record record;
    if (record_) {
      record = [this](const Item& item, bool family, std::string_view part, Decimal amount) {
        record_(row_, item, family, part, amount);
      };
    }
    add_items(items_, row_.waterfall, record);
    items_.clear();
    auto& total = answer_.totals[row_.currency];
    total.waterfall += row_.waterfall;
    ++total.keys;
    answer_.rows.push_back(std::move(row_));
    if (limit_ > 0 && answer_.rows.size() > static_cast<std::size_t>(4 * limit_ + 10'000))
      keep_largest(answer_.rows, limit_);
    row_ = {};
    started_ = false;
  }

  std::size_t keys_;
  std::int64_t limit_;
  std::function<void(const KeyRow&, const Item&, bool, std::string_view, Decimal)> record_;
  bool started_ = false;
  KeyRow row_;
  std::vector<Item> items_;
  DiffAnswer answer_;
};

/// What a difference sees in a row, as SQL.
struct RowSql {
  std::string kind;       ///< credits, tax, commitments, fees or usage
  std::string cost;       ///< of the basis
  std::string reference;  ///< what usage would cost without the commitment that covers it; the
                          ///< difference is the commitment's effect
  std::string quantity;
  std::string item[4];  ///< service, unit, region, SKU
};

RowSql row_sql(const std::vector<SchemaField>& schema, Basis basis) {
  const auto commitment = column_or_null(schema, "CommitmentDiscountId");
  const auto category = sql_identifier("ChargeCategory");
  RowSql row;
  row.kind = "CASE WHEN " + category + " IN ('Credit', 'Adjustment') OR " +
             column_or_null(schema, "ChargeClass") + " = 'Correction' THEN 'credits' WHEN " +
             category + " = 'Tax' THEN 'tax' WHEN " + commitment + " IS NOT NULL AND (" + category +
             " = 'Purchase' OR " + column_or_null(schema, "CommitmentDiscountStatus") +
             " = 'Unused') THEN 'commitments' WHEN " + category +
             " = 'Purchase' THEN 'fees' ELSE 'usage' END";
  row.cost = cost_sql(basis);
  const bool covered_differs = basis == Basis::kEffective || basis == Basis::kBilled;
  row.reference = covered_differs ? "CASE WHEN " + commitment + " IS NULL THEN " + row.cost +
                                        " ELSE coalesce(\"ContractedCost\", " + row.cost + ") END"
                                  : row.cost;
  row.quantity = column_or_null(schema, "PricingQuantity", Type::kDecimal);
  row.item[0] = sql_identifier("ServiceName");
  row.item[1] = column_or_null(schema, "PricingUnit");
  row.item[2] = column_or_null(schema, "RegionId");
  row.item[3] = "coalesce(" + column_or_null(schema, "SkuId") + ", " +
                column_or_null(schema, "SkuPriceId") + ")";
  return row;
}
constexpr const char* kItemNames[] = {"service", "unit", "region", "sku"};

std::string key_name(std::size_t i) { return "k" + std::to_string(i); }

/// The rows of both periods with what a difference sees in them.
std::string rows_sql(const Charges& charges, const DiffQuestion& question,
                     const std::vector<Dimension>& by, const std::string& where) {
  const auto before = in_period(question.before, question.billing),
             after = in_period(question.after, question.billing);
  const auto row = row_sql(charges.schema, question.basis);
  std::string sql = "SELECT " + currency_sql(charges) + " AS currency, ";
  for (std::size_t i = 0; i < by.size(); ++i)
    sql += key_text_sql(by[i]) + " AS " + key_name(i) + ", ";
  sql += row.kind + " AS kind, ";
  for (std::size_t i = 0; i < 4; ++i) sql += row.item[i] + " AS " + kItemNames[i] + ", ";
  return sql + row.cost + " AS cost, " + row.reference + " AS reference, " + row.quantity +
         " AS quantity, (" + before + ") AS is_before, (" + after + ") AS is_after FROM " +
         sql_identifier(charges.view) + " WHERE (" + before + " OR " + after + ") AND " + where;
}

/// One line per key, kind and item with both sides beside each other.
std::string diff_sql(const Charges& charges, const DiffQuestion& question,
                     const std::vector<Dimension>& by, const std::string& where) {
  std::string names, items, groups = "1";
  for (std::size_t i = 0; i < by.size(); ++i) names += key_name(i) + ", ";
  for (const auto* name : kItemNames)
    items += std::string(", CASE WHEN kind = 'usage' THEN ") + name + " END";
  for (std::size_t i = 2; i <= by.size() + 6; ++i) groups += ", " + std::to_string(i);
  const auto sum = [](const char* column, const char* side) {
    return std::string("sum(") + column + ") FILTER (WHERE " + side + ")";
  };
  return "SELECT currency, " + names + "kind" + items + ", " + sum("cost", "is_before") + ", " +
         sum("cost", "is_after") + ", " + sum("reference", "is_before") + ", " +
         sum("reference", "is_after") + ", " + sum("quantity", "is_before") + ", " +
         sum("quantity", "is_after") +
         ", count(*) FILTER (WHERE is_before), count(*) FILTER (WHERE is_after) FROM (" +
         rows_sql(charges, question, by, where) + ") GROUP BY " + groups + " ORDER BY " + groups;
}

/// Holds for rows of usage whose item has this property, as add_items() tells it: "new", "gone",
/// "priced" on both sides with unit prices, "unpriced" on both without.
std::string item_condition(const Charges& charges, const DiffQuestion& question,
                           const std::vector<Dimension>& by, const std::string& where,
                           std::string_view property) {
  const auto row = row_sql(charges.schema, question.basis);
  std::string select = "currency AS i_currency", groups = "currency",
              same = "i_currency = " + currency_sql(charges);
  const auto match = [&](const std::string& name, const std::string& sql) {
    select += ", " + name + " AS i_" + name;
    groups += ", " + name;
    same += " AND i_" + name + " IS NOT DISTINCT FROM " + sql;
  };
  for (std::size_t i = 0; i < by.size(); ++i) match(key_name(i), key_text_sql(by[i]));
  for (std::size_t i = 0; i < 4; ++i) match(kItemNames[i], row.item[i]);
  const std::string before = "count(*) FILTER (WHERE is_before)",
                    after = "count(*) FILTER (WHERE is_after)";
  const auto quantity = [](const char* side) {
    return std::string("coalesce(sum(quantity) FILTER (WHERE ") + side + "), 0)";
  };
  const auto q = quantity("is_before"), q_after = quantity("is_after");
  const auto size = [](const std::string& sum) { return "abs(CAST(" + sum + " AS DOUBLE))"; };
  // The range of has_unit_prices(), in units of 1 instead of 10^-18.
  const auto priced = "(" + q + " <> 0 AND " + q_after + " <> 0 AND (" + q + " < 0) = (" + q_after +
                      " < 0) AND " + size(q_after) + " * " +
                      size("coalesce(sum(reference) FILTER (WHERE is_before), 0)") + " < 1e19 * " +
                      size(q) + ")";
  std::string having;
  if (property == "new") {
    having = before + " = 0";
  } else if (property == "gone") {
    having = before + " > 0 AND " + after + " = 0";
  } else {
    having =
        before + " > 0 AND " + after + " > 0 AND " + (property == "priced" ? "" : "NOT ") + priced;
  }
  return "EXISTS (SELECT 1 FROM (SELECT " + select + " FROM (" +
         rows_sql(charges, question, by, where) + ") WHERE kind = 'usage' GROUP BY " + groups +
         " HAVING " + having + ") WHERE " + same + ")";
}

struct Part {
  const char* name;
  const char* title;
  Decimal Waterfall::* member;
};
constexpr Part kParts[] = {{"price", "price", &Waterfall::price},
                           {"usage", "usage", &Waterfall::usage},
                           {"mix", "mix", &Waterfall::mix},
                           {"commitments", "commitments", &Waterfall::commitments},
                           {"new", "new", &Waterfall::added},
                           {"gone", "gone", &Waterfall::gone},
                           {"credits", "credits", &Waterfall::credits},
                           {"tax", "tax", &Waterfall::tax},
                           {"fees", "fees", &Waterfall::fees}};

void report_waterfall(const DiffAnswer& answer, Report& report, Question& asked) {
  report.columns = {{"part", "part", CellKind::kText},
                    {"currency", "currency", CellKind::kText},
                    {"amount", "amount", CellKind::kChange},
                    {"share", "of the change", CellKind::kShare}};
  for (const auto& [currency, totals] : answer.totals) {
    const auto& waterfall = totals.waterfall;
    const auto change = waterfall.change();
    const auto add = [&](const std::string& part, Decimal amount, bool part_of_change = true) {
      const bool share = part_of_change && change.units != 0;
      report.rows.push_back(
          {{part}, {currency}, {amount}, share ? Cell{ratio(amount, change)} : Cell{}});
      asked.figures.push_back({{}, false, currency, amount, part, {}, {}});
    };
    add("before", waterfall.before, false);
    for (const auto& part : kParts) add(part.name, waterfall.*part.member);
    add("rounding", waterfall.rounding());
    add("after", waterfall.after, false);
    report.totals.push_back({{std::string("change")}, {currency}, {change}, {}});
    asked.totals.push_back({{}, false, currency, change, "change", {}, {}});
  }
}

void report_keys(const DiffAnswer& answer, const std::vector<Dimension>& by, Report& report,
                 Question& asked) {
  for (const auto& dimension : by)
    report.columns.push_back({dimension.name, dimension.title, CellKind::kText});
  report.columns.push_back({"currency", "currency", CellKind::kText});
  report.columns.push_back({"before", "before", CellKind::kMoney});
  report.columns.push_back({"after", "after", CellKind::kMoney});
  report.columns.push_back({"change", "change", CellKind::kChange});
  for (const auto& part : kParts)
    report.columns.push_back({part.name, part.title, CellKind::kChange});
  report.columns.push_back({"rounding", "rounding", CellKind::kChange});
  const auto make_row = [&](std::vector<Cell> cells, const std::string& currency,
                            const Waterfall& waterfall) {
    cells.push_back({currency});
    cells.push_back({waterfall.before});
    cells.push_back({waterfall.after});
    cells.push_back({waterfall.change()});
    for (const auto& part : kParts) cells.push_back({waterfall.*part.member});
    cells.push_back({waterfall.rounding()});
    return cells;
  };
  const auto make_figure = [](const std::string& currency, const Waterfall& waterfall) {
    Figure figure;
    figure.currency = currency;
    figure.amount = waterfall.change();
    figure.part = "change";
    figure.columns = {{"before", waterfall.before},
                      {"after", waterfall.after},
                      {"rounding", waterfall.rounding()}};
    for (const auto& part : kParts) figure.columns[part.name] = waterfall.*part.member;
    return figure;
  };
  const auto labelled = [&](const std::string& label) {
    std::vector<Cell> cells(by.size());
    cells.front() = {label};
    return cells;
  };
  for (const auto& [currency, totals] : answer.totals) {
    Waterfall shown;
    std::int64_t count = 0;
    for (const auto& row : answer.rows) {
      if (row.currency != currency) continue;
      std::vector<Cell> cells;
      for (const auto& key : row.keys) cells.push_back(key ? Cell{*key} : Cell{});
      report.rows.push_back(make_row(std::move(cells), currency, row.waterfall));
      auto figure = make_figure(currency, row.waterfall);
      figure.keys = row.keys;
      asked.figures.push_back(std::move(figure));
      shown += row.waterfall;
      ++count;
    }
    if (totals.keys > count) {
      Waterfall rest = totals.waterfall;
      rest.before -= shown.before;
      rest.after -= shown.after;
      for (const auto& part : kParts) rest.*part.member -= shown.*part.member;
      report.rows.push_back(make_row(labelled(other_label(totals.keys - count)), currency, rest));
      auto figure = make_figure(currency, rest);
      figure.other = true;
      asked.figures.push_back(std::move(figure));
    }
    report.totals.push_back(make_row(labelled("total"), currency, totals.waterfall));
    asked.totals.push_back(make_figure(currency, totals.waterfall));
  }
}

/// The difference that a kept question asks for.
DiffQuestion diff_question(const Question& question) {
  DiffQuestion diff;
  diff.billing = question.billing_period.has_value();
  if (question.before) diff.before = *question.before;
  diff.after = diff.billing ? *question.billing_period : question.period.value_or(Period{});
  diff.basis = question.basis;
  return diff;
}

}  // namespace

Decimal Waterfall::rounding() const {
  return change() - price - usage - mix - commitments - added - gone - credits - tax - fees;
}

Waterfall& Waterfall::operator+=(const Waterfall& other) {
  before += other.before;
  after += other.after;
  for (const auto& part : kParts) this->*part.member += other.*part.member;
  return *this;
}

Result<Report> diff(Engine& engine, const Charges& charges, const DiffQuestion& question) {
  auto by = resolve_dimensions(question.by, charges.schema);
  if (!by) return pass(by);
  auto where = sql_of(question.where, charges.schema, question.basis);
  if (!where) return pass(where);
  DiffReader reader(by->size(), question.limit);
  auto streamed = engine.stream(diff_sql(charges, question, *by, *where),
                                [&](std::span<const ColumnView> columns, std::size_t rows) {
                                  return reader.take(columns, rows);
                                });
  if (!streamed) return pass(streamed);
  const auto answer = reader.finish();

  Report report;
  Question asked;
  asked.command = "diff";
  asked.lake = charges.lake;
  asked.version = charges.version;
  for (const auto& dimension : *by) asked.by.push_back(dimension.name);
  asked.basis = question.basis;
  (question.billing ? asked.billing_period : asked.period) = question.after;
  asked.before = question.before;
  asked.where = to_text(question.where);
  asked.limit = question.limit;
  report.title =
      "change from " + period_text(question.before) + " to " + period_text(question.after);
  if (by->empty()) {
    report_waterfall(answer, report, asked);
  } else {
    report_keys(answer, *by, report, asked);
  }
  const auto& after = question.after;
  report.provenance =
      provenance_of(charges, question.basis, question.billing ? std::optional<Period>() : after,
                    question.billing ? std::optional<Period>(after) : std::optional<Period>());
  report.provenance.rows = answer.lines;
  for (const auto& [currency, totals] : answer.totals) {
    report.provenance.currencies.push_back(currency);
    if (totals.waterfall.change().units != 0) report.findings = true;
  }
  if (question.before.days() != question.after.days()) {
    report.notes.push_back("the periods have " + std::to_string(question.before.days()) + " and " +
                           std::to_string(question.after.days()) +
                           " days: part of `usage` is the calendar");
  }
  if (answer.totals.empty()) report.notes.push_back("no charge matches in either period");
  report.question = to_json(asked);
  return report;
}

Result<Sides> sides_of_change(const Charges& charges, const Question& question,
                              const Figure& figure, const std::string& part,
                              const std::string& rows) {
  const auto asked = diff_question(question);
  auto by = resolve_dimensions(question.by, charges.schema);
  if (!by) return pass(by);
  const auto row = row_sql(charges.schema, question.basis);
  const auto has = [&](std::string_view property) {
    return item_condition(charges, asked, *by, rows, property);
  };
  const bool both = part != "before" && part != "after" && part != "new" && part != "gone";
  Sides sides;
  /// Rows of `condition` count `amount` after, and the opposite before.
  const auto add = [&](const std::string& condition, const std::string& amount) {
    const auto relation = sql_identifier(charges.view);
    const auto all = "(" + rows + ") AND (" + condition + ")";
    if (both || part == "after" || part == "new")
      sides.push_back({relation, in_period(asked.after, asked.billing) + " AND " + all, amount});
    if (both || part == "before" || part == "gone") {
      sides.push_back({relation, in_period(asked.before, asked.billing) + " AND " + all,
                       part == "before" ? amount : "-(" + amount + ")"});
    }
  };
  const auto kind = [&](const std::string& name) { return row.kind + " = '" + name + "'"; };
  const auto usage = kind("usage") + " AND ";
  if (!figure.item.empty()) {
    auto condition = usage + has("priced");
    for (std::size_t i = 0; i < figure.item.size() && i < 4; ++i) {
      const auto& value = figure.item[i];
      condition +=
          " AND " + row.item[i] + (value ? " = " + sql_literal(*value) : std::string(" IS NULL"));
    }
    add(condition, row.reference);
  } else if (part == "new" || part == "gone") {
    add(usage + has(part), row.reference);
  } else if (part == "credits" || part == "tax") {
    add(kind(part), row.cost);
  } else if (part == "commitments") {
    add(kind(part), row.cost);
    if (row.reference != row.cost)
      add(usage + column_or_null(charges.schema, "CommitmentDiscountId") + " IS NOT NULL",
          row.cost + " - (" + row.reference + ")");
  } else if (part == "fees") {
    add(kind(part), row.cost);
    add(usage + has("unpriced"), row.reference);
  } else if (part == "before" || part == "after" || part == "change") {
    add("true", row.cost);
  }
  return sides;
}

Result<std::vector<ItemPart>> items_of_change(Engine& engine, const Charges& charges,
                                              const Question& question, const std::string& part,
                                              const std::string& rows) {
  auto by = resolve_dimensions(question.by, charges.schema);
  if (!by) return pass(by);
  std::vector<ItemPart> parts;
  DiffReader reader(
      by->size(), 1,
      [&](const KeyRow& row, const Item& item, bool family, std::string_view name, Decimal amount) {
        if (name != part || amount.units == 0) return;
        ItemPart entry;
        entry.keys = row.keys;
        entry.item = {item.service, item.unit};
        if (!family) entry.item.insert(entry.item.end(), {item.region, item.sku});
        entry.quantity_before = item.quantity_before;
        entry.quantity_after = item.quantity_after;
        entry.cost_before = item.cost_before;
        entry.cost_after = item.cost_after;
        entry.amount = amount;
        parts.push_back(std::move(entry));
      });
  auto streamed = engine.stream(diff_sql(charges, diff_question(question), *by, rows),
                                [&](std::span<const ColumnView> columns, std::size_t count) {
                                  return reader.take(columns, count);
                                });
  if (!streamed) return pass(streamed);
  reader.finish();
  return parts;
}

}  // namespace steelyard
