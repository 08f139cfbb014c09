#include "commitments/plan_curve.h"

#include "commitments/basket_flow.h"

namespace steelyard {
namespace {

constexpr int kPoints = 20, kHalvings = 20;

/// Fees for one unit of a variable, all over the horizon.
double fee_of(const BasketProblem& problem, const BasketVariable& variable) {
  double hours = 0;
  for (std::size_t m = variable.first_step; m < variable.end_step; ++m)
    hours += problem.step_weight[m];
  return hours * variable.fee;
}

/// Cost in the mean of the scenarios, if usage is so many times what they expect: what capacity
/// leaves of it is as many times what a part of the capacity leaves.
double expected(const BasketFlow& flow, std::span<const double> amounts, double usage,
                int threads) {
  const BasketProblem& problem = flow.problem();
  std::vector<double> capacity = capacity_of(problem, amounts);
  for (double& own : capacity) own /= usage;
  const auto slopes = slopes_at(flow, capacity, threads, 1, false);
  double cost = 0;
  for (std::size_t v = 0; v < amounts.size(); ++v)
    cost += amounts[v] * fee_of(problem, problem.variables[v]);
  for (std::size_t s = 0; s < problem.scenarios; ++s)
    cost += problem.probability[s] * usage * slopes[s].on_demand;
  return cost;
}

}  // namespace

PlanCurve curve_of(const BasketProblem& problem, std::span<const double> amounts, int threads) {
  const auto scaled = [&](double scale) {
    std::vector<double> some(amounts.begin(), amounts.end());
    for (std::size_t v = 0; v < some.size(); ++v)
      if (problem.variables[v].first_step == 0) some[v] *= scale;
    return some;
  };
  const BasketFlow flow(problem);
  PlanCurve curve;
  for (int i = 0; i <= kPoints; ++i) {
    const double scale = 2.0 * i / kPoints;
    curve.points.push_back({scale, expected(flow, scaled(scale), 1, threads)});
  }
  const std::vector<double> nothing = scaled(0);
  double low = 0, high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    const bool pays =
        expected(flow, amounts, middle, threads) < expected(flow, nothing, middle, threads);
    (pays ? high : low) = middle;
  }
  curve.break_even_usage = high;
  return curve;
}

}  // namespace steelyard
