#include "commitments/unused_cap.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168, kYearWeeks = 52, kSeenWeeks = 8;
constexpr std::size_t kUsualWeeks = 6;  ///< before and after a week
constexpr double kFadeMonths = 6;
constexpr std::size_t kMostTurns = 4;  ///< of each family, in the mean

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// How far beyond the limit.
double excess(double max_unused, const UnusedAhead& before, const UnusedAhead& now, std::size_t i) {
  const double idle = std::max(0.0, before.unused[i] - max_unused * before.fees);
  return now.unused[i] - idle - (max_unused + 1e-9) * now.fees;
}

}  // namespace

std::size_t family_column(const std::vector<std::string>& pool_columns) {
  const auto found = std::find(pool_columns.begin(), pool_columns.end(), "family");
  return found == pool_columns.end() ? std::max<std::size_t>(1, pool_columns.size()) - 1
                                     : static_cast<std::size_t>(found - pool_columns.begin());
}

const std::string& family_of(const std::vector<std::string>& key, std::size_t column) {
  static const std::string kNone;
  if (key.empty()) return kNone;
  return key[column].empty() ? key.back() : key[column];
}

YearAhead::YearAhead(const PolicyView& view) {
  find_families(view);
  find_dips(view);
}

void YearAhead::find_families(const PolicyView& view) {
  std::map<std::string, std::size_t> index;
  for (std::size_t pool = 0; pool < view.pools(); ++pool) {
    const std::string& name = family_of(view.key(pool), family_column(view.columns()));
    const auto [at, is_new] = index.emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    family_.push_back(at->second);
  }
}

/// Usage by weeks, newest first, and how far that of everything fell below what was usual before
/// and after, in each month of the year before: the year ahead has its holidays as well. Growth, a
/// step and the first weeks of all are below one of both at most: no dips.
void YearAhead::find_dips(const PolicyView& view) {
  const std::size_t weeks = view.now() / kWeek;
  std::vector<double> total(weeks, 0);
  of_weeks_.resize(view.pools());
  for (std::size_t pool = 0; pool < view.pools(); ++pool) {
    const auto history = view.history(pool);
    for (std::size_t back = 0; back < weeks; ++back) {
      const auto hours = history.subspan(view.now() - (back + 1) * kWeek, kWeek);
      const double sum = std::accumulate(
          hours.begin(), hours.end(), 0.0,
          [](double all, std::int64_t hour) { return all + static_cast<double>(hour); });
      total[back] += sum;
      if (back < kSeenWeeks) of_weeks_[pool].push_back(sum);
    }
    if (of_weeks_[pool].empty() || of_weeks_[pool][0] <= 0) {
      of_weeks_[pool] = {1};
      continue;
    }
    const double last = of_weeks_[pool][0];
    for (double& week : of_weeks_[pool]) week = std::min(1.0, week / last);
  }
  dips_.assign(kMonths, 1);
  for (std::size_t ahead = 0; ahead < kYearWeeks; ++ahead) {
    const std::size_t back = kYearWeeks - 1 - ahead;  // the same week, a year ago
    if (back == 0 || back + 1 >= weeks) continue;
    const std::size_t newest = back - std::min(back, kUsualWeeks);
    const std::size_t oldest = std::min(weeks - 1, back + kUsualWeeks);
    const double usual = std::min(mean_of(std::span(total).subspan(newest, back - newest)),
                                  mean_of(std::span(total).subspan(back + 1, oldest - back)));
    double& dip = dips_[ahead * kMonths / kYearWeeks];
    if (usual > 0) dip = std::min(dip, total[back] / usual);
  }
}

double YearAhead::steady(std::size_t pool, std::size_t month) const {
  return of_weeks_[pool][month % of_weeks_[pool].size()] * dips_[month];
}

double YearAhead::stays(std::size_t month) {
  return std::max(0.0, 1 - (static_cast<double>(month) + 0.5) / kFadeMonths);
}

std::size_t UnusedAhead::worst() const {
  return static_cast<std::size_t>(std::max_element(unused.begin(), unused.end()) - unused.begin());
}

std::optional<std::size_t> breach_of(double max_unused, const UnusedAhead& before,
                                     const UnusedAhead& now) {
  std::optional<std::size_t> found;
  double most = 0;
  for (std::size_t i = 0; i < now.unused.size(); ++i) {
    const double over = excess(max_unused, before, now, i);
    if (over <= most) continue;
    most = over;
    found = i;
  }
  return found;
}

bool keep_within(double max_unused, std::span<const std::size_t> family,
                 std::span<const std::size_t> fading, std::vector<double>& amounts,
                 const std::function<UnusedAhead(std::span<const double>)>& unused_ahead) {
  const UnusedAhead before = unused_ahead(std::vector<double>(amounts.size(), 0));
  const auto worst_breach = [&] { return breach_of(max_unused, before, unused_ahead(amounts)); };
  bool limited = false;
  const auto shrink = [&](const auto& is_meant, const auto& holds) {
    const std::vector<double> whole = amounts;
    const auto holds_at = [&](double share) {
      for (std::size_t i = 0; i < amounts.size(); ++i)
        if (is_meant(family[i])) amounts[i] = whole[i] * share;
      return holds();
    };
    double low = 0, high = 1;
    for (int halving = 0; halving < 10; ++halving) {
      const double middle = (low + high) / 2;
      (holds_at(middle) ? low : high) = middle;
    }
    limited = true;
    return holds_at(low) || low > 0;
  };
  const auto keeps_all = [&] { return !worst_breach(); };
  // Each by its own: fees that fall make the share of another larger, so some come again. Where
  // nothing fades, no family is to blame.
  auto breach = worst_breach();
  for (std::size_t turn = 0; breach && *breach > 0 && turn < kMostTurns * fading.size(); ++turn) {
    const std::size_t scenario = *breach;
    const std::vector<double> whole = amounts;
    const auto keeps_this = [&] {
      return excess(max_unused, before, unused_ahead(amounts), scenario) <= 0;
    };
    if (!shrink([&](std::size_t f) { return f == fading[scenario - 1]; }, keeps_this)) {
      amounts = whole;  // others are as much to blame
      break;
    }
    breach = worst_breach();
  }
  if (worst_breach()) shrink([](std::size_t f) { return f != kNoFamily; }, keeps_all);
  if (worst_breach()) shrink([](std::size_t) { return true; }, keeps_all);
  return limited;
}

}  // namespace steelyard
