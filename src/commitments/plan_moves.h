// The exchanges that a plan may make (plan_exchange.h): which convertible reserved instances that
// are held, but not used, may move to which lines. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <vector>

#include "commitments/plan_exchange.h"
#include "commitments/plan_lines.h"

namespace steelyard {

/// Moves between the lines of `basket`. All must outlive them.
std::vector<ExchangeMove> find_moves(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                                     const BasketProblem& basket);

/// What of a holding is given up with so many of its units (ExchangeMove::units).
Decimal amount_of(const Holding& holding, std::size_t units);

}  // namespace steelyard
