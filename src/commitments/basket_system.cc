#include "commitments/basket_system.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr int kSolveMax = 60, kBoundRounds = 3;
constexpr double kSolved = 0.03;  ///< of the residual, in its norm
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A symmetric positive definite matrix and its factor: of the few purchases of a cluster, too
/// small for the rows of dense_matrix.h.
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

double product(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

BasketClusters::BasketClusters(const BasketFlow& flow) {
  const auto& nodes = flow.nodes();
  const std::size_t count = flow.problem().lines;
  std::vector<std::size_t> feeders(nodes.size(), 0);
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) ++feeders[nodes[i].next];
  std::vector<std::size_t> above(count);
  std::iota(above.begin(), above.end(), std::size_t{0});
  const auto root = [&](std::size_t line) {
    while (above[line] != line) line = above[line];
    return line;
  };
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    const std::size_t next = nodes[i].next;
    if (nodes[next].line == BasketNode::kNone || feeders[next] > 1 || !nodes[next].pools.empty())
      continue;
    above[root(nodes[next].line)] = root(nodes[i].line);
  }
  lines.assign(count, 0);
  for (std::size_t line = 0; line < count; ++line) {
    of.push_back(root(line));
    place.push_back(lines[of[line]]++);
  }
}

BasketSystem::BasketSystem(const BasketCost& cost, const BasketClusters& clusters,
                           const BasketView& view, double damping)
    : cost_(cost),
      purchases_(cost.purchases()),
      problem_(cost.problem()),
      clusters_(clusters),
      view_(view),
      box_(purchases_.box()),
      damping_(damping) {}

double BasketSystem::damping(std::size_t i) const {
  return damping_ * purchases_.hours[i] / cost_.fees_of(purchases_.variable(i).line);
}

/// The matrix of the system, times what is given: only over those that may move.
std::vector<double> BasketSystem::times(const Free& free, std::span<const double> in) const {
  const std::size_t steps = problem_.steps, lines = problem_.lines;
  std::vector<double> more(steps * lines, 0), pull(steps * lines, 0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!free[i] || in[i] == 0) continue;
    const BasketVariable& variable = purchases_.variable(i);
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      more[step * lines + variable.line] += in[i];
  }
  in_parallel(steps, cost_.threads(), [&](std::size_t step) {
    times_blocks(step, more.data() + step * lines, pull.data() + step * lines);
  });
  std::vector<double> out(in.size(), 0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!free[i]) continue;
    const BasketVariable& variable = purchases_.variable(i);
    out[i] = damping(i) * in[i];
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      out[i] += pull[step * lines + variable.line];
  }
  times_tail(free, in, out);
  times_limits(free, in, out);
  return out;
}

/// The squares of the nodes in a step of all scenarios, times capacities per line.
void BasketSystem::times_blocks(std::size_t step, const double* capacity, double* out) const {
  std::vector<double> z;
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    const BasketBlock& block = view_.blocks[s * problem_.steps + step];
    const double weight = view_.weight[s];
    if (weight <= 0) continue;
    for (std::size_t line = 0; line < problem_.lines; ++line)
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
}

/// The squares of the scenarios in the tail; its threshold moves along with their mean.
void BasketSystem::times_tail(const Free& free, std::span<const double> in,
                              std::vector<double>& out) const {
  double bends = 0, mean = 0;
  std::vector<double> of_scenario(problem_.scenarios, 0);
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    if (view_.tail_bend[s] <= 0) continue;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (free[i]) of_scenario[s] += view_.slopes[s][i] * in[i];
    bends += view_.tail_bend[s];
    mean += view_.tail_bend[s] * of_scenario[s];
  }
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    if (view_.tail_bend[s] <= 0) continue;
    const double by = view_.tail_bend[s] * (of_scenario[s] - mean / bends);
    for (std::size_t i = 0; i < in.size(); ++i)
      if (free[i]) out[i] += by * view_.slopes[s][i];
  }
}

void BasketSystem::times_limits(const Free& free, std::span<const double> in,
                                std::vector<double>& out) const {
  for (std::size_t l = 0; l < purchases_.limits.size(); ++l) {
    if (view_.limit_bend[l] <= 0) continue;
    const BasketPurchases::Limit& limit = purchases_.limits[l];
    double sum = 0;
    for (std::size_t k = 0; k < limit.at.size(); ++k)
      if (free[limit.at[k]]) sum += limit.weight[k] * in[limit.at[k]];
    for (std::size_t k = 0; k < limit.at.size(); ++k)
      if (free[limit.at[k]]) out[limit.at[k]] += view_.limit_bend[l] * sum * limit.weight[k];
  }
}

struct BasketSystem::Preconditioner {
  std::vector<std::vector<std::size_t>> members;  ///< per cluster of which any may move
  std::vector<Small> blocks;

  /// Limits over several clusters are squares of one sum each: the inverse of the blocks and these
  /// is that of the blocks, less one of as small a rank (Woodbury).
  std::vector<std::vector<double>> wide;    ///< weights of each, per purchase
  std::vector<std::vector<double>> solved;  ///< those, by the blocks
  Small among;                              ///< 1 / bend, and weights times solved

  std::vector<double> by_blocks(std::span<const double> in) const {
    std::vector<double> out(in.size(), 0), own;
    for (std::size_t c = 0; c < blocks.size(); ++c) {
      own.clear();
      for (const std::size_t i : members[c]) own.push_back(in[i]);
      blocks[c].solve(own);
      for (std::size_t k = 0; k < own.size(); ++k) out[members[c][k]] = own[k];
    }
    return out;
  }

  /// Of limits with these bends, once the blocks are factored.
  void add(std::vector<std::vector<double>> weights, std::span<const double> bends) {
    wide = std::move(weights);
    for (const std::vector<double>& own : wide) solved.push_back(by_blocks(own));
    among.size = wide.size();
    for (std::size_t a = 0; a < wide.size(); ++a)
      for (std::size_t b = 0; b < wide.size(); ++b)
        among.cells.push_back((a == b ? 1 / bends[a] : 0) + product(wide[a], solved[b]));
    among.factor();
  }

  std::vector<double> operator()(std::span<const double> in) const {
    std::vector<double> out = by_blocks(in), sums;
    for (const std::vector<double>& weights : wide) sums.push_back(product(weights, out));
    among.solve(sums);
    for (std::size_t l = 0; l < wide.size(); ++l)
      for (std::size_t i = 0; i < out.size(); ++i) out[i] -= sums[l] * solved[l][i];
    return out;
  }
};

/// What two lines of a cluster have in common of the curvature of a step: [first[line] + place].
void BasketSystem::bend_clusters(std::size_t step, const std::vector<std::size_t>& first,
                                 double* out) const {
  const auto& [of, place, size] = clusters_;
  std::vector<std::vector<std::size_t>> together(problem_.lines);  // by cluster
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    const BasketBlock& block = view_.blocks[s * problem_.steps + step];
    const double weight = view_.weight[s];
    for (std::size_t line = 0; line < problem_.lines; ++line)
      out[first[line] + place[line]] += weight * block.bend[line];
    for (const BasketBlock::Squares& squares : block.squares) {
      const std::uint32_t* line = block.lines.data() + squares.first_line;
      const double* weights = block.weights.data() + squares.first_weight;
      const auto common = [&](std::size_t a, std::size_t b) {
        const double* x = block.coefficients.data() + squares.first_coefficient;
        double sum = 0;
        for (std::size_t k = 0; k < squares.hours; ++k)
          sum += weights[k] * x[a * squares.hours + k] * x[b * squares.hours + k];
        return weight * sum;
      };
      for (std::size_t l = 0; l < squares.lines; ++l) {
        out[first[line[l]] + place[line[l]]] += common(l, l);
        if (size[of[line[l]]] == 1) continue;
        std::vector<std::size_t>& before = together[of[line[l]]];
        for (const std::size_t b : before) {
          const double both = common(l, b);
          out[first[line[l]] + place[line[b]]] += both;
          out[first[line[b]] + place[line[l]]] += both;
        }
        before.push_back(l);
      }
      for (std::size_t l = 0; l < squares.lines; ++l) together[of[line[l]]].clear();
    }
  }
}

BasketSystem::Preconditioner BasketSystem::precondition(const Free& free) const {
  const std::size_t steps = problem_.steps, lines = problem_.lines;
  std::vector<std::size_t> first(lines + 1, 0);
  for (std::size_t line = 0; line < lines; ++line)
    first[line + 1] = first[line] + clusters_.lines[clusters_.of[line]];
  std::vector<double> bend(steps * first[lines], 0);
  in_parallel(steps, cost_.threads(), [&](std::size_t step) {
    bend_clusters(step, first, bend.data() + step * first[lines]);
  });
  Preconditioner result;
  std::vector<std::size_t> index(lines, kNone), at(free.size());
  const auto block_of = [&](std::size_t i) -> std::size_t& {
    return index[clusters_.of[purchases_.variable(i).line]];
  };
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (!free[i]) continue;
    std::size_t& own = block_of(i);
    if (own == kNone) {
      own = result.members.size();
      result.members.emplace_back();
    }
    at[i] = result.members[own].size();
    result.members[own].push_back(i);
  }
  result.blocks.resize(result.members.size());
  std::vector<std::vector<double>> wide;
  std::vector<double> bends;
  in_parallel(result.members.size(), cost_.threads(), [&](std::size_t c) {
    const auto& members = result.members[c];
    Small& block = result.blocks[c];
    block.size = members.size();
    block.cells.assign(block.size * block.size, 0);
    for (std::size_t a = 0; a < members.size(); ++a)
      for (std::size_t b = 0; b <= a; ++b) {
        const BasketVariable& x = purchases_.variable(members[a]);
        const BasketVariable& y = purchases_.variable(members[b]);
        double sum = a == b ? damping(members[a]) : 0;
        for (std::size_t step = std::max(x.first_step, y.first_step);
             step < std::min(x.end_step, y.end_step); ++step)
          sum += bend[step * first[lines] + first[x.line] + clusters_.place[y.line]];
        block.cells[a * block.size + b] = sum;
      }
  });
  for (std::size_t l = 0; l < purchases_.limits.size(); ++l) {
    if (view_.limit_bend[l] <= 0) continue;
    const BasketPurchases::Limit& limit = purchases_.limits[l];
    const auto cluster_of = [&](std::size_t i) {
      return clusters_.of[purchases_.variable(i).line];
    };
    const std::size_t cluster = cluster_of(limit.at[0]);
    if (std::any_of(limit.at.begin(), limit.at.end(),
                    [&](std::size_t i) { return cluster_of(i) != cluster; })) {
      std::vector<double>& weights = wide.emplace_back(free.size(), 0);
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        if (free[limit.at[k]]) weights[limit.at[k]] = limit.weight[k];
      bends.push_back(view_.limit_bend[l]);
      continue;
    }
    std::map<std::size_t, std::vector<std::size_t>> of_block;
    for (std::size_t k = 0; k < limit.at.size(); ++k)
      if (free[limit.at[k]]) of_block[block_of(limit.at[k])].push_back(k);
    for (const auto& [c, members] : of_block)
      for (const std::size_t a : members)
        for (const std::size_t b : members) {
          const std::size_t i = limit.at[a], j = limit.at[b];
          if (at[j] > at[i]) continue;
          Small& block = result.blocks[c];
          block.cells[at[i] * block.size + at[j]] +=
              view_.limit_bend[l] * limit.weight[a] * limit.weight[b];
        }
  }
  in_parallel(result.blocks.size(), cost_.threads(),
              [&](std::size_t c) { result.blocks[c].factor(); });
  result.add(std::move(wide), bends);
  return result;
}

/// The free ones of `x`, by conjugate gradients from where they are.
void BasketSystem::solve(const Free& free, std::span<const double> pull,
                         std::vector<double>& x) const {
  const std::size_t count = x.size();
  std::vector<double> first(count, 0), begun(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (!free[i]) continue;
    first[i] = pull[i];
    begun[i] = x[i];
  }
  std::vector<double> rest = times(free, begun);
  for (std::size_t i = 0; i < count; ++i) rest[i] = free[i] ? pull[i] - rest[i] : 0;
  const Preconditioner precondition = this->precondition(free);
  const double enough = kSolved * kSolved * product(first, precondition(first));
  std::vector<double> ahead = precondition(rest), way = ahead;
  double norm = product(rest, ahead);
  for (int round = 0; round < kSolveMax && norm > enough; ++round) {
    const auto bent = times(free, way);
    const double along = product(way, bent);
    if (!(along > 0)) break;
    const double length = norm / along;
    for (std::size_t i = 0; i < count; ++i) {
      x[i] += length * way[i];
      rest[i] -= length * bent[i];
    }
    ahead = precondition(rest);
    const double then = product(rest, ahead);
    for (std::size_t i = 0; i < count; ++i) way[i] = ahead[i] + then / norm * way[i];
    norm = then;
  }
}

std::vector<double> BasketSystem::step(std::span<const double> amounts) const {
  const std::size_t count = amounts.size();
  Free free(count);
  std::vector<double> x(count, 0), pull(count);
  for (std::size_t i = 0; i < count; ++i) {
    pull[i] = view_.used[i] - box_.fee[i];
    free[i] = box_.may_move(i, amounts[i], view_.used[i]);
  }
  for (int round = 0; round < kBoundRounds; ++round) {
    solve(free, pull, x);
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      const double then = box_.clamped(i, amounts[i] + x[i]);
      if (!free[i] || then == amounts[i] + x[i]) continue;
      x[i] = then - amounts[i];
      free[i] = 0;
      any = true;
    }
    if (!any || round + 1 == kBoundRounds) break;
    // What is left for the others beside those.
    std::vector<double> fixed(count, 0);
    for (std::size_t i = 0; i < count; ++i)
      if (!free[i]) fixed[i] = x[i];
    const auto bent = times(Free(count, 1), fixed);
    for (std::size_t i = 0; i < count; ++i) pull[i] = view_.used[i] - box_.fee[i] - bent[i];
  }
  std::vector<double> then(count);
  for (std::size_t i = 0; i < count; ++i) then[i] = box_.clamped(i, amounts[i] + x[i]);
  return then;
}

double BasketSystem::foreseen(std::span<const double> amounts, std::span<const double> then) const {
  std::vector<double> way(then.begin(), then.end());
  for (std::size_t i = 0; i < way.size(); ++i) way[i] -= amounts[i];
  const auto bent = times(Free(way.size(), 1), way);
  double drop = 0;
  for (std::size_t i = 0; i < way.size(); ++i)
    drop -= (box_.fee[i] - view_.used[i] + bent[i] / 2) * way[i];
  return std::max(drop, std::numeric_limits<double>::min());
}

}  // namespace steelyard
