// A look at a smooth basket (basket_cost.h): what a step of a scenario says at given capacities,
// its slope and its curvature. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "commitments/basket_flow.h"

namespace steelyard {

/// What a step of a scenario says at given capacities, all but for the weight of the scenario.
struct BasketBlock {
  double rest = 0, smoothing = 0;
  std::vector<double> slope, bend;  ///< per line: of more capacity; own curvature
  /// Squares of nodes: in each of `hours` hours weight * (sum over lines of coefficient *
  /// capacity)^2.
  struct Squares {
    std::size_t hours, lines, first_weight, first_line, first_coefficient;
  };
  std::vector<Squares> squares;
  std::vector<double> weights, coefficients;  ///< coefficients: [line][hour]
  std::vector<std::uint32_t> lines;
};

/// The nodes that decide what comes to each inner node, or to one whose line others use before it.
/// Empty if those are too many.
std::vector<std::vector<std::uint32_t>> basket_upstream(const BasketFlow& flow);

/// One thread's look at the hours of a step of a scenario.
class BasketLook {
 public:
  BasketLook(const BasketFlow& flow, const std::vector<std::vector<std::uint32_t>>& upstream);

  BasketBlock at(std::size_t scenario, std::size_t step, std::span<const double> capacity,
                 std::span<const double> widths);

 private:
  void cover(std::size_t scenario, std::size_t step, std::span<const double> capacity,
             BasketBlock& block);

  void value(BasketBlock& block);

  /// The squares of a node in the hours in which it is on its parabola: how z changes with the
  /// capacities, followed upwards through the order.
  void square(std::size_t node, const double* after, const double* value, BasketBlock& block);

  const BasketFlow& flow_;
  const BasketProblem& problem_;
  const std::vector<std::vector<std::uint32_t>>& upstream_;
  std::span<const double> widths_;
  std::size_t hours_, stride_;  ///< of a row: beyond the hours there is no usage
  double weight_ = 0;
  std::vector<double> rest_, slope_, worth_;  ///< per node
  std::vector<double> room_, value_;          ///< per line that several nodes have
  std::vector<std::vector<double>> of_node_, of_line_;
  std::vector<std::size_t> which_;
  std::vector<double> row_;
};

}  // namespace steelyard
