#include "commitments/plan_exchange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/assert.h"

namespace steelyard {
namespace {

/// Less of a unit than this is none.
constexpr double kLeastUnit = 0.05;
/// Targets that are tried for each line, those first to which the search moves most.
constexpr std::size_t kMostTargets = 3;
/// Costs that are looked at while parts are changed, in all.
constexpr std::size_t kMostTries = 400;
/// Of these, the best purchases beside them are looked for: of each line's changes the first few
/// as the others stand, and so many in all.
constexpr std::size_t kMostOfLine = 3, kMostSearches = 16;

/// Each move is two variables: got for what is given up is as little as may be, or as much as ever
/// because units are whole, which is for one alone. Every part is a sum of the two.
struct TwoWays {
  double least, most;  ///< got for each unit of money given up

  explicit TwoWays(const ExchangeMove& move)
      : least(move.ratio), most(std::max(move.ratio, move.given(1) / move.taken(1))) {}
  bool are_one() const { return most < least * (1 + 1e-9); }

  std::pair<double, double> amounts(double taken, double given) const {
    if (are_one()) return {given, 0};
    const double second = std::clamp((given - least * taken) / (1 - least / most), 0.0, given);
    return {given - second, second};
  }
};

BasketProblem with_moves(const BasketProblem& problem, std::span<const ExchangeMove> moves) {
  BasketProblem all = problem;
  std::map<std::size_t, BasketLimit> once;  // per line: all of its moves together are one at most
  for (const ExchangeMove& move : moves) {
    SY_ASSERT(move.units > 0 && move.ratio >= 1 &&
              move.given_in_limits.size() == problem.limits.size());
    const TwoWays ways(move);
    const double whole = move.taken(move.units);
    BasketLimit& limit = once[move.from];
    limit.most = 1;
    limit.weight.resize(problem.variables.size() + 2 * moves.size());
    for (const bool second : {false, true}) {
      const double ratio = second ? ways.most : ways.least;
      BasketVariable variable;
      variable.line = move.to;
      variable.end_step = move.steps;
      variable.fee = 1 - 1 / ratio;  // that of the old one is paid in any case
      variable.most = whole * ratio;
      if (second)  // beyond the least it is less than a unit
        variable.most = ways.are_one()
                            ? 0
                            : std::min(variable.most, move.unit_given / (1 - ways.least / ratio));
      variable.from = move.from;
      variable.from_share = 1 / ratio;
      limit.weight[all.variables.size()] = 1 / (whole * ratio);
      all.variables.push_back(variable);
      for (std::size_t l = 0; l < problem.limits.size(); ++l)
        all.limits[l].weight.push_back(move.in_limit(l, 1 / ratio, 1));
    }
  }
  for (auto& [line, limit] : once) all.limits.push_back(std::move(limit));
  return all;
}

/// The parts of one line: how many units go to each of some targets.
struct LineParts {
  std::size_t units = 0;           ///< of the line
  double relaxed = 0;              ///< money an hour that the search moves
  std::vector<std::size_t> moves;  ///< to the targets that are tried
  std::vector<std::size_t> counts;

  std::size_t left() const {
    std::size_t sum = 0;
    for (const std::size_t count : counts) sum += count;
    return units - sum;
  }
};

class Chooser {
 public:
  Chooser(const BasketProblem& problem, std::span<const ExchangeMove> moves,
          const BasketOptions& options)
      : problem_(problem), moves_(moves), options_(options) {}

  ExchangeChoice choose() {
    choice_.problem = with_moves(problem_, moves_);
    const BasketResult result = best_basket(choice_.problem, options_);
    choice_.bound = result.bound;
    choice_.best = result.best;
    const auto purchases = result.amounts.begin();
    purchases_.assign(purchases,
                      purchases + static_cast<std::ptrdiff_t>(problem_.variables.size()));
    round_down(result.amounts);
    if (lines_.empty()) return choice_;
    round_each();
    change();
    cost_ = cost_beside_best(parts(), purchases_);
    while (refine()) {
    }
    // Beside the purchases that then are the best, they must save as well.
    std::vector<double> without;
    if (cost_ < cost_beside_best({}, without) * (1 - 1e-9)) choice_.chosen = parts();
    return choice_;
  }

 private:
  /// The parts that the search moves, rounded down to whole units.
  void round_down(std::span<const double> amounts) {
    const auto units_of = [&](std::size_t move) {
      const TwoWays ways(moves_[move]);
      const std::size_t at = problem_.variables.size() + 2 * move;
      return (amounts[at] / ways.least + amounts[at + 1] / ways.most) / moves_[move].unit_taken;
    };
    std::map<std::size_t, LineParts> of_line;
    for (std::size_t i = 0; i < moves_.size(); ++i) {
      if (units_of(i) < kLeastUnit) continue;
      LineParts& line = of_line[moves_[i].from];
      line.units = moves_[i].units;
      line.moves.push_back(i);
      line.relaxed += units_of(i) * moves_[i].unit_taken;
    }
    for (auto& [from, line] : of_line) {
      std::stable_sort(line.moves.begin(), line.moves.end(),
                       [&](std::size_t a, std::size_t b) { return units_of(a) > units_of(b); });
      line.moves.resize(std::min(line.moves.size(), kMostTargets));
      line.counts.assign(line.moves.size(), 0);
      lines_.push_back(std::move(line));
      LineParts& added = lines_.back();
      for (std::size_t t = 0; t < added.moves.size(); ++t) {
        added.counts[t] =
            std::min(added.left(), static_cast<std::size_t>(units_of(added.moves[t]) + 1e-6));
        if (!keeps_limits()) added.counts[t] = 0;
      }
    }
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const auto& a, const auto& b) { return a.relaxed > b.relaxed; });
  }

  /// Of each line, which of the parts rounded down and up cost least together.
  void round_each() {
    double cost = cost_as_it_is();
    for (LineParts& line : lines_) {
      std::vector<std::vector<std::size_t>> grid{{}};
      for (std::size_t t = 0; t < line.counts.size(); ++t) {
        const ExchangeMove& move = moves_[line.moves[t]];
        const double got = line.counts[t] > 0 ? move.units_for(line.counts[t]) : 0;
        std::vector<std::vector<std::size_t>> more;
        for (const std::size_t count :
             std::set<std::size_t>{line.counts[t], most_for(move, got), most_for(move, got + 1)})
          for (std::vector<std::size_t> counts : grid) {
            counts.push_back(count);
            more.push_back(std::move(counts));
          }
        grid = std::move(more);
      }
      for (const std::vector<std::size_t>& counts : grid) {
        if (tries_ >= kMostTries / 2) return;
        if (std::accumulate(counts.begin(), counts.end(), std::size_t{0}) > line.units) continue;
        const std::vector<std::size_t> before = std::exchange(line.counts, counts);
        const double now = cost_as_it_is();
        if (now < cost)
          cost = now;
        else
          line.counts = before;
      }
    }
  }

  /// Units more or less to a target, all that are left, none, or to another: what costs less
  /// beside the purchases as they are.
  void change() {
    double cost = cost_as_it_is();
    for (LineParts& line : lines_)
      for (bool again = true; again;) {
        again = false;
        for (const std::vector<std::size_t>& counts : neighbours(line)) {
          if (tries_ == kMostTries) return;
          const std::vector<std::size_t> before = std::exchange(line.counts, counts);
          const double now = cost_as_it_is();
          if (now < cost) {
            cost = now;
            again = true;
            break;
          }
          line.counts = before;
        }
      }
  }

  /// Such a change that costs less beside the best purchases, if one is found.
  bool refine() {
    if (cost_ - choice_.bound <= options_.gap * std::abs(cost_)) return false;
    for (LineParts& line : lines_) {
      const std::vector<std::size_t> before = line.counts;
      std::vector<std::pair<double, std::vector<std::size_t>>> found;
      for (std::vector<std::size_t>& counts : neighbours(line)) {
        if (tries_ == kMostTries) break;
        line.counts = counts;
        found.emplace_back(cost_as_it_is(), std::move(counts));
      }
      std::stable_sort(found.begin(), found.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      found.resize(std::min(found.size(), kMostOfLine));
      for (const auto& [screened, counts] : found) {
        if (searches_ == kMostSearches || std::isinf(screened)) break;
        line.counts = counts;
        std::vector<double> purchases;
        const double now = cost_beside_best(parts(), purchases);
        if (now >= cost_) continue;
        cost_ = now;
        purchases_ = std::move(purchases);
        return true;
      }
      line.counts = before;
    }
    return false;
  }

  /// The most units that can be given up for no more than so many of the new ones: fewer would get
  /// as many, but for more money.
  static std::size_t most_for(const ExchangeMove& move, double got) {
    std::size_t enough = 0, too_many = move.units + 1;
    while (enough + 1 < too_many) {
      const std::size_t middle = enough + (too_many - enough) / 2;
      (move.units_for(middle) <= got ? enough : too_many) = middle;
    }
    return enough;
  }

  /// To each target a unit more or less, as many as are worth one more or less of the new ones, all
  /// that are left, or none; where it takes more than are left, from another, and what it has no
  /// more stays or goes to another.
  std::vector<std::vector<std::size_t>> neighbours(const LineParts& line) const {
    std::set<std::vector<std::size_t>> found;
    const std::size_t left = line.left();
    for (std::size_t t = 0; t < line.counts.size(); ++t) {
      const ExchangeMove& move = moves_[line.moves[t]];
      const std::size_t count = line.counts[t];
      const double got = count > 0 ? move.units_for(count) : 0;
      std::set<std::size_t> wanted{0, count + left, count + 1,
                                   count - std::min<std::size_t>(count, 1)};
      for (const double more : {-1.0, 0.0, 1.0}) wanted.insert(most_for(move, got + more));
      for (const std::size_t want : wanted) {
        if (want > line.units) continue;
        std::vector<std::size_t> counts = line.counts;
        counts[t] = want;
        if (want <= count + left) found.insert(counts);
        for (std::size_t other = 0; other < counts.size(); ++other) {
          if (other == t) continue;
          std::vector<std::size_t> both = counts;
          if (want < count)
            both[other] += count - want;
          else if (want > count + left && both[other] >= want - count - left)
            both[other] -= want - count - left;
          else
            continue;
          found.insert(std::move(both));
        }
      }
    }
    found.erase(line.counts);
    return {found.begin(), found.end()};
  }

  std::vector<ExchangePart> parts() const {
    std::vector<ExchangePart> found;
    for (const LineParts& line : lines_)
      for (std::size_t t = 0; t < line.moves.size(); ++t)
        if (line.counts[t] > 0) found.push_back({line.moves[t], line.counts[t]});
    return found;
  }

  /// The moves alone.
  bool keeps_limits() const {
    return within_limits(
        choice_.problem,
        choice_.amounts(moves_, parts(), std::vector<double>(problem_.variables.size())));
  }

  /// Beside the purchases of now; fewer where a limit leaves no room for all.
  double cost_as_it_is() {
    ++tries_;
    if (!keeps_limits()) return std::numeric_limits<double>::infinity();
    const BasketProblem left = after_exchanges(problem_, moves_, parts());
    double share = 1;
    for (const BasketLimit& limit : left.limits) {
      const double sum =
          std::inner_product(purchases_.begin(), purchases_.end(), limit.weight.begin(), 0.0);
      if (sum > limit.most) share = std::min(share, limit.most / sum);
    }
    std::vector<double> fewer = purchases_;
    for (double& amount : fewer) amount *= share;
    return cost_with(parts(), fewer);
  }

  double cost_with(std::span<const ExchangePart> chosen, std::span<const double> purchases) const {
    return cost_of(choice_.problem, choice_.amounts(moves_, chosen, purchases), choice_.best,
                   options_.threads);
  }
  /// And the best purchases.
  double cost_beside_best(std::span<const ExchangePart> chosen, std::vector<double>& purchases) {
    ++searches_;
    purchases = best_basket(after_exchanges(problem_, moves_, chosen), options_).amounts;
    return cost_with(chosen, purchases);
  }

  const BasketProblem& problem_;
  std::span<const ExchangeMove> moves_;
  const BasketOptions& options_;
  ExchangeChoice choice_;
  std::vector<double> purchases_;
  std::vector<LineParts> lines_;
  double cost_ = 0;
  std::size_t tries_ = 0, searches_ = 0;
};

}  // namespace

double ExchangeMove::given(std::size_t count) const {
  return std::max(taken(count) * ratio, unit_given * units_for(count));
}

double ExchangeMove::in_limit(std::size_t limit, double taken_money, double given_money) const {
  return std::max(0.0, taken_money * taken_in_limits[limit] + given_money * given_in_limits[limit]);
}

std::vector<double> ExchangeChoice::amounts(std::span<const ExchangeMove> moves,
                                            std::span<const ExchangePart> parts,
                                            std::span<const double> purchases) const {
  std::vector<double> all(purchases.begin(), purchases.end());
  all.resize(problem.variables.size());
  for (const ExchangePart& part : parts) {
    const ExchangeMove& move = moves[part.move];
    const auto [least, most] =
        TwoWays(move).amounts(move.taken(part.units), move.given(part.units));
    all[purchases.size() + 2 * part.move] = least;
    all[purchases.size() + 2 * part.move + 1] = most;
  }
  return all;
}

double ExchangeChoice::cost(std::span<const ExchangeMove> moves, std::span<const double> purchases,
                            int threads) const {
  return cost_of(problem, amounts(moves, chosen, purchases), best, threads);
}

ExchangeChoice choose_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                                const BasketOptions& options) {
  return Chooser(problem, moves, options).choose();
}

BasketProblem after_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                              std::span<const ExchangePart> chosen) {
  BasketProblem left = problem;
  for (const ExchangePart& part : chosen) {
    const ExchangeMove& move = moves[part.move];
    const double taken = move.taken(part.units), given = move.given(part.units);
    for (std::size_t step = 0; step < move.steps; ++step) {
      double& from = left.held[move.from * left.steps + step];
      from = std::max(0.0, from - taken);
      left.held[move.to * left.steps + step] += given;
    }
    const auto [least, most] = TwoWays(move).amounts(taken, given);
    const TwoWays ways(move);
    for (std::size_t l = 0; l < left.limits.size(); ++l)
      left.limits[l].most =
          std::max(0.0, left.limits[l].most - least * move.in_limit(l, 1 / ways.least, 1) -
                            most * move.in_limit(l, 1 / ways.most, 1));
  }
  return left;
}

}  // namespace steelyard
