// Hours that stand far above all that a pool uses otherwise: a load test, a runaway job, a wrong
// line. A plan looks ahead from the last weeks and would see such an hour in every week to come, so
// it counts them as what the pool uses at most in other weeks. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "commitments/demand.h"

namespace steelyard {

struct Spike {
  std::size_t pool = 0, hour = 0;
  std::int64_t usual = 0;  ///< the count that stands for it
};

/// Of each pool with eight whole weeks of history: hours above three times its highest one outside
/// of its four highest weeks, if no more than six hours of their week are, so that neither what
/// comes every month nor a new level is a spike. Weeks end with the demand; of a first part of a
/// week nothing is. By pool, then hour.
std::vector<Spike> find_spikes(const Demand& demand);

}  // namespace steelyard
