#include "commitments/plan_exchange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "commitments/basket_flow.h"
#include "commitments/exchange_relaxation.h"

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
/// Where purchases and moves are many: the gap of the search, for whole units leave more than that
/// open, and its passes; targets of each line, and costs that are looked at.
constexpr double kGapOfMany = 1e-3;
constexpr int kMostPassesOfMany = 3;
constexpr std::size_t kMostTargetsOfMany = 8, kMostTriesOfMany = 120;

/// The parts of one line: how many units go to each of some targets.
struct LineParts {
  std::size_t units = 0;           ///< of the line
  double relaxed = 0;              ///< money an hour that the search moves
  std::vector<std::size_t> moves;  ///< to the targets that are tried
  std::vector<double> wanted;      ///< units that the search moves there
  std::vector<std::size_t> counts;

  std::size_t left() const {
    std::size_t sum = 0;
    for (const std::size_t count : counts) sum += count;
    return units - sum;
  }
};

/// What some units count in a limit.
double limit_of(const ExchangeMove& move, std::size_t units, std::size_t limit) {
  if (move.taken_in_limits[limit] == 0 && move.given_in_limits[limit] == 0) return 0;
  const TwoWays ways(move);
  const auto [least, most] = ways.amounts(move.taken(units), move.given(units));
  return least * move.in_limit(limit, 1 / ways.least, 1) +
         most * move.in_limit(limit, 1 / ways.most, 1);
}

void apply(std::span<const ExchangeMove> moves, std::span<const ExchangePart> chosen,
           BasketProblem& left) {
  for (const ExchangePart& part : chosen) {
    const ExchangeMove& move = moves[part.move];
    const double taken = move.taken(part.units), given = move.given(part.units);
    for (std::size_t step = 0; step < move.steps; ++step) {
      double& from = left.held[move.from * left.steps + step];
      from = std::max(0.0, from - taken);
      left.held[move.to * left.steps + step] += given;
    }
    for (std::size_t l = 0; l < left.limits.size(); ++l)
      left.limits[l].most = std::max(0.0, left.limits[l].most - limit_of(move, part.units, l));
  }
}

class Chooser {
 public:
  Chooser(const BasketProblem& problem, std::span<const ExchangeMove> moves,
          const BasketOptions& options)
      : problem_(problem),
        moves_(moves),
        options_(options),
        is_large_(problem.variables.size() + 2 * moves.size() > options.few_purchases),
        is_huge_(is_large_ && problem.variables.size() > options.many_purchases),
        left_(problem),
        flow_(left_) {}

  ExchangeChoice choose() {
    if (is_large_) search_without();
    round_down(search());
    if (lines_.empty()) {
      if (is_large_) choice_.beside = without_;
      return choice_;
    }
    raise_together();
    if (!is_huge_) round_each();
    change();
    cost_ = cost_beside_best(parts(), purchases_);
    while (refine()) {
    }
    // Beside the purchases that then are the best, they must save as well.
    std::vector<double> without;
    const double nothing = is_large_ ? without_.cost : cost_beside_best({}, without);
    if (cost_ < nothing * (1 - 1e-9)) {
      choice_.chosen = parts();
      choice_.paid = paid_for_exchanges(problem_, moves_, choice_.chosen);
    } else if (is_large_) {
      choice_.beside = without_;
    }
    return choice_;
  }

 private:
  /// The best purchases alone. Of many, those of each scenario are what regret is measured against.
  void search_without() {
    if (is_huge_) options_.max_passes = std::min(options_.max_passes, kMostPassesOfMany);
    without_ = best_basket(problem_, options_);
    options_.best = without_.best;
  }

  /// Units of each move that the search moves, in any part.
  std::vector<double> search() {
    const ExchangeRelaxation relaxation(problem_, moves_, is_large_);
    BasketOptions rough = options_;
    if (is_large_) rough.gap = std::max(rough.gap, kGapOfMany);
    const BasketResult result = best_basket(relaxation.problem(), rough);
    // A search that proves nothing says nought; less than that is possible where regret is against
    // a best without exchanges.
    const bool is_proved = problem_.risk <= 0 || result.bound > 0;
    choice_.bound = is_proved ? result.bound : -std::numeric_limits<double>::infinity();
    choice_.best = result.best;
    purchases_.assign(
        result.amounts.begin(),
        result.amounts.begin() + static_cast<std::ptrdiff_t>(problem_.variables.size()));
    return relaxation.units(result.amounts);
  }

  /// The parts that the search moves, rounded down to whole units.
  void round_down(std::span<const double> units) {
    std::map<std::size_t, LineParts> of_line;
    for (std::size_t i = 0; i < moves_.size(); ++i) {
      if (units[i] < kLeastUnit) continue;
      LineParts& line = of_line[moves_[i].from];
      line.units = moves_[i].units;
      line.moves.push_back(i);
      line.relaxed += units[i] * moves_[i].unit_taken;
    }
    for (auto& [from, line] : of_line) {
      std::stable_sort(line.moves.begin(), line.moves.end(),
                       [&](std::size_t a, std::size_t b) { return units[a] > units[b]; });
      line.moves.resize(std::min(line.moves.size(), is_large_ ? kMostTargetsOfMany : kMostTargets));
      for (const std::size_t move : line.moves) line.wanted.push_back(units[move]);
      line.counts.assign(line.moves.size(), 0);
      lines_.push_back(std::move(line));
      LineParts& added = lines_.back();
      for (std::size_t t = 0; t < added.moves.size(); ++t) {
        added.counts[t] =
            std::min(added.left(), static_cast<std::size_t>(units[added.moves[t]] + 1e-6));
        if (!keeps_limits()) added.counts[t] = 0;
      }
    }
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const auto& a, const auto& b) { return a.relaxed > b.relaxed; });
  }

  /// Of all parts, those that were rounded down most go up by one together, as many as cost least:
  /// by thirds, as if there were one valley.
  void raise_together() {
    struct Cut {
      double part;
      std::size_t line, target;
    };
    std::vector<Cut> cut;
    for (std::size_t line = 0; line < lines_.size(); ++line)
      for (std::size_t t = 0; t < lines_[line].counts.size(); ++t)
        cut.push_back(
            {lines_[line].wanted[t] - static_cast<double>(lines_[line].counts[t]), line, t});
    std::stable_sort(cut.begin(), cut.end(),
                     [](const Cut& a, const Cut& b) { return a.part > b.part; });
    const std::vector<LineParts> down = lines_;
    const auto cost_of_first = [&](std::size_t count) {
      lines_ = down;
      for (std::size_t i = 0; i < count; ++i) {
        LineParts& line = lines_[cut[i].line];
        if (cut[i].part > kLeastUnit && line.left() > 0) ++line.counts[cut[i].target];
      }
      return cost_as_it_is();
    };
    std::size_t low = 0, high = cut.size();
    while (high - low > 2) {
      const std::size_t first = low + (high - low) / 3, second = high - (high - low) / 3;
      if (cost_of_first(first) <= cost_of_first(second))
        high = second;
      else
        low = first;
    }
    std::size_t best = low;
    double least = cost_of_first(low);
    for (const std::size_t count : {std::size_t{0}, low + 1, high})
      if (const double now = cost_of_first(count); now < least) {
        least = now;
        best = count;
      }
    cost_of_first(best);
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
          if (tries_ >= most_tries()) return;
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
    if (is_large_ || cost_ - choice_.bound <= options_.gap * std::abs(cost_)) return false;
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

  std::size_t most_tries() const { return is_huge_ ? kMostTriesOfMany : kMostTries; }

  std::vector<ExchangePart> parts() const {
    std::vector<ExchangePart> found;
    for (const LineParts& line : lines_)
      for (std::size_t t = 0; t < line.moves.size(); ++t)
        if (line.counts[t] > 0) found.push_back({line.moves[t], line.counts[t]});
    return found;
  }

  bool keeps_limits() const { return exchanges_within_limits(problem_, moves_, parts()); }

  /// Beside the purchases of now; fewer where a limit leaves no room for all.
  double cost_as_it_is() {
    ++tries_;
    if (!keeps_limits()) return std::numeric_limits<double>::infinity();
    leave(parts());
    double share = 1;
    for (const BasketLimit& limit : left_.limits) {
      const double sum =
          std::inner_product(purchases_.begin(), purchases_.end(), limit.weight.begin(), 0.0);
      if (sum > limit.most) share = std::min(share, limit.most / sum);
    }
    std::vector<double> fewer = purchases_;
    for (double& amount : fewer) amount *= share;
    return cost_left(parts(), fewer);
  }

  /// Makes `left_` what is left after some moves.
  void leave(std::span<const ExchangePart> chosen) {
    left_.held = problem_.held;
    left_.limits = problem_.limits;
    apply(moves_, chosen, left_);
  }
  double cost_left(std::span<const ExchangePart> chosen, std::span<const double> purchases) const {
    return cost_of(flow_, purchases, choice_.best, options_.threads) +
           paid_for_exchanges(problem_, moves_, chosen);
  }
  /// And the best purchases.
  double cost_beside_best(std::span<const ExchangePart> chosen, std::vector<double>& purchases) {
    ++searches_;
    leave(chosen);
    BasketResult result = best_basket(left_, options_);
    purchases = result.amounts;
    if (is_large_) choice_.beside = std::move(result);
    return cost_left(chosen, purchases);
  }

  const BasketProblem& problem_;
  std::span<const ExchangeMove> moves_;
  BasketOptions options_;
  bool is_large_;       ///< found by Newton's method, the best purchases beside them once
  bool is_huge_;        ///< and cutting planes would not end after it; few costs are looked at
  BasketProblem left_;  ///< after some moves; its flow is the same after all of them
  BasketFlow flow_;
  ExchangeChoice choice_;
  std::vector<double> purchases_;
  std::vector<LineParts> lines_;
  BasketResult without_;  ///< any exchanges, if there are many
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

ExchangeChoice choose_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                                const BasketOptions& options) {
  return Chooser(problem, moves, options).choose();
}

BasketProblem after_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                              std::span<const ExchangePart> chosen) {
  BasketProblem left = problem;
  apply(moves, chosen, left);
  return left;
}

double paid_for_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                          std::span<const ExchangePart> chosen) {
  double paid = 0;
  for (const ExchangePart& part : chosen) {
    const ExchangeMove& move = moves[part.move];
    const double more = move.given(part.units) - move.taken(part.units);
    for (std::size_t step = 0; step < move.steps; ++step) paid += problem.step_weight[step] * more;
  }
  return paid;
}

bool exchanges_within_limits(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                             std::span<const ExchangePart> chosen) {
  for (std::size_t l = 0; l < problem.limits.size(); ++l) {
    double sum = 0;
    for (const ExchangePart& part : chosen) sum += limit_of(moves[part.move], part.units, l);
    if (sum > problem.limits[l].most * (1 + 1e-12)) return false;
  }
  return true;
}

}  // namespace steelyard
