#include "commitments/plan_moves.h"

#include <algorithm>

#include "commitments/exchange.h"
#include "commitments/plan_variables.h"

namespace steelyard {
namespace {

/// Of which less goes unused, nothing is exchanged.
constexpr double kLeastUnused = 0.01;

/// Steps of the horizon in which a held line covers.
std::size_t steps_of(const BasketProblem& basket, std::size_t line) {
  std::size_t steps = 0;
  while (steps < basket.steps && basket.held[line * basket.steps + steps] > 0) ++steps;
  return steps;
}

/// Share of what is held of the line that nothing uses, in the mean of the scenarios.
double unused_of_held(const BasketProblem& basket, const BasketOutcome& outcome, std::size_t line,
                      double fee) {
  double hours = 0, unused = 0;
  for (std::size_t step = 0; step < steps_of(basket, line); ++step)
    hours += basket.step_weight[step];
  for (std::size_t s = 0; s < basket.scenarios; ++s)
    unused += basket.probability[s] * outcome.unused[s * basket.lines + line];
  const double all = hours * fee;
  return all > 0 ? unused / all : 0;
}

/// Units of a holding that can be exchanged by themselves: whole ones, or all as one.
std::size_t units_of(const Holding& holding) {
  return round(holding.amount, 0) == holding.amount
             ? static_cast<std::size_t>(holding.amount.units / kOne)
             : 1;
}

/// As AWS has it (exchange.h): as many units as are worth what is left of those given up, whose
/// upfront part is no less than what was paid of it. `before` and `after` are lines of the move.
void set_terms(const PlanHorizon& horizon, const Holding& before, const Holding& after,
               ExchangeMove& move) {
  const double new_upfront = real(horizon.offer_of(after).upfront_share),
               old_upfront = real(horizon.offer_of(before).upfront_share);
  move.units = units_of(before);
  move.unit_taken = real(fee_per_hour(before)) / static_cast<double>(move.units);
  move.unit_given = real(after.price);
  if (new_upfront > 0) move.ratio = std::max(1.0, old_upfront / new_upfront);
  move.units_for = [&card = horizon.card(), &before, &after](std::size_t units) {
    return real(units_in_exchange(card, before, amount_of(before, units), after));
  };
}

void count_in_limits(const PlanHorizon& horizon, const Holding& before, const Holding& after,
                     const std::vector<MoneyLimit>& limits, ExchangeMove& move) {
  const auto hours = static_cast<double>((before.end.micros - horizon.at.micros) / kMicrosPerHour);
  const auto weight = [&](const MoneyLimit& limit, const Holding& holding) {
    return limit.weight(hours, real(horizon.offer_of(holding).upfront_share), 0);
  };
  for (const MoneyLimit& limit : limits) {
    move.taken_in_limits.push_back(-weight(limit, before));
    move.given_in_limits.push_back(weight(limit, after));
  }
}

}  // namespace

std::vector<ExchangeMove> find_moves(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                                     const BasketProblem& basket) {
  const std::vector<MoneyLimit> limits = money_limits(horizon, lines);
  std::vector<ExchangeMove> moves;
  BasketOutcome outcome;
  for (std::size_t from = 0; from < lines.size(); ++from) {
    const Holding& before = lines[from].unit;
    if (!lines[from].held || lines[from].target || !can_be_exchanged(horizon, before)) continue;
    if (outcome.unused.empty()) {
      const std::vector<double> nothing(basket.variables.size());
      outcome = outcome_of(basket, nothing, horizon.options.threads);
    }
    if (unused_of_held(basket, outcome, from, real(fee_per_hour(before))) <= kLeastUnused) continue;
    for (std::size_t to = 0; to < lines.size(); ++to) {
      const Holding& after = lines[to].unit;
      if (!lines[to].target || !may_be_exchanged(horizon.card(), before, after)) continue;
      ExchangeMove move;
      move.from = from;
      move.to = to;
      move.steps = steps_of(basket, from);
      set_terms(horizon, before, after, move);
      count_in_limits(horizon, before, after, limits, move);
      // It takes no part in the limits of narrow commitments.
      move.taken_in_limits.resize(basket.limits.size(), 0);
      move.given_in_limits.resize(basket.limits.size(), 0);
      moves.push_back(std::move(move));
    }
  }
  return moves;
}

Decimal amount_of(const Holding& holding, std::size_t units) {
  return units == units_of(holding) ? holding.amount : Decimal{static_cast<Int128>(units) * kOne};
}

}  // namespace steelyard
