// Lines of usage to pools and hours.
#include <algorithm>
#include <map>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/checks.h"
#include "commitments/simulate.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

}  // namespace

Decimal instance_hours(std::int64_t seconds) {
  return multiply_divide({seconds * kOne}, {kOne}, {3600 * kOne});
}

Result<Usage> gather_usage(std::span<const UsageRow> rows, const UsageWindow& window) {
  if (window.begin.micros % kMicrosPerHour != 0 || window.end.micros % kMicrosPerHour != 0 ||
      window.end < window.begin)
    return fail("SY1805",
                "from " + format_instant(window.begin) + " to " + format_instant(window.end) +
                    " is no window of whole hours",
                {}, "commitments apply by the clock hour");
  using PoolKey = std::pair<std::vector<std::string>, bool>;  // and whether it came too late
  std::map<PoolKey, std::map<std::size_t, Decimal>> sums;
  for (const UsageRow& row : rows) {
    if (row.time < window.begin || row.time >= window.end) continue;
    if (window.known_at && row.arrived && *row.arrived > *window.known_at) continue;
    if (row.quantity > kMaxQuantity || row.quantity < -kMaxQuantity)
      return fail("SY1805", "a line of " + join(row.key, "/") + " uses " + to_text(row.quantity),
                  {}, "at most " + to_text(kMaxQuantity) + ": look at its unit");
    const std::int64_t hour = (row.time.micros - window.begin.micros) / kMicrosPerHour;
    const std::int64_t hour_end = window.begin.micros + (hour + 1) * kMicrosPerHour;
    // A correction that comes late takes back usage that did not.
    const bool late = row.quantity > Decimal{} && row.arrived && window.late_after_hours &&
                      row.arrived->micros > hour_end + *window.late_after_hours * kMicrosPerHour;
    sums[{row.key, late}][static_cast<std::size_t>(hour)] += row.quantity;
  }
  Usage usage;
  usage.first_hour = window.begin;
  usage.hours =
      static_cast<std::size_t>((window.end.micros - window.begin.micros) / kMicrosPerHour);
  if (!sums.empty() && usage.hours > kMaxCells / sums.size())
    return fail("SY1805", "too many pools and hours", {}, "choose a shorter time");
  usage.quantity.resize(usage.hours * sums.size());
  std::size_t pool = 0;
  for (const auto& [key, hours] : sums) {
    for (const auto& [hour, quantity] : hours) {
      if (quantity < Decimal{}) {
        const Instant at{window.begin.micros + static_cast<std::int64_t>(hour) * kMicrosPerHour};
        return fail("SY1805",
                    "the lines of " + join(key.first, "/") + " at " + format_instant(at) +
                        " sum to " + to_text(quantity),
                    {}, "bring the correction back to the hours that it corrects");
      }
      usage.quantity[hour * sums.size() + pool] = quantity;
    }
    usage.keys.push_back(key.first);
    usage.late.push_back(key.second);
    ++pool;
  }
  return usage;
}

}  // namespace steelyard
