#include "commitments/plan_rounding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "commitments/basket_flow.h"

namespace steelyard {
namespace {

constexpr int kCapRounds = 3;  ///< of making purchases smaller, each rounded down to whole steps
/// Steps up that are tried one by one; where more were cut, they go up together.
constexpr std::size_t kMostTries = 200;
constexpr std::size_t kPartsOfMany = 200;  ///< how finely it is found how many of those
constexpr int kPassesOfFine = 100;         ///< over the scenarios, of what is chosen again
/// Of a step: less than the first is none, and less than the second was no cut.
constexpr double kLeastOfStep = 1e-6, kLeastCut = 1e-3;
constexpr double kLastDigits = 1e-12;  ///< of a double

/// Part of a step that was cut, below 0, and its variable.
using Cut = std::pair<double, std::size_t>;

class Rounding {
 public:
  Rounding(const RoundingTask& task, const BasketResult& relaxed)
      : task_(task),
        problem_(task.problem),
        grain_(task.grain),
        amounts_(relaxed.amounts),
        conditioned_(relaxed.conditioned) {}

  RoundedBasket round() {
    const std::vector<Cut> cut = round_down();
    keep_limits();
    keep_condition();
    if (!cut.empty()) step_up(cut);
    keep_condition();
    give_up_what_loses();
    for (std::size_t v = 0; v < amounts_.size(); ++v)  // without the last digits of many sums
      amounts_[v] = whole_steps(amounts_[v], grain_[v]) * grain_[v];
    for (std::size_t v = 0; v < task_.preferred.size(); ++v)
      for (const std::vector<std::size_t>& others : task_.preferred[v]) buy_instead(others, v);
    return {std::move(amounts_), conditioned_};
  }

 private:
  bool is_coarse(std::size_t v) const { return grain_[v] > kFineStep; }
  bool is_within(std::span<const double> amounts) const {
    return task_.condition == nullptr || task_.condition->holds(amounts);
  }
  double cost(std::span<const double> amounts) const {
    return cost_of(problem_, amounts, task_.best, task_.threads);
  }
  /// Whether so much of it may be bought.
  bool is_offered(std::size_t v, double amount) const {
    return amount <= problem_.variables[v].most * (1 + kLastDigits);
  }

  std::vector<Cut> round_down();
  void keep_limits();
  void take_steps(const BasketLimit& limit);
  void keep_condition();
  void step_up(std::span<const Cut> cut);
  void give_up_what_loses();
  void buy_instead(std::span<const std::size_t> others, std::size_t v);
  void raise_one_by_one(std::span<const Cut> cut);
  void raise_together(std::span<const Cut> cut);
  void choose_fine_again();
  BasketProblem problem_of_fine(std::span<const std::size_t> which) const;
  BasketCondition condition_of_fine(std::span<const std::size_t> which) const;
  /// All amounts, of which these are other ones.
  std::vector<double> with(std::span<const std::size_t> which,
                           std::span<const double> chosen) const;

  const RoundingTask& task_;
  const BasketProblem& problem_;
  const std::vector<double>& grain_;
  std::vector<double> amounts_;
  bool conditioned_;
};

/// Down to whole steps, and what was cut, most of a step first.
std::vector<Cut> Rounding::round_down() {
  std::vector<Cut> cut;
  for (std::size_t v = 0; v < amounts_.size(); ++v) {
    const double steps = amounts_[v] / grain_[v], whole = whole_steps(amounts_[v], grain_[v]);
    amounts_[v] = whole * grain_[v];
    if (steps - whole > kLeastCut && is_coarse(v)) cut.emplace_back(whole - steps, v);
  }
  std::stable_sort(cut.begin(), cut.end());
  return cut;
}

/// The search keeps limits to its last digits; where that is not enough, a step less of what counts
/// in the one that is broken.
void Rounding::keep_limits() {
  for (const BasketLimit& limit : problem_.limits)
    while (!within_limit(limit, amounts_)) take_steps(limit);
}

void Rounding::take_steps(const BasketLimit& limit) {
  for (const bool coarse : {false, true})
    for (std::size_t v = 0; v < amounts_.size(); ++v) {
      if (limit.weight[v] <= 0 || is_coarse(v) != coarse) continue;
      amounts_[v] = std::max(0.0, amounts_[v] - grain_[v]);
      if (within_limit(limit, amounts_)) return;
    }
}

/// Whole steps may lead beyond the condition: less of what comes in small steps, and where that is
/// not enough, of what breaks it.
void Rounding::keep_condition() {
  if (is_within(amounts_)) return;
  conditioned_ = true;
  const std::vector<double> whole = amounts_;
  const auto holds_with = [&](double share) {
    for (std::size_t v = 0; v < amounts_.size(); ++v)
      if (!is_coarse(v)) amounts_[v] = whole_steps(share * whole[v], grain_[v]) * grain_[v];
    return is_within(amounts_);
  };
  double low = 0, high = 1;
  for (int halving = 0; halving < 10; ++halving) {
    const double middle = (low + high) / 2;
    (holds_with(middle) ? low : high) = middle;
  }
  if (holds_with(low)) return;
  amounts_ = whole;
  for (int round = 0; round < kCapRounds; ++round) {
    std::vector<double> less = task_.condition->reduce(amounts_);
    if (less == amounts_) return;
    amounts_ = std::move(less);
    for (std::size_t v = 0; v < amounts_.size(); ++v)
      amounts_[v] = whole_steps(amounts_[v], grain_[v]) * grain_[v];
  }
}

/// One step up where that costs less, and what comes in small steps is chosen again around what
/// does not.
void Rounding::step_up(std::span<const Cut> cut) {
  const bool many = cut.size() > kMostTries;
  if (many) raise_together(cut);
  choose_fine_again();
  if (!many) raise_one_by_one(cut);
}

void Rounding::raise_one_by_one(std::span<const Cut> cut) {
  double least = cost(amounts_);
  bool moved = false;
  for (const auto& [part, v] : cut) {
    std::vector<double> up = amounts_;
    up[v] += grain_[v];
    if (!is_offered(v, up[v]) || !within_limits(problem_, up)) continue;
    const double now = cost(up);
    if (now >= least || !is_within(up)) continue;
    least = now;
    amounts_ = std::move(up);
    moved = true;
  }
  if (moved) choose_fine_again();
}

/// Where the provider's order is not the cheapest, the search may leave what costs more than
/// nothing in its place would; the smallest first.
void Rounding::give_up_what_loses() {
  std::vector<std::size_t> bought;
  for (std::size_t v = 0; v < amounts_.size(); ++v)
    if (amounts_[v] > 0) bought.push_back(v);
  if (bought.size() > kMostTries) return;
  std::stable_sort(bought.begin(), bought.end(),
                   [&](std::size_t a, std::size_t b) { return amounts_[a] < amounts_[b]; });
  double least = cost(amounts_);
  for (const std::size_t v : bought) {
    std::vector<double> without = amounts_;
    without[v] = 0;
    const double now = cost(without);
    if (now >= least || !is_within(without)) continue;
    least = now;
    amounts_ = std::move(without);
  }
}

/// As many steps of the others as fit.
void Rounding::buy_instead(std::span<const std::size_t> others, std::size_t v) {
  const double all = whole_steps(amounts_[v], grain_[v]);
  const auto moved = [&](double steps) {
    std::vector<double> amounts = amounts_;
    amounts[v] = (all - steps) * grain_[v];
    for (const std::size_t other : others) amounts[other] += steps * grain_[other];
    return amounts;
  };
  const auto fits = [&](double steps) {
    const std::vector<double> amounts = moved(steps);
    return within_limits(problem_, amounts) &&
           std::all_of(others.begin(), others.end(),
                       [&](std::size_t other) { return is_offered(other, amounts[other]); });
  };
  double low = 0, high = all + 1;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (fits(middle) ? low : high) = middle;
  }
  std::vector<double> amounts = moved(low);
  if (low > 0 && is_within(amounts) && cost(amounts) <= cost(amounts_) * (1 + kLastDigits))
    amounts_ = std::move(amounts);
}

/// Of many that were cut, those that were cut most go up together, as many as cost least: by
/// thirds, for a convex cost has no valley beside its lowest.
void Rounding::raise_together(std::span<const Cut> cut) {
  const std::vector<double> down = amounts_;
  std::vector<double> sums;
  for (const BasketLimit& limit : problem_.limits)
    sums.push_back(std::inner_product(down.begin(), down.end(), limit.weight.begin(), 0.0));
  const auto raised = [&](std::size_t count) {
    std::vector<double> up = down, used = sums;
    for (const auto& [part, v] : cut.first(count)) {
      bool fits = is_offered(v, down[v] + grain_[v]);
      for (std::size_t i = 0; fits && i < used.size(); ++i) {
        const BasketLimit& limit = problem_.limits[i];
        fits = used[i] + grain_[v] * limit.weight[v] <= limit.most || limit.weight[v] <= 0;
      }
      if (!fits) continue;
      up[v] += grain_[v];
      for (std::size_t i = 0; i < used.size(); ++i)
        used[i] += grain_[v] * problem_.limits[i].weight[v];
    }
    return up;
  };
  const BasketFlow flow(problem_);
  const auto cost_with = [&](std::size_t count) {
    return cost_of(flow, raised(count), task_.best, task_.threads);
  };
  const auto holds_with = [&](std::size_t count) { return is_within(raised(count)); };
  std::size_t low = 0, high = cut.size();
  const std::size_t enough = std::max<std::size_t>(2, cut.size() / kPartsOfMany);
  if (!holds_with(high)) {
    for (std::size_t most = 0; high - most > enough;)
      (holds_with((most + high) / 2) ? most : high) = (most + high) / 2;
    while (high > 0 && !holds_with(high)) high -= std::min(high, enough);
  }
  while (high - low > enough) {
    const std::size_t third = (high - low) / 3, left = low + third, right = high - third;
    if (cost_with(left) <= cost_with(right))
      high = right;
    else
      low = left;
  }
  const std::size_t count = low + (high - low) / 2;
  if (cost_with(count) < cost_with(0)) amounts_ = raised(count);
}

/// The best amounts of what comes in small steps, beside the others as they are.
void Rounding::choose_fine_again() {
  std::vector<std::size_t> which;
  for (std::size_t v = 0; v < amounts_.size(); ++v)
    if (!is_coarse(v)) which.push_back(v);
  if (which.empty()) return;
  BasketOptions options{task_.gap, kPassesOfFine, task_.threads};
  BasketCondition condition;
  if (conditioned_) {
    condition = condition_of_fine(which);
    options.condition = &condition;
  }
  BasketResult chosen = best_basket(problem_of_fine(which), options);
  for (std::size_t i = 0; i < which.size(); ++i) {
    const double grain = grain_[which[i]];
    chosen.amounts[i] = whole_steps(chosen.amounts[i], grain) * grain;
  }
  std::vector<double> amounts = with(which, chosen.amounts);
  if (within_limits(problem_, amounts) && is_within(amounts) && cost(amounts) < cost(amounts_))
    amounts_ = std::move(amounts);
}

/// The others are held: what is held is paid for in every scenario alike, so regret is measured
/// against the same.
BasketProblem Rounding::problem_of_fine(std::span<const std::size_t> which) const {
  BasketProblem fine = problem_;
  fine.variables.clear();
  for (const std::size_t v : which) fine.variables.push_back(problem_.variables[v]);
  for (std::size_t i = 0; i < fine.limits.size(); ++i) {
    BasketLimit& limit = fine.limits[i];
    limit.weight.clear();
    for (const std::size_t v : which) limit.weight.push_back(problem_.limits[i].weight[v]);
    for (std::size_t v = 0; v < amounts_.size(); ++v)
      if (is_coarse(v))
        limit.most = std::max(0.0, limit.most - amounts_[v] * problem_.limits[i].weight[v]);
  }
  for (std::size_t v = 0; v < amounts_.size(); ++v) {
    const BasketVariable& variable = problem_.variables[v];
    for (std::size_t step = variable.first_step; is_coarse(v) && step < variable.end_step; ++step)
      fine.held[variable.line * fine.steps + step] += amounts_[v];
  }
  return fine;
}

BasketCondition Rounding::condition_of_fine(std::span<const std::size_t> which) const {
  BasketCondition condition;
  condition.inside.assign(which.size(), 0);
  if (!is_within(with(which, condition.inside)))
    for (std::size_t i = 0; i < which.size(); ++i) condition.inside[i] = amounts_[which[i]];
  condition.holds = [this, which](std::span<const double> chosen) {
    return is_within(with(which, chosen));
  };
  condition.rows = [this, which](std::span<const double> chosen) {
    std::vector<BasketLimit> rows = task_.condition->rows(with(which, chosen));
    for (BasketLimit& row : rows) {
      BasketLimit rest{{}, row.most};
      for (std::size_t v = 0; v < amounts_.size(); ++v)
        if (is_coarse(v)) rest.most -= amounts_[v] * row.weight[v];
      for (const std::size_t v : which) rest.weight.push_back(row.weight[v]);
      row = std::move(rest);
    }
    return rows;
  };
  return condition;
}

std::vector<double> Rounding::with(std::span<const std::size_t> which,
                                   std::span<const double> chosen) const {
  std::vector<double> amounts = amounts_;
  for (std::size_t i = 0; i < which.size(); ++i) amounts[which[i]] = chosen[i];
  return amounts;
}

}  // namespace

double whole_steps(double amount, double grain) {
  return std::floor(amount / grain + kLeastOfStep);
}

RoundedBasket round_basket(const RoundingTask& task, const BasketResult& relaxed) {
  return Rounding(task, relaxed).round();
}

}  // namespace steelyard
