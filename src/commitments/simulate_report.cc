#include "commitments/simulate_report.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/text.h"
#include "commitments/payments.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

std::string name_of(const Bill& bill, std::size_t holding) {
  const std::string& id = bill.holdings[holding].id;
  return id.empty() ? std::to_string(holding + 1) : id;
}

std::string scope_text(const Holding& holding) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : holding.scope) parts.push_back(column + "=" + value);
  return join(parts, " ");
}

/// A statistic for a sentence; a double, because what is lost may be any multiple of the whole.
std::string per_cent(Decimal part, Decimal whole) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * ratio(part, whole));
  return text;
}

Cell share(Decimal part, Decimal whole) {
  return whole == Decimal{} ? Cell{} : Cell{ratio(part, whole)};
}

Cell optional_share(std::optional<double> value) { return value ? Cell{*value} : Cell{}; }

/// When the holding has earned its upfront payment at the rate at which it saves in the window.
Cell pays_for_itself(const RateCard& card, const Holding& holding, const HoldingTotal& total) {
  if (total.hours == 0) return {};
  const Decimal an_hour = multiply_divide(total.covered_on_demand, {kOne}, {total.hours * kOne},
                                          Rounding::kTowardsZero);
  const auto hours = break_even_hours(card, holding, an_hour);
  if (!hours) return {};
  return {format_instant({holding.begin.micros + *hours * kMicrosPerHour})};
}

void by_purchase(const RateCard& card, const PoolTable& table, const Bill& bill,
                 const BillQuestion& question, Report& report) {
  report.columns = {{"purchase", "purchase", CellKind::kText},
                    {"offer", "offer", CellKind::kText},
                    {"scope", "scope", CellKind::kText},
                    {"begin", "begin", CellKind::kInstant},
                    {"end", "end", CellKind::kInstant},
                    {"amount", "amount", CellKind::kQuantity},
                    {"currency", "", CellKind::kText},
                    {"cost", "cost", CellKind::kMoney},
                    {"used", "used", CellKind::kMoney},
                    {"unused", "unused", CellKind::kMoney},
                    {"used_share", "used", CellKind::kShare},
                    {"avoided", "avoids", CellKind::kMoney},
                    {"saved", "saves", CellKind::kSaving},
                    {"paid_back", "paid back", CellKind::kInstant},
                    {"upfront_return", "upfront returns", CellKind::kShare}};
  if (!question.marginal.empty()) {
    report.columns.push_back({"last_step", "last step", CellKind::kShare});
    report.columns.push_back({"next_step", "next step", CellKind::kShare});
  }
  const auto add = [&](std::vector<Cell> row, auto& rows) {
    row.resize(report.columns.size());
    rows.push_back(std::move(row));
  };
  for (std::size_t h = 0; h < bill.holdings.size(); ++h) {
    const Holding& holding = bill.holdings[h];
    const HoldingTotal& total = bill.by_holding[h];
    std::vector<Cell> row = {{name_of(bill, h)},
                             {card.offers[holding.offer].name},
                             {scope_text(holding)},
                             {format_instant(holding.begin)},
                             {format_instant(holding.end)},
                             {holding.amount},
                             {bill.currency},
                             {total.fee},
                             {total.used},
                             {total.unused},
                             share(total.used, total.fee),
                             {total.covered_on_demand},
                             {total.covered_on_demand - total.fee},
                             pays_for_itself(card, holding, total),
                             optional_share(return_of_upfront(card, table, bill, h))};
    if (!question.marginal.empty()) {
      const Marginal& step = question.marginal[h];
      row.push_back(share(step.less_avoided, step.less_fee));
      row.push_back(share(step.more_avoided, step.more_fee));
    }
    add(std::move(row), report.rows);
  }
  const Cell none;
  add({{std::string("on demand")},
       none,
       none,
       none,
       none,
       none,
       {bill.currency},
       {bill.on_demand},
       none,
       none,
       none,
       {bill.on_demand},
       {Decimal{}}},
      report.rows);
  add({{std::string("total")},
       none,
       none,
       none,
       none,
       none,
       {bill.currency},
       {bill.total()},
       {bill.fees - bill.unused},
       {bill.unused},
       share(bill.fees - bill.unused, bill.fees),
       {bill.on_demand_equivalent},
       {bill.savings()}},
      report.totals);
}

void by_pool(const PoolTable& table, const Bill& bill, Report& report) {
  static const std::vector<ReportColumn> kMeasures = {
      {"usage", "usage", CellKind::kQuantity},
      {"covered", "covered", CellKind::kQuantity},
      {"covered_share", "covered", CellKind::kShare},
      {"currency", "", CellKind::kText},
      {"commitments", "commitments", CellKind::kMoney},
      {"on_demand", "on demand", CellKind::kMoney},
      {"on_demand_only", "all on demand", CellKind::kMoney}};
  for (const std::string& column : table.columns) {
    const bool taken =
        std::any_of(kMeasures.begin(), kMeasures.end(),
                    [&](const ReportColumn& measure) { return measure.name == column; });
    report.columns.push_back({taken ? "pool_" + column : column, column, CellKind::kText});
  }
  if (table.columns.empty()) report.columns.push_back({"pool", "pool", CellKind::kText});
  const std::size_t keys = report.columns.size();
  report.columns.insert(report.columns.end(), kMeasures.begin(), kMeasures.end());
  for (std::size_t p = 0; p < table.pools.size(); ++p) {
    const PoolTotal& total = bill.by_pool[p];
    std::vector<Cell> row;
    for (const std::string& value : table.pools[p].key) row.push_back({value});
    if (row.empty()) row.push_back({std::string("all")});
    for (Cell cell : {Cell{total.usage}, Cell{total.covered}, share(total.covered, total.usage),
                      Cell{bill.currency}, Cell{total.commitment_cost}, Cell{total.on_demand},
                      Cell{total.on_demand_equivalent}}) {
      row.push_back(std::move(cell));
    }
    report.rows.push_back(std::move(row));
  }
  const auto add = [&](std::string title, Decimal commitments, Decimal on_demand, Cell all,
                       auto& rows) {
    std::vector<Cell> row(report.columns.size());
    row[0] = {std::move(title)};
    row[keys + 3] = {bill.currency};
    row[keys + 4] = {commitments};
    row[keys + 5] = {on_demand};
    row[keys + 6] = std::move(all);
    rows.push_back(std::move(row));
  };
  add("unused", bill.unused, {}, Cell{Decimal{}}, report.rows);
  add("total", bill.fees, bill.on_demand, Cell{bill.on_demand_equivalent}, report.totals);
}

void by_time(const Bill& bill, bool months, Report& report) {
  report.columns = {months ? ReportColumn{"month", "month", CellKind::kText}
                           : ReportColumn{"hour", "hour", CellKind::kInstant},
                    {"currency", "", CellKind::kText},
                    {"commitments", "commitments", CellKind::kMoney},
                    {"unused", "of it unused", CellKind::kMoney},
                    {"on_demand", "on demand", CellKind::kMoney},
                    {"cost", "cost", CellKind::kMoney},
                    {"on_demand_only", "all on demand", CellKind::kMoney},
                    {"saved", "saves", CellKind::kSaving}};
  const auto row = [&](std::string title, const HourTotal& sum) {
    const Decimal cost = sum.fees + sum.on_demand;
    return std::vector<Cell>{{std::move(title)},
                             {bill.currency},
                             {sum.fees},
                             {sum.unused},
                             {sum.on_demand},
                             {cost},
                             {sum.on_demand_equivalent},
                             {sum.on_demand_equivalent - cost}};
  };
  std::map<std::string, HourTotal> sums;
  HourTotal total;
  for (const HourTotal& hour : bill.by_hour) {
    std::string title = format_instant(hour.hour);
    if (months) title.resize(7);
    for (HourTotal* sum : {&sums[title], &total}) {
      sum->fees += hour.fees;
      sum->unused += hour.unused;
      sum->on_demand += hour.on_demand;
      sum->on_demand_equivalent += hour.on_demand_equivalent;
    }
  }
  for (const auto& [title, sum] : sums) report.rows.push_back(row(title, sum));
  report.totals.push_back(row("total", total));
}

void by_payment(const RateCard& card, const Bill& bill, const BillQuestion& question,
                Report& report) {
  report.columns = {{"due", "due", CellKind::kInstant},
                    {"currency", "", CellKind::kText},
                    {"payment", "payment", CellKind::kMoney},
                    {"paid", "paid by then", CellKind::kMoney}};
  if (question.cost_of_capital)
    report.columns.push_back({"present_value", "present value", CellKind::kMoney});
  Decimal paid, value;
  for (const CashFlow& payment : cash_flow(card, bill.holdings)) {
    paid += payment.amount;
    report.rows.push_back(
        {{format_instant(payment.due)}, {bill.currency}, {payment.amount}, {paid}});
    if (!question.cost_of_capital) continue;
    if (payment.due < bill.begin) {
      report.rows.back().push_back({});  // sunk: no decision of today changes it
      continue;
    }
    const Decimal worth = present_value({&payment, 1}, bill.begin, *question.cost_of_capital);
    value += worth;
    report.rows.back().push_back({worth});
  }
  report.totals.push_back({{std::string("total")}, {bill.currency}, {paid}, {paid}});
  if (question.cost_of_capital) report.totals.back().push_back({value});
  report.notes.push_back("all payments of the purchases, to the end of their terms");
}

/// A list of purchases for the future, billed in the past, would be all zeros without a word.
void name_what_is_not_in_force(const Bill& bill, Report& report) {
  std::vector<std::string> names;
  for (std::size_t h = 0; h < bill.holdings.size(); ++h)
    if (bill.by_holding[h].hours == 0) names.push_back(name_of(bill, h));
  if (names.empty()) return;
  const std::size_t shown = std::min<std::size_t>(names.size(), 8);
  std::string list =
      join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (shown < names.size()) list += " and " + std::to_string(names.size() - shown) + " more";
  report.notes.push_back("not in force in this period, so without cost or use here: " + list +
                         "; an empty `begin` is its first hour");
}

void say_what_it_means(const RateCard& card, const Bill& bill, const BillQuestion& question,
                       Report& report) {
  const auto money = [&](Decimal amount) {
    return to_text(Money{amount, currency_of(bill.currency)});
  };
  report.notes.push_back("on demand alone " + money(bill.on_demand_equivalent) +
                         "; with the purchases " + money(bill.total()) + ", of which commitments " +
                         money(bill.fees) + " and on demand " + money(bill.on_demand));
  report.notes.push_back((bill.savings() < Decimal{} ? "loses " : "saves ") +
                         money(bill.savings() < Decimal{} ? -bill.savings() : bill.savings()) +
                         ", " + per_cent(bill.savings(), bill.on_demand_equivalent) +
                         " of on demand (effective savings rate); unused " + money(bill.unused) +
                         ", " + per_cent(bill.unused, bill.fees) + " of the commitments");
  name_what_is_not_in_force(bill, report);
  if (!question.cost_of_capital) return;
  const std::vector<CashFlow> payments = cash_flow(card, bill.holdings);
  Decimal value;
  for (const CashFlow& payment : payments) {
    if (payment.due < bill.begin) continue;
    value += present_value({&payment, 1}, bill.begin, *question.cost_of_capital);
  }
  const std::string day = format_date(date_of(bill.begin));
  report.notes.push_back("what is due from " + day + " on is worth " + money(value) +
                         " on that day");
}

}  // namespace

const std::vector<std::string>& bill_groupings() {
  static const std::vector<std::string> kNames = {"purchase", "pool", "month", "hour", "payment"};
  return kNames;
}

std::optional<BillGrouping> parse_bill_grouping(std::string_view text) {
  const auto& names = bill_groupings();
  const auto at = std::find(names.begin(), names.end(), text);
  if (at == names.end()) return std::nullopt;
  return static_cast<BillGrouping>(at - names.begin());
}

Report bill_report(const RateCard& card, const PoolTable& table, const Bill& bill,
                   const BillQuestion& question) {
  Report report;
  report.title =
      "commitments simulated by " + bill_groupings()[static_cast<std::size_t>(question.by)];
  switch (question.by) {
    case BillGrouping::kPurchase:
      by_purchase(card, table, bill, question, report);
      break;
    case BillGrouping::kPool:
      by_pool(table, bill, report);
      break;
    case BillGrouping::kMonth:
    case BillGrouping::kHour:
      by_time(bill, question.by == BillGrouping::kMonth, report);
      break;
    case BillGrouping::kPayment:
      by_payment(card, bill, question, report);
      break;
  }
  say_what_it_means(card, bill, question, report);
  // Whole days that hold all hours; the title says how many hours they are.
  const Instant last{bill.begin.micros +
                     std::max<std::int64_t>(0, static_cast<std::int64_t>(bill.hours) - 1) *
                         kMicrosPerHour};
  const Date after = civil_from_days(days_from_civil(date_of(last)) + 1);
  report.title += ", " + with_thousands(static_cast<std::int64_t>(bill.hours)) +
                  (bill.hours == 1 ? " hour" : " hours");
  report.provenance.currencies = {bill.currency};
  report.provenance.period = format_date(date_of(bill.begin)) + "/" + format_date(after);
  return report;
}

}  // namespace steelyard
