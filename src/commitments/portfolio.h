// The best purchases of many commitments whose scopes lie within each other, with proof. Scopes
// form a forest: a pool is a leaf, a wider scope (a family, a region, everything) is the parent of
// what it covers. In every hour a scope's commitments cover what its children left uncovered:
//     left(n) = max(0, sum over children of left - held(n) - bought(n))
// and what the roots leave is paid on demand. With one price on demand per unit this greedy order
// is optimal, so the cost is a convex, piecewise linear function of the purchases, with millions of
// hours behind a few variables. It is minimised by cutting planes in a trust region: one pass over
// the demand gives cost and slope in integers; the master is a small linear program. Sums of hours
// give weaker cuts that are valid all the same (the mean of hours is no harder to cover than they
// are) and cost little, so the search begins with those. Costs and the bound are recomputed in
// integers: nothing that is reported rests on the solver's doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "commitments/demand.h"
#include "commitments/level.h"

namespace steelyard {

/// Something that can be bought: cover of a scope in the hours [begin, end).
struct PortfolioOffer {
  std::string name;
  std::size_t scope = 0;           ///< index of a scope; pools come first
  PriceRatio price;                ///< of a unit in an hour, over its price on demand
  std::size_t begin = 0, end = 0;  ///< hours that it covers and is paid for
  std::int64_t most = -1;          ///< at most so many counts; -1: as many as could be of use
};

struct PortfolioProblem {
  std::size_t pools = 0, hours = 0;
  std::vector<std::int64_t> counts;  ///< pool-major, not negative
  /// Pools 0..pools-1, then the wider scopes; the parent's index, or -1 for a root. A parent comes
  /// after its children.
  std::vector<int> parent;
  std::vector<PortfolioOffer> offers;
  /// Per scope what is held already: empty, or counts for each hour. Sunk: its cost is not counted.
  std::vector<std::vector<std::int64_t>> held;
  /// Per stretch of hours how much it counts, as scenarios with a probability do. Empty: all
  /// hours 1.
  struct Weight {
    std::size_t begin = 0, end = 0;
    std::int64_t weight = 1;
  };
  std::vector<Weight> weights;
};

/// The problem of pools with one offer each and one plan over everything; `hours` of `demand`.
PortfolioProblem pools_and_plan(const Demand& demand, PriceRatio pool_price, PriceRatio plan_price);

struct PortfolioOptions {
  double gap = 1e-9;      ///< relative; the search ends when the bound is this near
  int max_passes = 2000;  ///< over the demand at full resolution
  int threads = 0;        ///< 0: as many as the machine has; changes no result
};

struct PortfolioResult {
  std::vector<std::int64_t> amounts;  ///< per offer, whole counts
  /// Weighted count-hours x `denominator`: what the amounts and the rest on demand cost, exactly.
  Int128 cost = 0;
  Int128 on_demand = 0;   ///< weighted count-hours left uncovered (not scaled)
  Int128 usage_left = 0;  ///< the same if nothing is bought
  Int128 denominator = 1;
  /// No whole amounts cost less; the same units as `cost`. The bound holds for any amounts before
  /// it is rounded up to a whole unit, which whole amounts always cost.
  Int128 bound = 0;
  double gap = 0;       ///< (cost - bound) / cost
  int passes = 0;       ///< over the demand at full resolution
  int cuts = 0;         ///< of all resolutions, in the master at the end
  bool proven = false;  ///< the gap asked for was reached
};

/// Keeps its cuts: after a change of price or limit they still hold, and the search goes on from
/// the last optimum.
class PortfolioSolver {
 public:
  /// SY1826: scopes that are no forest, an offer for an unknown scope or empty hours, or numbers so
  /// large that sums of them leave 128 bits.
  static Result<PortfolioSolver> make(PortfolioProblem problem);
  ~PortfolioSolver();
  PortfolioSolver(PortfolioSolver&&) noexcept;
  PortfolioSolver& operator=(PortfolioSolver&&) noexcept;

  void set_price(std::size_t offer, PriceRatio price);
  void set_most(std::size_t offer, std::int64_t most);
  PortfolioResult solve(const PortfolioOptions& options = {});

  /// Exact cost of given amounts: one pass.
  Int128 cost_of(std::span<const std::int64_t> amounts, int threads = 0);

 private:
  struct State;
  explicit PortfolioSolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
