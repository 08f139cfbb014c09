// The exact bill of a basket of commitments, hour by hour, in the order in which the provider
// applies them. This is the truth against which a plan is judged; an optimiser only has bounds of
// it.
//
// In each clock hour, and in no other, what is held is used or lost. Commitments of a lower rank
// (traits()) go first; then, within a rank:
//   AWS     the owner's own usage, then the accounts that sharing allows. Reserved instances:
//           smallest to largest normalisation factor, part of an instance if need be. Savings
//           Plans of a type together, whatever their term and payment: highest savings percentage
//           first, of equal ones the lowest rate first. Among accounts that share, too (an older
//           text: those with the largest savings first).
//   Azure   reservations: narrower scope first. Savings plans: 3 years before 1 year, narrower
//           scope before wider, greatest discount first; a rate on demand below the plan's is
//           charged to the plan instead of the plan's.
//   Google  narrower scope first; spend: greatest discount first (Google states no order of SKUs).
//   none    as Google.
// What the documentation leaves open is decided by content, never by the order of the input: pools
// by key, holdings by begin, scope, owner and id. A plan's rate above the price on demand is not
// applied (AWS and Google document no such case).
// Sources: EC2 user guide "How Reserved Instances are applied" and "How you are billed" (June
// 2023); Savings Plans user guide "Understanding how Savings Plans apply to your usage"; AWS
// Billing user guide "Reserved Instances and Savings Plans discount sharing"; Azure "How saving
// plan discount is applied" (January 2025) and "How the Azure reservation discount is applied to
// virtual machines".
//
// A simulator keeps copies of what it is given and belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "commitments/demand.h"
#include "commitments/offer.h"

namespace steelyard {

// ---- sharing

enum class SharingMode {
  kOrganisation,      ///< owner, then every account
  kPrioritisedGroup,  ///< owner, then the accounts of its group, then every account
  kRestrictedGroup,   ///< owner, then the accounts of its group
  kOff,               ///< owner only
};

/// AWS discount sharing. The preference that is in force at 23:59:59 UTC on the last day of a month
/// decides the bill of the whole month.
struct SharingPreference {
  Instant since;  ///< when it was set
  SharingMode mode = SharingMode::kOrganisation;
  std::map<std::string, std::string> groups;  ///< account -> group
  std::set<std::string> excluded;             ///< accounts that neither give nor take
};

/// Reads preferences: CSV or TOML with the columns since (empty: always), mode ("organisation",
/// "prioritised-group", "restricted-group", "off") and if needed excluded (accounts separated by
/// spaces). Those of groups share within `groups`. SY1804 with file and line.
Result<std::vector<SharingPreference>> read_sharing(
    Engine& engine, const std::string& path, const std::map<std::string, std::string>& groups);
/// By its name; none for another word.
std::optional<SharingMode> parse_sharing_mode(std::string_view text);

// ---- usage

/// One line of usage, as a bill or a meter has it.
struct UsageRow {
  Instant time;                         ///< any instant of its clock hour
  std::vector<std::string> key;         ///< values of the pool columns
  Decimal quantity;                     ///< unit-hours; negative: a correction
  std::optional<Instant> arrived = {};  ///< when the provider learnt of it; none: in time
};

/// Seconds of running instances as instance-hours: seconds / 3,600, rounded once to 10^-18. Four
/// instances of 900 seconds each are one hour, whether they ran together or in turn.
Decimal instance_hours(std::int64_t seconds);

struct UsageWindow {
  Instant begin, end;  ///< whole hours
  /// Usage that arrives later than this after its hour's end is charged on demand; none: never.
  std::optional<std::int64_t> late_after_hours = {};  ///< Azure: 48
  /// What is known at this instant; none: all.
  std::optional<Instant> known_at = {};
};

/// Pools x hours, exact. An hour without a row is zero.
struct Usage {
  Instant first_hour;
  std::size_t hours = 0;
  std::vector<std::vector<std::string>> keys;  ///< distinct, sorted; a late part follows its pool
  std::vector<bool> late;                      ///< per pool: cannot be covered any more
  std::vector<Decimal> quantity;               ///< hour-major: [hour * keys.size() + pool]

  std::span<const Decimal> row(std::size_t hour) const {
    return {quantity.data() + hour * keys.size(), keys.size()};
  }
};

/// Sums the rows of each pool and hour, so that a negative line nets against its own hour. SY1805
/// names the first pool-hour whose sum is negative: a correction must be brought back to the hours
/// that it corrects. Rows outside of the window are left out.
Result<Usage> gather_usage(std::span<const UsageRow> rows, const UsageWindow& window);

// ---- simulation

/// What a holding covered of a pool in an hour.
struct Piece {
  std::size_t holding = 0, pool = 0;
  Decimal quantity;  ///< units of usage
  Decimal rate;  ///< per unit: the plan's rate, or the quantity offer's fee for a unit this size
  Decimal cost;  ///< the part of the holding's fee that it took
};

struct HourBill {
  Instant hour;
  std::vector<Piece> pieces;              ///< in the order of application
  std::vector<Decimal> usage, uncovered;  ///< per pool, units
  std::vector<Decimal> on_demand;         ///< per pool, cost of what is uncovered
  std::vector<Decimal> fee, unused;       ///< per holding; 0 before it begins and after it ends
  Decimal fees, total_unused, total_on_demand, on_demand_equivalent;

  Decimal total() const { return fees + total_on_demand; }
};

/// usage = covered + uncovered of each pool; fee = used + unused of each holding; total = fees + on
/// demand: to the last digit, in release builds too. SY1806 with the figures.
Status check_conservation(const HourBill& bill);

class Simulator {
 public:
  /// SY1802 a holding's scope names no pool column; SY1805 there are too many cells.
  static Result<Simulator> make(const RateCard& card, const PoolTable& table,
                                std::vector<Holding> holdings,
                                std::vector<SharingPreference> sharing = {});
  Simulator(Simulator&&) noexcept;
  Simulator& operator=(Simulator&&) noexcept;
  ~Simulator();

  /// Bills one hour; `usage` has a quantity for each pool. The bill is valid until the next call.
  /// Hours may come in any order; rising order is fastest. SY1805 a quantity that is negative or
  /// beyond the limit.
  Result<const HourBill*> bill(Instant hour, std::span<const Decimal> usage);

 private:
  struct State;
  explicit Simulator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct HoldingTotal {
  Decimal fee, used, unused;  ///< fee = used + unused
  Decimal covered_on_demand;  ///< what the covered usage would have cost on demand
  std::int64_t hours = 0;     ///< in which it was in force
};
struct PoolTotal {
  Decimal usage, covered, uncovered;  ///< usage = covered + uncovered
  Decimal commitment_cost;            ///< fees used for it
  Decimal on_demand;                  ///< cost of what is uncovered
  Decimal on_demand_equivalent;       ///< of all its usage
};
struct CoverTotal {
  std::size_t holding = 0, pool = 0;
  Decimal quantity, cost, on_demand_equivalent;
};
struct HourTotal {
  Instant hour;
  Decimal on_demand_equivalent, fees, unused, on_demand;
};

/// Sums of the hours. What the holdings cover at its price on demand, and what is left on demand,
/// sum to the cost of all usage on demand; this too to the last digit.
struct Bill {
  Instant begin;
  std::size_t hours = 0;
  std::string currency;
  std::vector<Holding> holdings;
  std::vector<HoldingTotal> by_holding;
  std::vector<PoolTotal> by_pool;
  std::vector<CoverTotal> covers;  ///< by holding and pool; only where something was covered
  std::vector<HourTotal> by_hour;
  Decimal fees, unused, on_demand, on_demand_equivalent;

  Decimal total() const { return fees + on_demand; }
  Decimal savings() const { return on_demand_equivalent - total(); }
};

/// Fills the quantities of all pools for an hour of the window.
using UsageOfHour = std::function<void(std::size_t hour, std::span<Decimal> quantity)>;
/// Looks at each hour's bill on its way into the sums.
using HourObserver = std::function<void(const HourBill&)>;

Result<Bill> simulate(const RateCard& card, const PoolTable& table, std::vector<Holding> holdings,
                      Instant first_hour, std::size_t hours, const UsageOfHour& usage,
                      std::vector<SharingPreference> sharing = {},
                      const HourObserver& observer = {});
/// Of a demand matrix: pool i of `table` is pool i of the demand.
Result<Bill> simulate(const RateCard& card, const PoolTable& table, std::vector<Holding> holdings,
                      const Demand& demand, std::vector<SharingPreference> sharing = {},
                      const HourObserver& observer = {});
/// Of gathered usage; late parts are not covered. `columns` names the values of its keys.
Result<Bill> simulate(const RateCard& card, const std::vector<std::string>& columns,
                      std::vector<Holding> holdings, const Usage& usage,
                      std::vector<SharingPreference> sharing = {},
                      const HourObserver& observer = {});

/// What a little less and a little more of one holding would change, by two more simulations.
struct Marginal {
  Decimal less, more;                  ///< steps taken; `less` is cut at the amount that is held
  Decimal less_fee, more_fee;          ///< their fees within the window
  Decimal less_avoided, more_avoided;  ///< cost on demand that they avoid
};
/// `bill` is the bill with the holding as it is. The last dollar was worth less_avoided / less_fee,
/// the next is worth more_avoided / more_fee: above 1 it earns, below 1 it loses. SY1804 if the
/// step is not positive or leads beyond the limits.
Result<Marginal> marginal_value(const RateCard& card, const PoolTable& table, const Bill& bill,
                                std::size_t holding, Decimal step, const UsageOfHour& usage,
                                const std::vector<SharingPreference>& sharing = {});

}  // namespace steelyard
