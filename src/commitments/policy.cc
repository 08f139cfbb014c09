#include "commitments/policy.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>

#include "base/assert.h"
#include "commitments/portfolio.h"
#include "commitments/unused_cap.h"
#include "commitments/use_history.h"

namespace steelyard {
namespace {

constexpr std::size_t kDay = 24;

/// A policy without memory that looks at each pool by itself.
template <class Rule>
PolicyMaker for_each_pool(Rule rule) {
  return [rule]() -> Policy {
    return [rule](const PolicyView& view) {
      std::vector<std::int64_t> amounts(view.pools() + (view.terms().plan_price ? 1 : 0), 0);
      for (std::size_t pool = 0; pool < view.pools(); ++pool) amounts[pool] = rule(view, pool);
      return amounts;
    };
  };
}

std::int64_t level_of(const PolicyView& view, std::size_t pool, std::size_t window_hours) {
  return best_level(view.recent(pool, window_hours), view.price(pool)).level;
}

bool is_turn(const PolicyView& view, std::size_t every) {
  return (view.now() - view.terms().begin) / view.terms().step_hours % every == 0;
}

/// Pools, then whatever is used outside of them, below a root that the plan covers.
PortfolioProblem pools_below_a_plan(const PolicyView& view, std::size_t hours,
                                    PriceRatio pool_price) {
  SY_ASSERT(view.terms().plan_price);
  PortfolioProblem problem;
  problem.pools = view.pools() + 1;
  problem.hours = hours;
  problem.counts.assign(problem.pools * hours, 0);
  problem.parent.assign(problem.pools + 1, static_cast<int>(problem.pools));
  problem.parent.back() = -1;
  problem.held.resize(problem.pools + 1);
  for (std::size_t pool = 0; pool < view.pools(); ++pool) {
    problem.held[pool].assign(hours, view.held_now(pool));
    problem.offers.push_back({"", pool, pool_price, 0, hours, -1});
  }
  problem.held.back().assign(hours, view.held_now(view.pools()));
  problem.offers.push_back({"", problem.pools, *view.terms().plan_price, 0, hours, -1});
  return problem;
}

std::vector<std::int64_t> best_amounts(PortfolioProblem problem) {
  auto solver = PortfolioSolver::make(std::move(problem));
  SY_ASSERT(solver);  // demand that was read is small enough
  return solver->solve({.gap = 1e-7, .max_passes = 500}).amounts;
}

constexpr std::size_t kPlanEvery = 672;  ///< hours: four weeks, as the guide has it
constexpr int kCapRounds = 3;  ///< of making less of the pools and choosing the plan again

/// What a view's commitments, of the pools and last of the plan, meet in the year ahead.
class ViewAhead {
 public:
  ViewAhead(const PolicyView& view, double max_unused)
      : view_(view), max_unused_(max_unused), year_(view) {
    for (std::size_t pool = 0; pool < view.pools(); ++pool) family_.push_back(year_.family(pool));
    family_.push_back(kNoFamily);
    fading_.resize(year_.families());
    std::iota(fading_.begin(), fading_.end(), std::size_t{0});
  }

  bool keep_within(std::vector<std::int64_t>& amounts) const {
    std::vector<double> sizes(amounts.begin(), amounts.end());
    if (!steelyard::keep_within(max_unused_, family_, fading_, sizes,
                                [&](std::span<const double> now) { return unused(now); }))
      return false;
    for (std::size_t i = 0; i < amounts.size(); ++i)
      amounts[i] = static_cast<std::int64_t>(sizes[i]);
    return true;
  }

 private:
  UnusedAhead unused(std::span<const double> amounts) const {
    constexpr std::size_t kWeek = 7 * kDay;
    const double price = view_.terms().price.value(),
                 plan_price = view_.terms().plan_price->value();
    double fees = 0, steady = 0;
    std::vector<double> lost(year_.families(), 0);  // beyond what goes unused anyway
    for (std::size_t month = 0; month < YearAhead::kMonths; ++month) {
      const auto capacity = [&](std::size_t row) {
        const auto held = view_.held_ahead(row);
        const std::size_t hour = month * YearAhead::kMonthHours + YearAhead::kMonthHours / 2;
        return (hour < view_.terms().term_hours ? amounts[row] : 0) +
               static_cast<double>(hour < held.size() ? held[hour] : 0);
      };
      const double stays = YearAhead::stays(month);
      std::vector<double> left(kWeek, 0);
      for (std::size_t pool = 0; pool < view_.pools(); ++pool) {
        const double held = capacity(pool), share = year_.steady(pool, month);
        const auto recent = view_.recent(pool, kWeek);
        fees += price * held * static_cast<double>(recent.size());
        for (std::size_t hour = 0; hour < recent.size(); ++hour) {
          const double used = static_cast<double>(recent[hour]) * share;
          const double idle = std::max(0.0, held - used);
          steady += price * idle;
          lost[family_[pool]] += price * (std::max(0.0, held - used * stays) - idle);
          left[hour] += std::max(0.0, used - held);
        }
      }
      const double held = capacity(view_.pools());
      for (const double hour : left) {
        fees += plan_price * held;
        steady += plan_price * std::max(0.0, held - hour);
      }
    }
    UnusedAhead ahead{fees, {steady}};
    for (const double more : lost) ahead.unused.push_back(steady + more);
    return ahead;
  }

  const PolicyView& view_;
  double max_unused_;
  YearAhead year_;
  std::vector<std::size_t> family_;  ///< of each amount
  std::vector<std::size_t> fading_;  ///< all families
};

}  // namespace

PolicyMaker scenario_portfolio(const ScenarioOptions& options) {
  return [options]() -> Policy {
    return [options, history = UseHistory()](const PolicyView& view) mutable {
      history.learn(view);
      constexpr std::size_t kPattern = 7 * kDay, kWeeksSeen = 4;
      SY_ASSERT(view.terms().plan_price);
      if (view.now() < kPattern) return std::vector<std::int64_t>(view.pools() + 1, 0);
      const double use_min = view.terms().price.value() / view.terms().plan_price->value();
      const double rung = std::min(
          1.0, static_cast<double>(view.terms().step_hours) / (options.ladder_weeks * kPattern));
      const std::size_t hours = options.scenarios * options.steps * kPattern;
      PortfolioProblem problem = pools_below_a_plan(view, hours, view.terms().price);
      std::int64_t* elsewhere = problem.counts.data() + view.pools() * hours;
      std::mt19937_64 random(20'210'201);  // which way goes with which: the same in every run
      for (std::size_t pool = 0; pool < view.pools(); ++pool) {
        const std::int64_t lasting = history.lasting_level(pool, use_min);
        problem.offers[pool].most =
            std::clamp<std::int64_t>(lasting - view.held_now(pool), 0,
                                     std::llround(std::ceil(static_cast<double>(lasting) * rung)));
        auto ways = history.ways_on(pool, options.scenarios, options.steps);
        for (std::size_t i = ways.size(); i > 1; --i) std::swap(ways[i - 1], ways[random() % i]);
        std::int64_t* out = problem.counts.data() + pool * hours;
        std::size_t hour = 0;
        for (std::size_t s = 0; s < ways.size(); ++s) {
          // One of the last four weeks: who buys by the last alone, buys each peak.
          const std::size_t back = std::min(s % kWeeksSeen, view.now() / kPattern - 1);
          const auto week = view.recent(pool, (back + 1) * kPattern).first(kPattern);
          for (const double share : ways[s])
            for (const std::int64_t count : week) {
              out[hour] = std::llround(static_cast<double>(count) * share);
              elsewhere[hour] += count - out[hour];
              ++hour;
            }
        }
      }
      if (!options.max_unused) return best_amounts(std::move(problem));
      const ViewAhead ahead(view, *options.max_unused);
      std::vector<std::int64_t> amounts = best_amounts(problem);
      for (int round = 0; round < kCapRounds && ahead.keep_within(amounts); ++round) {
        // The plan takes over what the pools may not have.
        for (std::size_t pool = 0; pool < view.pools(); ++pool)
          problem.offers[pool].most = amounts[pool];
        amounts = best_amounts(problem);
      }
      ahead.keep_within(amounts);
      return amounts;
    };
  };
}

PolicyMaker look_back_portfolio(std::size_t window_hours) {
  return [window_hours]() -> Policy {
    return [window_hours](const PolicyView& view) {
      const std::size_t hours = std::min(window_hours, view.now());
      PortfolioProblem problem = pools_below_a_plan(view, hours, view.terms().price);
      for (std::size_t pool = 0; pool < view.pools(); ++pool) {
        const auto recent = view.recent(pool, hours);
        std::copy(recent.begin(), recent.end(),
                  problem.counts.begin() + static_cast<std::ptrdiff_t>(pool * hours));
      }
      return best_amounts(std::move(problem));
    };
  };
}

PolicyMaker plan_only(std::size_t window_hours) {
  return [window_hours]() -> Policy {
    return [window_hours](const PolicyView& view) {
      std::vector<std::int64_t> total(std::min(window_hours, view.now()), 0);
      for (std::size_t pool = 0; pool < view.pools(); ++pool) {
        const auto recent = view.recent(pool, total.size());
        for (std::size_t hour = 0; hour < total.size(); ++hour) total[hour] += recent[hour];
      }
      std::vector<std::int64_t> amounts(view.pools() + 1, 0);
      SY_ASSERT(view.terms().plan_price);
      amounts.back() =
          best_level(total, *view.terms().plan_price).level - view.held_now(view.pools());
      return amounts;
    };
  };
}

PolicyMaker look_back(std::size_t window_hours, int share_percent, std::size_t every) {
  return for_each_pool([=](const PolicyView& view, std::size_t pool) -> std::int64_t {
    if (!is_turn(view, every)) return 0;
    const Int128 aim =
        static_cast<Int128>(level_of(view, pool, window_hours)) * share_percent / 100;
    return static_cast<std::int64_t>(aim) - view.held_now(pool);
  });
}

PolicyMaker look_back_minimum(std::size_t window_hours) {
  return for_each_pool([=](const PolicyView& view, std::size_t pool) -> std::int64_t {
    const auto recent = view.recent(pool, window_hours);
    if (recent.empty()) return 0;
    return *std::min_element(recent.begin(), recent.end()) - view.held_now(pool);
  });
}

PolicyMaker lower_of(std::size_t long_hours, std::size_t short_hours) {
  return for_each_pool([=](const PolicyView& view, std::size_t pool) {
    return std::min(level_of(view, pool, long_hours), level_of(view, pool, short_hours)) -
           view.held_now(pool);
  });
}

PolicyMaker break_even() {
  return for_each_pool([](const PolicyView& view, std::size_t pool) {
    // A purchase also counts for the term before it, as if it had been held then: the same usage
    // does not justify two. Hour by hour backwards, what ended since is added to what is held.
    const auto recent = view.recent(pool, view.terms().term_hours);
    std::vector<std::int64_t> uncovered(recent.begin(), recent.end());
    const auto held = view.held_before(pool).last(recent.size());
    std::int64_t counted = view.held_now(pool), later = view.held_now(pool);
    for (std::size_t i = recent.size(); i-- > 0;) {
      counted += std::max<std::int64_t>(0, held[i] - later);
      later = held[i];
      uncovered[i] = std::max<std::int64_t>(0, uncovered[i] - counted);
    }
    return best_level(uncovered, view.price(pool)).level;
  });
}

PolicyMaker uncovered_gap(std::size_t window_hours) {
  return for_each_pool([=](const PolicyView& view, std::size_t pool) {
    const auto recent = view.recent(pool, window_hours);
    const auto held = view.held_before(pool).last(recent.size());
    std::vector<std::int64_t> gap(recent.size());
    for (std::size_t i = 0; i < gap.size(); ++i)
      gap[i] = std::max<std::int64_t>(0, recent[i] - held[i]);
    return best_level(gap, view.price(pool)).level;
  });
}

PolicyMaker lasting_use() {
  return []() -> Policy {
    return [history = UseHistory()](const PolicyView& view) mutable {
      history.learn(view);
      std::vector<std::int64_t> amounts(view.pools() + (view.terms().plan_price ? 1 : 0), 0);
      for (std::size_t pool = 0; pool < view.pools(); ++pool) {
        const std::int64_t lasting = history.lasting_level(pool, view.price(pool).value());
        const std::int64_t today = level_of(view, pool, 7 * kDay);
        amounts[pool] = std::min(lasting, today) - view.held_now(pool);
      }
      return amounts;
    };
  };
}

namespace {

/// What a view shows, as an estate: a quantity of each pool, and if there is a plan price one of
/// everything, at prices over those on demand.
class ViewEstate {
 public:
  explicit ViewEstate(const PolicyView& view) {
    // Plain names, for some mean something; that of families does here as well.
    for (std::size_t i = 0; i < view.columns().size(); ++i)
      estate_.demand.pool_columns.push_back(
          i == family_column(view.columns()) ? "family" : "column " + std::to_string(i));
    RateCard& card = estate_.card;
    card.columns = estate_.demand.pool_columns;
    const auto add = [&](const std::string& name, std::vector<std::string> scope) {
      Offer offer;
      offer.name = name;
      offer.scope = std::move(scope);
      card.offers.push_back(std::move(offer));
    };
    add("pool", card.columns);
    if (view.terms().plan_price) add("plan", {});
    // Where prices differ they count one unit of money: the dearest on demand is one.
    std::int64_t dearest = 1;
    for (const PriceRatio price : view.terms().prices)
      dearest = std::max(dearest, price.denominator);
    const auto part = [](std::int64_t value, std::int64_t whole) {
      return multiply_divide({value * kOne}, {kOne}, {whole * kOne});
    };
    for (std::size_t pool = 0; pool < view.pools(); ++pool) {
      const PriceRatio price = view.price(pool);
      const std::int64_t one = view.terms().prices.empty() ? price.denominator : dearest;
      const Decimal on_demand = part(price.denominator, one);
      Rate rate{view.key(pool), on_demand, on_demand, {kOne}, {part(price.numerator, one)}};
      if (const auto plan = view.terms().plan_price)
        rate.price.emplace_back(part(plan->numerator, plan->denominator));
      card.rates.push_back(std::move(rate));
    }
  }

  /// The estate as it is at the date of the view.
  const Estate& at(const PolicyView& view) {
    Demand& demand = estate_.demand;
    demand.hours = view.now();
    demand.pools.clear();
    demand.counts.clear();
    for (std::size_t pool = 0; pool < view.pools(); ++pool) {
      demand.pools.push_back(view.key(pool));
      const auto history = view.history(pool);
      demand.counts.insert(demand.counts.end(), history.begin(), history.end());
    }
    auto table = price_pools(estate_.card, demand.pool_columns, demand.pools);
    SY_ASSERT(table);
    estate_.table = std::move(*table);
    return estate_;
  }

  /// Unless something has ended since.
  bool decided_lately(const PolicyView& view) const {
    if (!last_ || view.now() >= *last_ + kPlanEvery) return false;
    const Instant last = estate_.demand.hour(*last_), now = estate_.demand.hour(view.now());
    return std::none_of(estate_.holdings.begin(), estate_.holdings.end(),
                        [&](const Holding& held) { return held.end > last && held.end <= now; });
  }

  /// Counts of each pool, and last of the plan; they are held from now on.
  std::vector<std::int64_t> buy(const PolicyView& view, const std::vector<Holding>& holdings) {
    std::vector<std::int64_t> amounts(view.pools() + (view.terms().plan_price ? 1 : 0), 0);
    last_ = view.now();
    for (Holding holding : holdings) {
      const auto count = static_cast<std::int64_t>(holding.amount.units / kOne);
      std::size_t to = view.pools();
      for (std::size_t pool = 0; pool < view.pools() && holding.offer == 0; ++pool)
        if (holds(holding, view.key(pool))) to = pool;
      amounts[to] += count;
      holding.begin = estate_.demand.hour(view.now());
      holding.end = estate_.demand.hour(view.now() + view.terms().term_hours);
      estate_.holdings.push_back(std::move(holding));
    }
    return amounts;
  }

 private:
  bool holds(const Holding& holding, const std::vector<std::string>& key) const {
    return std::all_of(holding.scope.begin(), holding.scope.end(), [&](const ScopeValue& value) {
      const auto& columns = estate_.demand.pool_columns;
      const auto at = std::find(columns.begin(), columns.end(), value.first) - columns.begin();
      return key[static_cast<std::size_t>(at)] == value.second;
    });
  }

  Estate estate_;
  std::optional<std::size_t> last_;  ///< hour of the last decision
};

}  // namespace

PolicyMaker planned(const PlanOptions& options) {
  return [options]() -> Policy {
    return [options, state = std::shared_ptr<ViewEstate>()](const PolicyView& view) mutable {
      if (!state) state = std::make_shared<ViewEstate>(view);
      const std::vector<std::int64_t> nothing(view.pools() + (view.terms().plan_price ? 1 : 0), 0);
      if (state->decided_lately(view)) return nothing;
      auto bought = plan_now(state->at(view), options);
      SY_ASSERT(bought || bought.error().code == "SY1850");  // no usage yet: nothing to buy
      if (!bought) return nothing;
      return state->buy(view, *bought);
    };
  };
}

std::vector<NamedPolicy> our_policies(bool with_plan, std::optional<double> max_unused) {
  std::vector<NamedPolicy> ours;
  ScenarioOptions options;
  options.max_unused = max_unused;
  if (with_plan) ours.push_back({"scenario portfolio", scenario_portfolio(options)});
  ours.push_back({"lasting use", lasting_use()});
  return ours;
}

std::vector<NamedPolicy> rival_policies(std::size_t step_hours) {
  const auto weeks = [&](std::size_t count) {
    return std::max<std::size_t>(1, (count * 7 * kDay + step_hours / 2) / step_hours);
  };
  return {{"look-back 7 days", look_back(7 * kDay)},
          {"look-back 30 days", look_back(30 * kDay)},
          {"look-back 60 days", look_back(60 * kDay)},
          {"look-back 30 days, every 4 weeks", look_back(30 * kDay, 100, weeks(4))},
          {"look-back 60 days, quarterly", look_back(60 * kDay, 100, weeks(13))},
          {"look-back 60 days, once a year", look_back(60 * kDay, 100, weeks(52))},
          {"80 % of look-back 30 days", look_back(30 * kDay, 80)},
          {"minimum of 30 days", look_back_minimum(30 * kDay)},
          {"lower of 30 and 3 days", lower_of(30 * kDay, 3 * kDay)},
          {"break-even", break_even()}};
}

std::vector<NamedPolicy> rival_policies_with_plan() {
  return {{"plan only, look-back 30 days", plan_only(30 * kDay)},
          {"portfolio of the last 30 days", look_back_portfolio(30 * kDay)}};
}

}  // namespace steelyard
