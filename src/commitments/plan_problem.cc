#include "commitments/plan_problem.h"

#include <cmath>

#include "commitments/plan_variables.h"
#include "commitments/simulate_order.h"

namespace steelyard {
namespace {

Outlook make_outlook(const PlanHorizon& horizon) {
  std::vector<double> worth;
  for (std::size_t pool = 0; pool < horizon.real_pools; ++pool)
    worth.push_back(real(horizon.rate_of(pool).on_demand));
  return outlook_of(horizon.estate.demand, worth,
                    static_cast<std::size_t>(horizon.options.scenarios), horizon.months);
}

void set_sizes(const PlanHorizon& horizon, std::size_t lines, BasketProblem& basket) {
  const PlanOptions& options = horizon.options;
  basket.pools = horizon.table.pools.size();
  basket.lines = lines;
  basket.scenarios = static_cast<std::size_t>(options.scenarios);
  basket.steps = horizon.months;
  basket.pattern = horizon.pattern;
  basket.risk = options.scenarios > 1 ? options.risk : 0;
  basket.probability.assign(basket.scenarios, 1.0 / static_cast<double>(basket.scenarios));
  for (std::size_t month = 0; month < basket.steps; ++month) {
    const double years = (static_cast<double>(month) + 0.5) / kMonthsPerYear;
    basket.step_weight.push_back(kMonthHours *
                                 std::pow(1 + options.cost_of_capital.value_or(0), -years));
  }
}

void set_usage(const PlanHorizon& horizon, const Outlook& outlook, BasketProblem& basket) {
  const Demand& demand = horizon.estate.demand;
  const std::size_t real_pools = horizon.real_pools;
  for (std::size_t pool = 0; pool < basket.pools; ++pool) {
    const double price = real(horizon.rate_of(pool).on_demand);
    for (const std::int64_t count : demand.row(pool % real_pools).last(horizon.pattern))
      basket.usage.push_back(real(demand.quantity(count)) * price);
  }
  for (std::size_t s = 0; s < basket.scenarios; ++s)
    for (std::size_t month = 0; month < basket.steps; ++month)
      for (std::size_t pool = 0; pool < basket.pools; ++pool)
        basket.share.push_back(pool < real_pools ? outlook.at(s, month, pool)
                                                 : outlook.elsewhere(s, month, pool - real_pools));
}

void set_held(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
              BasketProblem& basket) {
  basket.held.assign(basket.lines * basket.steps, 0);
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const Holding& unit = lines[line].unit;
    for (std::size_t month = 0; lines[line].held && month < basket.steps; ++month)
      if (unit.begin <= horizon.middle_of(month) && horizon.middle_of(month) < unit.end)
        basket.held[line * basket.steps + month] = real(fee_per_hour(unit));
  }
}

Status set_order(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                 BasketProblem& basket) {
  std::vector<Holding> holdings;
  for (const PlanLine& line : lines) holdings.push_back(line.unit);
  const auto& sharing = horizon.options.sharing;
  const SharingPreference* preference = sharing.empty() ? nullptr : &sharing.back();
  auto order = application_order(horizon.card(), horizon.table, holdings, preference);
  if (!order) return pass(order);
  for (const Pair& pair : *order) {
    const auto ratio = ratio_of(horizon, lines[pair.holding], pair.pool);
    if (ratio && *ratio > 0) basket.order.push_back({pair.holding, pair.pool, *ratio});
  }
  return {};
}

}  // namespace

Result<PlanProblem> make_problem(const PlanHorizon& horizon, const std::vector<PlanLine>& lines) {
  PlanProblem problem{make_outlook(horizon), {}};
  BasketProblem& basket = problem.basket;
  set_sizes(horizon, lines.size(), basket);
  set_usage(horizon, problem.outlook, basket);
  set_held(horizon, lines, basket);
  if (Status ordered = set_order(horizon, lines, basket); !ordered) return pass(ordered);
  add_variables(horizon, lines, problem.outlook.history, basket);
  return problem;
}

}  // namespace steelyard
