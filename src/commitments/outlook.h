// What usage may become: equally likely scenarios, month by month. The usage of everything grows
// and shrinks as it did in the same season of the past (a bootstrap of its changes from month to
// month); every pool keeps the share of its usage that usage like it kept (use_history.h), and what
// it loses, or everything gains, is used elsewhere. A forecast, so doubles. Behind the door of
// commitments/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "commitments/demand.h"
#include "commitments/use_history.h"

namespace steelyard {

struct Outlook {
  std::size_t scenarios = 0, months = 0, pools = 0;
  /// Of a pool's last week, the level that a scenario begins at, that of one of the last four
  /// weeks: [scenario * pools + pool]. Who buys by the last week alone, buys each peak.
  std::vector<double> level;
  /// Usage of everything over that of the last week: [scenario * months + month].
  std::vector<double> total;
  /// Share of a pool's last week that is still used if the total is: [(scenario * months + month) *
  /// pools + pool], at most 1.
  std::vector<double> share;
  bool knows_total = false;  ///< history is long enough to say how the total changes; else it stays
  /// Pools without usage history of their kind, for which the general rate of loss stands.
  std::size_t unlearnt = 0;
  UseHistory history;
  /// What a pool uses of its last week, and what is used elsewhere in its place.
  double at(std::size_t scenario, std::size_t month, std::size_t pool) const {
    return level[scenario * pools + pool] * share[(scenario * months + month) * pools + pool] *
           std::min(1.0, total[scenario * months + month]);
  }
  double elsewhere(std::size_t scenario, std::size_t month, std::size_t pool) const {
    return level[scenario * pools + pool] * total[scenario * months + month] -
           at(scenario, month, pool);
  }
};

/// `worth`: what a count of each pool is worth, in any unit. What goes with what is drawn with a
/// fixed seed. Beyond the first year the total stays, and a pool goes on with the general rate of
/// loss, of which `yearly_loss` is the logarithm.
Outlook outlook_of(const Demand& demand, std::span<const double> worth, std::size_t scenarios,
                   std::size_t months, double yearly_loss = 0.2);

}  // namespace steelyard
