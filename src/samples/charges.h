// Charges: what the enterprise's entities cost, hour by hour (or day by day). A month is planned
// once (what is active, who is covered by which commitment in which order, how far each volume tier
// has been used); then any slot of it can be made alone. Rules that the figures follow, by
// construction and exactly: in each slot of a commitment, effective cost of the covered rows + of
// the unused row = its committed cost = recurring purchase + share of the upfront payment; rows
// that are covered cost nothing on the bill; a covering purchase has no effective cost. A capacity
// is drawn down to exactly nothing before usage is billed; what expires is unused.
#pragma once

#include <cstdint>
#include <vector>

#include "samples/enterprise.h"

namespace steelyard::samples {

enum class Kind : std::uint8_t {
  kUsage,
  kCoveredSp,
  kCoveredRi,
  kUnusedSp,
  kUnusedRi,
  kRecurringSp,
  kRecurringRi,
  kUpfrontSp,
  kUpfrontRi,
  kSubscription,
  kTax,
  kCredit,
  kRefund,
  kCorrection,
  kRounding,
  // Only in a Cost and Usage Report: the row that takes a covered amount back, the month's
  // reservation fee, a pod's part of its host.
  kNegation,
  kRiFee,
  kPod,
  // What is paid back when a commitment is given back.
  kReturnSp,
  kReturnRi,
  // Capacity: the purchase, what it covers, what expires.
  kCapacity,
  kCoveredCredits,
  kUnusedCredits,
  /// What one service's use costs less because another one is used.
  kBundledDiscount,
};

/// How a rendering sees the truth.
enum class View : std::uint8_t {
  kFocus14,  ///< container hosts are split into pods
  kFocus12,
  kCur,  ///< AWS only; negations, a fee row a month and reservation, pods as additional rows
};
inline constexpr int kViews = 3;

struct Charge {
  std::int32_t subject = 0;
  std::int32_t price = -1;
  std::int32_t commitment = -1;  ///< of the enterprise's; its capacities follow
  std::int32_t tags = 0;
  std::int32_t pod = -1;  ///< of pod_names()
  Kind kind = Kind::kUsage;
  bool late = false;  ///< comes with the final delivery only
  std::int64_t first_hour = 0, last_hour = 0;
  std::int64_t quantity = 0, list = 0, contracted = 0, billed = 0, effective = 0;
  std::int64_t commitment_quantity = 0;
  std::int64_t upfront = 0;  ///< of `effective` (or, for recurring rows, of the slot's commitment)
                             ///< what was paid upfront
  std::int64_t unused =
      0;  ///< kRecurringSp: commitment of the slot that nothing used; kRiFee: recurring part unused
  std::int64_t unused_upfront = 0, unused_quantity = 0;  ///< kRiFee
};

std::span<const std::string_view> pod_names();

/// Sums over the slots of a month, in 10^-10.
struct ProviderSums {
  std::int64_t rows = 0;
  __int128 billed = 0, effective = 0, list = 0, contracted = 0;
  void add(const Charge& charge);
  void add(const ProviderSums& other);
};

struct SlotSums {
  std::int64_t rows[kViews] = {};  ///< rows of each view
};

/// What one pass over a range of slots finds.
struct RangeSums {
  std::vector<SlotSums> slots;
  std::vector<std::int64_t> billed;  ///< by subject: of pairs, what their usage cost
  ProviderSums providers[kProviders];
  std::vector<std::vector<std::int64_t>> unused_cost,
      unused_quantity;           ///< by commitment and slot of the range
  std::vector<__int128> detail;  ///< by invoice key
  std::vector<std::int64_t> detail_rows;
};

/// Position of a capacity among Charge::commitment.
inline int capacity_key(const Enterprise& enterprise, int capacity) {
  return static_cast<int>(enterprise.commitments.size()) + capacity;
}

/// FOCUS charge categories, as positions.
enum Category : int {
  kCategoryUsage,
  kCategoryPurchase,
  kCategoryTax,
  kCategoryCredit,
  kCategoryAdjustment,
  kCategories
};
int category(Kind kind);
/// Position of (invoice group, category) among the invoice lines of a month.
inline int invoice_key(int group, int category) { return group * kCategories + category; }

class Month {
 public:
  Month(const Enterprise& enterprise, int month);

  int slots() const { return slots_; }
  int number() const { return month_; }
  std::int64_t slot_hour(int slot) const {
    return first_ + static_cast<std::int64_t>(slot) * enterprise_.slot_hours;
  }
  std::int64_t first_hour() const { return first_; }
  std::int64_t last_hour() const { return last_; }
  /// Of the enterprise's capacities: the one that covers this month.
  int capacity() const { return month_ / 12; }
  /// Credits that usage has needed since the capacity began, covered or not, when `slot` begins.
  std::int64_t credits_before(int slot) const { return credits_[static_cast<std::size_t>(slot)]; }

  /// Memory that slot() uses, one a thread.
  struct Scratch {
    std::vector<std::int64_t> left;
    std::vector<Charge> charges;
  };
  /// Appends the charges of a slot as `view` shows them. Rows of other views are not made.
  void slot(int slot, View view, Scratch& scratch, std::vector<Charge>& out) const;

  /// One pass over slots [begin, end): the truth's sums and how many rows each view has.
  RangeSums sum(int begin, int end) const;

 private:
  struct Active {
    int line;
    int change;    ///< position in changes_of_, or -1
    int eligible;  ///< position among eligible_, or -1
    int tiers;     ///< position among tiers_, or -1
  };
  void truth(int slot, Scratch& scratch) const;
  std::int64_t quantity(const Active& active, std::int64_t hour, bool& present, bool& late) const;
  void usage(const Line& line, int tags, std::int64_t hour, std::int64_t amount, int price,
             bool late, std::vector<Charge>& out) const;
  void cover_with_credits(std::int64_t& spent, std::vector<Charge>& out) const;
  int tags_of(const Subject& subject) const;

  const Enterprise& enterprise_;
  Random random_;
  int month_;
  int slots_;
  std::int64_t first_, last_;
  std::vector<Active> active_;
  std::vector<int> eligible_;     ///< positions in active_
  std::vector<int> commitments_;  ///< those of the month, reservations first
  std::vector<std::vector<int>>
      order_;  ///< for each of them: positions among eligible_, first served first
  std::vector<std::vector<Change>> changes_of_;   ///< copies: the enterprise's list still grows
  std::vector<std::vector<std::int64_t>> tiers_;  ///< quantity used in the month before each slot
  std::vector<std::int64_t> credits_;             ///< see credits_before
};

/// Writes how `view` shows one charge of the truth.
void show(const Enterprise& enterprise, const Random& random, View view, const Charge& charge,
          std::vector<Charge>& out);

/// Rows that come with a month's end: subscriptions, tax, bundled discounts, credits, corrections,
/// refunds, roundings, and for a CUR reservation fees.
struct Closing {
  std::vector<Charge> always;  ///< in every delivery: subscriptions
  std::vector<Charge> final;   ///< in the last one
};
/// `sums[m]` are the sums of whole months; the closings of all months depend on each other
/// (balances, corrections of the month before).
std::vector<Closing> close_months(Enterprise& enterprise, const std::vector<RangeSums>& sums);

/// The CUR's fee rows of reservations up to a slot.
std::vector<Charge> reservation_fees(const Enterprise& enterprise, const Month& month,
                                     const RangeSums& sums, int end_slot);

}  // namespace steelyard::samples
