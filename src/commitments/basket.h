// The best basket of commitments of any kind, over what may come: lines of capacity (an offer in
// one of its scopes) are applied to usage hour by hour in the provider's own order, and what they
// leave is paid on demand. Scopes may overlap and discounts may differ from pool to pool. Usage is
// seen in scenarios, each a row of steps in time, each step a pattern of hours; this is a forecast,
// so all of it is statistics and doubles. What is shown as money is the simulator's (simulate.h).
//
// Cost is fees plus the rest on demand. It is minimised by cutting planes in a trust region. Each
// hour's multipliers, whatever they are, give a bound: covering an hour in the best order is a
// linear program whose dual is
//     max  sum over pools of usage * min(1, min over lines of ratio * lambda)
//          - sum over lines of lambda * capacity,   lambda >= 0
// (weak duality), so a sum of such terms bounds the cost of every basket from below, and the forced
// order of a provider can only cost more. The multipliers come from following one more unit of
// capacity through the order backwards; where the order is the best one (scopes within each other
// and one discount for each line, or one line) the bound is tight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace steelyard {

/// In the order of application. A pair covers what the pairs before it left of the pool.
struct BasketPair {
  std::uint32_t line = 0, pool = 0;
  double ratio = 1;  ///< what a unit of the pool's money on demand takes of the line's capacity
};

/// Capacity that can be bought at a date.
struct BasketVariable {
  std::size_t line = 0;
  std::size_t first_step = 0, end_step = 0;               ///< in which it covers
  double fee = 1;                                         ///< for a unit of capacity in an hour
  double most = std::numeric_limits<double>::infinity();  ///< capacity that may be bought
};

/// The sum of weight * amount over the variables is at most this. Weights are not negative.
struct BasketLimit {
  std::vector<double> weight;  ///< per variable
  double most = 0;             ///< not negative
};

struct BasketProblem {
  std::size_t pools = 0, lines = 0, scenarios = 1, steps = 1, pattern = 1;
  std::vector<BasketPair> order;
  /// Money on demand in an hour of the pattern: [pool * pattern + hour].
  std::vector<double> usage;
  /// By how much a pool's usage is multiplied: [(scenario * steps + step) * pools + pool].
  std::vector<double> share;
  std::vector<double> held;         ///< capacity at hand: [line * steps + step]; its fee is sunk
  std::vector<double> step_weight;  ///< what an hour of each step counts; the sum is the unit
  std::vector<double> probability;  ///< of each scenario; they sum to 1
  std::vector<BasketVariable> variables;
  std::vector<BasketLimit> limits;  ///< of what is due at once, of what is owed in all, ...
  /// Weight of the tail in what is minimised: (1 - risk) * mean cost + risk * CVaR of regret, the
  /// mean regret of the worst scenarios that together have the probability `tail` (Rockafellar and
  /// Uryasev). Regret is measured against the best basket of each scenario.
  double risk = 0, tail = 0.25;
};

/// What baskets keep beside the limits, known at points only. Those that keep it are a convex set,
/// but for what the forced order of a provider costs.
struct BasketCondition {
  std::vector<double> inside;  ///< amounts that keep it, and the limits
  std::function<bool(std::span<const double> amounts)> holds;
  /// Rows (weights of any sign) that every basket which keeps the condition keeps as well, for
  /// amounts that do not keep it: those break one of them where the order is the best one.
  std::function<std::vector<BasketLimit>(std::span<const double> amounts)> rows;
  /// Less of what breaks it, until they keep it; none: less of everything.
  std::function<std::vector<double>(std::vector<double> amounts)> reduce = {};
};

struct BasketOptions {
  double gap = 1e-6;  ///< relative; the search ends there
  int max_passes = 300;
  int threads = 0;  ///< 0: as many as the machine has; changes no result
  /// With more purchases than this Newton's method goes ahead (basket_newton.h).
  std::size_t few_purchases = 300;
  /// Up to so many, cutting planes go on from there if the gap is wider than asked for.
  std::size_t many_purchases = 600;
  /// What regret is measured against, where that is known already; empty: it is found.
  std::vector<double> best = {};
  const BasketCondition* condition = nullptr;    ///< none: all baskets
  std::function<void(int passes)> on_pass = {};  ///< told how many there were, now and then
};

/// What capacities lead to. Weighted as step_weight says.
struct BasketOutcome {
  std::vector<double> on_demand;  ///< per scenario
  std::vector<double> unused;     ///< [scenario * lines + line]: capacity that nothing used
};

struct BasketResult {
  std::vector<double> amounts;    ///< per variable
  double cost = 0;                ///< of what is minimised, in the provider's order
  double bound = 0;               ///< no basket costs less
  std::vector<double> on_demand;  ///< per scenario
  std::vector<double> best;       ///< per scenario: its own best cost, if risk was asked for
  double gap = 0;                 ///< (cost - bound) / cost
  /// Part of the gap: what `amounts` cost beyond what the bound could say of them at best, as it
  /// does not know the provider's order. The rest is what the search has not proved.
  double gap_of_order = 0;
  int passes = 0, cuts = 0;
  bool proven = false;       ///< the gap asked for was reached
  bool conditioned = false;  ///< the condition made the basket another one
  double free_bound = 0;     ///< `bound` without the condition
};

/// Whether the amounts keep a limit, but for the last digits of a double.
bool within_limit(const BasketLimit& limit, std::span<const double> amounts);
/// Whether they keep all.
bool within_limits(const BasketProblem& problem, std::span<const double> amounts);
/// Capacities of the lines in each step with these purchases: [line * steps + step].
std::vector<double> capacity_of(const BasketProblem& problem, std::span<const double> amounts);
BasketOutcome outcome_of(const BasketProblem& problem, std::span<const double> amounts,
                         int threads = 0);
/// What is minimised, at given amounts; `best` as in BasketResult (empty without risk).
double cost_of(const BasketProblem& problem, std::span<const double> amounts,
               std::span<const double> best, int threads = 0);
BasketResult best_basket(const BasketProblem& problem, const BasketOptions& options = {});

}  // namespace steelyard
