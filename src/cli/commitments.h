// What the questions of `steelyard commitments` share: their options, and reading what they are
// asked of.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "commitments/estate.h"
#include "commitments/simulate.h"

namespace steelyard {

struct CommitmentOptions {
  std::vector<std::string> question;
  std::string demand, time_column, quantity_column;
  std::string offers, rates, holdings, buy, groups, sharing = "organisation", by;
  std::string step, cost_of_capital;
  std::string risk, budget, max_unused, horizon, max_term;  ///< of plan
  std::vector<std::string> purchases;
};

Result<std::unique_ptr<Engine>> engine_of(const Context& context);
/// SY1604 names the first of these flags that has no value.
Status needs(std::initializer_list<std::pair<std::string_view, const std::string*>> flags);
/// "8%" or "0.08"; none for "". SY1603 with the flag.
Result<std::optional<double>> parse_yearly_rate(const std::string& text, const std::string& flag);
/// AWS discount sharing as the flags say it. SY1605.
Result<std::vector<SharingPreference>> sharing_of(Engine& engine, const CommitmentOptions& options);
/// What the flags name: files of demand, offers, rates and holdings. SY1604 names one that is
/// missing.
Result<Estate> estate_of(Engine& engine, const CommitmentOptions& options);

Result<int> run_commitments_plan(Context& context, const CommitmentOptions& options);
Result<int> run_commitments_simulate(Context& context, const CommitmentOptions& options);

}  // namespace steelyard
