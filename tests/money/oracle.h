// Schoolbook arithmetic on strings of digits: slow, obvious, and sharing nothing with src/money, so
// that it can judge it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace oracle {

/// A whole number of any size, without a sign: decimal digits, most significant first, no leading
/// zero except "0".
using Digits = std::string;

inline Digits strip(const Digits& a) {
  const auto first = a.find_first_not_of('0');
  return first == std::string::npos ? "0" : a.substr(first);
}

inline int compare(const Digits& a, const Digits& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b) < 0 ? -1 : a == b ? 0 : 1;
}

inline Digits add(const Digits& a, const Digits& b) {
  Digits out;
  int carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    int sum = carry;
    if (i < a.size()) sum += a[a.size() - 1 - i] - '0';
    if (i < b.size()) sum += b[b.size() - 1 - i] - '0';
    out += static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  std::reverse(out.begin(), out.end());
  return strip(out);
}

/// a - b, a >= b.
inline Digits subtract(const Digits& a, const Digits& b) {
  Digits out;
  int borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    int digit = a[a.size() - 1 - i] - '0' - borrow;
    if (i < b.size()) digit -= b[b.size() - 1 - i] - '0';
    borrow = digit < 0 ? 1 : 0;
    out += static_cast<char>('0' + digit + 10 * borrow);
  }
  std::reverse(out.begin(), out.end());
  return strip(out);
}

inline Digits multiply(const Digits& a, const Digits& b) {
  std::vector<int> sum(a.size() + b.size(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      sum[i + j] += (a[a.size() - 1 - i] - '0') * (b[b.size() - 1 - j] - '0');
    }
  }
  Digits out;
  int carry = 0;
  for (int digit : sum) {
    digit += carry;
    out += static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  std::reverse(out.begin(), out.end());
  return strip(out);
}

/// Quotient and remainder as taught at school: bring down a digit, subtract while it goes.
inline std::pair<Digits, Digits> divide(const Digits& a, const Digits& b) {
  Digits quotient, rest = "0";
  for (const char digit : a) {
    rest = strip(rest + digit);
    int times = 0;
    while (compare(rest, b) >= 0) {
      rest = subtract(rest, b);
      ++times;
    }
    quotient += static_cast<char>('0' + times);
  }
  return {strip(quotient), rest};
}

/// The quotient rounded half to even.
inline Digits divide_half_even(const Digits& a, const Digits& b) {
  auto [quotient, rest] = divide(a, b);
  const int half = compare(add(rest, rest), b);
  const bool odd = (quotient.back() - '0') % 2 == 1;
  return half > 0 || (half == 0 && odd) ? add(quotient, "1") : quotient;
}

inline Digits digits_of(__int128 units) {
  unsigned __int128 rest =
      units < 0 ? -static_cast<unsigned __int128>(units) : static_cast<unsigned __int128>(units);
  Digits out;
  do {
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  return out;
}

/// "-1234" for a count of units.
inline std::string signed_digits(__int128 units) {
  return (units < 0 ? "-" : "") + digits_of(units);
}

/// Numbers as bills have them and as they should not: all lengths up to `most_digits`, with runs of
/// 0 and 9.
inline __int128 random_units(std::mt19937_64& random, int most_digits) {
  const int digits = 1 + static_cast<int>(random() % static_cast<unsigned>(most_digits));
  __int128 units = 0;
  for (int i = 0; i < digits; ++i) {
    const auto kind = random() % 8;
    units = units * 10 + static_cast<int>(kind == 0   ? 0
                                          : kind == 1 ? 9
                                          : kind == 2 ? 5
                                                      : random() % 10);
  }
  return random() % 2 == 0 ? units : -units;
}

}  // namespace oracle
