// When a commitment is paid, and what that is worth. What is due is exact money. Interest is a
// statistic: a present value is computed in double and becomes money once, in present_value().
//
// A term's price is fee_per_hour x hours. The upfront share is due when the term begins; the rest
// is spread over the hours and due monthly in arrears, on the first of the month after the hours.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "commitments/offer.h"
#include "commitments/simulate.h"

namespace steelyard {

struct CashFlow {
  Instant due;
  Decimal amount;
};

/// The fee of the whole term: by the hour x hours.
Decimal price_of_term(const Holding& holding);

/// All payments for a holding, by date; they sum to its fee x hours to the last digit. Those of two
/// that were exchanged do so together: what was paid upfront for the first beyond its end is less
/// to pay for the second.
std::vector<CashFlow> cash_flow(const RateCard& card, const Holding& holding);
/// Of several holdings, summed by date.
std::vector<CashFlow> cash_flow(const RateCard& card, std::span<const Holding> holdings);

/// What the payments are worth at `when`, at a yearly cost of capital compounded over years of 365
/// days: sum of amount / (1 + rate) ^ (days / 365). Rounded once, half to even, to 9 decimals: the
/// double has no more to say of a fee below a million. `yearly_rate` must be above -1, and far
/// enough from it that the value stays below 10^19.
Decimal present_value(std::span<const CashFlow> payments, Instant when, double yearly_rate);

/// The yearly return of paying `upfront` instead of `later`: the rate at which both are worth the
/// same (internal rate of return of the difference, compounded yearly). None if the one that is due
/// earlier does not cost less in all, or the difference changes its sign more than once.
std::optional<double> implied_annual_return(std::span<const CashFlow> upfront,
                                            std::span<const CashFlow> later);

/// The yearly return of what was paid upfront for a holding, measured by its own use: the payments
/// of the same kind of offer (instrument, scope, size, term, class) with nothing upfront, for as
/// much as would have covered the same usage, would have come later. None if nothing was paid
/// upfront or covered, there is no such offer, or it has no price for some of the usage.
std::optional<double> return_of_upfront(const RateCard& card, const PoolTable& table,
                                        const Bill& bill, std::size_t holding);

/// The share of its hours that a unit must be used for the commitment to cost no more than on
/// demand: its price over the price on demand. None if on demand is free.
std::optional<double> break_even_use(Decimal price, Decimal on_demand);

/// The first hour of the term after which what was saved on demand is at least what was paid: the
/// upfront payment at once, the rest as the hours pass. `saved_per_hour` is the cost on demand of
/// what the holding covers in an hour. None if the term ends before.
std::optional<std::int64_t> break_even_hours(const RateCard& card, const Holding& holding,
                                             Decimal saved_per_hour);

}  // namespace steelyard
