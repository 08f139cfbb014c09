// Baskets: the same optimum as the whole linear program in one piece where the order of application
// is the best one, and between it and every basket that was tried where it is not; risk; threads.
#include "commitments/basket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "commitments/linear_program.h"
#include "commitments/random.h"

namespace steelyard {
namespace {

/// Pools in pairs below family lines, all below one more line; a variable for each line and, for
/// some, a later date. `uniform`: one ratio for each line, so that the order is the best one.
BasketProblem random_problem(Random& random, bool uniform) {
  BasketProblem problem;
  problem.pools = 4;
  problem.pattern = 3 + random.below(6);
  problem.scenarios = 1 + random.below(3);
  problem.steps = 1 + random.below(3);
  problem.lines = 7;
  for (std::size_t i = 0; i < problem.pools * problem.pattern; ++i)
    problem.usage.push_back(random.below(5) == 0 ? 0 : random.uniform(0, 10));
  for (std::size_t i = 0; i < problem.scenarios * problem.steps * problem.pools; ++i)
    problem.share.push_back(random.uniform(0.2, 1.3));
  problem.held.resize(problem.lines * problem.steps);
  for (double& held : problem.held) held = random.below(3) == 0 ? random.uniform(0, 3) : 0;
  problem.step_weight.assign(problem.steps, 1.0 / static_cast<double>(problem.steps));
  problem.probability.assign(problem.scenarios, 1.0 / static_cast<double>(problem.scenarios));
  const auto pairs_of = [&](std::size_t line, std::size_t first, std::size_t end, double ratio) {
    std::vector<BasketPair> pairs;
    for (std::size_t pool = first; pool < end; ++pool)
      pairs.push_back({static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(pool),
                       uniform ? ratio : ratio * random.uniform(0.7, 1.1)});
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
      return a.ratio < b.ratio || (a.ratio == b.ratio && a.pool < b.pool);
    });
    problem.order.insert(problem.order.end(), pairs.begin(), pairs.end());
  };
  for (std::size_t pool = 0; pool < 4; ++pool)
    pairs_of(pool, pool, pool + 1, random.uniform(0.4, 0.6));
  pairs_of(4, 0, 2, 0.65);
  pairs_of(5, 2, 4, 0.7);
  pairs_of(6, 0, 4, 0.78);
  for (std::size_t line = 0; line < problem.lines; ++line) {
    problem.variables.push_back({line, 0, problem.steps});
    if (problem.steps > 1 && random.below(2) == 0)
      problem.variables.push_back({line, 1, problem.steps, random.uniform(0.95, 1.05)});
  }
  return problem;
}

/// Of what is bought at the first date.
BasketLimit random_limit(Random& random, const BasketProblem& problem, double most) {
  BasketLimit limit{{}, most};
  for (const BasketVariable& variable : problem.variables)
    limit.weight.push_back(variable.first_step == 0 ? random.uniform(0, 2) : 0);
  return limit;
}

double sum_of(const BasketLimit& limit, const std::vector<double>& amounts) {
  return std::inner_product(amounts.begin(), amounts.end(), limit.weight.begin(), 0.0);
}

/// A share of what a variable gives is taken from a line.
struct Taken {
  std::size_t variable, line;
  double share;
};

/// All hours in one linear program, covered in the best order.
double by_linear_program(const BasketProblem& problem, std::vector<double> best,
                         const std::vector<Taken>& taken = {}) {
  LinearProgram program;
  const double infinity = LinearProgram::kInfinity;
  for (const BasketVariable& variable : problem.variables) {
    double hours = 0;
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      hours += problem.step_weight[step];
    program.add_column(variable.fee * hours, 0, std::min(variable.most, 1e6));
  }
  struct Cell {
    std::size_t scenario, step, hour;
  };
  std::vector<Cell> cells;
  for (std::size_t s = 0; s < problem.scenarios; ++s)
    for (std::size_t step = 0; step < problem.steps; ++step)
      for (std::size_t hour = 0; hour < problem.pattern; ++hour) cells.push_back({s, step, hour});
  const bool risky = problem.risk > 0;
  const int first = static_cast<int>(problem.variables.size());
  const int per_cell = static_cast<int>(problem.order.size() + problem.pools);
  for (const Cell& cell : cells) {
    const double weight = problem.step_weight[cell.step] / static_cast<double>(problem.pattern);
    for (std::size_t i = 0; i < problem.order.size(); ++i) program.add_column(0, 0, infinity);
    for (std::size_t pool = 0; pool < problem.pools; ++pool)
      program.add_column((1 - problem.risk) * problem.probability[cell.scenario] * weight, 0,
                         infinity);
  }
  const int threshold = first + static_cast<int>(cells.size()) * per_cell;
  if (risky) {
    program.add_column(problem.risk, -infinity, infinity);
    for (std::size_t s = 0; s < problem.scenarios; ++s)
      program.add_column(problem.risk * problem.probability[s] / problem.tail, 0, infinity);
  }
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const Cell& cell = cells[c];
    const int base = first + static_cast<int>(c) * per_cell;
    for (std::size_t pool = 0; pool < problem.pools; ++pool) {
      std::vector<int> columns{base + static_cast<int>(problem.order.size() + pool)};
      std::vector<double> values{1};
      for (std::size_t i = 0; i < problem.order.size(); ++i)
        if (problem.order[i].pool == pool) {
          columns.push_back(base + static_cast<int>(i));
          values.push_back(1);
        }
      const double usage =
          problem.usage[pool * problem.pattern + cell.hour] *
          problem.share[(cell.scenario * problem.steps + cell.step) * problem.pools + pool];
      program.add_row(usage, usage, columns, values);
    }
    for (std::size_t line = 0; line < problem.lines; ++line) {
      std::vector<int> columns;
      std::vector<double> values;
      for (std::size_t i = 0; i < problem.order.size(); ++i)
        if (problem.order[i].line == line) {
          columns.push_back(base + static_cast<int>(i));
          values.push_back(problem.order[i].ratio);
        }
      for (std::size_t v = 0; v < problem.variables.size(); ++v) {
        const BasketVariable& variable = problem.variables[v];
        if (cell.step < variable.first_step || cell.step >= variable.end_step) continue;
        if (variable.line != line) continue;
        columns.push_back(static_cast<int>(v));
        values.push_back(-1);
      }
      for (const Taken& part : taken) {
        if (part.line != line) continue;
        columns.push_back(static_cast<int>(part.variable));
        values.push_back(part.share);
      }
      program.add_row(-infinity, problem.held[line * problem.steps + cell.step], columns, values);
    }
  }
  if (risky) {
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      std::vector<int> columns{threshold, threshold + 1 + static_cast<int>(s)};
      std::vector<double> values{1, 1};
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (cells[c].scenario != s) continue;
        for (std::size_t pool = 0; pool < problem.pools; ++pool) {
          columns.push_back(first + static_cast<int>(c) * per_cell +
                            static_cast<int>(problem.order.size() + pool));
          values.push_back(-problem.step_weight[cells[c].step] /
                           static_cast<double>(problem.pattern));
        }
      }
      program.add_row(-best[s], infinity, columns, values);
    }
  }
  for (const BasketLimit& limit : problem.limits) {
    std::vector<int> columns(limit.weight.size());
    std::iota(columns.begin(), columns.end(), 0);
    program.add_row(-infinity, limit.most, columns, limit.weight);
  }
  EXPECT_TRUE(program.solve());
  return program.value();
}

TEST(Basket, IsTheOptimumWhereTheOrderIsTheBest) {
  Random random(7);
  for (int round = 0; round < 60; ++round) {
    BasketProblem problem = random_problem(random, true);
    for (int i = 0; i < round % 3; ++i)
      problem.limits.push_back(random_limit(random, problem, random.uniform(0, 6)));
    const BasketResult result = best_basket(problem, {.gap = 1e-8, .max_passes = 2000});
    const double optimum = by_linear_program(problem, {});
    EXPECT_TRUE(result.proven) << round << " gap " << result.gap;
    EXPECT_NEAR(result.cost, optimum, 2e-8 * optimum) << round;
    EXPECT_LE(result.bound, optimum * (1 + 1e-9)) << round;
    for (const BasketLimit& limit : problem.limits)
      EXPECT_LE(sum_of(limit, result.amounts), limit.most + 1e-7);
  }
}

/// Capacity at hand may move to another line, where it is more. What is kept of it is a variable
/// that costs nothing, and together they are the whole of it at most: the same as taking it away.
TEST(Basket, KeepsWhatIsHeldOrMovesItToWhereItIsOfUse) {
  Random random(29);
  int moved = 0;
  for (int round = 0; round < 60; ++round) {
    BasketProblem problem = random_problem(random, true);
    const std::size_t from = random.below(4);
    const double held = random.uniform(1, 4), given = held * random.uniform(1, 1.2);
    for (std::size_t step = 0; step < problem.steps; ++step)
      problem.held[from * problem.steps + step] = held;
    BasketLimit once{std::vector<double>(problem.variables.size()), 1};
    std::vector<Taken> taken;
    for (std::size_t to = 0; to < 4; ++to) {
      if (to == from) continue;
      taken.push_back({problem.variables.size(), from, held / given});
      problem.variables.push_back({to, 0, problem.steps, 1 - held / given, given});
      once.weight.push_back(1 / given);
    }
    problem.limits = {once};
    if (round % 2 == 1) problem.limits.push_back(random_limit(random, problem, 3));
    const double optimum = by_linear_program(problem, {}, taken);
    for (std::size_t step = 0; step < problem.steps; ++step)
      problem.held[from * problem.steps + step] = 0;
    problem.variables.push_back({from, 0, problem.steps, 0, held});
    for (BasketLimit& limit : problem.limits) limit.weight.push_back(0);
    problem.limits[0].weight.back() = 1 / held;
    for (const std::size_t few : {std::size_t{300}, std::size_t{0}}) {
      BasketOptions options{.gap = 1e-8, .max_passes = 2000};
      options.few_purchases = few;
      const BasketResult result = best_basket(problem, options);
      EXPECT_TRUE(result.proven) << round << " gap " << result.gap;
      EXPECT_NEAR(result.cost, optimum, 2e-8 * optimum) << round;
      EXPECT_LE(result.bound, optimum * (1 + 1e-9)) << round;
      for (const BasketLimit& limit : problem.limits)
        EXPECT_LE(sum_of(limit, result.amounts), limit.most + 1e-7);
      double sum = 0;
      for (const Taken& part : taken) sum += result.amounts[part.variable];
      moved += sum > 0.01;
    }
  }
  EXPECT_GT(moved, 20);
}

/// Two purchases by hundredths of what could be of use: none that keeps the limits costs less.
TEST(Basket, IsTheBestWithinItsLimits) {
  Random random(23);
  int binding = 0;
  for (int round = 0; round < 20; ++round) {
    BasketProblem problem = random_problem(random, true);
    problem.variables = {{round % 2 == 0 ? 0u : 4u, 0, problem.steps}, {6, 0, problem.steps}};
    const BasketResult free = best_basket(problem, {.gap = 1e-8, .max_passes = 2000});
    problem.limits = {random_limit(random, problem, 0), random_limit(random, problem, 0)};
    for (BasketLimit& limit : problem.limits)
      limit.most = random.uniform(0.2, 1.2) * sum_of(limit, free.amounts);
    const BasketResult result = best_basket(problem, {.gap = 1e-8, .max_passes = 2000});
    EXPECT_TRUE(result.proven) << round << " gap " << result.gap;
    EXPECT_LE(result.bound, result.cost);
    EXPECT_GE(result.cost, free.bound);
    EXPECT_TRUE(within_limits(problem, {std::vector<double>{0, 0}}));
    for (const BasketLimit& limit : problem.limits)
      EXPECT_LE(sum_of(limit, result.amounts), limit.most + 1e-7);
    binding += !within_limits(problem, free.amounts);
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= 100; ++i)
      for (int j = 0; j <= 100; ++j) {
        const std::vector<double> amounts{0.15 * i, 0.3 * j};
        if (within_limits(problem, amounts)) best = std::min(best, cost_of(problem, amounts, {}));
      }
    EXPECT_LE(result.bound, best) << round;
    EXPECT_LE(result.cost, best * (1 + 1e-8)) << round;
    EXPECT_GE(result.cost, best * 0.95) << round;  // the grid is near it
  }
  EXPECT_GT(binding, 10);
}

TEST(Basket, MinimisesTheTailOfRegret) {
  Random random(11);
  for (int round = 0; round < 40; ++round) {
    BasketProblem problem = random_problem(random, true);
    problem.risk = random.uniform(0.1, 1);
    problem.tail = random.uniform(0.2, 0.6);
    const BasketResult result = best_basket(problem, {.gap = 1e-8, .max_passes = 2000});
    ASSERT_EQ(result.best.size(), problem.scenarios);
    const double optimum = by_linear_program(problem, result.best);
    EXPECT_TRUE(result.proven) << round << " gap " << result.gap;
    EXPECT_NEAR(result.cost, optimum, 2e-8 * std::abs(optimum) + 1e-9) << round;
    EXPECT_NEAR(cost_of(problem, result.amounts, result.best), result.cost, 1e-9);
  }
}

TEST(Basket, BoundsEveryBasketWhereTheOrderIsForced) {
  Random random(13);
  int told = 0;
  for (int round = 0; round < 60; ++round) {
    const BasketProblem problem = random_problem(random, false);
    const BasketResult result = best_basket(problem, {.gap = 1e-8, .max_passes = 300});
    const double relaxed = by_linear_program(problem, {});
    EXPECT_LE(result.bound, relaxed * (1 + 1e-8)) << round;
    EXPECT_GE(result.cost, relaxed * (1 - 1e-8)) << round;
    EXPECT_LE(result.gap, 0.08) << round;  // the price of the forced order, and no more
    EXPECT_LE(result.gap_of_order, result.gap) << round;
    EXPECT_GE(result.gap_of_order, 0) << round;
    told += result.gap > 1e-3 && result.gap_of_order > 0.5 * result.gap;
    for (int i = 0; i < 20; ++i) {
      std::vector<double> other = result.amounts;
      for (double& amount : other) amount = std::max(0.0, amount + random.uniform(-2, 2));
      EXPECT_GE(cost_of(problem, other, {}), result.bound * (1 - 1e-9)) << round;
    }
  }
  EXPECT_GT(told, 0);
}

/// An estate: pools with a line of their own that is bought in three steps, some with a second one
/// that is cheaper and of which both together may be no more than one rung; regions over them; one
/// line over everything, and over as many pools for what is used elsewhere.
BasketProblem estate(Random& random, std::size_t pools, bool uniform) {
  constexpr std::size_t kRegion = 8;
  BasketProblem problem;
  const std::size_t regions = pools / kRegion;
  problem.pools = 2 * pools;
  problem.pattern = 24;
  problem.scenarios = 4;
  problem.steps = 6;
  problem.lines = 2 * pools + regions + 1;
  problem.usage.resize(problem.pools * problem.pattern);
  for (std::size_t pool = 0; pool < pools; ++pool) {
    const double size = random.uniform(1, 50);
    for (std::size_t hour = 0; hour < problem.pattern; ++hour)
      problem.usage[pool * problem.pattern + hour] =
          problem.usage[(pools + pool) * problem.pattern + hour] = size * random.uniform(0.5, 1.5);
  }
  for (std::size_t block = 0; block < problem.scenarios * problem.steps; ++block) {
    const double fades = 0.1 * static_cast<double>(block % problem.steps);
    for (std::size_t pool = 0; pool < pools; ++pool)
      problem.share.push_back(1 - fades * random.uniform(0, 1));
    for (std::size_t pool = 0; pool < pools; ++pool)
      problem.share.push_back(1.02 - problem.share[problem.share.size() - pools]);
  }
  problem.held.assign(problem.lines * problem.steps, 0);
  for (std::size_t pool = 0; pool < pools; pool += 5)
    problem.held[pool * problem.steps] = random.uniform(0, 5);
  problem.step_weight.assign(problem.steps, 1.0 / static_cast<double>(problem.steps));
  problem.probability.assign(problem.scenarios, 1.0 / static_cast<double>(problem.scenarios));
  problem.risk = 0.25;
  const auto pair = [&](std::size_t line, std::size_t pool, double ratio) {
    problem.order.push_back({static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(pool),
                             uniform ? ratio : ratio * random.uniform(0.95, 1.05)});
  };
  for (std::size_t pool = 0; pool < pools; ++pool) {
    pair(pool, pool, 0.6);
    if (pool % 3 == 0) pair(pools + pool, pool, 0.55);
  }
  for (std::size_t pool = 0; pool < regions * kRegion; ++pool)
    pair(2 * pools + pool / kRegion, pool, 0.66);
  for (std::size_t pool = 0; pool < 2 * pools; ++pool) pair(problem.lines - 1, pool, 0.72);
  for (std::size_t line = 0; line < problem.lines; ++line)
    for (std::size_t step = 0; step < (line < pools ? 3 : line + 1 < problem.lines ? 1 : 6); ++step)
      problem.variables.push_back({line, step, problem.steps});
  BasketLimit due{std::vector<double>(problem.variables.size(), 0), 100};
  for (std::size_t v = 0; v < problem.variables.size(); ++v)
    if (problem.variables[v].first_step == 0 && problem.variables[v].line + 1 < problem.lines)
      due.weight[v] = 1;
  problem.limits.push_back(due);
  for (std::size_t pool = 0; pool < pools; pool += 3) {
    BasketLimit rung{std::vector<double>(problem.variables.size(), 0), 1};
    rung.weight[3 * pool] = 0.1;
    rung.weight[2 * pools + pools + pool] = 0.1;
    problem.limits.push_back(rung);
  }
  return problem;
}

TEST(Basket, ManyPurchasesAreChosenByNewtonsMethod) {
  constexpr std::size_t kNever = 1'000'000;
  Random random(37);
  for (const bool uniform : {true, false}) {
    const BasketProblem middling = estate(random, 16, uniform);
    const BasketResult planes =
        best_basket(middling, {.gap = 1e-5, .max_passes = 300, .few_purchases = kNever});
    const BasketResult newton = best_basket(
        middling, {.gap = 1e-5, .max_passes = 300, .few_purchases = 0, .many_purchases = 0});
    // Regret is measured against what each found best.
    EXPECT_LE(newton.bound, cost_of(middling, planes.amounts, newton.best));
    EXPECT_LE(planes.bound, cost_of(middling, newton.amounts, planes.best));
    EXPECT_TRUE(within_limits(middling, newton.amounts));
    if (uniform) {
      EXPECT_TRUE(newton.proven) << newton.gap;
      for (std::size_t s = 0; s < middling.scenarios; ++s)
        EXPECT_NEAR(newton.best[s], planes.best[s], 1e-4 * planes.best[s]);
    } else {  // what the forced order costs stays open, to both
      EXPECT_LE(newton.cost, 1.005 * planes.cost);
      EXPECT_GE(newton.bound, 0.97 * planes.bound);
    }
  }
  const BasketProblem large = estate(random, 200, true);
  const BasketResult result = best_basket(large, {.gap = 1e-4, .threads = 1});
  EXPECT_TRUE(result.proven) << result.gap;
  EXPECT_LE(result.bound, result.cost);
  EXPECT_TRUE(within_limits(large, result.amounts));
  EXPECT_NEAR(cost_of(large, result.amounts, result.best), result.cost, 1e-9 * result.cost);
  for (int i = 0; i < 20; ++i) {
    std::vector<double> other = result.amounts;
    for (double& amount : other) amount *= random.uniform(0.9, 1);
    EXPECT_GE(cost_of(large, other, result.best), result.bound);
  }
  const BasketResult again = best_basket(large, {.gap = 1e-4, .threads = 3});
  EXPECT_EQ(result.amounts, again.amounts);
  EXPECT_EQ(result.bound, again.bound);
}

TEST(Basket, NewtonsMethodBoundsTheWholeProgram) {
  Random random(41);
  for (int round = 0; round < 40; ++round) {
    BasketProblem problem = random_problem(random, round % 2 == 0);
    if (round % 4 == 0)
      problem.limits.push_back(random_limit(random, problem, random.uniform(1, 6)));
    const BasketResult result =
        best_basket(problem, {.gap = 1e-6, .few_purchases = 0, .many_purchases = 0});
    const double optimum = by_linear_program(problem, {});
    EXPECT_LE(result.bound, optimum * (1 + 1e-9)) << round;
    EXPECT_GE(result.cost, optimum * (1 - 1e-9)) << round;
    EXPECT_TRUE(within_limits(problem, result.amounts)) << round;
    if (round % 4 == 2) {
      EXPECT_LE(result.gap, 1e-3) << round;
    }
  }
}

TEST(Basket, ThreadsChangeNothing) {
  Random random(17);
  const BasketProblem problem = random_problem(random, false);
  const BasketResult one = best_basket(problem, {.threads = 1});
  const BasketResult three = best_basket(problem, {.threads = 3});
  EXPECT_EQ(one.amounts, three.amounts);
  EXPECT_EQ(one.cost, three.cost);
  EXPECT_EQ(one.bound, three.bound);
}

TEST(Basket, BuysNothingWithoutUsage) {
  Random random(19);
  BasketProblem problem = random_problem(random, true);
  std::fill(problem.usage.begin(), problem.usage.end(), 0.0);
  const BasketResult result = best_basket(problem);
  EXPECT_EQ(result.cost, 0);
  for (const double amount : result.amounts) EXPECT_EQ(amount, 0);
}

}  // namespace
}  // namespace steelyard
