// Convertible reserved instances change their family, size or zone within their term: the old one
// ends where the new one begins, and the new one ends when the old one would have. It must be of
// the same region and term, and worth at least as much as the old one still is: price by the hour x
// hours that are left, upfront parts spread over the term included. What was paid upfront for those
// hours counts; the difference is due at once (true-up). What was paid upfront is not given back,
// so an upfront part stays one. Some of the instances of a reservation may be exchanged and the
// others kept (it is split first), some for this and some for that; and several reservations that
// end together for one new one. (EC2 user guide, "Exchange Convertible Reserved Instances".)
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commitments/offer.h"

namespace steelyard {

/// Several with the same new one are one exchange.
struct Exchange {
  std::size_t holding = 0;             ///< index of the new one
  std::string of;                      ///< id of the one whose place it takes
  std::optional<Decimal> amount = {};  ///< whole units of the old one; none: all that are left
  std::optional<Instant> end = {};     ///< as it was said; none: when the old one would have ended
  std::string where = {};              ///< file and line
};

/// A reserved instance of EC2 of the class "convertible".
bool is_convertible(const Offer& offer);
/// Whether the offers, regions and ways to pay let the one take the place of the other; times and
/// amounts are another matter. The same again is none.
bool may_be_exchanged(const RateCard& card, const Holding& before, const Holding& after);

/// The fewest whole units of `after` for which so many units of `before` are exchanged when `after`
/// begins.
Decimal units_in_exchange(const RateCard& card, const Holding& before, Decimal units,
                          const Holding& after);

/// Ends the old ones, and sets the end, owner and upfront payment of the new ones; in the order in
/// which they begin, so that what was exchanged may be exchanged again. What is left of an old one
/// goes on under its id as a holding of its own, behind all others: what was given and what is left
/// cost what the old one would have, to the last digit. Says each exchange in a sentence. SY1807,
/// with the place and what to do, where AWS would refuse; nothing is changed then.
Result<std::vector<std::string>> apply_exchanges(const RateCard& card,
                                                 std::vector<Holding>& holdings,
                                                 std::vector<Exchange> exchanges);

}  // namespace steelyard
