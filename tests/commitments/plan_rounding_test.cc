// Rounding: whole steps of every size, within all limits and what may be bought of each, and no
// cheaper than what was proved.
#include "commitments/plan_rounding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "commitments/random.h"

namespace steelyard {
namespace {

/// Pools, each with a line of its own, below one line for all, bought at the first step.
BasketProblem problem_of(std::size_t pools, const std::vector<double>& usage) {
  BasketProblem problem;
  problem.pools = pools;
  problem.lines = pools + 1;
  problem.pattern = usage.size() / pools;
  problem.usage = usage;
  problem.share.assign(pools, 1);
  problem.held.assign(problem.lines, 0);
  problem.step_weight = {1};
  problem.probability = {1};
  for (std::uint32_t pool = 0; pool < pools; ++pool) problem.order.push_back({pool, pool, 0.6});
  for (std::uint32_t pool = 0; pool < pools; ++pool)
    problem.order.push_back({static_cast<std::uint32_t>(pools), pool, 0.72});
  for (std::size_t line = 0; line < problem.lines; ++line)
    problem.variables.push_back({line, 0, 1});
  return problem;
}

TEST(PlanRounding, KeepsLimitsInStepsOfEverySize) {
  std::size_t on_a_limit = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> usage;
    for (int i = 0; i < 3 * 5; ++i) usage.push_back(random.uniform(0, 10));
    BasketProblem problem = problem_of(3, usage);
    std::vector<double> grain;
    const bool is_fine = random.below(2) == 0;  // then few limits leave room for another step
    for (BasketVariable& variable : problem.variables) {
      grain.push_back(is_fine ? random.uniform(1e-5, 1e-3) : random.uniform(0.01, 0.9));
      if (random.below(2) == 0) variable.most = random.uniform(0, 4);
    }
    BasketLimit limit{{}, random.uniform(0.001, 4)};
    for (std::size_t v = 0; v < problem.variables.size(); ++v)
      limit.weight.push_back(random.below(4) == 0 ? 0 : random.uniform(0.5, 2));
    problem.limits.push_back(limit);
    const BasketResult relaxed = best_basket(problem);
    const RoundingTask task{
        .problem = problem, .grain = grain, .best = relaxed.best, .gap = 1e-6, .threads = 1};
    const std::vector<double> amounts = round_basket(task, relaxed).amounts;
    EXPECT_TRUE(within_limits(problem, amounts));
    double least_step = 1;
    for (std::size_t v = 0; v < amounts.size(); ++v) {
      const double steps = amounts[v] / grain[v];
      EXPECT_NEAR(steps, std::round(steps), 1e-5) << v << " in steps of " << grain[v];
      EXPECT_LE(amounts[v], problem.variables[v].most * (1 + 1e-9)) << v;
      least_step = std::min(least_step, grain[v]);
    }
    EXPECT_GE(cost_of(problem, amounts, relaxed.best, 1), relaxed.bound * (1 - 1e-9));
    double sum = 0;
    for (std::size_t v = 0; v < amounts.size(); ++v) sum += limit.weight[v] * amounts[v];
    if (sum > 0.99 * limit.most) ++on_a_limit;
  }
  EXPECT_GT(on_a_limit, 100U);
}

TEST(PlanRounding, KeepsTheConditionInStepsOfEverySize) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> usage;
    for (int i = 0; i < 2 * 4; ++i) usage.push_back(random.uniform(1, 10));
    const BasketProblem problem = problem_of(2, usage);
    std::vector<double> grain;
    for (std::size_t v = 0; v < problem.variables.size(); ++v)
      grain.push_back(random.below(2) == 0 ? random.uniform(1e-5, 9e-4) : random.uniform(0.1, 0.9));
    // Like a limit on what goes unused, a share of all: less of the others breaks it.
    const double share = random.uniform(0.1, 0.4);
    const BasketLimit row{{1 - share, -share, -share}, 1e-9};
    const BasketCondition condition{
        std::vector<double>(3, 0),
        [&](std::span<const double> amounts) { return within_limit(row, amounts); },
        [&](std::span<const double>) { return std::vector<BasketLimit>{row}; },
        [&](std::vector<double> amounts) {
          amounts[0] = std::min(amounts[0], share / (1 - share) * (amounts[1] + amounts[2]));
          return amounts;
        }};
    BasketOptions options;
    options.condition = &condition;
    const BasketResult relaxed = best_basket(problem, options);
    const RoundingTask task{.problem = problem,
                            .grain = grain,
                            .best = relaxed.best,
                            .condition = &condition,
                            .gap = 1e-6,
                            .threads = 1};
    const std::vector<double> amounts = round_basket(task, relaxed).amounts;
    for (std::size_t v = 0; v < amounts.size(); ++v)
      EXPECT_NEAR(amounts[v] / grain[v], std::round(amounts[v] / grain[v]), 1e-5) << grain[v];
    EXPECT_TRUE(condition.holds(amounts));
    EXPECT_GE(cost_of(problem, amounts, relaxed.best, 1), relaxed.bound * (1 - 1e-9));
  }
}

TEST(PlanRounding, ALimitTakesOnlyWhatBreaksIt) {
  BasketProblem problem = problem_of(2, {10, 10});
  problem.limits.push_back({{0, 1, 0}, 2.9});
  const RoundingTask task{.problem = problem, .grain = {1, 1, 1}, .best = {}, .threads = 1};
  BasketResult relaxed;
  relaxed.amounts = {2, 3, 1};
  EXPECT_EQ(round_basket(task, relaxed).amounts, (std::vector<double>{2, 2, 1}));
  // As often as it takes.
  problem.limits.push_back({{1, 0, 0}, 0.5});
  EXPECT_EQ(round_basket(task, relaxed).amounts, (std::vector<double>{0, 2, 1}));
}

TEST(PlanRounding, NoMoreThanIsOffered) {
  // A step is worth it, but more than a ladder offers.
  BasketProblem problem = problem_of(1, {10});
  problem.variables[0].most = 2.5;
  problem.variables[1].most = 0;
  const BasketResult relaxed = best_basket(problem);
  ASSERT_NEAR(relaxed.amounts[0], 2.5, 1e-9);
  const RoundingTask task{.problem = problem, .grain = {1, 1}, .best = {}, .threads = 1};
  EXPECT_EQ(round_basket(task, relaxed).amounts, (std::vector<double>{2, 0}));
}

TEST(PlanRounding, WhatCostsMoreThanNothingIsGivenUp) {
  // Of 6 on demand 3 of the pool's own line cover 5; 2 of the wider one would save the last 1.
  const BasketProblem problem = problem_of(1, {6});
  const RoundingTask task{.problem = problem, .grain = {1, 1}, .best = {}, .threads = 1};
  BasketResult relaxed;
  relaxed.amounts = {3, 2};
  EXPECT_EQ(round_basket(task, relaxed).amounts, (std::vector<double>{3, 0}));
  relaxed.amounts = {1, 1};
  EXPECT_EQ(round_basket(task, relaxed).amounts, (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace steelyard
