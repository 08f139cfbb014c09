// A back-test as it is asked for and answered: from hourly demand and a discount, or from an estate
// and its offers, to a Report with a row for each policy, or for each purchase of one. Costs are
// integers of one unit of money throughout, so purchases and what stays on demand sum to the total
// to the last digit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "commitments/backtest.h"
#include "commitments/estate.h"
#include "ledger/report.h"

namespace steelyard {

/// What is back-tested. A unit of Backtest::paid is 10^-decimals.
struct BacktestCase {
  Demand demand;         ///< of the pools that a commitment is offered for
  BacktestTerms terms;   ///< its hours are set by set_dates
  std::string currency;  ///< "": costs are in units of usage, at their price on demand
  int decimals = 0;
  std::vector<std::string> notes;  ///< what is left out or simplified
  std::string source;              ///< for the provenance
};

/// Every pool may have a commitment at this discount, and with `plan_discount` there is a plan over
/// all pools beside them. SY1824: more digits than are held exactly; SY1827: a discount that is not
/// above 0 and below 1, or has more than 6 decimals.
Result<BacktestCase> case_at_discount(Demand demand, Decimal discount,
                                      std::optional<Decimal> plan_discount);

/// For each pool the first of `offers` that covers it; without names the only one of the card. Each
/// pool buys for itself, whatever the scope, and nothing is held at the begin. Pools that none
/// covers are left out. SY1827: no such offer, several without a name, terms that differ, or no
/// pool left; SY1824 as above.
Result<BacktestCase> case_of_offers(const Estate& estate, const std::vector<std::string>& offers);

struct BacktestDates {
  std::optional<Date> begin;  ///< none: after a year, but at most a third of the data
  std::size_t step_hours = 168;
  std::optional<std::size_t> term_hours;  ///< none: that of the offers, or a year
};
/// SY1827: no usage, less than a week of history, a begin outside of the data, less than one step
/// to judge, or a term that is none.
Status set_dates(BacktestCase& asked, const BacktestDates& dates);

struct PolicyRun {
  std::string name;
  Backtest run;
};

/// The best in hindsight: the pools' own commitments, or with a plan the better of those and the
/// plan alone.
Backtest best_in_hindsight(const BacktestCase& asked, int threads);

/// A row for each policy, and a picture of what they paid beyond hindsight.
Report backtest_report(const BacktestCase& asked, const Backtest& best,
                       std::span<const PolicyRun> runs);
/// A row for each purchase of a policy, and what stays on demand. Of purchases of one pool the
/// older one is used first.
Report purchases_report(const BacktestCase& asked, const Backtest& best, const PolicyRun& policy);

}  // namespace steelyard
