#include "money/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "money/oracle.h"
#include "money/splits.h"

namespace steelyard {
namespace {

std::string parsed(std::string_view text) {
  Decimal value;
  Int128 residual = 0;
  switch (parse_decimal(text, value, residual)) {
    case ParseOutcome::kExact:
      EXPECT_EQ(oracle::signed_digits(residual), "0") << text;
      return to_text(value);
    case ParseOutcome::kRounded:
      return to_text(value) + " left " + oracle::signed_digits(residual);
    case ParseOutcome::kNotNumber:
      return "not a number";
    case ParseOutcome::kTooLarge:
      return "too large";
  }
  return "?";
}

TEST(ParseDecimal, ReadsWhatProvidersWrite) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.000", "0"},
      {"0E-18", "0"},
      {"0e99999999999999999999", "0"},
      {"9.984E-7", "0.0000009984"},
      {"-0.0000001250", "-0.000000125"},
      {"+1.5", "1.5"},
      {"1e+3", "1000"},
      {"1E3", "1000"},
      {"12.", "12"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"149976632.649808", "149976632.649808"},
      {"000000000000000000000000000000000007.10", "7.1"},
      {"1.000000000000000001", "1.000000000000000001"},
      {"0.100000000000000000000000000000", "0.1"},
      {"123456789012345678", "123456789012345678"},
      {"1234567890123456789", "1234567890123456789"},
      {"12345678901234567890", "12345678901234567890"},
      {"99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"},
      {"-99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"},
      {"0.00000000000000000000000000000000000001e+20", "0.000000000000000001"},
      {"1000000000000000000000000000e-20", "10000000"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parsed(text), expected) << text;
}

TEST(ParseDecimal, KeepsWhatItRoundsAwayAsResidual) {
  // An Azure price has 28 decimals; value + residual x 10^-36 is the text again.
  EXPECT_EQ(parsed("0.0000000000000000015"), "0.000000000000000002 left -500000000000000000");
  EXPECT_EQ(parsed("0.0000000000000000025"), "0.000000000000000002 left 500000000000000000");
  EXPECT_EQ(parsed("-0.0000000000000000025"), "-0.000000000000000002 left -500000000000000000");
  EXPECT_EQ(parsed("0.1234567890123456784321098765"),
            "0.123456789012345678 left 432109876500000000");
  EXPECT_EQ(parsed("5E-13"), "0.0000000000005");
  EXPECT_EQ(parsed("1e-36"), "0 left 1");
  EXPECT_EQ(parsed("-1e-36"), "0 left -1");
  EXPECT_EQ(parsed("9.9999999999999999999"), "10 left -100000000000000000");
}

TEST(ParseDecimal, RefusesWhatIsNotADecimalNumber) {
  for (const char* text :
       {"",          "-",    "+",     ".",     "-.",    "e5",
        "1e",        "1e+",  "1e-",   "1.2.3", "1,5",   "1,000.00",
        " 1",        "1 ",   "1\n",   "NaN",   "nan",   "inf",
        "-Infinity", "0x10", "1_000", "--1",   "+-1",   "1-",
        "$1",        "1%",   "1e5.0", "NULL",  "1e-37", "0.0000000000000000000000000000000000001",
        "١",         "1d",   "１"}) {
    EXPECT_EQ(parsed(text), "not a number") << text;
  }
  EXPECT_EQ(parsed(std::string_view("1\0", 2)), "not a number");
}

TEST(ParseDecimal, RefusesWhatDoesNotFitInsteadOfWrapping) {
  for (const char* text :
       {"100000000000000000000", "-100000000000000000000", "1e20", "1e400",
        "9e99999999999999999999", "99999999999999999999.9999999999999999995",
        "340282366920938463463374607431768211456", "18446744073709551616000000000000000000000"}) {
    EXPECT_EQ(parsed(text), "too large") << text;
  }
  EXPECT_EQ(parsed("0.00000000001e30"), "10000000000000000000");
}

/// Moves the point in the text itself, so that what is expected needs no arithmetic beyond rounding
/// a string of digits.
std::string expected_parse(const std::string& sign, const std::string& whole,
                           const std::string& fraction, int exponent) {
  std::string digits = whole + fraction;
  auto point = static_cast<std::int64_t>(whole.size()) + exponent;
  if (point < 0) {
    digits.insert(0, static_cast<std::size_t>(-point), '0');
    point = 0;
  }
  while (static_cast<std::int64_t>(digits.size()) < point + 36) digits += '0';
  const std::string integer =
      oracle::strip("0" + digits.substr(0, static_cast<std::size_t>(point)));
  const std::string rest = digits.substr(static_cast<std::size_t>(point));
  if (integer != "0" && integer.size() > 20) return "too large";
  if (rest.find_first_not_of('0', 36) != std::string::npos) return "not a number";
  const std::string all = oracle::strip(integer + rest.substr(0, 36));  // in 10^-36
  const std::string unit = "1" + std::string(18, '0');
  const std::string units = oracle::divide_half_even(all, unit);
  if (units.size() > 38) return "too large";
  const std::string back = oracle::multiply(units, unit);
  const int left = oracle::compare(all, back);
  const std::string minus = sign == "-" ? "-" : "";
  std::string out = units == "0" ? "0" : minus + units;
  if (left > 0) out += " left " + minus + oracle::subtract(all, back);
  if (left < 0)
    out += std::string(" left ") + (sign == "-" ? "" : "-") + oracle::subtract(back, all);
  return out;
}

TEST(ParseDecimal, AgreesWithMovingThePointByHand) {
  std::mt19937_64 random(20260701);
  const auto digits = [&](std::size_t most) {
    std::string out;
    for (std::size_t n = random() % (most + 1); n > 0; --n) {
      const auto kind = random() % 6;
      out += static_cast<char>('0' + (kind == 0   ? 0
                                      : kind == 1 ? 9
                                      : kind == 2 ? 5
                                                  : random() % 10));
    }
    return out;
  };
  int rounded = 0, large = 0, exact = 0, not_number = 0;
  for (int i = 0; i < 60'000; ++i) {
    const char* signs[] = {"", "-", "+"};
    const std::string sign = signs[random() % 3];
    std::string whole = digits(i % 3 == 0 ? 24 : 6), fraction = digits(i % 5 == 0 ? 30 : 12);
    if (whole.empty() && fraction.empty()) whole = "0";
    const int exponent = i % 2 == 0 ? 0 : static_cast<int>(random() % 61) - 30;
    std::string text = sign + whole + (fraction.empty() && i % 7 != 0 ? "" : "." + fraction);
    if (exponent != 0) text += (i % 4 == 1 ? "e" : "E") + std::to_string(exponent);

    Decimal value;
    Int128 residual = 0;
    std::string got;
    switch (parse_decimal(text, value, residual)) {
      case ParseOutcome::kExact:
        got = oracle::signed_digits(value.units), ++exact;
        break;
      case ParseOutcome::kRounded:
        got = oracle::signed_digits(value.units) + " left " + oracle::signed_digits(residual);
        ++rounded;
        break;
      case ParseOutcome::kNotNumber:
        got = "not a number", ++not_number;
        break;
      case ParseOutcome::kTooLarge:
        got = "too large", ++large;
        break;
    }
    ASSERT_EQ(got, expected_parse(sign, whole, fraction, exponent)) << text;
  }
  // The generator must have reached every outcome, else the comparison above says little.
  EXPECT_GT(exact, 1000);
  EXPECT_GT(rounded, 1000);
  EXPECT_GT(large, 1000);
  EXPECT_GT(not_number, 1000);
}

TEST(DecimalOfDouble, TakesTheShortestTextThatReadsBack) {
  Decimal value;
  Int128 residual = 0;
  EXPECT_EQ(decimal_of_double(0.1, value, residual), ParseOutcome::kExact);
  EXPECT_EQ(to_text(value), "0.1");
  EXPECT_EQ(decimal_of_double(9.984e-7, value, residual), ParseOutcome::kExact);
  EXPECT_EQ(to_text(value), "0.0000009984");
  EXPECT_EQ(decimal_of_double(-0.0, value, residual), ParseOutcome::kExact);
  EXPECT_EQ(to_text(value), "0");
  EXPECT_EQ(decimal_of_double(0.1 + 0.2, value, residual), ParseOutcome::kExact);
  EXPECT_EQ(to_text(value), "0.30000000000000004");
  EXPECT_EQ(decimal_of_double(1e300, value, residual), ParseOutcome::kTooLarge);
  EXPECT_EQ(decimal_of_double(std::numeric_limits<double>::quiet_NaN(), value, residual),
            ParseOutcome::kNotNumber);
  EXPECT_EQ(decimal_of_double(-std::numeric_limits<double>::infinity(), value, residual),
            ParseOutcome::kNotNumber);
  EXPECT_EQ(decimal_of_double(-1.1102230246251565e-16, value, residual), ParseOutcome::kRounded);
  EXPECT_EQ(to_text(value), "-0.000000000000000111");
  EXPECT_EQ(oracle::signed_digits(residual), "-22302462515650000");
}

TEST(ToText, ShowsWhatItHoldsAndReadsBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 50'000; ++i) {
    const Decimal value{oracle::random_units(random, 38)};
    Decimal back;
    ASSERT_EQ(parse_decimal(to_text(value), back), ParseOutcome::kExact) << to_text(value);
    ASSERT_EQ(value, back);
    const int decimals = static_cast<int>(random() % 19);
    const std::string digits =
        oracle::divide_half_even(oracle::digits_of(value.units),
                                 "1" + std::string(static_cast<std::size_t>(18 - decimals), '0'));
    std::string expected = digits;
    if (expected.size() <= static_cast<std::size_t>(decimals)) {
      expected.insert(0, static_cast<std::size_t>(decimals) + 1 - expected.size(), '0');
    }
    if (decimals > 0) expected.insert(expected.size() - static_cast<std::size_t>(decimals), ".");
    if (value.units < 0 && digits != "0") expected.insert(0, "-");
    ASSERT_EQ(to_text(value, decimals), expected) << to_text(value) << " at " << decimals;
    if (decimals <= 18 && digits.size() <= 20 + static_cast<std::size_t>(decimals) &&
        oracle::digits_of(value.units).size() < 38) {
      ASSERT_EQ(to_text(round(value, decimals), decimals), expected);
    }
  }
}

TEST(ToText, GroupsThousandsAndNeverShowsMinusZero) {
  const auto of = [](const char* text) {
    Decimal value;
    EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact);
    return value;
  };
  EXPECT_EQ(to_text(of("1234567.895"), 2, true), "1,234,567.90");
  EXPECT_EQ(to_text(of("1234567.885"), 2, true), "1,234,567.88");
  EXPECT_EQ(to_text(of("-999.995"), 2, true), "-1,000.00");
  EXPECT_EQ(to_text(of("-0.004"), 2), "0.00");
  EXPECT_EQ(to_text(of("100"), 0, true), "100");
  EXPECT_EQ(to_text(of("99999999999999999999.9"), 0, true), "100,000,000,000,000,000,000");
}

TEST(Round, HasFourWays) {
  const auto rounded = [](const char* text, Rounding rounding) {
    Decimal value;
    EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact);
    return to_text(round(value, 1, rounding));
  };
  EXPECT_EQ(rounded("0.25", Rounding::kHalfEven), "0.2");
  EXPECT_EQ(rounded("0.35", Rounding::kHalfEven), "0.4");
  EXPECT_EQ(rounded("-0.25", Rounding::kHalfEven), "-0.2");
  EXPECT_EQ(rounded("0.250000000000000001", Rounding::kHalfEven), "0.3");
  EXPECT_EQ(rounded("0.25", Rounding::kHalfAwayFromZero), "0.3");
  EXPECT_EQ(rounded("-0.25", Rounding::kHalfAwayFromZero), "-0.3");
  EXPECT_EQ(rounded("-0.249999999999999999", Rounding::kHalfAwayFromZero), "-0.2");
  EXPECT_EQ(rounded("0.29", Rounding::kTowardsZero), "0.2");
  EXPECT_EQ(rounded("-0.29", Rounding::kTowardsZero), "-0.2");
  EXPECT_EQ(rounded("0.200000000000000001", Rounding::kUp), "0.3");
  EXPECT_EQ(rounded("-0.200000000000000001", Rounding::kUp), "-0.3");
  EXPECT_EQ(rounded("0.2", Rounding::kUp), "0.2");
}

TEST(MultiplyDivide, AgreesWithSchoolbookArithmetic) {
  std::mt19937_64 random(99);
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Decimal a{oracle::random_units(random, 38)}, b{oracle::random_units(random, 38)};
    const Decimal c{oracle::random_units(random, 38)};
    if (c.units == 0) continue;
    const std::string expected = oracle::divide_half_even(
        oracle::multiply(oracle::digits_of(a.units), oracle::digits_of(b.units)),
        oracle::digits_of(c.units));
    if (expected.size() > 38) continue;  // beyond DECIMAL(38,18): a stop, tested below
    const bool negative = ((a.units < 0) != (b.units < 0)) != (c.units < 0);
    ASSERT_EQ(oracle::signed_digits(multiply_divide(a, b, c).units),
              negative && expected != "0" ? "-" + expected : expected);
    ++compared;
  }
  EXPECT_GT(compared, 5'000);
}

TEST(Multiply, SaysWhetherItIsExact) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal a{oracle::random_units(random, 28)}, b{oracle::random_units(random, 28)};
    const auto [quotient, rest] =
        oracle::divide(oracle::multiply(oracle::digits_of(a.units), oracle::digits_of(b.units)),
                       "1" + std::string(18, '0'));
    bool exact = false;
    const Decimal product = multiply(a, b, &exact);
    ASSERT_EQ(exact, rest == "0");
    if (exact) {
      ASSERT_EQ(oracle::digits_of(product.units), quotient);
    }
  }
}

TEST(DecimalDeathTest, StopsInsteadOfWrapping) {
  const Decimal most{kMaxUnits}, unit{1};
  EXPECT_EQ(to_text(most), "99999999999999999999.999999999999999999");
  EXPECT_EQ((most - unit) + unit, most);
  EXPECT_DEATH((void)(most + unit), "SY0001");
  EXPECT_DEATH((void)(-most - unit), "SY0001");
  EXPECT_DEATH((void)multiply(most, most), "SY0001");
  EXPECT_DEATH((void)multiply_divide(most, Decimal{2 * kOne}, Decimal{kOne}), "SY0001");
  EXPECT_DEATH((void)multiply_divide(unit, unit, Decimal{0}), "SY0001");
  EXPECT_DEATH((void)round(most, 0), "SY0001");
  EXPECT_DEATH((void)apportion(unit, std::vector<Decimal>{{0}, {0}}), "SY0001");
  EXPECT_DEATH((void)apportion(unit, std::vector<Decimal>{{2}, {-1}}), "SY0001");
  EXPECT_DEATH((void)apportion(unit, std::vector<Decimal>{}), "SY0001");
}

TEST(Ratio, IsForScreensOnly) {
  EXPECT_EQ(ratio({kOne}, {4 * kOne}), 0.25);
  EXPECT_EQ(ratio({kOne}, {0}), 0);
}

TEST(Apportion, GivesTheLastUnitToTheLargestRemainder) {
  const auto texts = [](const std::vector<Decimal>& parts, int decimals) {
    std::string out;
    for (const Decimal part : parts) out += to_text(part, decimals) + " ";
    return out;
  };
  const std::vector<Decimal> thirds = {{1}, {1}, {1}};
  EXPECT_EQ(texts(apportion({100 * kOne}, thirds, 2), 2), "33.34 33.33 33.33 ");
  EXPECT_EQ(texts(apportion({-100 * kOne}, thirds, 2), 2), "-33.34 -33.33 -33.33 ");
  const std::vector<Decimal> third_and_rest = {{1}, {0}, {2}};
  EXPECT_EQ(texts(apportion({100 * kOne}, third_and_rest, 2), 2), "33.33 0.00 66.67 ");
  EXPECT_EQ(texts(apportion({kOne / 1000}, third_and_rest, 2), 3), "0.000 0.000 0.001 ");
  EXPECT_EQ(texts(apportion({0}, thirds), 2), "0.00 0.00 0.00 ");
  const std::vector<Decimal> heavy = {{kMaxUnits}, {kMaxUnits}, {kMaxUnits}};
  EXPECT_EQ(texts(apportion({kOne}, heavy, 18), 18),
            "0.333333333333333334 0.333333333333333333 0.333333333333333333 ");
}

TEST(Apportion, ConservesAndIsFair) { check_apportion(20'000, 1); }

TEST(RoundToTotal, ShownPartsSumToTheShownTotal) { check_round_to_total(20'000, 2); }

TEST(RoundToTotal, LeavesExactPartsAlone) {
  const std::vector<Decimal> parts = {{kOne / 2}, {kOne / 2}, {kOne}, {-kOne / 2}};
  const auto rounded = round_to_total(parts, 0);
  ASSERT_EQ(rounded.size(), 4u);
  EXPECT_EQ(to_text(rounded[2]), "1");
  Decimal sum;
  for (const Decimal part : rounded) sum += part;
  EXPECT_EQ(to_text(sum), "2");  // 1.5 rounds half to even
  EXPECT_TRUE(round_to_total({}, 2).empty());
}

}  // namespace
}  // namespace steelyard
