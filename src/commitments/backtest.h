// A back-test: had this policy decided at each of these dates of the past, what would have been
// paid? A policy sees demand before the date and what it holds, and nothing else. Every hour of a
// term that lies within the judged window is paid for; what ends later is paid for up to the end.
// Regret is measured against the best purchases at the same dates in hindsight (best_ladder).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "commitments/demand.h"
#include "commitments/ladder.h"

namespace steelyard {

struct BacktestTerms {
  std::size_t begin = 0, end = 0;  ///< judged hours of the demand; what lies before is history
  std::size_t step_hours = 168;    ///< hours between decisions; the first is at `begin`
  PriceRatio price;                ///< of the commitment that each pool may have
  std::size_t term_hours = 8760;
  /// With a price: one plan over all pools may be bought as well. It covers what the pools' own
  /// commitments leave.
  std::optional<PriceRatio> plan_price;
  /// Where prices differ: one for each pool in place of `price`, and no plan. Not in lowest terms:
  /// all parts count the same unit of money, so that costs of pools can be added.
  std::vector<PriceRatio> prices = {};

  PriceRatio price_of(std::size_t pool) const { return prices.empty() ? price : prices[pool]; }
};

/// What may be known at a date.
class PolicyView {
 public:
  static constexpr std::size_t kHoursAhead = 8760;

  PolicyView(const Demand& demand, std::size_t now, const BacktestTerms& terms,
             std::span<const std::vector<std::int64_t>> held)
      : demand_(demand), now_(now), terms_(terms), held_(held) {}

  const BacktestTerms& terms() const { return terms_; }
  PriceRatio price(std::size_t pool) const { return terms_.price_of(pool); }
  std::size_t now() const { return now_; }
  std::size_t pools() const { return demand_.pools.size(); }
  const std::vector<std::string>& columns() const { return demand_.pool_columns; }
  /// Values of the pool columns: which pools are alike.
  const std::vector<std::string>& key(std::size_t pool) const { return demand_.pools[pool]; }
  /// Demand of a pool in the hours before now, and the last `hours` of it (or all that there are).
  std::span<const std::int64_t> history(std::size_t pool) const {
    return demand_.row(pool).first(now_);
  }
  std::span<const std::int64_t> recent(std::size_t pool, std::size_t hours) const;
  /// What is held of a pool's commitment (index pools(): of the plan) in this very hour, fresh
  /// purchases and all: what a level is netted against.
  std::int64_t held_now(std::size_t pool) const { return held_[pool][now_]; }
  /// What is held of it in each hour from now on, for a year at least or to the ends of all terms.
  std::span<const std::int64_t> held_ahead(std::size_t pool) const {
    return std::span(held_[pool]).subspan(now_);
  }
  /// What was held in each hour before now, as the meter saw it.
  std::span<const std::int64_t> held_before(std::size_t pool) const {
    return std::span(held_[pool]).first(now_);
  }

 private:
  const Demand& demand_;
  std::size_t now_;
  const BacktestTerms& terms_;
  std::span<const std::vector<std::int64_t>> held_;
};

/// What to buy now for each pool, and last for the plan if there is one; negative counts as
/// nothing.
using Policy = std::function<std::vector<std::int64_t>(const PolicyView&)>;
/// Makes a policy that remembers nothing, for one run from its first date to its last.
using PolicyMaker = std::function<Policy()>;

struct PoolBacktest {
  std::vector<std::int64_t> amounts;  ///< bought at each date
  LevelCost cost;
};

struct Backtest {
  std::vector<std::size_t> dates;
  std::vector<PoolBacktest> pools;
  PoolBacktest plan;           ///< its usage is what the pools' commitments leave
  LevelCost cost;              ///< sum of all pools, without the plan
  std::int64_t purchases = 0;  ///< dates and pools (or the plan) at which something was bought

  /// All that was paid, and what all usage would have cost on demand: in 1/denominator of the price
  /// of a count-hour on demand; where prices differ, in their unit of money for a count-hour.
  Int128 paid = 0, on_demand_only = 0, denominator = 1;
  double savings() const;  ///< share of the cost of all usage on demand
};

/// Called before each decision, from 0.
using OnDecision = std::function<void(std::size_t decision)>;

Backtest run_backtest(const Demand& demand, const BacktestTerms& terms, const PolicyMaker& maker,
                      const OnDecision& on_decision = {});
/// The best that any policy could have done with the pools' own commitments at these dates. Pools
/// are independent; their order and `threads` (0: as many as the machine has) change nothing.
Backtest hindsight(const Demand& demand, const BacktestTerms& terms, int threads = 0);

/// cost / best - 1.
double regret(const Backtest& policy, const Backtest& best);
/// Share of the commitments that nothing used.
double unused_share(const LevelCost& cost);
/// The same for all commitments of a run, each by its price.
double unused_share(const BacktestTerms& terms, const Backtest& run);

/// What was paid from `begin` up to each judged hour, and what all usage up to there would have
/// cost on demand, in the units of Backtest::paid; of what was paid, what was for commitments, and
/// for those that nothing used. One more than hours, the first is 0.
struct Course {
  std::vector<Int128> paid, on_demand_only, committed, unused;
};
Course course_of(const Demand& demand, const BacktestTerms& terms, const Backtest& run);

/// Share of all commitments, of pools and plan, that nothing used, in each stretch of `hours` that
/// begins at a date and lies within the judged window: whether a cap held.
std::vector<double> unused_in_windows(const Demand& demand, const BacktestTerms& terms,
                                      const Backtest& run, std::size_t hours);
double worst_unused(const Demand& demand, const BacktestTerms& terms, const Backtest& run,
                    std::size_t hours);
/// The lowest savings of any `hours` in a row that begin at a date: the worst 12 months.
double worst_savings(const Demand& demand, const BacktestTerms& terms, const Backtest& run,
                     std::size_t hours);

}  // namespace steelyard
