// Convertible reserved instances change their family, size or zone within their term: the old one
// ends where the new one begins, and the new one ends when the old one would have. It must be of
// the same region and term, and worth at least as much as the old one still is: price by the hour x
// hours that are left, upfront parts spread over the term included. What was paid upfront for those
// hours counts; the difference is due at once (true-up). What was paid upfront is not given back,
// so an upfront part stays one. (EC2 user guide, "Exchange Convertible Reserved Instances".)
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commitments/offer.h"

namespace steelyard {

struct Exchange {
  std::size_t holding = 0;          ///< index of the new one
  std::string of;                   ///< id of the one whose place it takes
  std::optional<Instant> end = {};  ///< as it was said; none: when the old one would have ended
  std::string where = {};           ///< file and line
};

/// A reserved instance of EC2 of the class "convertible".
bool is_convertible(const Offer& offer);
/// Whether the offers, regions and ways to pay let the one take the place of the other; times and
/// amounts are another matter. The same again is none.
bool may_be_exchanged(const RateCard& card, const Holding& before, const Holding& after);

/// Ends the old ones, and sets the end, owner and upfront payment of the new ones; in the order in
/// which they begin, so that what was exchanged may be exchanged again. Says each in a sentence.
/// SY1807, with the place and what to do, where AWS would refuse; nothing is changed then.
Result<std::vector<std::string>> apply_exchanges(const RateCard& card,
                                                 std::vector<Holding>& holdings,
                                                 std::vector<Exchange> exchanges);

}  // namespace steelyard
