// What a plan costs if more or less of it is bought now, and from which usage on it pays.
// Behind the door of commitments/.
#pragma once

#include <span>
#include <vector>

#include "commitments/basket.h"
#include "commitments/plan.h"

namespace steelyard {

struct PlanCurve {
  std::vector<PlanPoint> points;  ///< from nothing to twice the purchases now
  double break_even_usage = 0;    ///< Plan::break_even_usage
};

PlanCurve curve_of(const BasketProblem& problem, std::span<const double> amounts, int threads);

}  // namespace steelyard
