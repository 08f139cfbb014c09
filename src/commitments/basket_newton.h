// The way to the best basket of many purchases (basket.h), by Newton's method on a smooth cost, as
// for portfolios (portfolio_newton.h). What a node of the order leaves, max(0, z), becomes a
// parabola for 0 < z < 2 * width, and so do the excess of a scenario's regret over the threshold of
// the tail and what goes beyond a limit. The multipliers that follow, whatever they are, bound the
// cost of all baskets. Widths start wide, on a sample of hours, and narrow until the gap is what
// was asked for.
//     The curvature is a sum of one square for each hour of a node on a parabola. Of a node that
// nothing leads to it is a number for its line, so most of the matrix is diagonal; the system
// is solved by conjugate gradients, preconditioned by blocks of the lines of one scope.
// Behind the door of commitments/; basket.cc is its only user.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "commitments/basket.h"

namespace steelyard {

/// What is minimised, beside the problem.
struct BasketAim {
  std::span<const double> most;  ///< per variable
  std::span<const double> best;  ///< per scenario, if there is risk
  double gap = 1e-6;
  int threads = 0;
};

/// Whether Newton's method knows this kind of problem: nothing is moved, and the order is not too
/// long a chain.
bool suits_newton(const BasketProblem& problem);

/// Looks at `judge` with amounts and the bound that the multipliers prove there; that says whether
/// to stop. Amounts keep all limits.
using BasketJudge = std::function<bool(const std::vector<double>& amounts, double bound)>;
void newton_basket(const BasketProblem& problem, const BasketAim& aim, const BasketJudge& judge);

}  // namespace steelyard
