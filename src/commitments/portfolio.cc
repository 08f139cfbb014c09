#include "commitments/portfolio.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/assert.h"
#include "commitments/linear_program.h"
#include "commitments/portfolio_newton.h"
#include "commitments/portfolio_pass.h"

namespace steelyard {
namespace {

double real(Int128 value) { return static_cast<double>(value); }

/// What is left uncovered in a part of the time is at least `height` - sum of used x amounts. In
/// units of the grid.
struct Cut {
  Int128 height = 0;
  std::vector<std::int64_t> used;
  std::size_t part = 0;  ///< of the time
  int idle = 0;          ///< solves of the master since it last mattered
};

/// Of purchases: from so many on Newton's method goes ahead; beyond so many the master is too slow.
constexpr std::size_t kMany = 100, kTooMany = 400;
constexpr int kIdleMax = 12;
constexpr std::size_t kOffersPerPart = 8, kPartsMax = 16;
constexpr double kRadiusMin = 2e-4, kRadiusAgain = 0.01;

}  // namespace

struct PortfolioSolver::State {
  PortfolioProblem problem;
  int shift = 0;                    ///< amounts are searched in units of 2^-shift counts
  int multiplier_bits = 40;         ///< of the master's multipliers, when the bound is recomputed
  std::vector<std::int64_t> most;   ///< per offer, on the grid
  std::vector<std::int64_t> hours;  ///< per offer: weighted hours that are paid for
  Int128 denominator = 1;
  std::vector<Int128> fee;         ///< per offer: its price x hours x denominator
  std::vector<PassMatrix> levels;  ///< coarse to full
  Int128 usage = 0;                ///< left with no purchase, on the grid

  /// Time is looked at in parts, each with cuts of its own: many purchases need many slopes.
  std::size_t parts = 1;
  LinearProgram master;
  std::vector<Cut> cuts;
  std::vector<std::int64_t>
      center;  ///< the best amounts, on the grid; empty before the first solve
  double radius = 1;
  int passes = 0;
  std::unique_ptr<SmoothPortfolio> smooth;  ///< where purchases are many
  std::vector<double> smooth_amounts;       ///< its optimum, in counts

  std::size_t offers() const { return problem.offers.size(); }
  int rest_column(std::size_t part) const { return static_cast<int>(offers() + part); }

  Int128 cost(std::span<const std::int64_t> amounts, Int128 left) const {
    Int128 sum = left * denominator;
    for (std::size_t i = 0; i < amounts.size(); ++i) sum += fee[i] * amounts[i];
    return sum;
  }

  void price() {
    denominator = 1;
    for (const PortfolioOffer& offer : problem.offers) {
      const Int128 step = offer.price.denominator /
                          std::gcd(static_cast<std::int64_t>(denominator % offer.price.denominator),
                                   offer.price.denominator);
      denominator *= step;
    }
    fee.clear();
    for (std::size_t i = 0; i < offers(); ++i) {
      const PriceRatio price = problem.offers[i].price;
      fee.push_back(denominator / price.denominator * price.numerator * hours[i]);
    }
  }

  /// Whether sums of all numbers stay within 128 bits, with bits to spare for the multipliers.
  bool fits() {
    double largest = real(usage) * real(denominator);
    for (std::size_t i = 0; i < offers(); ++i)
      largest = std::max(largest, (real(fee[i]) + real(hours[i]) * real(denominator)) *
                                      (static_cast<double>(most[i]) + 1));
    largest *= static_cast<double>(offers() + 4);
    multiplier_bits = std::min(44, 124 - static_cast<int>(std::ceil(std::log2(largest + 1))));
    return multiplier_bits >= 24;
  }

  // --- the master, in shares: an offer's amount over its most, what is left over all usage

  double scale() const { return std::max(1.0, real(usage)); }

  void build_master() {
    master = LinearProgram();
    for (std::size_t i = 0; i < offers(); ++i)
      master.add_column(master_cost(i), 0, most[i] == 0 ? 0 : 1);
    for (std::size_t part = 0; part < parts; ++part)
      master.add_column(1, 0, LinearProgram::kInfinity);
    std::vector<Cut> kept = std::move(cuts);
    cuts.clear();
    for (Cut& cut : kept) add(std::move(cut));
  }
  double master_cost(std::size_t offer) const {
    return real(fee[offer]) * static_cast<double>(most[offer]) / (real(denominator) * scale());
  }
  void add(Cut cut) {
    std::vector<int> columns = {rest_column(cut.part)};
    std::vector<double> values = {1};
    for (std::size_t i = 0; i < offers(); ++i) {
      const double value =
          static_cast<double>(cut.used[i]) * static_cast<double>(most[i]) / scale();
      if (value == 0) continue;
      columns.push_back(static_cast<int>(i));
      values.push_back(value);
    }
    master.add_row(real(cut.height) / scale(), LinearProgram::kInfinity, columns, values);
    cuts.push_back(std::move(cut));
  }
  void trust(double share) {
    for (std::size_t i = 0; i < offers(); ++i) {
      if (most[i] == 0) continue;
      const double at = at_center(i);
      master.set_bounds(static_cast<int>(i), std::max(0.0, at - share), std::min(1.0, at + share));
    }
  }
  double at_center(std::size_t offer) const {
    return most[offer] == 0 ? 0
                            : static_cast<double>(center[offer]) / static_cast<double>(most[offer]);
  }
  bool presses_on(double share) const {
    const auto solution = master.solution();
    for (std::size_t i = 0; i < offers(); ++i) {
      if (most[i] == 0) continue;
      const double low = at_center(i) - share, high = at_center(i) + share;
      if ((low > 0 && solution[i] < low + 1e-9) || (high < 1 && solution[i] > high - 1e-9))
        return true;
    }
    return false;
  }
  std::vector<std::int64_t> proposal() const {
    const auto solution = master.solution();
    std::vector<std::int64_t> amounts(offers());
    for (std::size_t i = 0; i < offers(); ++i)
      amounts[i] = std::clamp<std::int64_t>(
          std::llround(solution[i] * static_cast<double>(most[i])), 0, most[i]);
    return amounts;
  }
  /// Kinks lie at whole counts, so near a point of whole counts the cost is a cone. What the master
  /// proposes there differs from it by less than the grid can tell; seen from the point, a larger
  /// step in the same direction meets the same piece of the cone, and the grid can tell that.
  bool near_whole(std::vector<std::int64_t>& whole_point,
                  std::vector<std::int64_t>& magnified) const {
    const auto solution = master.solution();
    const double one = std::ldexp(1.0, shift);
    std::vector<double> step(offers());
    double length = 0;
    for (std::size_t i = 0; i < offers(); ++i) {
      const double amount = solution[i] * static_cast<double>(most[i]);
      whole_point[i] = std::llround(amount / one) << shift;
      step[i] = amount - static_cast<double>(whole_point[i]);
      length += std::abs(step[i]);
    }
    if (shift < 8 || length >= 0.9 * one) return false;
    const double larger = length < 1e-6 * one ? 0 : 0.9 * one / length;
    for (std::size_t i = 0; i < offers(); ++i)
      magnified[i] =
          std::clamp<std::int64_t>(whole_point[i] + std::llround(larger * step[i]), 0, most[i]);
    return true;
  }
  void forget_idle_cuts() {
    const auto multipliers = master.multipliers();
    std::vector<bool> drop(cuts.size(), false);
    bool any = false;
    for (std::size_t k = 0; k < cuts.size() && k < multipliers.size(); ++k) {
      cuts[k].idle = multipliers[k] > 1e-12 ? 0 : cuts[k].idle + 1;
      drop[k] = cuts[k].idle > kIdleMax;
      any = any || drop[k];
    }
    if (!any) return;
    master.remove_rows(drop);
    std::size_t kept = 0;
    for (std::size_t k = 0; k < cuts.size(); ++k)
      if (!drop[k]) {
        if (kept != k) cuts[kept] = std::move(cuts[k]);
        ++kept;
      }
    cuts.resize(kept);
  }

  /// A bound from the master's multipliers, in integers: any weights of cuts that sum to at most
  /// one in each part of the time give one; those of the optimum give the best.
  Int128 bound() const {
    const auto multipliers = master.multipliers();
    const Int128 one = Int128{1} << multiplier_bits;
    std::vector<Int128> weight(cuts.size(), 0), sum(parts, 0);
    std::vector<std::size_t> heaviest(parts, cuts.size());
    for (std::size_t k = 0; k < cuts.size(); ++k) {
      const std::size_t part = cuts[k].part;
      weight[k] = static_cast<Int128>(std::clamp(multipliers[k], 0.0, 1.0) * real(one));
      sum[part] += weight[k];
      if (heaviest[part] == cuts.size() || weight[k] > weight[heaviest[part]]) heaviest[part] = k;
    }
    // Rounding left a little over, or a little too much: the heaviest of each part takes it.
    for (std::size_t part = 0; part < parts; ++part) {
      if (heaviest[part] == cuts.size()) continue;
      if (sum[part] > one || real(sum[part]) > 0.999 * real(one))
        weight[heaviest[part]] += one - sum[part];
      if (weight[heaviest[part]] < 0) return 0;
    }
    Int128 value = 0;
    std::vector<Int128> used(offers(), 0);
    for (std::size_t k = 0; k < cuts.size(); ++k) {
      if (weight[k] == 0) continue;
      value += weight[k] * cuts[k].height * denominator;
      for (std::size_t i = 0; i < offers(); ++i) used[i] += weight[k] * cuts[k].used[i];
    }
    for (std::size_t i = 0; i < offers(); ++i) {
      const Int128 slope = fee[i] * one - used[i] * denominator;
      if (slope < 0) value += slope * most[i];
    }
    return value <= 0 ? 0 : value / one;
  }

  /// One pass at a resolution; its cut joins the master.
  Int128 look(const PassMatrix& matrix, std::span<const std::int64_t> amounts, int threads) {
    Int128 left = 0;
    auto outcomes = matrix.pass(amounts, threads);
    for (std::size_t part = 0; part < parts; ++part) {
      left += outcomes[part].left;
      Cut cut;
      cut.part = part;
      cut.height = outcomes[part].left;
      for (std::size_t i = 0; i < offers(); ++i)
        cut.height += static_cast<Int128>(outcomes[part].used[i]) * amounts[i];
      cut.used = std::move(outcomes[part].used);
      add(std::move(cut));
    }
    return cost(amounts, left);
  }

  bool near(Int128 bound, double gap, int threads) const {
    const Int128 its_cost = cost(center, left_by(center, threads));
    return real(its_cost - bound) <= gap * real(its_cost);
  }

  /// Whole counts such that what a scope has in any hour is rounded, not each purchase by itself: a
  /// pool's up, for its levels lie in the count below the whole one, and a wider scope's too if
  /// `up`.
  std::vector<std::int64_t> whole_of(std::span<const double> amounts, bool up) const {
    std::vector<std::size_t> order(offers());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto& list = problem.offers;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(list[a].scope, list[a].begin, a) <
             std::tuple(list[b].scope, list[b].begin, b);
    });
    std::vector<std::int64_t> whole(offers(), 0);
    for (std::size_t at = 0; at < order.size(); ++at) {
      const std::size_t i = order[at];
      double level = amounts[i];
      std::int64_t have = 0;
      for (std::size_t before = at; before-- > 0 && list[order[before]].scope == list[i].scope;) {
        const std::size_t j = order[before];
        if (list[j].end <= list[i].begin) continue;
        level += amounts[j];
        have += whole[j];
      }
      const double rounded =
          up || list[i].scope < problem.pools ? std::ceil(level - 1e-6) : std::round(level);
      whole[i] =
          std::clamp<std::int64_t>(static_cast<std::int64_t>(rounded) - have, 0, most[i] >> shift);
    }
    for (std::int64_t& amount : whole) amount <<= shift;
    return whole;
  }

  /// Newton's way to the center, until whole counts near it are within `gap` of the bound that its
  /// multipliers prove; returns that bound.
  Int128 approach(double gap, int threads) {
    if (!smooth) smooth = std::make_unique<SmoothPortfolio>(problem);
    std::vector<double> fees(offers()), mosts(offers());
    for (std::size_t i = 0; i < offers(); ++i) {
      fees[i] = real(fee[i]) / real(denominator);
      mosts[i] = std::ldexp(static_cast<double>(most[i]), -shift);
    }
    Int128 best_cost = 0, best_bound = 0;
    smooth->minimise({fees, mosts}, gap, threads, smooth_amounts, [&] {
      for (const bool up : {false, true}) {
        auto amounts = whole_of(smooth_amounts, up);
        const Int128 its_cost = cost(amounts, left_by(amounts, threads));
        ++passes;
        if (best_cost != 0 && its_cost >= best_cost) continue;
        center = std::move(amounts);
        best_cost = its_cost;
      }
      const auto dual = smooth->dual(smooth_amounts, multiplier_bits, threads);
      best_bound = std::max(best_bound, proven_by(dual));
      return best_cost == 0 ? 0 : real(best_cost - best_bound) / real(best_cost);
    });
    if (center.empty()) center = whole_of(smooth_amounts, false);
    return best_bound;
  }
  /// Any multipliers that rise from parent to child nowhere prove a bound: what an offer's sum has
  /// above its price is lost on as many as may be bought.
  Int128 proven_by(const PortfolioDual& dual) const {
    Int128 value = (dual.height << shift) * denominator;
    for (std::size_t i = 0; i < offers(); ++i) {
      const Int128 slope = (fee[i] << multiplier_bits) - dual.used[i] * denominator;
      if (slope < 0) value += slope * most[i];
    }
    return value <= 0 ? 0 : value >> multiplier_bits;
  }

  Int128 left_by(std::span<const std::int64_t> amounts, int threads) const {
    Int128 left = 0;
    for (const auto& outcome : levels.back().pass(amounts, threads)) left += outcome.left;
    return left;
  }

  struct Found {
    Int128 cost = 0, bound = 0;
  };
  /// Minimises at one resolution, from the center, until the relative gap is `gap`.
  Found descend(const PassMatrix& matrix, double gap, int most_passes, int threads, int& count) {
    Found found;
    found.cost = look(matrix, center, threads);
    ++count;
    bool open = false;  // trust everything: the master's value bounds the whole
    for (int idle = 0; count < most_passes;) {
      trust(open ? 1 : radius);
      if (!master.solve()) break;
      const bool free = open || !presses_on(radius);
      if (free) found.bound = std::max(found.bound, bound());
      const double predicted = real(found.cost) / (real(denominator) * scale()) - master.value();
      const double current = real(found.cost) / (real(denominator) * scale());
      if (real(found.cost - found.bound) <= gap * real(found.cost)) break;
      if (predicted <= 0.5 * gap * current) {
        if (free && ++idle > 3) break;  // as near as doubles lead
        open = true;
        if (!free) continue;
      }
      auto amounts = proposal();
      auto magnified = amounts;
      auto whole_point = amounts;
      const bool near = near_whole(whole_point, magnified);
      forget_idle_cuts();
      if (near) {
        (void)look(matrix, magnified, threads);
        ++count;
      }
      Int128 then = found.cost;
      if (near && whole_point != center) {
        then = look(matrix, whole_point, threads);
        ++count;
      }
      if (near && then < found.cost) {
        amounts = whole_point;
      } else {
        then = look(matrix, amounts, threads);
        ++count;
      }
      const double gained = real(found.cost - then) / (real(denominator) * scale());
      if (then < found.cost) {
        if (!free && gained > 0.5 * predicted) radius = std::min(1.0, 2 * radius);
        found.cost = then;
        center = amounts;
        idle = 0;
        open = false;
      } else if (!open) {
        radius *= 0.5;
        // So near, whole units of the grid hide what is left to gain: look from afar again.
        if (radius < kRadiusMin) {
          radius = kRadiusAgain;
          open = true;
        }
      }
    }
    return found;
  }

  /// Whole counts near the center: the best of three roundings.
  std::vector<std::int64_t> whole(Int128& best_cost, Int128& best_left, int threads) {
    const std::int64_t one = std::int64_t{1} << shift;
    std::vector<std::int64_t> best;
    for (const std::int64_t shove : {one / 2, std::int64_t{0}, one - 1}) {
      std::vector<std::int64_t> amounts(offers());
      bool is_center = true;
      for (std::size_t i = 0; i < offers(); ++i) {
        amounts[i] = std::min((center[i] + shove) / one * one, most[i] / one * one);
        is_center = is_center && amounts[i] == center[i];
      }
      const Int128 left = left_by(amounts, threads);
      ++passes;
      const Int128 its_cost = cost(amounts, left);
      if (best.empty() || its_cost < best_cost) {
        best = amounts;
        best_cost = its_cost;
        best_left = left;
      }
      if (is_center) break;
    }
    return best;
  }
};

PortfolioSolver::PortfolioSolver(std::unique_ptr<State> state) : state_(std::move(state)) {}
PortfolioSolver::~PortfolioSolver() = default;
PortfolioSolver::PortfolioSolver(PortfolioSolver&&) noexcept = default;
PortfolioSolver& PortfolioSolver::operator=(PortfolioSolver&&) noexcept = default;

namespace {

/// The highest demand of each scope in any hour.
std::vector<Int128> peaks_of(const PortfolioProblem& problem) {
  const std::size_t scopes = problem.parent.size();
  std::vector<Int128> peaks(scopes, 0), now(scopes);
  for (std::size_t hour = 0; hour < problem.hours; ++hour) {
    std::fill(now.begin(), now.end(), 0);
    for (std::size_t scope = 0; scope < scopes; ++scope) {
      if (scope < problem.pools) now[scope] = problem.counts[scope * problem.hours + hour];
      peaks[scope] = std::max(peaks[scope], now[scope]);
      if (problem.parent[scope] >= 0)
        now[static_cast<std::size_t>(problem.parent[scope])] += now[scope];
    }
  }
  return peaks;
}

Status check(const PortfolioProblem& problem) {
  const auto bad = [](std::string what) {
    return fail("SY1826", std::move(what), "", "correct the scopes or offers");
  };
  if (problem.hours == 0 || problem.counts.size() != problem.pools * problem.hours ||
      problem.parent.size() < problem.pools)
    return bad("demand and scopes do not fit each other");
  for (std::size_t scope = 0; scope < problem.parent.size(); ++scope) {
    const int parent = problem.parent[scope];
    if (parent >= 0 && (static_cast<std::size_t>(parent) <= scope ||
                        static_cast<std::size_t>(parent) < problem.pools ||
                        static_cast<std::size_t>(parent) >= problem.parent.size()))
      return bad("scopes are no forest");
  }
  for (const PortfolioOffer& offer : problem.offers)
    if (offer.scope >= problem.parent.size() || offer.begin >= offer.end ||
        offer.end > problem.hours || offer.price.denominator <= 0 || offer.price.numerator < 0)
      return bad("offer " + offer.name + " has no such scope, hours or price");
  for (const auto& held : problem.held)
    if (!held.empty() && held.size() != problem.hours)
      return bad("what is held does not say so for each hour");
  for (const std::int64_t count : problem.counts)
    if (count < 0) return bad("demand is negative");
  return {};
}

}  // namespace

Result<PortfolioSolver> PortfolioSolver::make(PortfolioProblem problem) {
  if (auto sound = check(problem); !sound) return pass(sound);
  auto state = std::make_unique<State>();
  state->problem = std::move(problem);
  const PortfolioProblem& own = state->problem;
  const auto peaks = peaks_of(own);
  Int128 peak = 1;
  for (const Int128 value : peaks) peak = std::max(peak, value);
  const auto too_large = [] {
    return fail("SY1826", "demand, prices or weights are too large for exact sums", "",
                "round the quantities, or the prices to fewer digits");
  };
  // A grid finer than whole counts keeps the search smooth where counts are coarse.
  const std::size_t coarsest = std::min<std::size_t>(own.hours, 96);
  state->shift = 12;
  while (state->shift > 0 && real(peak) * std::ldexp(1.0, state->shift) > 0x1p29) --state->shift;
  if (real(peak) * static_cast<double>(coarsest) * std::ldexp(1.0, state->shift) > 0x1p60)
    return too_large();
  state->parts = std::clamp<std::size_t>(own.offers.size() / kOffersPerPart, 1, kPartsMax);
  if (own.hours < 64 * state->parts) state->parts = 1;
  const PassMatrix full(own, 1, state->shift, state->parts);
  for (const PortfolioOffer& offer : own.offers) {
    Int128 most = peaks[offer.scope];
    if (offer.most >= 0) most = std::min<Int128>(most, offer.most);
    state->most.push_back(static_cast<std::int64_t>(most) << state->shift);
    std::int64_t hours = 0;
    for (const PassSegment& segment : full.segments())
      if (offer.begin <= segment.first_hour && segment.first_hour < offer.end)
        hours += segment.weight * static_cast<std::int64_t>(segment.end - segment.begin);
    state->hours.push_back(hours);
  }
  const std::vector<std::int64_t> nothing(own.offers.size(), 0);
  for (const auto& outcome : full.pass(nothing, 1)) state->usage += outcome.left;
  state->price();
  if (!state->fits()) return too_large();
  for (const std::size_t group : {96, 24, 6})
    if (own.hours >= 64 * group) state->levels.emplace_back(own, group, state->shift, state->parts);
  state->levels.push_back(full);
  state->build_master();
  return PortfolioSolver(std::move(state));
}

void PortfolioSolver::set_price(std::size_t offer, PriceRatio price) {
  SY_ASSERT(offer < state_->offers() && price.denominator > 0 && price.numerator >= 0);
  state_->problem.offers[offer].price = price;
  state_->price();
  SY_ASSERT(state_->fits());
  for (std::size_t i = 0; i < state_->offers(); ++i)
    state_->master.set_cost(static_cast<int>(i), state_->master_cost(i));
}

void PortfolioSolver::set_most(std::size_t offer, std::int64_t most) {
  SY_ASSERT(offer < state_->offers() && most >= 0);
  state_->most[offer] = most << state_->shift;
  for (std::size_t i = 0; i < state_->center.size(); ++i)
    state_->center[i] = std::min(state_->center[i], state_->most[i]);
  SY_ASSERT(state_->fits());
  state_->build_master();
}

PortfolioResult PortfolioSolver::solve(const PortfolioOptions& options) {
  State& state = *state_;
  const int before = state.passes;
  State::Found found;
  const bool many = state.offers() > kMany;
  Int128 proven = 0;
  if (many) proven = state.approach(options.gap, options.threads);
  if (state.center.empty()) {
    state.center.assign(state.offers(), 0);
    state.radius = 1;
    for (std::size_t level = 0; level + 1 < state.levels.size(); ++level) {
      int coarse_passes = 0;
      state.descend(state.levels[level], 1e-4, 100, options.threads, coarse_passes);
    }
  }
  state.radius = std::max(state.radius, kRadiusAgain);
  int count = 0;
  // The end of the search is sudden: a vertex is optimal or it is not. Who asks for a proof gets
  // one that rounding to whole counts does not lose; who asks for less is served sooner.
  const double aim = options.gap * (options.gap <= 1e-8 ? 1e-3 : 0.5);
  if (!many || (state.offers() <= kTooMany && !state.near(proven, options.gap, options.threads)))
    found = state.descend(state.levels.back(), aim, options.max_passes, options.threads, count);
  found.bound = std::max(found.bound, proven);
  state.passes += count;
  PortfolioResult result;
  Int128 left = 0;
  auto amounts = state.whole(result.cost, left, options.threads);
  const Int128 one = Int128{1} << state.shift;
  for (const std::int64_t amount : amounts)
    result.amounts.push_back(static_cast<std::int64_t>(amount / one));
  result.cost /= one;
  result.on_demand = left / one;
  result.usage_left = state.usage / one;
  result.denominator = state.denominator;
  // Whole amounts cost whole units, so the bound may be rounded up to one.
  result.bound = (found.bound + one - 1) / one;
  result.gap = result.cost == 0 ? 0 : real(result.cost - result.bound) / real(result.cost);
  result.passes = state.passes - before;
  result.cuts = static_cast<int>(state.cuts.size());
  result.proven = result.gap <= options.gap;
  return result;
}

Int128 PortfolioSolver::cost_of(std::span<const std::int64_t> amounts, int threads) {
  SY_ASSERT(amounts.size() == state_->offers());
  std::vector<std::int64_t> on_grid(amounts.begin(), amounts.end());
  for (auto& amount : on_grid) amount <<= state_->shift;
  return state_->cost(on_grid, state_->left_by(on_grid, threads)) >> state_->shift;
}

PortfolioProblem pools_and_plan(const Demand& demand, PriceRatio pool_price,
                                PriceRatio plan_price) {
  PortfolioProblem problem;
  problem.pools = demand.pools.size();
  problem.hours = demand.hours;
  problem.counts = demand.counts;
  problem.parent.assign(problem.pools + 1, static_cast<int>(problem.pools));
  problem.parent.back() = -1;
  for (std::size_t pool = 0; pool < problem.pools; ++pool)
    problem.offers.push_back({demand.name(pool), pool, pool_price, 0, problem.hours, -1});
  problem.offers.push_back({"plan", problem.pools, plan_price, 0, problem.hours, -1});
  return problem;
}

}  // namespace steelyard
