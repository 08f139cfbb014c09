// The lines of a plan: what is held, each offer that can be bought in each of its scopes, and what
// convertible reserved instances that are held may be exchanged for. A line of the plan is a line
// of its basket. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "commitments/plan_horizon.h"

namespace steelyard {

/// An offer in one of its scopes, or a holding.
struct PlanLine {
  Holding unit;  ///< amount 1, from the first date on; of a holding: as it is
  bool held = false;
  std::string size = {};  ///< that is bought
  double annuity = 1;     ///< what a payment of the fee by the hour is worth, over the fee
  double grain = 1;       ///< money an hour of the smallest step that can be bought
  bool target = false;    ///< nothing is held of it yet, but what is may be exchanged for it
};

struct PlanLines {
  std::vector<PlanLine> lines;        ///< held, then those that can be bought, then targets
  std::vector<std::string> left_out;  ///< offers whose terms are longer than the horizon
  std::size_t slow = 0;               ///< offers in their scopes that break even later than allowed
};

/// SY1850 if nothing can be bought, with the reason; and the errors of make_holding.
Result<PlanLines> find_lines(const PlanHorizon& horizon);

/// Money an hour on demand that a unit of the line's money covers of a pool is 1 / this; none: it
/// covers nothing of it.
std::optional<double> ratio_of(const PlanHorizon& horizon, const PlanLine& line, std::size_t pool);
/// Which of two is bought where both cost the same: the smaller payment at once, then the shorter
/// term, then the name.
bool is_preferred(const PlanHorizon& horizon, const PlanLine& line, const PlanLine& other);
/// Whether a convertible reserved instance may be exchanged at the plan's date.
bool can_be_exchanged(const PlanHorizon& horizon, const Holding& holding);

}  // namespace steelyard
