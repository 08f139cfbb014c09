// Back-tests: the rules of providers and peers as published (commitments bought each week for a
// year, judged over two years of "Shaved Ice"), and ours beside them.
#include "commitments/backtest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "commitments/policy.h"
#include "commitments/shared_data.h"

namespace steelyard {
namespace {

constexpr PriceRatio kPrices[] = {{18, 25}, {3, 5}, {10, 21}};

BacktestTerms two_years(const Demand& demand, PriceRatio price) {
  return {8760, demand.hours, 168, price, 8760, {}};
}

const Demand& total() {
  static const Demand demand = aggregate(shaved_ice(), {}).value();
  return demand;
}

/// Hindsight of the total and of 47 pools, at each price.
const Backtest& best(std::size_t column) {
  static const std::vector<Backtest> all = [] {
    std::vector<Backtest> runs;
    for (const Demand* demand : {&total(), &shaved_ice()})
      for (const PriceRatio price : kPrices)
        runs.push_back(hindsight(*demand, two_years(*demand, price)));
    return runs;
  }();
  return all[column];
}

struct Row {
  const char* name;
  double regrets[6];        ///< in per cent: total and 47 pools, each at 28 %, 40 % and 52.38 % off
  double tolerance = 6e-3;  ///< half of the last digit that is printed, and a solver's own
};

void expect_row(const PolicyMaker& policy, const Row& row) {
  std::size_t column = 0;
  for (const Demand* demand : {&total(), &shaved_ice()})
    for (const PriceRatio price : kPrices) {
      const Backtest run = run_backtest(*demand, two_years(*demand, price), policy);
      EXPECT_NEAR(100 * regret(run, best(column)), row.regrets[column], row.tolerance)
          << row.name << ", column " << column;
      ++column;
    }
}

Demand small(std::vector<std::int64_t> counts) {
  Demand demand;
  demand.hours = counts.size();
  demand.pool_columns = {"pool"};
  demand.pools = {{"a"}};
  demand.counts = std::move(counts);
  return demand;
}

TEST(Backtest, SeesOnlyWhatWasBeforeTheDateAndPaysToTheEnd) {
  const Demand demand = small({1, 2, 3, 4, 5, 6});
  const BacktestTerms terms{2, 6, 2, {1, 2}, 3, {}};
  std::vector<std::size_t> seen;
  std::vector<std::int64_t> held;
  const Backtest run = run_backtest(demand, terms, [&]() -> Policy {
    return [&](const PolicyView& view) {
      seen.push_back(view.history(0).size());
      held.push_back(view.held_now(0));
      return std::vector<std::int64_t>{3};
    };
  });
  EXPECT_EQ(seen, (std::vector<std::size_t>{2, 4}));
  EXPECT_EQ(held, (std::vector<std::int64_t>{0, 3}));
  // Hours 2..5 hold 3, 3, 6, 3 of 3, 4, 5, 6.
  EXPECT_TRUE(run.cost.committed == 15);
  EXPECT_TRUE(run.cost.on_demand == 0 + 1 + 0 + 3);
  EXPECT_TRUE(run.paid * 2 == 23 * run.denominator);
  EXPECT_EQ(run.purchases, 2);
  EXPECT_NEAR(unused_share(run.cost), 1.0 / 15, 1e-12);
  EXPECT_NEAR(run.savings(), 1 - 11.5 / 18, 1e-12);
  EXPECT_NEAR(worst_savings(demand, terms, run, 4), run.savings(), 1e-12);
}

TEST(Backtest, APlanCoversWhatThePoolsLeave) {
  Demand demand = small({5, 5, 5, 5, 2, 2, 2, 2});
  demand.hours = 4;
  demand.pools = {{"a"}, {"b"}};
  const BacktestTerms terms{0, 4, 4, {1, 2}, 4, PriceRatio{3, 4}};
  const Backtest run = run_backtest(demand, terms, []() -> Policy {
    return [](const PolicyView&) { return std::vector<std::int64_t>{4, -7, 2}; };
  });
  EXPECT_TRUE(run.plan.cost.usage == 12);     // 1 and 2 an hour are left
  EXPECT_TRUE(run.plan.cost.on_demand == 4);  // and 1 of them remains
  // 16 at a half, 8 at three quarters, 4 on demand.
  EXPECT_TRUE(run.paid == 18 * run.denominator);
}

TEST(Backtest, AfterAPurchaseTheSameGapIsNotBoughtAgain) {
  // Usage rises from 0 to 10 and stays: one purchase of 10 is right.
  std::vector<std::int64_t> counts(24 * 40, 10);
  std::fill(counts.begin(), counts.begin() + 24 * 8, 0);
  const Demand demand = small(counts);
  const BacktestTerms terms{24 * 20, demand.hours, 24 * 2, {3, 5}, 24 * 30, {}};
  const auto bought_by = [&](const PolicyMaker& policy) {
    const Backtest run = run_backtest(demand, terms, policy);
    const auto& amounts = run.pools[0].amounts;
    return std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0});
  };
  EXPECT_EQ(bought_by(look_back(24 * 10)), 10);
  EXPECT_GT(bought_by(uncovered_gap(24 * 10)), 10);  // the mistake that this test is about
}

TEST(Backtest, HindsightAsPublished) {
  SY_NEEDS_SHARED_DATA();
  const double savings[] = {22.264, 33.169, 45.234, 18.033, 27.897, 39.014};
  for (std::size_t column = 0; column < 6; ++column) {
    EXPECT_TRUE(best(column).cost.usage == 36'835'261);
    EXPECT_NEAR(100 * best(column).savings(), savings[column], 5.1e-4) << column;
  }
  const Backtest one_thread = hindsight(shaved_ice(), two_years(shaved_ice(), kPrices[1]), 1);
  EXPECT_TRUE(one_thread.paid == best(4).paid);
}

TEST(Backtest, RivalsAsPublished) {
  SY_NEEDS_SHARED_DATA();
  const Row rows[] = {
      {"look-back 7 days", {0.28, 0.41, 0.58, 11.60, 11.58, 11.93}},
      {"look-back 30 days", {0.27, 0.41, 0.60, 11.27, 11.03, 10.83}},
      {"look-back 60 days", {0.38, 0.57, 0.79, 11.91, 12.13, 12.05}},
      {"look-back 30 days, every 4 weeks", {0.99, 1.56, 2.45, 11.31, 11.89, 12.67}},
      {"look-back 60 days, quarterly", {3.61, 5.69, 9.10, 11.91, 14.25, 17.12}},
      {"look-back 60 days, once a year", {13.48, 22.93, 37.32, 12.04, 17.04, 24.15}},
      // 80 % of a small level is no whole count, and ours are whole; the table's are not.
      {"80 % of look-back 30 days", {4.09, 5.90, 8.37, 10.65, 11.91, 13.07}, 0.2},
      {"minimum of 30 days", {5.12, 10.55, 20.15, 11.39, 15.15, 22.13}},
      {"lower of 30 and 3 days", {0.92, 2.00, 3.69, 9.98, 9.74, 9.99}},
      {"break-even", {9.88, 14.66, 20.43, 15.74, 20.30, 25.07}}};
  const auto rivals = rival_policies();
  ASSERT_EQ(rivals.size(), std::size(rows));
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    ASSERT_EQ(rivals[i].name, rows[i].name);
    expect_row(rivals[i].make, rows[i]);
  }
  expect_row(uncovered_gap(30 * 24),
             {"the gap bought twice", {12.8, 40.2, 64.7, 29.5, 48.1, 65.6}, 0.05});
}

TEST(Backtest, EightyPercentOfALevelIsAsPublishedWhereCountsAreFine) {
  SY_NEEDS_SHARED_DATA();
  const double published[] = {10.65, 11.91, 13.07};
  Demand fifths = shaved_ice();  // counts of a fifth: 80 % of a level is whole
  for (std::int64_t& count : fifths.counts) count *= 5;
  for (std::size_t i = 0; i < 3; ++i) {
    const Backtest run = run_backtest(fifths, two_years(fifths, kPrices[i]), look_back(720, 80));
    EXPECT_NEAR(100 * regret(run, hindsight(fifths, two_years(fifths, kPrices[i]))), published[i],
                5.1e-3);
  }
}

}  // namespace
}  // namespace steelyard
