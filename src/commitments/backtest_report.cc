#include "commitments/backtest_report.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/checks.h"

namespace steelyard {
namespace {

constexpr std::size_t kDayHours = 24, kWeekHours = 168, kYearHours = 8760;
constexpr int kMostDiscountDecimals = 6;
constexpr int kMostPriceDecimals = 9;  ///< of a price by the hour, beyond which it is rounded
constexpr std::size_t kMostCurves = 4;

/// Digits after the point.
int decimals_of(Decimal value) {
  int decimals = kScale;
  for (Int128 units = value.units; decimals > 0 && units % 10 == 0; units /= 10) --decimals;
  return decimals;
}

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// The value in units of 10^-decimals, which hold it.
Int128 in_units(Decimal value, int decimals) {
  return value.units / power_of_ten(kScale - decimals);
}

tl::unexpected<Error> not_possible(std::string what, std::string fix) {
  return fail("SY1827", std::move(what), "", std::move(fix));
}

std::string counted(std::int64_t count, const std::string& noun) {
  return with_thousands(count) + " " + noun + (count == 1 ? "" : "s");
}

/// Costs, and the products that hindsight needs (ladder.h), must be held exactly.
Status check_digits(const BacktestCase& asked) {
  std::int64_t peak = 0;
  for (const std::int64_t count : asked.demand.counts) peak = std::max(peak, count);
  double parts = 0;
  for (std::size_t pool = 0; pool < asked.demand.pools.size(); ++pool) {
    const PriceRatio price = asked.terms.price_of(pool);
    parts = std::max(parts,
                     static_cast<double>(price.numerator) + static_cast<double>(price.denominator));
  }
  const double product = static_cast<double>(peak) * static_cast<double>(peak) *
                         static_cast<double>(asked.demand.hours) * parts;
  if (asked.decimals <= kScale && product < 1e36 && parts < 2e12) return {};
  return fail("SY1824", "quantities and prices need more digits than are held exactly", "",
              "round the quantities of the demand, or the prices");
}

/// Drops digits of the quantities until costs can be held exactly; a note says so.
void drop_digits(BacktestCase& asked) {
  const int before = asked.demand.decimals;
  while (!check_digits(asked) && asked.demand.decimals > 0) {
    for (std::int64_t& count : asked.demand.counts) count = count / 10 + (count % 10 >= 5 ? 1 : 0);
    --asked.demand.decimals;
    --asked.decimals;
  }
  if (asked.demand.decimals < before)
    asked.notes.push_back("quantities are taken to " + counted(asked.demand.decimals, "decimal") +
                          ": exact costs of all need more digits than there are");
}

Result<PriceRatio> ratio_at(Decimal discount, int& decimals) {
  if (discount <= Decimal{} || discount >= Decimal{kOne} ||
      decimals_of(discount) > kMostDiscountDecimals)
    return not_possible("a discount of " + to_text(discount) + " is none",
                        "it is above 0 and below 1, with at most 6 decimals: 40% or 0.4");
  const int own = decimals_of(discount);
  decimals += own;
  const Decimal price = Decimal{kOne} - discount;
  return PriceRatio{static_cast<std::int64_t>(in_units(price, own)),
                    static_cast<std::int64_t>(power_of_ten(own))};
}

Decimal money_of(const BacktestCase& asked, Int128 units) {
  return {units * power_of_ten(kScale - asked.decimals)};
}

std::string per_cent(double share) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

std::string hours_text(std::size_t hours) {
  return with_thousands(static_cast<std::int64_t>(hours)) + (hours == 1 ? " hour" : " hours");
}

double seconds_at(const Demand& demand, std::size_t hour) {
  return static_cast<double>(demand.hour(hour).micros) / 1e6;
}

/// What was paid beyond hindsight up to each date: of the first policy, which is ours unless others
/// were asked for, and of the others with the least regret.
Chart chart_of(const BacktestCase& asked, const Backtest& best, std::span<const PolicyRun> runs) {
  const BacktestTerms& terms = asked.terms;
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), 0);
  if (!order.empty())
    std::stable_sort(order.begin() + 1, order.end(), [&](std::size_t a, std::size_t b) {
      return runs[a].run.paid < runs[b].run.paid;
    });
  const bool some = order.size() > kMostCurves;
  if (some) order.resize(kMostCurves);
  BacktestTerms of_best = terms;
  if (best.plan.amounts.empty()) of_best.plan_price.reset();
  const Course hindsight = course_of(asked.demand, of_best, best);
  // Money, or without a currency shares of all usage on demand.
  const double unit = asked.currency.empty() ? static_cast<double>(best.on_demand_only) /
                                                   static_cast<double>(best.denominator)
                                             : static_cast<double>(power_of_ten(asked.decimals));
  const auto shown = [&](Int128 paid, const Backtest& run) {
    return static_cast<double>(paid) / static_cast<double>(run.denominator) / unit;
  };
  Chart chart;
  chart.title = some ? "Paid beyond hindsight: the first policy and the best three others"
                     : "Paid beyond hindsight, up to each date";
  chart.x.kind = AxisKind::kTime;
  chart.y.title = asked.currency.empty() ? "share of all usage on demand" : asked.currency;
  chart.y.kind = asked.currency.empty() ? AxisKind::kShare : AxisKind::kNumber;
  chart.y.from_zero = true;
  for (const std::size_t i : order) {
    const Course course = course_of(asked.demand, terms, runs[i].run);
    ChartSeries series{runs[i].name, {}, false};
    const auto add = [&](std::size_t hour) {
      const std::size_t at = hour - terms.begin;
      series.points.push_back(
          {seconds_at(asked.demand, hour),
           shown(course.paid[at], runs[i].run) - shown(hindsight.paid[at], best)});
    };
    for (const std::size_t date : best.dates) add(date);
    add(terms.end);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// What holds for every row: notes, period, currency, picture.
void finish(const BacktestCase& asked, const Backtest& best, std::span<const PolicyRun> runs,
            Report& report) {
  const BacktestTerms& terms = asked.terms;
  const Demand& demand = asked.demand;
  const bool plan_alone = !best.plan.amounts.empty();
  report.notes.push_back("hindsight saves " + per_cent(best.savings()) + " of on demand with " +
                         counted(best.purchases, "purchase") +
                         (plan_alone         ? " of the plan alone"
                          : terms.plan_price ? " of the pools' own alone"
                                             : "") +
                         ": no purchases at these dates cost less" +
                         (terms.plan_price ? ", but both kinds together could" : ""));
  report.notes.push_back(counted(static_cast<std::int64_t>(best.dates.size()), "decision") +
                         ", one every " + hours_text(terms.step_hours) + ", each after all that " +
                         "was before it and nothing else; " + hours_text(terms.begin) +
                         " of history before the first; terms of " + hours_text(terms.term_hours) +
                         ", paid to their end or to that of the data");
  report.notes.insert(report.notes.end(), asked.notes.begin(), asked.notes.end());
  if (!asked.currency.empty()) report.provenance.currencies = {asked.currency};
  const Date last = date_of(demand.hour(terms.end - 1));
  report.provenance.period = format_date(date_of(demand.hour(terms.begin))) + "/" +
                             format_date(civil_from_days(days_from_civil(last) + 1));
  report.charts.push_back(chart_of(asked, best, runs));
}

/// Counts of a purchase over the hours of its term.
struct Use {
  Int128 bought = 0, used = 0;
};

/// Each hour's usage goes to the purchases in force, the oldest first.
std::vector<Use> uses_of(std::span<const std::int64_t> demand, const PoolBacktest& pool,
                         std::span<const std::size_t> dates, const BacktestTerms& terms) {
  std::vector<Use> uses(dates.size());
  std::size_t first = 0, next = 0;  // in force: [first, next)
  for (std::size_t hour = 0; hour < demand.size(); ++hour) {
    const std::size_t now = terms.begin + hour;
    while (next < dates.size() && dates[next] <= now) ++next;
    while (first < next && dates[first] + terms.term_hours <= now) ++first;
    std::int64_t left = demand[hour];
    for (std::size_t i = first; i < next; ++i) {
      const std::int64_t used = std::min(left, pool.amounts[i]);
      uses[i].bought += pool.amounts[i];
      uses[i].used += used;
      left -= used;
    }
  }
  return uses;
}

}  // namespace

Result<BacktestCase> case_at_discount(Demand demand, Decimal discount,
                                      std::optional<Decimal> plan_discount) {
  BacktestCase asked;
  asked.decimals = demand.decimals;
  asked.demand = std::move(demand);
  auto price = ratio_at(discount, asked.decimals);
  if (!price) return pass(price);
  asked.terms.price = *price;
  if (plan_discount) {
    auto plan = ratio_at(*plan_discount, asked.decimals);
    if (!plan) return pass(plan);
    asked.terms.plan_price = *plan;
  }
  if (Status held = check_digits(asked); !held) return pass(held);
  return asked;
}

Result<BacktestCase> case_of_offers(const Estate& estate, const std::vector<std::string>& offers) {
  const RateCard& card = estate.card;
  std::vector<std::string> names;
  for (const Offer& offer : card.offers) names.push_back(offer.name);
  std::vector<std::size_t> chosen;
  for (const std::string& name : offers) {
    const auto found = card.find_offer(name);
    if (!found)
      return not_possible("there is no offer `" + name + "`",
                          "the offers are " + join(names, ", "));
    chosen.push_back(*found);
  }
  if (offers.empty() && card.offers.size() != 1)
    return not_possible("it is not clear which offer each pool buys",
                        "choose with --offer one of " + join(names, ", "));
  if (offers.empty()) chosen = {0};
  for (const std::size_t offer : chosen)
    if (card.offers[offer].term_years != card.offers[chosen[0]].term_years)
      return not_possible("the offers " + card.offers[chosen[0]].name + " and " +
                              card.offers[offer].name + " have terms that differ",
                          "choose offers of one term");

  BacktestCase asked;
  asked.currency = card.currency;
  asked.terms.term_hours = kYearHours * static_cast<std::size_t>(card.offers[chosen[0]].term_years);
  const Demand& all = estate.demand;
  asked.demand = {all.first_hour, all.hours, all.decimals, all.pool_columns, {}, {}};
  std::vector<std::pair<Decimal, Decimal>> prices;
  int decimals = 0;
  for (std::size_t pool = 0; pool < all.pools.size(); ++pool) {
    const Rate& rate = card.rates[estate.table.pools[pool].rate];
    const auto offer = std::find_if(chosen.begin(), chosen.end(), [&](std::size_t index) {
      return covers(card, card.offers[index], estate.table.pools[pool]);
    });
    if (offer == chosen.end()) continue;
    const Decimal price = *rate.price[*offer];
    prices.emplace_back(price, rate.on_demand);
    decimals = std::max({decimals, decimals_of(price), decimals_of(rate.on_demand)});
    asked.demand.pools.push_back(all.pools[pool]);
    const auto row = all.row(pool);
    asked.demand.counts.insert(asked.demand.counts.end(), row.begin(), row.end());
  }
  if (prices.empty())
    return not_possible("none of the pools is covered by the offer",
                        "choose another with --offer: " + join(names, ", "));
  if (decimals > kMostPriceDecimals) {
    decimals = kMostPriceDecimals;
    asked.notes.push_back("prices are taken to " + counted(decimals, "decimal"));
  }
  asked.decimals = all.decimals + decimals;
  for (auto& [price, on_demand] : prices) {
    price = round(price, decimals);
    on_demand = round(on_demand, decimals);
    const Int128 most = kMaxRatioPart, committed = in_units(price, decimals),
                 alone = in_units(on_demand, decimals);
    if (committed > most || alone > most || alone <= 0)
      return fail("SY1825",
                  "the prices " + to_text(price) + " and " + to_text(on_demand) +
                      " give no ratio of up to 12 digits",
                  "", "round the prices; a price on demand is above zero");
    asked.terms.prices.push_back(
        {static_cast<std::int64_t>(committed), static_cast<std::int64_t>(alone)});
  }
  const std::size_t left_out = all.pools.size() - prices.size();
  if (left_out > 0)
    asked.notes.push_back(counted(static_cast<std::int64_t>(left_out), "pool") +
                          " without a price under the offer: left out");
  if (!estate.holdings.empty())
    asked.notes.push_back("what is held is left out: a back-test begins with nothing");
  asked.notes.insert(asked.notes.end(), estate.notes.begin(), estate.notes.end());
  asked.source = estate.source;
  if (card.offers[chosen[0]].unit() == CommitmentUnit::kSpend)
    asked.notes.push_back(
        "each pool buys for itself: what a plan could move to other pools is not "
        "counted");
  drop_digits(asked);
  if (Status held = check_digits(asked); !held) return pass(held);
  return asked;
}

Status set_dates(BacktestCase& asked, const BacktestDates& dates) {
  const Demand& demand = asked.demand;
  BacktestTerms& terms = asked.terms;
  if (std::all_of(demand.counts.begin(), demand.counts.end(),
                  [](std::int64_t count) { return count == 0; }))
    return not_possible("there is no usage in the demand",
                        "give hours in which something was used");
  terms.step_hours = dates.step_hours;
  if (dates.term_hours) terms.term_hours = *dates.term_hours;
  if (terms.term_hours < 1 || terms.term_hours > static_cast<std::size_t>(kMaxTermHours))
    return not_possible("a term of " + hours_text(terms.term_hours) + " is none",
                        "a purchase lasts from an hour to a hundred years");
  terms.end = demand.hours;
  terms.begin = std::min(kYearHours, demand.hours / 3) / kDayHours * kDayHours;
  const auto day = [](Instant instant) { return format_date(date_of(instant)); };
  if (dates.begin) {
    const std::int64_t micros = instant_of(*dates.begin).micros - demand.first_hour.micros;
    const std::int64_t hour = micros / 3'600'000'000;
    if (micros < 0 || static_cast<std::size_t>(hour) >= demand.hours)
      return not_possible(
          "the demand has no hour of " + format_date(*dates.begin),
          "begin between " + day(demand.first_hour) + " and " + day(demand.hour(demand.hours - 1)));
    terms.begin = static_cast<std::size_t>(hour);
  }
  if (terms.begin < kWeekHours)
    return not_possible(
        "there are only " + hours_text(terms.begin) + " of history before the first decision",
        "policies learn from at least a week: begin later, or give more demand");
  if (terms.end - terms.begin < terms.step_hours)
    return not_possible("there are only " + hours_text(terms.end - terms.begin) + " to judge",
                        "begin earlier, or decide more often");
  return {};
}

Backtest best_in_hindsight(const BacktestCase& asked, int threads) {
  Backtest best = hindsight(asked.demand, asked.terms, threads);
  if (!asked.terms.plan_price) return best;
  auto total = aggregate(asked.demand, {});
  SY_ASSERT(total);  // demand that was read and checked is small enough
  BacktestTerms alone = asked.terms;
  alone.price = *alone.plan_price;
  alone.plan_price.reset();
  Backtest plan = hindsight(*total, alone, threads);
  if (regret(plan, best) >= 0) return best;
  Backtest only;
  only.dates = plan.dates;
  only.plan = std::move(plan.pools[0]);
  only.pools.resize(asked.demand.pools.size());
  for (PoolBacktest& pool : only.pools) pool.amounts.assign(only.dates.size(), 0);
  only.cost = plan.cost;
  only.purchases = plan.purchases;
  only.paid = plan.paid * asked.terms.price.denominator;
  only.on_demand_only = plan.on_demand_only * asked.terms.price.denominator;
  only.denominator = plan.denominator * asked.terms.price.denominator;
  return only;
}

Report backtest_report(const BacktestCase& asked, const Backtest& best,
                       std::span<const PolicyRun> runs) {
  const BacktestTerms& terms = asked.terms;
  const bool money = !asked.currency.empty(), year = terms.end - terms.begin >= kYearHours;
  Report report;
  report.title = "commitments backtest by policy, " +
                 counted(static_cast<std::int64_t>(asked.demand.pools.size()), "pool");
  report.columns = {{"policy", "policy", CellKind::kText},
                    {"saved_share", "saved", CellKind::kShare}};
  if (money) {
    report.columns.push_back({"paid", "paid", CellKind::kMoney});
    report.columns.push_back({"saved", "saves", CellKind::kSaving});
  }
  report.columns.push_back({"regret", "regret", CellKind::kShare});
  if (year) report.columns.push_back({"worst_year", "worst 12 months", CellKind::kShare});
  report.columns.push_back({"unused_share", "unused", CellKind::kShare});
  if (year) report.columns.push_back({"worst_unused_share", "at worst", CellKind::kShare});
  if (terms.plan_price)
    report.columns.push_back({"pools_unused_share", "of the pools' own", CellKind::kShare});
  report.columns.push_back({"purchases", "purchases", CellKind::kCount});
  for (const auto& [name, run] : runs) {
    std::vector<Cell> row = {{name}, {run.savings()}};
    if (money) {
      row.push_back({money_of(asked, run.paid)});
      row.push_back({money_of(asked, run.on_demand_only - run.paid)});
    }
    row.push_back({regret(run, best)});
    if (year) row.push_back({worst_savings(asked.demand, terms, run, kYearHours)});
    row.push_back({unused_share(terms, run)});
    if (year) row.push_back({worst_unused(asked.demand, terms, run, kYearHours)});
    if (terms.plan_price) row.push_back({unused_share(run.cost)});
    row.push_back({run.purchases});
    report.rows.push_back(std::move(row));
  }
  finish(asked, best, runs, report);
  return report;
}

Report purchases_report(const BacktestCase& asked, const Backtest& best, const PolicyRun& policy) {
  const BacktestTerms& terms = asked.terms;
  const Demand& demand = asked.demand;
  const Backtest& run = policy.run;
  const bool money = !asked.currency.empty();
  const CellKind amounts = money ? CellKind::kMoney : CellKind::kQuantity;
  Report report;
  report.title = "commitments backtest of " + policy.name + " by purchase";
  report.columns = {{"pool", "pool", CellKind::kText},
                    {"begin", "begin", CellKind::kInstant},
                    {"end", "end", CellKind::kInstant},
                    {"amount", "amount", CellKind::kQuantity},
                    {"cost", "cost", amounts},
                    {"used", "used", amounts},
                    {"unused", "unused", amounts},
                    {"used_share", "used", CellKind::kShare},
                    {"avoided", "avoids", amounts},
                    {"saved", "saves", money ? CellKind::kSaving : CellKind::kQuantity}};
  const auto share = [](Int128 part, Int128 whole) {
    return whole == 0 ? Cell{} : Cell{static_cast<double>(part) / static_cast<double>(whole)};
  };
  struct Line {
    std::size_t date = 0;
    std::vector<Cell> cells;
  };
  std::vector<Line> lines;
  Int128 bought = 0, used = 0, covered = 0;
  const auto list = [&](const std::string& name, std::span<const std::int64_t> usage,
                        const PoolBacktest& pool, Int128 price, Int128 on_demand) {
    const std::vector<Use> uses = uses_of(usage, pool, run.dates, terms);
    for (std::size_t i = 0; i < uses.size(); ++i) {
      if (pool.amounts[i] == 0) continue;
      const Int128 cost = uses[i].bought * price, own = uses[i].used * price,
                   avoided = uses[i].used * on_demand;
      bought += cost;
      used += own;
      covered += avoided;
      const std::size_t date = run.dates[i];
      lines.push_back({date,
                       {{name},
                        {format_instant(demand.hour(date))},
                        {format_instant(demand.hour(date + terms.term_hours))},
                        {demand.quantity(pool.amounts[i])},
                        {money_of(asked, cost)},
                        {money_of(asked, own)},
                        {money_of(asked, cost - own)},
                        share(own, cost),
                        {money_of(asked, avoided)},
                        {money_of(asked, avoided - cost)}}});
    }
  };
  const Int128 of_pools = terms.plan_price ? terms.plan_price->denominator : 1;
  std::vector<std::int64_t> left(terms.end - terms.begin, 0);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const auto usage = demand.row(pool).subspan(terms.begin, terms.end - terms.begin);
    const PriceRatio price = terms.price_of(pool);
    list(demand.name(pool), usage, run.pools[pool], price.numerator * of_pools,
         price.denominator * of_pools);
    if (!terms.plan_price) continue;
    LadderTerms ladder{price, terms.term_hours, run.dates};
    for (std::size_t& date : ladder.dates) date -= terms.begin;
    const auto capacity = capacity_of(ladder, run.pools[pool].amounts, left.size());
    for (std::size_t hour = 0; hour < left.size(); ++hour)
      left[hour] += std::max<std::int64_t>(0, usage[hour] - capacity[hour]);
  }
  if (terms.plan_price) {
    const Int128 of_plan = terms.price.denominator;
    list("plan over all pools", left, run.plan, terms.plan_price->numerator * of_plan,
         terms.plan_price->denominator * of_plan);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.date < b.date; });
  for (Line& line : lines) report.rows.push_back(std::move(line.cells));
  const Int128 on_demand = run.on_demand_only - covered;
  SY_ASSERT(bought + on_demand == run.paid);
  report.rows.push_back({{std::string("on demand")},
                         {},
                         {},
                         {},
                         {money_of(asked, on_demand)},
                         {},
                         {},
                         {},
                         {money_of(asked, on_demand)},
                         {Decimal{}}});
  report.totals.push_back({{std::string("total")},
                           {},
                           {},
                           {},
                           {money_of(asked, run.paid)},
                           {money_of(asked, used)},
                           {money_of(asked, bought - used)},
                           share(used, bought),
                           {money_of(asked, run.on_demand_only)},
                           {money_of(asked, run.on_demand_only - run.paid)}});
  report.notes.push_back("saves " + per_cent(run.savings()) + " of on demand, regret " +
                         per_cent(regret(run, best)) +
                         (money ? "" : "; costs are in units of usage at their price on demand"));
  finish(asked, best, std::span(&policy, 1), report);
  return report;
}

}  // namespace steelyard
