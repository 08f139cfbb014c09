// What the searches for portfolios (portfolio_newton.h) and baskets (basket_newton.h) of many
// purchases have in common. Both minimise a smooth cost, in which parabolas stand for kinks, within
// bounds on each purchase; both begin with wide parabolas and go on to narrow ones. Behind the door
// of commitments/.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace steelyard {

inline constexpr double kFirstWidth = 0.15;
/// What slopes may leave unproven: on a sample of hours, over what the parabolas do; and at any
/// width, over the gap asked for.
inline constexpr double kSampleSlack = 2, kOpen = 0.2;

/// Amounts between nothing and `most`, each unit at its fee. `used` says of each what a unit more
/// of it saves: the slope of the cost is fee - used.
struct PurchaseBox {
  std::span<const double> fee;   ///< of a unit over all of its weighted hours
  std::span<const double> most;  ///< not negative

  double clamped(std::size_t i, double amount) const;
  /// Whether no bound holds it back where the cost would have it go.
  bool may_move(std::size_t i, double amount, double used) const;
  /// `rest` and the fees of `amounts`.
  double cost(double rest, std::span<const double> amounts) const;
  /// By how much a convex cost with these slopes may at most be above its minimum.
  double unproven(std::span<const double> used, std::span<const double> amounts) const;
  /// The slope of the cost along the way to `then`.
  double slope(std::span<const double> used, std::span<const double> amounts,
               std::span<const double> then) const;
};

/// Whether a step with this slope brought the cost from `value` far enough down.
bool is_better(double next, double value, double slope);

/// The widths of the parabolas, one after the other.
class WidthPath {
 public:
  /// `narrowing`: each width over the one before.
  explicit WidthPath(double narrowing) : narrowing_(narrowing) {}

  double width() const { return width_; }
  /// Begins at a width, or on other hours: where the optimum was before says nothing.
  void restart(double width);
  /// To the next width, and `amounts` ahead to where its optimum may be: from one to the next it
  /// moves nearly in a straight line.
  void narrow(const PurchaseBox& box, std::vector<double>& amounts);

 private:
  double narrowing_, width_ = kFirstWidth, width_before_ = 0;
  std::vector<double> before_;  ///< the optimum at the width before, if there was one
};

}  // namespace steelyard
