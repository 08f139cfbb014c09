#include "ledger/explain.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/lines.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

std::optional<Period> hull(const std::optional<Period>& a, const std::optional<Period>& b) {
  if (!a || !b) return a ? a : b;
  return Period{std::min(a->begin, b->begin), std::max(a->end, b->end), ""};
}

/// The rows that a figure's keys name.
Filter filter_of(const Question& question, const Figure& figure) {
  Filter filter;
  for (std::size_t i = 0; i < question.by.size() && i < figure.keys.size(); ++i) {
    const auto& key = figure.keys[i];
    filter = both(std::move(filter), equals(question.by[i], key ? &*key : nullptr));
  }
  return filter;
}

Filter filter_of_currency(const std::string& currency) {
  if (!currency.empty()) return equals("currency", &currency);
  Filter none;
  none.kind = Filter::Kind::kIn;
  none.name = "currency";
  none.values = {""};
  Filter either;
  either.kind = Filter::Kind::kOr;
  either.parts = {equals("currency", nullptr), none};
  return either;
}

/// The rows of a figure, without the periods.
Filter rows_of(const Question& question, const Figure& figure) {
  auto filter = both(filter_of_currency(figure.currency), filter_of(question, figure));
  if (!figure.other) return filter;
  for (const auto& shown : question.figures) {
    if (shown.other || shown.currency != figure.currency) continue;
    filter = both(std::move(filter), negate(filter_of(question, shown)));
  }
  return filter;
}

/// A description of where a line came from: the file as it was delivered.
std::string file_name(const Charges& charges, const std::vector<ActiveDelivery>& deliveries,
                      const std::string& delivery, std::int64_t index, const std::string& source,
                      const std::string& period) {
  if (index < 0) return "";
  const auto at = static_cast<std::size_t>(index);
  for (const auto& active : deliveries) {
    const auto& record = active.record;
    if (record.delivery_id != delivery || record.source != source ||
        record.billing_period != period)
      continue;
    return at < record.files.size() ? record.files[at].path : "";
  }
  return at < charges.file_names.size() ? charges.file_names[at] : "";
}

bool has_column(const Charges& charges, std::string_view name) {
  return std::any_of(charges.schema.begin(), charges.schema.end(),
                     [&](const SchemaField& field) { return field.name == name; });
}

/// A column of the view, or null where these charges have no such column.
std::string column_or_null(const Charges& charges, std::string_view name, Type type) {
  if (has_column(charges, name)) return sql_identifier(name);
  return "CAST(NULL AS " + std::string(sql_type(type)) + ")";
}

}  // namespace

std::string figure_id(std::string_view question) {
  static constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz234567";
  const auto hash = sha256_hex(question);
  const auto nibble = [&](std::size_t i) {
    return hash[i] <= '9' ? hash[i] - '0' : hash[i] - 'a' + 10;
  };
  std::string id;
  unsigned bits = 0;
  int count = 0;
  for (std::size_t i = 0; id.size() < 10; ++i) {
    bits = (bits << 4) | static_cast<unsigned>(nibble(i));
    count += 4;
    if (count >= 5) {
      count -= 5;
      id += kDigits[(bits >> count) & 31];
      bits &= (1U << count) - 1;
    }
  }
  return id;
}

Result<QuestionScope> scope_of(std::string_view text) {
  auto question = parse_question(text);
  if (!question) return pass(question);
  QuestionScope scope;
  scope.command = question->command;
  scope.lake = question->lake;
  scope.version = question->version;
  scope.version_before = question->version_before;
  const auto& now = question->period ? question->period : question->billing_period;
  if (question->period && !question->billing_period)
    scope.period = question->before ? hull(now, question->before) : now;
  if (question->billing_period && !question->period)
    scope.billing_period = question->before ? hull(now, question->before) : now;
  scope.rows = static_cast<std::int64_t>(question->figures.size());
  return scope;
}

namespace {

/// A figure that was found in a question: its amount may be that of another column.
struct Found {
  Figure figure;
  std::string part;
  Decimal amount;
};

Result<Found> find_figure(const Question& question, const std::string& id,
                          const ExplainOptions& options) {
  const Figure* figure = nullptr;
  if (options.row >= 0) {
    const auto rows = question.figures.size();
    if (static_cast<std::size_t>(options.row) >= rows) {
      return fail("SY1542", "the report has no row " + std::to_string(options.row + 1), id,
                  rows == kMaxFigures
                      ? "only its first " + with_thousands(static_cast<std::int64_t>(rows)) +
                            " rows are kept: ask with --where or --limit"
                      : "it has " + std::to_string(rows) + " rows");
    }
    figure = &question.figures[static_cast<std::size_t>(options.row)];
  } else {
    std::vector<std::string> currencies;
    for (const auto& total : question.totals) {
      currencies.push_back(total.currency);
      if (options.currency.empty() ? question.totals.size() == 1
                                   : equals_ignoring_case(total.currency, options.currency))
        figure = &total;
    }
    if (currencies.empty())
      return fail("SY1542", "this report has no total", id,
                  "name one of its rows: steelyard explain " + id + ":1");
    if (figure == nullptr)
      return fail("SY1542", "which total?", id, "add --currency, one of " + join(currencies, ", "));
  }
  Found found{*figure, figure->part, figure->amount};
  if (!options.column.empty() && options.column != figure->part) {
    const auto column = figure->columns.find(to_lower(options.column));
    if (column == figure->columns.end()) {
      std::vector<std::string> names;
      for (const auto& [name, amount] : figure->columns) names.push_back(name);
      return fail("SY1542", "the row has no amount `" + options.column + "` to explain", id,
                  names.empty() ? "leave the column out" : "it has " + join(names, ", "));
    }
    found.part = column->first;
    found.amount = column->second;
  }
  return found;
}

/// The rows behind a figure; empty where it is calculated from sums.
Result<Sides> sides_of(Engine& engine, const Charges& charges, const Question& question,
                       const Found& found, const std::string& rows, const ExplainOptions& options) {
  if (question.command == "identities")
    return sides_of_identity(engine, charges, question, found.figure);
  if (question.command == "diff versions") {
    if (options.store == nullptr)
      return fail("SY1542", "two versions of a lake are needed to explain this figure");
    return sides_of_versions(engine, *options.store, question, found.figure, found.part);
  }
  if (question.command == "diff")
    return sides_of_change(charges, question, found.figure, found.part, rows);
  const auto relation = sql_identifier(charges.view), cost = cost_sql(question.basis);
  Sides sides;
  if (found.part != "before") {
    std::string now = "true";
    if (question.period) now = sql_in_charge_period(*question.period);
    if (question.billing_period) now += " AND " + sql_in_billing_period(*question.billing_period);
    sides.push_back({relation, now + " AND " + rows, cost});
  }
  if (!found.part.empty() && question.before) {
    const auto earlier = question.period ? sql_in_charge_period(*question.before)
                                         : sql_in_billing_period(*question.before);
    sides.push_back(
        {relation, earlier + " AND " + rows, found.part == "before" ? cost : "-" + cost});
  }
  return sides;
}

/// Deliveries that a line may have come with, also those that were replaced since.
Result<std::vector<ActiveDelivery>> deliveries_behind(const Charges& charges,
                                                      const Question& question,
                                                      const ExplainOptions& options) {
  if (question.command != "diff versions" || options.store == nullptr) return charges.deliveries;
  return all_deliveries(*options.store, std::max(question.version, question.version_before));
}

Error unequal(const std::string& id, const std::string& currency, Decimal figure, Decimal sum) {
  Error error{"SY1541",
              "the lines do not sum to the figure",
              id,
              "ask the question again, or run 'steelyard check'",
              {}};
  error.notes = {"figure " + to_text(figure) + " " + currency,
                 "lines  " + to_text(sum) + " " + currency};
  return error;
}

std::string title_of(const char* what, const Found& found, const Question& question) {
  const auto& currency = found.figure.currency;
  return std::string(what) + " behind " +
         to_text(found.amount, currency_of(currency).decimals, true) + " " + currency + " (" +
         (found.part.empty() || question.command == "identities" ? "" : found.part + ", ") +
         std::string(name(question.basis)) + ")";
}

Result<Report> explain_items(Engine& engine, const Charges& charges, const Question& question,
                             const Found& found, const std::string& rows, const std::string& id,
                             const ExplainOptions& options) {
  auto items = items_of_change(engine, charges, question, found.part, rows);
  if (!items) return pass(items);
  Decimal sum;
  for (const auto& item : *items) sum += item.amount;
  const auto& currency = found.figure.currency;
  if (sum != found.amount) return fail(unequal(id, currency, found.amount, sum));
  const auto size = [](Decimal amount) { return amount.units < 0 ? -amount : amount; };
  std::stable_sort(items->begin(), items->end(), [&](const ItemPart& a, const ItemPart& b) {
    return size(a.amount) > size(b.amount);
  });

  Report report;
  report.title = title_of("items", found, question);
  for (const auto& name : question.by) {
    auto dimension = resolve_dimension(name, charges.schema);
    if (!dimension) return pass(dimension);
    report.columns.push_back({dimension->name, dimension->title, CellKind::kText});
  }
  const auto keys = report.columns.size();
  for (const auto& column :
       {ReportColumn{"item_service", "of service", CellKind::kText},
        ReportColumn{"item_unit", "unit", CellKind::kText},
        ReportColumn{"item_region", "region", CellKind::kText},
        ReportColumn{"item_sku", "SKU", CellKind::kText},
        ReportColumn{"quantity_before", "quantity before", CellKind::kQuantity},
        ReportColumn{"quantity_after", "quantity after", CellKind::kQuantity},
        ReportColumn{"currency", "currency", CellKind::kText},
        ReportColumn{"before", "before", CellKind::kMoney},
        ReportColumn{"after", "after", CellKind::kMoney},
        ReportColumn{"change", "change", CellKind::kChange},
        ReportColumn{"amount", found.part, CellKind::kChange}})
    report.columns.push_back(column);
  Question own = question;
  own.limit = options.limit;
  own.options = id + " " + std::to_string(options.row) + " " + found.part;
  own.figures.clear();
  own.totals.clear();
  Decimal listed;
  for (const auto& item : *items) {
    if (options.limit > 0 && report.rows.size() >= static_cast<std::size_t>(options.limit)) break;
    std::vector<Cell> cells;
    for (const auto& key : item.keys) cells.push_back(key ? Cell{*key} : Cell{});
    for (const auto& value : item.item) cells.push_back(value ? Cell{*value} : Cell{});
    cells.resize(keys + 4);
    const auto change = item.cost_after - item.cost_before;
    cells.insert(cells.end(), {{item.quantity_before},
                               {item.quantity_after},
                               {currency},
                               {item.cost_before},
                               {item.cost_after},
                               {change},
                               {item.amount}});
    report.rows.push_back(std::move(cells));
    listed += item.amount;
    Figure figure;
    figure.keys = item.keys;
    figure.currency = currency;
    figure.amount = change;
    figure.part = "change";
    figure.columns = {{"before", item.cost_before}, {"after", item.cost_after}};
    figure.item = item.item;
    own.figures.push_back(std::move(figure));
  }
  const auto label = [&](const std::string& text, Decimal amount) {
    std::vector<Cell> cells(report.columns.size());
    cells[0] = {text};
    cells[keys + 6] = {currency};
    cells.back() = {amount};
    return cells;
  };
  const auto count = static_cast<std::int64_t>(items->size());
  if (const auto more = count - static_cast<std::int64_t>(report.rows.size()); more > 0)
    report.rows.push_back(label(other_label(more), sum - listed));
  report.totals.push_back(label("total", sum));
  report.notes = {"`" + found.part + "` is calculated from sums, so it has no lines of its own: " +
                      with_thousands(count) + (count == 1 ? " item sums" : " items sum") +
                      " to the figure exactly: " + to_text(sum) + " " + currency,
                  "a row without region and SKU is all items of its service and unit; a row's id "
                  "leads to the lines behind its change"};
  report.question = to_json(own);
  report.provenance =
      provenance_of(charges, question.basis, question.period, question.billing_period);
  report.provenance.currencies = {currency};
  return report;
}

}  // namespace

Result<Report> explain(Engine& engine, const Charges& charges, std::string_view text,
                       const ExplainOptions& options) {
  auto parsed = parse_question(text);
  if (!parsed) return pass(parsed);
  const auto& question = *parsed;
  const auto id = figure_id(text);
  auto found = find_figure(question, id, options);
  if (!found) return pass(found);
  const bool versions = question.command == "diff versions";
  auto asked = parse_filter(question.where);
  if (!asked) return pass(asked);
  // Two versions and identities select by what they found, not by the filter alone.
  Filter filter;
  if (!versions && question.command != "identities")
    filter = both(std::move(*asked), rows_of(question, found->figure));
  auto rows = sql_of(filter, charges.schema, question.basis);
  if (!rows) return pass(rows);
  auto sides = sides_of(engine, charges, question, *found, *rows, options);
  if (!sides) return pass(sides);
  if (sides->empty()) return explain_items(engine, charges, question, *found, *rows, id, options);
  auto deliveries = deliveries_behind(charges, question, options);
  if (!deliveries) return pass(deliveries);
  // A row of both periods counts once on each side.
  const auto lines_sql = [&](const std::string& columns) {
    std::string sql;
    for (const auto& side : *sides)
      sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + columns + ", " + side.amount +
             " AS amount FROM " + side.relation + " WHERE " + side.condition;
    return "(" + sql + ")";
  };
  const auto delivery = column_or_null(charges, "x_DeliveryId", Type::kText) + " AS delivery, " +
                        column_or_null(charges, "x_Source", Type::kText) + " AS source, " +
                        column_or_null(charges, "x_BillingPeriod", Type::kText) +
                        " AS billing_period, " +
                        column_or_null(charges, "x_SourceFile", Type::kInt64) + " AS file";

  Report report;
  const auto& currency = found->figure.currency;
  report.title = title_of("lines", *found, question);
  Decimal sum;
  std::int64_t lines = 0;
  auto files = engine.query(
      "SELECT delivery, source, billing_period, file, count(*) AS n, sum(amount) AS amount FROM " +
      lines_sql(delivery) + " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
  if (!files) return pass(files);
  struct FileSum {
    Cell path, delivery;
    Decimal amount;
    std::int64_t lines = 0;
  };
  std::map<std::pair<std::string, std::string>, FileSum> by_file;
  for (const auto& row : files->rows) {
    sum += decimal_of(row[5]);
    lines += integer_of(row[4]);
    const auto index = row[3].is_null() ? -1 : integer_of(row[3]);
    const auto path =
        file_name(charges, *deliveries, row[0].text(), index, row[1].text(), row[2].text());
    auto& file = by_file[{path, row[0].text()}];
    if (!path.empty()) file.path = {path};
    file.delivery = row[0];
    file.amount += decimal_of(row[5]);
    file.lines += integer_of(row[4]);
  }
  if (sum != found->amount) return fail(unequal(id, currency, found->amount, sum));

  Question own;
  own.command = "explain";
  own.lake = question.lake;
  own.version = charges.version;
  own.basis = question.basis;
  own.options = id + " " + std::to_string(options.row) + " " + found->part;
  report.question = to_json(own);
  report.provenance =
      provenance_of(charges, question.basis, question.period, question.billing_period);
  report.provenance.currencies = {currency};
  report.provenance.rows = lines;

  if (options.files_only) {
    report.columns = {{"file", "file", CellKind::kText},
                      {"delivery", "delivery", CellKind::kText},
                      {"currency", "currency", CellKind::kText},
                      {"amount", "amount", CellKind::kMoney},
                      {"lines", "lines", CellKind::kCount}};
    for (const auto& [key, file] : by_file)
      report.rows.push_back({file.path, file.delivery, {currency}, {file.amount}, {file.lines}});
    report.totals.push_back({{std::string("total")}, {}, {currency}, {sum}, {lines}});
    return report;
  }

  const std::pair<const char*, Type> shown[] = {
      {"ChargePeriodStart", Type::kInstant}, {"ServiceName", Type::kText},
      {"ResourceId", Type::kText},           {"ChargeCategory", Type::kText},
      {"ChargeDescription", Type::kText},    {"PricingQuantity", Type::kDecimal},
      {"PricingUnit", Type::kText}};
  std::string columns =
      delivery + ", " + column_or_null(charges, "x_SourceRow", Type::kInt64) + " AS line";
  for (const auto& [column, type] : shown)
    columns += ", " + column_or_null(charges, column, type) + " AS " + sql_identifier(column);
  if (versions) columns += ", state, place, moved";
  auto answer =
      engine.query("SELECT * FROM " + lines_sql(columns) + " ORDER BY " +
                   (versions ? "moved DESC, place, state DESC, " : "") +
                   "abs(amount) DESC, amount DESC, delivery, billing_period, file, line" +
                   (options.limit > 0 ? " LIMIT " + std::to_string(options.limit) : std::string()));
  if (!answer) return pass(answer);
  report.columns = {{"file", "file", CellKind::kText},
                    {"line", "line", CellKind::kCount},
                    {"delivery", "delivery", CellKind::kText},
                    {"charge_period_start", "from", CellKind::kInstant},
                    {"service", "service", CellKind::kText},
                    {"resource", "resource", CellKind::kText},
                    {"category", "category", CellKind::kText},
                    {"description", "description", CellKind::kText},
                    {"quantity", "quantity", CellKind::kQuantity},
                    {"unit", "unit", CellKind::kText},
                    {"currency", "currency", CellKind::kText},
                    {"amount", "amount", CellKind::kMoney}};
  if (versions)
    report.columns.insert(report.columns.end() - 2, {"state", "state", CellKind::kText});
  Decimal listed;
  for (auto& row : answer->rows) {
    const auto index = row[3].is_null() ? -1 : integer_of(row[3]);
    const auto path =
        file_name(charges, *deliveries, row[0].text(), index, row[1].text(), row[2].text());
    const auto amount = decimal_of(row.back());
    listed += amount;
    report.rows.push_back({path.empty() ? Cell{} : Cell{path}, row[4], row[0], row[5], row[6],
                           row[7], row[8], row[9], row[10], row[11]});
    auto& cells = report.rows.back();
    if (versions) cells.push_back(row[12]);
    cells.push_back({currency});
    cells.push_back({amount});
  }
  const auto more = lines - static_cast<std::int64_t>(report.rows.size());
  if (more > 0) {
    std::vector<Cell> rest(report.columns.size());
    rest[0] = {other_label(more)};
    rest[rest.size() - 2] = {currency};
    rest.back() = {sum - listed};
    report.rows.push_back(std::move(rest));
  }
  std::vector<Cell> total(report.columns.size());
  total[0] = {std::string("total")};
  total[total.size() - 2] = {currency};
  total.back() = {sum};
  report.totals.push_back(std::move(total));
  report.notes.push_back(with_thousands(lines) + (lines == 1 ? " line sums" : " lines sum") +
                         " to the figure exactly: " + to_text(sum) + " " + currency);
  constexpr std::size_t kMaxFileNotes = 10;
  std::size_t noted = 0;
  for (const auto& [key, file] : by_file) {
    if (noted++ == kMaxFileNotes) break;
    report.notes.push_back(
        (file.path.is_null() ? std::string("(file not known)") : file.path.text()) + ": " +
        with_thousands(file.lines) + (file.lines == 1 ? " line, " : " lines, ") +
        to_text(file.amount) + " " + currency);
  }
  if (by_file.size() > kMaxFileNotes)
    report.notes.push_back("and " + std::to_string(by_file.size() - kMaxFileNotes) +
                           " more files (--files lists all)");
  return report;
}

}  // namespace steelyard
