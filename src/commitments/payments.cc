#include "commitments/payments.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/assert.h"
#include "commitments/checks.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr double kMicrosPerYear = 365.0 * 24 * static_cast<double>(kMicrosPerHour);

std::int64_t hours_between(Instant begin, Instant end) {
  return (end.micros - begin.micros) / kMicrosPerHour;
}

/// The fee of the whole term and the part of it that is due at once.
struct TermPrice {
  std::int64_t hours = 0;
  Decimal total, upfront;
};

TermPrice term_price(const RateCard& card, const Holding& holding) {
  TermPrice price;
  price.hours = hours_between(holding.begin, holding.end);
  price.total = price_of_term(holding);
  price.upfront = multiply(price.total, card.offers[holding.offer].upfront_share);
  return price;
}

/// Value of payments at `when` as a double; what present_value rounds.
double value_at(std::span<const CashFlow> payments, Instant when, double yearly_rate) {
  double value = 0;
  for (const CashFlow& payment : payments) {
    const double years = static_cast<double>(payment.due.micros - when.micros) / kMicrosPerYear;
    const double amount = static_cast<double>(payment.amount.units) / static_cast<double>(kOne);
    value += amount * std::pow(1 + yearly_rate, -years);
  }
  return value;
}

}  // namespace

Decimal price_of_term(const Holding& holding) {
  return multiply(fee_per_hour(holding), {hours_between(holding.begin, holding.end) * kOne});
}

std::vector<CashFlow> cash_flow(const RateCard& card, const Holding& holding) {
  const TermPrice price = term_price(card, holding);
  std::vector<CashFlow> flow;
  const Decimal at_once = price.upfront + holding.handed_on - holding.paid_before;
  if (at_once != Decimal{}) flow.push_back({holding.begin, at_once});
  const Decimal rest = price.total - price.upfront;
  if (rest == Decimal{}) return flow;
  std::vector<Decimal> hours;
  for (Instant at = holding.begin; at < holding.end;) {
    const Instant next = std::min(holding.end, instant_of(first_of_month(date_of(at), 1)));
    hours.push_back({hours_between(at, next) * kOne});
    flow.push_back({instant_of(first_of_month(date_of(at), 1)), {}});
    at = next;
  }
  const std::vector<Decimal> parts = apportion(rest, hours);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    flow[flow.size() - parts.size() + i].amount = parts[i];
  }
  return flow;
}

std::vector<CashFlow> cash_flow(const RateCard& card, std::span<const Holding> holdings) {
  std::map<Instant, Decimal> by_date;
  for (const Holding& holding : holdings) {
    for (const CashFlow& payment : cash_flow(card, holding)) by_date[payment.due] += payment.amount;
  }
  std::vector<CashFlow> flow;
  for (const auto& [due, amount] : by_date) flow.push_back({due, amount});
  return flow;
}

Decimal present_value(std::span<const CashFlow> payments, Instant when, double yearly_rate) {
  SY_ASSERT(yearly_rate > -1);
  const double value = value_at(payments, when, yearly_rate);
  SY_ASSERT(std::fabs(value) < 1e19);
  constexpr Int128 kGrain = 1'000'000'000;  // 10^-9, in units of 10^-18
  return {static_cast<Int128>(std::nearbyint(value * static_cast<double>(kGrain))) * kGrain};
}

std::optional<double> implied_annual_return(std::span<const CashFlow> upfront,
                                            std::span<const CashFlow> later) {
  std::map<Instant, Decimal> gains;
  for (const CashFlow& payment : later) gains[payment.due] += payment.amount;
  for (const CashFlow& payment : upfront) gains[payment.due] -= payment.amount;
  std::vector<CashFlow> difference;
  Decimal sum;
  int changes = 0;
  for (const auto& [due, amount] : gains) {
    if (amount == Decimal{}) continue;
    if (!difference.empty() && (difference.back().amount < Decimal{}) != (amount < Decimal{}))
      ++changes;
    difference.push_back({due, amount});
    sum += amount;
  }
  // Money out first and in later, once: the value falls as the rate rises, and has one root.
  if (changes != 1 || difference.front().amount > Decimal{} || sum < Decimal{}) return std::nullopt;
  const Instant when = difference.front().due;
  double low = 0, high = 1;
  while (value_at(difference, when, high) > 0) {
    low = high;
    high *= 2;
    if (high > 1e9) return std::nullopt;
  }
  for (int i = 0; i < 200 && high - low > 1e-14 * (1 + high); ++i) {
    const double middle = low + (high - low) / 2;
    (value_at(difference, when, middle) > 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

std::optional<double> return_of_upfront(const RateCard& card, const PoolTable& table,
                                        const Bill& bill, std::size_t holding) {
  const Holding& held = bill.holdings[holding];
  const Offer& own = card.offers[held.offer];
  if (own.payment == Payment::kNoUpfront) return std::nullopt;
  const auto kind = [](const Offer& o) {
    return std::tie(o.instrument, o.scope, o.size, o.term_years, o.offer_class);
  };
  for (std::size_t i = 0; i < card.offers.size(); ++i) {
    const Offer& other = card.offers[i];
    if (other.payment != Payment::kNoUpfront || kind(other) != kind(own)) continue;
    Decimal at_own, at_other;
    for (const CoverTotal& cover : bill.covers) {
      if (cover.holding != holding) continue;
      const auto& price = card.rates[table.pools[cover.pool].rate].price;
      const Decimal own_price = *price[held.offer];
      // Prices that are not of the same order are a slip of the pen, not an alternative.
      if (!price[i] || compare_fractions(*price[i], own_price, {1000 * kOne}, {kOne}) > 0)
        return std::nullopt;
      at_own += cover.cost;
      at_other += multiply_divide(cover.cost, *price[i], own_price);
    }
    if (at_own == Decimal{}) return std::nullopt;
    Holding own_terms = held;  // by themselves, whatever was exchanged
    own_terms.handed_on = own_terms.paid_before = {};
    Holding later = own_terms;
    later.offer = i;
    later.amount = multiply_divide(held.amount, at_other, at_own);
    return implied_annual_return(cash_flow(card, own_terms), cash_flow(card, later));
  }
  return std::nullopt;
}

std::optional<double> break_even_use(Decimal price, Decimal on_demand) {
  if (on_demand == Decimal{}) return std::nullopt;
  return ratio(price, on_demand);
}

std::optional<std::int64_t> break_even_hours(const RateCard& card, const Holding& holding,
                                             Decimal saved_per_hour) {
  const TermPrice price = term_price(card, holding);
  // saved x h >= upfront + (total - upfront) x h / hours, multiplied by hours: all integers.
  // Beyond this limit of saving the first hour pays for everything that can be bought.
  const Decimal saved = std::min(saved_per_hour, kMaxTermPrice);
  const Decimal saved_in_all = multiply(saved, {price.hours * kOne});
  const Decimal gain = saved_in_all - (price.total - price.upfront);
  if (gain < price.upfront || gain < Decimal{}) return std::nullopt;
  if (price.upfront == Decimal{}) return 0;
  const Decimal hours = multiply_divide(price.upfront, {price.hours * kOne}, gain, Rounding::kUp);
  return static_cast<std::int64_t>(round(hours, 0, Rounding::kUp).units / kOne);
}

}  // namespace steelyard
