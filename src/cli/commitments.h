// What the questions of `steelyard commitments` share: their options, and reading what they are
// asked of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/session.h"
#include "commitments/estate.h"
#include "commitments/own_bill.h"
#include "commitments/plan.h"
#include "commitments/simulate.h"

namespace steelyard {

struct CommitmentOptions {
  std::vector<std::string> question;
  std::string demand, time_column, quantity_column;
  std::string offers, rates, holdings, buy, groups, sharing = "organisation", by;
  std::string step, cost_of_capital;
  std::optional<std::int64_t> late_after;
  std::string risk, budget, max_lock_in, max_unused, horizon, max_term,
      max_break_even;  ///< of plan
  std::vector<std::string> purchases;
  // Of the own bill, where no demand is given.
  std::vector<std::string> from;
  std::string format, period, billing_period, where;
  std::string policy, every, begin, discount, plan_discount, offer;
  std::optional<std::int64_t> term_hours;
};

Result<std::unique_ptr<Engine>> engine_of(const Context& context);
/// SY1604 names the first of these flags that has no value.
Status needs(std::initializer_list<std::pair<std::string_view, const std::string*>> flags);
/// "8%" or "0.08"; none for "". SY1603 with the flag.
Result<std::optional<double>> parse_yearly_rate(const std::string& text, const std::string& flag);
/// AWS discount sharing as the flags say it. SY1605.
Result<std::vector<SharingPreference>> sharing_of(Engine& engine, const CommitmentOptions& options);
/// What the flags name: files of demand, offers, rates and holdings (SY1604 names one that is
/// missing); without --demand the own bill, in the lake or in files, whose offers, rates and
/// holdings are those found in the charges unless files are given. `engine` reads the files.
Result<Estate> estate_of(const Context& context, Engine& engine, const CommitmentOptions& options);

/// The bill that --lake or --from, --period, --billing-period and --where mean.
struct OwnBillSession {
  Session session;
  OwnBill bill;
};
/// `for_purchases`: all of its months, beyond the period (OwnBill).
Result<OwnBillSession> open_own_bill(const Context& context, const CommitmentOptions& options,
                                     bool for_purchases);
Result<Estate> estate_of_own_bill(const Context& context, const CommitmentOptions& options);

/// What --risk, --max-unused, --budget and the other flags of a plan ask for. SY1603 with the flag.
Result<PlanOptions> plan_options_of(const CommitmentOptions& options);
Result<int> run_commitments_plan(Context& context, const CommitmentOptions& options);
Result<int> run_commitments_status(Context& context, const CommitmentOptions& options);
Result<int> run_commitments_simulate(Context& context, const CommitmentOptions& options);
Result<int> run_commitments_backtest(Context& context, const CommitmentOptions& options);
/// The words that --policy takes.
std::vector<std::string> backtest_policies();

}  // namespace steelyard
