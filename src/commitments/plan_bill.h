// The exact bill of a plan: its purchases and what is held, simulated in every scenario; the mean
// of them. Behind the door of commitments/.
#pragma once

#include <vector>

#include "commitments/outlook.h"
#include "commitments/plan_lines.h"

namespace steelyard {

/// Fills the figures of `plan` and of its purchases, and notes its exchanges. The errors of
/// apply_exchanges and of the simulator; SY1806 should what is avoided and what is left on demand
/// not sum to all usage.
Status bill_plan(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                 const Outlook& outlook, Plan& plan);

}  // namespace steelyard
