// Purchases over time: equal to trying all, and on real demand as good as the published bound.
#include "commitments/ladder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "commitments/linear_program.h"
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

/// In one piece: a column for each purchase and for what each hour leaves on demand.
double by_linear_program(const Row& demand, const LadderTerms& terms) {
  LinearProgram program;
  for (const std::size_t date : terms.dates)
    program.add_column(
        terms.price.value() *
            static_cast<double>(std::min(date + terms.term_hours, demand.size()) - date),
        0, LinearProgram::kInfinity);
  for (std::size_t hour = 0; hour < demand.size(); ++hour)
    program.add_column(1, 0, LinearProgram::kInfinity);
  for (std::size_t hour = 0; hour < demand.size(); ++hour) {
    std::vector<int> columns = {static_cast<int>(terms.dates.size() + hour)};
    for (std::size_t i = 0; i < terms.dates.size(); ++i)
      if (terms.dates[i] <= hour && hour < terms.dates[i] + terms.term_hours)
        columns.push_back(static_cast<int>(i));
    program.add_row(static_cast<double>(demand[hour]), LinearProgram::kInfinity, columns,
                    std::vector<double>(columns.size(), 1.0));
  }
  EXPECT_TRUE(program.solve());
  return program.value();
}

TEST(Ladder, EqualsTheLinearProgram) {
  const std::uint64_t seed = 5;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    Row demand(300 + random() % 300);
    for (std::size_t hour = 0; hour < demand.size(); ++hour)
      demand[hour] = static_cast<std::int64_t>(random() % (100 + hour));
    const LadderTerms terms{{static_cast<std::int64_t>(30 + random() % 60), 100},
                            50 + random() % 200,
                            dates_every(7 + random() % 20, random() % 30, demand.size())};
    const Ladder ladder = best_ladder(demand, terms);
    const double expected = by_linear_program(demand, terms);
    EXPECT_NEAR(static_cast<double>(ladder.cost.scaled(terms.price)) / 100, expected,
                1e-9 * expected);
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
