// How usage flows through the lines of a basket (basket.h). Pools that meet the same lines from
// some place of the order on, in the same order and at the same ratios, are one from there: what a
// line leaves of them depends on their sum alone. So the order becomes a forest of nodes, each
// covered by one line: a thousand pools with a commitment of their own each and a plan over all of
// them are a thousand nodes and one. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "commitments/basket.h"

namespace steelyard {

struct BasketNode {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t line = kNone;  ///< none: the last node, which is paid on demand
  double ratio = 1;
  std::size_t next = kNone;        ///< where what is left goes
  std::vector<std::size_t> pools;  ///< that come in here
  bool inner = false;              ///< other nodes lead here
  bool alone = false;              ///< no other node has its line
  /// Usage of `pools` if those are many: [(scenario * steps + step) * pattern + hour].
  std::vector<double> usage;
};

class BasketFlow {
 public:
  /// The problem must outlive this.
  explicit BasketFlow(const BasketProblem& problem);

  const BasketProblem& problem() const { return problem_; }
  /// In the order of application; a node comes before the next.
  const std::vector<BasketNode>& nodes() const { return nodes_; }
  /// Whether it is of one node only.
  bool is_alone(std::size_t line) const { return alone_[line]; }
  /// Nodes that others lead to, and the last.
  const std::vector<std::size_t>& inner() const { return inner_; }
  /// Usage that comes in at a node in a step of a scenario, hour by hour.
  void usage_of(const BasketNode& node, std::size_t scenario, std::size_t step, double* out) const;

 private:
  bool make_nodes(bool merge);
  void add_up();

  const BasketProblem& problem_;
  std::vector<BasketNode> nodes_;
  std::vector<bool> alone_;
  std::vector<std::size_t> inner_;
};

/// What one scenario says at given capacities: a value, and a bound of all other capacities:
///     rest on demand >= constant - sum of slope * capacity.
/// `relaxed` is what that says of these very capacities: covered in the best order.
struct BasketSlope {
  double on_demand = 0, constant = 0, relaxed = 0;
  std::vector<double> slope;   ///< [line * steps + step], not negative
  std::vector<double> unused;  ///< per line
};

/// One slope for each scenario and part of the time, [scenario * parts + part]. Threads share out
/// scenarios, so no sum depends on their number. With `widths`, one for each node, the
/// multipliers are those of a smooth cost (basket_cost.h), and what they bound is all that is
/// said.
std::vector<BasketSlope> slopes_at(const BasketFlow& flow, std::span<const double> capacity,
                                   int threads, std::size_t parts, bool with_slope,
                                   std::span<const double> widths = {});

/// As those of basket.h, of which each finds the flow anew.
BasketOutcome outcome_of(const BasketFlow& flow, std::span<const double> amounts, int threads = 0);
double cost_of(const BasketFlow& flow, std::span<const double> amounts,
               std::span<const double> best, int threads = 0);

/// What of a node is left, smoothly: max(0, z) as a parabola for 0 < z < 2 * width.
struct Kink {
  double width, scale;
  explicit Kink(double w) : width(w), scale(0.5 / w) {}
  double slope(double z) const {
    const double s = z * scale;
    return s < 0 ? 0 : s > 1 ? 1 : s;
  }
  double left(double z, double s) const {
    const double over = z - 2 * width;
    return width * s * s + (over > 0 ? over : 0);
  }
};

}  // namespace steelyard
