#include "commitments/plan_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>

#include "base/text.h"
#include "commitments/plan_horizon.h"

namespace steelyard {
namespace {

std::string scope_text(const PlannedPurchase& purchase) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : purchase.holding.scope) parts.push_back(column + "=" + value);
  if (!purchase.size.empty()) parts.push_back(purchase.size);
  return join(parts, " ") + exchange_text(purchase);
}

std::string per_cent(double share, const char* form = "%.1f %%") {
  char text[64];
  std::snprintf(text, sizeof text, form, 100 * share);
  return text;
}

std::string day(Instant instant) { return format_date(date_of(instant)); }

/// Which part of the gap is neither whole units nor small.
void explain_gap(const Plan& plan, std::vector<std::string>& notes) {
  constexpr double kWorthWords = 1e-3;
  if (!std::isfinite(plan.gap) || plan.gap_of_parts < kWorthWords) return;
  std::vector<std::string> parts;
  if (plan.gap_of_order >= kWorthWords / 10)
    parts.push_back(per_cent(plan.gap_of_order, "%.4f %%") +
                    " because the bound does not know the provider's order, which need not be the "
                    "cheapest");
  const double ended = plan.gap_of_parts - plan.gap_of_order;
  if (ended >= kWorthWords / 10)
    parts.push_back(per_cent(ended, "%.4f %%") +
                    " because the search ended before it could prove more");
  notes.push_back("of the gap are " + join(parts, " and ") +
                  ": the plan may be nearer the cheapest than is proved");
}

/// Purchases that cost more than they avoid. What is left out leaves its usage to what is applied
/// after it, so that one which loses in the worst scenarios as well is worth nothing.
void explain_losses(const Plan& plan, const std::function<std::string(Decimal)>& money,
                    std::vector<std::string>& notes) {
  struct Losses {
    std::size_t count = 0;
    Decimal lost, saved_at_worst;
  };
  Losses insurance, mistakes;
  for (const PlannedPurchase& purchase : plan.purchases) {
    if (purchase.avoided >= purchase.fee || !purchase.exchanges.empty()) continue;
    Losses& losses = purchase.saved_at_worst > Decimal{} ? insurance : mistakes;
    ++losses.count;
    losses.lost += purchase.fee - purchase.avoided;
    losses.saved_at_worst += purchase.saved_at_worst;
  }
  const auto cost = [&](const Losses& losses) {
    const bool one = losses.count == 1;
    return std::to_string(losses.count) + (one ? " purchase costs " : " purchases cost ") +
           money(losses.lost) + " more in the mean than " + (one ? "it avoids" : "they avoid");
  };
  if (insurance.count > 0)
    notes.push_back(cost(insurance) + ": for the worst scenarios, in which " +
                    (insurance.count == 1 ? "it saves " : "they save ") +
                    money(insurance.saved_at_worst) + " (--risk)");
  if (mistakes.count > 0)
    notes.push_back(cost(mistakes) +
                    (plan.worst_scenarios.empty() ? "" : ", and more in the worst scenarios too") +
                    ": the search did not find that it is cheaper without; plan again before then");
}

void add_notes(const Estate& estate, const PlanOptions& options, const Plan& plan, Report& report) {
  const std::string currency = " " + estate.card.currency;
  const auto money = [&](Decimal value) { return to_text(value, 2, true) + currency; };
  auto& notes = report.notes;
  notes.push_back("over " + std::to_string(plan.months) + " months from " + day(plan.at) +
                  ", mean of " + std::to_string(plan.scenarios) +
                  " scenarios: without the purchases " + money(plan.total_without()) +
                  ", with them " + money(plan.total()) + "; saves " + money(plan.saved()) + ", " +
                  per_cent(ratio(plan.saved(), plan.total_without())));
  if (plan.held_fees_without != Decimal{}) {
    const bool same =
        plan.held_avoided == plan.held_avoided_without && plan.held_fees == plan.held_fees_without;
    notes.push_back("what is held costs " + money(plan.held_fees) + " and covers " +
                    money(plan.held_avoided) + " on demand, " +
                    (same ? "with and without the purchases"
                          : "without the purchases " + money(plan.held_fees_without) + " and " +
                                money(plan.held_avoided_without)));
  }
  const std::string passes = std::to_string(plan.passes) + " passes over the scenarios";
  if (std::isfinite(plan.gap))
    notes.push_back((plan.limited
                         ? "no basket that keeps the limit on what goes unused costs less than "
                         : "no basket costs less than ") +
                    per_cent(1 - plan.gap, "%.4f %%") + " of what is minimised (proved gap " +
                    per_cent(plan.gap, "%.4f %%") + ", of which " +
                    per_cent(std::max(0.0, plan.gap - plan.gap_of_parts), "%.4f %%") +
                    (plan.exchanges ? " because purchases and exchanges are whole; "
                                    : " because purchases are whole; ") +
                    passes + ")");
  else
    notes.push_back("how far the plan is from the cheapest is not proved, after " + passes);
  explain_gap(plan, notes);
  explain_losses(plan, money, notes);
  if (plan.break_even_usage < 0.999)
    notes.push_back("the purchases now pay for themselves while usage stays above " +
                    per_cent(plan.break_even_usage, "%.0f %%") + " of what the scenarios expect");
  if (!plan.purchases.empty() || plan.held_fees != Decimal{})
    notes.push_back(
        "unused over the year ahead, of all commitments: " + per_cent(plan.unused_steady) +
        " if usage stays" +
        (plan.fades.empty() ? ""
                            : ", at worst " + per_cent(plan.unused_worst) + ", if " + plan.fades +
                                  " fades away within half a year") +
        (options.max_unused ? " (limit " + per_cent(*options.max_unused, "%.0f %%") + ")" : ""));
  if (plan.limited)
    notes.push_back(
        "so that no family is leant on too much, purchases are others than the cheapest "
        "in the scenarios; those cost no less than " +
        per_cent(plan.free_bound / plan.objective, "%.4f %%"));
  if (const Decimal owed = plan.owed_held + plan.owed_now; owed != Decimal{})
    notes.push_back("owed in fees to the end of all terms after the purchases now: " + money(owed) +
                    (plan.owed_held == Decimal{}
                         ? std::string()
                         : ", of which " + money(plan.owed_held) + " for what is held") +
                    (options.max_lock_in ? "; at most " + money(*options.max_lock_in) +
                                               " was allowed, and so after each later purchase"
                                         : std::string()));
  if (options.budget) {
    Decimal within, later;
    for (const PlannedPurchase& purchase : plan.purchases)
      (purchase.step < kQuarter ? within : later) += purchase.upfront;
    notes.push_back("upfront now and within the next three months: " + money(within) +
                    "; at most " + money(*options.budget) + " was allowed" +
                    (later == Decimal{} ? std::string()
                                        : "; later purchases plan on " + money(later) +
                                              " upfront, beyond this budget"));
  }
  std::string assumes =
      "assumes: each pool's usage goes on in ways that usage like it went before, beginning at one "
      "of "
      "the last four weeks; what leaves a pool is used elsewhere at its price; ";
  assumes += plan.knows_total ? "all usage grows, shrinks and dips as it did in the same season "
                                "before; "
                              : "all usage neither grows nor shrinks, as there is too little "
                                "history; ";
  assumes +=
      "prices stay; a narrow commitment that a wider one could replace is bought over three "
      "months, "
      "for the freedom to wait";
  notes.push_back(assumes);
  notes.push_back(
      "wrong if: usage is about to move or end for a reason that its history does not show, prices "
      "change, or growth is committed elsewhere; plan again each month, and after each "
      "change");
  notes.insert(notes.end(), plan.notes.begin(), plan.notes.end());
}

}  // namespace

std::string exchange_text(const PlannedPurchase& purchase) {
  if (purchase.exchanges.empty()) return "";
  return ", in exchange for " +
         (purchase.exchanged ? to_text(*purchase.exchanged) + " of " : std::string()) +
         purchase.exchanges;
}

Report plan_report(const Estate& estate, const PlanOptions& options, const Plan& plan) {
  Report report;
  report.title = "commitments to buy from " + day(plan.at);
  report.columns = {
      {"purchase", "#", CellKind::kText},        {"begin", "buy", CellKind::kText},
      {"offer", "offer", CellKind::kText},       {"scope", "scope", CellKind::kText},
      {"amount", "amount", CellKind::kQuantity}, {"currency", "", CellKind::kText},
      {"upfront", "upfront", CellKind::kMoney},  {"cost", "cost", CellKind::kMoney},
      {"used_share", "used", CellKind::kShare},  {"worst_used_share", "at worst", CellKind::kShare},
      {"avoided", "avoids", CellKind::kMoney},   {"saved", "saves", CellKind::kSaving}};
  const std::string& currency = estate.card.currency;
  Decimal upfront, used;
  for (const PlannedPurchase& purchase : plan.purchases) {
    upfront += purchase.upfront;
    used += purchase.used;
    report.rows.push_back({{purchase.holding.id},
                           {purchase.step == 0 ? std::string("now") : day(purchase.holding.begin)},
                           {estate.card.offers[purchase.holding.offer].name},
                           {scope_text(purchase)},
                           {purchase.holding.amount},
                           {currency},
                           {purchase.upfront},
                           {purchase.fee},
                           {ratio(purchase.used, purchase.fee)},
                           {purchase.worst_use},
                           {purchase.avoided},
                           {purchase.avoided - purchase.fee}});
  }
  const Cell none;
  const auto row = [&](const std::string& what, Decimal cost, Decimal avoided) {
    return std::vector<Cell>{{what}, none,   none, none, none,      {currency},
                             none,   {cost}, none, none, {avoided}, {avoided - cost}};
  };
  if (plan.held_fees_without != Decimal{})
    report.rows.push_back(row("held", plan.held_fees, plan.held_instead()));
  report.rows.push_back(row("on demand", plan.on_demand, plan.on_demand));
  std::vector<Cell> total = row("total", plan.total(), plan.total_without());
  total[6] = {upfront};
  if (plan.fees != Decimal{}) total[8] = {ratio(used, plan.fees)};
  report.totals.push_back(std::move(total));
  add_notes(estate, options, plan, report);
  report.charts = plan_charts(estate, plan);
  report.provenance.currencies = {currency};
  const Instant end{plan.at.micros + std::int64_t{plan.months} * 730 * 3'600'000'000};
  report.provenance.period = day(plan.at) + "/" + day(end);
  report.provenance.source = estate.source;
  return report;
}

}  // namespace steelyard
