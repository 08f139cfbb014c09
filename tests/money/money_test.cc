#include "money/money.h"

#include <gtest/gtest.h>

namespace steelyard {
namespace {

Decimal of(const char* text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact);
  return value;
}

TEST(Currency, KnowsTheSmallestUnit) {
  EXPECT_EQ(currency_of("USD").decimals, 2);
  EXPECT_EQ(currency_of("JPY").decimals, 0);
  EXPECT_EQ(currency_of("KRW").decimals, 0);
  EXPECT_EQ(currency_of("KWD").decimals, 3);
  EXPECT_EQ(currency_of("TND").decimals, 3);
  EXPECT_EQ(currency_of("CLF").decimals, 4);
  EXPECT_EQ(currency_of("UYW").decimals, 4);
  EXPECT_EQ(currency_of("XPF").decimals, 0);
  EXPECT_EQ(currency_of("BHD").decimals, 3);
  EXPECT_EQ(currency_of("DBU").decimals, 2);
  EXPECT_EQ(currency_of("").decimals, 2);
}

TEST(Money, IsShownInItsOwnDecimals) {
  EXPECT_EQ(to_text(Money{of("1234.5"), currency_of("USD")}), "1,234.50 USD");
  EXPECT_EQ(to_text(Money{of("1234.5"), currency_of("JPY")}), "1,234 JPY");
  EXPECT_EQ(to_text(Money{of("-0.0005"), currency_of("KWD")}), "0.000 KWD");
  EXPECT_EQ(to_text(Money{of("-0.0015"), currency_of("KWD")}), "-0.002 KWD");
}

TEST(Money, AddsOneCurrencyOnly) {
  const Money dollar{of("1.10"), currency_of("USD")}, euro{of("1"), currency_of("EUR")};
  EXPECT_EQ(to_text(dollar + dollar), "2.20 USD");
  EXPECT_EQ(to_text(dollar - dollar), "0.00 USD");
  EXPECT_DEATH((void)(dollar + euro), "SY0001");
  EXPECT_DEATH((void)(dollar - euro), "SY0001");
}

TEST(Tolerance, DecidesTheWorkedScenariosOfTheSpecification) {
  const auto within = [](const char* difference, const char* currency, std::int64_t rows) {
    return of(difference) <= rounding_variance_tolerance(currency_of(currency), rows);
  };
  EXPECT_TRUE(within("0.02", "USD", 5));
  EXPECT_FALSE(within("5.00", "USD", 5));
  EXPECT_TRUE(within("4.50", "USD", 1'000'000));
  EXPECT_FALSE(within("15.00", "USD", 1'000'000));
}

TEST(Tolerance, IsTheLargerOfTheTwoBounds) {
  const auto tolerance = [](const char* currency, std::int64_t rows) {
    return to_text(rounding_variance_tolerance(currency_of(currency), rows));
  };
  EXPECT_EQ(tolerance("USD", 0), "1");
  EXPECT_EQ(tolerance("USD", 40'000), "1");
  EXPECT_EQ(tolerance("USD", 1'000'000), "5");
  EXPECT_EQ(tolerance("JPY", 5), "100");
  EXPECT_EQ(tolerance("JPY", 1'000'000), "500");
  EXPECT_EQ(tolerance("KWD", 1'000'000), "0.5");
  // sqrt(40001) = 200.00249998...: the root is rounded up at the sixth decimal.
  EXPECT_EQ(tolerance("USD", 40'001), "1.0000125");
  EXPECT_EQ(tolerance("USD", 9'223'372'036'854'775'807), "15185002.49988025");
}

TEST(Basis, HasOneNameAndOneColumn) {
  EXPECT_EQ(name(Basis::kEffective), "effective");
  EXPECT_EQ(column(Basis::kContracted), "ContractedCost");
  for (const Basis basis : {Basis::kBilled, Basis::kEffective, Basis::kList, Basis::kContracted}) {
    EXPECT_EQ(parse_basis(name(basis)).value(), basis);
    EXPECT_EQ(parse_basis(column(basis)).value(), basis);
  }
  EXPECT_EQ(parse_basis("Billed").value(), Basis::kBilled);
  const auto wrong = parse_basis("efective");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "SY1011");
  EXPECT_NE(wrong.error().fix.find("effective"), std::string::npos);
  EXPECT_NE(parse_basis("amortized").error().fix.find("effective"), std::string::npos);
}

}  // namespace
}  // namespace steelyard
