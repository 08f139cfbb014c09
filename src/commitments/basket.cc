#include "commitments/basket.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/assert.h"
#include "commitments/basket_flow.h"
#include "commitments/basket_newton.h"
#include "commitments/linear_program.h"

namespace steelyard {
namespace {

/// Of many purchases: how much rougher the best of each scenario may be, which only measures
/// regret.
constexpr double kGapOfRegret = 10;
constexpr int kMostHalvings = 12;   ///< of the way to a basket that breaks the condition
constexpr int kMostRounds = 10;     ///< of Newton's method within the condition
constexpr double kSlackRow = 0.01;  ///< of its sum: a row with more to spare is left out
constexpr int kMostStuck = 3;       ///< widths at which the gap hardly narrows, one after the other

double fees_of(const BasketProblem& problem, std::span<const double> amounts) {
  double fees = 0;
  for (std::size_t v = 0; v < problem.variables.size(); ++v) {
    const BasketVariable& variable = problem.variables[v];
    double hours = 0;
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      hours += problem.step_weight[step];
    fees += amounts[v] * variable.fee * hours;
  }
  return fees;
}

/// (1 - risk) * mean + risk * CVaR of regret, without the fees, which all scenarios share.
double weigh(const BasketProblem& problem, std::span<const double> on_demand,
             std::span<const double> best) {
  double mean = 0;
  for (std::size_t s = 0; s < problem.scenarios; ++s) mean += problem.probability[s] * on_demand[s];
  if (problem.risk <= 0) return mean;
  std::vector<std::size_t> worst(problem.scenarios);
  std::iota(worst.begin(), worst.end(), std::size_t{0});
  const auto regret = [&](std::size_t s) { return on_demand[s] - best[s]; };
  std::stable_sort(worst.begin(), worst.end(),
                   [&](std::size_t a, std::size_t b) { return regret(a) > regret(b); });
  double tail = 0, left = problem.tail;
  for (const std::size_t s : worst) {
    const double part = std::min(left, problem.probability[s]);
    tail += part * regret(s);
    left -= part;
  }
  return (1 - problem.risk) * mean + problem.risk * tail / problem.tail;
}

/// Per scenario.
std::vector<double> values_of(const BasketProblem& problem, const std::vector<BasketSlope>& slopes,
                              double BasketSlope::* value) {
  std::vector<double> values(problem.scenarios);
  const std::size_t parts = slopes.size() / problem.scenarios;
  for (std::size_t i = 0; i < slopes.size(); ++i) values[i / parts] += slopes[i].*value;
  return values;
}

/// The cutting planes of one problem.
class Search {
 public:
  Search(const BasketProblem& problem, const BasketOptions& options, std::vector<double> best)
      : problem_(problem),
        options_(options),
        flow_(problem),
        best_(std::move(best)),
        parts_(std::min<std::size_t>(problem.steps, 6)) {
    const auto& variables = problem_.variables;
    most_.resize(variables.size());
    const std::vector<double> useful = useful_capacity();
    for (std::size_t v = 0; v < variables.size(); ++v) {
      most_[v] = std::max(0.0, std::min(variables[v].most, useful[variables[v].line]));
      const double hours = std::accumulate(
          problem_.step_weight.begin() + static_cast<std::ptrdiff_t>(variables[v].first_step),
          problem_.step_weight.begin() + static_cast<std::ptrdiff_t>(variables[v].end_step), 0.0);
      master_.add_column(variables[v].fee * hours, 0, most_[v]);
    }
    for (std::size_t i = 0; i < problem_.scenarios * parts_; ++i)
      master_.add_column((1 - problem_.risk) * problem_.probability[i / parts_], 0,
                         LinearProgram::kInfinity);
    if (problem_.risk > 0) {
      threshold_ =
          master_.add_column(problem_.risk, -LinearProgram::kInfinity, LinearProgram::kInfinity);
      for (std::size_t s = 0; s < problem_.scenarios; ++s) {
        const int over = master_.add_column(problem_.risk * problem_.probability[s] / problem_.tail,
                                            0, LinearProgram::kInfinity);
        std::vector<int> columns{over, threshold_};
        std::vector<double> values{1, 1};
        for (std::size_t part = 0; part < parts_; ++part) {
          columns.push_back(theta(s * parts_ + part));
          values.push_back(-1);
        }
        add_row(-best_[s], std::move(columns), std::move(values));
      }
    }
    // Rows of the master as well, so its value bounds what keeps the limits.
    for (const BasketLimit& limit : problem_.limits) {
      std::vector<int> columns;
      std::vector<double> values;
      for (std::size_t v = 0; v < variables.size(); ++v) {
        if (limit.weight[v] <= 0) continue;
        columns.push_back(static_cast<int>(v));
        values.push_back(limit.weight[v]);
      }
      if (!columns.empty()) master_.add_row(-LinearProgram::kInfinity, limit.most, columns, values);
    }
    fixed_rows_ = master_.rows();
  }

  BasketResult run() {
    BasketResult result;
    result.amounts.assign(problem_.variables.size(), 0);
    const auto purchases = static_cast<std::size_t>(
        std::count_if(most_.begin(), most_.end(), [](double most) { return most > 0; }));
    const bool is_large = purchases > options_.few_purchases && suits_newton(problem_);
    if (is_large) go_ahead(result);
    if (!is_large || (gap_of(result) > options_.gap && purchases <= options_.many_purchases))
      cut(result);
    result.free_bound = less_rounding(result.bound);
    if (options_.condition != nullptr && !options_.condition->holds(result.amounts)) {
      begin_within_condition(result);
      if (is_large)
        go_ahead_within_condition(result);
      else
        cut(result);
    }
    finish(result);
    return result;
  }

 private:
  double gap_of(const BasketResult& result) const {
    return result.cost > 0 ? std::max(0.0, (result.cost - result.bound) / result.cost) : 0;
  }

  /// Newton's method; the amounts at which it proved most, which may break the condition.
  std::vector<double> go_ahead(BasketResult& result) {
    const BasketAim aim{most_, best_, rows_, options_.gap, options_.threads};
    std::vector<double> reached;
    double last = 1, proved = -std::numeric_limits<double>::infinity();
    int stuck = 0;
    newton_basket(problem_, aim, [&](const std::vector<double>& amounts, double bound) {
      const auto slopes =
          slopes_at(flow_, capacity_of(problem_, amounts), options_.threads, 1, false);
      count_pass(result);
      const double cost = cost_at(amounts, slopes);
      if (!within_condition_ || options_.condition->holds(amounts)) keep(amounts, slopes, result);
      if (bound > proved) reached = amounts;
      proved = std::max(proved, bound);
      const double now = cost > 0 ? std::max(0.0, (cost - proved) / cost) : 0;
      stuck = now > 0.8 * last ? stuck + 1 : 0;
      last = now;
      return now <= options_.gap || stuck > kMostStuck || result.passes >= options_.max_passes;
    });
    result.bound = std::max(result.bound, proved);
    return reached;
  }

  /// From the cheapest basket of all towards the cheapest that keeps the condition.
  void begin_within_condition(BasketResult& result) {
    result.conditioned = within_condition_ = true;
    result.on_demand.clear();
    add_rows(result.amounts);
    result.amounts = towards(result.amounts);
  }

  /// Newton's method again with the rows that were found, until it keeps the condition or nothing
  /// is gained.
  void go_ahead_within_condition(BasketResult& result) {
    look(result.amounts, result);
    double last = gap_of(result);
    int stuck = 0;
    for (int round = 0; round < kMostRounds && last > options_.gap; ++round) {
      const std::vector<double> reached = go_ahead(result);
      if (reached.empty() || options_.condition->holds(reached)) return;
      drop_slack_rows(reached);
      const bool broken = add_rows(reached);
      look(towards(reached), result);
      if (options_.condition->reduce) look(options_.condition->reduce(reached), result);
      const double now = gap_of(result);
      stuck = now > 0.9 * last ? stuck + 1 : 0;
      if (!broken || stuck > 1) return;
      last = now;
    }
  }

  /// Rows that are far from binding.
  void drop_slack_rows(std::span<const double> amounts) {
    std::erase_if(rows_, [&](const BasketLimit& row) {
      double sum = 0, size = 0;
      for (std::size_t v = 0; v < row.weight.size(); ++v) {
        sum += row.weight[v] * amounts[v];
        size += std::abs(row.weight[v]) * amounts[v];
      }
      return row.most - sum > kSlackRow * size;
    });
  }

  /// Adds the rows of the condition for amounts that do not keep it; whether they break one.
  bool add_rows(std::span<const double> amounts) {
    bool broken = false;
    for (const BasketLimit& row : options_.condition->rows(amounts)) {
      double most = 0, sum = 0;
      for (const double weight : row.weight) most = std::max(most, std::abs(weight));
      std::vector<int> columns;
      std::vector<double> values;
      for (std::size_t v = 0; v < row.weight.size(); ++v) {
        if (std::abs(row.weight[v]) <= 1e-12 * most) continue;
        columns.push_back(static_cast<int>(v));
        values.push_back(row.weight[v] / most);
        sum += values.back() * amounts[v];
      }
      if (columns.empty()) continue;
      master_.add_row(-LinearProgram::kInfinity, row.most / most, columns, values);
      rows_.push_back(row);
      broken = broken || sum > row.most / most + 1e-9 * std::abs(sum);
    }
    return broken;
  }

  /// The last basket that keeps the condition on the way to one that does not; the next is cut off.
  /// From well inside, as from a basket at the edge most ways would end at once.
  std::vector<double> towards(std::vector<double> outside) {
    std::vector<double> inside = options_.condition->inside, middle(inside.size());
    for (int halving = 0; halving < kMostHalvings; ++halving) {
      for (std::size_t v = 0; v < middle.size(); ++v) middle[v] = (inside[v] + outside[v]) / 2;
      (options_.condition->holds(middle) ? inside : outside) = middle;
    }
    add_rows(outside);
    return inside;
  }

  void count_pass(BasketResult& result) const {
    ++result.passes;
    if (options_.on_pass) options_.on_pass(result.passes);
  }

  /// Cutting planes in a trust region.
  void cut(BasketResult& result) {
    const std::size_t count = problem_.variables.size();
    std::vector<double> centre = result.amounts;
    double reached = evaluate(centre, result);  // of the relaxed program
    double radius = 0.25;                       // of what could be of use
    bool boxed = false;
    int nulls = 0, since_bound = 0;
    const int most_passes = result.passes + options_.max_passes;
    while (result.passes < most_passes) {
      set_box(boxed ? radius : -1, centre);
      if (!master_.solve()) break;
      const double model = master_.value();
      if (!boxed) result.bound = std::max(result.bound, model);
      const double enough = options_.gap * std::abs(reached) + 1e-12;
      if (reached - result.bound <= enough) break;
      if (boxed && reached - model <= 0.5 * enough) {  // the best within the box: look further
        boxed = false;
        continue;
      }
      std::vector<double> point(master_.solution().begin(),
                                master_.solution().begin() + static_cast<std::ptrdiff_t>(count));
      for (std::size_t v = 0; v < count; ++v) point[v] = std::clamp(point[v], 0.0, most_[v]);
      if (within_condition_ && !options_.condition->holds(point)) {
        // Where the forced order breaks the condition and the best would not, no row tells.
        if (!add_rows(point) && evaluate(point, result, false) - model <= 0.5 * enough && !boxed)
          break;
        point = towards(std::move(point));
      }
      const double relaxed = evaluate(point, result);
      const bool better = relaxed < reached;
      if (!boxed) {
        boxed = true;
        radius = better ? radius : std::max(radius / 4, 1e-6);
      } else if (better && reached - relaxed >= 0.3 * (reached - model)) {
        radius = std::min(1.0, radius * 2);
      } else if (!better && ++nulls % 3 == 0) {
        radius = std::max(radius / 2, 1e-7);
      }
      if (better) {
        reached = relaxed;
        centre = std::move(point);
      }
      if (++since_bound >= 12) {  // now and then, what is proved
        since_bound = 0;
        boxed = false;
      }
    }
    if (count == 0) result.bound = result.cost;
    result.cuts = master_.rows() - fixed_rows_;
    const double worth_repair = std::max(10 * options_.gap, 1e-4) * std::abs(result.cost);
    if (result.cost - result.bound > worth_repair) repair(result);
  }

  void finish(BasketResult& result) const {
    result.bound = less_rounding(result.bound);
    result.best = best_;
    result.gap = gap_of(result);
    result.gap_of_order = order_gap_of(result);
    result.proven = result.gap <= options_.gap + 2e-9;
  }

  /// Of a gap that is worth a look: the amounts in the provider's order and in the bound's.
  double order_gap_of(const BasketResult& result) const {
    if (result.gap <= options_.gap + 2e-9 || result.cost <= 0) return 0;
    const auto slopes =
        slopes_at(flow_, capacity_of(problem_, result.amounts), options_.threads, 1, false);
    const double known = fees_of(problem_, result.amounts) +
                         weigh(problem_, values_of(problem_, slopes, &BasketSlope::relaxed), best_);
    return std::clamp((result.cost - known) / result.cost, 0.0, result.gap);
  }

  /// The master's doubles are right to about that.
  static double less_rounding(double bound) { return bound - 1e-9 * std::abs(bound); }

  /// The column of what a part of a scenario leaves on demand.
  int theta(std::size_t part) const { return static_cast<int>(problem_.variables.size() + part); }

  void add_row(double lower, std::vector<int> columns, std::vector<double> values) {
    master_.add_row(lower, LinearProgram::kInfinity, columns, values);
  }

  /// Capacity beyond which nothing could be left to cover.
  std::vector<double> useful_capacity() const {
    std::vector<double> peak(problem_.pools);
    for (std::size_t pool = 0; pool < problem_.pools; ++pool) {
      double share = 0;
      for (std::size_t block = 0; block < problem_.scenarios * problem_.steps; ++block)
        share = std::max(share, problem_.share[block * problem_.pools + pool]);
      const double* usage = problem_.usage.data() + pool * problem_.pattern;
      peak[pool] = share * *std::max_element(usage, usage + problem_.pattern);
    }
    std::vector<double> useful(problem_.lines);
    for (const BasketPair& pair : problem_.order) useful[pair.line] += pair.ratio * peak[pair.pool];
    return useful;
  }

  /// radius < 0: no box.
  void set_box(double radius, const std::vector<double>& centre) {
    for (std::size_t v = 0; v < most_.size(); ++v) {
      const double reach = radius * most_[v];
      master_.set_bounds(static_cast<int>(v), radius < 0 ? 0 : std::max(0.0, centre[v] - reach),
                         radius < 0 ? most_[v] : std::min(most_[v], centre[v] + reach));
    }
  }

  /// Where the forced order is not the best one, the relaxed program's optimum need not be the
  /// cheapest in that order: a search around it, one purchase after the other.
  void repair(BasketResult& result) {
    const std::size_t count = problem_.variables.size();
    int tries = options_.max_passes;
    for (double step = 0.2; step > 0.01 && tries > 0; step /= 2) {
      bool moved = false;
      for (std::size_t v = 0; v < count && tries > 0; ++v) {
        for (const double way : {-1.0, 1.0}) {
          std::vector<double> point = result.amounts;
          const double size = std::max(point[v], 0.05 * most_[v]);
          point[v] = std::clamp(point[v] + way * step * size, 0.0, most_[v]);
          if (point[v] == result.amounts[v] || !within_limits(problem_, point)) continue;
          if (within_condition_ && !options_.condition->holds(point)) continue;
          --tries;
          const auto slopes =
              slopes_at(flow_, capacity_of(problem_, point), options_.threads, 1, false);
          count_pass(result);
          if (keep(point, slopes, result)) {
            moved = true;
            break;
          }
        }
      }
      if (moved) step *= 2;
    }
  }

  double cost_at(const std::vector<double>& point, const std::vector<BasketSlope>& slopes) const {
    const auto on_demand = values_of(problem_, slopes, &BasketSlope::on_demand);
    return fees_of(problem_, point) + weigh(problem_, on_demand, best_);
  }

  void look(const std::vector<double>& point, BasketResult& result) {
    keep(point, slopes_at(flow_, capacity_of(problem_, point), options_.threads, 1, false), result);
    count_pass(result);
  }

  /// Whether the point is the best so far, in the provider's order.
  bool keep(const std::vector<double>& point, const std::vector<BasketSlope>& slopes,
            BasketResult& result) {
    const double cost = cost_at(point, slopes);
    if (!result.on_demand.empty() && cost >= result.cost) return false;
    result.cost = cost;
    result.amounts = point;
    result.on_demand = values_of(problem_, slopes, &BasketSlope::on_demand);
    return true;
  }

  /// Adds the cuts at a point; returns its cost in the best order, as far as that was proved.
  double evaluate(const std::vector<double>& point, BasketResult& result, bool may_keep = true) {
    const auto slopes =
        slopes_at(flow_, capacity_of(problem_, point), options_.threads, parts_, true);
    count_pass(result);
    for (std::size_t part = 0; part < slopes.size(); ++part) {
      const BasketSlope& slope = slopes[part];
      double constant = slope.constant;
      for (std::size_t i = 0; i < slope.slope.size(); ++i)
        constant -= slope.slope[i] * problem_.held[i];
      std::vector<int> columns{theta(part)};
      std::vector<double> values{1};
      for (std::size_t v = 0; v < problem_.variables.size(); ++v) {
        const BasketVariable& variable = problem_.variables[v];
        double sum = 0;
        for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
          sum += slope.slope[variable.line * problem_.steps + step];
        if (sum == 0) continue;
        columns.push_back(static_cast<int>(v));
        values.push_back(sum);
      }
      add_row(constant, std::move(columns), std::move(values));
    }
    if (may_keep) keep(point, slopes, result);
    return fees_of(problem_, point) +
           weigh(problem_, values_of(problem_, slopes, &BasketSlope::relaxed), best_);
  }

  const BasketProblem& problem_;
  const BasketOptions& options_;
  BasketFlow flow_;
  std::vector<double> best_, most_;
  std::size_t parts_;  ///< of the time: each has cuts of its own
  LinearProgram master_;
  int threshold_ = -1, fixed_rows_ = 0;
  bool within_condition_ = false;
  std::vector<BasketLimit> rows_;  ///< of the condition
};

/// The problem of one scenario alone.
BasketProblem only_scenario(const BasketProblem& problem, std::size_t scenario) {
  BasketProblem one = problem;
  const std::size_t size = problem.steps * problem.pools;
  const auto begin = problem.share.begin() + static_cast<std::ptrdiff_t>(scenario * size);
  one.share.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
  one.scenarios = 1;
  one.probability = {1};
  one.risk = 0;
  return one;
}

}  // namespace

bool within_limit(const BasketLimit& limit, std::span<const double> amounts) {
  return std::inner_product(amounts.begin(), amounts.end(), limit.weight.begin(), 0.0) <=
         limit.most * (1 + 1e-12);
}

bool within_limits(const BasketProblem& problem, std::span<const double> amounts) {
  return std::all_of(problem.limits.begin(), problem.limits.end(),
                     [&](const BasketLimit& limit) { return within_limit(limit, amounts); });
}

std::vector<double> capacity_of(const BasketProblem& problem, std::span<const double> amounts) {
  SY_ASSERT(amounts.size() == problem.variables.size());
  std::vector<double> capacity = problem.held;
  for (std::size_t v = 0; v < amounts.size(); ++v) {
    const BasketVariable& variable = problem.variables[v];
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      capacity[variable.line * problem.steps + step] += amounts[v];
  }
  return capacity;
}

BasketOutcome outcome_of(const BasketFlow& flow, std::span<const double> amounts, int threads) {
  const auto slopes = slopes_at(flow, capacity_of(flow.problem(), amounts), threads, 1, false);
  BasketOutcome outcome;
  outcome.on_demand = values_of(flow.problem(), slopes, &BasketSlope::on_demand);
  for (const BasketSlope& slope : slopes)
    outcome.unused.insert(outcome.unused.end(), slope.unused.begin(), slope.unused.end());
  return outcome;
}

double cost_of(const BasketFlow& flow, std::span<const double> amounts,
               std::span<const double> best, int threads) {
  return fees_of(flow.problem(), amounts) +
         weigh(flow.problem(), outcome_of(flow, amounts, threads).on_demand, best);
}

BasketOutcome outcome_of(const BasketProblem& problem, std::span<const double> amounts,
                         int threads) {
  return outcome_of(BasketFlow(problem), amounts, threads);
}

double cost_of(const BasketProblem& problem, std::span<const double> amounts,
               std::span<const double> best, int threads) {
  return cost_of(BasketFlow(problem), amounts, best, threads);
}

BasketResult best_basket(const BasketProblem& problem, const BasketOptions& options) {
  SY_ASSERT(problem.usage.size() == problem.pools * problem.pattern);
  SY_ASSERT(problem.share.size() == problem.scenarios * problem.steps * problem.pools);
  SY_ASSERT(problem.held.size() == problem.lines * problem.steps);
  SY_ASSERT(problem.step_weight.size() == problem.steps);
  SY_ASSERT(problem.probability.size() == problem.scenarios);
  for (const BasketLimit& limit : problem.limits)
    SY_ASSERT(limit.weight.size() == problem.variables.size());
  std::vector<double> best = options.best;
  int passes = 0;
  if (problem.risk > 0 && best.empty()) {
    BasketOptions rough = options;
    rough.condition = nullptr;  // regret is that of any basket
    if (problem.variables.size() > options.few_purchases) rough.gap *= kGapOfRegret;
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      const BasketProblem one = only_scenario(problem, s);
      const BasketResult result = Search(one, rough, {}).run();
      best.push_back(result.cost);
      passes += result.passes;
    }
  }
  BasketResult result = Search(problem, options, std::move(best)).run();
  result.passes += passes / static_cast<int>(std::max<std::size_t>(1, problem.scenarios));
  return result;
}

}  // namespace steelyard
