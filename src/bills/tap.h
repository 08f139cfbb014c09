// The tap: a function that every row of a bill passes exactly once on its way into the lake. It
// counts, adds up the money that goes in and comes out, hashes what the row says, and notes what
// looks wrong, so that conservation is proved in the same pass that writes the data.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "bills/formats.h"
#include "engine/engine.h"
#include "money/money.h"

namespace steelyard {

inline constexpr int kCosts = 4;  ///< billed, effective, list, contracted: in the order of Basis

/// Money of one currency in one billing period.
struct TapSums {
  Decimal in[kCosts], out[kCosts];
  Int128 residual_e36[kCosts] = {
      0, 0, 0, 0};  ///< digits beyond 18 decimals that the source had, in units of 10^-36
  std::vector<Decimal>
      named;  ///< what a rule leaves out on purpose, in the order of Mapping::residuals
  bool operator==(const TapSums&) const = default;
};

/// What went through for one billing period.
struct TapPeriod {
  std::int64_t rows_in = 0, rows_out = 0;  ///< rows_out also counts derived rows
  ContentHash content;
  std::map<std::string, TapSums> sums;  ///< by currency
  std::set<std::string> accounts;       ///< "AWS/123456789012": provider and billing account
  std::set<std::string> providers;
  std::set<std::string> issuers;
  Instant start{0}, end{0};  ///< of the billing period, as its first row says
  Instant first_charge{INT64_MAX}, last_charge{INT64_MIN};
  std::int64_t null_costs[kCosts] = {0, 0, 0, 0};
  std::int64_t list_below_contracted = 0, contracted_below_effective = 0;
  std::int64_t outside_period = 0;  ///< corrections, which may be, do not count
  void merge(const TapPeriod& other);
};

/// Which columns of the call carry what. Columns named here and not in `hashed` are only looked at.
class Tap {
 public:
  struct Input {
    std::string name;  ///< column of the mapped relation
    Type type = Type::kText;
    bool hashed = true;  ///< part of the row's content
  };
  /// Roles are found by name: BillingPeriodStart, BillingPeriodEnd, ChargePeriodStart,
  /// ChargeClass, BillingCurrency, ServiceProviderName, InvoiceIssuerName, BillingAccountId, the
  /// four costs, in_<cost> for what the source says, residual_<n> for what a rule leaves out,
  /// x_SourceDecimals, x_part.
  Tap(std::vector<Input> inputs, std::int64_t file_index);

  /// Makes the tap callable in the engine, by the SQL of call_sql().
  Status install(Engine& engine, const std::string& name);
  /// An expression over the columns: the index of the file, for each row. Text is hashed column by
  /// column before it comes to the tap: the engine then does that once for each entry of a
  /// dictionary instead of once a row, and never copies the strings.
  std::string call_sql() const;

  /// Rows of the source that went through so far: derived rows do not count.
  std::int64_t rows_in() const { return rows_in_.load(std::memory_order_relaxed); }
  /// By billing period "2026-07"; "all" for datasets without one. Complete when the query has
  /// ended.
  const std::map<std::string, TapPeriod>& periods() const { return periods_; }
  /// Set when a second billing period appeared: the caller then writes one file per period.
  std::int64_t period_count();

 private:
  Status take(std::span<const ColumnView> arguments, std::size_t rows, ColumnWriter& result);

  /// Text of the columns whose values the tap must know (currency, provider ...), by hash.
  Status intern(const ColumnView& column, std::uint64_t seed, std::size_t rows,
                ColumnWriter& result);
  std::string text_of(std::uint64_t hash);

  std::string name_;
  std::vector<Input> inputs_;
  std::vector<std::uint64_t> seeds_;
  std::int64_t file_index_;
  int period_start_ = -1, period_end_ = -1, charge_start_ = -1, currency_ = -1, provider_ = -1,
      account_ = -1, issuer_ = -1, charge_class_ = -1, decimals_ = -1, part_ = -1;
  std::uint64_t correction_ = 0;  ///< hash of the ChargeClass of a correction
  std::vector<int> named_;
  int out_[kCosts] = {-1, -1, -1, -1}, in_[kCosts] = {-1, -1, -1, -1};
  std::atomic<std::int64_t> rows_in_ = 0;
  std::mutex mutex_;
  std::map<std::string, TapPeriod> periods_;
  std::mutex texts_mutex_;
  std::unordered_map<std::uint64_t, std::string> texts_;
};

/// The label of the billing period that begins at `start`: the month of the next day, since
/// providers begin theirs at midnight somewhere.
std::string billing_period_label(Instant start);
/// The same in SQL over an expression of type timestamp with time zone.
std::string billing_period_sql(const std::string& start);

}  // namespace steelyard
