// What usage may become: equally likely scenarios of every pool, month by month, learnt from the
// history of all pools (use_history.h). A forecast, so doubles. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "commitments/demand.h"
#include "commitments/use_history.h"

namespace steelyard {

struct Outlook {
  std::size_t scenarios = 0, months = 0, pools = 0;
  /// Share of a pool's last week that is still used: [(scenario * months + month) * pools + pool],
  /// at most 1.
  std::vector<double> share;
  /// Pools without usage history of their kind, for which the general rate of loss stands.
  std::size_t unlearnt = 0;
  UseHistory history;
  double at(std::size_t scenario, std::size_t month, std::size_t pool) const {
    return share[(scenario * months + month) * pools + pool];
  }
};

/// Which way of a pool goes with which of another is drawn with a fixed seed. Beyond the first year
/// a way goes on with the general rate of loss, of which `yearly_loss` is the logarithm.
Outlook outlook_of(const Demand& demand, std::size_t scenarios, std::size_t months,
                   double yearly_loss = 0.2);

}  // namespace steelyard
