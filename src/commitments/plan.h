// The plan: what to buy now, and when to buy next, over everything that can be committed to. What
// usage may become is learnt from the history of all pools (use_history.h): in each of several
// scenarios a pool's last week is repeated along a way that usage like its own once went, and what
// leaves a pool is used elsewhere, where only commitments without a scope cover it. The best basket
// over the scenarios (basket.h) is rounded down to what can be bought, and then billed exactly,
// scenario by scenario, by the simulator: fees, used, unused and what is avoided on demand sum to
// the last digit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commitments/basket.h"
#include "commitments/estate.h"
#include "commitments/simulate.h"

namespace steelyard {

/// Passes over the scenarios after which the search ends, whatever the gap.
inline constexpr int kMostPlanPasses = 250;

struct PlanOptions {
  /// Weight of the worst quarter of the scenarios in what is minimised (BasketProblem::risk).
  double risk = 0.25;
  /// The most of all commitments, held and bought now, that may go unused over the year ahead, also
  /// if any one family fades away (unused_cap.h); 0.1 = 10 %. None: no limit.
  std::optional<double> max_unused;
  /// Upfront payments now and within a quarter, for the rungs of a ladder are one decision.
  std::optional<Decimal> budget;
  /// Fees due from the plan's date to the ends of all terms, of what is held and of what is bought
  /// now, upfront parts included: at most so much; and so from the date of each later purchase on,
  /// when upfront parts of earlier ones are paid.
  std::optional<Decimal> max_lock_in;
  /// Months of full use on demand that cost as much as a whole term: the most that is allowed.
  std::optional<double> max_break_even_months;
  std::optional<double> cost_of_capital;
  std::optional<int> horizon_months;  ///< none: the longest term of the offers
  int max_term_years = 3;
  int scenarios = 8;
  bool exchanges = true;  ///< of convertible reserved instances that are held and not used (AWS)
  std::vector<SharingPreference> sharing;
  double gap = 1e-5;
  int threads = 0;
  std::function<void(int passes)> on_pass = {};  ///< over the scenarios, for progress
};

/// What a purchase leads to over the horizon, in the mean of the scenarios. Exact sums; each is
/// divided by the number of scenarios once. used + unused = fee; saved = avoided - fee.
struct PlannedPurchase {
  Holding holding;  ///< with the scope and size that are bought; `id` is a name within the plan
  std::size_t step = 0;  ///< month of the horizon in which it is bought; 0 = now
  Decimal fee, used, unused, avoided;
  Decimal upfront;              ///< due at once
  double worst_use = 1;         ///< share used in the scenario in which it is used least
  Decimal saved_at_worst = {};  ///< avoided - fee, in the mean of Plan::worst_scenarios
  std::string size;             ///< value of the offer's size column, "" = none
  std::string exchanges;        ///< id of what is held whose place it takes (exchange.h), "" = none
  std::optional<Decimal> exchanged = {};  ///< units of that; none: all of it
};

struct PlanPoint {
  double scale = 1;  ///< of the purchases now
  double cost = 0;   ///< fees and the rest on demand over the horizon
};

struct Plan {
  Instant at;
  int months = 0;  ///< of the horizon
  int scenarios = 0;
  std::vector<PlannedPurchase> purchases;  ///< by date, then by fee
  /// Those that `risk` gives more weight: the greatest regret (BasketProblem::risk). Empty without.
  std::vector<std::size_t> worst_scenarios;
  /// Over the horizon, mean of the scenarios, exact: fees and what they avoid on demand, of the
  /// purchases and of what is held (there also as it would be without the purchases), and what
  /// stays on demand.
  Decimal fees, avoided, held_fees, held_fees_without, held_avoided, held_avoided_without;
  Decimal on_demand;
  /// Fees due from `at` to the ends of the terms: of what is held, and of what is bought now.
  Decimal owed_held, owed_now;
  Decimal usage() const { return avoided + held_avoided + on_demand; }  ///< all of it on demand
  Decimal total() const { return fees + held_fees + on_demand; }
  Decimal total_without() const { return held_fees_without + usage() - held_avoided_without; }
  Decimal saved() const { return total_without() - total(); }
  /// What would be paid without the purchases for what is held and for what it covers less, so that
  /// the purchases', this and what stays on demand sum to total_without().
  Decimal held_instead() const { return held_fees_without + held_avoided - held_avoided_without; }
  /// Of what is minimised (fees with caution and cost of capital, risk): what the rounded plan
  /// costs there, and what no basket costs less than.
  double objective = 0, bound = 0, gap = 0;
  double gap_of_parts = 0;  ///< if purchases need not be whole: the rest of the gap is steps
  double gap_of_order = 0;  ///< of that, what the bound does not know of the provider's order
  bool exchanges = false;   ///< some were looked at; they are of whole units as well
  int passes = 0;
  /// The bound without the limit on what may go unused: what the limit costs at most.
  double free_bound = 0;
  bool limited = false;      ///< the limit made purchases smaller
  double unused_steady = 0;  ///< of all commitments over the year ahead, if nothing fades
  double unused_worst = 0;   ///< and if the family `fades`
  std::string fades;
  bool knows_total = false;  ///< history is long enough for growth and seasons (outlook.h)
  std::vector<PlanPoint> curve;
  double break_even_usage = 0;  ///< share of usage at which the purchases now save nothing
  std::vector<std::string> notes;
};

/// SY1850: nothing can be bought (no usage that an offer covers, or every offer's term is beyond
/// the horizon); SY1851: an option is out of its range. And the errors of the simulator.
Result<Plan> make_plan(const Estate& estate, const PlanOptions& options);
/// Only what to buy now (holdings of the whole term), without the exact bill of the scenarios.
Result<std::vector<Holding>> plan_now(const Estate& estate, const PlanOptions& options);

}  // namespace steelyard
