// The way to the best basket of many purchases (basket.h): Newton's method on a smooth cost
// (basket_cost.h), each step a linear system (basket_system.h), as for portfolios
// (portfolio_newton.h). Widths start wide, on a sample of hours, and narrow until the gap is what
// was asked for.
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
  std::span<const double> most;            ///< per variable
  std::span<const double> best;            ///< per scenario, if there is risk
  std::span<const BasketLimit> rows = {};  ///< that hold beside the limits, weights of any sign
  double gap = 1e-6;
  int threads = 0;
};

/// Whether Newton's method knows this kind of problem: the order is not too long a chain.
bool suits_newton(const BasketProblem& problem);

/// Looks at `judge` with amounts and the bound that the multipliers prove there; that says whether
/// to stop. Amounts keep all limits.
using BasketJudge = std::function<bool(const std::vector<double>& amounts, double bound)>;
void newton_basket(const BasketProblem& problem, const BasketAim& aim, const BasketJudge& judge);

}  // namespace steelyard
