#include "ledger/explain.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/text.h"
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
std::string file_name(const Charges& charges, const std::string& delivery, std::int64_t index,
                      const std::string& source, const std::string& period) {
  if (index < 0) return "";
  const auto at = static_cast<std::size_t>(index);
  for (const auto& active : charges.deliveries) {
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

Result<Report> explain(Engine& engine, const Charges& charges, std::string_view text,
                       const ExplainOptions& options) {
  auto parsed = parse_question(text);
  if (!parsed) return pass(parsed);
  const auto& question = *parsed;
  const Figure* figure = nullptr;
  if (options.row >= 0) {
    if (static_cast<std::size_t>(options.row) >= question.figures.size()) {
      return fail("SY1542", "the report has no row " + std::to_string(options.row + 1),
                  figure_id(text), "it has " + std::to_string(question.figures.size()) + " rows");
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
      return fail("SY1542", "this report has no total that is a sum of lines", figure_id(text),
                  "ask top, diff or reconcile");
    if (figure == nullptr)
      return fail("SY1542", "which total?", figure_id(text),
                  "add --currency, one of " + join(currencies, ", "));
  }
  if (!figure->lines) {
    return fail("SY1542", "this figure is calculated from sums, not a sum of lines",
                figure_id(text), "explain the amounts before and after, or ask diff with --by");
  }

  auto asked = parse_filter(question.where);
  if (!asked) return pass(asked);
  const auto filter = both(std::move(*asked), rows_of(question, *figure));
  auto condition = sql_of(filter, charges.schema, question.basis);
  if (!condition) return pass(condition);
  // In a difference the lines of the earlier period count with the opposite sign.
  std::string now = "true", earlier = "false";
  if (question.before) {
    const bool billing = question.billing_period.has_value();
    const auto in = [&](const Period& period) {
      return billing ? sql_in_billing_period(period) : sql_in_charge_period(period);
    };
    if (figure->side != "before") now = in(billing ? *question.billing_period : *question.period);
    if (figure->side == "before") now = in(*question.before);
    if (figure->side.empty()) earlier = in(*question.before);
  } else {
    if (question.period) now = sql_in_charge_period(*question.period);
    if (question.billing_period) now += " AND " + sql_in_billing_period(*question.billing_period);
  }
  // A row of both periods counts once on each side.
  const bool two_sides = earlier != "false";
  const auto cost = cost_sql(question.basis);
  const auto sides = [&](const std::string& columns) {
    std::string sql = "SELECT " + columns + ", " + cost + " AS amount FROM " +
                      sql_identifier(charges.view) + " WHERE (" + now + ") AND " + *condition;
    if (two_sides) {
      sql += " UNION ALL SELECT " + columns + ", -" + cost + " FROM " +
             sql_identifier(charges.view) + " WHERE (" + earlier + ") AND " + *condition;
    }
    return "(" + sql + ")";
  };
  const auto delivery = column_or_null(charges, "x_DeliveryId", Type::kText) + " AS delivery, " +
                        column_or_null(charges, "x_Source", Type::kText) + " AS source, " +
                        column_or_null(charges, "x_BillingPeriod", Type::kText) +
                        " AS billing_period, " +
                        column_or_null(charges, "x_SourceFile", Type::kInt64) + " AS file";

  Report report;
  const auto& currency = figure->currency;
  report.title = "lines behind " + to_text(figure->amount, currency_of(currency).decimals, true) +
                 " " + currency + " (" + std::string(name(question.basis)) + ")";
  Decimal sum;
  std::int64_t lines = 0;
  auto files = engine.query(
      "SELECT delivery, source, billing_period, file, count(*) AS n, sum(amount) AS amount FROM " +
      sides(delivery) + " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
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
    const auto path = file_name(charges, row[0].text(), index, row[1].text(), row[2].text());
    auto& file = by_file[{path, row[0].text()}];
    if (!path.empty()) file.path = {path};
    file.delivery = row[0];
    file.amount += decimal_of(row[5]);
    file.lines += integer_of(row[4]);
  }
  if (sum != figure->amount) {
    auto error = fail("SY1541", "the lines do not sum to the figure", figure_id(text),
                      "ask the question again, or run 'steelyard check'");
    error.value().notes = {"figure " + to_text(figure->amount) + " " + currency,
                           "lines  " + to_text(sum) + " " + currency};
    return error;
  }

  Question own;
  own.command = "explain";
  own.lake = question.lake;
  own.version = charges.version;
  own.basis = question.basis;
  own.options = figure_id(text) + " " + std::to_string(options.row);
  own.totals.push_back({{}, false, false, currency, sum, ""});
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
  auto answer =
      engine.query("SELECT * FROM " + sides(columns) +
                   " ORDER BY abs(amount) DESC, amount DESC, delivery, billing_period, file, line" +
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
  Decimal listed;
  for (auto& row : answer->rows) {
    const auto index = row[3].is_null() ? -1 : integer_of(row[3]);
    const auto path = file_name(charges, row[0].text(), index, row[1].text(), row[2].text());
    const auto amount = decimal_of(row[12]);
    listed += amount;
    report.rows.push_back({path.empty() ? Cell{} : Cell{path},
                           row[4],
                           row[0],
                           row[5],
                           row[6],
                           row[7],
                           row[8],
                           row[9],
                           row[10],
                           row[11],
                           {currency},
                           {amount}});
  }
  const auto more = lines - static_cast<std::int64_t>(report.rows.size());
  if (more > 0) {
    std::vector<Cell> rest(report.columns.size());
    rest[0] = {other_label(more)};
    rest[10] = {currency};
    rest[11] = {sum - listed};
    report.rows.push_back(std::move(rest));
  }
  std::vector<Cell> total(report.columns.size());
  total[0] = {std::string("total")};
  total[10] = {currency};
  total[11] = {sum};
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
