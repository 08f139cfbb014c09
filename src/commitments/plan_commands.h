// Behind plan_report.h: what the command lines of AWS, Azure and Google Cloud want to hear for a
// purchase of a plan.
#pragma once

#include <string>

#include "commitments/plan_report.h"

namespace steelyard {

/// A word of the shell, whatever it holds.
std::string shell_word(const std::string& text);

/// What buys a purchase: a command that lists the ids of the offerings that it could be, if one is
/// needed, and one that buys it as "$offering"; or why there is none.
struct Commands {
  std::string look_up, buy;
  std::string quote = {};  ///< says whether an exchange of "$given_up" is taken
  std::string reason = {};
  std::string reservation = {}, part = {};  ///< number and units of what is split off before
};

Commands commands_of(const Estate& estate, const Plan& plan, const PlannedPurchase& purchase);

/// The reservations of which parts are exchanged, as holds() and split() of the script know them.
std::string reservations(const Estate& estate, const Plan& plan);

}  // namespace steelyard
