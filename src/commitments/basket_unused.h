// How much of a basket's capacity goes unused at least, as a slope: so a limit on that is rows of
// the master program (BasketCondition). What lines use in an hour is a linear program,
//     max  sum of y   with  sum over lines of y / ratio <= usage of the pool,
//                           sum over pools of y <= capacity of the line,
// whose dual says for any lambda from 0 to 1
//     used <= sum over pools of usage * max over lines of ratio * (1 - lambda)
//             + sum over lines of lambda * capacity.
// The multipliers come from following one more unit of capacity through the order backwards. That
// alone is weak where the forced order does not use most: a cheaper line goes first, and uses less
// of its money for the same usage than the wider one that it leaves idle. But what a line uses of
// usage that is known to come to it is min(capacity, usage), whatever is bought elsewhere; where
// more of that means less in all, it is no less than the chord of that from the least to the most
// capacity. Or the wider line's lambda is so large that nothing is lost. Of both, in each hour, the
// one that says more. Behind the door of commitments/.
#pragma once

#include <span>
#include <vector>

#include "commitments/basket_flow.h"

namespace steelyard {

/// unused >= sum of slope * capacity - constant, of capacities from `held` to `most`.
struct UnusedSlope {
  double constant = 0;
  std::vector<double> slope;  ///< [line * steps + step]

  /// The amounts of which the slope leaves open whether more than share * fees + `beyond` goes
  /// unused, where fees are all capacities. Variables without `counts` are not bought.
  BasketLimit row(const BasketProblem& problem, const std::vector<bool>& counts, double share,
                  double beyond) const;
};

/// One for each scenario, at these capacities: [line * steps + step], as `most`, which is how much
/// there may be.
std::vector<UnusedSlope> unused_slopes_at(const BasketFlow& flow, std::span<const double> capacity,
                                          std::span<const double> most, int threads);

}  // namespace steelyard
