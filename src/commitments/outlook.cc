#include "commitments/outlook.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>

#include "commitments/backtest.h"

namespace steelyard {
namespace {

constexpr std::size_t kYear = 12, kWeek = 168, kWeeksSeen = 4;
constexpr std::size_t kBlockWeeks = 4, kBlocksOfYear = 13;
constexpr std::size_t kFewestBlocks = 8;  ///< of history, to say how the total changes

/// Changes of all usage from each four weeks to the next, oldest first, as logarithms.
std::vector<double> changes_of(const Demand& demand, std::span<const double> worth) {
  const std::size_t blocks = demand.hours / (kBlockWeeks * 168);
  std::vector<double> sums(blocks, 0);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const auto hours = demand.row(pool).last(blocks * kBlockWeeks * 168);
    for (std::size_t hour = 0; hour < hours.size(); ++hour)
      sums[hour / (kBlockWeeks * 168)] += worth[pool] * static_cast<double>(hours[hour]);
  }
  std::vector<double> changes;
  for (std::size_t i = 1; i < blocks; ++i)
    if (sums[i - 1] > 0 && sums[i] > 0)
      changes.push_back(std::log(sums[i] / sums[i - 1]));
    else
      changes.clear();  // usage begins here
  return changes;
}

/// Usage of a week, so many before the last, over that of the last.
double level_of_week(std::span<const std::int64_t> hours, std::size_t back) {
  if (hours.size() < (back + 1) * kWeek) return 1;
  const auto usage = [&](std::size_t weeks_back) {
    const auto week = hours.subspan(hours.size() - (weeks_back + 1) * kWeek, kWeek);
    return std::accumulate(week.begin(), week.end(), 0.0);
  };
  const double last = usage(0);
  return last > 0 ? usage(back) / last : 1;
}

/// Of the standard normal distribution, by halving.
double normal_quantile(double probability) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < probability ? low : high) = middle;
  }
  return high;
}

/// How fast the total goes on growing in each scenario, a block of weeks: what history shows, drawn
/// towards standing still as far as history is short or restless (a normal prior of which the
/// standard deviation is 30 % a year), and as far from that as is still likely.
std::vector<double> drifts_of(const std::vector<double>& changes, std::size_t scenarios) {
  constexpr double kPriorDeviation = 0.3 / static_cast<double>(kBlocksOfYear);
  const auto count = static_cast<double>(changes.size());
  const double mean = std::accumulate(changes.begin(), changes.end(), 0.0) / count;
  double squares = 0;
  for (const double change : changes) squares += (change - mean) * (change - mean);
  const double of_history = std::max(1e-6, squares / std::max(1.0, count - 1)) / count;
  const double prior = kPriorDeviation * kPriorDeviation;
  const double weight = prior / (prior + of_history);
  const double deviation = std::sqrt(weight * of_history);
  std::vector<double> drifts;
  for (std::size_t s = 0; s < scenarios; ++s)
    drifts.push_back(weight * mean + deviation * normal_quantile((static_cast<double>(s) + 0.5) /
                                                                 static_cast<double>(scenarios)));
  return drifts;
}

/// One way of the total: it drifts, and in each month of the first year it also departs from its
/// drift as it once did in the same season, or beside it.
std::vector<double> total_way(const std::vector<double>& changes, double drift, std::size_t months,
                              std::mt19937_64& random) {
  const double mean =
      std::accumulate(changes.begin(), changes.end(), 0.0) / static_cast<double>(changes.size());
  std::vector<double> way;
  double level = 0;
  for (std::size_t month = 0; month < months; ++month) {
    if (month < kYear) {
      const std::size_t block = (2 * month + 1) * kBlocksOfYear / (2 * kYear);  // of its middle
      std::vector<std::size_t> alike;
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const std::size_t ago = changes.size() - i;  // blocks
        const std::size_t off = (ago + block) % kBlocksOfYear;
        if (changes.size() < kBlocksOfYear || off <= 1 || off == kBlocksOfYear - 1)
          alike.push_back(i);
      }
      const double change = (changes[alike[random() % alike.size()]] - mean + drift) *
                            static_cast<double>(kBlocksOfYear) / static_cast<double>(kYear);
      way.push_back(std::exp(level + change / 2));
      level += change;
    } else {
      way.push_back(std::exp(level));
    }
  }
  return way;
}

}  // namespace

Outlook outlook_of(const Demand& demand, std::span<const double> worth, std::size_t scenarios,
                   std::size_t months, double yearly_loss) {
  BacktestTerms terms;
  terms.begin = terms.end = demand.hours;
  const std::vector<std::vector<std::int64_t>> nothing_held;
  const PolicyView view(demand, demand.hours, terms, nothing_held);
  Outlook outlook;
  outlook.scenarios = scenarios;
  outlook.months = months;
  outlook.pools = demand.pools.size();
  outlook.history.learn(view);
  outlook.share.resize(scenarios * months * outlook.pools);
  std::mt19937_64 random(20'210'201);
  const auto changes = changes_of(demand, worth);
  outlook.knows_total = changes.size() + 1 >= kFewestBlocks;
  const auto drifts =
      outlook.knows_total ? drifts_of(changes, scenarios) : std::vector<double>(scenarios, 0.0);
  for (std::size_t s = 0; s < scenarios; ++s) {
    const auto way = outlook.knows_total ? total_way(changes, drifts[s], months, random)
                                         : std::vector<double>(months, 1.0);
    outlook.total.insert(outlook.total.end(), way.begin(), way.end());
  }
  for (std::size_t s = 0; s < scenarios; ++s)
    for (std::size_t pool = 0; pool < outlook.pools; ++pool)
      outlook.level.push_back(level_of_week(demand.row(pool), s % kWeeksSeen));
  const std::size_t steps = std::min(months, kYear);
  for (std::size_t pool = 0; pool < outlook.pools; ++pool) {
    // A horizon below a year looks at the first part of the ways.
    auto ways = outlook.history.ways_on(pool, scenarios, kYear);
    const bool unlearnt = std::all_of(ways.begin(), ways.end(), [](const auto& way) {
      return std::all_of(way.begin(), way.end(), [](double share) { return share == 1; });
    });
    if (unlearnt) {
      const auto week = view.recent(pool, 168);
      if (std::any_of(week.begin(), week.end(), [](std::int64_t count) { return count > 0; }))
        ++outlook.unlearnt;
      // Half of the ways stay, half lose twice the general rate.
      for (std::size_t s = 1; s < scenarios; s += 2)
        for (std::size_t month = 0; month < kYear; ++month)
          ways[s][month] = std::exp(-2 * yearly_loss * (static_cast<double>(month) + 0.5) / kYear);
    }
    for (std::size_t i = ways.size(); i > 1; --i) std::swap(ways[i - 1], ways[random() % i]);
    for (std::size_t s = 0; s < scenarios; ++s)
      for (std::size_t month = 0; month < months; ++month) {
        const double share = ways[s][std::min(month, steps - 1)];
        const double beyond = month < kYear ? 0 : static_cast<double>(month - kYear + 1) / kYear;
        outlook.share[(s * months + month) * outlook.pools + pool] =
            std::min(1.0, share * std::exp(-yearly_loss * beyond));
      }
  }
  return outlook;
}

}  // namespace steelyard
