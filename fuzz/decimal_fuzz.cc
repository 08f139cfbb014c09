// parse_decimal on any bytes: what it accepts must show and read back unchanged, and value +
// residual must be the text, as schoolbook arithmetic sees it (tests/money/oracle.h).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "money/decimal.h"
#include "money/oracle.h"

namespace {

using steelyard::Decimal;
using steelyard::Int128;
using steelyard::ParseOutcome;

void must(bool holds) {
  if (!holds) std::abort();
}

/// The text as a whole number of 10^-36, found by moving the point in the digits; "" when it is not
/// a number, has an exponent too long to write out, or is finer than that.
std::string in_finest_units(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  long exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string power(text.substr(e + 1));
    text = text.substr(0, e);
    const std::size_t sign = !power.empty() && (power[0] == '-' || power[0] == '+') ? 1 : 0;
    if (power.size() == sign || power.size() > 6) return "";
    if (power.find_first_not_of("0123456789", sign) != std::string::npos) return "";
    exponent = std::atol(power.c_str());
  }
  const auto point = text.find('.');
  const std::string whole(text.substr(0, point));
  const std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  std::string digits = whole + fraction;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return "";
  const long shift = exponent + 36 - static_cast<long>(fraction.size());
  if (shift > 2000 || shift < -2000) return "";
  if (shift >= 0) return oracle::strip(digits + std::string(static_cast<std::size_t>(shift), '0'));
  digits.insert(0, static_cast<std::size_t>(-shift), '0');
  const std::size_t keep = digits.size() - static_cast<std::size_t>(-shift);
  if (digits.find_first_not_of('0', keep) != std::string::npos) return "";
  return oracle::strip("0" + digits.substr(0, keep));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Decimal value;
  Int128 residual = 0;
  const ParseOutcome outcome = parse_decimal(text, value, residual);
  const bool negative = size > 0 && text[0] == '-';
  const std::string unit = "1" + std::string(18, '0');

  if (size <= 100) {
    const std::string expected = in_finest_units(text);
    // Beyond 2,000 places the text is not written out here.
    const bool written_out = !expected.empty();
    if (written_out && expected != "0") {
      must(outcome != ParseOutcome::kNotNumber);
      must((oracle::divide_half_even(expected, unit).size() > 38) ==
           (outcome == ParseOutcome::kTooLarge));
    }
    if (written_out && expected == "0") must(outcome == ParseOutcome::kExact && value.units == 0);
    if (written_out && outcome != ParseOutcome::kTooLarge) {
      const std::string units = oracle::digits_of(value.units);
      const std::string left = oracle::digits_of(residual);
      const bool same_side = residual == 0 || (residual < 0) == negative;
      const std::string scaled = oracle::multiply(units, unit);
      must(expected == (same_side ? oracle::add(scaled, left) : oracle::subtract(scaled, left)));
      must(units == oracle::divide_half_even(expected, unit));
    }
  }
  if (outcome == ParseOutcome::kExact || outcome == ParseOutcome::kRounded) {
    must((outcome == ParseOutcome::kExact) == (residual == 0));
    must(value.units == 0 || (value.units < 0) == negative);
    Decimal back;
    must(parse_decimal(to_text(value), back) == ParseOutcome::kExact && back == value);
    for (const int decimals : {0, 2, 9, 18}) {
      must(parse_decimal(to_text(value, decimals), back) != ParseOutcome::kNotNumber);
    }
  }
  return 0;
}
