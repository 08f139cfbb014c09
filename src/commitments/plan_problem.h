// The basket problem (basket.h) of a plan: its lines applied to what usage may become, month by
// month of the horizon, in the provider's order. Behind the door of commitments/.
#pragma once

#include <vector>

#include "commitments/basket.h"
#include "commitments/outlook.h"
#include "commitments/plan_lines.h"

namespace steelyard {

struct PlanProblem {
  Outlook outlook;
  BasketProblem basket;  ///< with what may be bought, and the limits (plan_variables.h)
};

/// The errors of application_order.
Result<PlanProblem> make_problem(const PlanHorizon& horizon, const std::vector<PlanLine>& lines);

}  // namespace steelyard
