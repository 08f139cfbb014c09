// The best level equals brute force, on random rows and on real ones, whatever the price.
#include "commitments/level.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "commitments/shared_data.h"

namespace steelyard {
namespace {

using Row = std::vector<std::int64_t>;

/// By definition: sorts, and tries every value of the row and zero.
Level by_trying_all(std::span<const std::int64_t> demand, PriceRatio price) {
  Row sorted(demand.begin(), demand.end());
  std::sort(sorted.begin(), sorted.end());
  Int128 usage = 0, above = 0;
  for (const auto value : sorted) usage += value;
  Level best{0, {0, usage, usage}};
  above = usage;  // sum of the values from i on
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto from = static_cast<std::int64_t>(sorted.size() - i);
    const LevelCost cost{static_cast<Int128>(sorted[i]) * static_cast<std::int64_t>(sorted.size()),
                         above - static_cast<Int128>(sorted[i]) * from, usage};
    if (cost.scaled(price) < best.cost.scaled(price)) best = {sorted[i], cost};
    above -= sorted[i];
  }
  return best;
}

void expect_equal(std::span<const std::int64_t> demand, PriceRatio price) {
  const Level expected = by_trying_all(demand, price), found = best_level(demand, price);
  ASSERT_EQ(found.level, expected.level)
      << price.numerator << "/" << price.denominator << " of " << demand.size() << " hours";
  ASSERT_TRUE(found.cost.scaled(price) == expected.cost.scaled(price));
  ASSERT_TRUE(found.cost.usage == expected.cost.usage);
  const LevelCost cost = cost_of_level(demand, found.level);
  ASSERT_TRUE(cost.scaled(price) == expected.cost.scaled(price));
}

const PriceRatio kPrices[] = {{18, 25}, {3, 5},  {10, 21}, {0, 1},     {1, 1},
                              {5, 4},   {1, 97}, {96, 97}, {333, 1000}};

TEST(Level, IsTheQuantileAtWhichOneMoreUnitNoLongerPays) {
  const Row demand = {4, 0, 2, 3, 1};
  // At 2/5 of the price on demand two of five hours may stay above.
  const Level best = best_level(demand, PriceRatio{2, 5});
  EXPECT_EQ(best.level, 2);
  EXPECT_TRUE(best.cost.scaled({2, 5}) == 2 * 10 + 5 * 3);
  EXPECT_DOUBLE_EQ(best.cost.utilisation(), 0.7);
  EXPECT_DOUBLE_EQ(best.cost.savings({2, 5}), 1 - 7.0 / 10);
}

TEST(Level, OfNothingIsNothing) {
  EXPECT_EQ(best_level(Row{}, PriceRatio{3, 5}).level, 0);
  EXPECT_EQ(best_level(Row(1000, 0), PriceRatio{3, 5}).level, 0);
  EXPECT_EQ(best_level(Row{7, 7}, PriceRatio{1, 1}).level,
            0);  // saves nothing: do not bind yourself
}

TEST(Level, EqualsBruteForceOnRandomRows) {
  const std::uint64_t seed = 20'260'901;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    Row demand(random() % (round % 4 == 0 ? 9000 : 40));
    const std::int64_t range = std::int64_t{1} << (random() % 48);
    const int kind = static_cast<int>(random() % 4);
    for (std::size_t i = 0; i < demand.size(); ++i) {
      const auto value = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range));
      if (kind == 0) demand[i] = value;
      if (kind == 1) demand[i] = value * static_cast<std::int64_t>(random() % 2);  // half are zero
      if (kind == 2) demand[i] = i == demand.size() / 2 ? range : 3;               // one spike
      if (kind == 3) demand[i] = static_cast<std::int64_t>(i) * (range / 10'000 + 1);  // rising
    }
    for (const PriceRatio price : kPrices) expect_equal(demand, price);
  }
}

TEST(Level, ASampleThatMisleadsOnlyCostsASecondLook) {
  // Nearly all places that the sample looks at can be bad ones: the answer stays exact.
  std::mt19937_64 random(5);
  for (int round = 0; round < 30; ++round) {
    Row demand(6000, 1000);
    for (int i = 0; i < 2990 + round; ++i) demand[random() % demand.size()] = random() % 7;
    for (std::size_t k = 0; k < demand.size(); k += 211) {
      Row sorted = demand;
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(kth_smallest(demand, k), sorted[k]);
    }
  }
}

TEST(Level, OverScenariosIsTheWeightedQuantile) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    const Row a = {1, 5, 9}, b = {static_cast<std::int64_t>(random() % 20), 4};
    const std::int64_t weight = 1 + static_cast<std::int64_t>(random() % 5);
    const Scenario scenarios[] = {{a, weight}, {b, 2}};
    Row all;
    for (int i = 0; i < weight; ++i) all.insert(all.end(), a.begin(), a.end());
    for (int i = 0; i < 2; ++i) all.insert(all.end(), b.begin(), b.end());
    for (const PriceRatio price : kPrices)
      EXPECT_EQ(best_level(scenarios, price), by_trying_all(all, price).level);
  }
}

TEST(Level, RatiosOfPricesAreExact) {
  EXPECT_EQ(*price_ratio({6 * kOne}, {10 * kOne}), (PriceRatio{3, 5}));
  EXPECT_EQ(*price_ratio({0}, {kOne}), (PriceRatio{0, 1}));
  EXPECT_EQ(price_ratio({kOne}, {0}).error().code, "SY1825");
  EXPECT_EQ(price_ratio({-kOne}, {kOne}).error().code, "SY1825");
  EXPECT_EQ(price_ratio({kOne + 1}, {kOne}).error().code, "SY1825");
}

TEST(Level, EqualsBruteForceOnEveryPoolRegionTypeAndTotalOfRealDemand) {
  SY_NEEDS_SHARED_DATA();
  for (const std::vector<std::string>& columns :
       {std::vector<std::string>{"REGION_NUM", "INSTANCE_TYPE"},
        {"REGION_NUM"},
        {"INSTANCE_TYPE"},
        {}}) {
    const auto demand = aggregate(shaved_ice(), columns);
    ASSERT_TRUE(demand) << demand.error().what;
    for (std::size_t pool = 0; pool < demand->pools.size(); ++pool) {
      SCOPED_TRACE(demand->name(pool));
      for (const PriceRatio price : {PriceRatio{18, 25}, {3, 5}, {10, 21}}) {
        expect_equal(demand->row(pool), price);
        expect_equal(demand->row(pool).last(8760), price);
        expect_equal(demand->row(pool).last(60 * 24), price);
        expect_equal(demand->row(pool).subspan(1000, 168), price);
      }
    }
  }
}

}  // namespace
}  // namespace steelyard
