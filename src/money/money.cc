#include "money/money.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/assert.h"
#include "base/text.h"

namespace steelyard {

namespace {

struct SubunitException {
  std::string_view code;
  int decimals;
};
/// ISO 4217 (list one): the currencies whose smallest unit is not a hundredth. Sorted by code.
constexpr SubunitException kSubunitExceptions[] = {
    {"BHD", 3}, {"BIF", 0}, {"CLF", 4}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3},
    {"ISK", 0}, {"JOD", 3}, {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3},
    {"OMR", 3}, {"PYG", 0}, {"RWF", 0}, {"TND", 3}, {"UGX", 0}, {"UYI", 0}, {"UYW", 4},
    {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
};

struct BasisNames {
  Basis basis;
  std::string_view name, column;
};
constexpr BasisNames kBases[] = {
    {Basis::kBilled, "billed", "BilledCost"},
    {Basis::kEffective, "effective", "EffectiveCost"},
    {Basis::kList, "list", "ListCost"},
    {Basis::kContracted, "contracted", "ContractedCost"},
};

/// The smallest r with r x r >= number; number below 2^106, where a double's root is off by few.
std::int64_t root_rounded_up(Int128 number) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(number)));
  while (static_cast<Int128>(root) * root < number) ++root;
  while (root > 0 && static_cast<Int128>(root - 1) * (root - 1) >= number) --root;
  return root;
}

}  // namespace

Currency currency_of(std::string_view code) {
  const auto at =
      std::lower_bound(std::begin(kSubunitExceptions), std::end(kSubunitExceptions), code,
                       [](const SubunitException& e, std::string_view c) { return e.code < c; });
  const bool known = at != std::end(kSubunitExceptions) && at->code == code;
  return {std::string(code), known ? at->decimals : 2};
}

Money Money::operator+(const Money& other) const {
  SY_ASSERT(currency == other.currency);
  return {amount + other.amount, currency};
}

Money Money::operator-(const Money& other) const {
  SY_ASSERT(currency == other.currency);
  return {amount - other.amount, currency};
}

std::string to_text(const Money& money) {
  return to_text(money.amount, money.currency.decimals, true) + " " + money.currency.code;
}

Decimal rounding_variance_tolerance(const Currency& currency, std::int64_t rows) {
  SY_ASSERT(rows >= 0 && currency.decimals >= 0 && currency.decimals <= 9);
  Int128 subunit = kOne;
  for (int i = 0; i < currency.decimals; ++i) subunit /= 10;
  // The root is taken of rows x 10^12, so that it is exact to a millionth of a subunit.
  constexpr Int128 kMillion = 1'000'000;
  const Int128 root = root_rounded_up(static_cast<Int128>(rows) * kMillion * kMillion);
  const Decimal by_rows{root * (subunit / 2) / kMillion};
  const Decimal at_least{subunit * 100};
  return std::max(at_least, by_rows);
}

std::string_view name(Basis basis) { return kBases[static_cast<std::size_t>(basis)].name; }
std::string_view column(Basis basis) { return kBases[static_cast<std::size_t>(basis)].column; }

Result<Basis> parse_basis(std::string_view text) {
  for (const BasisNames& entry : kBases) {
    if (equals_ignoring_case(text, entry.name) || equals_ignoring_case(text, entry.column)) {
      return entry.basis;
    }
  }
  std::string fix = "use billed, effective, list or contracted";
  if (equals_ignoring_case(text, "amortized") || equals_ignoring_case(text, "amortised")) {
    fix = "the amortised view is called effective";
  } else if (equals_ignoring_case(text, "unblended")) {
    fix = "what is invoiced is called billed";
  } else if (const std::string near = nearest(text, {"billed", "effective", "list", "contracted"});
             !near.empty()) {
    fix = "did you mean " + near + "?";
  }
  return fail("SY1011", "'" + terminal_safe(text) + "' is not a cost basis", "", fix);
}

}  // namespace steelyard
