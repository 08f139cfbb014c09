#include "commitments/outlook.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "commitments/backtest.h"

namespace steelyard {

Outlook outlook_of(const Demand& demand, std::size_t scenarios, std::size_t months,
                   double yearly_loss) {
  constexpr std::size_t kYear = 12;
  BacktestTerms terms;
  terms.begin = terms.end = demand.hours;
  const std::vector<std::vector<std::int64_t>> nothing_held;
  const PolicyView view(demand, demand.hours, terms, nothing_held);
  Outlook outlook{scenarios, months, demand.pools.size(), {}, 0, {}};
  outlook.history.learn(view);
  outlook.share.resize(scenarios * months * outlook.pools);
  std::mt19937_64 random(20'210'201);
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
