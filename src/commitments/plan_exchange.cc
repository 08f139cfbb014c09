#include "commitments/plan_exchange.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/assert.h"

namespace steelyard {
namespace {

/// Less of a whole move than this is none.
constexpr double kLeastPart = 0.05;
/// Targets that are tried for each line, those first to which the search moves most.
constexpr std::size_t kMostTargets = 3;

BasketProblem with_moves(const BasketProblem& problem, std::span<const ExchangeMove> moves) {
  BasketProblem all = problem;
  std::map<std::size_t, BasketLimit> once;  // per line: all of its moves together are one at most
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const ExchangeMove& move = moves[i];
    SY_ASSERT(move.given >= move.taken && move.in_limits.size() == problem.limits.size());
    BasketVariable variable;
    variable.line = move.to;
    variable.end_step = move.steps;
    variable.fee = 1 - move.taken / move.given;  // that of the old one is paid in any case
    variable.most = move.given;
    variable.from = move.from;
    variable.from_share = move.taken / move.given;
    all.variables.push_back(variable);
    for (std::size_t l = 0; l < problem.limits.size(); ++l)
      all.limits[l].weight.push_back(move.in_limits[l] / move.given);
    BasketLimit& limit = once[move.from];
    limit.most = 1;
    limit.weight.resize(problem.variables.size() + moves.size());
    limit.weight[problem.variables.size() + i] = 1 / move.given;
  }
  for (auto& [line, limit] : once) all.limits.push_back(std::move(limit));
  return all;
}

}  // namespace

double ExchangeChoice::cost(std::span<const double> amounts, int threads) const {
  std::vector<double> all(amounts.begin(), amounts.end());
  all.resize(problem.variables.size());
  for (const std::size_t i : chosen)
    all[amounts.size() + i] = problem.variables[amounts.size() + i].most;
  return cost_of(problem, all, best, threads);
}

ExchangeChoice choose_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                                const BasketOptions& options) {
  ExchangeChoice choice;
  choice.problem = with_moves(problem, moves);
  const BasketResult result = best_basket(choice.problem, options);
  choice.bound = result.bound;
  choice.best = result.best;
  const std::size_t first = problem.variables.size();
  std::map<std::size_t, std::vector<std::size_t>> of_line;
  for (std::size_t i = 0; i < moves.size(); ++i)
    if (result.amounts[first + i] > kLeastPart * moves[i].given)
      of_line[moves[i].from].push_back(i);

  std::vector<double> amounts = result.amounts;
  std::fill(amounts.begin() + static_cast<std::ptrdiff_t>(first), amounts.end(), 0.0);
  double cost = cost_of(choice.problem, amounts, choice.best, options.threads);
  for (auto& [line, targets] : of_line) {
    std::stable_sort(targets.begin(), targets.end(), [&](std::size_t a, std::size_t b) {
      return result.amounts[first + a] > result.amounts[first + b];
    });
    targets.resize(std::min(targets.size(), kMostTargets));
    std::optional<std::size_t> chosen;
    for (const std::size_t i : targets) {
      std::vector<double> moved = amounts;
      moved[first + i] = moves[i].given;
      const double now = cost_of(choice.problem, moved, choice.best, options.threads);
      if (now >= cost || !within_limits(choice.problem, moved)) continue;
      cost = now;
      chosen = i;
    }
    if (!chosen) continue;
    amounts[first + *chosen] = moves[*chosen].given;
    choice.chosen.push_back(*chosen);
  }
  if (choice.chosen.empty()) return choice;
  // Beside the purchases that then are the best, they must save as well.
  const auto best_with = [&](std::span<const std::size_t> chosen) {
    return best_basket(after_exchanges(problem, moves, chosen), options).amounts;
  };
  const double with = choice.cost(best_with(choice.chosen), options.threads);
  ExchangeChoice none = choice;
  none.chosen.clear();
  const double without = none.cost(best_with({}), options.threads);
  return with < without * (1 - 1e-9) ? choice : none;
}

BasketProblem after_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                              std::span<const std::size_t> chosen) {
  BasketProblem left = problem;
  for (const std::size_t i : chosen) {
    const ExchangeMove& move = moves[i];
    for (std::size_t step = 0; step < move.steps; ++step) {
      double& from = left.held[move.from * left.steps + step];
      from = std::max(0.0, from - move.taken);
      left.held[move.to * left.steps + step] += move.given;
    }
    for (std::size_t l = 0; l < left.limits.size(); ++l)
      left.limits[l].most = std::max(0.0, left.limits[l].most - move.in_limits[l]);
  }
  return left;
}

}  // namespace steelyard
