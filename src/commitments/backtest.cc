#include "commitments/backtest.h"
#include "commitments/parallel.h"

#include <algorithm>

#include "base/assert.h"

namespace steelyard {
namespace {

void add(LevelCost& sum, const LevelCost& part) {
  sum.committed += part.committed;
  sum.on_demand += part.on_demand;
  sum.usage += part.usage;
}

/// Brings costs of pools and of the plan to one unit.
struct Scale {
  Int128 of_pools = 1, of_plan = 1, denominator = 1;

  /// What a pool's commitments cost, and what it leaves on demand when there is no plan.
  Int128 paid_for(const BacktestTerms& terms, std::size_t pool, const LevelCost& cost) const {
    const PriceRatio price = terms.price_of(pool);
    return terms.plan_price ? cost.committed * price.numerator * of_pools : cost.scaled(price);
  }
  Int128 on_demand(const BacktestTerms& terms, std::size_t pool, Int128 usage) const {
    return usage * terms.price_of(pool).denominator * of_pools;
  }
};

Scale scale_of(const BacktestTerms& terms) {
  SY_ASSERT(terms.prices.empty() || !terms.plan_price);
  if (!terms.prices.empty()) return {};
  if (!terms.plan_price) return {1, 1, terms.price.denominator};
  const Int128 pools = terms.price.denominator, plan = terms.plan_price->denominator;
  return {plan, pools, pools * plan};
}

/// Sums up what the pools and the plan cost.
void settle(const BacktestTerms& terms, Backtest& run) {
  const auto count_purchases = [&](const PoolBacktest& pool) {
    run.purchases += std::count_if(pool.amounts.begin(), pool.amounts.end(),
                                   [](std::int64_t amount) { return amount > 0; });
  };
  const Scale scale = scale_of(terms);
  run.denominator = scale.denominator;
  for (std::size_t pool = 0; pool < run.pools.size(); ++pool) {
    const LevelCost& cost = run.pools[pool].cost;
    add(run.cost, cost);
    count_purchases(run.pools[pool]);
    run.paid += scale.paid_for(terms, pool, cost);
    run.on_demand_only += scale.on_demand(terms, pool, cost.usage);
  }
  count_purchases(run.plan);
  if (terms.plan_price) run.paid += run.plan.cost.scaled(*terms.plan_price) * scale.of_plan;
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
  return on_demand_only == 0
             ? 0
             : static_cast<double>(on_demand_only - paid) / static_cast<double>(on_demand_only);
}

Backtest run_backtest(const Demand& demand, const BacktestTerms& terms, const PolicyMaker& maker,
                      const OnDecision& on_decision) {
  SY_ASSERT(terms.begin <= terms.end && terms.end <= demand.hours);
  const std::size_t pools = demand.pools.size(), rows = pools + (terms.plan_price ? 1 : 0);
  Backtest run;
  run.dates = dates_every(terms.step_hours, terms.begin, terms.end);
  run.pools.resize(pools);
  // What is held after the judged hours is known as well: where those end decides nothing.
  const std::size_t known = terms.end + std::min(terms.term_hours, PolicyView::kHoursAhead);
  std::vector<std::vector<std::int64_t>> held(rows, std::vector<std::int64_t>(known, 0));
  const Policy policy = maker();
  for (const std::size_t date : run.dates) {
    if (on_decision) on_decision(run.pools.empty() ? 0 : run.pools[0].amounts.size());
    const auto amounts = policy(PolicyView(demand, date, terms, held));
    SY_ASSERT(amounts.size() == rows);
    const std::size_t end = std::min(date + terms.term_hours, known);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int64_t amount = std::max<std::int64_t>(0, amounts[row]);
      (row < pools ? run.pools[row] : run.plan).amounts.push_back(amount);
      for (std::size_t hour = date; amount > 0 && hour < end; ++hour) held[row][hour] += amount;
    }
  }
  const auto held_of = [&](std::size_t row) {
    return std::span<const std::int64_t>(held[row]).subspan(terms.begin, terms.end - terms.begin);
  };
  for (std::size_t pool = 0; pool < pools; ++pool)
    run.pools[pool].cost = cost_of_capacity(judged(demand, terms, pool), held_of(pool));
  if (terms.plan_price)
    run.plan.cost = cost_of_capacity(left_by(demand, terms, held), held_of(pools));
  settle(terms, run);
  return run;
}

Backtest hindsight(const Demand& demand, const BacktestTerms& terms, int threads) {
  SY_ASSERT(terms.begin <= terms.end && terms.end <= demand.hours);
  Backtest run;
  run.dates = dates_every(terms.step_hours, terms.begin, terms.end);
  LadderTerms all{{}, terms.term_hours, run.dates};
  for (std::size_t& date : all.dates) date -= terms.begin;
  run.pools.resize(demand.pools.size());
  in_parallel(demand.pools.size(), threads, [&](std::size_t pool) {
    LadderTerms ladder = all;
    ladder.price = terms.price_of(pool);
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

double unused_share(const BacktestTerms& terms, const Backtest& run) {
  // By price: a statistic, so doubles.
  double paid = 0, used = 0;
  const auto take = [&](const LevelCost& cost, double price) {
    paid += static_cast<double>(cost.committed) * price;
    used += static_cast<double>(cost.covered()) * price;
  };
  for (std::size_t pool = 0; pool < run.pools.size(); ++pool)
    take(run.pools[pool].cost, terms.prices.empty()
                                   ? terms.price.value()
                                   : static_cast<double>(terms.prices[pool].numerator));
  if (terms.plan_price) take(run.plan.cost, terms.plan_price->value());
  return paid == 0 ? 0 : 1 - used / paid;
}

Course course_of(const Demand& demand, const BacktestTerms& terms, const Backtest& run) {
  const std::size_t hours = terms.end - terms.begin;
  const Scale scale = scale_of(terms);
  LadderTerms ladder{terms.price, terms.term_hours, run.dates};
  for (std::size_t& date : ladder.dates) date -= terms.begin;
  const std::vector<Int128> nothing(hours + 1, 0);
  Course course{nothing, nothing, nothing, nothing};
  std::vector<std::int64_t> left(hours, 0);
  for (std::size_t pool = 0; pool < run.pools.size(); ++pool) {
    const auto capacity = capacity_of(ladder, run.pools[pool].amounts, hours);
    const auto used = judged(demand, terms, pool);
    for (std::size_t hour = 0; hour < hours; ++hour) {
      const std::int64_t rest = std::max<std::int64_t>(0, used[hour] - capacity[hour]);
      left[hour] += rest;
      course.paid[hour + 1] += scale.paid_for(terms, pool, {capacity[hour], rest, used[hour]});
      course.on_demand_only[hour + 1] += scale.on_demand(terms, pool, used[hour]);
      const std::int64_t covered = used[hour] - rest;
      course.committed[hour + 1] += scale.paid_for(terms, pool, {capacity[hour], 0, 0});
      course.unused[hour + 1] += scale.paid_for(terms, pool, {capacity[hour] - covered, 0, 0});
    }
  }
  if (terms.plan_price) {
    const auto capacity = capacity_of(ladder, run.plan.amounts, hours);
    for (std::size_t hour = 0; hour < hours; ++hour) {
      const std::int64_t rest = std::max<std::int64_t>(0, left[hour] - capacity[hour]);
      course.paid[hour + 1] +=
          LevelCost{capacity[hour], rest, left[hour]}.scaled(*terms.plan_price) * scale.of_plan;
      const std::int64_t covered = left[hour] - rest;
      const auto fee = [&](std::int64_t count) {
        return LevelCost{count, 0, 0}.scaled(*terms.plan_price) * scale.of_plan;
      };
      course.committed[hour + 1] += fee(capacity[hour]);
      course.unused[hour + 1] += fee(capacity[hour] - covered);
    }
  }
  for (std::size_t hour = 0; hour < hours; ++hour) {
    course.paid[hour + 1] += course.paid[hour];
    course.on_demand_only[hour + 1] += course.on_demand_only[hour];
    course.committed[hour + 1] += course.committed[hour];
    course.unused[hour + 1] += course.unused[hour];
  }
  return course;
}

std::vector<double> unused_in_windows(const Demand& demand, const BacktestTerms& terms,
                                      const Backtest& run, std::size_t hours) {
  const Course course = course_of(demand, terms, run);
  std::vector<double> shares;
  for (const std::size_t date : run.dates) {
    const std::size_t from = date - terms.begin, to = from + hours;
    if (to >= course.paid.size()) break;
    const auto committed = static_cast<double>(course.committed[to] - course.committed[from]);
    const auto unused = static_cast<double>(course.unused[to] - course.unused[from]);
    shares.push_back(committed > 0 ? unused / committed : 0);
  }
  return shares;
}

double worst_unused(const Demand& demand, const BacktestTerms& terms, const Backtest& run,
                    std::size_t hours) {
  const auto shares = unused_in_windows(demand, terms, run, hours);
  return shares.empty() ? 0 : *std::max_element(shares.begin(), shares.end());
}

double worst_savings(const Demand& demand, const BacktestTerms& terms, const Backtest& run,
                     std::size_t hours) {
  const Course course = course_of(demand, terms, run);
  double worst = 1;
  for (const std::size_t date : run.dates) {
    const std::size_t from = date - terms.begin, to = from + hours;
    if (to >= course.paid.size()) break;
    Backtest window;
    window.paid = course.paid[to] - course.paid[from];
    window.on_demand_only = course.on_demand_only[to] - course.on_demand_only[from];
    worst = std::min(worst, window.savings());
  }
  return worst;
}

}  // namespace steelyard
