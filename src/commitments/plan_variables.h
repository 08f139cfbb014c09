// What a plan may buy in which month, and its limits: on what is due at once, on what is owed, and
// on what is bought of a narrow commitment where a wider one could cover the same usage instead.
// Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <vector>

#include "commitments/basket.h"
#include "commitments/plan_lines.h"
#include "commitments/use_history.h"

namespace steelyard {

/// Adds them to a problem of which the rest is there. Of its limits those on money come first.
void add_variables(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                   const UseHistory& history, BasketProblem& basket);

/// Of each variable, what covers the same for the same time at the same cost and is preferred to it
/// (is_preferred): of one line, one after the other until it ends. The most preferred first.
std::vector<std::vector<std::vector<std::size_t>>> preferred_to(const PlanHorizon& horizon,
                                                                const std::vector<PlanLine>& lines,
                                                                const BasketProblem& basket);

/// A limit on money: on what is due at once within a quarter of the plan's date, or on what is owed
/// from a month on.
struct MoneyLimit {
  bool at_once = false;
  std::size_t month = 0;
  double paid_hours = 0;  ///< from the plan's date on: fees of the hours before are paid by `month`
  Decimal most;           ///< beside what is held; below 0 where that is too much already

  /// What a fee of 1 an hour counts in it, for so many hours from the begin of month `bought` on.
  double weight(double hours, double upfront_share, std::size_t bought) const;
};
/// The budget is for the purchases of a quarter together, as the rungs of a ladder are one
/// decision; later ones have theirs later. What is owed keeps its limit after every purchase, in
/// whatever month, an upfront part on the day on which it is paid.
std::vector<MoneyLimit> money_limits(const PlanHorizon& horizon,
                                     const std::vector<PlanLine>& lines);

/// What is due of a holding from the month's begin on, to the end of its term.
Decimal owed_of(const PlanHorizon& horizon, const Holding& holding, std::size_t month);

}  // namespace steelyard
