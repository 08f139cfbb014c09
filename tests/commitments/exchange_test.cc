// Exchanges of convertible reserved instances: whatever is exchanged for whatever, however often,
// all payments sum to all fees, terms join without a gap, and a refusal changes nothing.
#include "commitments/exchange.h"

#include <gtest/gtest.h>

#include <random>

#include "commitments/fixture.h"
#include "commitments/payments.h"

namespace steelyard {
namespace {

using commitments_test::at;
using commitments_test::number;
using commitments_test::why;

/// No, partial and all upfront.
RateCard convertibles() {
  RateCard card;
  card.columns = {"family"};
  for (const auto& [name, share] : {std::pair{"none", "0"}, {"part", "0.47"}, {"all", "1"}}) {
    Offer offer;
    offer.name = name;
    offer.instrument = Instrument::kRegionalRi;
    offer.scope = {"family"};
    offer.upfront_share = number(share);
    offer.offer_class = "convertible";
    card.offers.push_back(std::move(offer));
  }
  return card;
}

Holding holding_of(std::string id, std::size_t offer, Decimal amount, Decimal price,
                   Instant begin) {
  Holding holding;
  holding.id = std::move(id);
  holding.offer = offer;
  holding.amount = amount;
  holding.price = price;
  holding.begin = begin;
  holding.end = {begin.micros + std::int64_t{8760} * 3'600'000'000};
  return holding;
}

TEST(Exchange, PaymentsSumToFeesWhateverIsExchanged) {
  const RateCard card = convertibles();
  std::mt19937_64 random(5);
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  int applied = 0, refused = 0;
  for (int round = 0; round < 400; ++round) {
    const auto price = [&] { return Decimal{(1 + below(900'000)) * (kOne / 1'000'000)}; };
    std::vector<Holding> holdings = {holding_of("0", static_cast<std::size_t>(below(3)),
                                                {(1 + below(50)) * kOne}, price(),
                                                at("2025-11-14T07:00:00Z"))};
    std::vector<Exchange> exchanges;
    Instant begin = holdings[0].begin;
    for (int i = 1; i <= 1 + round % 3; ++i) {
      begin.micros += (1 + below(4000)) * 3'600'000'000;
      holdings.push_back(holding_of(std::to_string(i), static_cast<std::size_t>(below(3)),
                                    {(1 + below(400)) * kOne}, price(), begin));
      exchanges.push_back({static_cast<std::size_t>(i), std::to_string(i - 1)});
    }
    const std::vector<Holding> untouched = holdings;
    const Instant end = holdings[0].end;
    const auto said = apply_exchanges(card, holdings, exchanges);
    if (!said) {
      ++refused;
      EXPECT_EQ(said.error().code, "SY1807");
      EXPECT_FALSE(said.error().fix.empty());
      for (std::size_t i = 0; i < holdings.size(); ++i) {
        EXPECT_EQ(holdings[i].end, untouched[i].end);
        EXPECT_EQ(holdings[i].handed_on, Decimal{});
        EXPECT_EQ(holdings[i].paid_before, Decimal{});
      }
      continue;
    }
    ++applied;
    EXPECT_EQ(said->size(), exchanges.size());
    Decimal paid, fees;
    for (std::size_t i = 0; i < holdings.size(); ++i) {
      EXPECT_EQ(holdings[i].end, i + 1 < holdings.size() ? holdings[i + 1].begin : end);
      fees += price_of_term(holdings[i]);
      for (const CashFlow& payment : cash_flow(card, holdings[i])) {
        EXPECT_GE(payment.amount, Decimal{});
        EXPECT_GE(payment.due, holdings[i].begin);
        paid += payment.amount;
      }
    }
    EXPECT_EQ(paid, fees);
  }
  EXPECT_GT(applied, 40);
  EXPECT_GT(refused, 40);
}

/// Parts at random dates, some on one day, of which some take all that is left.
TEST(Exchange, PartsAndWhatIsLeftCostWhatTheWholeDid) {
  const RateCard card = convertibles();
  std::mt19937_64 random(11);
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  int applied = 0, refused = 0, split = 0;
  for (int round = 0; round < 600; ++round) {
    const auto price = [&] { return Decimal{(1 + below(900'000)) * (kOne / 1'000'000)}; };
    const std::int64_t all = 1 + below(12);
    const Holding whole = holding_of("old", static_cast<std::size_t>(below(3)), {all * kOne},
                                     price(), at("2025-11-14T07:00:00Z"));
    std::vector<Holding> holdings = {whole};
    std::vector<Exchange> exchanges;
    std::vector<std::int64_t> counts;
    std::int64_t left = all;
    Instant begin = whole.begin;
    const int parts = 1 + static_cast<int>(below(4));
    for (int i = 1; i <= parts; ++i) {
      if (i == 1 || below(3) > 0) begin.micros += (1 + below(2500)) * 3'600'000'000;
      Holding got = holding_of("new" + std::to_string(i), 2, {kOne}, price(), begin);
      // One in many asks for more than there are, or gives less than it is worth.
      const std::int64_t count = 1 + below(left + (below(12) == 0 ? 2 : 0) + (left == 0 ? 1 : 0));
      const bool all_left = count == left && i == parts && below(2) == 0;
      if (count <= left) got.amount = units_in_exchange(card, whole, {count * kOne}, got);
      if (below(12) == 0 && got.amount > Decimal{kOne}) got.amount -= Decimal{kOne};
      exchanges.push_back({holdings.size(), "old", Decimal{count * kOne}});
      if (all_left) exchanges.back().amount.reset();
      holdings.push_back(std::move(got));
      counts.push_back(count);
      left -= std::min(left, count);
    }
    const std::vector<Holding> untouched = holdings;
    const auto said = apply_exchanges(card, holdings, exchanges);
    if (!said) {
      ++refused;
      EXPECT_EQ(said.error().code, "SY1807");
      ASSERT_EQ(holdings.size(), untouched.size());
      for (std::size_t i = 0; i < holdings.size(); ++i) {
        EXPECT_EQ(holdings[i].end, untouched[i].end);
        EXPECT_EQ(holdings[i].amount, untouched[i].amount);
        EXPECT_EQ(holdings[i].handed_on, Decimal{});
      }
      continue;
    }
    ++applied;
    Decimal of_old, given, fees, paid, due_first;
    for (const Holding& holding : holdings) {
      fees += price_of_term(holding);
      if (holding.id == "old") of_old += price_of_term(holding);
      for (const CashFlow& payment : cash_flow(card, holding)) {
        EXPECT_GE(payment.amount, Decimal{});
        paid += payment.amount;
        if (payment.due == whole.begin) due_first += payment.amount;
      }
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      Holding part = whole;
      part.amount = {counts[i] * kOne};
      part.begin = holdings[i + 1].begin;
      given += price_of_term(part);
      EXPECT_GE(price_of_term(holdings[i + 1]), price_of_term(part));
    }
    // Conservation, to the last digit: of what is kept and given, of payments, of what was paid
    // when it was bought; and in each hour as many are held as were bought.
    EXPECT_EQ(of_old + given, price_of_term(whole));
    EXPECT_EQ(paid, fees);
    EXPECT_EQ(due_first, cash_flow(card, whole)[0].due == whole.begin
                             ? cash_flow(card, whole)[0].amount
                             : Decimal{});
    for (const Instant when : {holdings[1].begin, begin}) {
      Decimal held, gone;
      for (const Holding& holding : holdings)
        if (holding.id == "old" && holding.begin <= when && when < holding.end)
          held += holding.amount;
      for (std::size_t i = 0; i < counts.size(); ++i)
        if (holdings[i + 1].begin <= when) gone += Decimal{counts[i] * kOne};
      EXPECT_EQ(held + gone, whole.amount);
    }
    if (of_old != price_of_term(holdings[0])) ++split;
    for (const Holding& holding : holdings) EXPECT_GT(holding.amount, Decimal{});
  }
  EXPECT_GT(applied, 100);
  EXPECT_GT(refused, 100);
  EXPECT_GT(split, 80);
}

TEST(Exchange, SeveralThatEndTogetherAreOne) {
  // One of 35 alone is four of 10; two of them seven, not eight.
  const RateCard card = convertibles();
  const Instant begin = at("2026-01-01"), later = at("2026-03-01");
  const std::vector<Holding> untouched = {holding_of("a", 0, {5 * kOne}, number("35"), begin),
                                          holding_of("b", 0, {kOne}, number("35"), begin),
                                          holding_of("new", 0, {7 * kOne}, number("10"), later)};
  std::vector<Holding> holdings = untouched;
  auto said = apply_exchanges(card, holdings, {{2, "a", Decimal{kOne}}, {2, "b"}});
  ASSERT_TRUE(said) << why(said);
  ASSERT_EQ(said->size(), 1u);
  EXPECT_NE((*said)[0].find("takes the place of 1 of a and b on"), std::string::npos);
  ASSERT_EQ(holdings.size(), 4u);
  EXPECT_EQ(holdings[3].id, "a");
  EXPECT_EQ(holdings[3].amount, number("4"));
  EXPECT_EQ(price_of_term(holdings[2]),
            price_of_term(untouched[0]) - price_of_term(holdings[0]) - price_of_term(holdings[3]) +
                price_of_term(untouched[1]) - price_of_term(holdings[1]));
  holdings = untouched;
  holdings[1].end = {holdings[1].end.micros + std::int64_t{24} * 3'600'000'000};
  said = apply_exchanges(card, holdings, {{2, "a", Decimal{kOne}}, {2, "b"}});
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().fix,
            "exchange those together that end together, the others by themselves");
}

TEST(Exchange, AsManyAsItAsksForAreEnough) {
  // AWS's example: of a list value of 35 for 10 each, three and a half: four.
  const RateCard card = convertibles();
  const Instant begin = at("2026-01-01"), later = at("2026-03-01");
  std::vector<Holding> holdings = {holding_of("old", 0, {kOne}, number("35"), begin),
                                   holding_of("new", 0, {3 * kOne}, number("10"), later)};
  auto said = apply_exchanges(card, holdings, {{1, "old"}});
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().fix, "exchange it for 4 or more");
  holdings[1].amount = {4 * kOne};
  said = apply_exchanges(card, holdings, {{1, "old"}});
  EXPECT_TRUE(said) << why(said);
}

TEST(Exchange, StaysInItsRegion) {
  RateCard card = convertibles();
  Holding zonal = holding_of("old", 0, {kOne}, {kOne}, at("2026-01-01")), regional = zonal;
  zonal.scope = {{"size", "m5.large"}, {"zone", "eu-west-1a"}};
  regional.scope = {{"family", "m7g"}, {"region", "eu-west-1"}};
  EXPECT_TRUE(may_be_exchanged(card, zonal, regional));
  regional.scope[1].second = "eu-west-2";
  EXPECT_FALSE(may_be_exchanged(card, zonal, regional));
  EXPECT_FALSE(may_be_exchanged(card, zonal, zonal));  // nothing would change
  card.offers[0].offer_class = "standard";
  regional.scope[1].second = "eu-west-1";
  EXPECT_FALSE(may_be_exchanged(card, zonal, regional));
}

TEST(Exchange, TheDifferenceOfUpfrontPaymentsIsDue) {
  // AWS's example: 600 upfront for the rest of the term, 500 of it paid: 100.
  const RateCard card = convertibles();
  const Instant begin = at("2026-01-01"), later = at("2026-07-02T12:00:00Z");
  std::vector<Holding> holdings = {holding_of("old", 2, {kOne}, Decimal{500 * kOne / 4380}, begin),
                                   holding_of("new", 2, {kOne}, Decimal{600 * kOne / 4380}, later)};
  holdings[1].owner = "";
  holdings[0].owner = "web";
  const auto said = apply_exchanges(card, holdings, {{1, "old"}});
  ASSERT_TRUE(said) << why(said);
  const auto flow = cash_flow(card, holdings[1]);
  ASSERT_EQ(flow.size(), 1u);
  EXPECT_EQ(flow[0].due, later);
  EXPECT_EQ(to_text(flow[0].amount, 6), "100.000000");
  EXPECT_EQ(holdings[1].owner, "web");
}

}  // namespace
}  // namespace steelyard
