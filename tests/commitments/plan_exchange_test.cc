// Which units of a convertible reserved instance to exchange for what, against every way there is:
// none costs less than the bound, and nearly always the best one is chosen.
#include "commitments/plan_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "commitments/random.h"

namespace steelyard {
namespace {

struct Case {
  BasketProblem problem;
  std::vector<ExchangeMove> moves;
};

/// Three pools of which each has a line; units of the first are held, and more than it uses. A
/// wider line covers all, at a lesser discount, and can be bought.
Case random_case(Random& random) {
  Case made;
  BasketProblem& problem = made.problem;
  problem.pools = 3;
  problem.lines = 4;
  problem.scenarios = 1 + random.below(2);
  problem.pattern = 4;
  const std::size_t units = 1 + random.below(7);
  const double price = random.uniform(0.05, 2);
  const double held = price * static_cast<double>(units);
  for (std::size_t i = 0; i < problem.pools * problem.pattern; ++i)
    problem.usage.push_back(random.uniform(0.1, 0.6) * held / 0.5);
  for (std::size_t i = 0; i < problem.scenarios * problem.pools; ++i)
    problem.share.push_back(random.uniform(0.6, 1.2));
  problem.held.assign(problem.lines, 0);
  problem.held[0] = held;
  problem.step_weight = {1};
  problem.probability.assign(problem.scenarios, 1.0 / static_cast<double>(problem.scenarios));
  if (problem.scenarios > 1 && random.below(2) == 0) problem.risk = 0.3;
  for (const std::uint32_t pool : {0, 1, 2}) problem.order.push_back({pool, pool, 0.5});
  for (const std::uint32_t pool : {0, 1, 2}) problem.order.push_back({3, pool, 0.72});
  problem.variables.push_back({3, 0, 1});
  const bool limited = random.below(3) == 0;
  if (limited) problem.limits.push_back({{1.0}, held * random.uniform(0.05, 0.5)});
  for (const std::size_t to : {1, 2}) {
    ExchangeMove move;
    move.to = to;
    move.steps = 1;
    move.units = units;
    move.unit_taken = price;
    // Sometimes one is worth exactly one or two of the others: nothing is to be paid then.
    const double worth[] = {random.uniform(0.2, 2.5), random.uniform(0.2, 2.5), 1, 0.5};
    move.unit_given = price * worth[random.below(4)];
    move.ratio = random.below(4) == 0 ? random.uniform(1, 1.5) : 1;
    move.units_for = [move](std::size_t count) {
      return std::ceil(move.taken(count) * move.ratio / move.unit_given - 1e-9);
    };
    if (limited) {
      move.taken_in_limits = {-1};
      move.given_in_limits = {1};
    }
    made.moves.push_back(std::move(move));
  }
  return made;
}

TEST(PlanExchange, NoWayCostsLessThanTheBoundAndTheBestIsChosen) {
  Random random(11);
  int parts = 0, both = 0, none = 0, best_found = 0;
  constexpr int kCases = 150;
  for (int i = 0; i < kCases; ++i) {
    const Case made = random_case(random);
    const BasketOptions options{1e-7, 300, 1};
    const ExchangeChoice choice = choose_exchanges(made.problem, made.moves, options);
    const auto cost_of_way = [&](const std::vector<ExchangePart>& way) {
      const BasketProblem left = after_exchanges(made.problem, made.moves, way);
      return cost_of(left, best_basket(left, options).amounts, choice.best, 1) +
             paid_for_exchanges(made.problem, made.moves, way);
    };
    const auto is_allowed = [&](const std::vector<ExchangePart>& way) {
      return exchanges_within_limits(made.problem, made.moves, way);
    };
    double best = std::numeric_limits<double>::infinity();
    const std::size_t units = made.moves[0].units;
    for (std::size_t first = 0; first <= units; ++first)
      for (std::size_t second = 0; first + second <= units; ++second) {
        std::vector<ExchangePart> way;
        if (first > 0) way.push_back({0, first});
        if (second > 0) way.push_back({1, second});
        if (!is_allowed(way)) continue;
        const double cost = cost_of_way(way);
        EXPECT_GE(cost, choice.bound - 1e-6 * std::fabs(cost)) << "case " << i;
        best = std::min(best, cost);
      }
    EXPECT_TRUE(is_allowed(choice.chosen));
    const double chosen = cost_of_way(choice.chosen);
    if (chosen < best * (1 + 1e-6)) ++best_found;
    std::size_t given_up = 0;
    for (const ExchangePart& part : choice.chosen) given_up += part.units;
    EXPECT_LE(given_up, units);
    if (choice.chosen.empty()) ++none;
    if (choice.chosen.size() == 2) ++both;
    if (given_up > 0 && given_up < units) ++parts;
  }
  EXPECT_GE(best_found, kCases * 95 / 100);
  EXPECT_GT(parts, kCases / 4);
  EXPECT_GT(both, kCases / 8);
  EXPECT_GT(none, 0);
  EXPECT_LT(none, kCases / 2);
}

/// Several lines that are held, units of unlike prices, and as many targets: each line may go to
/// each. Some have an own month in which they end.
Case random_estate(Random& random) {
  Case made;
  BasketProblem& problem = made.problem;
  const std::size_t held = 2 + random.below(3), targets = 2 + random.below(2);
  problem.pools = targets;
  problem.lines = held + targets + 1;
  problem.scenarios = 1 + random.below(3);
  problem.steps = 2;
  problem.pattern = 24;
  for (std::size_t i = 0; i < problem.pools * problem.pattern; ++i)
    problem.usage.push_back(random.uniform(0.5, 6));
  for (std::size_t i = 0; i < problem.scenarios * problem.steps * problem.pools; ++i)
    problem.share.push_back(random.uniform(0.6, 1.2));
  problem.held.assign(problem.lines * problem.steps, 0);
  problem.step_weight = {0.5, 0.5};
  problem.probability.assign(problem.scenarios, 1.0 / static_cast<double>(problem.scenarios));
  if (problem.scenarios > 1 && random.below(2) == 0) problem.risk = 0.3;
  const auto line = [](std::size_t i) { return static_cast<std::uint32_t>(i); };
  for (std::size_t i = 0; i < held; ++i)
    problem.order.push_back({line(i), line(random.below(targets)), random.uniform(0.45, 0.6)});
  for (std::size_t i = 0; i < targets; ++i)
    problem.order.push_back({line(held + i), line(i), random.uniform(0.45, 0.6)});
  for (std::size_t i = 0; i < targets; ++i)
    problem.order.push_back({line(held + targets), line(i), 0.72});
  problem.variables.push_back({held + targets, 0, 2});
  const bool limited = random.below(3) == 0;
  if (limited) problem.limits.push_back({{1.0}, random.uniform(0.2, 2)});
  std::vector<double> price;
  for (std::size_t to = 0; to < targets; ++to) price.push_back(random.uniform(0.1, 1));
  for (std::size_t from = 0; from < held; ++from) {
    ExchangeMove move;
    move.from = from;
    move.steps = 1 + random.below(2);
    move.units = 1 + random.below(12);
    move.unit_taken = random.uniform(0.1, 1);
    for (std::size_t step = 0; step < move.steps; ++step)
      problem.held[from * problem.steps + step] = move.taken(move.units);
    if (limited) {
      move.taken_in_limits = {-1};
      move.given_in_limits = {1};
    }
    for (std::size_t to = 0; to < targets; ++to) {
      move.to = held + to;
      move.unit_given = price[to];
      move.units_for = [move](std::size_t count) {
        return std::ceil(move.taken(count) * move.ratio / move.unit_given - 1e-9);
      };
      made.moves.push_back(move);
    }
  }
  return made;
}

TEST(PlanExchange, ManyTogetherAreBoundedByNoWayAndSaveWhatTheySay) {
  Random random(12);
  int moved = 0, close = 0;
  double sum = 0, sum_each = 0;
  constexpr int kCases = 100;
  for (int i = 0; i < kCases; ++i) {
    const Case made = random_estate(random);
    BasketOptions options{1e-6, 300, 1};
    const ExchangeChoice each = choose_exchanges(made.problem, made.moves, options);
    options.few_purchases = 0;  // as if there were many
    const ExchangeChoice choice = choose_exchanges(made.problem, made.moves, options);
    const auto cost_of_way = [&](const std::vector<ExchangePart>& way, double bought) {
      return cost_of(after_exchanges(made.problem, made.moves, way), std::vector<double>{bought},
                     choice.best, 1) +
             paid_for_exchanges(made.problem, made.moves, way);
    };
    for (int way_of = 0; way_of < 200; ++way_of) {
      // Near what was chosen, and anywhere.
      std::vector<ExchangePart> way;
      std::vector<std::size_t> left(made.problem.lines, 0);
      for (const ExchangeMove& move : made.moves) left[move.from] = move.units;
      for (std::size_t m = 0; m < made.moves.size(); ++m) {
        const std::size_t units = random.below(2) * random.below(left[made.moves[m].from] + 1);
        if (units == 0) continue;
        left[made.moves[m].from] -= units;
        way.push_back({m, units});
      }
      if (way_of % 2 == 1) way = choice.chosen;
      if (!exchanges_within_limits(made.problem, made.moves, way)) continue;
      const BasketProblem after = after_exchanges(made.problem, made.moves, way);
      const double most = after.limits.empty() ? 8 : after.limits[0].most;
      const double cost = cost_of_way(way, random.uniform(0, 1) * std::min(8.0, most));
      EXPECT_GE(cost, choice.bound - 1e-9 * std::fabs(cost)) << "case " << i;
    }
    ASSERT_TRUE(choice.beside);
    EXPECT_TRUE(exchanges_within_limits(made.problem, made.moves, choice.chosen));
    std::vector<std::size_t> given_up(made.problem.lines, 0);
    for (const ExchangePart& part : choice.chosen)
      given_up[made.moves[part.move].from] += part.units;
    for (const ExchangeMove& move : made.moves) EXPECT_LE(given_up[move.from], move.units);
    // What is said of the purchases beside them is what they cost.
    const double cost = cost_of_way(choice.chosen, choice.beside->amounts[0]);
    EXPECT_NEAR(cost, choice.beside->cost + choice.paid, 1e-9 * std::fabs(cost));
    if (!choice.chosen.empty()) ++moved;
    // One by one regret is measured against what moves could have saved as well.
    if (made.problem.risk > 0) continue;
    EXPECT_LE(choice.bound, each.bound * (1 + 1e-4) + 1e-9) << "case " << i;
    if (choice.bound > 0.97 * each.bound) ++close;
    const auto one_by_one =
        best_basket(after_exchanges(made.problem, made.moves, each.chosen), options);
    sum += cost;
    sum_each += one_by_one.cost + each.paid;
  }
  EXPECT_GT(moved, kCases / 2);
  EXPECT_GT(close, kCases / 3);
  EXPECT_LT(sum, sum_each * 1.01);
}

}  // namespace
}  // namespace steelyard
