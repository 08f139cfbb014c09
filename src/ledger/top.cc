#include "ledger/top.h"

#include <algorithm>
#include <map>

#include "base/assert.h"
#include "base/text.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

struct Group {
  std::vector<Cell> keys;
  std::vector<std::optional<std::string>> join;  ///< keys as the engine writes them
  std::string currency;
  Decimal amount, before;
  std::int64_t rows = 0;
  std::vector<Decimal> series;
};

struct CurrencyTotal {
  Decimal amount, before;
  std::int64_t rows = 0, groups = 0;
  std::vector<Decimal> series, other_series;
};

/// The pieces of SQL that both statements need.
struct Plan {
  std::vector<Dimension> by;
  std::string currency, cost;
  std::string now;        ///< rows of the period asked for
  std::string selection;  ///< those and, with compare, the rows of the period before
  std::optional<Period> before;
};

Result<Plan> make_plan(const Charges& charges, const TopQuestion& question) {
  Plan plan;
  auto by = resolve_dimensions(question.by, charges.schema);
  if (!by) return pass(by);
  plan.by = std::move(*by);
  plan.currency = currency_sql(charges);
  plan.cost = cost_sql(question.basis);
  const auto& span = question.period ? question.period : question.billing_period;
  if ((question.compare || question.series != Grain::kNone) && !span) {
    return fail("SY1505", "a comparison or a series needs a period", {},
                "add --period or --billing-period");
  }
  auto where = sql_of(question.where, charges.schema, question.basis);
  if (!where) return pass(where);
  plan.now = "true";
  if (question.period) plan.now = sql_in_charge_period(*question.period);
  // A question with both periods compares charge periods within the same bills only where one
  // filter is given.
  if (question.billing_period)
    plan.now += " AND " + sql_in_billing_period(*question.billing_period);
  plan.selection = plan.now;
  if (question.compare) {
    plan.before = period_before(*span);
    const auto earlier =
        question.period ? sql_in_charge_period(*plan.before) : sql_in_billing_period(*plan.before);
    plan.selection = "((" + plan.now + ") OR " + earlier + ")";
  }
  plan.selection += " AND " + *where;
  return plan;
}

std::string key_name(std::size_t index) { return "k" + std::to_string(index); }

Result<std::vector<Group>> read_groups(Engine& engine, const Charges& charges,
                                       const TopQuestion& question, const Plan& plan,
                                       std::map<std::string, CurrencyTotal>& totals) {
  const auto count = plan.by.size();
  std::string keys, names, casts, order, nulls;
  for (std::size_t i = 0; i < count; ++i) {
    keys += sql_of(plan.by[i]) + " AS " + key_name(i) + ", ";
    names += key_name(i) + ", ";
    casts += "CAST(" + key_name(i) + " AS VARCHAR), ";
    order += ", " + key_name(i) + " ASC NULLS LAST";
    nulls += "NULL, NULL, ";
  }
  std::string groups;
  for (std::size_t i = 0; i < count + 1; ++i) groups += (i ? ", " : "") + std::to_string(i + 1);
  const std::string zero = "CAST(0 AS DECIMAL(38,18))";
  const auto sum_where = [&](const std::string& condition) {
    return "coalesce(sum(" + plan.cost + ") FILTER (WHERE " + condition + "), " + zero + ")";
  };
  std::string sums;
  if (question.compare) {
    const auto earlier =
        question.period ? sql_in_charge_period(*plan.before) : sql_in_billing_period(*plan.before);
    sums = sum_where(plan.now) + " AS amount, " + sum_where(earlier) +
           " AS before, count(*) FILTER (WHERE " + plan.now + ") AS n";
  } else {
    sums = "coalesce(sum(" + plan.cost + "), " + zero + ") AS amount, " + zero +
           " AS before, count(*) AS n";
  }
  std::string key_columns;
  for (std::size_t i = 0; i < count; ++i)
    key_columns += key_name(i) + ", CAST(" + key_name(i) + " AS VARCHAR), ";
  const auto limit =
      question.limit > 0 ? " WHERE place <= " + std::to_string(question.limit) : std::string();
  const auto sql =
      "WITH g AS MATERIALIZED (SELECT " + keys + plan.currency + " AS currency, " + sums +
      " FROM " + sql_identifier(charges.view) + " WHERE " + plan.selection + " GROUP BY " + groups +
      "), ranked AS (SELECT *, row_number() OVER (PARTITION BY currency ORDER BY amount DESC" +
      order + ") AS place FROM g) SELECT place, " + key_columns +
      "currency, amount, before, n, CAST(0 AS BIGINT) AS g FROM ranked" + limit +
      " UNION ALL SELECT 0, " + nulls +
      "currency, sum(amount), sum(before), CAST(sum(n) AS BIGINT), count(*) FROM g GROUP BY "
      "currency" +
      " ORDER BY currency, place";
  auto answer = engine.query(sql);
  if (!answer) return pass(answer);
  std::vector<Group> result;
  for (auto& row : answer->rows) {
    const auto place = integer_of(row[0]);
    const auto at = 1 + 2 * count;
    if (place == 0) {
      auto& total = totals[row[at].text()];
      total.amount = decimal_of(row[at + 1]);
      total.before = decimal_of(row[at + 2]);
      total.rows = integer_of(row[at + 3]);
      total.groups = integer_of(row[at + 4]);
      continue;
    }
    Group group;
    for (std::size_t i = 0; i < count; ++i) {
      group.join.push_back(text_of(row[2 + 2 * i]));
      group.keys.push_back(std::move(row[1 + 2 * i]));
    }
    group.currency = row[at].text();
    group.amount = decimal_of(row[at + 1]);
    group.before = decimal_of(row[at + 2]);
    group.rows = integer_of(row[at + 3]);
    result.push_back(std::move(group));
  }
  return result;
}

std::int64_t bucket_of(Date date, Grain grain) {
  return grain == Grain::kDay ? days_from_civil(date)
                              : static_cast<std::int64_t>(date.year) * 12 + date.month - 1;
}

Date day_before(Date date) { return civil_from_days(days_from_civil(date) - 1); }

/// Second pass: the amounts of the rows that are shown, by day or month. Charges that begin outside
/// the period (a billing period has some) count for its first or last bucket, so that a series
/// always sums to its row.
Status read_series(Engine& engine, const Charges& charges, const TopQuestion& question,
                   const Plan& plan, std::vector<Group>& groups,
                   std::map<std::string, CurrencyTotal>& totals) {
  const auto& span = question.period ? question.period : question.billing_period;
  const auto first = bucket_of(span->begin, question.series);
  const auto last = bucket_of(day_before(span->end), question.series);
  const auto buckets = static_cast<std::size_t>(last - first + 1);
  for (auto& group : groups) group.series.assign(buckets, Decimal{});
  for (auto& [currency, total] : totals) {
    total.series.assign(buckets, Decimal{});
    total.other_series.assign(buckets, Decimal{});
  }
  if (groups.empty()) return {};

  std::string values, condition, names;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    values += std::string(g ? ", " : "") + "(CAST(" + std::to_string(g) + " AS BIGINT), " +
              sql_literal(groups[g].currency);
    for (const auto& key : groups[g].join)
      values += ", " + (key ? sql_literal(*key) : std::string("CAST(NULL AS VARCHAR)"));
    values += ")";
  }
  for (std::size_t i = 0; i < plan.by.size(); ++i) {
    names += ", " + key_name(i);
    condition += " AND t." + key_name(i) + " IS NOT DISTINCT FROM CAST(" + sql_of(plan.by[i]) +
                 " AS VARCHAR)";
  }
  const std::string bucket =
      question.series == Grain::kDay
          ? "CAST(floor(epoch_us(\"ChargePeriodStart\") / 86400000000) AS BIGINT)"
          : "CAST(year(\"ChargePeriodStart\") * 12 + month(\"ChargePeriodStart\") - 1 AS BIGINT)";
  auto where = sql_of_selection(question.period, question.billing_period, question.where,
                                charges.schema, question.basis);
  if (!where) return pass(where);
  const auto sql =
      "SELECT coalesce(t.place, -1), c.currency, c.bucket, sum(c.amount) FROM (SELECT *, " +
      plan.currency + " AS currency, " + "greatest(" + std::to_string(first) + ", least(" +
      std::to_string(last) + ", coalesce(" + bucket + ", " + std::to_string(first) +
      "))) AS bucket, " + plan.cost + " AS amount FROM " + sql_identifier(charges.view) +
      " WHERE " + *where + ") c LEFT JOIN (VALUES " + values + ") t(place, currency" + names +
      ") ON t.currency = c.currency" + condition + " GROUP BY 1, 2, 3";
  auto answer = engine.query(sql);
  if (!answer) return pass(answer);
  for (const auto& row : answer->rows) {
    const auto place = integer_of(row[0]);
    const auto index = static_cast<std::size_t>(integer_of(row[2]) - first);
    const auto amount = decimal_of(row[3]);
    auto& total = totals[row[1].text()];
    SY_ASSERT(index < buckets && total.series.size() == buckets);
    total.series[index] += amount;
    (place < 0 ? total.other_series : groups[static_cast<std::size_t>(place)].series)[index] +=
        amount;
  }
  return {};
}

std::string series_text(const std::vector<Decimal>& series) {
  std::string text;
  for (const auto& value : series) text += (text.empty() ? "" : " ") + to_text(value);
  return text;
}

/// What the log promises for whole deliveries must be what was added up.
Status check_conservation(const Charges& charges, const TopQuestion& question,
                          const std::map<std::string, CurrencyTotal>& totals) {
  const bool whole_deliveries = question.where.kind == Filter::Kind::kAll && !question.period &&
                                charges.version >= 0 && (charges.whole || question.billing_period);
  if (!whole_deliveries) return {};
  auto promised =
      control_totals(charges.deliveries, column(question.basis), question.billing_period);
  for (const auto& [currency, total] : totals) promised.try_emplace(currency, Decimal{});
  for (const auto& [currency, amount] : promised) {
    const auto found = totals.find(currency);
    const auto summed = found == totals.end() ? Decimal{} : found->second.amount;
    if (summed == amount) continue;
    auto error =
        fail("SY1530",
             "the total of " + std::string(column(question.basis)) + " is not what was delivered",
             charges.lake + " v" + std::to_string(charges.version),
             "run 'steelyard check' to find the file");
    error.value().notes = {"delivered " + to_text(amount) + " " + currency,
                           "added up " + to_text(summed) + " " + currency};
    return error;
  }
  return {};
}

/// A tag that no charge has is more likely misspelt than missing.
Status note_missing_tags(Engine& engine, const Charges& charges, const Plan& plan,
                         const std::vector<Group>& groups, Report& report) {
  for (std::size_t i = 0; i < plan.by.size(); ++i) {
    if (plan.by[i].tag.empty() || groups.empty()) continue;
    if (std::any_of(groups.begin(), groups.end(),
                    [&](const Group& group) { return !group.keys[i].is_null(); }))
      continue;
    auto answer =
        engine.query("SELECT k, count(*) AS n FROM (SELECT unnest(map_keys(\"Tags\")) AS k FROM " +
                     sql_identifier(charges.view) + ") GROUP BY k ORDER BY n DESC, k LIMIT 200");
    if (!answer) return pass(answer);
    std::vector<std::string> keys;
    for (const auto& row : answer->rows) keys.push_back(row[0].text());
    auto note = "no charge in this selection has the tag `" + plan.by[i].tag + "`";
    const auto near = nearest(plan.by[i].tag, keys);
    if (!near.empty()) {
      note += "; did you mean tag:" + near + "?";
    } else if (!keys.empty()) {
      keys.resize(std::min<std::size_t>(keys.size(), 5));
      note += "; the most frequent tags are " + join(keys, ", ");
    }
    report.notes.push_back(note);
  }
  return {};
}

}  // namespace

Result<Report> top(Engine& engine, const Charges& charges, const TopQuestion& question) {
  auto plan = make_plan(charges, question);
  if (!plan) return pass(plan);
  std::map<std::string, CurrencyTotal> totals;
  auto groups = read_groups(engine, charges, question, *plan, totals);
  if (!groups) return pass(groups);
  if (auto conserved = check_conservation(charges, question, totals); !conserved)
    return pass(conserved);
  const bool with_series = question.series != Grain::kNone;
  if (with_series) {
    auto read = read_series(engine, charges, question, *plan, *groups, totals);
    if (!read) return pass(read);
  }

  Report report;
  const std::string basis(name(question.basis));
  std::vector<std::string> titles;
  for (const auto& dimension : plan->by) {
    report.columns.push_back({dimension.name, dimension.title, CellKind::kText});
    titles.push_back(dimension.title);
  }
  report.title = titles.empty() ? "total" : "top " + join(titles, ", ");
  report.columns.push_back({"currency", "currency", CellKind::kText});
  report.columns.push_back({basis + "_cost", basis, CellKind::kMoney});
  report.columns.push_back({"share", "share", CellKind::kShare});
  if (question.compare) {
    report.columns.push_back({"before", "before", CellKind::kMoney});
    report.columns.push_back({"change", "change", CellKind::kChange});
    report.columns.push_back({"change_share", "change %", CellKind::kShare});
  }
  if (with_series)
    report.columns.push_back(
        {"series", question.series == Grain::kDay ? "by day" : "by month", CellKind::kSeries});
  report.columns.push_back({"rows", "rows", CellKind::kCount});

  Question asked;
  asked.command = "top";
  asked.lake = charges.lake;
  asked.version = charges.version;
  for (const auto& dimension : plan->by) asked.by.push_back(dimension.name);
  asked.basis = question.basis;
  asked.period = question.period;
  asked.billing_period = question.billing_period;
  asked.before = plan->before;
  asked.where = to_text(question.where);
  asked.limit = question.limit;
  asked.options = std::string(question.compare ? "compare " : "") +
                  (with_series ? question.series == Grain::kDay ? "by day" : "by month" : "");

  const auto make_row = [&](std::vector<Cell> cells, const std::string& currency, Decimal amount,
                            Decimal before, std::int64_t rows, const std::vector<Decimal>& series,
                            Decimal whole) {
    cells.push_back({currency});
    cells.push_back({amount});
    cells.push_back(whole.units > 0 ? Cell{ratio(amount, whole)} : Cell{});
    if (question.compare) {
      cells.push_back({before});
      cells.push_back({amount - before});
      cells.push_back(before.units > 0 ? Cell{ratio(amount - before, before)} : Cell{});
    }
    if (with_series) cells.push_back({series_text(series)});
    cells.push_back({rows});
    return cells;
  };
  const auto make_figure = [&](const std::string& currency, Decimal amount, Decimal before) {
    Figure figure;
    figure.currency = currency;
    figure.amount = amount;
    if (question.compare) figure.columns = {{"before", before}, {"change", amount - before}};
    return figure;
  };
  const auto label_cells = [&](const std::string& label) {
    std::vector<Cell> cells(plan->by.size());
    if (!cells.empty()) cells.front() = {label};
    return cells;
  };

  std::int64_t rows = 0;
  for (const auto& [currency, total] : totals) {
    Decimal shown, shown_before;
    std::int64_t shown_rows = 0, shown_groups = 0;
    for (const auto& group : *groups) {
      if (group.currency != currency) continue;
      auto figure = make_figure(currency, group.amount, group.before);
      for (const auto& key : group.keys) figure.keys.push_back(text_of(key));
      asked.figures.push_back(std::move(figure));
      report.rows.push_back(make_row(group.keys, currency, group.amount, group.before, group.rows,
                                     group.series, total.amount));
      shown += group.amount;
      shown_before += group.before;
      shown_rows += group.rows;
      ++shown_groups;
    }
    if (total.groups > shown_groups) {
      const auto rest = total.amount - shown;
      report.rows.push_back(make_row(label_cells(other_label(total.groups - shown_groups)),
                                     currency, rest, total.before - shown_before,
                                     total.rows - shown_rows, total.other_series, total.amount));
      auto figure = make_figure(currency, rest, total.before - shown_before);
      figure.other = true;
      asked.figures.push_back(std::move(figure));
    } else {
      SY_ASSERT(shown == total.amount && shown_before == total.before && shown_rows == total.rows);
    }
    report.totals.push_back(make_row(label_cells("total"), currency, total.amount, total.before,
                                     total.rows, total.series, total.amount));
    asked.totals.push_back(make_figure(currency, total.amount, total.before));
    report.provenance.currencies.push_back(currency);
    rows += total.rows;
  }
  auto currencies = std::move(report.provenance.currencies);
  report.provenance =
      provenance_of(charges, question.basis, question.period, question.billing_period);
  report.provenance.currencies = std::move(currencies);
  report.provenance.rows = rows;
  report.question = to_json(asked);
  if (totals.size() > 1)
    report.notes.push_back(
        "amounts in different currencies are never added: one total per currency");
  if (totals.empty()) report.notes.push_back("no charge matches");
  if (auto noted = note_missing_tags(engine, charges, *plan, *groups, report); !noted)
    return pass(noted);
  return report;
}

}  // namespace steelyard
