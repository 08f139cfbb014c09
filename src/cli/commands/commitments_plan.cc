#include <charconv>

#include "base/text.h"
#include "cli/commitments.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "commitments/plan_report.h"

namespace steelyard {

namespace {

/// A word for how the worst scenarios count, or a share.
Result<double> parse_risk(const std::string& text) {
  if (text.empty() || text == "balanced") return 0.25;
  if (text == "neutral") return 0.0;
  if (text == "averse") return 0.75;
  auto share = parse_yearly_rate(text, "--risk");
  if (!share || **share > 1)
    return bad_value("--risk", text, "neutral, balanced, averse, or a share from 0 to 1");
  return **share;
}

/// "12", "12 months", "12m", "3 years", "3y".
Result<std::optional<int>> parse_horizon(const std::string& text) {
  if (text.empty()) return std::optional<int>();
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  while (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  const bool months = unit.empty() || unit == "m" || unit == "month" || unit == "months";
  const bool years = unit == "y" || unit == "year" || unit == "years";
  if (error != std::errc() || number < 1 || number > 60 || !(months || years) ||
      (years && number > 5))
    return bad_value("--horizon", text, "months or years, such as 12 or 3y; up to 60 months");
  return std::optional<int>(years ? 12 * number : number);
}

/// None for "".
Result<std::optional<Decimal>> parse_amount(const std::string& text, const std::string& flag) {
  if (text.empty()) return std::optional<Decimal>();
  Decimal amount;
  if (parse_decimal(text, amount) != ParseOutcome::kExact || amount < Decimal{})
    return bad_value(flag, text, "an amount from 0, such as 50000");
  return std::optional<Decimal>(amount);
}

Status write_purchases(const std::string& path, const Estate& estate, const Plan& plan) {
  if (path.ends_with(".csv")) return write_file(path, purchases_csv(estate, plan));
  if (path.ends_with(".json")) return write_file(path, purchases_json(estate, plan));
  if (path.ends_with(".sh")) return write_file(path, purchases_script(estate, plan));
  return bad_value("--purchases", path, "a file that ends in .csv, .json or .sh");
}

}  // namespace

Result<PlanOptions> plan_options_of(const CommitmentOptions& options) {
  PlanOptions plan_options;
  auto risk = parse_risk(options.risk);
  if (!risk) return pass(risk);
  plan_options.risk = *risk;
  auto capital = parse_yearly_rate(options.cost_of_capital, "--cost-of-capital");
  if (!capital) return pass(capital);
  plan_options.cost_of_capital = *capital;
  auto unused = parse_yearly_rate(options.max_unused, "--max-unused");
  if (!unused || (*unused && (**unused <= 0 || **unused > 1)))
    return bad_value("--max-unused", options.max_unused, "a share above 0, such as 10%");
  plan_options.max_unused = *unused;
  auto horizon = parse_horizon(options.horizon);
  if (!horizon) return pass(horizon);
  plan_options.horizon_months = *horizon;
  auto budget = parse_amount(options.budget, "--budget");
  if (!budget) return pass(budget);
  plan_options.budget = *budget;
  auto lock_in = parse_amount(options.max_lock_in, "--max-lock-in");
  if (!lock_in) return pass(lock_in);
  plan_options.max_lock_in = *lock_in;
  if (!options.max_break_even.empty()) {
    double months = 0;
    const std::string& text = options.max_break_even;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), months);
    if (error != std::errc() || end != text.data() + text.size() || !(months > 0 && months <= 36))
      return bad_value("--max-break-even", text, "months above 0 and up to 36, such as 8");
    plan_options.max_break_even_months = months;
  }
  if (options.max_term == "1") plan_options.max_term_years = 1;
  return plan_options;
}

Result<int> run_commitments_plan(Context& context, const CommitmentOptions& options) {
  auto asked = plan_options_of(options);
  if (!asked) return pass(asked);
  PlanOptions& plan_options = *asked;
  for (const std::string& path : options.purchases)
    if (!path.ends_with(".csv") && !path.ends_with(".json") && !path.ends_with(".sh"))
      return bad_value("--purchases", path, "a file that ends in .csv, .json or .sh");

  auto engine = engine_of(context);
  if (!engine) return pass(engine);
  auto sharing = sharing_of(**engine, options);
  if (!sharing) return pass(sharing);
  plan_options.sharing = std::move(*sharing);
  if (context.common.threads) plan_options.threads = static_cast<int>(*context.common.threads);
  auto estate = estate_of(context, **engine, options);
  if (!estate) return pass(estate);
  Progress progress(context.common, "plan");
  plan_options.on_pass = [&](int passes) {
    progress.report(
        {.phase = "searching", .done = passes, .all = kMostPlanPasses, .unit = "passes"});
  };
  auto plan = make_plan(*estate, plan_options);
  progress.finish();
  if (!plan) return pass(plan);
  for (const std::string& path : options.purchases)
    if (Status written = write_purchases(path, *estate, *plan); !written) return pass(written);
  Report report = plan_report(*estate, plan_options, *plan);
  report.notes.insert(report.notes.end(), estate->notes.begin(), estate->notes.end());
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace steelyard
