// The order in which holdings are applied to pools: one list of pairs, first to last. Whether a
// pair covers anything in an hour depends on what the pairs before it left.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "commitments/offer.h"
#include "commitments/simulate.h"

namespace steelyard {

struct Pair {
  std::uint32_t holding = 0, pool = 0;
  bool spend = false;
  Decimal rate;    ///< spend: per unit of usage
  Decimal factor;  ///< quantity: size of a unit of usage
};

/// The preference that decides the bill of the hour's month, or nullptr: organisation-wide.
/// `preferences` are sorted by `since`.
const SharingPreference* in_force(std::span<const SharingPreference> preferences, Instant hour);

/// SY1802 a holding's scope names no pool column.
Result<std::vector<Pair>> application_order(const RateCard& card, const PoolTable& table,
                                            std::span<const Holding> holdings,
                                            const SharingPreference* preference);

}  // namespace steelyard
