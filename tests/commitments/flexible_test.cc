// One plan over unlike discounts: equal to trying every commitment, compared without rounding.
#include "commitments/flexible.h"

#include <gtest/gtest.h>

#include <random>

#include "commitments/shared_data.h"

namespace steelyard {
namespace {

Demand demand_of(std::size_t pools, std::size_t hours, std::mt19937_64& random,
                 std::uint64_t peak) {
  Demand demand;
  demand.hours = hours;
  demand.pool_columns = {"pool"};
  for (std::size_t pool = 0; pool < pools; ++pool) demand.pools.push_back({std::to_string(pool)});
  for (std::size_t i = 0; i < pools * hours; ++i)
    demand.counts.push_back(static_cast<std::int64_t>(random() % (peak + 1)));
  return demand;
}

/// a - b, exactly.
int compare(const FractionSum& a, const FractionSum& b) { return FractionSum(a).add(b, -1).sign(); }

TEST(FractionSum, ComparesWithoutACommonDenominator) {
  EXPECT_EQ((FractionSum{0, {}}).sign(), 0);
  EXPECT_EQ((FractionSum{-1, {{1, 3}, {1, 2}, {1, 6}}}).sign(), 0);
  EXPECT_EQ((FractionSum{-1, {{1, 3}, {1, 2}, {1, 7}}}).sign(), -1);
  EXPECT_EQ((FractionSum{-1, {{1, 3}, {1, 2}, {1, 5}}}).sign(), 1);
  // 1/p - 1/q for neighbours beyond what a double tells apart.
  const std::int64_t p = 999'999'999'989, q = 999'999'999'990;
  EXPECT_EQ((FractionSum{0, {{1, p}, {-1, q}}}).sign(), 1);
  EXPECT_EQ((FractionSum{0, {{-1, p}, {1, q}}}).sign(), -1);
  EXPECT_EQ((FractionSum{0, {{-1, p}, {1, p}}}).sign(), 0);
  EXPECT_EQ((FractionSum{5, {{-10 * static_cast<Int128>(q), 2 * q}}}).sign(), 0);
}

TEST(Flexible, HighestDiscountFirst) {
  Demand demand;
  demand.hours = 1;
  demand.pools = {{"a"}, {"b"}};
  demand.counts = {10, 10};
  const PriceRatio rates[] = {{9, 10}, {1, 2}};
  // 5 of the plan cover b; 4 more of it cover 4 / 0.9 of a.
  const auto level = cost_of_flexible_level(demand, rates, 90);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->scale, 10);
  EXPECT_EQ(compare(level->on_demand, {10, {{-40, 9}}}), 0);
  EXPECT_EQ(compare(level->cost, {19, {{-40, 9}}}), 0);
}

TEST(Flexible, EqualsBruteForce) {
  const std::uint64_t seed = 77;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    const Demand demand = demand_of(1 + random() % 4, 1 + random() % 12, random, 4);
    std::vector<PriceRatio> rates;
    for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
      rates.push_back({static_cast<std::int64_t>(1 + random() % 12), 10});
    const auto best = best_flexible_level(demand, rates);
    ASSERT_TRUE(best) << best.error().what;
    for (std::int64_t commitment = 0; commitment <= 170; ++commitment) {
      const auto other = cost_of_flexible_level(demand, rates, commitment * best->scale / 10);
      const int order = compare(other->cost, best->cost);
      ASSERT_GE(order, commitment * best->scale / 10 < best->commitment ? 1 : 0) << commitment;
    }
  }
}

TEST(Flexible, OfLikeDiscountsIsTheBestLevel) {
  std::mt19937_64 random(8);
  const Demand demand = demand_of(3, 500, random, 1000);
  const std::vector<PriceRatio> rates(3, {18, 25});
  const auto best = best_flexible_level(demand, rates);
  ASSERT_TRUE(best);
  const Level level = best_level(aggregate(demand, {})->row(0), {18, 25});
  EXPECT_EQ(best->commitment, level.level * 18);
  EXPECT_EQ(compare(best->cost, {0, {{level.cost.scaled({18, 25}), 25}}}), 0);
}

TEST(Flexible, RatesThatHaveNoExactScaleAreRefused) {
  std::mt19937_64 random(8);
  const Demand demand = demand_of(2, 3, random, 5);
  const PriceRatio primes[] = {{1, 999'983}, {1, 999'979}};
  EXPECT_TRUE(best_flexible_level(demand, primes).has_value());
  const PriceRatio worse[] = {{1, 99'999'989}, {1, 99'999'971}};
  EXPECT_EQ(best_flexible_level(demand, worse).error().code, "SY1825");
  const PriceRatio none[] = {{0, 1}, {1, 2}};
  EXPECT_EQ(best_flexible_level(demand, none).error().code, "SY1825");
}

TEST(Flexible, OnRealDemandNoNeighbourIsBetter) {
  SY_NEEDS_SHARED_DATA();
  const Demand year = hours_of(shaved_ice(), 17'520, 26'280);
  std::vector<PriceRatio> rates;  // 28 % off for type A, one point more for each next
  for (const auto& pool : year.pools) rates.push_back({72 - (pool[1][0] - 'A'), 100});
  const auto best = best_flexible_level(year, rates);
  ASSERT_TRUE(best) << best.error().what;
  EXPECT_GT(best->commitment, 0);
  for (const std::int64_t step : {1, 7, 100, 5000}) {
    const auto less = cost_of_flexible_level(year, rates, best->commitment - step);
    const auto more = cost_of_flexible_level(year, rates, best->commitment + step);
    EXPECT_GT(compare(less->cost, best->cost), 0) << step;
    EXPECT_GE(compare(more->cost, best->cost), 0) << step;
  }
}

}  // namespace
}  // namespace steelyard
