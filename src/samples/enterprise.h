// The enterprise: who owns what, what runs from when to when, at which price, under which
// commitments. Entities first; charges.h turns them into charges. Everything is a function of the
// options' seed, months and size; nothing here is a random process in time. Hours count from
// 1970-01-01T00:00Z. Money and quantities are in units of 10^-10, the precision to which AWS bills.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "samples/catalog.h"
#include "samples/gen.h"
#include "samples/philox.h"

namespace steelyard::samples {

inline constexpr std::int64_t kUnit = 10'000'000'000;  ///< 1 in units of 10^-10

struct Team {
  std::string name, unit, owner, cost_center;
};

struct Account {
  Provider provider;
  std::string id, name;
  int team;
  std::string environment;
  int tax_per_mille;                ///< sales tax or VAT
  int growth;                       ///< of its usage, per mille a year; below 0 it shrinks
  std::int64_t closes = INT64_MAX;  ///< hour from which it runs nothing any more
};

/// Machines that do one job and are billed together: their number follows the job's growth, the
/// working day and the generations of machines, each of which runs in a group of its own.
struct Fleet {
  std::vector<std::int64_t> levels;  ///< machines at a working day's peak, by week, x 10^6; 0: none
  int swing;                         ///< of the peak, what a night can do without, per mille
  struct Migration {
    std::int64_t first_hour, last_hour;
  };
  std::vector<Migration> migrations;  ///< [k]: from generation k to the next; one ends before the
                                      ///< next begins
};

struct Price {
  int meter;  ///< of meters(), or -1: a fee
  int type;   ///< of instance_types(), or -1
  int region;
  int tier;  ///< 0 unless kTiered
  Provider provider;
  std::int64_t list, contracted,
      savings;  ///< a unit; `savings` is the rate under a commitment to spend, 0: none applies
  std::string sku, sku_price, usage_type, description;
  std::int64_t credits = 0;  ///< a unit, in the virtual currency; 0: priced in the billing currency
};

/// What a charge is about: a resource, a commitment, a subscription, or an account's use of a
/// service as a whole (tax, credit).
struct Subject {
  Provider provider;
  int account, service, region;  ///< region -1: none
  int resource_template;         ///< position among the provider's templates, or -1
  int team;                      ///< the true owner, whatever tags say
  int invoice_group;
  int zone;                               ///< 0: none, 1 = a, 2 = b ...
  int instance_type;                      ///< or -1
  int tags_early, tags_late, tags_final;  ///< positions in tag_sets; late: after activation; final:
                                          ///< as the last delivery says
  std::int64_t first_hour, last_hour;     ///< [first, last)
  std::string id, name, type;
};

/// A meter of a subject. Amounts an hour are base x machines x cycle x trend x noise.
struct Line {
  int subject, price;
  int presence;  ///< in a thousand
  unsigned flags;
  std::int64_t base;  ///< units an hour x 10^10
  std::int64_t first_hour, last_hour;
  int growth;      ///< per mille a year, of what is not a machine
  int fleet;       ///< whose machines it counts, or -1: of one machine
  int generation;  ///< of the fleet's machines
};

enum class Payment { kNoUpfront, kPartialUpfront, kAllUpfront };
std::string_view text(Payment payment);

struct Commitment {
  Provider provider;
  bool savings_plan;  ///< to spend; else a reservation of `quarters` normalized quarter units
  bool monthly;       ///< what recurs is billed ahead, once a month; else with each slot
  Payment payment;
  int years;
  int subject, account;
  std::int64_t first_hour, last_hour;  ///< last_hour is before the term's end when given back
  std::int64_t term_end;
  std::int64_t recurring, upfront;  ///< an hour; their sum is the committed cost of an hour
  std::int64_t quarters;            ///< reservations: capacity
  int price;                        ///< reservations: on-demand price of the type bought
  int fee, upfront_fee;             ///< prices of the purchase rows
  int refund_fee = -1;              ///< price of what is paid back
  std::string family;               ///< reservations
  std::string id, name, contract;
  bool exchanged = false;  ///< given back for another one, not for money
  std::int64_t upfront_total() const { return upfront * (term_end - first_hour); }
  bool given_back() const { return last_hour < term_end; }
  /// The upfront payment of the hours that will not come.
  std::int64_t refund() const { return upfront * (term_end - last_hour); }
};

/// As the provider calls it: "Savings Plan".
std::string_view type_of(const Commitment& commitment);
/// FOCUS CommitmentDiscountUnit.
std::string_view unit_of(const Commitment& commitment);

/// Credits of Provider::kFjord, bought for a year through the marketplace of AWS, which bills them:
/// a purchase of one provider that covers the usage of another. First come, first served.
struct Capacity {
  std::int64_t first_hour, last_hour;
  std::int64_t credits;
  int subject;  ///< of the purchase: of AWS
  int holder;   ///< of what expires: of Fjord
  int price;    ///< a credit
  std::string id, name, contract;
};

/// An event that was put in on purpose; truth/changes.csv tells of it.
struct Change {
  std::string kind;  ///< "surge", "forgotten", "step", "correction", "refund", "retag", "late",
                     ///< "return", "exchange", "capacity", "exhausted"; of fleets and accounts
                     ///< "launch", "cut", "migration", "move", "shutdown", "closure"
  std::int64_t first_hour, last_hour;
  int account, service;
  std::int64_t factor_per_mille;  ///< of quantities, for surge, step, launch and cut
  std::string label;
};

struct Subscription {
  int subject, price;
  std::int64_t monthly;  ///< price
  std::string description;
};

/// A tag key that is activated for billing, from the first month or from the second one on.
struct TagKey {
  std::string name;
  bool late;
};

using TagSet = std::vector<std::pair<std::string, std::string>>;

struct Enterprise {
  std::uint64_t seed = 1;
  int slot_hours = 1;                     ///< 1 or 24
  std::vector<std::int64_t> month_hours;  ///< the beginning of each month and the end of the last
  std::vector<std::string> month_names;
  std::vector<Team> teams;
  std::vector<Account> accounts;  ///< of AWS first
  std::vector<Price> prices;
  std::vector<Subject> subjects;
  std::size_t resources = 0;  ///< the first subjects are resources
  std::vector<Line> lines;    ///< by subject
  std::vector<Fleet> fleets;
  std::vector<Commitment> commitments;
  std::vector<Capacity> capacities;  ///< one for each twelve months
  std::vector<Subscription> subscriptions;
  std::vector<Change> changes;
  std::vector<TagKey> tag_keys;              ///< all that tag_sets use
  std::vector<TagSet> tag_sets;              ///< [0] is empty
  std::map<std::pair<int, int>, int> pairs;  ///< (account, service) -> subject
  int payer[kProviders] = {};                ///< account that is billed
  int invoice_groups = 5;                    ///< AWS, AWS Marketplace, Microsoft, Google, Fjord
  int months() const { return static_cast<int>(month_names.size()); }
};

/// The invoice that a provider's own charges are on.
inline int own_invoice_group(Provider provider) {
  return provider == Provider::kAws ? 0 : static_cast<int>(provider) + 1;
}

/// `options` are valid.
Enterprise build_enterprise(const GenOptions& options);

/// How busy the enterprise is, per mille of a working day's peak: at 14 UTC; nights have four
/// tenths of that, weekends and holidays seven tenths, and the last week of December four fifths.
std::int64_t busy(std::int64_t hour);
/// The same of a whole day on average; `hour` is its first.
std::int64_t busy_day(std::int64_t hour);

/// Hours that the machines of a line run in [hour, hour + hours), all together.
std::int64_t machine_hours(const Enterprise& enterprise, const Line& line, std::int64_t hour,
                           int hours);

/// a x b / 10^10, half to even: how a cost comes from a price and a quantity.
std::int64_t multiply_e10(std::int64_t a, std::int64_t b);

}  // namespace steelyard::samples
