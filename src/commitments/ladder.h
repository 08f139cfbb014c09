// The best purchases over time of one instrument, in hindsight and exactly. What is bought at a
// date covers the hours of its term, so the capacity of an hour is a sum over an interval of dates:
// the matrix of the program has consecutive ones, is totally unimodular, and whole demand has whole
// optimal purchases. It is a circulation: capacity flows along the hours, each purchase leads back
// from its end to its begin, and the arcs of hours have convex costs. Solved by capacity scaling
// (Ahuja, Magnanti, Orlin: Network Flows, 14.5); the node potentials prove the optimum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "commitments/level.h"

namespace steelyard {

struct LadderTerms {
  PriceRatio price;  ///< paid in every hour of the term that lies within the data
  std::size_t term_hours = 8760;
  std::vector<std::size_t> dates;  ///< hours at which one may buy, rising, within the data
};

struct Ladder {
  std::vector<std::int64_t> amounts;  ///< bought at each date
  LevelCost cost;
  /// No purchases cost less (in units of 1/denominator, as LevelCost::scaled): computed from the
  /// potentials alone, and equal to the cost.
  Int128 bound = 0;
};

/// `demand`: what nothing else covers, not negative. Peak^2 x hours x (denominator + numerator)
/// must stay below 2^120, which eight digits of demand over three years do by far.
Ladder best_ladder(std::span<const std::int64_t> demand, const LadderTerms& terms);

/// Capacity of each hour, and what it costs.
std::vector<std::int64_t> capacity_of(const LadderTerms& terms,
                                      std::span<const std::int64_t> amounts, std::size_t hours);
LevelCost cost_of_capacity(std::span<const std::int64_t> demand,
                           std::span<const std::int64_t> capacity);

/// First hour, and every `step` hours from there to the end.
std::vector<std::size_t> dates_every(std::size_t step, std::size_t begin, std::size_t end);

}  // namespace steelyard
