// Plans: what is bought pays, sums are exact, limits hold, what was bought is not bought again, and
// the list of purchases reads back as what it is.
#include "commitments/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <tuple>

#include "base/text.h"
#include "commitments/exchange.h"
#include "commitments/fixture.h"
#include "commitments/payments.h"
#include "commitments/plan_report.h"
#include "commitments/synthetic.h"

namespace steelyard {
namespace {

using commitments_test::at;
using commitments_test::number;
using commitments_test::why;

/// Three sizes of two families in two regions, day and night, under AWS's instruments.
Estate estate_of_aws(std::size_t weeks = 12) {
  Estate estate;
  estate.source = "made up";
  Demand& demand = estate.demand;
  demand.first_hour = at("2026-01-05");
  demand.hours = weeks * 168;
  demand.pool_columns = {"region", "family", "size"};
  RateCard& card = estate.card;
  card.columns = demand.pool_columns;
  const auto offer = [&](std::string name, Instrument instrument, std::vector<std::string> scope,
                         int years, std::string upfront, std::string size = "") {
    Offer added;
    added.name = std::move(name);
    added.instrument = instrument;
    added.scope = std::move(scope);
    added.size = std::move(size);
    added.term_years = years;
    added.upfront_share = number(upfront);
    added.payment = upfront == "0" ? Payment::kNoUpfront : Payment::kAllUpfront;
    card.offers.push_back(std::move(added));
  };
  offer("ri-1y", Instrument::kRegionalRi, {"region", "family"}, 1, "0", "size");
  offer("ri-1y-all", Instrument::kRegionalRi, {"region", "family"}, 1, "1", "size");
  offer("ec2-1y", Instrument::kEc2InstanceSp, {"region", "family"}, 1, "0");
  offer("compute-1y", Instrument::kComputeSp, {}, 1, "0");
  offer("compute-3y", Instrument::kComputeSp, {}, 3, "0");
  for (const std::string region : {"eu", "us"})
    for (const std::string family : {"c6g", "m5"})
      for (const auto& [size, factor] : {std::pair{"large", 4}, {"xlarge", 8}, {"2xlarge", 16}}) {
        demand.pools.push_back({region, family, size});
        Rate rate;
        rate.key = demand.pools.back();
        const Int128 price = factor * (family == "m5" ? 24 : 17) * kOne / 1000;
        rate.on_demand = rate.list = {price};
        rate.factor = {factor * kOne};
        for (const int per_mille : {620, 590, 640, 720, 520})
          rate.price.push_back(Decimal{price / 1000 * per_mille});
        card.rates.push_back(rate);
      }
  // Sorted by key, as read_demand has them.
  std::sort(demand.pools.begin(), demand.pools.end());
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 0; hour < demand.hours; ++hour) {
      const bool day = hour % 24 >= 8 && hour % 24 < 20;
      demand.counts.push_back(static_cast<std::int64_t>(4 + pool % 5 + (day ? 3 + pool % 3 : 0)));
    }
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  EXPECT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  return estate;
}

TEST(Plan, RowsSumToTheTotalAndTheBoundHolds) {
  const Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_EQ(plan->months, 12);
  ASSERT_FALSE(plan->purchases.empty());
  Decimal fees, avoided;
  for (const PlannedPurchase& purchase : plan->purchases) {
    EXPECT_EQ(purchase.used + purchase.unused, purchase.fee);
    EXPECT_GE(purchase.used, Decimal{});
    EXPECT_GE(purchase.worst_use, 0);
    EXPECT_GT(purchase.holding.amount, Decimal{});
    // Most usage of every family is of its largest size, though not most instances are.
    if (!purchase.size.empty()) {
      EXPECT_EQ(purchase.size, "2xlarge");
    }
    fees += purchase.fee;
    avoided += purchase.avoided;
  }
  EXPECT_EQ(fees, plan->fees);
  EXPECT_EQ(avoided, plan->avoided);
  EXPECT_EQ(plan->saved(), avoided - fees);  // nothing is held
  EXPECT_GT(plan->saved(), Decimal{});
  EXPECT_GE(plan->objective, plan->bound);
  EXPECT_LT(plan->gap, 0.01);
  const Report report = plan_report(estate, options, *plan);
  Decimal cost, saved;
  for (const auto& row : report.rows) {
    cost += std::get<Decimal>(row[7].value);
    saved += std::get<Decimal>(row[11].value);
  }
  EXPECT_EQ(cost, std::get<Decimal>(report.totals[0][7].value));
  EXPECT_EQ(saved, std::get<Decimal>(report.totals[0][11].value));
}

TEST(Plan, WhatWasBoughtIsNotBoughtAgain) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto first = make_plan(estate, options);
  ASSERT_TRUE(first) << why(first);
  Decimal bought;
  for (const PlannedPurchase& purchase : first->purchases)
    if (purchase.step == 0) {
      estate.holdings.push_back(purchase.holding);
      bought += fee_per_hour(purchase.holding);
    }
  const auto second = make_plan(estate, options);
  ASSERT_TRUE(second) << why(second);
  Decimal again;
  for (const PlannedPurchase& purchase : second->purchases)
    if (purchase.step == 0) again += fee_per_hour(purchase.holding);
  EXPECT_LT(ratio(again, bought), 0.03);  // what comes in small steps, chosen again around the rest
  // What is held counts as cost, and the total is the same.
  EXPECT_LT(std::abs(ratio(second->total(), first->total()) - 1), 0.01);
}

TEST(Plan, QueuedPurchasesAndExpiriesCount) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto bare = make_plan(estate, options);
  ASSERT_TRUE(bare) << why(bare);
  // Everything that was bought, but it ends in four months: nothing now, the same again then.
  for (const PlannedPurchase& purchase : bare->purchases)
    if (purchase.step == 0) {
      Holding holding = purchase.holding;
      holding.begin = {holding.begin.micros - std::int64_t{245} * 24 * 3'600'000'000};
      holding.end = {bare->at.micros + std::int64_t{120} * 24 * 3'600'000'000};
      estate.holdings.push_back(holding);
    }
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  Decimal now, later;
  for (const PlannedPurchase& purchase : plan->purchases)
    (purchase.step == 0 ? now : later) += fee_per_hour(purchase.holding);
  EXPECT_GT(later, now);
}

TEST(Plan, LimitsHold) {
  const Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  options.cost_of_capital = 0;  // then all upfront is the cheapest
  options.max_unused = 1;
  const auto free = make_plan(estate, options);
  ASSERT_TRUE(free) << why(free);
  Decimal upfront;
  for (const PlannedPurchase& purchase : free->purchases)
    if (purchase.step == 0) upfront += purchase.upfront;
  EXPECT_GT(upfront, Decimal{});
  options.budget = {upfront.units / 3};
  const auto capped = make_plan(estate, options);
  ASSERT_TRUE(capped) << why(capped);
  Decimal due;
  for (const PlannedPurchase& purchase : capped->purchases)
    if (purchase.step == 0) due += purchase.upfront;
  EXPECT_LE(due, *options.budget);
  EXPECT_GE(capped->objective, free->free_bound);
}

TEST(Plan, LimitsHoldWhereAStepCostsLessThanAThousandth) {
  // 0.0007 an hour for a gigabyte, of which there are thousands, beside few of 0.6.
  Estate estate;
  estate.source = "made up";
  Demand& demand = estate.demand;
  demand.first_hour = at("2026-01-01");
  demand.hours = 8 * 168;
  demand.pool_columns = {"family"};
  demand.pools = {{"c6g"}, {"gigabytes"}};
  for (std::size_t hour = 0; hour < demand.hours; ++hour)
    demand.counts.push_back(static_cast<std::int64_t>(5 + hour % 7));
  for (std::size_t hour = 0; hour < demand.hours; ++hour)
    demand.counts.push_back(static_cast<std::int64_t>(2000 + 3 * (hour % 2)));
  RateCard& card = estate.card;
  card.columns = demand.pool_columns;
  Offer offer;
  offer.name = "all";
  offer.scope = demand.pool_columns;
  offer.upfront_share = {kOne};
  offer.payment = Payment::kAllUpfront;
  card.offers = {offer};
  for (const auto& [family, on_demand, price] :
       {std::tuple{"c6g", "1", "0.6"}, std::tuple{"gigabytes", "0.001", "0.0007"}}) {
    Rate rate;
    rate.key = {family};
    rate.on_demand = rate.list = number(on_demand);
    rate.price = {number(price)};
    card.rates.push_back(rate);
  }
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  ASSERT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  PlanOptions options;
  options.scenarios = 1;
  for (std::int64_t budget = 26'300; budget < 26'360; ++budget) {
    options.budget = Decimal{budget * kOne};
    const auto plan = make_plan(estate, options);
    ASSERT_TRUE(plan) << why(plan);
    Decimal due;
    for (const PlannedPurchase& purchase : plan->purchases)
      if (purchase.step == 0) due += purchase.upfront;
    EXPECT_LE(due, *options.budget);
    EXPECT_GT(due + number("6.132"), *options.budget);  // another gigabyte would not fit
  }
}

TEST(Plan, TheBudgetIsForTheLadderAsAWhole) {
  const Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto upfront = [&] {
    const auto plan = make_plan(estate, options);
    EXPECT_TRUE(plan) << why(plan);
    std::map<bool, Decimal> due;  // later than the ladder
    for (const PlannedPurchase& purchase : plan->purchases)
      due[purchase.step >= 3] += purchase.upfront;
    const Report report = plan_report(estate, options, *plan);
    const bool is_said =
        std::any_of(report.notes.begin(), report.notes.end(), [&](const std::string& note) {
          return note.starts_with("upfront now and within the next three months: " +
                                  to_text(due[false], 2, true) + " USD; at most ");
        });
    EXPECT_EQ(is_said, options.budget.has_value());
    return due[false];
  };
  const Decimal free = upfront();
  ASSERT_GT(free, Decimal{});
  options.budget = Decimal{};
  EXPECT_EQ(upfront(), Decimal{});
  options.budget = Decimal{free.units / 2};
  const Decimal half = upfront();
  EXPECT_LE(half, *options.budget);
  EXPECT_GT(ratio(half, *options.budget), 0.9);
}

Decimal now_of(const Plan& plan) {
  Decimal owed;
  for (const PlannedPurchase& purchase : plan.purchases)
    if (purchase.step == 0) owed += price_of_term(purchase.holding);
  return owed;
}

TEST(Plan, OwesNoMoreThanIsAllowed) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  const auto free = make_plan(estate, options);
  ASSERT_TRUE(free) << why(free);
  EXPECT_EQ(free->owed_now, now_of(*free));
  EXPECT_EQ(free->owed_held, Decimal{});
  for (const int part : {2, 10}) {
    options.max_lock_in = Decimal{free->owed_now.units / part};
    const auto plan = make_plan(estate, options);
    ASSERT_TRUE(plan) << why(plan);
    EXPECT_EQ(plan->owed_now, now_of(*plan));
    EXPECT_LE(plan->owed_now, *options.max_lock_in);
    EXPECT_GT(ratio(plan->owed_now, *options.max_lock_in), 0.95);  // whole steps leave little
    EXPECT_GE(plan->objective, plan->bound);
    EXPECT_GE(plan->bound, free->bound * (1 - 1e-9));
    EXPECT_LT(plan->gap, 0.02);
  }
  // What is held counts first: its upfront part is paid, the rest of its term is owed.
  Holding held = free->purchases[0].holding;
  held.amount = number("3");
  held.begin = {held.begin.micros - std::int64_t{100} * 24 * 3'600'000'000};
  held.end = end_of_term(estate.card.offers[held.offer], held.begin);
  estate.holdings.push_back(held);
  Decimal left;
  for (const CashFlow& payment : cash_flow(estate.card, held))
    if (payment.due >= free->at) left += payment.amount;
  ASSERT_GT(left, Decimal{});
  options.max_lock_in = left + Decimal{1000 * kOne};
  auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_EQ(plan->owed_held, left);
  EXPECT_GT(plan->owed_now, Decimal{});
  EXPECT_LE(plan->owed_held + plan->owed_now, *options.max_lock_in);
  options.max_lock_in = left - Decimal{kOne};
  plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_EQ(now_of(*plan), Decimal{});
  ASSERT_FALSE(plan->notes.empty());
  EXPECT_NE(plan->notes.back().find("nothing is bought now: what is held already owes"),
            std::string::npos);
}

TEST(Plan, OwesNoMoreThanIsAllowedAfterLaterPurchasesEither) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto free = make_plan(estate, options);
  ASSERT_TRUE(free) << why(free);
  Holding held = free->purchases.at(0).holding;
  held.amount = number("1");
  held.begin = {held.begin.micros - std::int64_t{300} * 24 * 3'600'000'000};
  held.end = end_of_term(estate.card.offers[held.offer], held.begin);
  estate.holdings.push_back(held);
  for (const int part : {2, 8}) {
    options.max_lock_in = Decimal{free->owed_now.units / part};
    const auto plan = make_plan(estate, options);
    ASSERT_TRUE(plan) << why(plan);
    std::map<std::size_t, Decimal> owed;  // after the purchases of a month
    for (const PlannedPurchase& purchase : plan->purchases) owed[purchase.step];
    EXPECT_GT(owed.size(), 2U);
    Decimal most;
    for (auto& [month, sum] : owed) {
      const Instant then{plan->at.micros + static_cast<std::int64_t>(month) * 730 * 3'600'000'000};
      std::vector<Holding> all = estate.holdings;
      for (const PlannedPurchase& purchase : plan->purchases)
        if (purchase.step <= month) all.push_back(purchase.holding);
      for (const CashFlow& payment : cash_flow(estate.card, all))
        if (payment.due >= then) sum += payment.amount;
      EXPECT_LE(sum, *options.max_lock_in) << month;
      most = std::max(most, sum);
    }
    EXPECT_GT(ratio(most, *options.max_lock_in), 0.95);
  }
}

struct WayToPay {
  std::string offer, upfront_share, price;
};

/// Thirty of one family, all day, for which each way to pay is an offer.
Estate estate_of_payments(const std::vector<WayToPay>& ways) {
  Estate estate;
  estate.source = "made up";
  Demand& demand = estate.demand;
  demand.first_hour = at("2026-01-01");
  demand.hours = 8 * 168;
  demand.pool_columns = {"family"};
  demand.pools = {{"m5"}};
  demand.counts.assign(demand.hours, 30);
  RateCard& card = estate.card;
  card.columns = demand.pool_columns;
  Rate rate;
  rate.key = {"m5"};
  rate.on_demand = rate.list = {kOne};
  for (const auto& [name, upfront, price] : ways) {
    Offer offer;
    offer.name = name;
    offer.scope = demand.pool_columns;
    offer.upfront_share = number(upfront);
    offer.payment = upfront == "0"   ? Payment::kNoUpfront
                    : upfront == "1" ? Payment::kAllUpfront
                                     : Payment::kPartialUpfront;
    card.offers.push_back(offer);
    rate.price.push_back(number(price));
  }
  card.rates = {rate};
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  EXPECT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  return estate;
}

TEST(Plan, ADearerWayToPayIsThereWhereALimitForbidsTheCheaper) {
  PlanOptions options;
  options.budget = Decimal{};
  const auto alone = make_plan(estate_of_payments({{"none", "0", "0.62"}}), options);
  ASSERT_TRUE(alone) << why(alone);
  ASSERT_GT(alone->owed_now, Decimal{});
  const Estate both = estate_of_payments({{"none", "0", "0.62"}, {"all", "1", "0.59"}});
  const auto plan = make_plan(both, options);
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_EQ(plan->owed_now, alone->owed_now);
  EXPECT_LE(plan->objective, alone->objective * (1 + 1e-9));
  options.budget = {};
  const auto free = make_plan(both, options);  // then the cheaper one
  ASSERT_TRUE(free) << why(free);
  EXPECT_GT(free->purchases.at(0).upfront, Decimal{});
  // A monthly fee is worth less where money costs, but more of it is owed.
  options.cost_of_capital = 0.2;
  options.max_lock_in = alone->owed_now;
  const auto owed = make_plan(both, options);
  ASSERT_TRUE(owed) << why(owed);
  for (const WayToPay& only : {WayToPay{"none", "0", "0.62"}, WayToPay{"all", "1", "0.59"}}) {
    const auto one = make_plan(estate_of_payments({only}), options);
    ASSERT_TRUE(one) << why(one);
    EXPECT_LE(owed->objective, one->objective * (1 + 1e-9)) << only.offer;
  }
}

TEST(Plan, PaysTheLeastAtOnceOfWaysThatCostTheSame) {
  const std::vector<WayToPay> forth{
      {"all", "1", "0.6"}, {"no", "0", "0.6"}, {"part", "0.5", "0.6"}};
  const std::vector<WayToPay> back(forth.rbegin(), forth.rend());
  for (const bool is_limited : {false, true})
    for (const std::vector<WayToPay>& ways : {forth, back}) {
      const Estate estate = estate_of_payments(ways);
      PlanOptions options;
      if (is_limited) options.max_lock_in = Decimal{1'000'000 * kOne};  // more than is asked for
      const auto plan = make_plan(estate, options);
      ASSERT_TRUE(plan) << why(plan);
      ASSERT_FALSE(plan->purchases.empty());
      for (const PlannedPurchase& purchase : plan->purchases)
        EXPECT_EQ(estate.card.offers[purchase.holding.offer].name, "no") << is_limited;
      if (!is_limited) continue;
      // What is paid at once is not owed when more is bought: then it is the better way.
      options.max_lock_in = Decimal{plan->owed_now.units / 3};
      const auto paid = make_plan(estate, options);
      ASSERT_TRUE(paid) << why(paid);
      EXPECT_GT(paid->purchases.back().step, 0U);
      EXPECT_EQ(estate.card.offers[paid->purchases.front().holding.offer].name, "all");
    }
}

TEST(Plan, TheShorterTermOfTwoThatCostTheSame) {
  for (const bool is_reversed : {false, true}) {
    std::vector<WayToPay> ways{{"a three years", "0", "0.6"}, {"one year", "0", "0.6"}};
    if (is_reversed) std::reverse(ways.begin(), ways.end());
    Estate estate = estate_of_payments(ways);
    for (Offer& offer : estate.card.offers) offer.term_years = offer.name == "one year" ? 1 : 3;
    PlanOptions options;
    options.horizon_months = 36;
    const auto plan = make_plan(estate, options);
    ASSERT_TRUE(plan) << why(plan);
    ASSERT_FALSE(plan->purchases.empty());
    for (const PlannedPurchase& purchase : plan->purchases)
      EXPECT_EQ(estate.card.offers[purchase.holding.offer].name, "one year") << purchase.step;
  }
}

TEST(Plan, SaysWhatItPlansToPayUpfrontLater) {
  const Estate estate = estate_of_payments({{"all", "1", "0.59"}});
  PlanOptions options;
  options.budget = Decimal{};
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  Decimal later;
  for (const PlannedPurchase& purchase : plan->purchases) later += purchase.upfront;
  ASSERT_GT(later, Decimal{});
  const Report report = plan_report(estate, options, *plan);
  EXPECT_EQ(std::count(report.notes.begin(), report.notes.end(),
                       "upfront now and within the next three months: 0.00 USD; at most 0.00 USD "
                       "was allowed; later purchases plan on " +
                           to_text(later, 2, true) + " USD upfront, beyond this budget"),
            1);
}

/// Usage went from m5 to m7g; two convertible reserved instances of m5 are held.
Estate estate_after_a_move(Payment payment = Payment::kNoUpfront,
                           const std::vector<std::int64_t>& usage = {2, 20, 3},
                           const std::vector<int>& amounts = {9, 2}) {
  Estate estate;
  estate.source = "made up";
  Demand& demand = estate.demand;
  demand.first_hour = at("2026-01-05");
  demand.hours = 8 * 168;
  demand.pool_columns = {"family", "size"};
  demand.pools = {{"m5", "large"}, {"m7g", "large"}, {"r7g", "large"}};
  for (const std::int64_t count : usage)
    demand.counts.insert(demand.counts.end(), demand.hours, count);
  RateCard& card = estate.card;
  card.columns = demand.pool_columns;
  Offer convertible, plan;
  convertible.name = "convertible";
  convertible.instrument = Instrument::kRegionalRi;
  convertible.scope = {"family"};
  convertible.size = "size";
  convertible.term_years = 3;
  convertible.payment = payment;
  convertible.upfront_share = payment == Payment::kNoUpfront ? Decimal{} : Decimal{kOne / 2};
  convertible.offer_class = "convertible";
  plan.name = "compute";
  plan.instrument = Instrument::kComputeSp;
  card.offers = {convertible, plan};
  for (const auto& [family, price] : {std::pair{"m5", "0.1"}, {"m7g", "0.08"}, {"r7g", "0.13"}}) {
    const Decimal on_demand = number(price);
    card.rates.push_back(
        {{family, "large"},
         on_demand,
         on_demand,
         number("4"),
         {multiply(on_demand, number("0.5")), multiply(on_demand, number("0.7"))}});
  }
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  EXPECT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    auto held = make_holding(card, {0,
                                    {amounts[i] * kOne},
                                    {{"family", "m5"}, {"size", "large"}},
                                    at("2025-05-01"),
                                    {},
                                    "",
                                    i == 0 ? "first" : "second"});
    EXPECT_TRUE(held) << why(held);
    estate.holdings.push_back(std::move(*held));
  }
  return estate;
}

TEST(Plan, ExchangesWhatNothingUses) {
  const Estate estate = estate_after_a_move();
  PlanOptions options;
  options.max_term_years = 1;
  options.risk = 0;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  // By hand: every way to exchange both, the rest planned without exchanges.
  double best = std::numeric_limits<double>::infinity(), nothing = 0;
  for (int way = 0; way < 9; ++way) {
    Estate by_hand = estate;
    std::vector<Exchange> exchanges;
    for (std::size_t held = 0; held < 2; ++held) {
      const int target = held == 0 ? way % 3 : way / 3;
      if (target == 0) continue;
      const std::string family = target == 1 ? "m7g" : "r7g";
      // 9 x 0.05 and 2 x 0.05 an hour, for 0.04 and 0.065 each.
      const int units = held == 0 ? (target == 1 ? 12 : 7) : (target == 1 ? 3 : 2);
      auto bought = make_holding(
          by_hand.card,
          {0, {units * kOne}, {{"family", family}, {"size", "large"}}, plan->at, {}, "", "new"});
      ASSERT_TRUE(bought) << why(bought);
      exchanges.push_back({by_hand.holdings.size(), estate.holdings[held].id});
      by_hand.holdings.push_back(std::move(*bought));
    }
    const auto applied = apply_exchanges(by_hand.card, by_hand.holdings, exchanges);
    ASSERT_TRUE(applied) << why(applied);
    PlanOptions without = options;
    without.exchanges = false;
    const auto other = make_plan(by_hand, without);
    ASSERT_TRUE(other) << why(other);
    const double total = ratio(other->total(), {kOne});
    best = std::min(best, total);
    if (way == 0) nothing = total;
  }
  EXPECT_LE(ratio(plan->total(), {kOne}), 1.002 * best);  // parts may cost less
  EXPECT_LT(best, 0.9 * nothing);
  EXPECT_GE(plan->objective, plan->bound);
  Decimal exchanged;
  Decimal saved;
  for (const PlannedPurchase& purchase : plan->purchases) {
    saved += purchase.avoided - purchase.fee;
    if (purchase.exchanges != "first") continue;
    const Decimal given_up = purchase.exchanged.value_or(number("9"));
    exchanged += given_up;
    EXPECT_EQ(purchase.holding.end, estate.holdings[0].end);
    // As many as are worth it: one fewer would not be.
    const Decimal worth = multiply(given_up, number("0.05"));
    EXPECT_GE(fee_per_hour(purchase.holding), worth);
    EXPECT_LT(fee_per_hour(purchase.holding) - purchase.holding.price, worth);
  }
  EXPECT_GE(exchanged, number("7"));
  EXPECT_LE(exchanged, number("9"));
  EXPECT_EQ(plan->saved(), saved + (plan->held_avoided - plan->held_fees) -
                               (plan->held_avoided_without - plan->held_fees_without));
  const Report report = plan_report(estate, options, *plan);
  Decimal rows;
  for (const auto& row : report.rows) rows += std::get<Decimal>(row[11].value);
  EXPECT_EQ(rows, std::get<Decimal>(report.totals[0][11].value));
}

TEST(Plan, ExchangesPartsAsTheyAreBest) {
  // Of ten two are used where they are; the others fit nowhere all at once.
  const Estate estate = estate_after_a_move(Payment::kNoUpfront, {2, 5, 3}, {10});
  PlanOptions options;
  options.max_term_years = 1;
  options.scenarios = 2;
  options.risk = 0;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  PlanOptions without = options;
  without.exchanges = false;
  double best = std::numeric_limits<double>::infinity(), best_whole = best, nothing = 0;
  for (int m7g = 0; m7g <= 10; ++m7g)
    for (int r7g = 0; m7g + r7g <= 10; ++r7g) {
      Estate by_hand = estate;
      std::vector<Exchange> exchanges;
      for (const auto& [family, count, price] :
           {std::tuple{"m7g", m7g, 40}, std::tuple{"r7g", r7g, 65}}) {
        if (count == 0) continue;
        const int units = (50 * count + price - 1) / price;
        auto bought = make_holding(
            by_hand.card,
            {0, {units * kOne}, {{"family", family}, {"size", "large"}}, plan->at, {}, "", family});
        ASSERT_TRUE(bought) << why(bought);
        exchanges.push_back({by_hand.holdings.size(), "first", Decimal{count * kOne}});
        by_hand.holdings.push_back(std::move(*bought));
      }
      const auto applied = apply_exchanges(by_hand.card, by_hand.holdings, exchanges);
      ASSERT_TRUE(applied) << why(applied);
      const auto other = make_plan(by_hand, without);
      ASSERT_TRUE(other) << why(other);
      const double total = ratio(other->total(), {kOne});
      best = std::min(best, total);
      if (m7g == 10 || r7g == 10) best_whole = std::min(best_whole, total);
      if (m7g + r7g == 0) nothing = total;
    }
  EXPECT_NEAR(ratio(plan->total(), {kOne}), best, 0.002 * best);
  EXPECT_LT(best, 0.9 * std::min(best_whole, nothing));
  EXPECT_GE(plan->objective, plan->bound);
  // What is held is paid in any case: ten at 0.05 for a year. The rest has a bound.
  EXPECT_NEAR(plan->objective, ratio(plan->total(), {kOne}) - 4380, 1e-6 * plan->objective);
  EXPECT_LE(plan->bound, best - 4380);
  EXPECT_LT(plan->gap, 1 - plan->bound / (best_whole - 4380));
  Decimal exchanged;
  std::size_t targets = 0;
  for (const PlannedPurchase& purchase : plan->purchases) {
    if (purchase.exchanges.empty()) continue;
    ++targets;
    ASSERT_TRUE(purchase.exchanged);
    exchanged += *purchase.exchanged;
  }
  EXPECT_EQ(targets, 2u);
  EXPECT_LE(exchanged, number("10"));
  // All fees of what is held, given and got, and what they avoid, are in the rows and sum.
  Decimal rows;
  const Report report = plan_report(estate, options, *plan);
  for (const auto& row : report.rows) rows += std::get<Decimal>(row[11].value);
  EXPECT_EQ(rows, std::get<Decimal>(report.totals[0][11].value));
  EXPECT_EQ(plan->total() + plan->saved(), plan->total_without());
}

TEST(Plan, ExchangesWithinItsLimitsAndOnlyWhatItMay) {
  PlanOptions options;
  options.max_term_years = 1;
  const auto exchanges = [&](const Estate& estate) {
    const auto plan = make_plan(estate, options);
    EXPECT_TRUE(plan) << why(plan);
    return plan ? std::count_if(plan->purchases.begin(), plan->purchases.end(),
                                [](const auto& p) { return !p.exchanges.empty(); })
                : -1;
  };
  const Estate half_upfront = estate_after_a_move(Payment::kPartialUpfront);
  EXPECT_GE(exchanges(half_upfront), 1);
  options.budget = Decimal{};  // twelve are worth more than is left of nine: a part is due
  EXPECT_EQ(exchanges(half_upfront), 0);
  options.budget = {};
  Estate estate = estate_after_a_move();
  options.max_lock_in = Decimal{};  // more is owed already, and more would be
  EXPECT_EQ(exchanges(estate), 0);
  options.max_lock_in = {};
  EXPECT_GE(exchanges(estate), 1);
  const auto now = plan_now(estate, options);
  ASSERT_TRUE(now) << why(now);
  for (const Holding& holding : *now) EXPECT_EQ(estate.card.offers[holding.offer].name, "compute");
  estate.holdings[1].id = "first";  // which one is meant is not clear
  EXPECT_EQ(exchanges(estate), 0);
  estate = estate_after_a_move();
  estate.card.offers[0].offer_class = "standard";
  EXPECT_EQ(exchanges(estate), 0);
}

TEST(Plan, KeepsTheLimitAlsoWhenAFamilyFades) {
  Estate estate = estate_of_aws();
  for (Rate& rate : estate.card.rates)  // reserved instances alone: what fades leaves them unused
    rate.price[3] = rate.price[4] = std::nullopt;
  PlanOptions options;
  options.max_term_years = 1;
  options.max_unused = 1;
  const auto free = make_plan(estate, options);
  ASSERT_TRUE(free) << why(free);
  EXPECT_FALSE(free->limited);
  // Half of the usage is of one family; what is bought now for a year meets none of it after six
  // months, and half on average before that.
  EXPECT_GT(free->unused_worst, 0.3);
  EXPECT_EQ(free->fades, "m5");
  EXPECT_LT(free->unused_steady, 0.1);
  options.max_unused = 0.4;
  const auto careful = make_plan(estate, options);
  ASSERT_TRUE(careful) << why(careful);
  EXPECT_TRUE(careful->limited);
  EXPECT_LE(careful->unused_worst, 0.4);
  EXPECT_GT(careful->unused_worst, 0.35);  // and no less is bought than the limit asks for
  EXPECT_LE(careful->free_bound, careful->bound * (1 + 1e-9));
  EXPECT_GE(careful->objective, careful->bound);
  // Two families: if neither may be more than a third of all, there is nothing to buy.
  options.max_unused = 0.2;
  const auto none = make_plan(estate, options);
  ASSERT_TRUE(none) << why(none);
  EXPECT_TRUE(none->purchases.empty() || none->purchases[0].step > 0);
  EXPECT_TRUE(std::any_of(none->notes.begin(), none->notes.end(), [](const std::string& note) {
    return note.starts_with("nothing can be bought within the limit");
  }));
  // Where no limit is asked for, and no wider commitment could do the same, families do not fade.
  options.max_unused.reset();
  const auto usual = make_plan(estate, options);
  ASSERT_TRUE(usual) << why(usual);
  EXPECT_FALSE(usual->limited);
  EXPECT_EQ(usual->fees, free->fees);
}

TEST(Plan, KeepsTheLimitInWholeSteps) {
  // Few instances: a step down of one family makes the others a larger part of all.
  for (const double limit : {0.4, 0.45})
    for (const std::size_t sizes : {2, 6}) {
      Estate estate = estate_of_aws(10);
      for (std::size_t pool = 0; pool < estate.demand.pools.size(); ++pool)
        for (std::size_t hour = 0; hour < estate.demand.hours; ++hour)
          estate.demand.counts[pool * estate.demand.hours + hour] =
              static_cast<std::int64_t>(1 + pool * 3 % sizes + (hour % 24 >= 12 ? 1 : 0));
      for (Rate& rate : estate.card.rates) rate.price[3] = rate.price[4] = std::nullopt;
      PlanOptions options;
      options.max_term_years = 1;
      options.scenarios = 2;
      options.max_unused = limit;
      const auto plan = make_plan(estate, options);
      ASSERT_TRUE(plan) << why(plan);
      EXPECT_TRUE(plan->limited);
      EXPECT_LE(plan->unused_worst, limit * (1 + 1e-6)) << sizes;
      EXPECT_GE(plan->objective, plan->bound * (1 - 1e-9));
    }
}

TEST(Plan, ANarrowCommitmentIsBoughtOverAQuarter) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  options.max_unused = 1;
  const auto narrow_now = [&] {
    const auto plan = make_plan(estate, options);
    EXPECT_TRUE(plan) << why(plan);
    Decimal fees;
    for (const PlannedPurchase& purchase : plan->purchases)
      if (purchase.step == 0 && purchase.holding.scope.size() == 2) {
        fees += fee_per_hour(purchase.holding);
        estate.holdings.push_back(purchase.holding);
        estate.holdings.back().begin.micros -= 31 * 24 * 3'600'000'000;  // bought a month ago
      }
    return fees;
  };
  const Decimal first = narrow_now(), second = narrow_now();
  estate.holdings.clear();
  for (Rate& rate : estate.card.rates) rate.price[3] = rate.price[4] = std::nullopt;
  const Decimal alone = narrow_now();  // where nothing wider could do the same: all at once
  EXPECT_GT(ratio(first, alone), 0.2);
  EXPECT_LT(ratio(first, alone), 0.4);
  EXPECT_GT(ratio(second, first), 0.5);
}

TEST(Plan, CapitalDecidesHowToPay) {
  const Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  options.max_unused = 1;
  const auto pays_upfront = [&](double rate) {
    options.cost_of_capital = rate;
    const auto plan = make_plan(estate, options);
    EXPECT_TRUE(plan) << why(plan);
    Decimal due;
    if (plan)
      for (const PlannedPurchase& purchase : plan->purchases) due += purchase.upfront;
    return due > Decimal{};
  };
  // All upfront is 4.8 % cheaper than monthly: worth about 10 % a year.
  EXPECT_TRUE(pays_upfront(0.02));
  EXPECT_FALSE(pays_upfront(0.25));
}

TEST(Plan, FearOfTheWorstBuysLess) {
  Estate estate;
  estate.demand = SyntheticDemand::make(3);
  estate.demand = hours_of(estate.demand, 0, 17'000);
  RateCard& card = estate.card;
  card.columns = estate.demand.pool_columns;
  Offer pool, wide;
  pool.name = "pool";
  pool.scope = card.columns;
  wide.name = "wide";
  card.offers = {pool, wide};
  card.rates.push_back({{"*", "*"}, {kOne}, {kOne}, {kOne}, {number("0.6"), number("0.72")}});
  auto table = price_pools(card, estate.demand.pool_columns, estate.demand.pools);
  ASSERT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  PlanOptions options;
  options.gap = 1e-4;
  double unused = 1;
  for (const double risk : {0.0, 1.0}) {
    options.risk = risk;
    const auto plan = make_plan(estate, options);
    ASSERT_TRUE(plan) << why(plan);
    EXPECT_LT(plan->gap_of_parts, 1e-3);  // pools of a few counts: the rest is whole purchases
    EXPECT_LT(plan->unused_worst, unused);
    unused = plan->unused_worst;
  }
}

TEST(Plan, SaysWhyNothingCanBeBought) {
  Estate estate = estate_of_aws();
  PlanOptions options;
  options.horizon_months = 6;
  auto plan = make_plan(estate, options);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "SY1850");
  options.horizon_months = 61;
  plan = make_plan(estate, options);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "SY1851");
  options = {};
  options.risk = 2;
  plan = make_plan(estate, options);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "SY1851");
  options = {};
  estate.demand = hours_of(estate.demand, 0, 0);
  plan = make_plan(estate, options);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "SY1850");
}

TEST(Plan, BuysNothingOfUsageThatIsOver) {
  Estate estate = estate_of_aws();
  for (std::size_t pool = 0; pool < estate.demand.pools.size(); ++pool)
    std::fill_n(estate.demand.counts.begin() +
                    static_cast<std::ptrdiff_t>((pool + 1) * estate.demand.hours - 200),
                200, 0);
  const auto plan = make_plan(estate, {});
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_TRUE(plan->purchases.empty());
  EXPECT_EQ(plan->total(), Decimal{});
}

/// Hundreds of purchases are found by Newton's method, and rounded together.
TEST(Plan, ManyPurchasesKeepTheLimitAndTheBound) {
  Estate estate;
  estate.source = "made up";
  Demand& demand = estate.demand;
  demand.first_hour = at("2026-01-05");
  demand.hours = 12 * 168;
  demand.pool_columns = {"region", "type"};
  RateCard& card = estate.card;
  card.columns = demand.pool_columns;
  for (const std::string name : {"pool", "any"}) {
    Offer offer;
    offer.name = name;
    offer.instrument = Instrument::kQuantity;
    if (name == "pool") offer.scope = demand.pool_columns;
    offer.term_years = 1;
    card.offers.push_back(offer);
  }
  Rate rate;
  rate.key = {"*", "*"};
  rate.on_demand = rate.list = rate.factor = {kOne};
  rate.price = {Decimal{kOne / 10 * 6}, Decimal{kOne / 100 * 72}};
  card.rates.push_back(rate);
  for (char region = 'a'; region <= 'l'; ++region)
    for (char type = 'a'; type <= 'j'; ++type) demand.pools.push_back({{region}, {type}});
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 0; hour < demand.hours; ++hour) {
      const std::size_t day = hour % 24 >= 8 && hour % 24 < 20 ? 10 + pool % 7 : 0;
      demand.counts.push_back(static_cast<std::int64_t>(20 + pool % 23 + day + hour * pool % 5));
    }
  auto table = price_pools(card, demand.pool_columns, demand.pools);
  ASSERT_TRUE(table) << why(table);
  estate.table = std::move(*table);
  PlanOptions options;
  options.scenarios = 3;
  const auto free = make_plan(estate, options);
  ASSERT_TRUE(free) << why(free);
  EXPECT_GT(free->purchases.size(), 300U);
  EXPECT_GE(free->objective, free->bound);
  EXPECT_LT(free->gap, 1e-3);
  options.max_unused = free->unused_worst / 2;
  options.threads = 1;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  EXPECT_TRUE(plan->limited);
  EXPECT_LE(plan->unused_worst, *options.max_unused * (1 + 1e-9));
  EXPECT_GE(plan->objective, plan->bound);
  EXPECT_GE(plan->objective, free->bound);
  EXPECT_LT(plan->gap, 4e-3);  // to all baskets that keep the limit
  EXPECT_LT(plan->gap, 0.2 * (1 - free->bound / plan->objective));
  options.threads = 3;
  const auto again = make_plan(estate, options);
  ASSERT_TRUE(again);
  EXPECT_EQ(purchases_json(estate, *plan), purchases_json(estate, *again));
  EXPECT_EQ(plan->bound, again->bound);
}

TEST(Plan, ThreadsChangeNothing) {
  const Estate estate = estate_of_aws(6);
  PlanOptions options;
  options.max_term_years = 1;
  options.threads = 1;
  const auto one = make_plan(estate, options);
  options.threads = 3;
  const auto three = make_plan(estate, options);
  ASSERT_TRUE(one && three);
  EXPECT_EQ(purchases_json(estate, *one), purchases_json(estate, *three));
  EXPECT_EQ(one->bound, three->bound);
}

TEST(Plan, TheOrderOfTheFilesChangesNothing) {
  Estate estate = estate_of_aws(6);
  PlanOptions options;
  options.max_term_years = 1;
  options.threads = 1;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  Estate other = estate;
  const auto reverse = [](auto& list) { std::reverse(list.begin(), list.end()); };
  reverse(other.card.offers);
  for (Rate& rate : other.card.rates) reverse(rate.price);
  reverse(other.card.rates);
  auto table = price_pools(other.card, other.demand.pool_columns, other.demand.pools);
  ASSERT_TRUE(table) << why(table);
  other.table = std::move(*table);
  const auto again = make_plan(other, options);
  ASSERT_TRUE(again) << why(again);
  EXPECT_EQ(purchases_json(estate, *plan), purchases_json(other, *again));
}

TEST(Plan, BreaksEvenInTime) {
  const Estate estate = estate_of_aws(6);
  PlanOptions options;  // a year's reserved instance costs 7.4 months on demand, 3 years 18.7
  options.max_break_even_months = 8;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  for (const PlannedPurchase& purchase : plan->purchases)
    EXPECT_EQ(estate.card.offers[purchase.holding.offer].term_years, 1);
  options.max_break_even_months = 2;
  const auto none = make_plan(estate, options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "SY1850");
}

TEST(Plan, TheListReadsBack) {
  const Estate estate = estate_of_aws();
  PlanOptions options;
  options.max_term_years = 1;
  const auto plan = make_plan(estate, options);
  ASSERT_TRUE(plan) << why(plan);
  const auto folder = std::filesystem::temp_directory_path() / "steelyard_plan_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "plan.csv";
  std::ofstream(path) << purchases_csv(estate, *plan);
  auto engine = open_duckdb({});
  ASSERT_TRUE(engine) << why(engine);
  const auto holdings = read_holdings(**engine, path, estate.card, plan->at);
  ASSERT_TRUE(holdings) << why(holdings);
  ASSERT_EQ(holdings->size(), plan->purchases.size());
  for (std::size_t i = 0; i < holdings->size(); ++i) {
    const Holding &read = (*holdings)[i], &meant = plan->purchases[i].holding;
    EXPECT_EQ(read.amount, meant.amount);
    EXPECT_EQ(read.offer, meant.offer);
    EXPECT_EQ(read.scope, meant.scope);
    EXPECT_EQ(read.factor, meant.factor);
    EXPECT_EQ(read.begin, meant.begin);
    EXPECT_EQ(read.end, meant.end);
  }
  std::filesystem::remove_all(folder);
}

TEST(Plan, TheScriptTakesTextsAsTexts) {
  Estate estate = estate_of_aws();
  Plan plan;
  plan.at = at("2026-04-01");
  PlannedPurchase purchase;
  purchase.holding.offer = 2;
  purchase.holding.id = "1";
  purchase.holding.amount = number("1.5");
  purchase.holding.scope = {{"family", "m5'; rm -rf /; '"}, {"region", "eu\nreboot"}};
  purchase.holding.begin = plan.at;
  purchase.holding.end = at("2027-04-01");
  plan.purchases.push_back(purchase);
  const std::string script = purchases_script(estate, plan);
  EXPECT_NE(script.find("'name=instanceFamily,values=m5'\\''; rm -rf /; '\\'''"), std::string::npos)
      << script;
  EXPECT_NE(script.find("# 1: ec2-1y family=m5'; rm -rf /; ' region=eu reboot"), std::string::npos)
      << script;
  EXPECT_NE(script.find("buying=no"), std::string::npos);
}

}  // namespace
}  // namespace steelyard
