#include "commitments/basket_unused.h"

#include <algorithm>
#include <limits>

#include "commitments/parallel.h"

namespace steelyard {
namespace {

/// Scratch of one thread: one hour at a time.
class UnusedPass {
 public:
  UnusedPass(const BasketFlow& flow, std::span<const double> most)
      : flow_(flow),
        most_(most),
        hours_(flow.problem().pattern),
        usage_(flow.nodes().size() * hours_),
        rest_(flow.nodes().size()),
        gain_(flow.nodes().size()),
        left_(flow.nodes().size()),
        room_(flow.problem().lines),
        value_(flow.problem().lines) {
    find_levels();
  }

  void add(std::size_t scenario, std::size_t step, std::span<const double> capacity,
           UnusedSlope& out) {
    const BasketProblem& problem = flow_.problem();
    for (std::size_t i = 0; i < flow_.nodes().size(); ++i)
      flow_.usage_of(flow_.nodes()[i], scenario, step, usage_.data() + i * hours_);
    find_known(step);
    const double weight = problem.step_weight[step] / static_cast<double>(hours_);
    for (std::size_t hour = 0; hour < hours_; ++hour) {
      for (std::size_t line = 0; line < problem.lines; ++line)
        room_[line] = capacity[line * problem.steps + step];
      cover(hour);
      const double used = value(hour, step, capacity, false);
      if (has_chords_ && value(hour, step, capacity, true) > used)
        value(hour, step, capacity, false);
      out.constant += weight * by_pools_;
      for (std::size_t line = 0; line < problem.lines; ++line)
        out.slope[line * problem.steps + step] += weight * (1 - value_[line]);
    }
  }

 private:
  void find_known(std::size_t step) {
    const auto& nodes = flow_.nodes();
    known_.assign(nodes.size(), 1);
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      const std::size_t at = nodes[i].line * flow_.problem().steps + step;
      known_[i] = known_[i] && nodes[i].alone;
      if (!known_[i] || most_[at] > flow_.problem().held[at]) known_[nodes[i].next] = 0;
    }
  }

  void cover(std::size_t hour) {
    const auto& nodes = flow_.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) rest_[i] = usage_[i * hours_ + hour];
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      const double need = rest_[i] * nodes[i].ratio;
      double& room = room_[nodes[i].line];
      left_[i] = need > room;
      if (left_[i]) rest_[nodes[i].next] += rest_[i] - room / nodes[i].ratio;
      room = left_[i] ? 0 : room - need;
    }
  }

  void find_levels() {
    const auto& nodes = flow_.nodes();
    std::vector<double> least(nodes.size(), std::numeric_limits<double>::infinity());
    level_.assign(flow_.problem().lines, 0);
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      double& level = level_[nodes[i].line];
      level = std::max(level, 1 - least[i] / nodes[i].ratio);
      double& next = least[nodes[i].next];
      next = std::min({next, least[i], nodes[i].ratio});
    }
  }

  /// How much more is used with one more unit of each line's capacity (`value_`), and with one more
  /// of usage at each node (`gain_`); returns the bound on what is used at these capacities.
  /// `level`: a unit of any line is worth so much that covering with those before it loses nothing.
  double value(std::size_t hour, std::size_t step, std::span<const double> capacity, bool level) {
    const auto& nodes = flow_.nodes();
    known_part_ = gain_.back() = 0;
    has_chords_ = false;
    value_.assign(value_.size(), 0);
    if (level) value_ = level_;
    for (std::size_t i = nodes.size() - 1; i-- > 0;) {
      const double after = gain_[nodes[i].next], ratio = nodes[i].ratio;
      double& value = value_[nodes[i].line];
      if (known_[i]) {
        value = add_known(i, step, 1 - after / ratio);
        gain_[i] = after;
        continue;
      }
      if (left_[i]) value = std::max(level ? level_[nodes[i].line] : 0.0, 1 - after / ratio);
      gain_[i] = left_[i] ? after : std::max(after, ratio * (1 - value));
    }
    by_pools_ = used_by_pools(hour);
    double used = by_pools_;
    for (std::size_t line = 0; line < value_.size(); ++line)
      used += value_[line] * capacity[line * flow_.problem().steps + step];
    return used;
  }

  /// What a node uses whose line has it alone is known up to its own capacity, where what comes to
  /// it is known. If one more unit used here adds `gain` to all that is used: the slope in the
  /// capacity of a bound on that; where it takes from later ones more than it uses, a chord.
  double add_known(std::size_t i, std::size_t step, double gain) {
    const BasketNode& node = flow_.nodes()[i];
    const std::size_t at = node.line * flow_.problem().steps + step;
    const double least = flow_.problem().held[at], most = most_[at];
    const double come = node.ratio * rest_[i];
    if (most > least && gain >= 0) {
      if (left_[i]) return gain;
      known_part_ += gain * come;
      return 0;
    }
    const double used = std::min(least, come);
    const double slope = most > least ? (std::min(most, come) - used) / (most - least) : 0;
    known_part_ += gain * (used - slope * least);
    has_chords_ = has_chords_ || most > least;
    return gain * slope;
  }

  /// The part of what is used at most that the multipliers lay on the pools.
  double used_by_pools(std::size_t hour) {
    const auto& nodes = flow_.nodes();
    double used = known_part_;
    gain_.back() = 0;
    for (std::size_t i = nodes.size() - 1; i-- > 0;) {
      const double after = gain_[nodes[i].next], value = value_[nodes[i].line];
      gain_[i] = known_[i] ? after : std::max(after, nodes[i].ratio * (1 - value));
      if (!nodes[i].pools.empty()) used += usage_[i * hours_ + hour] * gain_[i];
    }
    return used;
  }

  const BasketFlow& flow_;
  std::span<const double> most_;
  std::size_t hours_;
  std::vector<double> usage_, rest_, gain_;  ///< per node
  double known_part_ = 0, by_pools_ = 0;
  bool has_chords_ = false;
  std::vector<char> known_;  ///< per node: it has its line alone, and what comes to it is known
  std::vector<char> left_;   ///< per node: it does not cover all that comes to it
  std::vector<double> room_, value_;  ///< per line
  std::vector<double> level_;         ///< per line: see `value`
};

}  // namespace

BasketLimit UnusedSlope::row(const BasketProblem& problem, const std::vector<bool>& counts,
                             double share, double beyond) const {
  BasketLimit row{std::vector<double>(problem.variables.size(), 0), beyond + constant};
  for (std::size_t i = 0; i < problem.held.size(); ++i)
    row.most -= (slope[i] - share * problem.step_weight[i % problem.steps]) * problem.held[i];
  for (std::size_t v = 0; v < problem.variables.size(); ++v) {
    const BasketVariable& variable = problem.variables[v];
    for (std::size_t step = variable.first_step; counts[v] && step < variable.end_step; ++step)
      row.weight[v] +=
          slope[variable.line * problem.steps + step] - share * problem.step_weight[step];
  }
  return row;
}

std::vector<UnusedSlope> unused_slopes_at(const BasketFlow& flow, std::span<const double> capacity,
                                          std::span<const double> most, int threads) {
  const BasketProblem& problem = flow.problem();
  std::vector<UnusedSlope> slopes(
      problem.scenarios, UnusedSlope{0, std::vector<double>(problem.lines * problem.steps, 0)});
  in_parallel(problem.scenarios, threads, [&](std::size_t scenario) {
    UnusedPass pass(flow, most);
    for (std::size_t step = 0; step < problem.steps; ++step)
      pass.add(scenario, step, capacity, slopes[scenario]);
  });
  return slopes;
}

}  // namespace steelyard
