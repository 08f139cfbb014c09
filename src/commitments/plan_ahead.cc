#include "commitments/plan_ahead.h"

#include <algorithm>
#include <numeric>

#include "commitments/basket_unused.h"
#include "commitments/plan_horizon.h"

namespace steelyard {
namespace {

constexpr std::size_t kMostFamilies = 12;  ///< that are seen to fade, the largest by usage

}  // namespace

PlanAhead::PlanAhead(const BasketProblem& problem, std::size_t real_pools, const YearAhead& year,
                     int threads)
    : real_pools_(real_pools), threads_(threads), ahead_(problem) {
  ahead_.limits.clear();
  choose_families(problem, year);
  ahead_.scenarios = 1 + fading_.size();
  ahead_.steps = std::min(problem.steps, YearAhead::kMonths);
  ahead_.step_weight.assign(ahead_.steps, 1);
  ahead_.probability.assign(ahead_.scenarios, 1.0 / static_cast<double>(ahead_.scenarios));
  ahead_.held.clear();
  for (std::size_t line = 0; line < problem.lines; ++line)
    for (std::size_t month = 0; month < ahead_.steps; ++month)
      ahead_.held.push_back(problem.held[line * problem.steps + month]);
  for (BasketVariable& variable : ahead_.variables) {
    variable.first_step = std::min(variable.first_step, ahead_.steps);
    variable.end_step = std::min(variable.end_step, ahead_.steps);
  }
  set_shares(year);
  find_families_of_purchases(year);
  flow_.emplace(ahead_);
  for (std::size_t v = 0; v < problem.variables.size(); ++v) {
    const std::size_t step = problem.variables[v].first_step;
    counts_.push_back(step == 0 || (step < kQuarter && is_of_one_family(v)));
  }
  most_ = ahead_.held;
  for (std::size_t v = 0; v < ahead_.variables.size(); ++v) {
    const BasketVariable& variable = ahead_.variables[v];
    for (std::size_t step = variable.first_step; counts_[v] && step < variable.end_step; ++step)
      most_[variable.line * ahead_.steps + step] += variable.most;
  }
  before_ = unused(std::vector<double>(problem.variables.size(), 0));
}

void PlanAhead::choose_families(const BasketProblem& problem, const YearAhead& year) {
  std::vector<double> used(year.families(), 0);
  for (std::size_t pool = 0; pool < real_pools_; ++pool)
    for (std::size_t hour = 0; hour < problem.pattern; ++hour)
      used[year.family(pool)] += problem.usage[pool * problem.pattern + hour];
  fading_.resize(year.families());
  std::iota(fading_.begin(), fading_.end(), std::size_t{0});
  std::stable_sort(fading_.begin(), fading_.end(),
                   [&](std::size_t a, std::size_t b) { return used[a] > used[b]; });
  fading_.resize(std::min(fading_.size(), kMostFamilies));
  for (const std::size_t family : fading_) names_.push_back(year.name(family));
}

void PlanAhead::set_shares(const YearAhead& year) {
  ahead_.share.clear();
  for (std::size_t s = 0; s < ahead_.scenarios; ++s)
    for (std::size_t month = 0; month < ahead_.steps; ++month)
      for (std::size_t pool = 0; pool < ahead_.pools; ++pool) {
        const std::size_t source = pool % real_pools_;
        const bool fades = s > 0 && year.family(source) == fading_[s - 1];
        const double stays = fades ? YearAhead::stays(month) : 1;
        ahead_.share.push_back(year.steady(source, month) *
                               (pool < real_pools_ ? stays : 1 - stays));
      }
}

void PlanAhead::find_families_of_purchases(const YearAhead& year) {
  constexpr std::size_t kNoneYet = kNoFamily - 1;
  std::vector<std::size_t> of_lines(ahead_.lines, kNoneYet);
  for (const BasketPair& pair : ahead_.order) {
    std::size_t& family = of_lines[pair.line];
    const std::size_t here = pair.pool < real_pools_ ? year.family(pair.pool) : kNoFamily;
    family = family == kNoneYet || family == here ? here : kNoFamily;
  }
  for (const BasketVariable& variable : ahead_.variables)
    family_.push_back(of_lines[variable.line] == kNoneYet ? kNoFamily : of_lines[variable.line]);
}

std::vector<double> PlanAhead::counted(std::span<const double> amounts) const {
  std::vector<double> now(amounts.begin(), amounts.end());
  for (std::size_t v = 0; v < now.size(); ++v)
    if (!counts_[v]) now[v] = 0;
  return now;
}

UnusedAhead PlanAhead::unused(std::span<const double> amounts) const {
  const std::vector<double> now = counted(amounts);
  UnusedAhead ahead;
  const auto capacity = capacity_of(ahead_, now);
  ahead.fees = std::accumulate(capacity.begin(), capacity.end(), 0.0);
  const BasketOutcome outcome = outcome_of(*flow_, now, threads_);
  for (std::size_t s = 0; s < ahead_.scenarios; ++s) {
    const auto first = outcome.unused.begin() + static_cast<std::ptrdiff_t>(s * ahead_.lines);
    ahead.unused.push_back(
        std::accumulate(first, first + static_cast<std::ptrdiff_t>(ahead_.lines), 0.0));
  }
  return ahead;
}

BasketCondition PlanAhead::condition(double max_unused) const {
  return {std::vector<double>(family_.size(), 0),
          [this, max_unused](std::span<const double> amounts) {
            return is_within(max_unused, amounts);
          },
          [this, max_unused](std::span<const double> amounts) { return rows(max_unused, amounts); },
          [this, max_unused](std::vector<double> amounts) {
            keep_within(max_unused, amounts);
            return amounts;
          }};
}

/// unused - max_unused * fees <= what was idle beyond the limit already: a row for each family that
/// breaks it.
std::vector<BasketLimit> PlanAhead::rows(double max_unused, std::span<const double> amounts) const {
  const UnusedAhead now = unused(amounts);
  const auto slopes =
      unused_slopes_at(*flow_, capacity_of(ahead_, counted(amounts)), most_, threads_);
  std::vector<BasketLimit> rows;
  for (std::size_t s = 0; s < ahead_.scenarios; ++s) {
    const double idle = std::max(0.0, before_.unused[s] - max_unused * before_.fees);
    if (now.unused[s] - max_unused * now.fees <= idle) continue;
    rows.push_back(slopes[s].row(ahead_, counts_, max_unused, idle));
  }
  return rows;
}

bool PlanAhead::keep_within(double max_unused, std::vector<double>& amounts) const {
  std::vector<double> now = amounts;
  if (!steelyard::keep_within(max_unused, family_, fading_, now,
                              [&](std::span<const double> tried) { return unused(tried); }))
    return false;
  for (std::size_t v = 0; v < now.size(); ++v)
    if (counts_[v]) amounts[v] = now[v];
  return true;
}

}  // namespace steelyard
