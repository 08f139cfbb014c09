// Money is a Decimal in one currency. Two currencies are never added: the operators stop on a
// mismatch.
#pragma once

#include <string>
#include <string_view>

#include "money/decimal.h"

namespace steelyard {

/// An ISO 4217 code (or a virtual currency's name) and the number of decimals of its smallest
/// payable unit.
struct Currency {
  std::string code;
  int decimals = 2;  ///< JPY 0, USD 2, KWD 3; unknown codes 2
  bool operator==(const Currency& other) const { return code == other.code; }
};
Currency currency_of(std::string_view code);

struct Money {
  Decimal amount;
  Currency currency;
  Money operator+(const Money& other) const;
  Money operator-(const Money& other) const;
};

/// "1,234.50 USD": rounded for display only.
std::string to_text(const Money& money);

/// The FOCUS 1.4 Rounding Variance Tolerance of an invoice: MAX(100 x subunit, SQRT(rows) x 0.5 x
/// subunit) (FOCUS specification, appendix rounding_variance_tolerance), computed with an integer
/// square root rounded up.
Decimal rounding_variance_tolerance(const Currency& currency, std::int64_t rows);

/// The four costs of a charge (FOCUS columns BilledCost, EffectiveCost, ListCost, ContractedCost).
enum class Basis { kBilled, kEffective, kList, kContracted };
std::string_view name(Basis basis);    ///< "billed"
std::string_view column(Basis basis);  ///< "BilledCost"
Result<Basis> parse_basis(std::string_view text);

}  // namespace steelyard
