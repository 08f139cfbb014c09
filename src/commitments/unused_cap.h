// A limit on what goes unused. Scenarios learnt from history cannot know the deaths that history
// has not seen, and those decide whether a limit holds: when a next generation comes, a whole
// family goes, in all regions. So purchases keep the limit over the year ahead also if any one
// family fades away from today on, while the holidays and dips of the past come again. Statistics,
// so doubles. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "commitments/backtest.h"

namespace steelyard {

/// The pool column that tells families apart: "family" if there is one, else the last.
std::size_t family_column(const std::vector<std::string>& pool_columns);
/// A pool's family; a pool without one is its own kind, by the last column.
const std::string& family_of(const std::vector<std::string>& key, std::size_t column);

/// The year ahead, in months of 730 hours, as the limit is tried against it.
class YearAhead {
 public:
  static constexpr std::size_t kMonths = 12, kMonthHours = 730;

  explicit YearAhead(const PolicyView& view);

  std::size_t families() const { return names_.size(); }
  std::size_t family(std::size_t pool) const { return family_[pool]; }
  const std::string& name(std::size_t family) const { return names_[family]; }
  /// Share of a pool's last week that is used in a month if nothing fades, at most 1: as low as one
  /// of the last 8 weeks, and as far below the usual as all usage fell in that month a year ago.
  double steady(std::size_t pool, std::size_t month) const;
  /// What stays of a family that fades from today on: nothing after half a year.
  static double stays(std::size_t month);

 private:
  void find_families(const PolicyView& view);
  void find_dips(const PolicyView& view);

  std::vector<std::string> names_;
  std::vector<std::size_t> family_;            ///< of each pool
  std::vector<std::vector<double>> of_weeks_;  ///< [pool][weeks back]: usage over that of the last
  std::vector<double> dips_;                   ///< of each month
};

/// What all commitments cost over the year ahead and what of that goes unused: if nothing fades,
/// and then if each of the families does that are looked at, in their order.
struct UnusedAhead {
  double fees = 0;
  std::vector<double> unused;

  double share(std::size_t i) const { return fees > 0 ? unused[i] / fees : 0; }
  /// The one with most of it.
  std::size_t worst() const;
};

/// The first of UnusedAhead::unused in which `now` goes most beyond the limit; none: it holds. What
/// was idle beyond the limit already, `before`, is not charged to what is added.
std::optional<std::size_t> breach_of(double max_unused, const UnusedAhead& before,
                                     const UnusedAhead& now);

inline constexpr std::size_t kNoFamily = static_cast<std::size_t>(-1);
/// Makes purchases smaller until no more than this share goes unused: in proportion, those of the
/// family first that is worst, then those of all families, then the others (`family` kNoFamily).
/// True if any was made smaller. `fading`: the families of UnusedAhead::unused from its second on.
bool keep_within(double max_unused, std::span<const std::size_t> family,
                 std::span<const std::size_t> fading, std::vector<double>& amounts,
                 const std::function<UnusedAhead(std::span<const double>)>& unused_ahead);

}  // namespace steelyard
