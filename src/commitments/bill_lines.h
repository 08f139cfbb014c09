// Behind own_bill.h: the lines of a bill that commitments have to do with, brought together once as
// temporary tables of the engine, so that every question sees the same lines.
//
// COVERABLE is usage that an hourly commitment could pay for: of AWS, Microsoft or Google Cloud;
// not spot; counted by time (hours, seconds, GB-seconds) in compute, databases, machine learning or
// analytics; and whatever else of the same SKU a commitment has covered somewhere in the bill.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "commitments/own_bill.h"

namespace steelyard {

/// Columns that tell prices apart; a pool has `account` before them.
const std::vector<std::string>& price_columns();

/// Names of the columns of a view.
Result<std::set<std::string>> columns_of_view(Engine& engine, const std::string& view);

/// The provider behind a name of FOCUS's ServiceProviderName.
Provider provider_named(std::string_view name);

/// The charges that are meant, in SQL.
std::string condition_of(const OwnBill& bill);

/// Makes the table x_zones: of each commitment, as far as its lines tell whether it is of one
/// availability zone:
///   id           of the commitment
///   zone         the zone that its own lines name, or, where their words say that it is zonal, the
///                only one in which it was used; '' if there is none
///   said         false if the bill tells neither a zone nor that there is none
/// and the table x_cells: coverable usage by price, account, time, commitment and what stands in
/// the way of counting it:
///   provider service region family size meter unit sku account   texts, never null
///   platform     what sizes of one family have in common beside these
///   zone         where it ran, if a commitment is of this zone; else ''
///   first, after begin and end of the charge period
///   id           commitment that paid for it, or ''
///   flaw         '' or why it is no hourly usage: not_hourly, correction, no_quantity
///   lines, q, list, contracted, effective, units    sums; units: of the commitment
///   list_price, price, plan_rate                    newest prices as the lines say them, or null
///   line_q, line_list, line_contracted, line_effective, line_units   of its largest line
///   currency
Status make_cells(Engine& engine, const OwnBill& bill);

/// The shortest decimal that gives `cost` for `quantity` when both were rounded to ten decimals,
/// line by line: the price behind a cost. `quantity` is not 0.
Decimal price_behind(Decimal cost, Decimal quantity, std::int64_t lines = 1);
/// Whether a price gives that cost, within the same rounding.
bool gives(Decimal price, Decimal cost, Decimal quantity, std::int64_t lines = 1);

}  // namespace steelyard
