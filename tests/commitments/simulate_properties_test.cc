// What holds of every basket: nothing is lost to the last digit, and the order of pools, purchases
// and hours changes nothing. And the edges: nothing used, one hour's spike, purchases that begin
// and end within the window, leap years, gaps, corrections.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "commitments/fixture.h"
#include "commitments/simulate_report.h"

namespace steelyard::commitments_test {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

/// A decimal with up to `digits` decimals below `bound`.
std::string decimal(Random& random, std::size_t bound, std::size_t digits) {
  std::string text = std::to_string(below(random, bound)) + ".";
  for (std::size_t i = 0; i < digits; ++i) text += static_cast<char>('0' + below(random, 10));
  return text;
}

struct Basket {
  Market market{{"account", "region", "family"}};
  std::vector<std::vector<Decimal>> hours;  ///< [hour][pool]
};

/// Some pools with unlike discounts in accounts and regions, every kind of instrument, purchases
/// that come and go within two days around the end of a month.
Basket random_basket(std::uint64_t seed) {
  Random random(seed);
  Basket basket;
  Market& market = basket.market;
  market.begin = at("2026-07-31");
  for (const InstrumentTraits& kind : instruments()) {
    const bool spend = kind.unit == CommitmentUnit::kSpend;
    market.offer(std::string(kind.name), kind.instrument,
                 below(random, 2) || !spend ? std::vector<std::string>{"family"}
                                            : std::vector<std::string>{},
                 below(random, 2) ? 1 : 3);
  }
  std::map<std::string, std::map<std::string, std::string>> quantity_prices;
  for (const char* family : {"m", "r"}) {
    for (const InstrumentTraits& kind : instruments()) {
      quantity_prices[family][std::string(kind.name)] =
          "0." + std::to_string(1 + below(random, 99));
    }
  }
  for (const char* account : {"A", "B", "C"}) {
    for (const char* region : {"eu", "us"}) {
      for (const char* family : {"m", "r"}) {
        std::map<std::string, std::string> prices;
        for (const InstrumentTraits& kind : instruments()) {
          const std::string offer(kind.name);
          if (kind.unit == CommitmentUnit::kQuantity) {
            prices[offer] = quantity_prices[family][offer];
          } else if (account[0] == 'A' || below(random, 4) != 0) {  // each scope has a price
            prices[offer] = decimal(random, 1, 5) + "1";
          }
        }
        market.pool({account, region, family}, decimal(random, 1, 6) + "1", prices, "0");
      }
    }
  }
  const auto offers = market.card.offers;
  for (std::size_t i = 0; i < 24; ++i) {
    const Offer& offer = offers[below(random, offers.size())];
    std::vector<ScopeValue> values;
    if (!offer.scope.empty()) values.emplace_back("family", below(random, 2) ? "m" : "r");
    if (below(random, 3) == 0) values.emplace_back("region", below(random, 2) ? "eu" : "us");
    const auto holding = market.buy(offer.name, decimal(random, 3, below(random, 9)) + "1", values,
                                    std::string(1, static_cast<char>('A' + below(random, 3))),
                                    "purchase " + std::to_string(i));
    if (below(random, 2)) continue;  // some that only their owner and id tell apart
    Holding& bought = market.holdings[holding];
    bought.begin.micros += static_cast<std::int64_t>(below(random, 40)) * 3'600'000'000;
    bought.end = {bought.begin.micros +
                  static_cast<std::int64_t>(1 + below(random, 40)) * 3'600'000'000};
  }
  for (std::size_t h = 0; h < 48; ++h) {
    basket.hours.emplace_back();
    for (std::size_t p = 0; p < market.keys.size(); ++p) {
      basket.hours.back().push_back(
          below(random, 5) == 0 ? Decimal{} : number(decimal(random, 4, 1 + below(random, 12))));
    }
  }
  return basket;
}

std::vector<SharingPreference> sharing() {
  return {{at("2026-01-01"), SharingMode::kPrioritisedGroup, {{"A", "x"}, {"B", "x"}}, {}},
          {at("2026-08-01"), SharingMode::kRestrictedGroup, {{"A", "x"}, {"C", "x"}}, {}}};
}

Bill bill_of(const Market& market, const std::vector<std::vector<Decimal>>& hours) {
  const auto fill = [&](std::size_t hour, std::span<Decimal> quantity) {
    std::copy(hours[hour].begin(), hours[hour].end(), quantity.begin());
  };
  auto bill = simulate(market.card, market.table(), market.holdings, market.begin, hours.size(),
                       fill, sharing());
  EXPECT_TRUE(bill) << why(bill);
  return bill ? *bill : Bill{};
}

/// A bill in words, without the order of its input.
std::set<std::string> content(const Market& market, const Bill& bill) {
  std::set<std::string> lines;
  const auto pool = [&](std::size_t p) {
    return market.keys[p][0] + market.keys[p][1] + market.keys[p][2];
  };
  for (const CoverTotal& cover : bill.covers) {
    lines.insert(bill.holdings[cover.holding].id + " " + pool(cover.pool) + " " +
                 to_text(cover.quantity) + " " + to_text(cover.cost));
  }
  for (std::size_t p = 0; p < bill.by_pool.size(); ++p) {
    lines.insert(pool(p) + " " + to_text(bill.by_pool[p].on_demand));
  }
  for (std::size_t h = 0; h < bill.by_holding.size(); ++h) {
    lines.insert(bill.holdings[h].id + " " + to_text(bill.by_holding[h].unused));
  }
  lines.insert("total " + to_text(bill.total()));
  return lines;
}

TEST(SimulateProperties, NothingIsLostToTheLastDigit) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Basket basket = random_basket(seed);
    const Bill bill = bill_of(basket.market, basket.hours);
    Decimal fees, on_demand, used;
    for (std::size_t h = 0; h < bill.by_holding.size(); ++h) {
      const HoldingTotal& total = bill.by_holding[h];
      const Decimal hourly = fee_per_hour(bill.holdings[h]);
      EXPECT_EQ(total.fee.units, hourly.units * total.hours) << "seed " << seed;
      EXPECT_EQ(total.used + total.unused, total.fee) << "seed " << seed;
      fees += total.fee;
    }
    std::vector<Decimal> usage(bill.by_pool.size());
    for (const auto& hour : basket.hours) {
      for (std::size_t p = 0; p < usage.size(); ++p) usage[p] += hour[p];
    }
    for (std::size_t p = 0; p < usage.size(); ++p) {
      EXPECT_EQ(bill.by_pool[p].usage, usage[p]) << "seed " << seed;
      EXPECT_EQ(bill.by_pool[p].covered + bill.by_pool[p].uncovered, usage[p]) << "seed " << seed;
      on_demand += bill.by_pool[p].on_demand;
      used += bill.by_pool[p].commitment_cost;
    }
    EXPECT_EQ(bill.total(), fees + on_demand) << "seed " << seed;
    EXPECT_EQ(used + bill.unused, fees) << "seed " << seed;
    EXPECT_GT(bill.covers.size(), 0u) << "seed " << seed;
  }
}

TEST(SimulateProperties, OrderOfPoolsPurchasesAndRatesChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    const Basket basket = random_basket(seed);
    const auto expected = content(basket.market, bill_of(basket.market, basket.hours));
    Random random(seed + 1000);
    Basket shuffled = basket;
    std::vector<std::size_t> order(basket.market.keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t i = 0; i < order.size(); ++i) {
      shuffled.market.keys[i] = basket.market.keys[order[i]];
      for (std::size_t h = 0; h < basket.hours.size(); ++h) {
        shuffled.hours[h][i] = basket.hours[h][order[i]];
      }
    }
    std::shuffle(shuffled.market.holdings.begin(), shuffled.market.holdings.end(), random);
    std::shuffle(shuffled.market.card.rates.begin(), shuffled.market.card.rates.end(), random);
    EXPECT_EQ(content(shuffled.market, bill_of(shuffled.market, shuffled.hours)), expected)
        << "seed " << seed;
  }
}

TEST(SimulateProperties, OrderOfHoursChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Basket basket = random_basket(seed);
    const Market& market = basket.market;
    const Bill expected = bill_of(market, basket.hours);
    auto simulator = Simulator::make(market.card, market.table(), market.holdings, sharing());
    ASSERT_TRUE(simulator) << why(simulator);
    std::vector<std::size_t> order(basket.hours.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(seed);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t h : order) {
      const HourTotal& wanted = expected.by_hour[h];
      auto bill = simulator->bill(wanted.hour, basket.hours[h]);
      ASSERT_TRUE(bill) << why(bill);
      EXPECT_EQ((*bill)->fees, wanted.fees) << "seed " << seed << " hour " << h;
      EXPECT_EQ((*bill)->total_unused, wanted.unused) << "seed " << seed << " hour " << h;
      EXPECT_EQ((*bill)->total_on_demand, wanted.on_demand) << "seed " << seed << " hour " << h;
    }
  }
}

TEST(SimulateProperties, OneQuantityCostsWhatTheFormulaSays) {
  // cost(c) = price c n + on demand sum max(0, d - c), for any level and series.
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    Market market({"usage"});
    market.offer("q", Instrument::kQuantity, {"usage"});
    const std::string price = "0." + std::to_string(1 + below(random, 99));
    market.pool({"a"}, "1.25", {{"q", price}}, "0");
    const auto level = static_cast<std::int64_t>(below(random, 60));
    market.buy("q", std::to_string(level), {{"usage", "a"}});
    std::vector<std::int64_t> demand(200);
    Decimal expected;
    for (auto& d : demand) {
      d = static_cast<std::int64_t>(below(random, 50));
      expected += {number(price).units * level +
                   number("1.25").units * std::max<std::int64_t>(0, d - level)};
    }
    const auto fill = [&](std::size_t h, std::span<Decimal> q) { q[0] = {demand[h] * kOne}; };
    auto bill = simulate(market.card, market.table(), market.holdings, market.begin, 200, fill);
    ASSERT_TRUE(bill) << why(bill);
    EXPECT_EQ(bill->total(), expected) << "seed " << seed;
  }
}

TEST(SimulateProperties, OnePlanOverUnlikeDiscountsIsTheBestWayToSpendIt) {
  // Highest discount first leaves the least on demand; any other order of the pools leaves as much
  // or more. Spent in another order by hand, over all orders of four pools.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Market market({"usage"});
    market.offer("sp", Instrument::kComputeSp, {});
    for (const char* name : {"a", "b", "c", "d"}) {
      market.pool({name}, "1", {{"sp", "0." + std::to_string(10 + below(random, 90))}},
                  std::to_string(1 + below(random, 9)));
    }
    market.buy("sp", std::to_string(1 + below(random, 8)));
    const Bill bill = market.bill();
    std::vector<std::size_t> order = {0, 1, 2, 3};
    Decimal least = bill.on_demand_equivalent;
    do {
      Decimal left = market.holdings[0].amount, on_demand;
      for (const std::size_t p : order) {
        const Decimal rate = *market.card.rates[p].price[0];
        const Decimal part = std::min(market.usage[p], multiply_divide(left, {kOne}, rate));
        left = std::max(Decimal{}, left - multiply(part, rate));
        on_demand += market.usage[p] - part;
      }
      least = std::min(least, on_demand);
    } while (std::next_permutation(order.begin(), order.end()));
    const Decimal rounding = {10};  // a part of a unit is cut at the 18th decimal
    EXPECT_LE(bill.on_demand, least + rounding) << "seed " << seed;
    EXPECT_GE(bill.on_demand + rounding, least) << "seed " << seed;
  }
}

TEST(MarginalValue, IsTheShareOfHoursAboveTheLevel) {
  // Ten hours use 1, 2, ... 10 units. With 4 held, the 4th is used in 7 hours and the 5th in 6.
  Market market({"usage"});
  market.offer("q", Instrument::kQuantity, {"usage"});
  market.pool({"a"}, "1", {{"q", "0.65"}}, "0");
  market.buy("q", "4", {{"usage", "a"}});
  const auto fill = [](std::size_t h, std::span<Decimal> q) {
    q[0] = {static_cast<Int128>(h + 1) * kOne};
  };
  const PoolTable table = market.table();
  auto bill = simulate(market.card, table, market.holdings, market.begin, 10, fill);
  ASSERT_TRUE(bill) << why(bill);
  auto marginal = marginal_value(market.card, table, *bill, 0, {kOne}, fill);
  ASSERT_TRUE(marginal) << why(marginal);
  EXPECT_EQ(to_text(marginal->less_avoided), "7");
  EXPECT_EQ(to_text(marginal->less_fee), "6.5");
  EXPECT_EQ(to_text(marginal->more_avoided), "6");
  EXPECT_EQ(to_text(marginal->more_fee), "6.5");
  auto large = marginal_value(market.card, table, *bill, 0, number("100"), fill);
  ASSERT_TRUE(large) << why(large);
  EXPECT_EQ(to_text(large->less), "4");  // no more than is held
  EXPECT_EQ(marginal_value(market.card, table, *bill, 0, {}, fill).error().code, "SY1804");
  EXPECT_EQ(marginal_value(market.card, table, *bill, 0, number("10000000000"), fill).error().code,
            "SY1804");
}

// ---- edges

Market one_pool(const char* amount = "2") {
  Market market({"usage"});
  market.offer("q", Instrument::kQuantity, {"usage"});
  market.pool({"a"}, "1", {{"q", "0.6"}}, "0");
  market.buy("q", amount, {{"usage", "a"}});
  return market;
}

TEST(SimulateEdges, NothingUsedIsAllUnused) {
  const Market market = one_pool();
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.unused), "1.2");
  EXPECT_EQ(to_text(bill.total()), "1.2");
  EXPECT_TRUE(bill.covers.empty());
}

TEST(SimulateEdges, NoPoolsAndNoPurchases) {
  Market market({"usage"});
  const auto fill = [](std::size_t, std::span<Decimal>) {};
  auto bill = simulate(market.card, market.table(), {}, market.begin, 3, fill);
  ASSERT_TRUE(bill) << why(bill);
  EXPECT_EQ(bill->total(), Decimal{});
  EXPECT_EQ(bill->by_hour.size(), 3u);
}

TEST(SimulateEdges, APurchaseOfNothingChangesNothing) {
  Market market = one_pool("0");
  market.usage[0] = number("3");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.total()), "3");
  EXPECT_TRUE(bill.covers.empty());
}

TEST(SimulateEdges, APartOfAUnitIsCutAtTheLastDigitAndTakesAllThatIsLeft) {
  Market market({"usage"});
  market.offer("sp", Instrument::kComputeSp, {});
  market.pool({"a"}, "10", {{"sp", "7"}}, "1");
  market.buy("sp", "2");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.by_pool[0].covered), "0.285714285714285714");  // of 2/7, rounded down
  EXPECT_EQ(to_text(bill.by_pool[0].uncovered), "0.714285714285714286");
  EXPECT_EQ(to_text(bill.unused), "0");
  EXPECT_EQ(to_text(bill.on_demand), "7.14285714285714286");
}

TEST(SimulateEdges, OneHoursSpikeIsCoveredUpToTheLevelOnly) {
  const Market market = one_pool();
  const auto fill = [](std::size_t h, std::span<Decimal> q) {
    q[0] = {h == 100 ? 1'000'000 * kOne : Int128{0}};
  };
  auto bill = simulate(market.card, market.table(), market.holdings, market.begin, 200, fill);
  ASSERT_TRUE(bill) << why(bill);
  EXPECT_EQ(to_text(bill->on_demand), "999998");
  EXPECT_EQ(to_text(bill->unused), "238.8");  // 199 hours of 1.2
}

TEST(SimulateEdges, BoughtAndExpiringWithinTheWindow) {
  Market market = one_pool();
  market.holdings[0].begin = at("2026-07-01T02:00:00Z");
  market.holdings[0].end = at("2026-07-01T05:00:00Z");
  const auto fill = [](std::size_t, std::span<Decimal> q) { q[0] = {kOne}; };
  auto bill = simulate(market.card, market.table(), market.holdings, market.begin, 8, fill);
  ASSERT_TRUE(bill) << why(bill);
  EXPECT_EQ(bill->by_holding[0].hours, 3);
  EXPECT_EQ(to_text(bill->fees), "3.6");
  EXPECT_EQ(to_text(bill->on_demand), "5");
  EXPECT_EQ(to_text(bill->by_hour[1].fees), "0");
  EXPECT_EQ(to_text(bill->by_hour[2].fees), "1.2");
  EXPECT_EQ(to_text(bill->by_hour[5].fees), "0");
}

TEST(SimulateEdges, AQueuedPurchaseDoesNothingBeforeItBegins) {
  Market market = one_pool();
  market.usage[0] = number("1");
  market.holdings[0].begin = at("2026-09-01");
  EXPECT_EQ(to_text(market.bill().total()), "1");
  EXPECT_EQ(market.bill().by_holding[0].hours, 0);
}

TEST(SimulateEdges, TermsAndLeapYears) {
  Offer offer;
  const auto end = [&](Instrument instrument, int years, const char* begin) {
    offer.instrument = instrument;
    offer.term_years = years;
    return format_instant(end_of_term(offer, at(begin)));
  };
  // AWS counts 365 days, so a term over 29 February ends a day early by the calendar.
  EXPECT_EQ(end(Instrument::kComputeSp, 1, "2026-07-01T05:00:00Z"), "2027-07-01T05:00:00Z");
  EXPECT_EQ(end(Instrument::kComputeSp, 1, "2027-07-01"), "2028-06-30T00:00:00Z");
  EXPECT_EQ(end(Instrument::kRegionalRi, 3, "2025-03-01"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(end(Instrument::kAzureSavingsPlan, 1, "2027-07-01"), "2028-07-01T00:00:00Z");
  EXPECT_EQ(end(Instrument::kAzureReservation, 1, "2028-02-29T07:00:00Z"), "2029-02-28T07:00:00Z");
  EXPECT_EQ(end(Instrument::kGcpFlexCud, 3, "2028-02-29"), "2031-02-28T00:00:00Z");
  EXPECT_EQ(end(Instrument::kQuantity, 1, "2028-01-01"), "2028-12-31T00:00:00Z");
}

TEST(SimulateEdges, ALeapDayHasItsHours) {
  Market market = one_pool();
  market.begin = at("2028-02-28");
  market.holdings[0].begin = market.begin;
  market.holdings[0].end = at("2028-03-01");
  const auto fill = [](std::size_t, std::span<Decimal>) {};
  auto bill = simulate(market.card, market.table(), market.holdings, market.begin, 96, fill);
  ASSERT_TRUE(bill) << why(bill);
  EXPECT_EQ(bill->by_holding[0].hours, 48);
}

TEST(GatherUsage, MissingHoursAreZeroAndLinesOfAnHourAreSummed) {
  const std::vector<UsageRow> rows = {{at("2026-07-01T00:59:59Z"), {"a"}, number("1.5")},
                                      {at("2026-07-01T00:00:00Z"), {"a"}, number("0.25")},
                                      {at("2026-07-01T02:00:00Z"), {"a"}, number("4")},
                                      {at("2026-07-01T03:00:00Z"), {"a"}, number("9")}};
  auto usage = gather_usage(rows, {at("2026-07-01"), at("2026-07-01T03:00:00Z")});
  ASSERT_TRUE(usage) << why(usage);
  ASSERT_EQ(usage->hours, 3u);
  EXPECT_EQ(to_text(usage->row(0)[0]), "1.75");
  EXPECT_EQ(to_text(usage->row(1)[0]), "0");
  EXPECT_EQ(to_text(usage->row(2)[0]), "4");
}

TEST(GatherUsage, NegativeLinesNetWithinTheirHourAndAreRefusedBeyond) {
  std::vector<UsageRow> rows = {{at("2026-07-01T01:00:00Z"), {"a"}, number("5")},
                                {at("2026-07-01T01:00:00Z"), {"a"}, number("-2")}};
  const UsageWindow window{at("2026-07-01"), at("2026-07-02")};
  auto usage = gather_usage(rows, window);
  ASSERT_TRUE(usage) << why(usage);
  EXPECT_EQ(to_text(usage->row(1)[0]), "3");
  rows.push_back({at("2026-07-01T01:30:00Z"), {"a"}, number("-4")});
  usage = gather_usage(rows, window);
  ASSERT_FALSE(usage);
  EXPECT_EQ(usage.error().code, "SY1805");
  EXPECT_EQ(usage.error().what, "the lines of a at 2026-07-01T01:00:00Z sum to -1");
}

TEST(GatherUsage, ALateCorrectionTakesBackUsageThatWasInTime) {
  const std::vector<UsageRow> rows = {
      {at("2026-07-01T01:00:00Z"), {"a"}, number("5"), at("2026-07-01T02:00:00Z")},
      {at("2026-07-01T01:00:00Z"), {"a"}, number("-2"), at("2026-07-20")}};
  auto usage = gather_usage(rows, {at("2026-07-01"), at("2026-07-02"), 48});
  ASSERT_TRUE(usage) << why(usage);
  ASSERT_EQ(usage->keys.size(), 1u);
  EXPECT_EQ(to_text(usage->row(1)[0]), "3");
}

TEST(SimulateErrors, UsageThatCannotBeBilledIsNamed) {
  const Market market = one_pool();
  auto simulator = Simulator::make(market.card, market.table(), market.holdings);
  ASSERT_TRUE(simulator) << why(simulator);
  const auto code = [&](const char* hour, const char* quantity) {
    const std::vector<Decimal> usage = {number(quantity)};
    auto bill = simulator->bill(at(hour), usage);
    return bill ? "" : bill.error().code + ": " + bill.error().what;
  };
  EXPECT_EQ(code("2026-07-01", "-1"), "SY1805: a uses -1 at 2026-07-01T00:00:00Z");
  EXPECT_EQ(code("2026-07-01T00:30:00Z", "1"), "SY1805: 2026-07-01T00:30:00Z is not a whole hour");
  EXPECT_EQ(code("2026-07-01", "10000000001"),
            "SY1805: a uses 10000000001 at 2026-07-01T00:00:00Z, which is beyond the limit");
  EXPECT_EQ(code("2026-07-01", "1"), "");  // an error leaves the simulator as it was
}

TEST(SimulateErrors, ExtremesAreBilledOrRefusedButNeverStop) {
  // Prices, sizes, amounts and usage from the smallest digit to the limits and beyond: whatever is
  // not refused keeps all identities, which the simulator checks in every hour.
  Random random(11);
  const auto any = [&](int largest) {
    Int128 units = 1 + static_cast<Int128>(random() % 9);
    for (auto zeros = below(random, static_cast<std::size_t>(19 + largest)); zeros > 0; --zeros)
      units *= 10;
    return Decimal{units};
  };
  int billed = 0, refused = 0;
  for (int i = 0; i < 4000; ++i) {
    Market market({"usage"});
    market.offer("q", Instrument::kQuantity, {}, 3);
    market.offer("sp", Instrument::kComputeSp, {}, 3);
    market.offer("azure", Instrument::kAzureSavingsPlan, {}, 3);
    market.pool({"a"}, "0", {}, "0");
    Rate& rate = market.card.rates[0];
    rate.on_demand = rate.list = any(7);
    rate.factor = any(4);
    rate.price = {any(7), any(7), any(7)};
    if (!check_rate_card(market.card)) {
      ++refused;
      continue;
    }
    for (const std::size_t offer : {0, 1, 2}) {
      auto holding = make_holding(market.card, {offer, any(11), {}, market.begin, {}, "", ""});
      if (holding) market.holdings.push_back(*holding);
    }
    const PoolTable table = market.table();
    const Decimal used = any(11);
    const auto fill = [&](std::size_t, std::span<Decimal> quantity) { quantity[0] = used; };
    auto bill = simulate(market.card, table, market.holdings, market.begin, 3, fill);
    if (!bill) {
      EXPECT_EQ(bill.error().code, "SY1805");
      ++refused;
      continue;
    }
    BillQuestion question;
    question.cost_of_capital = 0.08;
    EXPECT_EQ(bill_report(market.card, table, *bill, question).totals.size(), 1u);
    ++billed;
  }
  EXPECT_GT(billed, 500);
  EXPECT_GT(refused, 500);
}

TEST(SimulateErrors, AScopeThatTheDemandDoesNotHave) {
  Market market = one_pool();
  market.holdings[0].scope.emplace_back("subscription", "prod");
  auto simulator = Simulator::make(market.card, market.table(), market.holdings);
  ASSERT_FALSE(simulator);
  EXPECT_EQ(simulator.error().code, "SY1802");
}

TEST(SimulateErrors, MoreCellsThanTheLimitAreRefusedBeforeAnythingIsDone) {
  const Market market = one_pool();
  const auto fill = [](std::size_t, std::span<Decimal>) {};
  auto bill =
      simulate(market.card, market.table(), market.holdings, market.begin, 1'000'000'001, fill);
  ASSERT_FALSE(bill);
  EXPECT_EQ(bill.error().code, "SY1805");
}

TEST(Conservation, EveryIdentityIsChecked) {
  Market market = one_pool();
  market.usage[0] = number("3");
  auto simulator = Simulator::make(market.card, market.table(), market.holdings);
  ASSERT_TRUE(simulator) << why(simulator);
  auto billed = simulator->bill(market.begin, market.usage);
  ASSERT_TRUE(billed) << why(billed);
  const auto broken = [&](const std::function<void(HourBill&)>& change) {
    HourBill bill = **billed;
    change(bill);
    auto status = check_conservation(bill);
    return status ? "" : status.error().code + " " + status.error().notes.front();
  };
  const Decimal digit = {1};
  EXPECT_EQ(broken([](HourBill&) {}), "");
  EXPECT_EQ(broken([&](HourBill& b) { b.uncovered[0] += digit; }),
            "SY1806 3.000000000000000001 is not 3");
  EXPECT_EQ(broken([&](HourBill& b) { b.pieces[0].quantity -= digit; }),
            "SY1806 2.999999999999999999 is not 3");
  EXPECT_EQ(broken([&](HourBill& b) { b.pieces[0].cost += digit; }),
            "SY1806 1.200000000000000001 is not 1.2");
  EXPECT_EQ(broken([&](HourBill& b) { b.fees += digit; }),
            "SY1806 2.2 is not 2.200000000000000001");
  EXPECT_EQ(broken([&](HourBill& b) { b.on_demand[0] += digit; }),
            "SY1806 2.200000000000000001 is not 2.2");
}

TEST(CompareFractions, IsExactWhereProductsWouldOverflow) {
  const Decimal big = {kMaxUnits}, less = {kMaxUnits - 1};
  EXPECT_EQ(compare_fractions(big, less, big, less), 0);
  EXPECT_EQ(compare_fractions(less, big, big, big), -1);
  EXPECT_EQ(compare_fractions(big, less, big, big), 1);
  EXPECT_EQ(compare_fractions(number("0.7"), number("1"), number("70"), number("100")), 0);
  EXPECT_EQ(compare_fractions(number("0"), number("1"), number("0"), number("3")), 0);
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const Decimal a = {static_cast<Int128>(below(random, 50))}, b = {1 + Int128(below(random, 50))};
    const Decimal c = {static_cast<Int128>(below(random, 50))}, d = {1 + Int128(below(random, 50))};
    const Int128 left = a.units * d.units, right = c.units * b.units;
    EXPECT_EQ(compare_fractions(a, b, c, d), left < right ? -1 : left > right ? 1 : 0);
  }
}

}  // namespace
}  // namespace steelyard::commitments_test
