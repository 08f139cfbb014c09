#include "commitments/backtest.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/assert.h"

namespace steelyard {
namespace {

/// Calls `work(i)` for each i < count from several threads.
template <class Work>
void in_parallel(std::size_t count, int threads, const Work& work) {
  std::size_t workers =
      threads > 0 ? static_cast<std::size_t>(threads) : std::thread::hardware_concurrency();
  workers = std::clamp<std::size_t>(workers, 1, std::max<std::size_t>(count, 1));
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < workers; ++i) others.emplace_back(loop);
  loop();
}

void add(LevelCost& sum, const LevelCost& part) {
  sum.committed += part.committed;
  sum.on_demand += part.on_demand;
  sum.usage += part.usage;
}

/// Sums up what the pools and the plan cost.
void settle(const BacktestTerms& terms, Backtest& run) {
  const auto count_purchases = [&](const PoolBacktest& pool) {
    run.purchases += std::count_if(pool.amounts.begin(), pool.amounts.end(),
                                   [](std::int64_t amount) { return amount > 0; });
  };
  for (const PoolBacktest& pool : run.pools) {
    add(run.cost, pool.cost);
    count_purchases(pool);
  }
  count_purchases(run.plan);
  const PriceRatio plan = terms.plan_price.value_or(PriceRatio{1, 1});
  run.denominator = static_cast<Int128>(terms.price.denominator) * plan.denominator;
  run.paid = run.cost.committed * terms.price.numerator * plan.denominator;
  run.paid += terms.plan_price ? run.plan.cost.scaled(plan) * terms.price.denominator
                               : run.cost.on_demand * run.denominator;
}

std::span<const std::int64_t> judged(const Demand& demand, const BacktestTerms& terms,
                                     std::size_t pool) {
  return demand.row(pool).subspan(terms.begin, terms.end - terms.begin);
}

/// Hours above what the pools hold, summed over the pools.
std::vector<std::int64_t> left_by(const Demand& demand, const BacktestTerms& terms,
                                  std::span<const std::vector<std::int64_t>> held) {
  std::vector<std::int64_t> left(terms.end - terms.begin, 0);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const auto used = judged(demand, terms, pool);
    for (std::size_t i = 0; i < left.size(); ++i)
      left[i] += std::max<std::int64_t>(0, used[i] - held[pool][terms.begin + i]);
  }
  return left;
}

}  // namespace

std::span<const std::int64_t> PolicyView::recent(std::size_t pool, std::size_t hours) const {
  const auto all = history(pool);
  return all.last(std::min(hours, all.size()));
}

double Backtest::savings() const {
  const Int128 all = cost.usage * denominator;
  return all == 0 ? 0 : static_cast<double>(all - paid) / static_cast<double>(all);
}

Backtest run_backtest(const Demand& demand, const BacktestTerms& terms, const PolicyMaker& maker) {
  SY_ASSERT(terms.begin <= terms.end && terms.end <= demand.hours);
  const std::size_t pools = demand.pools.size(), rows = pools + (terms.plan_price ? 1 : 0);
  Backtest run;
  run.dates = dates_every(terms.step_hours, terms.begin, terms.end);
  run.pools.resize(pools);
  std::vector<std::vector<std::int64_t>> held(rows, std::vector<std::int64_t>(terms.end, 0));
  const Policy policy = maker();
  for (const std::size_t date : run.dates) {
    const auto amounts = policy(PolicyView(demand, date, terms, held));
    SY_ASSERT(amounts.size() == rows);
    const std::size_t end = std::min(date + terms.term_hours, terms.end);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int64_t amount = std::max<std::int64_t>(0, amounts[row]);
      (row < pools ? run.pools[row] : run.plan).amounts.push_back(amount);
      for (std::size_t hour = date; amount > 0 && hour < end; ++hour) held[row][hour] += amount;
    }
  }
  for (std::size_t pool = 0; pool < pools; ++pool)
    run.pools[pool].cost =
        cost_of_capacity(judged(demand, terms, pool), std::span(held[pool]).subspan(terms.begin));
  if (terms.plan_price)
    run.plan.cost =
        cost_of_capacity(left_by(demand, terms, held), std::span(held[pools]).subspan(terms.begin));
  settle(terms, run);
  return run;
}

Backtest hindsight(const Demand& demand, const BacktestTerms& terms, int threads) {
  SY_ASSERT(terms.begin <= terms.end && terms.end <= demand.hours);
  Backtest run;
  run.dates = dates_every(terms.step_hours, terms.begin, terms.end);
  LadderTerms ladder{terms.price, terms.term_hours, run.dates};
  for (std::size_t& date : ladder.dates) date -= terms.begin;
  run.pools.resize(demand.pools.size());
  in_parallel(demand.pools.size(), threads, [&](std::size_t pool) {
    Ladder best = best_ladder(judged(demand, terms, pool), ladder);
    run.pools[pool] = {std::move(best.amounts), best.cost};
  });
  BacktestTerms without_plan = terms;
  without_plan.plan_price.reset();
  settle(without_plan, run);
  return run;
}

double regret(const Backtest& policy, const Backtest& best) {
  if (best.paid == 0) return 0;
  return static_cast<double>(policy.paid) / static_cast<double>(policy.denominator) /
             (static_cast<double>(best.paid) / static_cast<double>(best.denominator)) -
         1;
}

double unused_share(const LevelCost& cost) {
  return cost.committed == 0 ? 0 : 1 - cost.utilisation();
}

double worst_savings(const Demand& demand, const BacktestTerms& terms, const Backtest& run,
                     std::size_t hours) {
  const std::size_t all = terms.end - terms.begin;
  LadderTerms ladder{terms.price, terms.term_hours, run.dates};
  for (std::size_t& date : ladder.dates) date -= terms.begin;
  std::vector<LevelCost> pools(all), plan(all);
  for (std::size_t pool = 0; pool < run.pools.size(); ++pool) {
    const auto capacity = capacity_of(ladder, run.pools[pool].amounts, all);
    const auto used = judged(demand, terms, pool);
    for (std::size_t hour = 0; hour < all; ++hour)
      add(pools[hour],
          {capacity[hour], std::max<std::int64_t>(0, used[hour] - capacity[hour]), used[hour]});
  }
  if (terms.plan_price) {
    const auto capacity = capacity_of(ladder, run.plan.amounts, all);
    for (std::size_t hour = 0; hour < all; ++hour)
      plan[hour] = {capacity[hour], std::max<Int128>(0, pools[hour].on_demand - capacity[hour]),
                    pools[hour].on_demand};
  }
  double worst = 1;
  for (const std::size_t date : ladder.dates) {
    if (date + hours > all) break;
    Backtest window;
    for (std::size_t hour = date; hour < date + hours; ++hour) {
      add(window.cost, pools[hour]);
      add(window.plan.cost, plan[hour]);
    }
    settle(terms, window);
    worst = std::min(worst, window.savings());
  }
  return worst;
}

}  // namespace steelyard
