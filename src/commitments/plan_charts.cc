// The pictures of a plan: what more or less of it would cost, how much of the hours it covers, and
// what is held when.
#include <algorithm>
#include <functional>
#include <map>

#include "commitments/plan_horizon.h"
#include "commitments/plan_report.h"

namespace steelyard {
namespace {

Decimal now_per_hour(const Plan& plan) {
  Decimal sum;
  for (const PlannedPurchase& purchase : plan.purchases)
    if (purchase.step == 0 && purchase.exchanges.empty()) sum += fee_per_hour(purchase.holding);
  return sum;
}

/// What is kept of what is held when the plan begins.
Holding kept_of(const Plan& plan, const Holding& holding) {
  Holding kept = holding;
  for (const PlannedPurchase& purchase : plan.purchases)
    if (!holding.id.empty() && purchase.exchanges == holding.id)
      kept.amount -= purchase.exchanged.value_or(holding.amount);
  return kept;
}

Chart cost_curve(const Estate& estate, const Plan& plan) {
  Chart chart;
  chart.title = "cost a month by what is committed now";
  chart.x = {"commitment, " + estate.card.currency + " an hour"};
  chart.y = {estate.card.currency + " a month"};
  ChartSeries curve;
  curve.name = "commitments and the rest on demand";
  const double now = real(now_per_hour(plan));
  for (const PlanPoint& point : plan.curve) {
    const ChartPoint at{point.scale * now, point.cost / plan.months};
    curve.points.push_back(at);
    if (point.scale == 0) chart.marks.push_back({"nothing", at});
    if (point.scale == 1) chart.marks.push_back({"plan", at});
  }
  chart.series.push_back(std::move(curve));
  return chart;
}

/// Hours of the last week by usage, highest first, under what commitments reach.
Chart coverage(const Estate& estate, const Plan& plan) {
  Chart chart;
  chart.title = "hours of the last week, by usage";
  chart.kind = ChartKind::kCoverage;
  chart.x = {"share of hours", AxisKind::kShare, true};
  chart.y = {estate.card.currency + " an hour on demand", AxisKind::kNumber, true};
  const std::size_t hours = std::min<std::size_t>(168, estate.demand.hours);
  std::vector<double> usage(hours);
  for (std::size_t pool = 0; pool < estate.demand.pools.size(); ++pool) {
    const double price = real(estate.card.rates[estate.table.pools[pool].rate].on_demand);
    const auto row = estate.demand.row(pool).last(hours);
    for (std::size_t hour = 0; hour < hours; ++hour)
      usage[hour] += price * real(estate.demand.quantity(row[hour]));
  }
  std::sort(usage.begin(), usage.end(), std::greater<>());
  ChartSeries curve;
  curve.name = "usage";
  curve.steps = true;
  for (std::size_t hour = 0; hour < hours; ++hour)
    curve.points.push_back({static_cast<double>(hour) / static_cast<double>(hours), usage[hour]});
  curve.points.push_back({1, usage.back()});
  chart.series.push_back(std::move(curve));
  // A dollar of a commitment reaches as far as it does on average over the horizon.
  double held = 0, bought = 0;
  for (const Holding& holding : estate.holdings)
    if (holding.begin <= plan.at && plan.at < holding.end)
      held += real(fee_per_hour(kept_of(plan, holding)));
  if (plan.held_fees > Decimal{})
    chart.levels.push_back({"held", held * ratio(plan.held_avoided, plan.held_fees)});
  for (const PlannedPurchase& purchase : plan.purchases)
    if (purchase.step == 0 && purchase.used > Decimal{})
      bought += real(fee_per_hour(purchase.holding)) * ratio(purchase.avoided, purchase.used);
  const double before = chart.levels.empty() ? 0 : chart.levels[0].y;
  if (bought > 0) chart.levels.push_back({"with what is bought now", before + bought});
  return chart;
}

/// Money an hour that is committed in each month, by offer.
Chart ladder(const Estate& estate, const Plan& plan) {
  Chart chart;
  chart.title = "committed, month by month";
  chart.kind = ChartKind::kStack;
  chart.x = {"", AxisKind::kTime};
  chart.y = {estate.card.currency + " an hour", AxisKind::kNumber, true};
  std::map<std::string, ChartSeries> by_offer;
  const auto add = [&](const Holding& holding, const std::string& name) {
    ChartSeries& series = by_offer[name];
    series.name = name;
    series.steps = true;
    series.points.resize(static_cast<std::size_t>(plan.months) + 1);
    for (int month = 0; month <= plan.months; ++month) {
      const std::int64_t micros = plan.at.micros + std::int64_t{month} * 730 * 3'600'000'000;
      ChartPoint& point = series.points[static_cast<std::size_t>(month)];
      point.x = static_cast<double>(micros) / 1e6;
      const Instant at{month == plan.months ? micros - 1 : micros};
      if (holding.begin <= at && at < holding.end) point.y += real(fee_per_hour(holding));
    }
  };
  for (const Holding& holding : estate.holdings)
    if (const Holding kept = kept_of(plan, holding);
        holding.end > plan.at && kept.amount > Decimal{})
      add(kept, estate.card.offers[holding.offer].name + ", held");
  for (const PlannedPurchase& purchase : plan.purchases)
    add(purchase.holding, estate.card.offers[purchase.holding.offer].name +
                              (purchase.step == 0 ? ", now" : ", later"));
  for (auto& [name, series] : by_offer) chart.series.push_back(std::move(series));
  return chart;
}

}  // namespace

std::vector<Chart> plan_charts(const Estate& estate, const Plan& plan) {
  if (plan.purchases.empty() || estate.demand.hours == 0) return {};
  std::vector<Chart> charts;
  if (now_per_hour(plan) > Decimal{}) charts.push_back(cost_curve(estate, plan));
  charts.push_back(coverage(estate, plan));
  charts.push_back(ladder(estate, plan));
  return charts;
}

}  // namespace steelyard
