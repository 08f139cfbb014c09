// The linear system of a step of Newton's method for baskets (basket_newton.h). The curvature of
// the smooth cost (basket_cost.h) is a sum of one square for each hour of a node on a parabola. Of
// a node that nothing leads to it is a number for its line, so most of the matrix is diagonal; the
// system is solved by conjugate gradients, preconditioned by blocks of the lines of one scope.
// Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "commitments/basket_cost.h"

namespace steelyard {

/// Lines that cover one scope after the other are solved for together.
struct BasketClusters {
  explicit BasketClusters(const BasketFlow& flow);

  std::vector<std::size_t> of, place;  ///< per line: its cluster, a line of it, and where in there
  std::vector<std::size_t> lines;      ///< per cluster: how many
};

class BasketSystem {
 public:
  /// `damping` is added to the curvature, over a purchase's hours and the fees its line could have.
  /// All must outlive this.
  BasketSystem(const BasketCost& cost, const BasketClusters& clusters, const BasketView& view,
               double damping);

  /// Where Newton's step leads from `amounts`, within the bounds: what would go beyond one stays
  /// there, and the others are solved for again.
  std::vector<double> step(std::span<const double> amounts) const;
  /// By how much the cost falls from `amounts` to `then`, if its slope and curvature are all.
  double foreseen(std::span<const double> amounts, std::span<const double> then) const;

 private:
  using Free = std::vector<char>;  ///< per purchase: whether it may move
  struct Preconditioner;

  double damping(std::size_t i) const;
  std::vector<double> times(const Free& free, std::span<const double> in) const;
  void times_blocks(std::size_t step, const double* capacity, double* out) const;
  void times_tail(const Free& free, std::span<const double> in, std::vector<double>& out) const;
  void times_limits(const Free& free, std::span<const double> in, std::vector<double>& out) const;
  Preconditioner precondition(const Free& free) const;
  void bend_clusters(std::size_t step, const std::vector<std::size_t>& first, double* out) const;
  void solve(const Free& free, std::span<const double> pull, std::vector<double>& x) const;

  const BasketCost& cost_;
  const BasketPurchases& purchases_;
  const BasketProblem& problem_;
  const BasketClusters& clusters_;
  const BasketView& view_;
  PurchaseBox box_;
  double damping_;
};

}  // namespace steelyard
