#include "money/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace steelyard {

namespace {

using UInt128 = unsigned __int128;

constexpr std::array<UInt128, 39> make_powers() {
  std::array<UInt128, 39> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<UInt128, 39> kPowers = make_powers();
constexpr UInt128 kLimit = kPowers[38] - 1;

constexpr std::array<std::uint64_t, 19> make_small_powers() {
  std::array<std::uint64_t, 19> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<std::uint64_t, 19> kSmallPowers = make_small_powers();

UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

Decimal signed_decimal(UInt128 units, bool negative) {
  SY_ASSERT(units <= kLimit);
  const auto value = static_cast<Int128>(units);
  return {negative ? -value : value};
}

struct Wide {
  UInt128 high, low;
};

Wide multiply_wide(UInt128 a, UInt128 b) {
  const std::uint64_t a0 = static_cast<std::uint64_t>(a), a1 = static_cast<std::uint64_t>(a >> 64);
  const std::uint64_t b0 = static_cast<std::uint64_t>(b), b1 = static_cast<std::uint64_t>(b >> 64);
  const UInt128 low = static_cast<UInt128>(a0) * b0;
  const UInt128 middle_a = static_cast<UInt128>(a1) * b0 + static_cast<std::uint64_t>(low >> 64);
  const UInt128 middle_b = static_cast<UInt128>(a0) * b1 + static_cast<std::uint64_t>(middle_a);
  const UInt128 high = static_cast<UInt128>(a1) * b1 + (middle_a >> 64) + (middle_b >> 64);
  return {high, (middle_b << 64) | static_cast<std::uint64_t>(low)};
}

struct Division {
  UInt128 quotient, remainder;
};

/// Long division in base 2^64 of a two-digit divisor (Knuth, The Art of Computer Programming 4.3.1
/// D). Needs number.high < divisor, so that the quotient has one place.
Division divide_wide(Wide number, UInt128 divisor) {
  if (number.high == 0) {
    const UInt128 quotient = number.low / divisor;  // and the rest without a second division
    return {quotient, number.low - quotient * divisor};
  }
  const auto leading_zeros = [](UInt128 x) {
    const auto high = static_cast<std::uint64_t>(x >> 64);
    return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll(static_cast<std::uint64_t>(x));
  };
  constexpr UInt128 kBase = static_cast<UInt128>(1) << 64;
  const int shift = leading_zeros(divisor);
  const UInt128 d = divisor << shift;
  const UInt128 d1 = d >> 64, d0 = static_cast<std::uint64_t>(d);
  const UInt128 top =
      shift == 0 ? number.high : (number.high << shift) | (number.low >> (128 - shift));
  const UInt128 bottom = number.low << shift;
  const auto digit = [&](UInt128 upper, UInt128 next) {
    UInt128 q = upper / d1, r = upper % d1;
    while (q >= kBase || q * d0 > (r << 64) + next) {
      --q;
      r += d1;
      if (r >= kBase) break;
    }
    return q;
  };
  const UInt128 next1 = bottom >> 64, next0 = static_cast<std::uint64_t>(bottom);
  const UInt128 q1 = digit(top, next1);
  const UInt128 rest = (top << 64) + next1 - q1 * d;
  const UInt128 q0 = digit(rest, next0);
  const UInt128 last = (rest << 64) + next0 - q0 * d;
  return {(q1 << 64) | q0, last >> shift};
}

/// Whether the magnitude goes one up, given what is left of the division.
bool goes_up(UInt128 quotient, UInt128 remainder, UInt128 divisor, Rounding rounding) {
  if (remainder == 0) return false;
  const UInt128 rest = divisor - remainder;  // comparing these two cannot overflow, doubling could
  switch (rounding) {
    case Rounding::kHalfEven:
      return remainder > rest || (remainder == rest && (quotient & 1) != 0);
    case Rounding::kHalfAwayFromZero:
      return remainder >= rest;
    case Rounding::kTowardsZero:
      return false;
    case Rounding::kUp:
      return true;
  }
  return false;
}

UInt128 grain(int decimals) {
  SY_ASSERT(decimals >= 0 && decimals <= kScale);
  return kPowers[static_cast<std::size_t>(kScale - decimals)];
}

/// Everything that the fast path leaves: exponents, many digits, errors. `text` is without its
/// sign.
ParseOutcome parse_slowly(std::string_view text, bool negative, Decimal& value,
                          Int128& residual_e36) {
  std::size_t i = 0;
  const auto is_digit = [&](std::size_t k) {
    return k < text.size() && text[k] >= '0' && text[k] <= '9';
  };
  while (is_digit(i)) ++i;
  const auto integer_digits = static_cast<std::int64_t>(i);
  std::int64_t digits = integer_digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (is_digit(i)) ++i, ++digits;
  }
  if (digits == 0) return ParseOutcome::kNotNumber;
  const std::size_t mantissa_size = i;
  std::int64_t exponent = 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool down = false;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) down = text[i++] == '-';
    if (!is_digit(i)) return ParseOutcome::kNotNumber;
    for (; is_digit(i); ++i) {
      // Beyond any cell's length the exact exponent no longer matters.
      if (exponent < 1'000'000'000'000'000) exponent = exponent * 10 + (text[i] - '0');
    }
    if (down) exponent = -exponent;
  }
  if (i != text.size()) return ParseOutcome::kNotNumber;

  UInt128 units = 0, below = 0;  // counts of 10^-18 and, below that, of 10^-36
  bool too_fine = false;
  std::int64_t place = integer_digits - 1 + exponent;  // the power of ten of the digit at hand
  for (std::size_t k = 0; k < mantissa_size; ++k) {
    if (text[k] == '.') continue;
    const auto d = static_cast<unsigned>(text[k] - '0');
    if (d != 0) {
      if (place >= 20) return ParseOutcome::kTooLarge;
      if (place >= -18) {
        units += d * kPowers[static_cast<std::size_t>(place + 18)];
      } else if (place >= -36) {
        below += d * kPowers[static_cast<std::size_t>(place + 36)];
      } else {
        too_fine = true;
      }
    }
    --place;
  }
  if (too_fine) return ParseOutcome::kNotNumber;
  auto residual = static_cast<Int128>(below);
  if (goes_up(units, below, kPowers[18], Rounding::kHalfEven)) {
    units += 1;
    residual -= static_cast<Int128>(kPowers[18]);
    if (units > kLimit) return ParseOutcome::kTooLarge;
  }
  value = signed_decimal(units, negative);
  residual_e36 = negative ? -residual : residual;
  return below == 0 ? ParseOutcome::kExact : ParseOutcome::kRounded;
}

std::string digits_of(UInt128 number) {
  char buffer[40];
  char* end = buffer + sizeof buffer;
  char* at = end;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number != 0);
  return {at, end};
}

}  // namespace

const Int128 kMaxUnits = static_cast<Int128>(kLimit);

Decimal Decimal::operator+(Decimal other) const {
  Int128 sum = 0;
  SY_ASSERT(!__builtin_add_overflow(units, other.units, &sum) && magnitude(sum) <= kLimit);
  return {sum};
}

Decimal Decimal::operator-(Decimal other) const {
  Int128 difference = 0;
  SY_ASSERT(!__builtin_sub_overflow(units, other.units, &difference) &&
            magnitude(difference) <= kLimit);
  return {difference};
}

ParseOutcome parse_decimal(std::string_view text, Decimal& value, Int128& residual_e36) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  const char* const start = p;

  // Nearly every cell is at most 18 digits, a point, and at most 18 digits: two 64-bit numbers.
  std::uint64_t whole = 0, fraction = 0;
  while (p != end && static_cast<unsigned char>(*p - '0') < 10) {
    whole = whole * 10 + static_cast<unsigned char>(*p - '0');
    ++p;
  }
  const auto whole_digits = p - start;
  std::ptrdiff_t fraction_digits = 0;
  if (p != end && *p == '.') {
    const char* const point = ++p;
    while (p != end && static_cast<unsigned char>(*p - '0') < 10) {
      fraction = fraction * 10 + static_cast<unsigned char>(*p - '0');
      ++p;
    }
    fraction_digits = p - point;
  }
  if (p != end || whole_digits > 18 || fraction_digits > 18 ||
      whole_digits + fraction_digits == 0) {
    return parse_slowly({start, static_cast<std::size_t>(end - start)}, negative, value,
                        residual_e36);
  }
  const UInt128 units =
      static_cast<UInt128>(whole) * kSmallPowers[18] +
      static_cast<UInt128>(fraction) * kSmallPowers[static_cast<std::size_t>(18 - fraction_digits)];
  value.units = negative ? -static_cast<Int128>(units) : static_cast<Int128>(units);
  residual_e36 = 0;
  return ParseOutcome::kExact;
}

ParseOutcome decimal_of_double(double number, Decimal& value, Int128& residual_e36) {
  char buffer[32];  // the shortest form of a double has at most 24 characters
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  SY_ASSERT(error == std::errc());
  return parse_decimal({buffer, static_cast<std::size_t>(end - buffer)}, value, residual_e36);
}

std::string to_text(Decimal value) {
  const UInt128 units = magnitude(value.units);
  std::string out = value.units < 0 ? "-" : "";
  out += digits_of(units / kPowers[18]);
  std::string fraction = digits_of(units % kPowers[18]);
  fraction.insert(0, 18 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

std::string to_text(Decimal value, int decimals, bool thousands) {
  const UInt128 step = grain(decimals);
  const UInt128 units = magnitude(value.units);
  UInt128 count = units / step;
  if (goes_up(count, units % step, step, Rounding::kHalfEven)) ++count;
  const UInt128 one = kPowers[static_cast<std::size_t>(decimals)];
  std::string whole = digits_of(count / one);
  if (thousands) {
    for (std::size_t i = whole.size(); i > 3; i -= 3) whole.insert(i - 3, ",");
  }
  std::string out = value.units < 0 && count != 0 ? "-" + whole : whole;  // never "-0.00"
  if (decimals > 0) {
    std::string fraction = digits_of(count % one);
    fraction.insert(0, static_cast<std::size_t>(decimals) - fraction.size(), '0');
    out += "." + fraction;
  }
  return out;
}

Decimal round(Decimal value, int decimals, Rounding rounding) {
  const UInt128 step = grain(decimals);
  const UInt128 units = magnitude(value.units);
  UInt128 count = units / step;
  if (goes_up(count, units % step, step, rounding)) ++count;
  return signed_decimal(count * step, value.units < 0);
}

Decimal multiply_divide(Decimal a, Decimal b, Decimal c, Rounding rounding) {
  SY_ASSERT(c.units != 0);
  const Wide product = multiply_wide(magnitude(a.units), magnitude(b.units));
  const UInt128 divisor = magnitude(c.units);
  SY_ASSERT(product.high < divisor);  // else the result is far beyond DECIMAL(38,18)
  Division result = divide_wide(product, divisor);
  if (goes_up(result.quotient, result.remainder, divisor, rounding)) {
    SY_ASSERT(result.quotient < kLimit);
    ++result.quotient;
  }
  return signed_decimal(result.quotient, ((a.units < 0) != (b.units < 0)) != (c.units < 0));
}

Decimal multiply(Decimal a, Decimal b, bool* exact) {
  if (exact != nullptr) {
    const Wide product = multiply_wide(magnitude(a.units), magnitude(b.units));
    SY_ASSERT(product.high < kPowers[18]);
    *exact = divide_wide(product, kPowers[18]).remainder == 0;
  }
  return multiply_divide(a, b, {kOne});
}

double ratio(Decimal part, Decimal whole) {
  if (whole.units == 0) return 0;
  return static_cast<double>(part.units) / static_cast<double>(whole.units);
}

std::vector<Decimal> apportion(Decimal whole, std::span<const Decimal> weights, int decimals) {
  const UInt128 step = grain(decimals);
  UInt128 weight_total = 0;
  std::size_t heaviest = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    SY_ASSERT(weights[i].units >= 0);
    SY_ASSERT(!__builtin_add_overflow(weight_total, magnitude(weights[i].units), &weight_total));
    if (weights[i].units > weights[heaviest].units) heaviest = i;
  }
  SY_ASSERT(weight_total > 0);

  const bool negative = whole.units < 0;
  const UInt128 units = magnitude(whole.units);
  const UInt128 count = units / step;
  std::vector<UInt128> shares(weights.size()), remainders(weights.size());
  UInt128 given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Division share =
        divide_wide(multiply_wide(count, magnitude(weights[i].units)), weight_total);
    shares[i] = share.quotient;
    remainders[i] = share.remainder;
    given += share.quotient;
  }
  const auto left = static_cast<std::size_t>(count - given);
  SY_ASSERT(left < weights.size());
  if (left > 0) {
    std::vector<std::size_t> order(weights.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(left), order.end(),
                     [&](std::size_t a, std::size_t b) {
                       return remainders[a] != remainders[b] ? remainders[a] > remainders[b]
                                                             : a < b;
                     });
    for (std::size_t k = 0; k < left; ++k) ++shares[order[k]];
  }

  std::vector<Decimal> parts;
  parts.reserve(weights.size());
  Decimal sum;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    // What is finer than the grain cannot be split by it and stays with the heaviest part.
    const UInt128 finer = i == heaviest ? units % step : 0;
    parts.push_back(signed_decimal(shares[i] * step + finer, negative));
    sum += parts.back();
  }
  SY_ASSERT(sum == whole);
  return parts;
}

std::vector<Decimal> round_to_total(std::span<const Decimal> parts, int decimals) {
  const auto step = static_cast<Int128>(grain(decimals));
  Decimal total, floor_total;
  std::vector<Decimal> rounded;
  rounded.reserve(parts.size());
  std::vector<Int128> remainders(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Int128 remainder = parts[i].units % step;
    if (remainder < 0) remainder += step;
    remainders[i] = remainder;
    rounded.push_back(parts[i] - Decimal{remainder});
    total += parts[i];
    floor_total += rounded[i];
  }
  const Decimal wanted = round(total, decimals);
  const auto ups = static_cast<std::size_t>((wanted - floor_total).units / step);
  SY_ASSERT(wanted >= floor_total && ups <= parts.size());
  std::vector<std::size_t> order(parts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return remainders[a] != remainders[b] ? remainders[a] > remainders[b] : a < b;
  });
  for (std::size_t k = 0; k < ups; ++k) rounded[order[k]] += Decimal{step};
  return rounded;
}

}  // namespace steelyard
