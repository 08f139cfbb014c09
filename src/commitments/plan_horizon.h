// What a plan looks at: its date, its months, and the pools of the estate with those that stand
// behind them for what is used elsewhere. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "commitments/estate.h"
#include "commitments/plan.h"

namespace steelyard {

inline constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
/// A month of the horizon is a twelfth of 365 days.
inline constexpr int kMonthsPerYear = 12, kMonthHours = 730;
inline constexpr std::int64_t kMonthMicros = kMonthHours * kMicrosPerHour;
/// Months between purchases; over so many what is narrow is bought (plan_variables.h).
inline constexpr std::size_t kQuarter = 3;
inline constexpr std::size_t kWeekHours = 168;

struct PlanHorizon {
  const Estate& estate;
  const PlanOptions& options;
  Instant at;               ///< the end of the demand
  std::size_t months = 0;   ///< in which something may be bought and is used
  std::size_t pattern = 0;  ///< the last hours of the demand, which each month repeats
  /// The pools of the estate. Behind them stands another of the same price for each: what left it
  /// and is used elsewhere. Its key is of no scope.
  PoolTable table;
  std::size_t real_pools = 0;

  const RateCard& card() const { return estate.card; }
  const Offer& offer_of(const Holding& holding) const { return card().offers[holding.offer]; }
  const Rate& rate_of(std::size_t pool) const { return card().rates[table.pools[pool].rate]; }
  Instant begin_of(std::size_t month) const;
  Instant middle_of(std::size_t month) const;
};

/// SY1850 without a week of usage; SY1851 where an option is out of its range. Both must outlive
/// the answer.
Result<PlanHorizon> horizon_of(const Estate& estate, const PlanOptions& options);

/// For what is weighed: a plan is chosen in doubles, and billed in money.
inline double real(Decimal value) {
  return static_cast<double>(value.units) / static_cast<double>(kOne);
}
/// Rounded to so many decimals.
Decimal decimal(double value, int decimals);

}  // namespace steelyard
