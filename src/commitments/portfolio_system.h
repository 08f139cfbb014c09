// The linear system of a step of Newton's method for portfolios (portfolio_newton.h). The curvature
// of the smooth cost is a sum of one square for each cell on a parabola, over the purchases below
// it. Subtrees of a few hundred purchases are dense blocks; the squares of the wider scopes, as
// many as they have hours on a parabola, join them (Sherman, Morrison, Woodbury). Behind the door
// of commitments/.
#pragma once

#include <span>
#include <vector>

#include "commitments/newton_path.h"
#include "commitments/portfolio_cost.h"
#include "commitments/portfolio_stage.h"

namespace steelyard {

/// How far each offer should go, of those that may move. `damping` is added to its curvature, per
/// offer. Empty if the wider scopes have too many hours on a parabola.
std::vector<double> newton_step(const PortfolioForest& forest, const PortfolioStage& stage,
                                const PortfolioCells& cells, const PurchaseBox& box,
                                std::span<const double> damping, std::span<const double> amounts,
                                int threads);

}  // namespace steelyard
