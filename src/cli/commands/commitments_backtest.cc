#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "cli/commitments.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "commitments/backtest_report.h"
#include "commitments/policy.h"

namespace steelyard {

namespace {

constexpr std::size_t kDayHours = 24, kMonthHours = 730;
constexpr int kYearMonths = 12;

/// Those that are shown when none is named.
std::vector<NamedPolicy> usual_policies(bool with_plan, std::size_t step_hours,
                                        const PlanOptions& options) {
  std::vector<NamedPolicy> all = our_policies(with_plan, options.max_unused);
  for (auto& more : {with_plan ? rival_policies_with_plan() : std::vector<NamedPolicy>(),
                     rival_policies(step_hours)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Those that can be named. What `plan` would have bought takes seconds a decision where pools are
/// many, so it is only there when it is asked for.
std::vector<NamedPolicy> all_policies(bool with_plan, std::size_t step_hours,
                                      const PlanOptions& options) {
  std::vector<NamedPolicy> all = usual_policies(with_plan, step_hours, options);
  all.push_back({"plan", planned(options)});
  return all;
}

Result<std::vector<NamedPolicy>> chosen_policies(const CommitmentOptions& options,
                                                 std::size_t step_hours, int threads) {
  const bool with_plan = !options.plan_discount.empty();
  auto plan = plan_options_of(options);
  if (!plan) return pass(plan);
  plan->threads = threads;
  if (plan->horizon_months && *plan->horizon_months < kYearMonths)
    return bad_value("--horizon", options.horizon,
                     "a year at least: a shorter plan of a back-test would buy nothing");
  const std::vector<std::string> wanted = comma_list(options.policy);
  if (wanted.empty()) return usual_policies(with_plan, step_hours, *plan);
  const std::vector<NamedPolicy> all = all_policies(with_plan, step_hours, *plan);
  std::vector<NamedPolicy> chosen;
  for (const std::string& word : wanted) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const NamedPolicy& policy) {
      return slug(policy.name) == slug(word);
    });
    if (found != all.end()) {
      chosen.push_back(*found);
      continue;
    }
    std::vector<std::string> words;
    for (const NamedPolicy& policy : all) words.push_back(slug(policy.name));
    for (const std::string& other : backtest_policies())
      if (other == slug(word))
        return fail("SY1605", "the policy " + word + " buys a plan, and there is none", "",
                    "give its discount: --plan-discount=28%");
    return bad_value("--policy", word, join(words, ", "));
  }
  return chosen;
}

Result<std::size_t> step_of(const std::string& every) {
  if (every.empty() || every == "week") return 7 * kDayHours;
  if (every == "month") return kMonthHours;
  std::size_t days = 0;
  const auto [end, error] = std::from_chars(every.data(), every.data() + every.size(), days);
  if (error != std::errc() || end != every.data() + every.size() || days < 1 || days > 366)
    return bad_value("--every", every, "week, month, or a number of days from 1 to 366");
  return days * kDayHours;
}

/// "40%" or "0.4", exactly.
Result<Decimal> discount_of(const std::string& text, const std::string& flag) {
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  Decimal value;
  bool exact = parse_decimal(digits, value) == ParseOutcome::kExact;
  if (exact && percent) {
    exact = value.units % 100 == 0;
    value.units /= 100;
  }
  if (!exact || value <= Decimal{} || value >= Decimal{kOne} ||
      value.units % (kOne / 1'000'000) != 0)
    return bad_value(flag, text, "a discount above 0 and below 100%, such as 40%");
  return value;
}

Result<BacktestCase> case_of(const Context& context, Engine& engine,
                             const CommitmentOptions& options) {
  if (options.discount.empty()) {
    auto estate = estate_of(context, engine, options);
    if (!estate) return pass(estate);
    return case_of_offers(*estate, comma_list(options.offer));
  }
  if (Status all = needs({{"--demand", &options.demand}}); !all) return pass(all);
  auto discount = discount_of(options.discount, "--discount");
  if (!discount) return pass(discount);
  std::optional<Decimal> plan;
  if (!options.plan_discount.empty()) {
    auto given = discount_of(options.plan_discount, "--plan-discount");
    if (!given) return pass(given);
    plan = *given;
  }
  auto demand = read_demand(engine, {.path = options.demand,
                                     .time_column = options.time_column,
                                     .quantity_column = options.quantity_column});
  if (!demand) return pass(demand);
  auto asked = case_at_discount(std::move(*demand), *discount, plan);
  if (asked) asked->source = options.demand;
  return asked;
}

tl::unexpected<Error> refuse(const std::string& flag, const std::string& because) {
  return fail("SY1605", flag + " has no meaning " + because, "", "leave it out");
}

/// What is said of a plan has a meaning where some policy plans.
Status check_plan_flags(const CommitmentOptions& options) {
  const std::vector<std::string> wanted = comma_list(options.policy);
  const auto is_wanted = [&](const std::string& name) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& word) { return slug(word) == name; });
  };
  if (is_wanted("plan")) return {};
  for (const auto& [flag, value] : {std::pair("--risk", options.risk),
                                    {"--horizon", options.horizon},
                                    {"--max-break-even", options.max_break_even}})
    if (!value.empty()) return refuse(flag, "for these policies; --policy=plan heeds it");
  const bool has_limit =
      is_wanted("scenario-portfolio") || (wanted.empty() && !options.plan_discount.empty());
  if (!options.max_unused.empty() && !has_limit)
    return refuse("--max-unused",
                  "for these policies; --policy=plan heeds it, and scenario-portfolio");
  return {};
}

/// Flags that would be read and change nothing.
Status check_flags(const CommitmentOptions& options) {
  for (const auto& [flag, value] : {std::pair("--holdings", options.holdings),
                                    {"--buy", options.buy},
                                    {"--step", options.step},
                                    {"--cost-of-capital", options.cost_of_capital},
                                    {"--groups", options.groups}})
    if (!value.empty()) return refuse(flag, "for a back-test, which begins with nothing held");
  if (!options.purchases.empty())
    return refuse("--purchases", "for a back-test, which buys in the past; --by=purchase lists it");
  for (const auto& [flag, value] : {std::pair("--budget", options.budget),
                                    {"--max-lock-in", options.max_lock_in},
                                    {"--max-term", options.max_term}})
    if (!value.empty())
      return refuse(flag, "for a back-test, in which all is paid by the hour and terms are given");
  if (Status used = check_plan_flags(options); !used) return used;
  if (!options.discount.empty())
    for (const auto& [flag, value] : {std::pair("--offers", options.offers),
                                      {"--rates", options.rates},
                                      {"--offer", options.offer}})
      if (!value.empty()) return refuse(flag, "beside --discount, which is the only price");
  if (options.discount.empty() && !options.plan_discount.empty())
    return fail("SY1605", "--plan-discount needs --discount", "",
                "give the discount of the pools' own commitments as well: --discount=40%");
  return {};
}

}  // namespace

std::vector<std::string> backtest_policies() {
  std::vector<std::string> words;
  for (const NamedPolicy& policy : all_policies(true, 7 * kDayHours, {}))
    words.push_back(slug(policy.name));
  return words;
}

Result<int> run_commitments_backtest(Context& context, const CommitmentOptions& options) {
  if (Status sound = check_flags(options); !sound) return pass(sound);
  auto step = step_of(options.every);
  if (!step) return pass(step);
  const int threads = static_cast<int>(context.common.threads.value_or(0));
  auto policies = chosen_policies(options, *step, threads);
  if (!policies) return pass(policies);
  const bool purchases = options.by == "purchase";
  if (!options.by.empty() && !purchases && options.by != "policy")
    return bad_value("--by", options.by, "policy or purchase");
  if (purchases && policies->size() != 1)
    return fail("SY1605", "--by=purchase lists the purchases of one policy", "",
                "choose it: --policy=" + slug((*policies)[0].name));
  BacktestDates dates;
  dates.step_hours = *step;
  if (!options.begin.empty()) {
    Instant begin;
    if (!parse_instant(options.begin, begin))
      return bad_value("--begin", options.begin, "a date such as 2026-07-01");
    dates.begin = date_of(begin);
  }
  if (options.term_hours) {
    if (*options.term_hours < 1)
      return bad_value("--term-hours", std::to_string(*options.term_hours),
                       "hours, such as 8760 for a year");
    dates.term_hours = static_cast<std::size_t>(*options.term_hours);
  }
  auto engine = engine_of(context);
  if (!engine) return pass(engine);
  auto asked = case_of(context, **engine, options);
  if (asked) {
    if (Status set = set_dates(*asked, dates); !set) asked = pass(set);
  }
  if (!asked) {
    if (asked.error().where.empty() && asked.error().code.starts_with("SY18"))
      asked.error().where = options.demand;
    return pass(asked);
  }

  Progress progress(context.common, "backtest");
  progress.report({.phase = "hindsight"});
  const Backtest best = best_in_hindsight(*asked, threads);
  const auto decisions = static_cast<std::int64_t>(best.dates.size());
  std::vector<PolicyRun> runs;
  for (const NamedPolicy& policy : *policies) {
    const auto before = static_cast<std::int64_t>(runs.size()) * decisions;
    const auto on_decision = [&](std::size_t decision) {
      progress.report({.phase = policy.name,
                       .done = before + static_cast<std::int64_t>(decision),
                       .all = decisions * static_cast<std::int64_t>(policies->size()),
                       .unit = "decisions"});
    };
    runs.push_back(
        {policy.name, run_backtest(asked->demand, asked->terms, policy.make, on_decision)});
  }
  progress.finish();
  Report report =
      purchases ? purchases_report(*asked, best, runs[0]) : backtest_report(*asked, best, runs);
  report.provenance.source = asked->source;
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace steelyard
