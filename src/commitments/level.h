// The best level of one commitment over one row of demand, exactly. A commitment of c units costs
// its price in every hour, used or not; what exceeds it is paid on demand. The cost
//     cost(c) = price * hours * c + sum over hours of max(0, demand - c)
// is convex and piecewise linear, so the smallest best c is the smallest with
//     #{hours with demand > c} <= price * hours,
// a quantile of demand (the newsvendor's rule). It is a value of the row or zero, and is found by
// counting: a sample brackets it, one pass counts what lies below and above and keeps what lies
// between. Integers throughout; a level is in counts, a cost in count-hours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "money/decimal.h"

namespace steelyard {

/// The price of a committed unit of an hour over its price on demand: {3, 5} is 40 % off.
struct PriceRatio {
  std::int64_t numerator = 1, denominator = 1;
  double value() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
  bool operator==(const PriceRatio&) const = default;
};
/// Both parts stay below this, so that no cost leaves 128 bits.
inline constexpr std::int64_t kMaxRatioPart = 1'000'000'000'000;

/// The exact ratio in lowest terms. SY1825: a price is negative, the price on demand is zero, or
/// the ratio needs parts of more than 12 digits.
Result<PriceRatio> price_ratio(Decimal committed, Decimal on_demand);

/// What a level leads to, in count-hours. All exact.
struct LevelCost {
  Int128 committed = 0;  ///< level x hours: what is bought
  Int128 on_demand = 0;  ///< usage above the level
  Int128 usage = 0;      ///< all usage

  /// Cost in units of 1/denominator of the price of a count-hour on demand.
  Int128 scaled(PriceRatio price) const {
    return committed * price.numerator + on_demand * price.denominator;
  }
  Int128 covered() const { return usage - on_demand; }
  /// Statistics for a screen; 0 where nothing was bought or used.
  double utilisation() const;
  double savings(PriceRatio price) const;  ///< share of the cost of all usage on demand
};

/// The cost of level `level` >= 0.
LevelCost cost_of_level(std::span<const std::int64_t> demand, std::int64_t level);

struct Level {
  std::int64_t level = 0;  ///< the smallest best one
  LevelCost cost;
};
/// `demand` must not be negative (kMaxRowSum holds for its sum). Empty demand: 0.
Level best_level(std::span<const std::int64_t> demand, PriceRatio price);

/// A future that has `weight` among the others.
struct Scenario {
  std::span<const std::int64_t> demand;
  std::int64_t weight = 1;  ///< > 0; weights sum to less than 2^31
};
/// The level with the smallest expected cost: the weighted quantile.
std::int64_t best_level(std::span<const Scenario> scenarios, PriceRatio price);

/// The k-th smallest, k from 0, by counting as above. `values` must not be negative.
std::int64_t kth_smallest(std::span<const std::int64_t> values, std::size_t k);

}  // namespace steelyard
