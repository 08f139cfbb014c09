// What a table of offers and rates may hold. A limit on everything: within these no sum or product
// of a simulation can leave DECIMAL(38,18). A pool-hour has at most 10^10 units and 10^10 of money;
// there are at most 10^9 pool-hours and holding-hours, so that every total stays below 10^20.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "commitments/offer.h"
#include "money/decimal.h"

namespace steelyard {

inline constexpr Decimal kMaxPrice = {10'000'000 * kOne};
inline constexpr Decimal kMinFactor = {kOne / 1'000'000};
inline constexpr Decimal kMaxFactor = {10'000 * kOne};
/// Units, or money, of a pool or a holding in an hour.
inline constexpr Decimal kMaxQuantity = {10'000'000'000 * kOne};
inline constexpr std::int64_t kMaxTermHours = 100 * 8784;
/// Of a purchase, to the end of its term; with at most 10^5 purchases all of them are below 10^20.
inline constexpr Decimal kMaxTermPrice = {100'000'000'000'000 * kOne};
inline constexpr std::size_t kMaxPurchases = 100'000;
/// Hours times pools, and hours times holdings, of one simulation.
inline constexpr std::size_t kMaxCells = 1'000'000'000;
/// Rows of a table.
inline constexpr std::size_t kMaxTableRows = 1'000'000;

/// SY1801 without a place: the reader of a table adds its file and line.
Status check_offer(const RateCard& card, std::size_t index);
Status check_rate(const RateCard& card, const Rate& rate);

}  // namespace steelyard
