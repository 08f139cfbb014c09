// Offers: what can be committed to, at which price, and what is held. All of it is exact: prices,
// amounts and fees are Decimals, and nothing here or in the simulator is a double.
//
// A POOL is usage of one kind in one account: one price on demand, one quantity per hour. Its key
// is a value for each pool column of the demand ("region", "family", "size", "zone", ...); the
// column called "account", if there is one, says who owns the usage.
//
// Two tables, which a person can keep in a spreadsheet and save as CSV, say what can be bought:
//
//   offers.csv                                      one row an offer
//     offer          its name; also the name of its column in rates.csv
//     kind           compute-sp, regional-ri, azure-reservation, ... (instruments() lists them)
//     scope          pool columns that a purchase fixes, separated by spaces; empty: none
//     size           optional: the pool column that says which size was bought, for offers whose
//                    unit covers any size of its scope in proportion to `factor`
//     term_years     1 or 3
//     payment        no-upfront, partial-upfront or all-upfront
//     upfront_share  optional: part of the term's price paid on the first day; if empty: 0, 0.5, 1
//     class          optional: standard, convertible, ...: a label, it changes no application
//
//   rates.csv                                       one row a price, of all pools that match
//     <pool columns> `*` matches any value; of several rows that match a pool the one with the
//                    fewest `*` counts, then the earlier one
//     on_demand      what a unit costs for an hour without a commitment, as it is charged today
//     list           optional: the public pay-as-you-go price, where it differs (Azure)
//     factor         optional: size of a unit (the normalisation factor of an instance); 1 if empty
//     currency       optional: one for the whole file; USD if absent
//     <offer names>  what a unit costs for an hour under this offer, an upfront payment included
//                    and spread over the term; empty: the offer does not cover it
//
//   holdings.csv                                    one row a purchase
//     offer, amount  quantity of units, or for plans money an hour
//     begin, end     optional whole hours; the window's begin, and the end of the term
//     owner          optional: the account that bought it
//     id             optional: its name
//     exchanges      optional: id of the convertible reserved instance whose place it takes from
//                    its begin on (exchange.h); it ends when that one would have; several that end
//                    together, with semicolons between
//     exchanges_amount
//                    optional: how many of that one's units, whole; all that are left if empty
//     <pool columns> those of the offer's scope must be filled; the offer's `size` column says
//                    which size was bought; any other narrows what is covered (an Azure
//                    subscription)
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "money/decimal.h"

namespace steelyard {

enum class Instrument {
  kQuantity,  ///< of no provider: a quantity an hour, before every plan
  kSpend,     ///< of no provider: money an hour at the plan's rates
  kZonalRi,   ///< AWS
  kRegionalRi,
  kRdsRi,
  kElastiCacheRi,
  kOpenSearchRi,
  kRedshiftRi,
  kEc2InstanceSp,
  kComputeSp,
  kSageMakerSp,
  kDatabaseSp,
  kAzureReservation,
  kAzureSavingsPlan,
  kGcpResourceCud,
  kGcpSpendCud,
  kGcpFlexCud,
};

enum class Provider { kNone, kAws, kAzure, kGcp };

/// What one unit of a commitment is.
enum class CommitmentUnit {
  kQuantity,  ///< units of usage in each hour, at a fixed fee
  kSpend,     ///< money in each hour, used up at the plan's rates
};

struct InstrumentTraits {
  Instrument instrument = Instrument::kQuantity;
  std::string_view name;  ///< as in offers.csv: "compute-sp"
  std::string_view title;
  Provider provider = Provider::kNone;
  CommitmentUnit unit = CommitmentUnit::kQuantity;
  int rank = 0;  ///< a lower rank is applied before a higher one, in every hour
};
/// All of them, in the order of the enumeration.
std::span<const InstrumentTraits> instruments();
const InstrumentTraits& traits(Instrument instrument);

enum class Payment { kNoUpfront, kPartialUpfront, kAllUpfront };
std::string_view name(Payment payment);

struct Offer {
  std::string name;
  Instrument instrument = Instrument::kQuantity;
  std::vector<std::string> scope;  ///< pool columns that a purchase fixes
  std::string size;                ///< pool column of the size bought; "" = none
  int term_years = 1;
  Payment payment = Payment::kNoUpfront;
  Decimal upfront_share;  ///< 0..1 of the term's price
  std::string offer_class;

  CommitmentUnit unit() const { return traits(instrument).unit; }
};

/// A row of rates.csv.
struct Rate {
  std::vector<std::string> key;  ///< values of RateCard::columns; "*" matches any
  Decimal on_demand;
  Decimal list;  ///< = on_demand unless said
  Decimal factor = {kOne};
  std::vector<std::optional<Decimal>> price;  ///< one per offer; none: not covered by it
};

/// Both tables. May also be filled by hand: `check_rate_card` says whether it is sound.
struct RateCard {
  std::vector<std::string> columns;  ///< pool columns of `rates`
  std::vector<Offer> offers;
  std::vector<Rate> rates;
  std::string currency = "USD";
  std::string origin;  ///< where the offers come from, for errors; "": the user's own tables

  /// Index of an offer by name, or nullopt.
  std::optional<std::size_t> find_offer(std::string_view offer_name) const;
};

/// Reads both tables. SY1801 with file, line and what to do: a missing column, an offer that is
/// named twice, an unknown kind, a term that is none, a size that is no pool column of the rates, a
/// pool that stands twice, a price that is not positive or has more than 18 decimals, an offer
/// without a column of rates; and the errors of open_file.
Result<RateCard> read_rate_card(Engine& engine, const std::string& offers_path,
                                const std::string& rates_path);
/// The same checks for a card made by hand. SY1801.
Status check_rate_card(const RateCard& card);

/// One class of usage: values of PoolTable::columns, and where its prices stand.
struct Pool {
  std::vector<std::string> key;
  std::string account;   ///< value of the column "account", or ""
  std::size_t rate = 0;  ///< index in RateCard::rates
  bool late = false;     ///< usage that came too late to be covered by anything
};

struct PoolTable {
  std::vector<std::string> columns;
  std::vector<Pool> pools;
};

/// Finds the row of rates for each key. `columns` must contain the card's pool columns and every
/// scope and size column of its offers (SY1802); SY1803 names the first key without a price, or
/// with two rows of as many `*` and unlike prices.
Result<PoolTable> price_pools(const RateCard& card, std::vector<std::string> columns,
                              std::vector<std::vector<std::string>> keys);

using ScopeValue = std::pair<std::string, std::string>;  ///< pool column, value

/// A purchase. An hour counts when begin <= hour < end; one that begins later is queued.
struct Holding {
  std::string id;         ///< may be empty
  std::size_t offer = 0;  ///< index in RateCard::offers
  std::string owner;      ///< account that bought it; matters where a provider serves owners first
  std::vector<ScopeValue> scope;  ///< all of these must hold for a pool to be covered
  Decimal amount;                 ///< units, or money an hour
  Decimal factor = {kOne};        ///< size of one unit (quantity offers)
  Decimal price = {kOne};  ///< fee for one unit of `amount` in each hour; 1 for money an hour
  Instant begin, end;      ///< whole hours
  /// Upfront payments that an exchange moves (exchange.h): for hours after its end, to what took
  /// its place; and for its own hours, paid for what it took the place of.
  Decimal handed_on, paid_before;
};

struct Purchase {
  std::size_t offer = 0;
  Decimal amount;
  std::vector<ScopeValue> values;  ///< scope, size and narrowing columns together
  Instant begin;
  std::optional<Instant> end;  ///< none: begin + term
  std::string owner, id;
};

/// Resolves what a unit is and costs. Of an offer without a size column it is a unit of usage, and
/// all rates of the scope must agree. With one it is a unit of the size that is named; if none is,
/// a unit of size (factor 1), and all rates must agree in proportion. SY1804: a scope value is
/// missing, no rate of the offer has this scope or size, rates differ, the amount is negative or
/// beyond the limit, begin or end is no whole hour or they are in the wrong order.
Result<Holding> make_holding(const RateCard& card, const Purchase& purchase);

struct Exchange;
/// Reads holdings.csv; `window_begin` stands for an empty begin. SY1804 and SY1805 with file and
/// row. Exchanges are applied among the rows (SY1807); or, if `exchanges` is given, left to the
/// caller, for what they replace may be held elsewhere.
Result<std::vector<Holding>> read_holdings(Engine& engine, const std::string& path,
                                           const RateCard& card, Instant window_begin,
                                           std::vector<Exchange>* exchanges = nullptr);

/// Reads the groups of accounts that share discounts: a CSV with the columns account and group.
/// SY1804 with file and line: a column is missing, or an account stands twice.
Result<std::map<std::string, std::string>> read_groups(Engine& engine, const std::string& path);

/// The fee of one hour: amount x price, rounded once to 10^-18 where it has more decimals.
Decimal fee_per_hour(const Holding& holding);

/// Whether the offer has a price for the pool.
bool covers(const RateCard& card, const Offer& offer, const Pool& pool);
/// Whether the pool lies within the holding's scope and its offer has a price for it.
bool covers(const RateCard& card, const Holding& holding, const PoolTable& table, const Pool& pool);

/// The distinct values of the offer's scope columns among pools that it covers, sorted: what can be
/// bought of it. Nothing is bought for an empty value.
std::vector<std::vector<ScopeValue>> scopes_of(const RateCard& card, const PoolTable& table,
                                               std::size_t offer);

/// End of a term. AWS and offers of no provider: 365 days a year (8,760 hours, whatever the
/// calendar); Azure and Google Cloud: the same day of a later year (28 February for the 29th).
Instant end_of_term(const Offer& offer, Instant begin);

/// AWS normalisation factor of an instance type or size: "m5.2xlarge" or "2xlarge" 16, "r5.metal"
/// 192 (bare metal by family; EC2 user guide, "Instance size flexibility"). None if unknown.
std::optional<Decimal> aws_normalisation_factor(std::string_view instance_type);
/// Whether a regional RI of this kind covers other sizes: Linux/Unix, default tenancy, and none of
/// G4ad, G4dn, G5, G5g and Inf1 (EC2 user guide, June 2023). Platform "Linux/UNIX" as bills have
/// it.
bool aws_is_size_flexible(std::string_view family, std::string_view platform,
                          std::string_view tenancy);

/// a/b against c/d for b, d > 0 and a, c >= 0, exactly, whatever their size: -1, 0 or 1.
int compare_fractions(Decimal a, Decimal b, Decimal c, Decimal d);

}  // namespace steelyard
