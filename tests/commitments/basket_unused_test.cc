// What goes unused of a basket at least: no more than what does, at all capacities, and the same at
// its own where the order uses most; and the cheapest basket within a limit on it.
#include "commitments/basket_unused.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "commitments/random.h"

namespace steelyard {
namespace {

constexpr std::size_t kPools = 4;

/// Pools with a line of their own that is held, one that can be bought, a line over pairs of them
/// and one over all. `uniform`: all lines have one ratio, so any order uses as much.
BasketProblem random_problem(Random& random, bool uniform) {
  BasketProblem problem;
  problem.pools = kPools;
  problem.pattern = 3 + random.below(6);
  problem.scenarios = 1 + random.below(3);
  problem.steps = 1 + random.below(3);
  problem.lines = 2 * kPools + 3;
  for (std::size_t i = 0; i < kPools * problem.pattern; ++i)
    problem.usage.push_back(random.below(5) == 0 ? 0 : random.uniform(0, 10));
  for (std::size_t i = 0; i < problem.scenarios * problem.steps * kPools; ++i)
    problem.share.push_back(random.uniform(0.2, 1.3));
  problem.held.resize(problem.lines * problem.steps);
  for (std::size_t line = 0; line < problem.lines; ++line)
    for (std::size_t step = 0; step < problem.steps; ++step)
      if (line < kPools || random.below(4) == 0)
        problem.held[line * problem.steps + step] = random.uniform(0, 2);
  problem.step_weight.assign(problem.steps, 1.0 / static_cast<double>(problem.steps));
  problem.probability.assign(problem.scenarios, 1.0 / static_cast<double>(problem.scenarios));
  const auto pairs = [&](std::size_t line, std::size_t first, std::size_t end, double ratio) {
    for (std::size_t pool = first; pool < end; ++pool)
      problem.order.push_back({static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(pool),
                               uniform ? 0.6 : ratio});
  };
  for (std::size_t pool = 0; pool < kPools; ++pool) {
    pairs(pool, pool, pool + 1, 0.55);
    pairs(kPools + pool, pool, pool + 1, random.uniform(0.5, 0.6));
  }
  pairs(2 * kPools, 0, 2, 0.65);
  pairs(2 * kPools + 1, 2, 4, 0.68);
  pairs(2 * kPools + 2, 0, 4, 0.75);
  for (std::size_t line = kPools; line < problem.lines; ++line)
    problem.variables.push_back({line, 0, problem.steps, 1, line < 2 * kPools ? 4.0 : 20.0});
  return problem;
}

std::vector<double> random_amounts(Random& random, const BasketProblem& problem) {
  std::vector<double> amounts;
  for (const BasketVariable& variable : problem.variables)
    amounts.push_back(random.below(4) == 0 ? 0 : variable.most * random.uniform(0, 1));
  return amounts;
}

std::vector<double> most_of(const BasketProblem& problem) {
  std::vector<double> most;
  for (const BasketVariable& variable : problem.variables) most.push_back(variable.most);
  return capacity_of(problem, most);
}

/// In each scenario.
std::vector<double> unused_of(const BasketProblem& problem, const std::vector<double>& amounts) {
  const BasketOutcome outcome = outcome_of(problem, amounts, 1);
  std::vector<double> unused;
  for (auto line = outcome.unused.begin(); line != outcome.unused.end();
       line += static_cast<std::ptrdiff_t>(problem.lines))
    unused.push_back(std::accumulate(line, line + static_cast<std::ptrdiff_t>(problem.lines), 0.0));
  return unused;
}

TEST(BasketUnused, IsNoMoreThanWhatGoesUnused) {
  Random random(3);
  double bounded = 0, gone = 0;  // where lines differ, at the very capacities
  for (int round = 0; round < 300; ++round) {
    const bool uniform = round % 2 == 0;
    const BasketProblem problem = random_problem(random, uniform);
    const BasketFlow flow(problem);
    const auto here = random_amounts(random, problem);
    const auto slopes = unused_slopes_at(flow, capacity_of(problem, here), most_of(problem), 1);
    ASSERT_EQ(slopes.size(), problem.scenarios);
    for (int other = 0; other < 20; ++other) {
      const auto amounts = other == 0 ? here : random_amounts(random, problem);
      const auto capacity = capacity_of(problem, amounts);
      const auto unused = unused_of(problem, amounts);
      for (std::size_t s = 0; s < problem.scenarios; ++s) {
        const double least = std::inner_product(capacity.begin(), capacity.end(),
                                                slopes[s].slope.begin(), -slopes[s].constant);
        EXPECT_LE(least, unused[s] + 1e-9) << round;
        if (other == 0 && uniform) {
          EXPECT_NEAR(least, unused[s], 1e-9) << round;
        }
        if (other == 0 && !uniform) {
          bounded += least;
          gone += unused[s];
        }
      }
    }
  }
  EXPECT_GT(bounded, 0.9 * gone) << bounded / gone;
}

/// No more than a share of all fees may go unused, in any scenario; what is held does not count.
TEST(BasketUnused, TheCheapestBasketWithinALimit) {
  Random random(5);
  int limited = 0;
  double gaps = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    BasketProblem problem = random_problem(random, round % 2 == 0);
    std::fill(problem.held.begin(), problem.held.end(), 0.0);
    const BasketFlow flow(problem);
    const std::vector<bool> counts(problem.variables.size(), true);
    const double share = random.uniform(0.02, 0.2);
    const auto fees = [](std::span<const double> amounts) {
      return std::accumulate(amounts.begin(), amounts.end(), 0.0);
    };
    const auto over = [&](std::span<const double> amounts) {
      const auto unused = unused_of(problem, {amounts.begin(), amounts.end()});
      return *std::max_element(unused.begin(), unused.end()) - share * fees(amounts);
    };
    const BasketCondition condition{
        std::vector<double>(problem.variables.size(), 0),
        [&](std::span<const double> amounts) { return over(amounts) <= 1e-9; },
        [&](std::span<const double> amounts) {
          std::vector<BasketLimit> rows;
          for (const UnusedSlope& slope :
               unused_slopes_at(flow, capacity_of(problem, amounts), most_of(problem), 1))
            rows.push_back(slope.row(problem, counts, share, 0));
          return rows;
        }};
    BasketOptions options{.gap = 1e-6, .max_passes = 300, .threads = 1};
    const BasketResult free = best_basket(problem, options);
    options.condition = &condition;
    const BasketResult best = best_basket(problem, options);
    EXPECT_EQ(best.conditioned, !condition.holds(free.amounts)) << round;
    EXPECT_EQ(best.free_bound, free.bound) << round;
    EXPECT_TRUE(condition.holds(best.amounts)) << round;
    EXPECT_NEAR(cost_of(problem, best.amounts, {}), best.cost, 1e-9 * best.cost) << round;
    EXPECT_LE(best.bound, best.cost) << round;
    EXPECT_GE(best.bound, free.bound * (1 - 1e-9)) << round;
    limited += best.conditioned;
    gaps += best.gap;
    if (round % 2 == 0) {
      EXPECT_LE(best.gap, 1e-4) << round;
    }
    for (int other = 0; other < 200; ++other) {
      std::vector<double> amounts = other % 2 == 0 ? random_amounts(random, problem) : best.amounts;
      for (std::size_t v = 0; other % 2 == 1 && v < amounts.size(); ++v)
        amounts[v] =
            std::clamp(amounts[v] + random.uniform(-0.5, 0.5), 0.0, problem.variables[v].most);
      double low = 0, high = 1;  // towards nothing until it keeps the limit
      for (int halving = 0; halving < 20; ++halving) {
        const double middle = (low + high) / 2;
        std::vector<double> less = amounts;
        for (double& amount : less) amount *= middle;
        (over(less) <= 0 ? low : high) = middle;
      }
      for (double& amount : amounts) amount *= low;
      ASSERT_LE(over(amounts), 1e-9);
      EXPECT_GE(cost_of(problem, amounts, {}), best.bound * (1 - 1e-9)) << round;
    }
  }
  EXPECT_GT(limited, kRounds / 2);
  EXPECT_LT(gaps / kRounds, 0.005);
}

}  // namespace
}  // namespace steelyard
