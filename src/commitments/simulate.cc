#include "commitments/simulate.h"

#include <algorithm>
#include <unordered_map>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/checks.h"
#include "commitments/simulate_order.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

std::string pool_name(const PoolTable& table, std::size_t pool) {
  return join(table.pools[pool].key, "/");
}

/// What a pair takes in an hour.
struct Taken {
  Decimal quantity;  ///< units of usage
  Decimal capacity;  ///< of the holding
};

/// As much of `open` units as `capacity` allows. A part of a unit is rounded down to 10^-18; it
/// still takes all of the capacity that is left, which is what it was worth.
Taken take(const Pair& pair, Decimal open, Decimal capacity) {
  const Decimal per_unit = pair.spend ? pair.rate : pair.factor;
  const Decimal whole = multiply(open, per_unit);
  if (whole <= capacity) return {open, whole};
  const Decimal part = multiply_divide(capacity, {kOne}, per_unit, Rounding::kTowardsZero);
  return {std::min(part, open), capacity};
}

tl::unexpected<Error> not_conserved(std::string what, Decimal left, Decimal right) {
  Error error;
  error.code = "SY1806";
  error.what = std::move(what);
  error.fix = "this is a mistake in Steelyard: please report it";
  error.notes = {to_text(left) + " is not " + to_text(right)};
  return fail(std::move(error));
}

}  // namespace

struct Simulator::State {
  RateCard card;
  PoolTable table;
  std::vector<Holding> holdings;
  std::vector<SharingPreference> sharing;

  // Derived: fees and capacities of an hour in force, by holding.
  std::vector<Decimal> fee, capacity;
  // Orders by preference, made when first needed; those in force during [from, until).
  std::map<const SharingPreference*, std::vector<Pair>> orders;
  std::vector<Pair> active_pairs;
  std::vector<Decimal> active_rates;  ///< per unit of usage
  std::vector<std::uint32_t> active;
  Instant from, until;

  // The hour at hand.
  HourBill bill;
  std::vector<Decimal> worth;                       ///< of its usage on demand, by pool
  std::vector<Decimal> left;                        ///< capacity by holding
  std::vector<std::vector<std::size_t>> pieces_of;  ///< by holding: positions in bill.pieces
  std::vector<std::vector<Decimal>> taken;          ///< by holding: capacity of each piece

  Status open(Instant hour);
  Status start(Instant hour, std::span<const Decimal> usage);
  void apply();
  void settle_fees();
  void settle_on_demand();
};

/// Finds out what is in force at this hour, and until when that stays so.
Status Simulator::State::open(Instant hour) {
  if (from <= hour && hour < until) return {};
  const SharingPreference* preference = in_force(sharing, hour);
  auto order = orders.find(preference);
  if (order == orders.end()) {
    auto pairs = application_order(card, table, holdings, preference);
    if (!pairs) return pass(pairs);
    order = orders.emplace(preference, std::move(*pairs)).first;
  }
  from = instant_of(first_of_month(date_of(hour)));
  until = instant_of(first_of_month(date_of(hour), 1));
  std::vector<bool> in(holdings.size());
  active.clear();
  for (std::size_t h = 0; h < holdings.size(); ++h) {
    for (const Instant edge : {holdings[h].begin, holdings[h].end}) {
      if (edge <= hour) from = std::max(from, edge);
      if (edge > hour) until = std::min(until, edge);
    }
    in[h] = holdings[h].begin <= hour && hour < holdings[h].end;
    if (in[h]) active.push_back(static_cast<std::uint32_t>(h));
  }
  active_pairs.clear();
  active_rates.clear();
  for (const Pair& pair : order->second) {
    if (!in[pair.holding]) continue;
    const Holding& holding = holdings[pair.holding];
    active_pairs.push_back(pair);
    active_rates.push_back(
        pair.spend ? pair.rate : multiply_divide(holding.price, pair.factor, holding.factor));
  }
  return {};
}

Status Simulator::State::start(Instant hour, std::span<const Decimal> usage) {
  SY_ASSERT(usage.size() == table.pools.size());
  if (hour.micros % kMicrosPerHour != 0)
    return fail("SY1805", format_instant(hour) + " is not a whole hour", {},
                "commitments apply by the clock hour");
  for (std::size_t p = 0; p < usage.size(); ++p) {
    const Decimal on_demand = card.rates[table.pools[p].rate].on_demand;
    if (usage[p] < Decimal{})
      return fail(
          "SY1805",
          pool_name(table, p) + " uses " + to_text(usage[p]) + " at " + format_instant(hour), {},
          "bring the correction back to the hours that it corrects");
    if (usage[p] <= kMaxQuantity) worth[p] = multiply(usage[p], on_demand);
    if (usage[p] > kMaxQuantity || worth[p] > kMaxQuantity)
      return fail("SY1805",
                  pool_name(table, p) + " uses " + to_text(usage[p]) + " at " +
                      format_instant(hour) + ", which is beyond the limit",
                  {},
                  "an hour of a pool has at most " + to_text(kMaxQuantity) +
                      " units and as much money: look at the units of the demand");
  }
  bill.hour = hour;
  bill.pieces.clear();
  bill.usage.assign(usage.begin(), usage.end());
  bill.uncovered = bill.usage;
  std::fill(bill.fee.begin(), bill.fee.end(), Decimal{});
  std::fill(bill.unused.begin(), bill.unused.end(), Decimal{});
  for (const std::uint32_t h : active) {
    left[h] = capacity[h];
    pieces_of[h].clear();
    taken[h].clear();
  }
  return {};
}

void Simulator::State::apply() {
  for (std::size_t i = 0; i < active_pairs.size(); ++i) {
    const Pair& pair = active_pairs[i];
    Decimal& open = bill.uncovered[pair.pool];
    Decimal& rest = left[pair.holding];
    if (open == Decimal{} || rest == Decimal{}) continue;
    const Taken part = take(pair, open, rest);
    open -= part.quantity;
    rest -= part.capacity;
    pieces_of[pair.holding].push_back(bill.pieces.size());
    taken[pair.holding].push_back(part.capacity);
    bill.pieces.push_back({pair.holding, pair.pool, part.quantity, active_rates[i],
                           pair.spend ? part.capacity : Decimal{}});
  }
}

/// The fee of a plan is its capacity, so what pieces took is money already. The fee of a quantity
/// is split by what each piece took of it; what nobody took is unused.
void Simulator::State::settle_fees() {
  bill.fees = bill.total_unused = {};
  for (const std::uint32_t h : active) {
    bill.fee[h] = fee[h];
    bill.fees += fee[h];
    if (card.offers[holdings[h].offer].unit() == CommitmentUnit::kSpend) {
      bill.unused[h] = left[h];
    } else if (pieces_of[h].empty()) {
      bill.unused[h] = fee[h];
    } else if (pieces_of[h].size() == 1 && left[h] == Decimal{}) {  // as apportioned
      bill.pieces[pieces_of[h][0]].cost = fee[h];
      bill.unused[h] = {};
    } else {
      taken[h].push_back(left[h]);
      const std::vector<Decimal> parts = apportion(fee[h], taken[h]);
      for (std::size_t i = 0; i < pieces_of[h].size(); ++i) {
        bill.pieces[pieces_of[h][i]].cost = parts[i];
      }
      bill.unused[h] = parts.back();
    }
    bill.total_unused += bill.unused[h];
  }
}

void Simulator::State::settle_on_demand() {
  bill.total_on_demand = bill.on_demand_equivalent = {};
  for (std::size_t p = 0; p < table.pools.size(); ++p) {
    const Decimal price = card.rates[table.pools[p].rate].on_demand;
    bill.on_demand[p] = bill.uncovered[p] == Decimal{}       ? Decimal{}
                        : bill.uncovered[p] == bill.usage[p] ? worth[p]
                                                             : multiply(bill.uncovered[p], price);
    bill.total_on_demand += bill.on_demand[p];
    bill.on_demand_equivalent += worth[p];
  }
}

Simulator::Simulator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Simulator::Simulator(Simulator&&) noexcept = default;
Simulator& Simulator::operator=(Simulator&&) noexcept = default;
Simulator::~Simulator() = default;

Result<Simulator> Simulator::make(const RateCard& card, const PoolTable& table,
                                  std::vector<Holding> holdings,
                                  std::vector<SharingPreference> sharing) {
  auto state = std::make_unique<State>();
  state->card = card;
  state->table = table;
  state->holdings = std::move(holdings);
  state->sharing = std::move(sharing);
  std::stable_sort(state->sharing.begin(), state->sharing.end(),
                   [](const auto& a, const auto& b) { return a.since < b.since; });
  const std::size_t pools = table.pools.size(), count = state->holdings.size();
  if (count > kMaxPurchases || pools > kMaxCells)
    return fail("SY1805",
                std::to_string(pools) + " pools and " + std::to_string(count) + " purchases", {},
                "at most " + std::to_string(kMaxPurchases) + " purchases: add up those alike");
  for (const Holding& holding : state->holdings) {
    state->fee.push_back(fee_per_hour(holding));
    state->capacity.push_back(card.offers[holding.offer].unit() == CommitmentUnit::kSpend
                                  ? state->fee.back()
                                  : multiply(holding.amount, holding.factor));
  }
  state->left.resize(count);
  state->pieces_of.resize(count);
  state->taken.resize(count);
  state->bill.fee.resize(count);
  state->bill.unused.resize(count);
  state->bill.on_demand.resize(pools);
  state->worth.resize(pools);
  // The scopes are checked now, not in the first hour.
  const SharingPreference* first = state->sharing.empty() ? nullptr : &state->sharing.front();
  auto order = application_order(card, table, state->holdings, first);
  if (!order) return pass(order);
  state->orders.emplace(first, std::move(*order));
  return Simulator(std::move(state));
}

Result<const HourBill*> Simulator::bill(Instant hour, std::span<const Decimal> usage) {
  if (auto status = state_->open(hour); !status) return pass(status);
  if (auto status = state_->start(hour, usage); !status) return pass(status);
  state_->apply();
  state_->settle_fees();
  state_->settle_on_demand();
  if (auto status = check_conservation(state_->bill); !status) return pass(status);
  return &state_->bill;
}

Status check_conservation(const HourBill& bill) {
  std::vector<Decimal> covered(bill.usage.size()), used(bill.fee.size());
  Decimal fees, unused, on_demand, used_in_all;
  for (const Piece& piece : bill.pieces) {
    covered[piece.pool] += piece.quantity;
    used[piece.holding] += piece.cost;
    used_in_all += piece.cost;
  }
  const std::string at = " at " + format_instant(bill.hour);
  for (std::size_t p = 0; p < covered.size(); ++p) {
    on_demand += bill.on_demand[p];
    if (covered[p] + bill.uncovered[p] != bill.usage[p] || bill.uncovered[p] < Decimal{})
      return not_conserved(
          "covered and uncovered do not make up the usage of pool " + std::to_string(p) + at,
          covered[p] + bill.uncovered[p], bill.usage[p]);
  }
  for (std::size_t h = 0; h < used.size(); ++h) {
    fees += bill.fee[h];
    unused += bill.unused[h];
    if (used[h] + bill.unused[h] != bill.fee[h] || bill.unused[h] < Decimal{})
      return not_conserved(
          "used and unused do not make up the fee of purchase " + std::to_string(h) + at,
          used[h] + bill.unused[h], bill.fee[h]);
  }
  if (fees != bill.fees || unused != bill.total_unused || on_demand != bill.total_on_demand)
    return not_conserved("fees and on demand do not make up the total" + at, fees + on_demand,
                         bill.total());
  if (used_in_all + unused != fees)
    return not_conserved("what was used and what was not do not make up the fees" + at,
                         used_in_all + unused, fees);
  return {};
}

namespace {

/// Adds hours up.
class Sums {
 public:
  Sums(const RateCard& card, const PoolTable& table, Bill& bill)
      : card_(card), table_(table), bill_(bill) {}

  void add(const HourBill& hour) {
    for (std::size_t p = 0; p < hour.usage.size(); ++p) {
      PoolTotal& pool = bill_.by_pool[p];
      pool.usage += hour.usage[p];
      pool.uncovered += hour.uncovered[p];
      pool.on_demand += hour.on_demand[p];
      pool.on_demand_equivalent += multiply(hour.usage[p], on_demand(p));
    }
    for (std::size_t h = 0; h < hour.fee.size(); ++h) {
      const Holding& holding = bill_.holdings[h];
      if (!(holding.begin <= hour.hour && hour.hour < holding.end)) continue;
      HoldingTotal& total = bill_.by_holding[h];
      total.fee += hour.fee[h];
      total.unused += hour.unused[h];
      ++total.hours;
    }
    open_ = hour.usage;
    for (const Piece& piece : hour.pieces) add(piece);
    bill_.by_hour.push_back(
        {hour.hour, hour.on_demand_equivalent, hour.fees, hour.total_unused, hour.total_on_demand});
    bill_.fees += hour.fees;
    bill_.unused += hour.total_unused;
    bill_.on_demand += hour.total_on_demand;
    bill_.on_demand_equivalent += hour.on_demand_equivalent;
  }

  void finish() {
    for (auto& [key, cover] : covers_) bill_.covers.push_back(cover);
    std::sort(bill_.covers.begin(), bill_.covers.end(), [](const auto& a, const auto& b) {
      return std::tie(a.holding, a.pool) < std::tie(b.holding, b.pool);
    });
    Decimal fees, unused, used, on_demand, equivalent;
    for (const HoldingTotal& total : bill_.by_holding) {
      equivalent += total.covered_on_demand;
      fees += total.fee;
      unused += total.unused;
      used += total.used;
      SY_ASSERT(total.used + total.unused == total.fee);
    }
    for (const PoolTotal& total : bill_.by_pool) {
      on_demand += total.on_demand;
      used -= total.commitment_cost;
      SY_ASSERT(total.covered + total.uncovered == total.usage);
    }
    SY_ASSERT(fees == bill_.fees && unused == bill_.unused && on_demand == bill_.on_demand);
    SY_ASSERT(used == Decimal{} && equivalent + on_demand == bill_.on_demand_equivalent);
  }

 private:
  Decimal on_demand(std::size_t pool) const {
    return card_.rates[table_.pools[pool].rate].on_demand;
  }

  void add(const Piece& piece) {
    // The difference of what is open before and after: so the parts of a pool and its remainder sum
    // to its cost on demand, where products of the parts might be rounded apart.
    const Decimal before = multiply(open_[piece.pool], on_demand(piece.pool));
    open_[piece.pool] -= piece.quantity;
    const Decimal equivalent = before - multiply(open_[piece.pool], on_demand(piece.pool));
    PoolTotal& pool = bill_.by_pool[piece.pool];
    pool.covered += piece.quantity;
    pool.commitment_cost += piece.cost;
    HoldingTotal& holding = bill_.by_holding[piece.holding];
    holding.used += piece.cost;
    holding.covered_on_demand += equivalent;
    CoverTotal& cover = covers_[piece.holding * table_.pools.size() + piece.pool];
    cover.holding = piece.holding;
    cover.pool = piece.pool;
    cover.quantity += piece.quantity;
    cover.cost += piece.cost;
    cover.on_demand_equivalent += equivalent;
  }

  const RateCard& card_;
  const PoolTable& table_;
  Bill& bill_;
  std::vector<Decimal> open_;  ///< of the hour at hand, by pool
  std::unordered_map<std::size_t, CoverTotal> covers_;
};

}  // namespace

Result<Bill> simulate(const RateCard& card, const PoolTable& table, std::vector<Holding> holdings,
                      Instant first_hour, std::size_t hours, const UsageOfHour& usage,
                      std::vector<SharingPreference> sharing, const HourObserver& observer) {
  const std::size_t width = std::max(table.pools.size(), holdings.size());
  if (width != 0 && hours > kMaxCells / width)
    return fail("SY1805",
                std::to_string(hours) + " hours of " + std::to_string(table.pools.size()) +
                    " pools and " + std::to_string(holdings.size()) + " purchases",
                {}, "at most " + std::to_string(kMaxCells) + " cells: choose a shorter time");
  Bill bill;
  bill.begin = first_hour;
  bill.hours = hours;
  bill.currency = card.currency;
  bill.holdings = holdings;
  bill.by_holding.resize(holdings.size());
  bill.by_pool.resize(table.pools.size());
  bill.by_hour.reserve(hours);
  auto simulator = Simulator::make(card, table, std::move(holdings), std::move(sharing));
  if (!simulator) return pass(simulator);
  Sums sums(card, table, bill);
  std::vector<Decimal> quantity(table.pools.size());
  for (std::size_t i = 0; i < hours; ++i) {
    usage(i, quantity);
    const Instant hour{first_hour.micros + static_cast<std::int64_t>(i) * kMicrosPerHour};
    auto billed = simulator->bill(hour, quantity);
    if (!billed) return pass(billed);
    sums.add(**billed);
    if (observer) observer(**billed);
  }
  sums.finish();
  return bill;
}

Result<Bill> simulate(const RateCard& card, const PoolTable& table, std::vector<Holding> holdings,
                      const Demand& demand, std::vector<SharingPreference> sharing,
                      const HourObserver& observer) {
  SY_ASSERT(table.pools.size() == demand.pools.size());
  const auto fill = [&](std::size_t hour, std::span<Decimal> quantity) {
    for (std::size_t p = 0; p < quantity.size(); ++p) {
      quantity[p] = demand.quantity(demand.row(p)[hour]);
    }
  };
  return simulate(card, table, std::move(holdings), demand.first_hour, demand.hours, fill,
                  std::move(sharing), observer);
}

Result<Bill> simulate(const RateCard& card, const std::vector<std::string>& columns,
                      std::vector<Holding> holdings, const Usage& usage,
                      std::vector<SharingPreference> sharing, const HourObserver& observer) {
  auto table = price_pools(card, columns, usage.keys);
  if (!table) return pass(table);
  for (std::size_t p = 0; p < table->pools.size(); ++p) table->pools[p].late = usage.late[p];
  const auto fill = [&](std::size_t hour, std::span<Decimal> quantity) {
    const auto row = usage.row(hour);
    std::copy(row.begin(), row.end(), quantity.begin());
  };
  return simulate(card, *table, std::move(holdings), usage.first_hour, usage.hours, fill,
                  std::move(sharing), observer);
}

}  // namespace steelyard
