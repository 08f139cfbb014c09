// What is decided and what that leads to, step by step; each step is a file of its own.
#include "commitments/plan.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "commitments/exchange.h"
#include "commitments/plan_ahead.h"
#include "commitments/plan_bill.h"
#include "commitments/plan_curve.h"
#include "commitments/plan_lines.h"
#include "commitments/plan_moves.h"
#include "commitments/plan_problem.h"
#include "commitments/plan_rounding.h"
#include "commitments/plan_variables.h"
#include "commitments/spikes.h"

namespace steelyard {
namespace {

/// Of the search with many purchases: whole ones leave more than a smaller gap open.
constexpr double kGapOfMany = 1e-4;

/// The estate with what is usual in place of spikes; none if there are no spikes.
std::optional<Estate> without_spikes(const Estate& estate, const std::vector<Spike>& spikes) {
  if (spikes.empty()) return std::nullopt;
  Estate calm = estate;
  for (const Spike& spike : spikes)
    calm.demand.counts[spike.pool * calm.demand.hours + spike.hour] = spike.usual;
  return calm;
}

std::string note_of(const std::vector<Spike>& spikes, const Estate& estate) {
  Decimal beyond;
  for (const Spike& spike : spikes) {
    const Int128 count = estate.demand.row(spike.pool)[spike.hour] - spike.usual;
    const Rate& rate = estate.card.rates[estate.table.pools[spike.pool].rate];
    beyond += multiply(estate.demand.quantity(count), rate.on_demand);
  }
  return std::to_string(spikes.size()) + (spikes.size() == 1 ? " hour stands" : " hours stand") +
         " far above all else that its pool uses and is not expected again: " +
         to_text(beyond, 2, true) + " " + estate.card.currency + " on demand";
}

/// What to buy, when.
struct Decision {
  PlanLines found;
  PlanProblem problem;  ///< what the exchanges leave of it
  std::vector<ExchangeMove> moves;
  std::optional<ExchangeChoice> exchanges;  ///< none: there are no moves
  std::unique_ptr<PlanAhead> ahead;         ///< none: nothing limits what goes unused
  BasketResult relaxed;                     ///< need not be whole
  RoundedBasket rounded;
};

BasketOptions search_options(const PlanOptions& options, const BasketProblem& problem) {
  BasketOptions search{options.gap, kMostPlanPasses, options.threads};
  search.on_pass = options.on_pass;
  if (problem.variables.size() > search.few_purchases)
    search.gap = std::max(search.gap, kGapOfMany);
  return search;
}

std::unique_ptr<PlanAhead> look_ahead(const PlanHorizon& horizon, const BasketProblem& problem) {
  const BacktestTerms no_terms;
  const Demand& demand = horizon.estate.demand;
  const PolicyView view(demand, demand.hours, no_terms, {});
  return std::make_unique<PlanAhead>(problem, horizon.real_pools, YearAhead(view),
                                     horizon.options.threads);
}

/// Moves units of convertible reserved instances to where they save most.
void exchange(const PlanHorizon& horizon, Decision& decision) {
  BasketProblem& problem = decision.problem.basket;
  decision.moves = find_moves(horizon, decision.found.lines, problem);
  if (decision.moves.empty()) return;
  decision.exchanges =
      choose_exchanges(problem, decision.moves, search_options(horizon.options, problem));
  problem = after_exchanges(problem, decision.moves, decision.exchanges->chosen);
}

void choose_purchases(const PlanHorizon& horizon, Decision& decision) {
  const PlanOptions& options = horizon.options;
  const BasketProblem& problem = decision.problem.basket;
  BasketOptions search = search_options(options, problem);
  BasketCondition condition;
  if (options.max_unused) {
    decision.ahead = look_ahead(horizon, problem);
    condition = decision.ahead->condition(*options.max_unused);
    search.condition = &condition;
  }
  const bool is_known =
      decision.exchanges && decision.exchanges->beside && search.condition == nullptr;
  decision.relaxed = is_known ? *decision.exchanges->beside : best_basket(problem, search);
  RoundingTask task{.problem = problem,
                    .grain = {},
                    .best = decision.relaxed.best,
                    .preferred = preferred_to(horizon, decision.found.lines, problem),
                    .condition = search.condition,
                    .gap = options.gap,
                    .threads = options.threads};
  for (const BasketVariable& variable : problem.variables)
    task.grain.push_back(decision.found.lines[variable.line].grain);
  decision.rounded = round_basket(task, decision.relaxed);
}

Result<Decision> decide(const PlanHorizon& horizon) {
  auto found = find_lines(horizon);
  if (!found) return pass(found);
  auto problem = make_problem(horizon, found->lines);
  if (!problem) return pass(problem);
  Decision decision;
  decision.found = std::move(*found);
  decision.problem = std::move(*problem);
  exchange(horizon, decision);
  choose_purchases(horizon, decision);
  return decision;
}

// ---- the list

PlannedPurchase bought(const PlanHorizon& horizon, const PlanLine& line, std::size_t month,
                       double amount) {
  PlannedPurchase purchase;
  purchase.holding = line.unit;
  purchase.size = line.size;
  purchase.step = month;
  const Offer& offer = horizon.offer_of(line.unit);
  const double steps = whole_steps(amount, line.grain);
  purchase.holding.amount =
      offer.unit() == CommitmentUnit::kSpend ? decimal(steps / 1000, 3) : decimal(steps, 0);
  purchase.holding.begin = horizon.begin_of(month);
  purchase.holding.end = end_of_term(offer, purchase.holding.begin);
  return purchase;
}

PlannedPurchase exchanged(const PlanHorizon& horizon, const Holding& before, std::size_t units,
                          const PlanLine& line) {
  const Decimal given_up = amount_of(before, units);
  PlannedPurchase purchase;
  purchase.holding = line.unit;
  purchase.holding.amount = units_in_exchange(horizon.card(), before, given_up, line.unit);
  purchase.holding.owner = before.owner;
  purchase.holding.end = before.end;
  purchase.size = line.size;
  purchase.exchanges = before.id;
  if (given_up != before.amount) purchase.exchanged = given_up;
  return purchase;
}

std::vector<PlannedPurchase> purchases_of(const PlanHorizon& horizon, const Decision& decision) {
  const std::vector<PlanLine>& lines = decision.found.lines;
  const std::vector<double>& amounts = decision.rounded.amounts;
  std::vector<PlannedPurchase> purchases;
  for (std::size_t v = 0; v < amounts.size(); ++v) {
    const BasketVariable& variable = decision.problem.basket.variables[v];
    if (amounts[v] > 0)
      purchases.push_back(bought(horizon, lines[variable.line], variable.first_step, amounts[v]));
  }
  if (decision.exchanges)
    for (const ExchangePart& part : decision.exchanges->chosen) {
      const ExchangeMove& move = decision.moves[part.move];
      purchases.push_back(exchanged(horizon, lines[move.from].unit, part.units, lines[move.to]));
    }
  std::stable_sort(purchases.begin(), purchases.end(),
                   [](const PlannedPurchase& a, const PlannedPurchase& b) {
                     return std::tuple(a.step, -fee_per_hour(a.holding)) <
                            std::tuple(b.step, -fee_per_hour(b.holding));
                   });
  for (std::size_t i = 0; i < purchases.size(); ++i)
    purchases[i].holding.id = std::to_string(i + 1);
  return purchases;
}

// ---- what it leads to

/// What the search says of it.
void describe_search(const PlanHorizon& horizon, const Decision& decision, Plan& plan) {
  const BasketResult& relaxed = decision.relaxed;
  const auto& exchanges = decision.exchanges;
  plan.objective = cost_of(decision.problem.basket, decision.rounded.amounts,
                           exchanges ? exchanges->best : relaxed.best, horizon.options.threads);
  plan.bound = relaxed.bound;
  if (exchanges) {
    plan.objective += exchanges->paid;
    plan.bound = exchanges->bound;
    plan.exchanges = true;
  }
  const double size = std::abs(plan.objective);
  plan.gap = size > 0 ? std::max(0.0, (plan.objective - plan.bound) / size) : 0;
  plan.gap_of_parts = relaxed.gap;
  plan.gap_of_order = relaxed.gap_of_order;
  plan.passes = relaxed.passes;
  plan.free_bound = relaxed.free_bound;
  plan.limited = decision.rounded.conditioned;
  plan.knows_total = decision.problem.outlook.knows_total;
}

/// The scenarios of the tail, by regret.
std::vector<std::size_t> worst_scenarios(const PlanHorizon& horizon, const Decision& decision) {
  const BasketProblem& problem = decision.problem.basket;
  const std::vector<double>& best =
      decision.exchanges ? decision.exchanges->best : decision.relaxed.best;
  if (problem.risk <= 0 || best.size() != problem.scenarios) return {};
  const std::vector<double> left =
      outcome_of(problem, decision.rounded.amounts, horizon.options.threads).on_demand;
  std::vector<std::size_t> order(problem.scenarios);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return left[a] - best[a] > left[b] - best[b];  // fees are the same in all
  });
  const double tail = problem.tail * static_cast<double>(problem.scenarios);
  order.resize(std::max<std::size_t>(1, static_cast<std::size_t>(tail)));
  return order;
}

/// What goes unused over the year ahead.
void describe_unused(const PlanAhead& ahead, std::span<const double> amounts, Plan& plan) {
  const UnusedAhead unused = ahead.unused(amounts);
  const std::size_t worst = unused.worst();
  plan.unused_steady = unused.share(0);
  plan.unused_worst = unused.share(worst);
  if (worst > 0) plan.fades = ahead.fading(worst);
}

void add_notes(const PlanHorizon& horizon, const Decision& decision, Plan& plan) {
  const PlanOptions& options = horizon.options;
  const std::string& currency = horizon.card().currency;
  const auto note = [&](std::string text) { plan.notes.push_back(std::move(text)); };
  constexpr std::size_t kQuarterWeeks = 13;
  if (const std::size_t weeks = horizon.estate.demand.hours / kWeekHours; weeks < kQuarterWeeks)
    note("learnt from " + std::to_string(weeks) + (weeks == 1 ? " week" : " weeks") +
         " of usage only: how often usage ends and what a season brings cannot be known from so "
         "little");
  if (options.max_lock_in && plan.owed_held >= *options.max_lock_in)
    note("nothing is bought now: what is held already owes " + to_text(plan.owed_held, 2, true) +
         " " + currency + ", the most that may be owed is " +
         to_text(*options.max_lock_in, 2, true) + " " + currency);
  if (const PlanLines& found = decision.found; !found.left_out.empty())
    note("not considered, as their terms are longer than the horizon: " +
         join(found.left_out, ", "));
  if (const std::size_t slow = decision.found.slow; slow > 0)
    note("not considered, as they break even later than allowed: " + std::to_string(slow) +
         " offers in their scopes");
  if (const std::size_t unlearnt = decision.problem.outlook.unlearnt; unlearnt > 0)
    note(std::to_string(unlearnt) + " of " + std::to_string(horizon.real_pools) +
         " pools have too little history to learn from: half of their scenarios stay, half lose a "
         "third in a year");
  if (options.max_unused && plan.unused_worst > *options.max_unused)
    note("what is held goes unused beyond the limit, whatever is bought");
  const bool buys_now = std::any_of(plan.purchases.begin(), plan.purchases.end(),
                                    [](const auto& purchase) { return purchase.step == 0; });
  if (plan.limited && !buys_now)
    note(
        "nothing can be bought within the limit on what may go unused: whatever is bought leans "
        "on too few families, and if one of them faded away, more would go unused");
}

}  // namespace

Result<Plan> make_plan(const Estate& estate, const PlanOptions& options) {
  const std::vector<Spike> spikes = find_spikes(estate.demand);
  const std::optional<Estate> calm = without_spikes(estate, spikes);
  auto horizon = horizon_of(calm ? *calm : estate, options);
  if (!horizon) return pass(horizon);
  auto decided = decide(*horizon);
  if (!decided) return pass(decided);
  Decision& decision = *decided;
  const BasketProblem& problem = decision.problem.basket;
  const std::vector<double>& amounts = decision.rounded.amounts;
  Plan plan;
  plan.at = horizon->at;
  plan.months = static_cast<int>(horizon->months);
  plan.scenarios = options.scenarios;
  describe_search(*horizon, decision, plan);
  plan.worst_scenarios = worst_scenarios(*horizon, decision);
  if (!decision.ahead) decision.ahead = look_ahead(*horizon, problem);
  describe_unused(*decision.ahead, amounts, plan);
  plan.purchases = purchases_of(*horizon, decision);
  if (Status billed = bill_plan(*horizon, decision.found.lines, decision.problem.outlook, plan);
      !billed)
    return pass(billed);
  PlanCurve curve = curve_of(problem, amounts, options.threads);
  plan.curve = std::move(curve.points);
  plan.break_even_usage = curve.break_even_usage;
  add_notes(*horizon, decision, plan);
  if (!spikes.empty()) plan.notes.push_back(note_of(spikes, estate));
  return plan;
}

Result<std::vector<Holding>> plan_now(const Estate& estate, const PlanOptions& options) {
  PlanOptions purchases_only = options;
  purchases_only.exchanges = false;
  const std::optional<Estate> calm = without_spikes(estate, find_spikes(estate.demand));
  auto horizon = horizon_of(calm ? *calm : estate, purchases_only);
  if (!horizon) return pass(horizon);
  auto decided = decide(*horizon);
  if (!decided) return pass(decided);
  std::vector<Holding> now;
  for (PlannedPurchase& purchase : purchases_of(*horizon, *decided))
    if (purchase.step == 0) now.push_back(std::move(purchase.holding));
  return now;
}

}  // namespace steelyard
