// Payments: every digit is due once, and interest is what the closed forms say.
#include "commitments/payments.h"

#include <gtest/gtest.h>

#include <cmath>

#include "commitments/fixture.h"

namespace steelyard::commitments_test {
namespace {

/// A unit for a year at `price` an hour, of which `share` is due at once.
struct Term {
  Term(std::string_view price, std::string_view share, int years = 1,
       const char* begin = "2026-01-01")
      : market({"usage"}) {
    const auto offer = market.offer("q", Instrument::kQuantity, {"usage"}, years);
    market.card.offers[offer].upfront_share = number(share);
    market.card.offers[offer].payment = share == "0"   ? Payment::kNoUpfront
                                        : share == "1" ? Payment::kAllUpfront
                                                       : Payment::kPartialUpfront;
    market.pool({"a"}, "1", {{"q", std::string(price)}}, "1");
    market.begin = at(begin);
    market.buy("q", "1", {{"usage", "a"}});
  }
  std::vector<CashFlow> flow() const { return cash_flow(market.card, market.holdings[0]); }
  Market market;
};

Decimal sum(const std::vector<CashFlow>& flow) {
  Decimal total;
  for (const CashFlow& payment : flow) total += payment.amount;
  return total;
}

TEST(CashFlow, NothingUpfrontIsDueMonthlyInArrears) {
  const auto flow = Term("0.5", "0").flow();
  ASSERT_EQ(flow.size(), 12u);
  EXPECT_EQ(format_instant(flow[0].due), "2026-02-01T00:00:00Z");
  EXPECT_EQ(to_text(flow[0].amount), "372");  // 744 hours
  EXPECT_EQ(to_text(flow[1].amount), "336");  // 672 hours
  EXPECT_EQ(format_instant(flow[11].due), "2027-01-01T00:00:00Z");
  EXPECT_EQ(to_text(sum(flow)), "4380");
}

TEST(CashFlow, AllUpfrontIsDueAtOnce) {
  const auto flow = Term("0.5", "1").flow();
  ASSERT_EQ(flow.size(), 1u);
  EXPECT_EQ(format_instant(flow[0].due), "2026-01-01T00:00:00Z");
  EXPECT_EQ(to_text(flow[0].amount), "4380");
}

TEST(CashFlow, PartsSumToTheWholeToTheLastDigit) {
  for (const char* share : {"0", "0.5", "0.333333333333333333", "1"}) {
    for (const char* price : {"0.123456789012345678", "0.000000000000000001", "7"}) {
      const Term term(price, share, 3, "2026-02-27T05:00:00Z");
      EXPECT_EQ(sum(term.flow()).units, number(price).units * 26280) << price << " " << share;
    }
  }
}

TEST(CashFlow, OfSeveralIsSummedByDate) {
  Term term("0.5", "0");
  term.market.buy("q", "1", {{"usage", "a"}});
  const auto flow = cash_flow(term.market.card, term.market.holdings);
  ASSERT_EQ(flow.size(), 12u);
  EXPECT_EQ(to_text(flow[0].amount), "744");
}

TEST(PresentValue, IsTheDiscountedSum) {
  const std::vector<CashFlow> flow = {{at("2026-01-01"), number("100")},
                                      {at("2027-01-01"), number("110")},
                                      {at("2028-01-01"), number("121")}};
  EXPECT_EQ(to_text(present_value(flow, at("2026-01-01"), 0.1)), "300");
  EXPECT_EQ(to_text(present_value(flow, at("2027-01-01"), 0.1)), "330");
  EXPECT_EQ(to_text(present_value(flow, at("2026-01-01"), 0)), "331");
  EXPECT_EQ(to_text(present_value({}, at("2026-01-01"), 0.1)), "0");
}

TEST(PresentValue, AtNoInterestIsWhatIsPaid) {
  const Term term("0.0123456789", "0.5", 3);
  EXPECT_EQ(present_value(term.flow(), term.market.begin, 0), round(sum(term.flow()), 9));
}

TEST(ImpliedReturn, OfOnePaymentAgainstAnother) {
  const std::vector<CashFlow> now = {{at("2026-01-01"), number("100")}};
  const std::vector<CashFlow> then = {{at("2027-01-01"), number("108")}};
  EXPECT_NEAR(*implied_annual_return(now, then), 0.08, 1e-12);
  EXPECT_FALSE(implied_annual_return(then, now));  // it is the other that is due earlier
  EXPECT_FALSE(implied_annual_return(now, now));
  const std::vector<CashFlow> cheaper = {{at("2027-01-01"), number("99")}};
  EXPECT_FALSE(implied_annual_return(now, cheaper));
}

TEST(ImpliedReturn, MakesBothPaymentsWorthTheSame) {
  for (const int years : {1, 3}) {
    for (const char* share : {"0.5", "1"}) {
      const Term later("0.70", "0", years);
      const Term upfront("0.66", share, years);
      const auto rate = implied_annual_return(upfront.flow(), later.flow());
      ASSERT_TRUE(rate);
      EXPECT_GT(*rate, 0);
      EXPECT_EQ(present_value(upfront.flow(), later.market.begin, *rate),
                present_value(later.flow(), later.market.begin, *rate));
    }
  }
}

/// An instance type of today in us-east-1 (x2iedn.32xlarge, Linux): effective prices per hour of
/// standard reserved instances, as AWS printed them.
TEST(ImpliedReturn, OfAReservedInstanceByAnAnnuity) {
  const Term none("23.44047", "0"), all("21.87774", "1");
  const auto rate = implied_annual_return(all.flow(), none.flow());
  ASSERT_TRUE(rate);
  // Twelve equal payments, one a month: 21.87774 = 23.44047 / 12 sum (1 + r) ^ (-k / 12).
  const auto left = [](double r) {
    double value = 0;
    for (int k = 1; k <= 12; ++k) value += 23.44047 / 12 * std::pow(1 + r, -k / 12.0);
    return value - 21.87774;
  };
  double low = 0, high = 1;
  for (int i = 0; i < 100; ++i) (left((low + high) / 2) > 0 ? low : high) = (low + high) / 2;
  EXPECT_NEAR(*rate, low, 0.002);  // the months have unlike lengths
  EXPECT_NEAR(*rate, 0.136, 0.002);
}

TEST(ReturnOfUpfront, ComparesWithTheSameOfferPaidLater) {
  Market market({"usage"});
  for (const auto& [name, payment] :
       {std::pair{"none", Payment::kNoUpfront}, std::pair{"all", Payment::kAllUpfront}}) {
    auto& offer = market.card.offers[market.offer(name, Instrument::kComputeSp, {})];
    offer.payment = payment;
    offer.upfront_share = number(payment == Payment::kAllUpfront ? "1" : "0");
  }
  market.pool({"a"}, "1", {{"none", "0.70"}, {"all", "0.66"}}, "3");
  market.begin = at("2026-01-01");
  const auto all = market.buy("all", "1.32"), none = market.buy("none", "0.70");
  const auto rate = return_of_upfront(market.card, market.table(), market.bill(), all);
  ASSERT_TRUE(rate);
  // The same two units would have cost 1.40 an hour under the plan that is paid monthly.
  EXPECT_NEAR(*rate, *implied_annual_return(Term("1.32", "1").flow(), Term("1.4", "0").flow()),
              1e-9);
  EXPECT_FALSE(return_of_upfront(market.card, market.table(), market.bill(), none));
  market.usage[0] = {};
  EXPECT_FALSE(return_of_upfront(market.card, market.table(), market.bill(), all));
}

TEST(BreakEven, UseIsPriceOverOnDemand) {
  EXPECT_DOUBLE_EQ(*break_even_use(number("0.6"), number("1")), 0.6);
  EXPECT_FALSE(break_even_use(number("0.6"), number("0")));
}

TEST(BreakEven, HoursUntilTheUpfrontPaymentIsEarned) {
  const auto hours = [](const char* price, const char* share, const char* saved) {
    const Term term(price, share);
    return break_even_hours(term.market.card, term.market.holdings[0], number(saved));
  };
  EXPECT_EQ(hours("0.6", "1", "1"), 5256);    // 0.6 x 8,760
  EXPECT_EQ(hours("0.6", "0.5", "1"), 3755);  // 2,628 / 0.7 = 3,754.3
  EXPECT_EQ(hours("0.6", "0", "1"), 0);
  EXPECT_EQ(hours("0.6", "1", "0.6"), 8760);
  EXPECT_FALSE(hours("0.6", "1", "0.59"));
  EXPECT_FALSE(hours("0.6", "0", "0.5"));
}

}  // namespace
}  // namespace steelyard::commitments_test
