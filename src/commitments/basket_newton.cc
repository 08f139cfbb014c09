#include "commitments/basket_newton.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/assert.h"
#include "commitments/basket_flow.h"
#include "commitments/basket_look.h"
#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr double kFirstWidth = 0.15, kNarrowing = 0.45, kWidthMin = 1e-8;
constexpr std::size_t kSamples[] = {12, 40, 84};  ///< hours of the pattern that are looked at first
constexpr double kHoursNear = 0.2;  ///< a sample is left when its hours times the width are so few
constexpr int kRoundsMax = 60, kSolveMax = 60, kFailuresMax = 25, kBoundRounds = 3, kLostMax = 4;
constexpr double kSlack = 1, kSampleSlack = 2, kOpen = 0.2;  ///< as in portfolio_newton.cc
constexpr double kFirstDamping = 1e-2, kDampingMin = 1e-9, kDampingMax = 1e4;
constexpr double kSolved = 0.03;      ///< of the residual, in its norm
constexpr double kRegretWidth = 0.1;  ///< of the cost, times the width
constexpr std::size_t kParts = 8;     ///< of a look, that threads share out

/// Some hours of the pattern, spread over the days and the times of day.
BasketProblem sample_of(const BasketProblem& problem, std::size_t hours) {
  BasketProblem sample = problem;
  sample.limits.clear();
  std::size_t stride = problem.pattern * 5 / 13;
  while (std::gcd(stride, problem.pattern) != 1) ++stride;
  sample.pattern = hours;
  sample.usage.clear();
  for (std::size_t pool = 0; pool < problem.pools; ++pool)
    for (std::size_t i = 0; i < hours; ++i)
      sample.usage.push_back(problem.usage[pool * problem.pattern + i * stride % problem.pattern]);
  return sample;
}

/// A symmetric positive definite matrix and its factor.
struct Small {
  std::size_t size = 0;
  std::vector<double> cells;
  void factor() {
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = cells[i * size + j];
        for (std::size_t k = 0; k < j; ++k) sum -= cells[i * size + k] * cells[j * size + k];
        cells[i * size + j] = i == j ? std::sqrt(std::max(sum, 1e-12 * cells[i * size + i]))
                                     : sum / cells[j * size + j];
      }
  }
  void solve(std::span<double> b) const {
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < i; ++j) b[i] -= cells[i * size + j] * b[j];
      b[i] /= cells[i * size + i];
    }
    for (std::size_t i = size; i-- > 0;) {
      b[i] /= cells[i * size + i];
      for (std::size_t j = 0; j < i; ++j) b[j] -= cells[i * size + j] * b[i];
    }
  }
};

/// All that is known at given amounts.
struct View {
  double value = 0, smoothing = 0;
  std::vector<BasketBlock> blocks;          ///< [scenario * steps + step]
  std::vector<double> rest;                 ///< per scenario
  std::vector<double> weight;               ///< of each scenario: probability and tail
  std::vector<double> tail_bend;            ///< of each scenario's excess
  std::vector<std::vector<double>> slopes;  ///< per scenario and variable: what more of it saves
  std::vector<double> used;                 ///< per variable: weighed sum of those, less limits
  std::vector<double> limit_slope;          ///< per limit: its multiplier
  std::vector<double> limit_bend;
};

class Newton {
 public:
  Newton(const BasketProblem& problem, const BasketAim& aim) : problem_(problem), aim_(aim) {
    const auto is_barred = [&](std::size_t v) {
      return std::any_of(problem.limits.begin(), problem.limits.end(),
                         [&](const auto& limit) { return limit.most <= 0 && limit.weight[v] > 0; });
    };
    for (std::size_t v = 0; v < problem.variables.size(); ++v)
      if (aim.most[v] > 0 && !is_barred(v)) live_.push_back(v);
    for (const std::size_t v : live_) {
      const BasketVariable& variable = problem.variables[v];
      double hours = 0;
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        hours += problem.step_weight[step];
      hours_.push_back(hours);
      fee_.push_back(hours * variable.fee);
      most_.push_back(aim.most[v]);
    }
    find_limits();
  }

  void run(const BasketJudge& judge) {
    std::vector<double> amounts(live_.size(), 0);
    width_ = kFirstWidth;
    for (const std::size_t hours : kSamples) {
      if (2 * hours > problem_.pattern) break;
      const BasketProblem sample = sample_of(problem_, hours);
      load(sample);
      while (width_ * static_cast<double>(hours) > kHoursNear) {
        descend(kSampleSlack, 0, amounts);
        narrow(amounts);
      }
    }
    load(problem_);
    int lost = 0;
    for (; width_ > kWidthMin; narrow(amounts)) {
      lost = descend(kSlack, kOpen * aim_.gap, amounts) ? 0 : lost + 1;
      const double bound = prove(amounts);
      if (judge(whole(within(amounts)), bound)) return;
      if (lost > kLostMax) return;
    }
  }

 private:
  struct Limit {
    std::vector<std::size_t> at;
    std::vector<double> weight;
    double most, height;  ///< multiplier beyond which nothing pays
  };

  /// A limit's parabola ends at the limit; its multiplier needs be no greater than what the
  /// purchase that could save most would save.
  void find_limits() {
    std::vector<double> saves(problem_.lines, 0);
    for (const BasketPair& pair : problem_.order)
      saves[pair.line] = std::max(saves[pair.line], 1 / pair.ratio);
    for (const BasketLimit& limit : problem_.limits) {
      Limit own{{}, {}, limit.most, 0};
      double all = 0;
      for (std::size_t i = 0; i < live_.size(); ++i) {
        const double weight = limit.weight[live_[i]];
        if (weight <= 0) continue;
        own.at.push_back(i);
        own.weight.push_back(weight);
        all += weight * most_[i];
        const double most = saves[problem_.variables[live_[i]].line] * hours_[i] - fee_[i];
        own.height = std::max(own.height, most / weight);
      }
      if (all > limit.most && own.height > 0) limits_.push_back(std::move(own));
    }
  }

  void load(const BasketProblem& problem) {
    shown_ = &problem;
    flow_.emplace(problem);
    upstream_ = basket_upstream(*flow_);
    looks_.clear();
    for (std::size_t part = 0; part < kParts; ++part) looks_.emplace_back(*flow_, upstream_);
    const auto& nodes = flow_->nodes();
    size_.assign(nodes.size(), 0);
    std::vector<double> row(problem.pattern);
    double weights = 0;
    for (std::size_t s = 0; s < problem.scenarios; ++s)
      for (std::size_t step = 0; step < problem.steps; ++step) {
        const double weight = problem.probability[s] * problem.step_weight[step] /
                              static_cast<double>(problem.pattern);
        weights += weight * static_cast<double>(problem.pattern);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
          if (nodes[i].pools.empty()) continue;
          flow_->usage_of(nodes[i], s, step, row.data());
          size_[i] += weight * std::accumulate(row.begin(), row.end(), 0.0);
        }
      }
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) size_[nodes[i].next] += size_[i];
    for (double& size : size_) size = std::max(size / weights, 1e-9 * size_.back() / weights);
    total_ = size_.back() * weights;
    of_line_.assign(problem.lines, 0);
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i)
      of_line_[nodes[i].line] += nodes[i].ratio * size_[i];
    find_clusters();
    before_.clear();
  }

  /// Lines that cover one scope after the other are solved for together.
  void find_clusters() {
    const auto& nodes = flow_->nodes();
    std::vector<std::size_t> feeders(nodes.size(), 0);
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) ++feeders[nodes[i].next];
    std::vector<std::size_t> of(problem_.lines);
    std::iota(of.begin(), of.end(), std::size_t{0});
    const auto root = [&](std::size_t line) {
      while (of[line] != line) line = of[line];
      return line;
    };
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      const std::size_t next = nodes[i].next;
      if (nodes[next].line == BasketNode::kNone || feeders[next] > 1 || !nodes[next].pools.empty())
        continue;
      of[root(nodes[next].line)] = root(nodes[i].line);
    }
    cluster_.resize(problem_.lines);
    for (std::size_t line = 0; line < problem_.lines; ++line) cluster_[line] = root(line);
    place_.assign(problem_.lines, 0);
    std::vector<std::size_t> count(problem_.lines, 0);
    for (std::size_t line = 0; line < problem_.lines; ++line)
      place_[line] = count[cluster_[line]]++;
    lines_of_ = std::move(count);
  }

  std::vector<double> whole(std::span<const double> amounts) const {
    std::vector<double> all(problem_.variables.size(), 0);
    for (std::size_t i = 0; i < live_.size(); ++i) all[live_[i]] = amounts[i];
    return all;
  }

  /// So much less that all limits are kept: the last digits, as a rule.
  std::vector<double> within(std::vector<double> amounts) const {
    for (const Limit& limit : limits_) {
      double sum = 0;
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        sum += limit.weight[k] * amounts[limit.at[k]];
      if (sum <= limit.most) continue;
      for (const std::size_t i : limit.at) amounts[i] *= limit.most / sum;
    }
    return amounts;
  }

  std::vector<double> widths() const {
    std::vector<double> widths;
    for (const double size : size_) widths.push_back(width_ * size);
    return widths;
  }

  View look(std::span<const double> amounts) {
    const BasketProblem& problem = *shown_;
    const auto capacity = capacity_of(problem, whole(amounts));
    const auto wide = widths();
    View view;
    const std::size_t steps = problem.steps;
    view.blocks.resize(problem.scenarios * steps);
    in_parallel(kParts, aim_.threads, [&](std::size_t part) {
      for (std::size_t i = part; i < view.blocks.size(); i += kParts)
        view.blocks[i] = looks_[part].at(i / steps, i % steps, capacity, wide);
    });
    view.rest.assign(problem.scenarios, 0);
    view.slopes.assign(problem.scenarios, std::vector<double>(live_.size(), 0));
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      for (std::size_t step = 0; step < steps; ++step)
        view.rest[s] += view.blocks[s * steps + step].rest;
      for (std::size_t i = 0; i < live_.size(); ++i) {
        const BasketVariable& variable = problem.variables[live_[i]];
        for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
          view.slopes[s][i] += view.blocks[s * steps + step].slope[variable.line];
      }
    }
    weigh(view);
    view.used.assign(live_.size(), 0);
    for (std::size_t i = 0; i < live_.size(); ++i) view.value += fee_[i] * amounts[i];
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      for (std::size_t i = 0; i < live_.size(); ++i)
        view.used[i] += view.weight[s] * view.slopes[s][i];
      for (std::size_t step = 0; step < steps; ++step)
        view.smoothing += view.weight[s] * view.blocks[s * steps + step].smoothing;
    }
    for (const Limit& limit : limits_) {
      const double width = width_ * limit.most / 2;
      double z = 2 * width - limit.most;
      for (std::size_t k = 0; k < limit.at.size(); ++k) z += limit.weight[k] * amounts[limit.at[k]];
      const Kink kink(std::max(width, 1e-300));
      const double s = kink.slope(z);
      view.value += limit.height * kink.left(z, s);
      view.smoothing += limit.height * 2 * width * s * (1 - s);
      view.limit_slope.push_back(limit.height * s);
      view.limit_bend.push_back(s > 0 && s < 1 ? limit.height * kink.scale : 0);
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        view.used[limit.at[k]] -= limit.height * s * limit.weight[k];
    }
    return view;
  }

  /// The weight of each scenario: its probability, and its part in the tail of regret. Of the
  /// smooth tail the threshold is where those parts sum to one.
  void weigh(View& view) const {
    const BasketProblem& problem = *shown_;
    view.weight.resize(problem.scenarios);
    view.tail_bend.assign(problem.scenarios, 0);
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      view.weight[s] = (1 - problem.risk) * problem.probability[s];
      view.value += view.weight[s] * view.rest[s];
    }
    if (problem.risk <= 0) return;
    const Kink kink(width_ * kRegretWidth * total_);
    std::vector<double> regret(problem.scenarios);
    for (std::size_t s = 0; s < problem.scenarios; ++s) regret[s] = view.rest[s] - aim_.best[s];
    const auto part = [&](double threshold, std::size_t s) {
      return problem.probability[s] / problem.tail * kink.slope(regret[s] - threshold);
    };
    const auto parts = [&](double threshold) {
      double sum = 0;
      for (std::size_t s = 0; s < problem.scenarios; ++s) sum += part(threshold, s);
      return sum;
    };
    double low = *std::min_element(regret.begin(), regret.end()) - 4 * kink.width;
    double high = *std::max_element(regret.begin(), regret.end());
    for (int i = 0; i < 100; ++i) {
      const double middle = (low + high) / 2;
      (parts(middle) > 1 ? low : high) = middle;
    }
    const double sum = parts(low);
    view.value += problem.risk * low;
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      const double slope = kink.slope(regret[s] - low);
      view.value +=
          problem.risk * problem.probability[s] / problem.tail * kink.left(regret[s] - low, slope);
      view.weight[s] += problem.risk * part(low, s) / sum;
      if (slope > 0 && slope < 1)
        view.tail_bend[s] = problem.risk * problem.probability[s] / problem.tail * kink.scale;
    }
  }

  /// What no basket costs less than, by the multipliers of the smooth cost at these amounts.
  double prove(std::span<const double> amounts) {
    const View view = look(amounts);
    const auto slopes =
        slopes_at(*flow_, capacity_of(problem_, whole(amounts)), aim_.threads, 1, true, widths());
    std::vector<double> used(live_.size(), 0);
    double bound = 0;
    for (std::size_t s = 0; s < problem_.scenarios; ++s) {
      bound += view.weight[s] * slopes[s].constant;
      if (problem_.risk > 0)
        bound -= (view.weight[s] - (1 - problem_.risk) * problem_.probability[s]) * aim_.best[s];
      for (std::size_t i = 0; i < problem_.held.size(); ++i)
        bound -= view.weight[s] * slopes[s].slope[i] * problem_.held[i];
      for (std::size_t i = 0; i < live_.size(); ++i) {
        const BasketVariable& variable = problem_.variables[live_[i]];
        for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
          used[i] += view.weight[s] * slopes[s].slope[variable.line * problem_.steps + step];
      }
    }
    for (std::size_t l = 0; l < limits_.size(); ++l) {
      bound -= view.limit_slope[l] * limits_[l].most;
      for (std::size_t k = 0; k < limits_[l].at.size(); ++k)
        used[limits_[l].at[k]] -= view.limit_slope[l] * limits_[l].weight[k];
    }
    for (std::size_t i = 0; i < live_.size(); ++i)
      bound -= most_[i] * std::max(0.0, used[i] - fee_[i]);
    return bound;
  }

  // ---- steps

  double damping(std::size_t i) const {
    return damping_ * hours_[i] / of_line_[problem_.variables[live_[i]].line];
  }

  /// The matrix of the system, times what is given: only over those that may move.
  std::vector<double> times(const View& view, const std::vector<char>& free,
                            std::span<const double> in) const {
    const BasketProblem& problem = *shown_;
    const std::size_t steps = problem.steps, lines = problem.lines;
    std::vector<double> more(steps * lines, 0), pull(steps * lines, 0);
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (!free[i] || in[i] == 0) continue;
      const BasketVariable& variable = problem.variables[live_[i]];
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        more[step * lines + variable.line] += in[i];
    }
    in_parallel(steps, aim_.threads, [&](std::size_t step) {
      const double* capacity = more.data() + step * lines;
      double* out = pull.data() + step * lines;
      std::vector<double> z;
      for (std::size_t s = 0; s < problem.scenarios; ++s) {
        const BasketBlock& block = view.blocks[s * steps + step];
        const double weight = view.weight[s];
        if (weight <= 0) continue;
        for (std::size_t line = 0; line < lines; ++line)
          out[line] += weight * block.bend[line] * capacity[line];
        for (const BasketBlock::Squares& squares : block.squares) {
          z.assign(squares.hours, 0);
          const double* coefficient = block.coefficients.data() + squares.first_coefficient;
          const std::uint32_t* line = block.lines.data() + squares.first_line;
          for (std::size_t l = 0; l < squares.lines; ++l)
            if (const double own = capacity[line[l]]; own != 0)
              for (std::size_t k = 0; k < squares.hours; ++k)
                z[k] += coefficient[l * squares.hours + k] * own;
          for (std::size_t k = 0; k < squares.hours; ++k)
            z[k] *= weight * block.weights[squares.first_weight + k];
          for (std::size_t l = 0; l < squares.lines; ++l) {
            double sum = 0;
            for (std::size_t k = 0; k < squares.hours; ++k)
              sum += coefficient[l * squares.hours + k] * z[k];
            out[line[l]] += sum;
          }
        }
      }
    });
    std::vector<double> result(live_.size(), 0);
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (!free[i]) continue;
      const BasketVariable& variable = problem.variables[live_[i]];
      result[i] = damping(i) * in[i];
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        result[i] += pull[step * lines + variable.line];
    }
    double bends = 0, mean = 0;
    std::vector<double> of_scenario(problem.scenarios, 0);
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      if (view.tail_bend[s] <= 0) continue;
      for (std::size_t i = 0; i < live_.size(); ++i)
        if (free[i]) of_scenario[s] += view.slopes[s][i] * in[i];
      bends += view.tail_bend[s];
      mean += view.tail_bend[s] * of_scenario[s];
    }
    for (std::size_t s = 0; s < problem.scenarios; ++s) {
      if (view.tail_bend[s] <= 0) continue;
      const double by = view.tail_bend[s] * (of_scenario[s] - mean / bends);
      for (std::size_t i = 0; i < live_.size(); ++i)
        if (free[i]) result[i] += by * view.slopes[s][i];
    }
    for (std::size_t l = 0; l < limits_.size(); ++l) {
      if (view.limit_bend[l] <= 0) continue;
      const Limit& limit = limits_[l];
      double sum = 0;
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        if (free[limit.at[k]]) sum += limit.weight[k] * in[limit.at[k]];
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        if (free[limit.at[k]]) result[limit.at[k]] += view.limit_bend[l] * sum * limit.weight[k];
    }
    return result;
  }

  struct Preconditioner {
    std::vector<std::vector<std::size_t>> members;  ///< per cluster
    std::vector<Small> blocks;
    std::vector<double> operator()(std::span<const double> in) const {
      std::vector<double> out(in.size(), 0), own;
      for (std::size_t c = 0; c < blocks.size(); ++c) {
        own.clear();
        for (const std::size_t i : members[c]) own.push_back(in[i]);
        blocks[c].solve(own);
        for (std::size_t k = 0; k < own.size(); ++k) out[members[c][k]] = own[k];
      }
      return out;
    }
  };

  Preconditioner precondition(const View& view, const std::vector<char>& free) const {
    const BasketProblem& problem = *shown_;
    const std::size_t steps = problem.steps, lines = problem.lines;
    // Per step, line and line of its cluster.
    std::vector<std::size_t> first(lines + 1, 0);
    for (std::size_t line = 0; line < lines; ++line)
      first[line + 1] = first[line] + lines_of_[cluster_[line]];
    std::vector<double> bend(steps * first[lines], 0);
    in_parallel(steps, aim_.threads, [&](std::size_t step) {
      double* out = bend.data() + step * first[lines];
      std::map<std::size_t, std::vector<std::size_t>> together;
      for (std::size_t s = 0; s < problem.scenarios; ++s) {
        const BasketBlock& block = view.blocks[s * steps + step];
        const double weight = view.weight[s];
        for (std::size_t line = 0; line < lines; ++line)
          out[first[line] + place_[line]] += weight * block.bend[line];
        for (const BasketBlock::Squares& squares : block.squares) {
          const std::uint32_t* line = block.lines.data() + squares.first_line;
          const double* weights = block.weights.data() + squares.first_weight;
          const auto dot = [&](std::size_t a, std::size_t b) {
            const double* x = block.coefficients.data() + squares.first_coefficient;
            double sum = 0;
            for (std::size_t k = 0; k < squares.hours; ++k)
              sum += weights[k] * x[a * squares.hours + k] * x[b * squares.hours + k];
            return weight * sum;
          };
          together.clear();
          for (std::size_t l = 0; l < squares.lines; ++l) {
            out[first[line[l]] + place_[line[l]]] += dot(l, l);
            if (lines_of_[cluster_[line[l]]] > 1) together[cluster_[line[l]]].push_back(l);
          }
          for (const auto& [cluster, list] : together)
            for (const std::size_t a : list)
              for (const std::size_t b : list)
                if (a != b) out[first[line[a]] + place_[line[b]]] += dot(a, b);
        }
      }
    });
    Preconditioner result;
    std::vector<std::size_t> index(lines, static_cast<std::size_t>(-1)), at(live_.size());
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (!free[i]) continue;
      std::size_t& own = index[cluster_[problem.variables[live_[i]].line]];
      if (own == static_cast<std::size_t>(-1)) {
        own = result.members.size();
        result.members.emplace_back();
      }
      at[i] = result.members[own].size();
      result.members[own].push_back(i);
    }
    result.blocks.resize(result.members.size());
    in_parallel(result.members.size(), aim_.threads, [&](std::size_t c) {
      const auto& members = result.members[c];
      Small& block = result.blocks[c];
      block.size = members.size();
      block.cells.assign(block.size * block.size, 0);
      for (std::size_t a = 0; a < members.size(); ++a)
        for (std::size_t b = 0; b <= a; ++b) {
          const BasketVariable& x = problem.variables[live_[members[a]]];
          const BasketVariable& y = problem.variables[live_[members[b]]];
          double sum = a == b ? damping(members[a]) : 0;
          for (std::size_t step = std::max(x.first_step, y.first_step);
               step < std::min(x.end_step, y.end_step); ++step)
            sum += bend[step * first[lines] + first[x.line] + place_[y.line]];
          block.cells[a * block.size + b] = sum;
        }
    });
    for (std::size_t l = 0; l < limits_.size(); ++l) {
      if (view.limit_bend[l] <= 0) continue;
      const Limit& limit = limits_[l];
      const auto of = [&](std::size_t k) {
        return index[cluster_[problem.variables[live_[limit.at[k]]].line]];
      };
      for (std::size_t a = 0; a < limit.at.size(); ++a)
        for (std::size_t b = 0; b < limit.at.size(); ++b) {
          const std::size_t i = limit.at[a], j = limit.at[b];
          if (!free[i] || !free[j] || of(a) != of(b) || at[j] > at[i]) continue;
          Small& block = result.blocks[of(a)];
          block.cells[at[i] * block.size + at[j]] +=
              view.limit_bend[l] * limit.weight[a] * limit.weight[b];
        }
    }
    in_parallel(result.blocks.size(), aim_.threads,
                [&](std::size_t c) { result.blocks[c].factor(); });
    return result;
  }

  /// Where Newton's step leads, within the bounds: what would go beyond one stays there, and the
  /// others are solved for again.
  std::vector<double> step(const View& view, std::span<const double> amounts) const {
    const std::size_t count = live_.size();
    std::vector<char> free(count);
    std::vector<double> x(count, 0), pull(count);
    for (std::size_t i = 0; i < count; ++i) {
      pull[i] = view.used[i] - fee_[i];
      free[i] = !(amounts[i] <= 0 && pull[i] <= 0) && !(amounts[i] >= most_[i] && pull[i] >= 0);
    }
    const std::vector<char> all(count, 1);
    for (int round = 0; round < kBoundRounds; ++round) {
      solve(view, free, pull, x);
      bool any = false;
      for (std::size_t i = 0; i < count; ++i) {
        const double then = std::clamp(amounts[i] + x[i], 0.0, most_[i]);
        if (!free[i] || then == amounts[i] + x[i]) continue;
        x[i] = then - amounts[i];
        free[i] = 0;
        any = true;
      }
      if (!any) break;
      if (round + 1 == kBoundRounds) break;
      // What is left for the others beside those.
      std::vector<double> fixed(count, 0);
      for (std::size_t i = 0; i < count; ++i)
        if (!free[i]) fixed[i] = x[i];
      const auto bent = times(view, all, fixed);
      for (std::size_t i = 0; i < count; ++i) pull[i] = view.used[i] - fee_[i] - bent[i];
    }
    std::vector<double> then(count);
    for (std::size_t i = 0; i < count; ++i) then[i] = std::clamp(amounts[i] + x[i], 0.0, most_[i]);
    return then;
  }

  /// The free ones of `x`, by conjugate gradients from where they are.
  void solve(const View& view, const std::vector<char>& free, std::span<const double> pull,
             std::vector<double>& x) const {
    const std::size_t count = live_.size();
    std::vector<double> begun(count, 0);
    for (std::size_t i = 0; i < count; ++i)
      if (free[i]) begun[i] = x[i];
    std::vector<double> rest = times(view, free, begun);
    double at_nought = 0;
    for (std::size_t i = 0; i < count; ++i) rest[i] = free[i] ? pull[i] - rest[i] : 0;
    const Preconditioner precondition = this->precondition(view, free);
    std::vector<double> first(count, 0);
    for (std::size_t i = 0; i < count; ++i)
      if (free[i]) first[i] = pull[i];
    const auto scaled = precondition(first);
    at_nought = std::inner_product(first.begin(), first.end(), scaled.begin(), 0.0);
    std::vector<double> ahead = precondition(rest), way = ahead;
    double norm = std::inner_product(rest.begin(), rest.end(), ahead.begin(), 0.0);
    const double enough = kSolved * kSolved * at_nought;
    for (int round = 0; round < kSolveMax && norm > enough; ++round) {
      const auto bent = times(view, free, way);
      const double along = std::inner_product(way.begin(), way.end(), bent.begin(), 0.0);
      if (!(along > 0)) break;
      const double length = norm / along;
      for (std::size_t i = 0; i < count; ++i) {
        x[i] += length * way[i];
        rest[i] -= length * bent[i];
      }
      ahead = precondition(rest);
      const double then = std::inner_product(rest.begin(), rest.end(), ahead.begin(), 0.0);
      for (std::size_t i = 0; i < count; ++i) way[i] = ahead[i] + then / norm * way[i];
      norm = then;
    }
  }

  /// By how much the cost falls from `amounts` to `then`, if its slope and curvature are all.
  double foreseen(const View& view, std::span<const double> amounts,
                  std::span<const double> then) const {
    std::vector<double> way(then.begin(), then.end());
    for (std::size_t i = 0; i < way.size(); ++i) way[i] -= amounts[i];
    const auto bent = times(view, std::vector<char>(way.size(), 1), way);
    double drop = 0;
    for (std::size_t i = 0; i < way.size(); ++i)
      drop -= (fee_[i] - view.used[i] + bent[i] / 2) * way[i];
    return std::max(drop, std::numeric_limits<double>::min());
  }

  /// Newton's method at one width, until what the slopes leave unproven is `slack` of what the
  /// parabolas do, or `open` of the cost.
  bool descend(double slack, double open, std::vector<double>& amounts) {
    const std::size_t count = amounts.size();
    View view = look(amounts);
    int failed = 0;
    for (int round = 0; round < kRoundsMax; ++round) {
      double loss = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const double slope = fee_[i] - view.used[i];
        loss += slope > 0 ? slope * amounts[i] : slope * (amounts[i] - most_[i]);
      }
      if (loss <= std::max(slack * view.smoothing, open * view.value)) return true;
      std::vector<double> then = step(view, amounts);
      double slope = 0;
      for (std::size_t i = 0; i < count; ++i)
        slope += (fee_[i] - view.used[i]) * (then[i] - amounts[i]);
      View next = look(then);
      const bool better = next.value <= view.value + 1e-4 * slope + 1e-15 * view.value;
      // Where the cost fell as foreseen, dare more; where it did not, less.
      const double agreement = (view.value - next.value) / foreseen(view, amounts, then);
      damping_ *= agreement > 0.7 ? 0.25 : agreement < 0.25 ? 4 : 1;
      damping_ = std::clamp(damping_, kDampingMin, kDampingMax);
      if (better) {
        view = std::move(next);
        amounts = std::move(then);
      } else {
        if (++failed > kFailuresMax) return false;
      }
    }
    return false;
  }

  /// From one width to the next the optimum moves nearly in a straight line.
  void narrow(std::vector<double>& amounts) {
    const double next = width_ * kNarrowing;
    std::vector<double> here = amounts;
    if (!before_.empty())
      for (std::size_t i = 0; i < amounts.size(); ++i)
        amounts[i] = std::clamp(
            here[i] + (here[i] - before_[i]) * (next - width_) / (width_ - width_before_), 0.0,
            most_[i]);
    before_ = std::move(here);
    width_before_ = width_;
    width_ = next;
  }

  const BasketProblem& problem_;
  const BasketAim& aim_;
  const BasketProblem* shown_ = nullptr;  ///< the problem, or a sample of its hours
  std::vector<std::size_t> live_;         ///< variables of which any may be bought
  std::vector<double> hours_, fee_, most_;
  std::vector<Limit> limits_;
  std::optional<BasketFlow> flow_;
  std::vector<std::vector<std::uint32_t>> upstream_;
  std::vector<BasketLook> looks_;       ///< scratch
  std::vector<double> size_, of_line_;  ///< mean usage at each node; fees that a line could have
  std::vector<std::size_t> cluster_, place_, lines_of_;
  double total_ = 0, width_ = 0, width_before_ = 0, damping_ = kFirstDamping;
  std::vector<double> before_;
};

}  // namespace

bool suits_newton(const BasketProblem& problem) {
  if (std::any_of(problem.variables.begin(), problem.variables.end(),
                  [](const auto& v) { return v.from != BasketVariable::kNowhere; }))
    return false;
  return !basket_upstream(BasketFlow(problem)).empty();
}

void newton_basket(const BasketProblem& problem, const BasketAim& aim, const BasketJudge& judge) {
  Newton(problem, aim).run(judge);
}

}  // namespace steelyard
