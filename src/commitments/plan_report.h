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

/// What the purchase fixes of a pool column: a value of its scope, or its size; else "".
std::string value_of(const Estate& estate, const PlannedPurchase& purchase,
                     const std::string& column);
/// ", in exchange for 4 of old"; "" if it is for nothing that is held.
std::string exchange_text(const PlannedPurchase& purchase);
/// The format of holdings.csv (offer.h), later purchases with their begin.
std::string purchases_csv(const Estate& estate, const Plan& plan);
/// {"schema_version": 1, "at": ..., "purchases": [...]}; amounts and money are texts.
std::string purchases_json(const Estate& estate, const Plan& plan);
/// A shell script for the command lines of AWS, Azure and Google Cloud, a section each, that looks
/// each offering up and says what it would run; with `--buy` it buys, once all are found. Later
/// purchases, and those that no command buys, are comments with the reason.
std::string purchases_script(const Estate& estate, const Plan& plan);

}  // namespace steelyard
