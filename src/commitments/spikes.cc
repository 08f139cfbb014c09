#include "commitments/spikes.h"

#include <algorithm>
#include <functional>
#include <span>

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168;
constexpr std::size_t kFewestWeeks = 8;
constexpr std::size_t kHighestWeeks = 4;  ///< a month has four, of which one may be unlike others
constexpr std::size_t kMostHours = 6;
constexpr std::int64_t kTimes = 3;

}  // namespace

std::vector<Spike> find_spikes(const Demand& demand) {
  std::vector<Spike> spikes;
  const std::size_t weeks = demand.hours / kWeek;
  if (weeks < kFewestWeeks) return spikes;
  const std::size_t skipped = demand.hours - weeks * kWeek;
  std::vector<std::int64_t> highest(weeks);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const auto row = demand.row(pool).subspan(skipped);
    const auto week_of = [&](std::size_t week) { return row.subspan(week * kWeek, kWeek); };
    for (std::size_t week = 0; week < weeks; ++week)
      highest[week] = *std::max_element(week_of(week).begin(), week_of(week).end());
    std::vector<std::int64_t> sorted = highest;
    std::nth_element(sorted.begin(), sorted.begin() + kHighestWeeks, sorted.end(),
                     std::greater<>());
    const std::int64_t usual = sorted[kHighestWeeks];
    // count > kTimes * usual, which may not fit.
    const auto is_above = [&](std::int64_t count) {
      return count > 0 && (count - 1) / kTimes >= usual;
    };
    for (std::size_t week = 0; week < weeks; ++week) {
      if (!is_above(highest[week])) continue;
      const auto hours = week_of(week);
      const auto above = std::count_if(hours.begin(), hours.end(), is_above);
      if (static_cast<std::size_t>(above) > kMostHours) continue;
      for (std::size_t hour = 0; hour < kWeek; ++hour)
        if (is_above(hours[hour])) spikes.push_back({pool, skipped + week * kWeek + hour, usual});
    }
  }
  return spikes;
}

}  // namespace steelyard
