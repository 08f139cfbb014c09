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
#include "money/money.h"

namespace steelyard {

/// Columns that tell prices apart; a pool has `account` before them.
const std::vector<std::string>& price_columns();

/// Names of the columns of a view.
Result<std::set<std::string>> columns_of_view(Engine& engine, const std::string& view);

/// Expressions for columns that may be absent. A column of the provider's own (x_) is found under
/// both spellings of AWS's reports, x_product_instance_type and x_product_instanceType; where a
/// view has both, a line has one of them.
class BillColumns {
 public:
  explicit BillColumns(std::set<std::string> names) : names_(std::move(names)) {}
  /// Null if it is absent: a text, or a decimal as 'type' says.
  std::string value(const std::string& name, const std::string& type = "VARCHAR") const;
  /// A text, never null.
  std::string text(const std::string& name) const { return "coalesce(" + value(name) + ", '')"; }
  std::string decimal(const std::string& name) const { return value(name, "DECIMAL(38,18)"); }

 private:
  std::set<std::string> names_;
};

/// The provider behind a name of FOCUS's ServiceProviderName.
Provider provider_named(std::string_view name);

/// The charges that are meant, in SQL.
std::string condition_of(const OwnBill& bill);
/// The same bill in which commitments are looked for: all of it where purchases are asked for.
OwnBill bill_of_offers(const OwnBill& bill);

/// Makes the table x_zones: of each commitment of bill_of_offers, as far as its lines tell whether
/// it is of one availability zone:
///   id           of the commitment
///   zone         the zone that its own lines name, or, where their words say that it is zonal, the
///                only one in which it was used; '' if there is none
///   said         false if the bill tells neither a zone nor that there is none
/// and the table x_cells: coverable usage by price, account, time, commitment and what stands in
/// the way of counting it:
///   provider service region family size meter unit sku account   texts, never null; the size of a
///                database of AWS in several zones says so at its end
///   platform     AWS: that of reserved instances (aws_platform.h); where nothing tells it, '/' and
///                what sizes of one family have in common beside these columns; else ''
///   coded        whether an operation code tells the platform
///   zone         where it ran, if a commitment is of this zone; else ''
///   first, after begin and end of the charge period
///   id           commitment that paid for it, or ''
///   flaw         '' or why it is no hourly usage: not_hourly, correction, no_quantity
///   lines, q, list, contracted, effective, units    sums; units: of the commitment
///   stated       contracted as the lines say it; `contracted` differs where a report says the
///                public price of usage that has a negotiated one, or no price at all
///   open         'public' or 'none' where that is so, else ''
///   told, open_q what tells the price of these, or ''; the quantity of each of these lines
///   list_price, price, plan_rate                    newest prices as the lines say them, or null
///   line_q, line_list, line_contracted, line_effective, line_units   of its largest line
///   currency
Status make_cells(Engine& engine, const OwnBill& bill);

/// What the usage under reserved instances of AWS may be told apart by.
struct Platforms {
  bool known = false;  ///< the bill has operation codes, or families that run on several platforms
  bool asked = false;  ///< one that is bought has to name its own: Linux alone would go without
};
Result<Platforms> platforms_of(Engine& engine);

/// What counts in place of the public price, with its money, as sentences.
Result<std::vector<std::string>> notes_of_open_lines(Engine& engine, const Currency& currency);

/// The shortest decimal that gives `cost` for `quantity` when both were rounded to ten decimals,
/// line by line: the price behind a cost. `quantity` is not 0.
Decimal price_behind(Decimal cost, Decimal quantity, std::int64_t lines = 1);
/// Whether a price gives that cost, within the same rounding.
bool gives(Decimal price, Decimal cost, Decimal quantity, std::int64_t lines = 1);

}  // namespace steelyard
