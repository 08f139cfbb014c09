#include "commitments/exchange_relaxation.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace steelyard {

TwoWays::TwoWays(const ExchangeMove& move)
    : least(move.ratio), most(std::max(move.ratio, move.given(1) / move.taken(1))) {}

std::pair<double, double> TwoWays::amounts(double taken, double given) const {
  if (are_one()) return {given, 0};
  const double second = std::clamp((given - least * taken) / (1 - least / most), 0.0, given);
  return {given - second, second};
}

ExchangeRelaxation::ExchangeRelaxation(const BasketProblem& problem,
                                       std::span<const ExchangeMove> moves, bool merge)
    : problem_(problem), moves_(moves), relaxed_(problem) {
  find_sources(merge);
  keep_lines();
  for (Source& source : sources_)
    for (auto& [target, way] : source.ways) add_ways(way);
  for (BasketLimit& limit : relaxed_.limits) limit.weight.resize(relaxed_.variables.size());
  for (const Source& source : sources_) {  // what it keeps and what it moves is all of it at most
    BasketLimit whole{std::vector<double>(relaxed_.variables.size()), 1};
    double sum = 0;
    for (const std::size_t line : source.lines) sum += lines_[line].whole;
    for (const std::size_t line : source.lines) whole.weight[lines_[line].kept] = 1 / sum;
    for (const auto& [target, way] : source.ways) {
      whole.weight[way.first] = 1 / (sum * way.ways.least);
      whole.weight[way.first + 1] = 1 / (sum * way.ways.most);
    }
    relaxed_.limits.push_back(std::move(whole));
  }
}

void ExchangeRelaxation::find_sources(bool merge) {
  std::map<std::size_t, std::size_t> place;
  std::vector<std::map<Target, std::size_t>> targets;  // of each line: its moves
  for (std::size_t i = 0; i < moves_.size(); ++i) {
    const ExchangeMove& move = moves_[i];
    SY_ASSERT(move.units > 0 && move.ratio >= 1 &&
              move.given_in_limits.size() == problem_.limits.size());
    const auto [found, is_new] = place.try_emplace(move.from, lines_.size());
    if (is_new) {
      lines_.push_back({move.from, move.steps, move.taken(move.units), 0});
      targets.emplace_back();
    }
    line_of_.push_back(found->second);
    targets[found->second].emplace(Target{move.to, move.ratio}, i);
  }
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    auto source = merge ? std::find_if(sources_.begin(), sources_.end(),
                                       [&](const Source& other) {
                                         return is_alike(other, line, targets[line]);
                                       })
                        : sources_.end();
    if (source == sources_.end()) source = sources_.insert(source, Source{});
    source->lines.push_back(line);
    for (const auto& [target, move] : targets[line]) source->ways[target].moves.push_back(move);
  }
}

/// Up to the same month for the same targets, but for one that is its own scope.
bool ExchangeRelaxation::is_alike(const Source& source, std::size_t line,
                                  const std::map<Target, std::size_t>& targets) const {
  if (lines_[source.lines[0]].steps != lines_[line].steps) return false;
  const auto shared = static_cast<std::size_t>(
      std::count_if(targets.begin(), targets.end(),
                    [&](const auto& target) { return source.ways.contains(target.first); }));
  return shared > 0 && shared + 1 >= targets.size() && shared + 1 >= source.ways.size();
}

void ExchangeRelaxation::keep_lines() {
  for (Line& line : lines_) {
    for (std::size_t step = 0; step < line.steps; ++step) {
      double& held = relaxed_.held[line.line * relaxed_.steps + step];
      held = std::max(0.0, held - line.whole);
    }
    line.kept = relaxed_.variables.size();
    BasketVariable kept;
    kept.line = line.line;
    kept.end_step = line.steps;
    kept.fee = 0;  // it is paid in any case
    kept.most = line.whole;
    relaxed_.variables.push_back(kept);
  }
}

void ExchangeRelaxation::add_ways(Way& way) {
  const ExchangeMove& one = moves_[way.moves[0]];
  way.ways = {one.ratio, one.ratio};
  double whole = 0;
  for (const std::size_t i : way.moves) {
    way.ways.most = std::max(way.ways.most, TwoWays(moves_[i]).most);
    whole += moves_[i].taken(moves_[i].units);
  }
  const auto [least, most] = std::pair(way.ways.least, way.ways.most);
  double beyond = 0;  // the least, of each line it is less than a unit
  for (const std::size_t i : way.moves)
    if (!way.ways.are_one())
      beyond += std::min(moves_[i].taken(moves_[i].units) * most,
                         moves_[i].unit_given / (1 - least / most));
  way.first = relaxed_.variables.size();
  for (const bool second : {false, true}) {
    const double ratio = second ? most : least;
    BasketVariable variable;
    variable.line = one.to;
    variable.end_step = one.steps;
    variable.fee = 1 - 1 / ratio;  // that of the old one is paid in any case
    variable.most = second ? beyond : whole * ratio;
    relaxed_.variables.push_back(variable);
  }
  for (std::size_t l = 0; l < problem_.limits.size(); ++l) {
    // No more than any of the lines counts there; each of their second ways is some of both here.
    double first = std::numeric_limits<double>::infinity(), step = first;
    for (const std::size_t i : way.moves)
      first = std::min(first, moves_[i].in_limit(l, 1 / least, 1));
    for (const std::size_t i : way.moves) {
      const TwoWays own(moves_[i]);
      if (own.are_one()) continue;
      const double share = (1 / least - 1 / own.most) / (1 / least - 1 / most);
      step = std::min(step, (moves_[i].in_limit(l, 1 / own.most, 1) - first) / share);
    }
    std::vector<double>& weight = relaxed_.limits[l].weight;
    weight.resize(relaxed_.variables.size());
    weight[way.first] = first;
    weight[way.first + 1] = std::max(0.0, first + (way.ways.are_one() ? 0 : step));
  }
}

std::vector<double> ExchangeRelaxation::units(std::span<const double> amounts) const {
  std::vector<double> units(moves_.size(), 0), left(lines_.size());
  for (std::size_t line = 0; line < lines_.size(); ++line)
    left[line] = std::max(0.0, lines_[line].whole - amounts[lines_[line].kept]);
  for (const Source& source : sources_) {
    std::vector<std::pair<double, const Way*>> taken;
    for (const auto& [target, way] : source.ways)
      taken.emplace_back(
          amounts[way.first] / way.ways.least + amounts[way.first + 1] / way.ways.most, &way);
    std::stable_sort(taken.begin(), taken.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto& [rest, way] : taken)
      while (rest > 0) {
        const std::size_t move = *std::max_element(
            way->moves.begin(), way->moves.end(),
            [&](std::size_t a, std::size_t b) { return left[line_of_[a]] < left[line_of_[b]]; });
        double& from = left[line_of_[move]];
        if (from <= 0) break;
        const double part = std::min(rest, from);
        units[move] += part / moves_[move].unit_taken;
        rest -= part;
        from -= part;
      }
  }
  return units;
}

}  // namespace steelyard
