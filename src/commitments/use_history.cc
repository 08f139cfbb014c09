#include "commitments/use_history.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.h"
#include "commitments/unused_cap.h"

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168, kThreeDays = 72;
constexpr std::size_t kFirstMoment = 4;  ///< weeks of history that a moment needs

// Chosen on synthetic traces (tests/commitments/synthetic.h).
constexpr double kKindWeight = 5;  ///< moments that the general view counts for beside a kind's own
constexpr double kPriorWeight = 50;  ///< and that the prior counts for beside all of history
constexpr double kPriorLoss = 0.2;   ///< the prior: so much of usage is lost in a year

double sum_of(std::span<const std::int64_t> hours) {
  return std::accumulate(hours.begin(), hours.end(), 0.0, [](double sum, std::int64_t hour) {
    return sum + static_cast<double>(hour);
  });
}

template <std::size_t N>
std::size_t step_of(double value, const std::array<double, N>& edges) {
  return static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), value) -
                                  edges.begin());
}

}  // namespace

void UseHistory::Tally::add(const Tally& other) {
  moments += other.moments;
  for (std::size_t i = 0; i < kShares; ++i) above[i] += other.above[i];
}

std::span<const std::int64_t> UseHistory::hours_of_week(const PolicyView& view, std::size_t pool,
                                                        std::size_t week) const {
  return view.history(pool).subspan(phase_ + week * kWeek, kWeek);
}

void UseHistory::start(const PolicyView& view) {
  *this = {};
  phase_ = view.now() % kWeek;
  pools_.resize(view.pools());
  tallies_.resize(kKinds * kLeads);
  expected_.resize(kKinds);
  const std::size_t column = family_column(view.columns());
  for (std::size_t pool = 0; pool < view.pools(); ++pool)
    for (std::size_t other = 0; other < view.pools(); ++other)
      if (other != pool && !view.key(pool).empty() &&
          family_of(view.key(other), column) == family_of(view.key(pool), column))
        pools_[pool].alike.push_back(other);
}

void UseHistory::learn(const PolicyView& view) {
  ways_.clear();
  if (tallies_.empty() || pools_.size() != view.pools() || view.now() % kWeek != phase_ ||
      view.now() / kWeek < weeks_)
    start(view);
  const std::size_t weeks = view.now() / kWeek;
  if (weeks_ == 0)
    for (Pool& pool : pools_) pool.kinds.push_back(kNoKind);
  for (; weeks_ < weeks; ++weeks_) take_week(view, weeks_);
  expect();
}

void UseHistory::take_week(const PolicyView& view, std::size_t week) {
  for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
    const double mean = sum_of(hours_of_week(view, pool, week)) / kWeek;
    pools_[pool].means.push_back(mean);
    pools_[pool].peak = std::max(pools_[pool].peak, mean);
    count_uses(view, pool, week);
  }
  for (std::size_t pool = 0; pool < pools_.size(); ++pool)
    pools_[pool].kinds.push_back(kind_at(view, pool, week + 1));
}

/// What this week says about all moments of the year before it.
void UseHistory::count_uses(const PolicyView& view, std::size_t pool, std::size_t week) {
  const Pool& own = pools_[pool];
  const auto hours = hours_of_week(view, pool, week);
  std::array<double, kWeek> sorted;
  std::copy(hours.begin(), hours.end(), sorted.begin());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t first = week + 1 > kLeads ? week + 1 - kLeads : 0;
  for (std::size_t moment = std::max(first, kFirstMoment); moment <= week; ++moment) {
    if (own.kinds[moment] == kNoKind) continue;
    Tally& tally = tallies_[static_cast<std::size_t>(own.kinds[moment]) * kLeads + week - moment];
    tally.moments += 1;
    std::size_t below = 0;
    for (std::size_t i = 0; i < kShares && below < kWeek; ++i) {
      const double level = share_at(i) * own.means[moment - 1];
      while (below < kWeek && sorted[below] <= level) ++below;
      tally.above[i] += static_cast<double>(kWeek - below) / kWeek;
    }
  }
}

/// The kind of the moment before `week`.
int UseHistory::kind_at(const PolicyView& view, std::size_t pool, std::size_t week) const {
  const Pool& own = pools_[pool];
  if (week < kFirstMoment || own.means[week - 1] <= 0) return kNoKind;
  const std::size_t now = phase_ + week * kWeek;
  const auto history = view.history(pool);
  const double trend =
      std::log((sum_of(history.subspan(now - kThreeDays, kThreeDays)) + 0.5) /
               (sum_of(history.subspan(now - kWeek - kThreeDays, kThreeDays)) + 0.5));
  double left = 0, peaks = 0;
  for (const std::size_t other : own.alike) {
    left += pools_[other].means[week - 1];
    peaks += pools_[other].peak;
  }
  static constexpr std::array<double, kTrends - 1> kTrendEdges = {-0.5, -0.15, -0.05,
                                                                  0.05, 0.15,  0.5};
  std::size_t remains = 0;  // nothing like it
  if (peaks >= 0.05 * own.means[week - 1]) {
    const double share = left / peaks;
    remains = share > 0.85 ? 1 : share > 0.6 ? 2 : share > 0.25 ? 3 : 4;
  }
  return static_cast<int>(step_of(trend, kTrendEdges) * kRemains + remains);
}

/// Use over a year for each kind: its own moments, drawn towards those of the same trend, those
/// towards all, and all towards the prior; leads that were never seen go on as the prior does.
void UseHistory::expect() {
  std::vector<Tally> all(kLeads), by_trend(kTrends * kLeads);
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    for (std::size_t lead = 0; lead < kLeads; ++lead) {
      const Tally& tally = tallies_[kind * kLeads + lead];
      all[lead].add(tally);
      by_trend[kind / kRemains * kLeads + lead].add(tally);
    }
  const double weekly = std::exp(-kPriorLoss / kLeads);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    expected_[kind] = {};
    std::array<double, kShares> before{};
    for (std::size_t lead = 0; lead < kLeads; ++lead) {
      const Tally& own = tallies_[kind * kLeads + lead];
      const Tally& trend = by_trend[kind / kRemains * kLeads + lead];
      for (std::size_t i = 0; i < kShares; ++i) {
        const double prior = lead == 0 ? (share_at(i) < 1 ? 1 : 0) : before[i] * weekly;
        const double general =
            (all[lead].above[i] + kPriorWeight * prior) / (all[lead].moments + kPriorWeight);
        const double alike =
            (trend.above[i] + kKindWeight * general) / (trend.moments + kKindWeight);
        before[i] = (own.above[i] + kKindWeight * alike) / (own.moments + kKindWeight);
        expected_[kind][i] += before[i] / kLeads;
      }
    }
  }
}

std::int64_t UseHistory::lasting_level(std::size_t pool, double use_min) const {
  const Pool& own = pools_[pool];
  if (own.kinds[weeks_] == kNoKind) return 0;
  const auto& use = expected_[static_cast<std::size_t>(own.kinds[weeks_])];
  std::size_t i = kShares;
  while (i > 0 && use[i - 1] < use_min) --i;
  if (i == 0) return 0;
  double share = share_at(i - 1);
  if (i < kShares && use[i - 1] > use[i])
    share += 0.02 * (use[i - 1] - use_min) / (use[i - 1] - use[i]);
  return static_cast<std::int64_t>(share * own.means[weeks_ - 1]);
}

std::vector<std::vector<double>> UseHistory::ways_on(std::size_t pool, std::size_t count,
                                                     std::size_t steps) const {
  const int kind = pools_[pool].kinds[weeks_];
  const auto [found, is_new] = ways_.try_emplace({kind, count, steps});
  if (is_new) found->second = find_ways(kind, count, steps);
  return found->second;
}

UseHistory::Ways UseHistory::find_ways(int kind, std::size_t count, std::size_t steps) const {
  constexpr std::size_t kEnough = 8;
  // Moments of the same kind; where those are few, of the same trend, else all.
  for (const int part : {1, static_cast<int>(kRemains), static_cast<int>(kKinds)}) {
    std::vector<std::vector<double>> ways;
    for (const Pool& other : pools_)
      for (std::size_t moment = kFirstMoment; moment < weeks_; ++moment) {
        if (other.kinds[moment] == kNoKind || kind == kNoKind ||
            other.kinds[moment] / part != kind / part)
          continue;
        std::vector<double> way;
        double share = 1;
        for (std::size_t step = 0; step < steps; ++step) {
          const std::size_t week = moment + (2 * step + 1) * kLeads / (2 * steps);
          const std::size_t known = std::min(week, weeks_ - 1);
          // What is not known yet goes on from where it was last seen as the prior does.
          const double later = static_cast<double>(week - known) / kLeads;
          share = std::min(1.0, other.means[known] / other.means[moment - 1]) *
                  std::exp(-kPriorLoss * later);
          way.push_back(share);
        }
        ways.push_back(std::move(way));
      }
    if (ways.size() < kEnough) continue;
    const auto sum = [](const std::vector<double>& way) {
      return std::accumulate(way.begin(), way.end(), 0.0);
    };
    std::stable_sort(ways.begin(), ways.end(),
                     [&](const auto& a, const auto& b) { return sum(a) < sum(b); });
    std::vector<std::vector<double>> chosen;
    for (std::size_t i = 0; i < count; ++i)
      chosen.push_back(ways[(2 * i + 1) * ways.size() / (2 * count)]);
    return chosen;
  }
  return std::vector<std::vector<double>>(count, std::vector<double>(steps, 1.0));
}

}  // namespace steelyard
