// What can be bought is whole: the best amounts of a plan rounded to steps, within its limits and
// the limit on what goes unused. Behind the door of commitments/.
#pragma once

#include <span>
#include <vector>

#include "commitments/basket.h"

namespace steelyard {

/// Money an hour: what comes in no larger steps is fine, and chosen again around what is coarse.
inline constexpr double kFineStep = 0.001;

struct RoundingTask {
  const BasketProblem& problem;
  std::vector<double> grain;     ///< of each variable: its step
  std::span<const double> best;  ///< as in BasketResult: what regret is measured against
  /// Of each variable, what is bought instead where that costs no more, the first before the
  /// second: others of the same step, so much of each. Empty: nothing of any.
  std::vector<std::vector<std::vector<std::size_t>>> preferred = {};
  /// It has `reduce`; none: all baskets.
  const BasketCondition* condition = nullptr;
  double gap = 0;  ///< of what is chosen again
  int threads = 0;
};

struct RoundedBasket {
  std::vector<double> amounts;
  bool conditioned = false;  ///< the condition made the basket another one
};

/// Steps of `grain` that an amount has, but for the last digits of a double no more than it is.
double whole_steps(double amount, double grain);

/// `relaxed`: the best amounts that need not be whole.
RoundedBasket round_basket(const RoundingTask& task, const BasketResult& relaxed);

}  // namespace steelyard
