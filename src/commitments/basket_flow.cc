#include "commitments/basket_flow.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <tuple>

#include "base/assert.h"
#include "commitments/basket_rows.h"
#include "commitments/parallel.h"

namespace steelyard {

BasketFlow::BasketFlow(const BasketProblem& problem) : problem_(problem) {
  if (!make_nodes(true)) SY_ASSERT(make_nodes(false));
  add_up();
}

/// False if the order of application is not one of such nodes: pairs of a line that belong to one
/// node must follow each other, and no node may wait for itself.
bool BasketFlow::make_nodes(bool merge) {
  struct Draft {
    std::size_t line, next;
    double ratio;
    std::size_t first, last;  // pairs
    std::vector<std::size_t> pools;
  };
  const auto& order = problem_.order;
  std::vector<Draft> drafts{{BasketNode::kNone, BasketNode::kNone, 1, order.size(), 0, {}}};
  std::map<std::tuple<std::size_t, double, std::size_t, std::size_t>, std::size_t> known;
  std::vector<std::size_t> at(problem_.pools, 0);  // the node of what was seen of a pool
  std::vector<std::size_t> node_of(order.size());
  for (std::size_t i = order.size(); i-- > 0;) {
    const BasketPair& pair = order[i];
    const std::size_t only = merge ? problem_.pools : pair.pool;
    const auto [found, is_new] =
        known.emplace(std::tuple(pair.line, pair.ratio, at[pair.pool], only), drafts.size());
    if (is_new) drafts.push_back({pair.line, at[pair.pool], pair.ratio, i, i, {}});
    drafts[found->second].first = i;
    at[pair.pool] = node_of[i] = found->second;
  }
  for (std::size_t pool = 0; pool < problem_.pools; ++pool) drafts[at[pool]].pools.push_back(pool);

  // Those of a line one after the other, and each before its next.
  std::vector<std::vector<std::size_t>> then(drafts.size());
  std::vector<std::size_t> waits(drafts.size(), 0);
  const auto wait = [&](std::size_t before, std::size_t after) {
    then[before].push_back(after);
    ++waits[after];
  };
  std::vector<std::size_t> latest(problem_.lines, BasketNode::kNone);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t node = node_of[i], before = latest[order[i].line];
    if (before == node) continue;
    if (drafts[node].first != i) return false;
    if (before != BasketNode::kNone) wait(before, node);
    latest[order[i].line] = node;
  }
  for (std::size_t node = 1; node < drafts.size(); ++node) wait(node, drafts[node].next);
  const auto later = [&](std::size_t a, std::size_t b) {
    return std::pair(drafts[a].first, a) > std::pair(drafts[b].first, b);
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready(later);
  for (std::size_t node = 0; node < drafts.size(); ++node)
    if (waits[node] == 0) ready.push(node);
  std::vector<std::size_t> sorted;
  while (!ready.empty()) {
    const std::size_t node = ready.top();
    ready.pop();
    if (node != 0) sorted.push_back(node);
    for (const std::size_t after : then[node])
      if (--waits[after] == 0) ready.push(after);
  }
  if (sorted.size() + 1 != drafts.size()) return false;
  sorted.push_back(0);

  std::vector<std::size_t> place(drafts.size()), of_line(problem_.lines, 0);
  for (std::size_t i = 0; i < sorted.size(); ++i) place[sorted[i]] = i;
  nodes_.assign(sorted.size(), {});
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    Draft& draft = drafts[sorted[i]];
    nodes_[i].line = draft.line;
    nodes_[i].ratio = draft.ratio;
    nodes_[i].pools = std::move(draft.pools);
    if (draft.line == BasketNode::kNone) continue;
    nodes_[i].next = place[draft.next];
    nodes_[nodes_[i].next].inner = true;
    ++of_line[draft.line];
  }
  alone_.assign(problem_.lines, false);
  for (std::size_t line = 0; line < problem_.lines; ++line) alone_[line] = of_line[line] == 1;
  inner_.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].alone = nodes_[i].line != BasketNode::kNone && alone_[nodes_[i].line];
    if (nodes_[i].inner || i + 1 == nodes_.size()) inner_.push_back(i);
  }
  return true;
}

void BasketFlow::add_up() {
  const std::size_t hours = problem_.pattern;
  for (BasketNode& node : nodes_) {
    if (node.pools.size() < 2) continue;
    node.usage.assign(problem_.scenarios * problem_.steps * hours, 0);
    for (std::size_t block = 0; block < problem_.scenarios * problem_.steps; ++block)
      for (const std::size_t pool : node.pools) {
        const double share = problem_.share[block * problem_.pools + pool];
        const double* usage = problem_.usage.data() + pool * hours;
        double* out = node.usage.data() + block * hours;
        for (std::size_t h = 0; h < hours; ++h) out[h] += usage[h] * share;
      }
  }
}

void BasketFlow::usage_of(const BasketNode& node, std::size_t scenario, std::size_t step,
                          double* out) const {
  const std::size_t hours = problem_.pattern, block = scenario * problem_.steps + step;
  if (node.pools.empty()) {
    std::fill_n(out, hours, 0.0);
  } else if (node.pools.size() == 1) {
    const double share = problem_.share[block * problem_.pools + node.pools[0]];
    const double* usage = problem_.usage.data() + node.pools[0] * hours;
    for (std::size_t h = 0; h < hours; ++h) out[h] = usage[h] * share;
  } else {
    std::copy_n(node.usage.data() + block * hours, hours, out);
  }
}

namespace {

double sum_of(const double* values, std::size_t count) {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (std::size_t k = 0; k < 4; ++k) sums[k] += values[i + k];
  for (; i < count; ++i) sums[0] += values[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Scratch of one thread: a row of the pattern's hours for each node, and each line.
class Pass {
 public:
  Pass(const BasketFlow& flow, std::span<const double> widths, bool with_slope)
      : flow_(flow),
        problem_(flow.problem()),
        widths_(widths),
        usage_(with_slope ? flow.nodes().size() * problem_.pattern : 0),
        rest_(flow.nodes().size() * problem_.pattern),
        slope_(usage_.size()),
        worth_(usage_.size()),
        room_(problem_.lines * problem_.pattern),
        value_(with_slope ? room_.size() : 0),
        of_line_(problem_.lines),
        of_pool_(problem_.pools) {
    for (std::size_t i = 0; with_slope && i < problem_.order.size(); ++i) {
      of_line_[problem_.order[i].line].push_back(i);
      of_pool_[problem_.order[i].pool].push_back(i);
    }
  }

  /// Adds what a step of a scenario gives; its slope only if asked for, which is most of the work.
  void add(std::size_t scenario, std::size_t step, std::span<const double> capacity,
           bool with_slope, BasketSlope& out) {
    const std::size_t hours = problem_.pattern;
    const double weight = problem_.step_weight[step] / static_cast<double>(hours);
    if (!widths_.empty())
      cover_smoothly(scenario, step, capacity);
    else
      cover(scenario, step, capacity, weight, with_slope, out);
    if (!with_slope) return;
    value();
    prove(capacity, step);
    if (widths_.empty() &&
        improve(problem_.share.data() + (scenario * problem_.steps + step) * problem_.pools,
                capacity, step))
      prove(capacity, step);
    bound(capacity, weight, step, out);
  }

 private:
  /// What every node leaves; `slope_` is 1 where more usage would be left, 0 where all is covered.
  void cover(std::size_t scenario, std::size_t step, std::span<const double> capacity,
             double weight, bool with_slope, BasketSlope& out) {
    const std::size_t hours = problem_.pattern, last = flow_.nodes().size() - 1;
    for (std::size_t line = 0; line < problem_.lines; ++line)
      if (!flow_.is_alone(line))
        std::fill_n(room_.data() + line * hours, hours, capacity[line * problem_.steps + step]);
    for (const std::size_t i : flow_.inner()) std::fill_n(rest_.data() + i * hours, hours, 0.0);
    row_.resize(3 * hours);
    for (std::size_t i = 0; i < last; ++i) {
      const BasketNode& node = flow_.nodes()[i];
      double* rest = with_slope ? usage_.data() + i * hours : row_.data();
      flow_.usage_of(node, scenario, step, rest);
      if (node.inner) {
        double* sum = rest_.data() + i * hours;
        for (std::size_t h = 0; h < hours; ++h) sum[h] += rest[h];
        rest = sum;
      }
      if (node.alone && !with_slope) {
        const double own = capacity[node.line * problem_.steps + step] / node.ratio;
        out.unused[node.line] +=
            weight * node.ratio * cover_row(rest, own, hours, rest_.data() + node.next * hours);
        continue;
      }
      double* room = node.alone ? row_.data() + hours : room_.data() + node.line * hours;
      if (node.alone) std::fill_n(room, hours, capacity[node.line * problem_.steps + step]);
      double* slope = with_slope ? slope_.data() + i * hours : row_.data() + 2 * hours;
      double* next = rest_.data() + node.next * hours;
      const double ratio = node.ratio, inverse = 1 / node.ratio;
      for (std::size_t h = 0; h < hours; ++h) {
        const double need = rest[h] * ratio;
        const bool all = need <= room[h];
        const double left = rest[h] - room[h] * inverse;
        next[h] += all ? 0 : left > 0 ? left : 0;
        room[h] = all ? room[h] - need : 0;
        slope[h] = all ? 0 : 1;
      }
      if (node.alone) out.unused[node.line] += weight * sum_of(room, hours);
    }
    double* own = with_slope ? usage_.data() + last * hours : row_.data();
    flow_.usage_of(flow_.nodes()[last], scenario, step, own);
    left_.assign(rest_.end() - static_cast<std::ptrdiff_t>(hours), rest_.end());
    for (std::size_t h = 0; h < hours; ++h) left_[h] += own[h];
    out.on_demand += weight * sum_of(left_.data(), hours);
    for (std::size_t line = 0; line < problem_.lines; ++line)
      if (!flow_.is_alone(line))
        out.unused[line] += weight * sum_of(room_.data() + line * hours, hours);
  }

  void cover_smoothly(std::size_t scenario, std::size_t step, std::span<const double> capacity) {
    const std::size_t hours = problem_.pattern;
    for (std::size_t i = 0; i < flow_.nodes().size(); ++i)
      flow_.usage_of(flow_.nodes()[i], scenario, step, usage_.data() + i * hours);
    rest_ = usage_;
    for (std::size_t line = 0; line < problem_.lines; ++line)
      std::fill_n(room_.data() + line * hours, hours, capacity[line * problem_.steps + step]);
    for (std::size_t i = 0; i + 1 < flow_.nodes().size(); ++i) {
      const BasketNode& node = flow_.nodes()[i];
      const Kink kink(widths_[i]);
      const double* rest = rest_.data() + i * hours;
      double* next = rest_.data() + node.next * hours;
      double* room = room_.data() + node.line * hours;
      double* slope = slope_.data() + i * hours;
      const double ratio = node.ratio, inverse = 1 / node.ratio;
      for (std::size_t h = 0; h < hours; ++h) {
        const double z = rest[h] - room[h] * inverse;
        slope[h] = kink.slope(z);
        const double left = kink.left(z, slope[h]);
        next[h] += left;
        room[h] -= ratio * (rest[h] - left);
      }
    }
  }

  /// What one more unit of each line's capacity is worth, following it through the order from its
  /// end: capacity that a node still needs saves what that usage costs later on; usage that was
  /// covered would take capacity from what comes later.
  void value() {
    const std::size_t hours = problem_.pattern;
    std::fill(worth_.end() - static_cast<std::ptrdiff_t>(hours), worth_.end(), 1.0);
    std::fill(value_.begin(), value_.end(), 0.0);
    for (std::size_t i = flow_.nodes().size() - 1; i-- > 0;) {
      const BasketNode& node = flow_.nodes()[i];
      const double* after = worth_.data() + node.next * hours;
      double* worth = worth_.data() + i * hours;
      double* value = value_.data() + node.line * hours;
      const double* slope = slope_.data() + i * hours;
      const double ratio = node.ratio, inverse = 1 / node.ratio;
      for (std::size_t h = 0; h < hours; ++h) {
        const double taken = std::min(after[h], ratio * value[h]), saved = after[h] * inverse;
        worth[h] = slope[h] * after[h] + (1 - slope[h]) * taken;
        value[h] = slope[h] * saved + (1 - slope[h]) * value[h];
      }
    }
  }

  /// What usage costs at least, by the multipliers of the lines.
  void prove(std::span<const double> capacity, std::size_t step) {
    const std::size_t hours = problem_.pattern, last = flow_.nodes().size() - 1;
    std::fill(worth_.end() - static_cast<std::ptrdiff_t>(hours), worth_.end(), 1.0);
    proved_.assign(hours, 0);
    for (std::size_t i = last + 1; i-- > 0;) {
      const BasketNode& node = flow_.nodes()[i];
      double* worth = worth_.data() + i * hours;
      if (i < last) {
        const double* after = worth_.data() + node.next * hours;
        const double* value = value_.data() + node.line * hours;
        for (std::size_t h = 0; h < hours; ++h)
          worth[h] = std::min(after[h], node.ratio * value[h]);
      }
      if (node.pools.empty()) continue;
      const double* usage = usage_.data() + i * hours;
      for (std::size_t h = 0; h < hours; ++h) proved_[h] += usage[h] * worth[h];
    }
    constant_ = std::accumulate(proved_.begin(), proved_.end(), 0.0);
    for (std::size_t line = 0; line < problem_.lines; ++line)
      for (std::size_t h = 0; h < hours; ++h)
        proved_[h] -= value_[line * hours + h] * capacity[line * problem_.steps + step];
  }

  /// Where the multipliers prove less than what is left, the order was not the best one: they are
  /// raised line by line, each to its best value beside the others. False: nowhere.
  bool improve(const double* share, std::span<const double> capacity, std::size_t step) {
    bool any = false;
    for (std::size_t h = 0; h < problem_.pattern; ++h) {
      if (left_[h] - proved_[h] <= 1e-9 * (1 + left_[h])) continue;
      any = true;
      for (int round = 0; round < 3; ++round)
        for (std::size_t line = problem_.lines; line-- > 0;)
          raise(line, h, share, capacity[line * problem_.steps + step]);
    }
    return any;
  }

  /// The best multiplier of one line in one hour, given those of the others: it maximises
  /// sum of usage * min(worth by others, ratio * value) - capacity * value.
  void raise(std::size_t line, std::size_t hour, const double* share, double capacity) {
    const std::size_t hours = problem_.pattern;
    breaks_.clear();
    for (const std::size_t i : of_line_[line]) {
      const BasketPair& pair = problem_.order[i];
      double worth = 1;
      for (const std::size_t other : of_pool_[pair.pool]) {
        const BasketPair& by = problem_.order[other];
        if (by.line != line) worth = std::min(worth, by.ratio * value_[by.line * hours + hour]);
      }
      const double usage = problem_.usage[pair.pool * hours + hour] * share[pair.pool];
      if (usage > 0) breaks_.emplace_back(worth / pair.ratio, usage * pair.ratio);
    }
    std::sort(breaks_.begin(), breaks_.end(), std::greater<>());
    double value = 0, above = 0;
    for (const auto& [at, weight] : breaks_) {
      above += weight;
      if (above > capacity) {
        value = at;
        break;
      }
    }
    value_[line * hours + hour] = value;
  }

  void bound(std::span<const double> capacity, double weight, std::size_t step, BasketSlope& out) {
    const std::size_t hours = problem_.pattern;
    out.constant += weight * constant_;
    out.relaxed += weight * constant_;
    for (std::size_t line = 0; line < problem_.lines; ++line) {
      const double* value = value_.data() + line * hours;
      const double slope = weight * sum_of(value, hours);
      out.slope[line * problem_.steps + step] = slope;
      out.relaxed -= slope * capacity[line * problem_.steps + step];
    }
  }

  const BasketFlow& flow_;
  const BasketProblem& problem_;
  std::span<const double> widths_;
  std::vector<double> usage_, rest_, slope_, worth_;  ///< per node
  std::vector<double> room_, value_;                  ///< per line
  std::vector<double> left_, proved_, row_;
  double constant_ = 0;
  std::vector<std::vector<std::size_t>> of_line_, of_pool_;  ///< indices of pairs
  std::vector<std::pair<double, double>> breaks_;
};

}  // namespace

std::vector<BasketSlope> slopes_at(const BasketFlow& flow, std::span<const double> capacity,
                                   int threads, std::size_t parts, bool with_slope,
                                   std::span<const double> widths) {
  const BasketProblem& problem = flow.problem();
  const BasketSlope empty{0, 0, 0,
                          std::vector<double>(with_slope ? problem.lines * problem.steps : 0),
                          std::vector<double>(problem.lines)};
  std::vector<BasketSlope> slopes(problem.scenarios * parts, empty);
  in_parallel(problem.scenarios, threads, [&](std::size_t scenario) {
    Pass pass(flow, widths, with_slope);
    for (std::size_t step = 0; step < problem.steps; ++step)
      pass.add(scenario, step, capacity, with_slope,
               slopes[scenario * parts + step * parts / problem.steps]);
  });
  return slopes;
}

}  // namespace steelyard
