// One flexible plan over pools with unlike discounts, exactly. A plan of K money an hour is used up
// at the plan's rates, highest discount first, and what it does not reach is paid on demand. Within
// an hour that order is the best (a fractional knapsack), so the cost is convex in K and its slope
// is a sum of one fraction for each hour: the optimum is where it changes sign, found by bisection
// over whole K with exact comparisons. (Where a provider's forced order is another one, the
// simulator tells; see simulate.h.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "commitments/demand.h"
#include "commitments/level.h"

namespace steelyard {

/// whole + sum of numerator/denominator; denominators are positive.
struct FractionSum {
  Int128 whole = 0;
  std::vector<std::pair<Int128, std::int64_t>> fractions;

  FractionSum& add(const FractionSum& other, std::int64_t times = 1);
  /// -1, 0 or 1, exactly: digit by digit, without a common denominator.
  int sign() const;
  double value() const;
};

/// The plan and what it leads to. Demand counts are worth their price on demand; money of the plan
/// is in units of 1/scale of that.
struct FlexibleLevel {
  std::int64_t commitment = 0;  ///< the smallest best one, in units of 1/scale
  std::int64_t scale = 1;       ///< common denominator of the rates
  FractionSum cost;             ///< fee and rest on demand, in counts
  FractionSum on_demand;        ///< what the plan does not reach, in counts
  Int128 spent = 0;             ///< of the plan, in units of 1/scale: what was used
};

/// `rates`: of each pool, plan over on demand, above zero; a pool whose rate is 1 or more is not
/// covered. SY1825: rates without a common denominator of 12 digits, or demand that is too large.
Result<FlexibleLevel> best_flexible_level(const Demand& demand, std::span<const PriceRatio> rates);

/// The same for a given commitment in units of 1/scale.
Result<FlexibleLevel> cost_of_flexible_level(const Demand& demand,
                                             std::span<const PriceRatio> rates,
                                             std::int64_t commitment);

}  // namespace steelyard
