// Back-tests as they are asked for: exact money, purchases that sum to the total, and no policy
// that looks ahead.
#include "commitments/backtest_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "commitments/policy.h"

namespace steelyard {
namespace {

Decimal dec(std::string_view text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact) << text;
  return value;
}

/// Four pools that grow, jump and are replaced; counts have two decimals.
Demand some_demand(unsigned seed, std::size_t weeks = 40) {
  std::mt19937_64 random(seed);
  Demand demand;
  demand.first_hour = instant_of({2025, 1, 6});
  demand.hours = weeks * 168;
  demand.decimals = 2;
  demand.pool_columns = {"region", "type"};
  demand.pools = {{"eu", "a"}, {"eu", "b"}, {"us", "a"}, {"us", "c"}};
  for (std::size_t pool = 0; pool < 4; ++pool) {
    std::int64_t level = static_cast<std::int64_t>(random() % 900);
    for (std::size_t hour = 0; hour < demand.hours; ++hour) {
      if (random() % 500 == 0) level = static_cast<std::int64_t>(random() % 900);
      demand.counts.push_back(level + static_cast<std::int64_t>(random() % 100) +
                              (hour % 24 > 8 ? level / 3 : 0));
    }
  }
  return demand;
}

Estate estate_of(const Demand& demand) {
  Estate estate;
  estate.demand = demand;
  RateCard& card = estate.card;
  card.columns = {"region", "type"};
  card.currency = "EUR";
  card.offers = {
      {"ri", Instrument::kQuantity, {"region", "type"}, "", 1, Payment::kNoUpfront, {}, ""},
      {"sp", Instrument::kComputeSp, {}, "", 1, Payment::kNoUpfront, {}, ""},
      {"long", Instrument::kComputeSp, {}, "", 3, Payment::kNoUpfront, {}, ""}};
  const auto rate = [&](std::vector<std::string> key, std::string_view on_demand,
                        std::optional<Decimal> ri, std::optional<Decimal> sp) {
    card.rates.push_back({std::move(key), dec(on_demand), dec(on_demand), {kOne}, {ri, sp, sp}});
  };
  rate({"eu", "a"}, "0.107", dec("0.067"), dec("0.08"));
  rate({"eu", "b"}, "1.5", dec("0.9"), dec("1.2"));
  rate({"us", "a"}, "0.0368", {}, dec("0.0268"));
  rate({"us", "c"}, "2", {}, {});
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  EXPECT_TRUE(table) << table.error().what;
  estate.table = *table;
  return estate;
}

Decimal sum_of(const std::vector<std::vector<Cell>>& rows, std::size_t column) {
  Decimal sum;
  for (const auto& row : rows)
    if (const Decimal* value = std::get_if<Decimal>(&row[column].value)) sum += *value;
  return sum;
}

std::size_t column_of(const Report& report, const std::string& name) {
  for (std::size_t i = 0; i < report.columns.size(); ++i)
    if (report.columns[i].name == name) return i;
  ADD_FAILURE() << "no column " << name;
  return 0;
}

void expect_purchases_sum(BacktestCase asked, const PolicyMaker& policy) {
  ASSERT_TRUE(set_dates(asked, {std::nullopt, 168, 2000}));
  const Backtest best = best_in_hindsight(asked, 1);
  const PolicyRun run{"it", run_backtest(asked.demand, asked.terms, policy)};
  const Report report = purchases_report(asked, best, run);
  ASSERT_EQ(report.totals.size(), 1u);
  EXPECT_EQ(static_cast<std::int64_t>(report.rows.size()), run.run.purchases + 1);
  for (const char* name : {"cost", "used", "unused", "avoided", "saved"}) {
    const std::size_t column = column_of(report, name);
    EXPECT_EQ(to_text(sum_of(report.rows, column)),
              to_text(std::get<Decimal>(report.totals[0][column].value)))
        << name;
  }
  // And each is the money of its hours: all usage at its price on demand is what is avoided.
  Decimal all;
  for (std::size_t pool = 0; pool < asked.demand.pools.size(); ++pool) {
    Int128 usage = 0;
    for (std::size_t hour = asked.terms.begin; hour < asked.terms.end; ++hour)
      usage += asked.demand.row(pool)[hour];
    Decimal price = {kOne};
    if (!asked.currency.empty())
      price = pool == 0 ? dec("0.107") : pool == 1 ? dec("1.5") : dec("0.0368");
    all += multiply(asked.demand.quantity(usage), price);
  }
  EXPECT_EQ(to_text(all),
            to_text(std::get<Decimal>(report.totals[0][column_of(report, "avoided")].value)));
}

TEST(BacktestReport, PurchasesAndTheRestSumToTheTotalToTheLastDigit) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    const Demand demand = some_demand(seed);
    for (const PolicyMaker& policy : {look_back(720), lasting_use(), look_back(168, 80)}) {
      expect_purchases_sum(case_at_discount(demand, dec("0.375"), {}).value(), policy);
      expect_purchases_sum(case_of_offers(estate_of(demand), {"ri", "sp"}).value(), policy);
    }
    expect_purchases_sum(case_at_discount(demand, dec("0.4"), dec("0.281")).value(),
                         look_back_portfolio(336));
  }
}

TEST(BacktestReport, EachPoolBuysTheFirstOfferThatCoversIt) {
  const auto asked = case_of_offers(estate_of(some_demand(1)), {"ri", "sp"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->terms.prices, (std::vector<PriceRatio>{{670, 1070}, {9000, 15000}, {268, 368}}));
  EXPECT_EQ(asked->demand.pools.size(), 3u);  // us/c has no price
  EXPECT_EQ(asked->currency, "EUR");
  EXPECT_EQ(asked->terms.term_hours, 8760u);
  EXPECT_EQ(asked->notes.size(), 1u);
}

TEST(BacktestReport, OnePriceForAllIsTheSameAsThatPriceForEach) {
  const Demand demand = some_demand(4);
  BacktestCase one = case_at_discount(demand, dec("0.4"), {}).value(), each = one;
  each.terms.prices.assign(demand.pools.size(), {6, 10});
  for (BacktestCase* asked : {&one, &each}) ASSERT_TRUE(set_dates(*asked, {}));
  const Backtest best_one = best_in_hindsight(one, 1), best_each = best_in_hindsight(each, 2);
  EXPECT_DOUBLE_EQ(best_one.savings(), best_each.savings());
  for (const NamedPolicy& policy : rival_policies()) {
    const Backtest a = run_backtest(demand, one.terms, policy.make);
    const Backtest b = run_backtest(demand, each.terms, policy.make);
    for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
      EXPECT_EQ(a.pools[pool].amounts, b.pools[pool].amounts) << policy.name;
    EXPECT_NEAR(regret(a, best_one), regret(b, best_each), 1e-12);
    EXPECT_NEAR(unused_share(one.terms, a), unused_share(each.terms, b), 1e-12);
    EXPECT_GE(regret(a, best_one), -1e-12) << policy.name;  // hindsight is the best
    EXPECT_DOUBLE_EQ(worst_savings(demand, one.terms, a, 1000),
                     worst_savings(demand, each.terms, b, 1000));
  }
}

TEST(BacktestReport, TheCourseEndsAtTheWhole) {
  BacktestCase asked = case_at_discount(some_demand(5), dec("0.4"), dec("0.28")).value();
  ASSERT_TRUE(set_dates(asked, {}));
  const Backtest run = run_backtest(asked.demand, asked.terms, look_back_portfolio(336));
  EXPECT_GT(run.plan.cost.committed, 0);
  const Course course = course_of(asked.demand, asked.terms, run);
  EXPECT_TRUE(course.paid.back() == run.paid);
  EXPECT_TRUE(course.on_demand_only.back() == run.on_demand_only);
  const auto unused = unused_in_windows(asked.demand, asked.terms, run, course.paid.size() - 1);
  ASSERT_EQ(unused.size(), 1u);
  EXPECT_NEAR(unused[0], unused_share(asked.terms, run), 1e-12);
  EXPECT_NEAR(worst_savings(asked.demand, asked.terms, run, course.paid.size() - 1), run.savings(),
              1e-12);
}

TEST(BacktestReport, NoPolicyKnowsWhatComesAfterItsDate) {
  const Demand demand = some_demand(6);
  Demand other = demand;  // differs from the middle of the judged time on
  const std::size_t from = 30 * 168;
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = from; hour < demand.hours; ++hour)
      other.counts[pool * demand.hours + hour] = static_cast<std::int64_t>(7 * hour % 5000);
  std::vector<NamedPolicy> policies = our_policies(true);
  policies.push_back({"plan", planned()});
  for (auto& more : {rival_policies_with_plan(), rival_policies()})
    policies.insert(policies.end(), more.begin(), more.end());
  for (const NamedPolicy& policy : policies) {
    std::vector<Backtest> runs;
    for (const Demand& known : {demand, other}) {
      BacktestCase asked = case_at_discount(known, dec("0.4"), dec("0.28")).value();
      const std::size_t weeks = policy.name == "plan" ? 3 : 1;  // its decisions take a while
      ASSERT_TRUE(set_dates(asked, {std::nullopt, 168 * weeks}));
      runs.push_back(run_backtest(asked.demand, asked.terms, policy.make));
    }
    bool differs_later = false;
    for (std::size_t i = 0; i < runs[0].dates.size(); ++i) {
      const auto same = [&](const PoolBacktest& a, const PoolBacktest& b) {
        return a.amounts[i] == b.amounts[i];
      };
      bool all = same(runs[0].plan, runs[1].plan);
      for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
        all = all && same(runs[0].pools[pool], runs[1].pools[pool]);
      EXPECT_TRUE(all || runs[0].dates[i] > from) << policy.name << " at date " << i;
      differs_later = differs_later || !all;
    }
    const bool rare = policy.name.find("year") != std::string::npos ||
                      policy.name.find("quarterly") != std::string::npos;
    EXPECT_TRUE(differs_later || rare) << policy.name << " learns nothing";
  }
}

TEST(BacktestReport, WhatCannotBeAskedSaysWhy) {
  const Demand demand = some_demand(7);
  const auto code = [](const auto& result) {
    return result ? std::string("none") : result.error().code;
  };
  for (const char* discount : {"0", "1", "-0.1", "1.5", "0.1234567"})
    EXPECT_EQ(code(case_at_discount(demand, dec(discount), {})), "SY1827") << discount;
  const Estate estate = estate_of(demand);
  EXPECT_EQ(code(case_of_offers(estate, {})), "SY1827");              // which of three
  EXPECT_EQ(code(case_of_offers(estate, {"none"})), "SY1827");        // unknown
  EXPECT_EQ(code(case_of_offers(estate, {"ri", "long"})), "SY1827");  // two terms
  Estate uncovered = estate;
  for (Rate& rate : uncovered.card.rates) rate.price[0].reset();
  EXPECT_EQ(code(case_of_offers(uncovered, {"ri"})), "SY1827");
  Estate odd = estate;
  odd.card.rates[0].on_demand = dec("0.0000000001");  // nothing is left of it at 9 decimals
  EXPECT_EQ(code(case_of_offers(odd, {"ri"})), "SY1825");
  // Finer than can be held: taken to fewer digits, and said so.
  odd.card.rates[0].on_demand = dec("0.107000000000001");
  Demand fine = demand;
  fine.decimals = 16;
  Estate too_fine = estate_of(fine);
  for (const Estate& finer : {odd, too_fine}) {
    const auto asked = case_of_offers(finer, {"ri"});
    ASSERT_TRUE(asked) << asked.error().what;
    EXPECT_TRUE(std::any_of(asked->notes.begin(), asked->notes.end(), [](const std::string& note) {
      return note.find("are taken to") != std::string::npos;
    }));
  }

  const auto set = [&](Demand data, const BacktestDates& dates) {
    BacktestCase asked = case_at_discount(std::move(data), dec("0.4"), {}).value();
    return code(set_dates(asked, dates));
  };
  EXPECT_EQ(set(demand, {}), "none");
  EXPECT_EQ(set(demand, {Date{2024, 12, 31}}), "SY1827");
  EXPECT_EQ(set(demand, {Date{2027, 1, 1}}), "SY1827");
  EXPECT_EQ(set(demand, {Date{2025, 1, 8}}), "SY1827");         // two days of history
  EXPECT_EQ(set(demand, {Date{2025, 10, 11}, 168}), "SY1827");  // two days to judge
  EXPECT_EQ(set(some_demand(7, 2), {}), "SY1827");
  Demand nothing = demand;
  std::fill(nothing.counts.begin(), nothing.counts.end(), 0);
  EXPECT_EQ(set(nothing, {}), "SY1827");
  EXPECT_EQ(set(Demand{}, {}), "SY1827");
}

}  // namespace
}  // namespace steelyard
