// Our policies against the rivals: on made-up demand, on which their constants were chosen, and on
// real demand, on which they were not.
#include "commitments/policy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "commitments/shared_data.h"
#include "commitments/synthetic.h"

namespace steelyard {
namespace {

BacktestTerms two_years(const Demand& demand, PriceRatio price,
                        std::optional<PriceRatio> plan_price = {}) {
  return {8760, demand.hours, 168, price, 8760, plan_price};
}

TEST(Policy, BuysNothingOfATypeThatGoesAsAnotherWentBeforeIt) {
  // Region by region the first type went, one every two weeks from week 30; from week 95 on the
  // second goes in the same way; the third stays.
  Demand demand;
  demand.hours = 168 * 110;
  demand.pool_columns = {"region", "type"};
  for (std::size_t region = 0; region < 8; ++region)
    for (const std::size_t begin : {30, 95, 1000}) {
      demand.pools.push_back({std::to_string(region), std::to_string(begin)});
      for (std::size_t hour = 0; hour < demand.hours; ++hour)
        demand.counts.push_back(hour < 168 * (begin + 2 * region) ? 100 : 0);
    }
  const std::size_t week = 168 * 104;  // the second is left in three regions, all of it untouched
  const BacktestTerms terms{week, week + 168, 168, {3, 5}, 8760, {}};
  const Backtest ours = run_backtest(demand, terms, lasting_use());
  const Backtest rival = run_backtest(demand, terms, look_back(720));
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const std::int64_t bought = ours.pools[pool].amounts[0];
    if (demand.pools[pool][1] == "1000")
      EXPECT_GE(bought, 98) << demand.name(pool);
    else
      EXPECT_EQ(bought, 0) << demand.name(pool);
  }
  EXPECT_EQ(demand.name(22), "7/95");
  EXPECT_EQ(rival.pools[22].amounts[0], 100);
}

TEST(Policy, TheFutureAndTheOrderOfPoolsChangeNothing) {
  const Demand demand = SyntheticDemand::make(3);
  const BacktestTerms terms{8760, 8760 + 168 * 12, 168, {3, 5}, 8760, {}};
  const Backtest run = run_backtest(demand, terms, lasting_use());
  Demand other = demand;  // after the last date everything is different
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 8760 + 168 * 11; hour < demand.hours; ++hour)
      other.counts[pool * demand.hours + hour] = 1;
  const Backtest changed = run_backtest(other, terms, lasting_use());
  Demand turned = demand;
  std::reverse(turned.pools.begin(), turned.pools.end());
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    std::copy(demand.row(demand.pools.size() - 1 - pool).begin(),
              demand.row(demand.pools.size() - 1 - pool).end(),
              turned.counts.begin() + static_cast<std::ptrdiff_t>(pool * demand.hours));
  const Backtest backwards = run_backtest(turned, terms, lasting_use());
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    EXPECT_EQ(run.pools[pool].amounts, changed.pools[pool].amounts) << demand.name(pool);
    EXPECT_EQ(run.pools[pool].amounts, backwards.pools[demand.pools.size() - 1 - pool].amounts)
        << demand.name(pool);
  }
}

TEST(Policy, AScenarioNeedsAWeekOfHistory) {
  const Demand demand = SyntheticDemand::make(3);
  const BacktestTerms terms{0, 168 * 3, 84, {3, 5}, 8760, PriceRatio{18, 25}};
  const Backtest run = run_backtest(demand, terms, scenario_portfolio());
  ASSERT_GE(run.dates.size(), 3);
  EXPECT_EQ(run.plan.amounts[0], 0);
  EXPECT_EQ(run.plan.amounts[1], 0);  // after half a week
  EXPECT_GT(run.plan.amounts[2], 0);
}

TEST(Policy, WhereTheJudgedHoursEndDecidesNothing) {
  // Who knew the end would take what is held to end there as well.
  const Demand demand = SyntheticDemand::make(3);
  BacktestTerms terms{8760, 8760 + 672 * 5, 672, {3, 5}, 8760, PriceRatio{18, 25}};
  ScenarioOptions options;
  options.max_unused = 0.1;
  const Backtest run = run_backtest(demand, terms, scenario_portfolio(options));
  terms.end = demand.hours;
  const Backtest longer = run_backtest(demand, terms, scenario_portfolio(options));
  std::int64_t bought = 0;
  for (std::size_t date = 0; date < run.dates.size(); ++date) {
    for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
      EXPECT_EQ(run.pools[pool].amounts[date], longer.pools[pool].amounts[date])
          << demand.name(pool) << ' ' << date;
    EXPECT_EQ(run.plan.amounts[date], longer.plan.amounts[date]) << date;
    if (date > 0) bought += run.plan.amounts[date];
  }
  EXPECT_GT(bought, 0);
}

TEST(Policy, APlanDecidesOnceInFourWeeksAndWhenATermHasEnded) {
  // Usage that grows and may be bought at any date; asked each week and each four weeks.
  Demand demand;
  demand.hours = 168 * 52;
  demand.pool_columns = {"type"};
  demand.pools = {{"a"}, {"b"}};
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 0; hour < demand.hours; ++hour)
      demand.counts.push_back(static_cast<std::int64_t>(100 + hour / 50 + hour * (pool + 3) % 7));
  BacktestTerms terms{168 * 16, 168 * 40, 168, {3, 5}, 8760, PriceRatio{18, 25}};
  const auto dates_of = [&] {
    const Backtest run = run_backtest(demand, terms, planned());
    std::vector<std::size_t> dates;
    for (std::size_t date = 0; date < run.dates.size(); ++date) {
      std::int64_t sum = run.plan.amounts[date];
      for (const PoolBacktest& pool : run.pools) sum += pool.amounts[date];
      if (sum > 0) dates.push_back(run.dates[date]);
    }
    return dates;
  };
  const auto dates = dates_of();
  ASSERT_GT(dates.size(), 3);
  for (std::size_t i = 1; i < dates.size(); ++i) EXPECT_GE(dates[i] - dates[i - 1], 672U);
  terms.step_hours = 672;
  EXPECT_EQ(dates_of(), dates);  // usage asks for more at every date: nothing is put off
  // Where nothing was bought, the next week decides nothing either.
  demand.hours = 168 * 40;
  demand.counts.assign(demand.pools.size() * demand.hours, 0);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 168 * 16 + 1; hour < demand.hours; ++hour)
      demand.counts[pool * demand.hours + hour] = 100;
  demand.counts[0] = 1;
  terms.step_hours = 168;
  EXPECT_EQ(dates_of().front(), 168 * 20U);
  // What ended is bought again in the week in which it ended, though two weeks before more was.
  demand.counts.assign(demand.pools.size() * demand.hours, 100);
  terms.term_hours = 168 * 10;
  const auto again = dates_of();
  ASSERT_GT(again.size(), 3);
  EXPECT_EQ(again[2], 168 * 24U);
  EXPECT_EQ(again[3], 168 * 26U);
}

TEST(Policy, APlanKnowsFamiliesByTheirColumn) {
  // Two families in four sizes. If a quarter of all fades, 19 % go unused; if a half does, 38 %,
  // and of the least that can be bought 25 %, as nothing is left after half a year.
  Demand demand;
  demand.hours = 168 * 30;
  demand.pool_columns = {"family", "size"};
  for (const char* family : {"c", "m"})
    for (const char* size : {"1", "2", "3", "4"}) demand.pools.push_back({family, size});
  demand.counts.assign(demand.pools.size() * demand.hours, 100);
  const BacktestTerms terms{168 * 26, 168 * 26 + 168, 168, {3, 5}, 8760, {}};
  PlanOptions options;
  options.max_unused = 0.24;
  const auto bought = [&] {
    std::int64_t sum = 0;
    for (const PoolBacktest& pool : run_backtest(demand, terms, planned(options)).pools)
      sum += pool.amounts[0];
    return sum;
  };
  EXPECT_EQ(bought(), 0);
  demand.pool_columns[0] = "kind";  // the last one is taken
  EXPECT_GT(bought(), 700);
}

TEST(Policy, LastingUseBeatsEveryRivalOnRealPools) {
  SY_NEEDS_SHARED_DATA();
  for (const PriceRatio price : {PriceRatio{18, 25}, {3, 5}, {10, 21}}) {
    const BacktestTerms terms = two_years(shaved_ice(), price);
    const Backtest best = hindsight(shaved_ice(), terms);
    const double ours = 100 * regret(run_backtest(shaved_ice(), terms, lasting_use()), best);
    RecordProperty("regret_percent", std::to_string(ours));
    EXPECT_LE(ours, 9.0) << price.value();
    for (const NamedPolicy& rival : rival_policies())
      EXPECT_LT(ours, 100 * regret(run_backtest(shaved_ice(), terms, rival.make), best))
          << rival.name;
  }
}

TEST(Policy, LastingUseIsNoWorseThanLookBackOnOnePooledRow) {
  SY_NEEDS_SHARED_DATA();
  const Demand total = aggregate(shaved_ice(), {}).value();
  for (const PriceRatio price : {PriceRatio{18, 25}, {3, 5}, {10, 21}}) {
    const BacktestTerms terms = two_years(total, price);
    const Backtest best = hindsight(total, terms);
    EXPECT_LE(regret(run_backtest(total, terms, lasting_use()), best), 0.0061);
  }
}

TEST(Policy, APlanBesidePoolsOnRealDemandAsPublished) {
  SY_NEEDS_SHARED_DATA();
  const BacktestTerms terms = two_years(shaved_ice(), {3, 5}, PriceRatio{18, 25});
  const Backtest only_plan = run_backtest(shaved_ice(), terms, plan_only(720));
  EXPECT_NEAR(100 * only_plan.savings(), 22.053, 6e-4);
}

}  // namespace
}  // namespace steelyard
