#include "commitments/plan_bill.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "commitments/exchange.h"
#include "commitments/parallel.h"
#include "commitments/payments.h"
#include "commitments/plan_variables.h"

namespace steelyard {
namespace {

/// What is simulated.
struct Holdings {
  std::vector<Holding> all;   ///< held, bought, and the rests of what was exchanged in part
  std::vector<Holding> only;  ///< held, as if nothing were bought
  std::size_t held = 0, bought = 0;

  bool is_bought(std::size_t i) const { return i >= held && i < held + bought; }
};

Result<Holdings> holdings_of(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                             Plan& plan) {
  Holdings holdings;
  for (const PlanLine& line : lines)
    if (line.held && !line.target) holdings.only.push_back(line.unit);
  holdings.all = holdings.only;
  holdings.held = holdings.only.size();
  holdings.bought = plan.purchases.size();
  std::vector<Exchange> exchanges;
  for (const PlannedPurchase& purchase : plan.purchases) {
    if (!purchase.exchanges.empty())
      exchanges.push_back({holdings.all.size(), purchase.exchanges, purchase.exchanged});
    holdings.all.push_back(purchase.holding);
  }
  auto exchanged = apply_exchanges(horizon.card(), holdings.all, std::move(exchanges));
  if (!exchanged) return pass(exchanged);
  plan.notes = std::move(*exchanged);
  return holdings;
}

/// Sums of hours; per holding where there are many.
struct Billed {
  explicit Billed(std::size_t holdings)
      : fee(holdings), unused(holdings), avoided(holdings), avoided_without(holdings) {}

  void add(const Billed& other);

  std::vector<Decimal> fee, unused, avoided, avoided_without;
  Decimal on_demand, equivalent, on_demand_without, fees_without;
};

void Billed::add(const Billed& other) {
  for (std::size_t i = 0; i < fee.size(); ++i) {
    fee[i] += other.fee[i];
    unused[i] += other.unused[i];
    avoided[i] += other.avoided[i];
    avoided_without[i] += other.avoided_without[i];
  }
  on_demand += other.on_demand;
  equivalent += other.equivalent;
  on_demand_without += other.on_demand_without;
  fees_without += other.fees_without;
}

/// All usage on demand is what is avoided and what is left.
Status check_sum(const std::vector<Decimal>& avoided, Decimal left, Decimal equivalent) {
  Decimal sum = left;
  for (const Decimal part : avoided) sum += part;
  if (sum == equivalent) return {};
  return fail("SY1806",
              "what is avoided and what is left on demand sum to " + to_text(sum) +
                  ", all usage costs " + to_text(equivalent),
              "", "this is a mistake in Steelyard: please report it");
}

/// What the pieces of an hour would cost on demand, as differences of what is open before and
/// after, so that they and the rest sum to the cost of all usage to the last digit.
void add_avoided(const PlanHorizon& horizon, const HourBill& hour, std::vector<Decimal>& avoided) {
  std::vector<Decimal> open = hour.usage;
  for (const Piece& piece : hour.pieces) {
    const Decimal price = horizon.rate_of(piece.pool).on_demand;
    const Decimal before = multiply(open[piece.pool], price);
    open[piece.pool] -= piece.quantity;
    avoided[piece.holding] += before - multiply(open[piece.pool], price);
  }
}

void set_quantities(const PlanHorizon& horizon, const Outlook& outlook, std::size_t scenario,
                    std::size_t month, std::size_t hour, std::vector<Decimal>& quantity) {
  const Demand& demand = horizon.estate.demand;
  for (std::size_t pool = 0; pool < horizon.real_pools; ++pool) {
    const Decimal all = demand.quantity(demand.row(pool).last(horizon.pattern)[hour]);
    quantity[pool] = multiply(all, decimal(outlook.at(scenario, month, pool), 6));
    quantity[horizon.real_pools + pool] =
        multiply(all, decimal(outlook.elsewhere(scenario, month, pool), 6));
  }
}

Status bill_scenario(const PlanHorizon& horizon, const Outlook& outlook, std::size_t scenario,
                     const Holdings& holdings, Billed& sums) {
  const auto& sharing = horizon.options.sharing;
  auto simulator = Simulator::make(horizon.card(), horizon.table, holdings.all, sharing);
  if (!simulator) return pass(simulator);
  auto without = Simulator::make(horizon.card(), horizon.table, holdings.only, sharing);
  if (!without) return pass(without);
  std::vector<Decimal> quantity(horizon.table.pools.size());
  for (std::size_t month = 0; month < horizon.months; ++month)
    for (std::size_t h = 0; h < horizon.pattern; ++h) {
      set_quantities(horizon, outlook, scenario, month, h, quantity);
      auto hour = simulator->bill(horizon.middle_of(month), quantity);
      if (!hour) return pass(hour);
      add_avoided(horizon, **hour, sums.avoided);
      sums.on_demand += (*hour)->total_on_demand;
      sums.equivalent += (*hour)->on_demand_equivalent;
      for (std::size_t i = 0; i < holdings.all.size(); ++i) {
        sums.fee[i] += (*hour)->fee[i];
        sums.unused[i] += (*hour)->unused[i];
      }
      if (holdings.only.empty()) {
        sums.on_demand_without += (*hour)->on_demand_equivalent;
        continue;
      }
      auto bare = without->bill(horizon.middle_of(month), quantity);
      if (!bare) return pass(bare);
      add_avoided(horizon, **bare, sums.avoided_without);
      sums.on_demand_without += (*bare)->total_on_demand;
      sums.fees_without += (*bare)->fees;
    }
  return {};
}

/// The scenarios are billed side by side.
Result<std::vector<Billed>> bill_scenarios(const PlanHorizon& horizon, const Outlook& outlook,
                                           const Holdings& holdings) {
  const auto scenarios = static_cast<std::size_t>(horizon.options.scenarios);
  std::vector<Billed> billed(scenarios, Billed(holdings.all.size()));
  std::vector<Status> status(scenarios);
  in_parallel(scenarios, horizon.options.threads, [&](std::size_t s) {
    status[s] = bill_scenario(horizon, outlook, s, holdings, billed[s]);
  });
  for (Status& one : status)
    if (!one) return pass(one);
  return billed;
}

/// Sums over so many scenarios and the hours of the pattern as a mean over the horizon.
class Mean {
 public:
  Mean(const PlanHorizon& horizon, std::size_t scenarios)
      : share_{static_cast<Int128>(scenarios) * static_cast<Int128>(horizon.pattern) * kOne} {}

  Decimal operator()(Decimal sum) const {
    return multiply_divide(sum, Decimal{kMonthHours * kOne}, share_);
  }

 private:
  Decimal share_;
};

/// The least that is used of what is paid for a holding, among the scenarios.
double worst_use(const std::vector<Billed>& scenarios, std::size_t holding) {
  double worst = 1;
  for (const Billed& one : scenarios) {
    const Decimal fee = one.fee[holding];
    if (fee > Decimal{}) worst = std::min(worst, ratio(fee - one.unused[holding], fee));
  }
  return worst;
}

/// What a holding avoids beyond its fee, in the mean of these scenarios.
Decimal saved_at_worst(const PlanHorizon& horizon, const std::vector<Billed>& scenarios,
                       const std::vector<std::size_t>& worst, std::size_t holding) {
  if (worst.empty()) return {};
  Decimal sum;
  for (const std::size_t s : worst)
    sum += scenarios[s].avoided[holding] - scenarios[s].fee[holding];
  return Mean(horizon, worst.size())(sum);
}

}  // namespace

Status bill_plan(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                 const Outlook& outlook, Plan& plan) {
  auto holdings = holdings_of(horizon, lines, plan);
  if (!holdings) return pass(holdings);
  auto scenarios = bill_scenarios(horizon, outlook, *holdings);
  if (!scenarios) return pass(scenarios);
  Billed all(holdings->all.size());
  for (const Billed& one : *scenarios) all.add(one);
  for (const auto& [avoided, left] : {std::pair(&all.avoided, all.on_demand),
                                      std::pair(&all.avoided_without, all.on_demand_without)})
    if (Status sums = check_sum(*avoided, left, all.equivalent); !sums) return pass(sums);
  const Mean mean(horizon, scenarios->size());
  plan.on_demand = mean(all.on_demand);
  plan.held_fees_without = mean(all.fees_without);
  for (std::size_t i = 0; i < holdings->all.size(); ++i) {
    const Holding& holding = holdings->all[i];
    if (!holdings->is_bought(i)) {
      plan.held_fees += mean(all.fee[i]);
      plan.held_avoided += mean(all.avoided[i]);
      plan.held_avoided_without += mean(all.avoided_without[i]);
      plan.owed_held += owed_of(horizon, holding, 0);
      continue;
    }
    PlannedPurchase& purchase = plan.purchases[i - holdings->held];
    purchase.fee = mean(all.fee[i]);
    purchase.unused = mean(all.unused[i]);
    purchase.used = purchase.fee - purchase.unused;
    purchase.avoided = mean(all.avoided[i]);
    purchase.worst_use = worst_use(*scenarios, i);
    purchase.saved_at_worst = saved_at_worst(horizon, *scenarios, plan.worst_scenarios, i);
    const Decimal price = price_of_term(purchase.holding);
    purchase.upfront =
        multiply(price, horizon.offer_of(purchase.holding).upfront_share) - holding.paid_before;
    if (purchase.step == 0) plan.owed_now += price - holding.paid_before;
    plan.fees += purchase.fee;
    plan.avoided += purchase.avoided;
  }
  return {};
}

}  // namespace steelyard
