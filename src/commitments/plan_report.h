// What a plan says: as a report whose rows sum to its total, and as a list of purchases that can be
// kept, simulated (`simulate --buy`) or bought.
#pragma once

#include <string>

#include "commitments/plan.h"
#include "ledger/report.h"

namespace steelyard {

/// A row for each purchase, now and later: what it costs over the horizon, how much of it is used,
/// what it avoids on demand and saves; a row for what is held, one for what stays on demand. Notes:
/// the bound, what the plan assumes, and what would make it wrong.
Report plan_report(const Estate& estate, const PlanOptions& options, const Plan& plan);

/// The cost curve around what is bought now, the hours of the last week under what commitments
/// reach, and what is committed month by month. None if nothing is bought.
std::vector<Chart> plan_charts(const Estate& estate, const Plan& plan);

/// The format of holdings.csv (offer.h), later purchases with their begin.
std::string purchases_csv(const Estate& estate, const Plan& plan);
/// {"schema_version": 1, "at": ..., "purchases": [...]}; amounts and money are texts.
std::string purchases_json(const Estate& estate, const Plan& plan);
/// A shell script for the AWS command line that looks up each offering and buys it, but only with
/// BUY=yes in the environment; otherwise it says what it would run. Later purchases and those of
/// other providers are comments.
std::string purchases_script(const Estate& estate, const Plan& plan);

}  // namespace steelyard
