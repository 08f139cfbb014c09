// Purchases over time: equal to trying all, and on real demand as good as the published bound.
#include "commitments/ladder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "commitments/shared_data.h"

namespace steelyard {
namespace {

using Row = std::vector<std::int64_t>;

/// Tries all purchases up to the peak.
Int128 by_trying_all(const Row& demand, const LadderTerms& terms) {
  const std::int64_t peak = demand.empty() ? 0 : *std::max_element(demand.begin(), demand.end());
  Row amounts(terms.dates.size(), 0);
  Int128 best = -1;
  for (;;) {
    const LevelCost cost = cost_of_capacity(demand, capacity_of(terms, amounts, demand.size()));
    if (best < 0 || cost.scaled(terms.price) < best) best = cost.scaled(terms.price);
    std::size_t i = 0;
    while (i < amounts.size() && amounts[i] == peak) amounts[i++] = 0;
    if (i == amounts.size()) return best;
    ++amounts[i];
  }
}

TEST(Ladder, BuysWhatPaysOverItsTermAndNoMore) {
  // Demand doubles for three hours of six; a term has three hours and costs half of on demand.
  const Row demand = {2, 2, 4, 4, 4, 1};
  const LadderTerms terms{{1, 2}, 3, {0, 2, 3}};
  const Ladder ladder = best_ladder(demand, terms);
  EXPECT_TRUE(ladder.cost.scaled(terms.price) == by_trying_all(demand, terms));
  EXPECT_TRUE(ladder.bound == ladder.cost.scaled(terms.price));
}

TEST(Ladder, EqualsBruteForceOnRandomDemand) {
  const std::uint64_t seed = 41;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 1500; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    Row demand(1 + random() % 14);
    for (auto& value : demand) value = static_cast<std::int64_t>(random() % 5);
    LadderTerms terms{{static_cast<std::int64_t>(random() % 8), 7}, 1 + random() % 6, {}};
    for (std::size_t hour = 0; hour < demand.size() && terms.dates.size() < 4; ++hour)
      if (random() % 3 == 0) terms.dates.push_back(hour);
    const Ladder ladder = best_ladder(demand, terms);
    ASSERT_TRUE(ladder.cost.scaled(terms.price) == by_trying_all(demand, terms));
    for (const auto amount : ladder.amounts) ASSERT_GE(amount, 0);
  }
}

TEST(Ladder, OfOneDateAndTheWholeTimeIsTheBestLevel) {
  std::mt19937_64 random(9);
  Row demand(3000);
  for (auto& value : demand) value = static_cast<std::int64_t>(random() % 1'000'000'000'000);
  const LadderTerms terms{{3, 5}, demand.size(), {0}};
  const Ladder ladder = best_ladder(demand, terms);
  EXPECT_TRUE(ladder.cost.scaled(terms.price) ==
              best_level(demand, terms.price).cost.scaled(terms.price));
}

TEST(Ladder, InHindsightOnRealDemand) {
  SY_NEEDS_SHARED_DATA();
  const Demand total = aggregate(shaved_ice(), {}).value();
  const auto demand = total.row(0).last(17'520);
  const std::pair<PriceRatio, double> published[] = {
      {{18, 25}, 22.264}, {{3, 5}, 33.169}, {{10, 21}, 45.234}};
  for (const auto& [price, savings] : published) {
    const Ladder ladder = best_ladder(demand, {price, 8760, dates_every(168, 0, demand.size())});
    EXPECT_TRUE(ladder.cost.usage == 36'835'261);
    EXPECT_NEAR(100 * ladder.cost.savings(price), savings, 5e-4);
    EXPECT_TRUE(ladder.bound == ladder.cost.scaled(price));
  }
}

}  // namespace
}  // namespace steelyard
