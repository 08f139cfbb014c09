// Portfolios: the same optimum as brute force and as the whole linear program in one piece; proof,
// permutation, threads, restarts.
#include "commitments/portfolio.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "commitments/linear_program.h"
#include "commitments/shared_data.h"

namespace steelyard {
namespace {

double real(Int128 value) { return static_cast<double>(value); }

/// Hours x scopes, straight from the definition.
Int128 cost_by_definition(const PortfolioProblem& problem, std::span<const std::int64_t> amounts,
                          Int128 denominator) {
  Int128 cost = 0;
  for (std::size_t hour = 0; hour < problem.hours; ++hour) {
    std::int64_t weight = 1;
    for (const auto& part : problem.weights)
      if (part.begin <= hour && hour < part.end) weight = part.weight;
    std::vector<std::int64_t> into(problem.parent.size(), 0);
    for (std::size_t scope = 0; scope < problem.parent.size(); ++scope) {
      std::int64_t left = into[scope];
      if (scope < problem.pools) left = problem.counts[scope * problem.hours + hour];
      if (scope < problem.held.size() && !problem.held[scope].empty())
        left -= problem.held[scope][hour];
      for (std::size_t i = 0; i < problem.offers.size(); ++i) {
        const PortfolioOffer& offer = problem.offers[i];
        if (offer.scope != scope || hour < offer.begin || hour >= offer.end) continue;
        left -= amounts[i];
        cost += denominator / offer.price.denominator * offer.price.numerator * weight * amounts[i];
      }
      left = std::max<std::int64_t>(0, left);
      if (problem.parent[scope] < 0)
        cost += denominator * weight * left;
      else
        into[static_cast<std::size_t>(problem.parent[scope])] += left;
    }
  }
  return cost;
}

/// The whole program at once: a column for each purchase and for what is left in each scope and
/// hour.
double by_linear_program(const PortfolioProblem& problem) {
  LinearProgram program;
  const auto weight_at = [&](std::size_t hour) {
    for (const auto& part : problem.weights)
      if (part.begin <= hour && hour < part.end) return static_cast<double>(part.weight);
    return 1.0;
  };
  for (const PortfolioOffer& offer : problem.offers) {
    double hours = 0;
    for (std::size_t hour = offer.begin; hour < offer.end; ++hour) hours += weight_at(hour);
    program.add_column(offer.price.value() * hours, 0,
                       offer.most < 0 ? LinearProgram::kInfinity : static_cast<double>(offer.most));
  }
  const std::size_t scopes = problem.parent.size();
  const auto left_column = [&](std::size_t scope, std::size_t hour) {
    return static_cast<int>(problem.offers.size() + scope * problem.hours + hour);
  };
  for (std::size_t scope = 0; scope < scopes; ++scope)
    for (std::size_t hour = 0; hour < problem.hours; ++hour)
      program.add_column(problem.parent[scope] < 0 ? weight_at(hour) : 0, 0,
                         LinearProgram::kInfinity);
  for (std::size_t scope = 0; scope < scopes; ++scope)
    for (std::size_t hour = 0; hour < problem.hours; ++hour) {
      // left(scope) + bought >= demand or what the children leave - held
      std::vector<int> columns = {left_column(scope, hour)};
      std::vector<double> values = {1};
      for (std::size_t i = 0; i < problem.offers.size(); ++i)
        if (problem.offers[i].scope == scope && problem.offers[i].begin <= hour &&
            hour < problem.offers[i].end) {
          columns.push_back(static_cast<int>(i));
          values.push_back(1);
        }
      double need = 0;
      if (scope < problem.pools)
        need = static_cast<double>(problem.counts[scope * problem.hours + hour]);
      for (std::size_t child = 0; child < scope; ++child)
        if (problem.parent[child] == static_cast<int>(scope)) {
          columns.push_back(left_column(child, hour));
          values.push_back(-1);
        }
      if (scope < problem.held.size() && !problem.held[scope].empty())
        need -= static_cast<double>(problem.held[scope][hour]);
      program.add_row(need, LinearProgram::kInfinity, columns, values);
    }
  EXPECT_TRUE(program.solve());
  return program.value();
}

/// Up to three levels of scopes, offers for any of them with windows of their own, things held,
/// weights.
PortfolioProblem random_problem(std::mt19937_64& random, std::size_t pools, std::size_t hours,
                                std::int64_t peak) {
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  PortfolioProblem problem;
  problem.pools = pools;
  problem.hours = hours;
  for (std::size_t i = 0; i < pools * hours; ++i)
    problem.counts.push_back(static_cast<std::int64_t>(below(static_cast<std::size_t>(peak) + 1)));
  const std::size_t families = 1 + below(2);
  for (std::size_t pool = 0; pool < pools; ++pool)
    problem.parent.push_back(static_cast<int>(pools + below(families)));
  const bool one_root = random() % 3 != 0;
  for (std::size_t family = 0; family < families; ++family)
    problem.parent.push_back(one_root ? static_cast<int>(pools + families) : -1);
  if (one_root) problem.parent.push_back(-1);
  problem.held.resize(problem.parent.size());
  for (std::size_t scope = 0; scope < problem.parent.size(); ++scope) {
    if (random() % 4 == 0) {
      for (std::size_t hour = 0; hour < hours; ++hour)
        problem.held[scope].push_back(hour < hours / 2 ? static_cast<std::int64_t>(below(3)) : 0);
    }
    if (random() % 4 == 0) continue;
    PortfolioOffer offer{"offer", scope, {static_cast<std::int64_t>(40 + below(60)), 100},
                         0,       hours, -1};
    if (random() % 3 == 0) {
      offer.begin = below(hours);
      offer.end = offer.begin + 1 + below(hours - offer.begin);
    }
    if (random() % 5 == 0) offer.most = 1;
    problem.offers.push_back(offer);
  }
  if (random() % 2 == 0) problem.weights.push_back({hours / 3, hours, 3});
  return problem;
}

TEST(Portfolio, EqualsBruteForceOnTinyProblems) {
  const std::uint64_t seed = 17;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    const PortfolioProblem problem = random_problem(random, 2, 6, 3);
    auto solver = PortfolioSolver::make(problem);
    ASSERT_TRUE(solver) << solver.error().what;
    const PortfolioResult result = solver->solve();
    ASSERT_TRUE(result.cost == cost_by_definition(problem, result.amounts, result.denominator));
    std::vector<std::int64_t> amounts(problem.offers.size(), 0);
    Int128 best = cost_by_definition(problem, amounts, result.denominator);
    for (;;) {
      std::size_t i = 0;
      const auto limit = [&](std::size_t offer) {
        return problem.offers[offer].most < 0 ? 6 : problem.offers[offer].most;
      };
      while (i < amounts.size() && amounts[i] == limit(i)) amounts[i++] = 0;
      if (i == amounts.size()) break;
      ++amounts[i];
      best = std::min(best, cost_by_definition(problem, amounts, result.denominator));
    }
    ASSERT_TRUE(result.cost == best) << real(result.cost) << " against " << real(best);
    ASSERT_TRUE(result.bound <= best);
    ASSERT_TRUE(result.proven) << result.gap;
  }
}

TEST(Portfolio, EqualsTheWholeLinearProgram) {
  const std::uint64_t seed = 23;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    const PortfolioProblem problem = random_problem(random, 6, 150, 400);
    auto solver = PortfolioSolver::make(problem);
    ASSERT_TRUE(solver) << solver.error().what;
    const PortfolioResult result = solver->solve();
    const double expected = by_linear_program(problem);
    EXPECT_NEAR(real(result.cost) / real(result.denominator), expected, 1e-9 * expected);
    EXPECT_LE(result.gap, 1e-9);
    EXPECT_TRUE(result.bound <= result.cost);
    EXPECT_TRUE(solver->cost_of(result.amounts) == result.cost);
  }
}

/// More purchases than the cutting planes see alone: pools in families in regions in one whole, two
/// offers for each scope, one of them for the later part of the time; things held, weights.
PortfolioProblem many_purchases(std::uint64_t seed, std::size_t pools, std::size_t hours,
                                std::int64_t peak) {
  std::mt19937_64 random(seed);
  PortfolioProblem problem;
  problem.pools = pools;
  problem.hours = hours;
  for (std::size_t pool = 0; pool < pools; ++pool) {
    const auto base = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(peak));
    for (std::size_t hour = 0; hour < hours; ++hour)
      problem.counts.push_back(base +
                               static_cast<std::int64_t>(random() % (hour % 24 + 4)) * base / 30);
  }
  const std::size_t families = (pools + 4) / 5, regions = (families + 3) / 4;
  const auto under = [&](std::size_t first, std::size_t index, std::size_t group) {
    problem.parent.push_back(static_cast<int>(first + index / group));
  };
  for (std::size_t i = 0; i < pools; ++i) under(pools, i, 5);
  for (std::size_t i = 0; i < families; ++i) under(pools + families, i, 4);
  for (std::size_t i = 0; i < regions; ++i) under(pools + families + regions, 0, 1);
  problem.parent.push_back(-1);
  problem.held.resize(problem.parent.size());
  for (std::size_t scope = 0; scope < problem.parent.size(); ++scope) {
    const auto wide = static_cast<std::int64_t>(scope >= pools) +
                      static_cast<std::int64_t>(scope >= pools + families);
    const auto price = 58 + 5 * wide + static_cast<std::int64_t>(random() % 4);
    problem.offers.push_back({"year", scope, {price, 100}, 0, hours, -1});
    problem.offers.push_back({"rest", scope, {price + 5, 100}, hours / 3, hours, -1});
    if (random() % 9 == 0) problem.offers.back().most = peak / 20;
    if (random() % 7 == 0) problem.held[scope].assign(hours, peak / 15);
  }
  problem.weights = {{hours / 2, hours, 2}};
  return problem;
}

TEST(Portfolio, OfManyPurchasesEqualsTheWholeLinearProgram) {
  const PortfolioProblem problem = many_purchases(29, 60, 168, 600);
  const double expected = by_linear_program(problem);
  auto solver = PortfolioSolver::make(problem);
  ASSERT_TRUE(solver) << solver.error().what;
  for (const double gap : {1e-4, 1e-6}) {
    const PortfolioResult result = solver->solve({.gap = gap});
    EXPECT_TRUE(result.proven) << result.gap;
    EXPECT_TRUE(result.cost == cost_by_definition(problem, result.amounts, result.denominator));
    EXPECT_TRUE(result.bound <= result.cost);
    EXPECT_LE(real(result.bound) / real(result.denominator), expected * (1 + 1e-9));
    EXPECT_GE(real(result.cost) / real(result.denominator), expected * (1 - 1e-9));
    EXPECT_NEAR(real(result.cost) / real(result.denominator), expected, 1.01 * gap * expected);
  }
}

TEST(Portfolio, OfManyPurchasesIsTheSameForAnyNumberOfThreads) {
  const PortfolioProblem problem = many_purchases(31, 70, 400, 4000);
  auto one = PortfolioSolver::make(problem), three = PortfolioSolver::make(problem);
  ASSERT_TRUE(one && three);
  const PortfolioResult first = one->solve({.gap = 1e-6, .threads = 1});
  const PortfolioResult second = three->solve({.gap = 1e-6, .threads = 3});
  EXPECT_TRUE(first.proven) << first.gap;
  EXPECT_EQ(first.amounts, second.amounts);
  EXPECT_TRUE(first.cost == second.cost && first.bound == second.bound);
}

TEST(Portfolio, OfManyPurchasesGoesOnAfterAChange) {
  PortfolioProblem problem = many_purchases(37, 80, 300, 2000);
  auto solver = PortfolioSolver::make(problem);
  ASSERT_TRUE(solver) << solver.error().what;
  const PortfolioResult before = solver->solve({.gap = 1e-6});
  solver->set_price(7, {1, 2});
  solver->set_most(20, 3);
  problem.offers[7].price = {1, 2};
  problem.offers[20].most = 3;
  auto cold = PortfolioSolver::make(problem);
  const PortfolioResult warm = solver->solve({.gap = 1e-6}), fresh = cold->solve({.gap = 1e-6});
  EXPECT_TRUE(before.proven && warm.proven && fresh.proven);
  EXPECT_LE(warm.amounts[20], 3);
  const double cost = real(warm.cost) / real(warm.denominator);
  EXPECT_NEAR(cost, real(fresh.cost) / real(fresh.denominator), 2e-6 * cost);
  EXPECT_TRUE(warm.cost == cost_by_definition(problem, warm.amounts, warm.denominator));
}

TEST(Portfolio, OfOneOfferIsTheBestLevel) {
  std::mt19937_64 random(3);
  PortfolioProblem problem;
  problem.pools = 1;
  problem.hours = 5000;
  for (std::size_t i = 0; i < problem.hours; ++i)
    problem.counts.push_back(static_cast<std::int64_t>(random() % 100'000'000));
  problem.parent = {-1};
  problem.offers = {{"only", 0, {10, 21}, 0, problem.hours, -1}};
  auto solver = PortfolioSolver::make(problem);
  ASSERT_TRUE(solver) << solver.error().what;
  const Level best = best_level(problem.counts, {10, 21});
  EXPECT_TRUE(solver->solve().cost == best.cost.scaled({10, 21}));
}

TEST(Portfolio, WhatIsNoForestOrHasNoPriceIsRefused) {
  PortfolioProblem problem;
  problem.pools = 1;
  problem.hours = 2;
  problem.counts = {1, 2};
  problem.parent = {0};
  EXPECT_EQ(PortfolioSolver::make(problem).error().code, "SY1826");
  problem.parent = {-1};
  problem.offers = {{"x", 1, {1, 2}, 0, 2, -1}};
  EXPECT_EQ(PortfolioSolver::make(problem).error().code, "SY1826");
  problem.offers = {{"x", 0, {1, 2}, 0, 3, -1}};
  EXPECT_EQ(PortfolioSolver::make(problem).error().code, "SY1826");
  problem.offers = {{"x", 0, {1, 2}, 0, 2, -1}};
  EXPECT_TRUE(PortfolioSolver::make(problem).has_value());
  problem.counts = {1, -2};
  EXPECT_EQ(PortfolioSolver::make(problem).error().code, "SY1826");
}

TEST(Portfolio, OfRealPoolsAndAPlanOverAllIsProven) {
  SY_NEEDS_SHARED_DATA();
  const Demand& demand = shaved_ice();
  auto solver = PortfolioSolver::make(pools_and_plan(demand, {3, 5}, {18, 25}));
  ASSERT_TRUE(solver) << solver.error().what;
  const PortfolioResult first = solver->solve();
  EXPECT_TRUE(first.proven);
  EXPECT_LE(first.gap, 1e-9);
  EXPECT_TRUE(first.bound <= first.cost);
  // A warm restart after another price finds what a cold start finds.
  solver->set_price(47, {7, 10});
  const PortfolioResult again = solver->solve();
  auto cold = PortfolioSolver::make(pools_and_plan(demand, {3, 5}, {7, 10}));
  EXPECT_TRUE(again.proven);
  const PortfolioResult cold_result = cold->solve();
  EXPECT_EQ(real(again.cost) / real(again.denominator),
            real(cold_result.cost) / real(cold_result.denominator));
  EXPECT_LT(real(again.cost) / real(again.denominator), real(first.cost) / real(first.denominator));
}

TEST(Portfolio, ThreadsAndTheOrderOfPoolsChangeNothing) {
  SY_NEEDS_SHARED_DATA();
  const Demand year = hours_of(shaved_ice(), 17'520, 26'280);
  const PortfolioProblem problem = pools_and_plan(year, {3, 5}, {18, 25});
  PortfolioProblem turned = problem;
  for (std::size_t pool = 0; pool < problem.pools; ++pool)
    std::copy_n(problem.counts.begin() + static_cast<std::ptrdiff_t>(pool * problem.hours),
                problem.hours,
                turned.counts.begin() +
                    static_cast<std::ptrdiff_t>((problem.pools - 1 - pool) * problem.hours));
  const PortfolioResult one = PortfolioSolver::make(problem)->solve({.threads = 1});
  const PortfolioResult three = PortfolioSolver::make(problem)->solve({.threads = 3});
  EXPECT_EQ(one.amounts, three.amounts);
  EXPECT_TRUE(one.cost == three.cost && one.bound == three.bound);
  EXPECT_TRUE(one.proven);
  const PortfolioResult other = PortfolioSolver::make(turned)->solve();
  EXPECT_TRUE(other.proven);
  EXPECT_TRUE(other.cost == one.cost);
}

}  // namespace
}  // namespace steelyard
