// A Decimal is a signed count of 10^-18 units in an int128: DuckDB's and Parquet's DECIMAL(38,18).
// Money, prices and quantities of bills all have this form, so that adding is integer addition and
// no order, thread or engine can change a sum. SQL adds; every division and rounding happens here,
// once, by a named method.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace steelyard {

using Int128 = __int128;

inline constexpr int kScale = 18;
inline constexpr Int128 kOne = static_cast<Int128>(1'000'000'000'000'000'000);
/// The largest magnitude of a DECIMAL(38,18): 10^38 - 1 units.
extern const Int128 kMaxUnits;

struct Decimal {
  Int128 units = 0;
  auto operator<=>(const Decimal&) const = default;
  Decimal operator-() const { return {-units}; }
  /// Sums of bills stay far below the limit; an overflow is a stop (SY_ASSERT), never a wrap.
  Decimal operator+(Decimal other) const;
  Decimal operator-(Decimal other) const;
  Decimal& operator+=(Decimal other) { return *this = *this + other; }
  Decimal& operator-=(Decimal other) { return *this = *this - other; }
};

enum class ParseOutcome {
  kExact,      ///< every digit is in `value`
  kRounded,    ///< more than 18 fractional digits: `value` is rounded half to even, the rest is the
               ///< residual
  kNotNumber,  ///< not a decimal number as providers write it
  kTooLarge,   ///< more than 20 integer digits
};

/// Parses "-0.0000001250", "9.984E-7", "0E-18", "1e+3", "+1.5" (a plus sign is read and left to
/// conformance). No spaces, no thousands separators, no NaN, no hexadecimal. No allocation; used
/// once per cell. For kRounded, text = value + residual, where the residual is in units of 10^-36
/// (digits beyond 36 decimals make it kNotNumber unless they are zeros).
ParseOutcome parse_decimal(std::string_view text, Decimal& value, Int128& residual_e36);
inline ParseOutcome parse_decimal(std::string_view text, Decimal& value) {
  Int128 residual = 0;
  return parse_decimal(text, value, residual);
}

/// The shortest decimal that reads back as the same double (what a CSV of the same export would
/// say), then parse_decimal.
ParseOutcome decimal_of_double(double number, Decimal& value, Int128& residual_e36);

/// Exact text without trailing zeros: "0.02", "-12", "1.000000000000000001".
std::string to_text(Decimal value);
/// Rounded half to even to `decimals` places (0..18), always that many: "12.50". `thousands` groups
/// by commas.
std::string to_text(Decimal value, int decimals, bool thousands = false);

/// kUp: away from zero whenever anything is left.
enum class Rounding { kHalfEven, kHalfAwayFromZero, kTowardsZero, kUp };

/// Rounds to `decimals` places.
Decimal round(Decimal value, int decimals, Rounding rounding = Rounding::kHalfEven);
/// a x b / c in 256-bit arithmetic, rounded once to 10^-18. c must not be 0; a result beyond
/// DECIMAL(38,18) is a stop.
Decimal multiply_divide(Decimal a, Decimal b, Decimal c, Rounding rounding = Rounding::kHalfEven);
/// The exact product if it fits 18 decimals, else rounded; `exact` says which.
Decimal multiply(Decimal a, Decimal b, bool* exact = nullptr);
/// part / whole as a double, for percentages on a screen only; 0 when whole is 0.
double ratio(Decimal part, Decimal whole);

/// Splits `whole` by `weights`: the parts sum to `whole` exactly (largest remainder; ties go to the
/// lower index). Needs a weight that is positive and none that is negative. `decimals` is the grain
/// of the parts (18: full precision); what `whole` has below the grain stays with the heaviest
/// part.
std::vector<Decimal> apportion(Decimal whole, std::span<const Decimal> weights,
                               int decimals = kScale);

/// Rounds parts for display so that they sum to the rounded total: largest remainder, ties to the
/// lower index.
std::vector<Decimal> round_to_total(std::span<const Decimal> parts, int decimals);

}  // namespace steelyard
