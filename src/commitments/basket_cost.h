// The smooth cost of a basket of many purchases (basket_newton.h), as for portfolios
// (portfolio_cost.h). What a node of the order leaves, max(0, z), becomes a parabola for
// 0 < z < 2 * width (Kink), and so do the excess of a scenario's regret over the threshold of the
// tail and what goes beyond a row. What goes beyond a limit of the problem costs a price and a
// square; from width to width the slope there becomes the price (an augmented Lagrangian), so the
// square need not become narrow, and its end is far from where the limit holds. The multipliers
// that follow, whatever they are, bound the cost of all baskets. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "commitments/basket_flow.h"
#include "commitments/basket_look.h"
#include "commitments/newton_path.h"

namespace steelyard {

/// What of a basket may be bought at all, and within which limits. Amounts are of those.
struct BasketPurchases {
  struct Limit {
    std::vector<std::size_t> at;
    std::vector<double> weight;
    double most, height;  ///< multiplier beyond which nothing pays
    double scale;         ///< the sum that matters; of which the parabola is a part
    double price = 0;     ///< multiplier, as far as it is known; of limits of the problem
    double bend() const;
    double price_at(std::span<const double> amounts) const;
  };

  /// The problem must outlive this. `bounds` per variable. `rows` hold beside its limits, with
  /// weights of any sign.
  BasketPurchases(const BasketProblem& basket, std::span<const double> bounds,
                  std::span<const BasketLimit> rows);

  PurchaseBox box() const { return {fee, most}; }
  const BasketVariable& variable(std::size_t i) const { return problem.variables[live[i]]; }
  /// One for each variable of the problem.
  std::vector<double> whole(std::span<const double> amounts) const;
  /// So much less that all limits of the problem are kept: the last digits, as a rule.
  std::vector<double> within(std::vector<double> amounts) const;
  /// What the limits of the problem are worth at these amounts.
  void price_limits(std::span<const double> amounts);

  const BasketProblem& problem;
  std::vector<std::size_t> live;  ///< variables
  std::vector<double> hours, fee, most;
  std::vector<Limit> limits;  ///< that could be reached: first those of the problem
  std::size_t own_limits = 0;

 private:
  void add_limits(std::span<const BasketLimit> added, double steepness);
};

/// All that is known at given amounts.
struct BasketView {
  double value = 0, smoothing = 0;
  std::vector<BasketBlock> blocks;          ///< [scenario * steps + step]
  std::vector<double> rest;                 ///< per scenario
  std::vector<double> weight;               ///< of each scenario: probability and tail
  std::vector<double> tail_bend;            ///< of each scenario's excess
  std::vector<std::vector<double>> slopes;  ///< per scenario and purchase: what more of it saves
  std::vector<double> used;                 ///< per purchase: weighed sum of those, less limits
  std::vector<double> limit_slope;          ///< per limit: its multiplier
  std::vector<double> limit_bend;
};

class BasketCost {
 public:
  /// `shown` is the problem of the purchases, or a sample of its hours. `best` per scenario, if
  /// there is risk. All must outlive this.
  BasketCost(const BasketPurchases& purchases, const BasketProblem& shown,
             std::span<const double> best, int threads);
  BasketCost(const BasketCost&) = delete;  // looks refer to the flow
  BasketCost& operator=(const BasketCost&) = delete;

  /// `width` is a share of the mean usage at each node.
  BasketView look(std::span<const double> amounts, double width);
  /// What no basket costs less than, by the multipliers at these amounts; of all hours.
  double bound(std::span<const double> amounts, double width);

  const BasketPurchases& purchases() const { return purchases_; }
  const BasketProblem& problem() const { return problem_; }
  const BasketFlow& flow() const { return flow_; }
  /// Fees that a line could have.
  double fees_of(std::size_t line) const { return fees_of_[line]; }
  int threads() const { return threads_; }

 private:
  std::vector<double> widths(double width) const;
  void weigh(BasketView& view, double width) const;
  void add_limits(BasketView& view, std::span<const double> amounts, double width) const;

  const BasketPurchases& purchases_;
  const BasketProblem& problem_;
  std::span<const double> best_;
  int threads_;
  BasketFlow flow_;
  std::vector<std::vector<std::uint32_t>> upstream_;
  std::vector<BasketLook> looks_;  ///< scratch
  std::vector<double> size_;       ///< per node: mean usage
  std::vector<double> fees_of_;
  double total_ = 0;  ///< usage
};

}  // namespace steelyard
