#include "samples/charges.h"

#include <algorithm>
#include <cstdlib>

#include "base/assert.h"
#include "base/time.h"

namespace steelyard::samples {
namespace {

constexpr std::string_view kPods[] = {"checkout/deployment/api",       "checkout/deployment/worker",
                                      "search/deployment/indexer",     "payments/deployment/ledger",
                                      "recommendations/job/train",     "catalog/deployment/images",
                                      "observability/daemonset/agent", "unallocated"};
constexpr int kUnallocated = 7;

/// Two places of a currency in units of 10^-10.
constexpr std::int64_t kCent = kUnit / 100;

std::int64_t round_to_cent(__int128 amount) {
  const bool negative = amount < 0;
  if (negative) amount = -amount;
  __int128 cents = amount / kCent;
  const __int128 rest = amount % kCent;
  if (rest > kCent / 2 || (rest == kCent / 2 && (cents & 1))) ++cents;
  return static_cast<std::int64_t>((negative ? -cents : cents) * kCent);
}

/// Parts of a host's charge: three pods and what nobody asked for.
struct Parts {
  int pod[4];
  int percent[4];
};
Parts parts_of(const Random& random, std::int32_t subject) {
  const auto words = random.at(Stream::kSplit, static_cast<std::uint32_t>(subject));
  Parts parts{};
  int left = 100;
  const int start = static_cast<int>(below(words[3], kUnallocated));
  for (int i = 0; i < 3; ++i) {
    parts.pod[i] = (start + i * 2) % kUnallocated;
    parts.percent[i] = 10 + static_cast<int>(below(words[i], 20));
    left -= parts.percent[i];
  }
  parts.pod[3] = kUnallocated;
  parts.percent[3] = left;
  return parts;
}

bool is_host(const Enterprise& enterprise, const Charge& charge) {
  if (charge.kind != Kind::kUsage && charge.kind != Kind::kCoveredSp) return false;
  const Subject& subject = enterprise.subjects[charge.subject];
  if (subject.resource_template < 0 ||
      !templates(subject.provider)[subject.resource_template].split)
    return false;
  return (meters()[enterprise.prices[charge.price].meter].flags & kInstance) != 0;
}

/// Whoever runs instances has monitoring for less: a tenth of what an account's instances cost is
/// taken off its monitoring, but never more than two fifths of that.
std::int64_t bundled_discount(const Enterprise& enterprise, const RangeSums& sums, int account,
                              int service) {
  if (service != service_index("AmazonCloudWatch")) return 0;
  const auto instances = enterprise.pairs.find({account, service_index("AmazonEC2")});
  if (instances == enterprise.pairs.end()) return 0;
  return std::min(sums.billed[instances->second] / 10,
                  sums.billed[enterprise.pairs.at({account, service})] * 2 / 5);
}

}  // namespace

std::span<const std::string_view> pod_names() { return kPods; }

int category(Kind kind) {
  switch (kind) {
    case Kind::kTax:
      return kCategoryTax;
    case Kind::kCredit:
      return kCategoryCredit;
    case Kind::kRounding:
    case Kind::kBundledDiscount:
      return kCategoryAdjustment;
    case Kind::kRecurringSp:
    case Kind::kRecurringRi:
    case Kind::kUpfrontSp:
    case Kind::kUpfrontRi:
    case Kind::kSubscription:
    case Kind::kRefund:
    case Kind::kRiFee:
    case Kind::kReturnSp:
    case Kind::kReturnRi:
    case Kind::kCapacity:
      return kCategoryPurchase;
    default:
      return kCategoryUsage;
  }
}

void ProviderSums::add(const Charge& charge) {
  ++rows;
  billed += charge.billed;
  effective += charge.effective;
  list += charge.list;
  contracted += charge.contracted;
}

void ProviderSums::add(const ProviderSums& other) {
  rows += other.rows;
  billed += other.billed;
  effective += other.effective;
  list += other.list;
  contracted += other.contracted;
}

Month::Month(const Enterprise& enterprise, int month)
    : enterprise_(enterprise),
      random_(enterprise.seed),
      month_(month),
      first_(enterprise.month_hours[month]),
      last_(enterprise.month_hours[month + 1]) {
  slots_ = static_cast<int>((last_ - first_) / enterprise.slot_hours);
  std::vector<const Change*> of_quantities;
  for (const Change& change : enterprise.changes)
    if ((change.kind == "surge" || change.kind == "step") && change.first_hour < last_ &&
        change.last_hour > first_)
      of_quantities.push_back(&change);
  for (int l = 0; l < static_cast<int>(enterprise.lines.size()); ++l) {
    const Line& line = enterprise.lines[l];
    if (line.last_hour <= first_ || line.first_hour >= last_) continue;
    const Subject& subject = enterprise.subjects[line.subject];
    Active active{l, -1, -1, -1};
    if (!(line.flags & kInstance)) {
      std::vector<Change> changes;
      for (const Change* change : of_quantities)
        if (change->account == subject.account && change->service == subject.service)
          changes.push_back(*change);
      if (!changes.empty()) {
        active.change = static_cast<int>(changes_of_.size());
        changes_of_.push_back(std::move(changes));
      }
    }
    if (line.flags & (kSavings | kReserved)) {
      active.eligible = static_cast<int>(eligible_.size());
      eligible_.push_back(static_cast<int>(active_.size()));
    }
    if (line.flags & kTiered) {
      active.tiers = static_cast<int>(tiers_.size());
      tiers_.emplace_back();
    }
    active_.push_back(active);
  }
  for (const Active& active : active_) {
    if (active.tiers < 0) continue;
    auto& used = tiers_[active.tiers];
    used.assign(static_cast<std::size_t>(slots_) + 1, 0);
    const Line& line = enterprise.lines[active.line];
    for (int s = 0; s < slots_; ++s) {
      const std::int64_t hour = slot_hour(s);
      bool present = hour >= line.first_hour && hour < line.last_hour, late = false;
      const std::int64_t amount = present ? quantity(active, hour, present, late) : 0;
      used[s + 1] = used[s] + (present ? amount : 0);
    }
  }
  // Earlier months of the year count too; there are few lines that need credits.
  std::vector<Active> metered;
  for (int l = 0; l < static_cast<int>(enterprise.lines.size()); ++l)
    if (enterprise.prices[enterprise.lines[l].price].credits > 0)
      metered.push_back({l, -1, -1, -1});
  std::int64_t needed = 0;
  for (std::int64_t hour = enterprise.month_hours[capacity() * 12]; hour < last_;
       hour += enterprise.slot_hours) {
    if (hour >= first_) credits_.push_back(needed);
    for (const Active& active : metered) {
      const Line& line = enterprise.lines[active.line];
      bool present = hour >= line.first_hour && hour < line.last_hour, late = false;
      if (present)
        needed += multiply_e10(quantity(active, hour, present, late),
                               enterprise.prices[line.price].credits);
    }
  }
  credits_.push_back(needed);
  for (int pass = 0; pass < 2; ++pass)
    for (int c = 0; c < static_cast<int>(enterprise.commitments.size()); ++c) {
      const Commitment& commitment = enterprise.commitments[c];
      if (commitment.savings_plan == (pass == 0) || commitment.last_hour <= first_ ||
          commitment.first_hour >= last_)
        continue;
      commitments_.push_back(c);
      std::vector<int> order;
      for (int e = 0; e < static_cast<int>(eligible_.size()); ++e) {
        const Line& line = enterprise.lines[active_[eligible_[e]].line];
        const Price& price = enterprise.prices[line.price];
        if (price.provider != commitment.provider) continue;
        if (commitment.savings_plan
                ? price.savings > 0
                : (line.flags & kReserved) && price.type >= 0 &&
                      instance_types()[price.type].family == commitment.family &&
                      price.region == enterprise.prices[commitment.price].region)
          order.push_back(e);
      }
      // The owner's account first; then where a plan saves most, and at the lowest rate; a
      // reservation from the smallest to the largest size; then in the order of resources.
      std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        const Line &x = enterprise.lines[active_[eligible_[a]].line],
                   &y = enterprise.lines[active_[eligible_[b]].line];
        const bool own_x = enterprise.subjects[x.subject].account == commitment.account,
                   own_y = enterprise.subjects[y.subject].account == commitment.account;
        if (own_x != own_y) return own_x;
        const Price &price_x = enterprise.prices[x.price], &price_y = enterprise.prices[y.price];
        if (!commitment.savings_plan)
          return instance_types()[price_x.type].normalized_quarters <
                 instance_types()[price_y.type].normalized_quarters;
        const bool instance_x = x.flags & kInstance, instance_y = y.flags & kInstance;
        if (instance_x != instance_y) return instance_x;
        return price_x.savings < price_y.savings;
      });
      order_.push_back(std::move(order));
    }
}

int Month::tags_of(const Subject& subject) const {
  return month_ == 0 ? subject.tags_early : subject.tags_late;
}

std::int64_t Month::quantity(const Active& active, std::int64_t hour, bool& present,
                             bool& late) const {
  const Line& line = enterprise_.lines[active.line];
  const int g = enterprise_.slot_hours;
  const std::int64_t machines = line.fleet < 0 ? g : machine_hours(enterprise_, line, hour, g);
  present = machines > 0;
  if (!present) return 0;
  if (line.flags & kInstance) return line.base * machines;
  const auto words = random_.at(Stream::kUsage, static_cast<std::uint32_t>(active.line),
                                static_cast<std::uint32_t>(hour));
  present = below(words[0], 1000) < static_cast<std::uint32_t>(line.presence);
  if (!present) return 0;
  late = below(words[3], 1000) < 4;
  std::uint64_t factor;  // in units of 10^-9
  const auto noise = 700 + below(words[1], 601);
  const auto trend = static_cast<std::uint64_t>(std::max<std::int64_t>(
      100, 1000 + line.growth * (hour - enterprise_.month_hours.front()) / 8760));
  if (line.flags & kSteady) {
    factor = 1000 * 1000 * std::uint64_t{1000} / 1000 * (990 + noise / 50) / 1000;
    factor = factor * trend;
    if (meters()[enterprise_.prices[line.price].meter].sigma == 0) factor = 1'000'000'000;
  } else {
    const auto cycle = static_cast<std::uint64_t>(g == 1 ? busy(hour) : busy_day(hour));
    factor = cycle * noise * trend;
  }
  if (active.change >= 0)
    for (const Change& change : changes_of_[active.change])
      if (hour >= change.first_hour && hour < change.last_hour)
        factor = factor / 1000 * static_cast<std::uint64_t>(change.factor_per_mille);
  auto amount =
      static_cast<std::int64_t>(static_cast<unsigned __int128>(line.base) *
                                static_cast<std::uint64_t>(machines) * factor / 1'000'000'000);
  if (line.flags & kWhole) amount = std::max<std::int64_t>(kUnit, amount / kUnit * kUnit);
  if (line.flags & kMicro) {
    constexpr std::int64_t micro = kUnit / 1'000'000;
    amount = std::max(micro, amount / micro * micro);
  }
  return std::max<std::int64_t>(1, amount);
}

void Month::usage(const Line& line, int tags, std::int64_t hour, std::int64_t amount, int price,
                  bool late, std::vector<Charge>& out) const {
  const Price& p = enterprise_.prices[price];
  Charge charge;
  charge.subject = line.subject;
  charge.price = price;
  charge.tags = tags;
  charge.late = late;
  charge.first_hour = hour;
  charge.last_hour = hour + enterprise_.slot_hours;
  charge.quantity = amount;
  if (p.list != 0) {
    charge.list = multiply_e10(p.list, amount);
    charge.contracted = p.contracted == p.list ? charge.list : multiply_e10(p.contracted, amount);
    charge.billed = charge.effective = charge.contracted;
  }
  out.push_back(charge);
}

/// The last charge of `out` as the capacity covers it: whole, in part (then two rows), or not.
void Month::cover_with_credits(std::int64_t& spent, std::vector<Charge>& out) const {
  const Price& price = enterprise_.prices[out.back().price];
  const std::int64_t needed = multiply_e10(out.back().quantity, price.credits),
                     left = std::max<std::int64_t>(
                         0, enterprise_.capacities[capacity()].credits - spent);
  spent += needed;
  if (left == 0) return;
  Charge covered = out.back();
  if (left < needed) {
    covered.quantity = left * (kUnit / price.credits);
    covered.list = multiply_e10(price.list, covered.quantity);
    covered.contracted = covered.effective = multiply_e10(price.contracted, covered.quantity);
    Charge& rest = out.back();
    rest.quantity -= covered.quantity;
    rest.list -= covered.list;
    rest.contracted -= covered.contracted;
    rest.billed = rest.effective = rest.contracted;
    out.push_back(rest);
  }
  covered.kind = Kind::kCoveredCredits;
  covered.commitment = capacity_key(enterprise_, capacity());
  covered.commitment_quantity = std::min(left, needed);
  covered.billed = 0;
  out[out.size() - (left < needed ? 2 : 1)] = covered;
}

void Month::truth(int slot, Scratch& scratch) const {
  auto& out = scratch.charges;
  out.clear();
  const std::int64_t hour = slot_hour(slot);
  const int g = enterprise_.slot_hours;
  auto& left = scratch.left;
  left.assign(eligible_.size(), 0);
  for (std::size_t e = 0; e < eligible_.size(); ++e) {
    const Active& active = active_[eligible_[e]];
    const Line& line = enterprise_.lines[active.line];
    if (hour < line.first_hour || hour >= line.last_hour) continue;
    bool present = true, late = false;
    left[e] = quantity(active, hour, present, late);
    if (!present) left[e] = 0;
  }

  for (std::size_t k = 0; k < commitments_.size(); ++k) {
    const Commitment& c = enterprise_.commitments[commitments_[k]];
    if (hour < c.first_hour || hour >= c.last_hour) continue;
    Charge own;  // of the commitment itself
    own.subject = c.subject;
    own.commitment = commitments_[k];
    own.first_hour = hour;
    own.last_hour = hour + g;
    if (c.first_hour == hour && c.upfront > 0) {
      Charge upfront = own;
      upfront.kind = c.savings_plan ? Kind::kUpfrontSp : Kind::kUpfrontRi;
      upfront.price = c.upfront_fee;
      upfront.quantity = kUnit;
      upfront.commitment_quantity = 0;
      upfront.list = upfront.contracted = upfront.billed = c.upfront_total();
      out.push_back(upfront);
    }
    if (c.last_hour == hour + g && c.given_back() && c.upfront > 0) {
      Charge refund = own;
      refund.kind = c.savings_plan ? Kind::kReturnSp : Kind::kReturnRi;
      refund.price = c.refund_fee;
      refund.quantity = -kUnit;
      refund.list = refund.contracted = refund.billed = -c.refund();
      out.push_back(refund);
    }
    const std::int64_t committed = (c.recurring + c.upfront) * g;
    const std::size_t recurring_at = out.size();
    const bool fee_is_due = !c.monthly || hour == std::max(c.first_hour, first_);
    if (fee_is_due) {
      Charge recurring = own;
      recurring.kind = c.savings_plan ? Kind::kRecurringSp : Kind::kRecurringRi;
      recurring.price = c.fee;
      if (c.monthly) recurring.last_hour = std::min(c.last_hour, last_);
      const std::int64_t hours = recurring.last_hour - hour;
      recurring.quantity = hours * kUnit;
      recurring.list = recurring.contracted = recurring.billed = c.recurring * hours;
      recurring.upfront = c.upfront * hours;
      recurring.commitment_quantity = c.savings_plan ? committed : c.quarters * hours * kUnit / 4;
      out.push_back(recurring);
    }

    std::int64_t rest = committed;  // cost not yet used
    std::int64_t capacity =
        c.quarters * g * kUnit;  // reservations: quarter-unit hours not yet used
    const std::int64_t rate = c.quarters > 0 ? (c.recurring + c.upfront) / c.quarters : 0;
    for (int e : order_[k]) {
      if (left[e] == 0) continue;
      if (c.savings_plan ? rest == 0 : capacity == 0) break;
      const Active& active = active_[eligible_[e]];
      const Line& line = enterprise_.lines[active.line];
      const Price& price = enterprise_.prices[line.price];
      std::int64_t amount = left[e], cost;
      Charge covered;
      if (c.savings_plan) {
        cost = multiply_e10(price.savings, amount);
        if (cost > rest) {
          cost = rest;
          amount = static_cast<std::int64_t>(static_cast<unsigned __int128>(rest) * kUnit /
                                             static_cast<std::uint64_t>(price.savings));
          if (amount == 0) amount = 1;
          amount = std::min(amount, left[e]);
        }
        covered.kind = Kind::kCoveredSp;
        covered.commitment_quantity = cost;
      } else {
        const std::int64_t quarters = instance_types()[price.type].normalized_quarters;
        std::int64_t need = amount * quarters;
        if (need >= capacity) {
          need = capacity;
          amount = std::max<std::int64_t>(1, need / quarters);
          cost = rest;
        } else {
          cost = multiply_e10(rate, need);
        }
        capacity -= need;
        covered.kind = Kind::kCoveredRi;
        covered.commitment_quantity = need / 4;
      }
      rest -= cost;
      left[e] -= amount;
      covered.subject = line.subject;
      covered.price = line.price;
      covered.commitment = commitments_[k];
      covered.tags = tags_of(enterprise_.subjects[line.subject]);
      covered.first_hour = hour;
      covered.last_hour = hour + g;
      covered.quantity = amount;
      covered.list = multiply_e10(price.list, amount);
      covered.contracted = multiply_e10(price.contracted, amount);
      covered.effective = cost;
      covered.upfront = c.payment == Payment::kNoUpfront    ? 0
                        : c.payment == Payment::kAllUpfront ? cost
                                                            : cost / 2;
      out.push_back(covered);
    }
    if (rest > 0) {
      Charge unused = own;
      unused.kind = c.savings_plan ? Kind::kUnusedSp : Kind::kUnusedRi;
      unused.effective = rest;
      unused.upfront = c.payment == Payment::kNoUpfront    ? 0
                       : c.payment == Payment::kAllUpfront ? rest
                                                           : rest / 2;
      unused.commitment_quantity = c.savings_plan ? rest : capacity / 4;
      out.push_back(unused);
    }
    if (fee_is_due) out[recurring_at].unused = rest;
  }

  const Capacity& credits = enterprise_.capacities[capacity()];
  Charge of_capacity;
  of_capacity.commitment = capacity_key(enterprise_, capacity());
  of_capacity.first_hour = hour;
  of_capacity.last_hour = hour + g;
  if (hour == credits.first_hour) {
    Charge purchase = of_capacity;
    purchase.kind = Kind::kCapacity;
    purchase.subject = credits.subject;
    purchase.price = credits.price;
    purchase.quantity = purchase.commitment_quantity = credits.credits;
    purchase.list = multiply_e10(kCreditList, credits.credits);
    purchase.contracted = purchase.billed = multiply_e10(kCreditContracted, credits.credits);
    out.push_back(purchase);
  }
  if (const std::int64_t rest = credits.credits - credits_before(slot + 1);
      hour + g == credits.last_hour && rest > 0) {
    Charge expired = of_capacity;
    expired.kind = Kind::kUnusedCredits;
    expired.subject = credits.holder;
    expired.commitment_quantity = rest;
    expired.effective = multiply_e10(kCreditContracted, rest);
    out.push_back(expired);
  }
  std::int64_t spent = credits_before(slot);
  for (const Active& active : active_) {
    const Line& line = enterprise_.lines[active.line];
    if (hour < line.first_hour || hour >= line.last_hour) continue;
    bool present = true, late = false;
    std::int64_t amount;
    if (active.eligible >= 0) {
      amount = left[active.eligible];
      if (amount == 0) continue;
    } else {
      amount = quantity(active, hour, present, late);
      if (!present) continue;
    }
    const int tags = tags_of(enterprise_.subjects[line.subject]);
    if (active.tiers < 0) {
      usage(line, tags, hour, amount, line.price, late, out);
      if (line.flags & kMicro) cover_with_credits(spent, out);
      continue;
    }
    // The first 10 units of a month are free, beyond 500 they are cheaper; a row for each tier that
    // the slot touches.
    constexpr std::int64_t kBounds[] = {10 * kUnit, 500 * kUnit, INT64_MAX};
    std::int64_t from = tiers_[active.tiers][slot];
    const std::int64_t to = from + amount;
    for (int tier = 0; tier < 3 && from < to; ++tier) {
      if (from >= kBounds[tier]) continue;
      const std::int64_t until = std::min(to, kBounds[tier]);
      usage(line, tags, hour, until - from, line.price + tier, late, out);
      from = until;
    }
  }
}

void show(const Enterprise& enterprise, const Random& random, View view, const Charge& charge,
          std::vector<Charge>& out) {
  const bool fee_of_nothing =
      (charge.kind == Kind::kRecurringSp || charge.kind == Kind::kRecurringRi) &&
      charge.billed == 0;
  if (view == View::kCur) {
    if (enterprise.subjects[charge.subject].provider != Provider::kAws) return;
    if (charge.kind == Kind::kUnusedSp || charge.kind == Kind::kUnusedRi ||
        charge.kind == Kind::kRecurringRi)
      return;
    out.push_back(charge);
    if (charge.kind == Kind::kCoveredSp) {
      Charge negation = charge;
      negation.kind = Kind::kNegation;
      negation.effective = 0;
      out.push_back(negation);
    }
    if (is_host(enterprise, charge)) {
      const Parts parts = parts_of(random, charge.subject);
      for (int i = 0; i < 3; ++i) {
        Charge pod = charge;
        pod.kind = Kind::kPod;
        pod.pod = parts.pod[i];
        pod.upfront = charge.effective * parts.percent[i] / 100;  // the split cost
        pod.quantity = charge.quantity * parts.percent[i] / 100;
        pod.list = pod.contracted = pod.billed = pod.effective = 0;
        pod.commitment = -1;
        out.push_back(pod);
      }
    }
    return;
  }
  if (fee_of_nothing) return;
  if (view == View::kFocus14 && is_host(enterprise, charge)) {
    const Parts parts = parts_of(random, charge.subject);
    Charge rest = charge;
    for (int i = 0; i < 4; ++i) {
      Charge part = charge;
      part.pod = parts.pod[i];
      const auto take = [&](std::int64_t Charge::* field) {
        part.*field = i == 3 ? rest.*field
                             : static_cast<std::int64_t>(static_cast<__int128>(charge.*field) *
                                                         parts.percent[i] / 100);
        rest.*field -= part.*field;
      };
      take(&Charge::quantity);
      take(&Charge::list);
      take(&Charge::contracted);
      take(&Charge::billed);
      take(&Charge::effective);
      take(&Charge::commitment_quantity);
      out.push_back(part);
    }
    return;
  }
  out.push_back(charge);
}

void Month::slot(int slot, View view, Scratch& scratch, std::vector<Charge>& out) const {
  truth(slot, scratch);
  for (const Charge& charge : scratch.charges) show(enterprise_, random_, view, charge, out);
}

RangeSums Month::sum(int begin, int end) const {
  RangeSums sums;
  sums.slots.resize(static_cast<std::size_t>(end - begin));
  sums.billed.assign(enterprise_.subjects.size(), 0);
  sums.unused_cost.assign(enterprise_.commitments.size(), {});
  sums.unused_quantity.assign(enterprise_.commitments.size(), {});
  for (std::size_t c = 0; c < enterprise_.commitments.size(); ++c)
    sums.unused_cost[c].assign(sums.slots.size(), 0),
        sums.unused_quantity[c].assign(sums.slots.size(), 0);
  sums.detail.assign(static_cast<std::size_t>(enterprise_.invoice_groups) * kCategories, 0);
  sums.detail_rows.assign(sums.detail.size(), 0);
  std::vector<int> pair_of(enterprise_.subjects.size(), -1);
  for (std::size_t s = 0; s < enterprise_.resources; ++s) {
    const Subject& subject = enterprise_.subjects[s];
    pair_of[s] = enterprise_.pairs.at({subject.account, subject.service});
  }
  Scratch scratch;
  for (int s = begin; s < end; ++s) {
    truth(s, scratch);
    SlotSums& slot = sums.slots[static_cast<std::size_t>(s - begin)];
    for (const Charge& charge : scratch.charges) {
      const Subject& subject = enterprise_.subjects[charge.subject];
      const bool shown =
          !((charge.kind == Kind::kRecurringSp || charge.kind == Kind::kRecurringRi) &&
            charge.billed == 0);
      const bool host = is_host(enterprise_, charge);
      const int rows = shown ? (host ? 4 : 1) : 0;
      slot.rows[static_cast<int>(View::kFocus14)] += rows;
      slot.rows[static_cast<int>(View::kFocus12)] += shown;
      if (subject.provider == Provider::kAws && charge.kind != Kind::kUnusedSp &&
          charge.kind != Kind::kUnusedRi && charge.kind != Kind::kRecurringRi)
        slot.rows[static_cast<int>(View::kCur)] +=
            1 + (charge.kind == Kind::kCoveredSp) + (host ? 3 : 0);
      ProviderSums& provider = sums.providers[static_cast<int>(subject.provider)];
      if (shown) {
        provider.add(charge);
        provider.rows += rows - 1;
      }
      if (charge.kind == Kind::kUsage)
        sums.billed[static_cast<std::size_t>(pair_of[charge.subject])] += charge.billed;
      if (charge.kind == Kind::kUnusedRi || charge.kind == Kind::kUnusedSp) {
        sums.unused_cost[charge.commitment][static_cast<std::size_t>(s - begin)] = charge.effective;
        sums.unused_quantity[charge.commitment][static_cast<std::size_t>(s - begin)] =
            charge.commitment_quantity;
      }
      const int key = invoice_key(subject.invoice_group, category(charge.kind));
      sums.detail[static_cast<std::size_t>(key)] += charge.billed;
      sums.detail_rows[static_cast<std::size_t>(key)] += rows;
    }
  }
  return sums;
}

std::vector<Closing> close_months(Enterprise& enterprise, const std::vector<RangeSums>& sums) {
  std::vector<Closing> closings(sums.size());
  // A migration credit of the third account: a balance that is drawn on until it expires in the
  // middle of the time.
  const int credited = enterprise.payer[0] + 2;
  __int128 balance = 0;
  for (const auto& [pair, subject] : enterprise.pairs)
    if (pair.first == credited && !sums.empty()) balance += sums[0].billed[subject] / 2;
  balance = std::max<__int128>(round_to_cent(balance), 25 * kUnit);
  for (std::size_t m = 0; m < sums.size(); ++m) {
    Closing& closing = closings[m];
    const std::int64_t first = enterprise.month_hours[m], last = enterprise.month_hours[m + 1];
    const auto make = [&](Kind kind, int subject, std::int64_t amount) {
      Charge charge;
      charge.kind = kind;
      charge.subject = subject;
      charge.first_hour = first;
      charge.last_hour = last;
      charge.quantity = kUnit;
      charge.list = charge.contracted = charge.billed = charge.effective = amount;
      return charge;
    };
    for (const Subscription& subscription : enterprise.subscriptions) {
      Charge charge = make(Kind::kSubscription, subscription.subject, subscription.monthly);
      charge.price = subscription.price;
      closing.always.push_back(charge);
    }
    for (const auto& [pair, subject] : enterprise.pairs) {
      const std::int64_t discount = bundled_discount(enterprise, sums[m], pair.first, pair.second);
      if (discount != 0) closing.final.push_back(make(Kind::kBundledDiscount, subject, -discount));
      const std::int64_t tax =
          round_to_cent(static_cast<__int128>(sums[m].billed[subject] - discount) *
                        enterprise.accounts[pair.first].tax_per_mille / 1000);
      if (tax != 0) closing.final.push_back(make(Kind::kTax, subject, tax));
    }
    if (m < (sums.size() + 1) / 2)
      for (const auto& [pair, subject] : enterprise.pairs) {
        if (pair.first != credited || balance <= 0) continue;
        const auto credit = static_cast<std::int64_t>(
            std::min<__int128>(balance, round_to_cent(sums[m].billed[subject] * 3 / 10)));
        if (credit <= 0) continue;
        balance -= credit;
        closing.final.push_back(make(Kind::kCredit, subject, -credit));
      }
    if (m % 2 == 1) {
      // Some of last month's usage was measured too high: taken back in this month's bill, dated
      // then.
      for (int offset = 1; offset < 4; ++offset) {
        const auto pair =
            enterprise.pairs.find({enterprise.payer[0] + offset, service_index("AmazonS3")});
        if (pair == enterprise.pairs.end()) continue;
        const std::int64_t amount = round_to_cent(sums[m - 1].billed[pair->second] / 12);
        if (amount <= 0) continue;
        Charge charge = make(Kind::kCorrection, pair->second, -amount);
        charge.first_hour = enterprise.month_hours[m - 1] + 24 * 9;
        charge.last_hour = charge.first_hour + 24;
        closing.final.push_back(charge);
        enterprise.changes.push_back({"correction", charge.first_hour, charge.last_hour,
                                      pair->first.first, pair->first.second, 1000,
                                      "the bill of " + enterprise.month_names[m] +
                                          " takes back usage of " + enterprise.month_names[m - 1]});
        break;
      }
    }
    if (m == 2) {
      const Subscription& subscription = enterprise.subscriptions.back();
      Charge charge = make(Kind::kRefund, subscription.subject, -subscription.monthly / 2);
      charge.price = -1;
      charge.first_hour = enterprise.month_hours[m - 1];
      charge.last_hour = enterprise.month_hours[m];
      closing.final.push_back(charge);
      const Subject& subject = enterprise.subjects[subscription.subject];
      enterprise.changes.push_back({"refund", charge.first_hour, charge.last_hour, subject.account,
                                    subject.service, 1000,
                                    "the bill of " + enterprise.month_names[m] +
                                        " refunds half of a subscription of the month before"});
    }
    // Microsoft and Google bill whole cents: a row carries the difference. Amazon does not, its
    // invoices differ by the tolerance.
    for (int p = 1; p < kProviders; ++p) {
      __int128 sum = sums[m].providers[p].billed;
      for (const Charge& charge : closing.final)
        if (static_cast<int>(enterprise.subjects[charge.subject].provider) == p)
          sum += charge.billed;
      const auto difference = static_cast<std::int64_t>(round_to_cent(sum) - sum);
      if (difference == 0) continue;
      for (const auto& [pair, subject] : enterprise.pairs)
        if (pair.first == enterprise.payer[p]) {
          closing.final.push_back(make(Kind::kRounding, subject, difference));
          break;
        }
    }
  }
  return closings;
}

std::vector<Charge> reservation_fees(const Enterprise& enterprise, const Month& month,
                                     const RangeSums& sums, int end_slot) {
  std::vector<Charge> fees;
  for (int c = 0; c < static_cast<int>(enterprise.commitments.size()); ++c) {
    const Commitment& commitment = enterprise.commitments[c];
    if (commitment.savings_plan || commitment.provider != Provider::kAws) continue;
    const std::int64_t first = std::max(commitment.first_hour, month.first_hour());
    const std::int64_t last = std::min(commitment.last_hour, month.slot_hour(end_slot));
    if (first >= last) continue;
    Charge fee;
    fee.kind = Kind::kRiFee;
    fee.subject = commitment.subject;
    fee.commitment = c;
    fee.price = commitment.fee;
    fee.first_hour = first;
    fee.last_hour = last;
    fee.quantity = (last - first) * kUnit;
    fee.billed = fee.list = fee.contracted = commitment.recurring * (last - first);
    fee.upfront = commitment.upfront * (last - first);
    std::int64_t unused = 0, quantity = 0;
    for (int s = 0; s < end_slot; ++s) {
      unused += sums.unused_cost[c][static_cast<std::size_t>(s)];
      quantity += sums.unused_quantity[c][static_cast<std::size_t>(s)];
    }
    fee.unused_upfront = commitment.payment == Payment::kNoUpfront    ? 0
                         : commitment.payment == Payment::kAllUpfront ? unused
                                                                      : unused / 2;
    fee.unused = unused - fee.unused_upfront;
    fee.unused_quantity = quantity;
    fees.push_back(fee);
  }
  return fees;
}

}  // namespace steelyard::samples
