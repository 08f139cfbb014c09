// The smooth cost of a portfolio of many purchases (portfolio_newton.h). What a scope leaves,
// max(0, z), becomes a parabola between the kink at z = 0 and twice a width:
//     left(z) = width * s^2 + max(0, z - 2 width),   s = left'(z) = clamp(z / (2 width), 0, 1)
// so a scope's multiplier is its parent's times s, between zero and the parent's: in every hour a
// feasible solution of the dual, whatever the purchases. At the minimum of the smooth cost an
// offer's multipliers sum to its price, and the gap is a sum over the cells on a parabola of less
// than the width; it falls with the square of the width. No double here proves anything: dual_of()
// hands the multipliers over as whole numbers. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "commitments/portfolio.h"
#include "commitments/portfolio_stage.h"

namespace steelyard {

/// What a look at all cells, the hours of all scopes, finds.
struct PortfolioCells {
  double left = 0;           ///< smooth
  double smoothing = 0;      ///< by how much `left` exceeds what its multipliers prove
  std::vector<double> used;  ///< per offer: the sum of its multipliers
  std::vector<std::vector<double>> curvature;  ///< per segment, per pool
  /// Of an inner scope in one hour: weight x (sum of slope x amount over `scopes`) squared.
  struct Square {
    std::size_t scope, segment;
    double weight;
    std::size_t begin, end;  ///< of `scopes` and `slopes`
  };
  std::vector<Square> squares;
  std::vector<std::size_t> scopes;
  std::vector<double> slopes;
};

/// `width` is a share of each scope's mean demand.
PortfolioCells look_at(const PortfolioForest& forest, const PortfolioStage& stage, double width,
                       std::span<const double> amounts, int threads);

/// Multipliers as whole numbers of 2^-bits, never above their parent's.
struct PortfolioDual {
  Int128 height = 0;         ///< weighted demand x multiplier, less what is held
  std::vector<Int128> used;  ///< per offer: the sum of its scope's weighted multipliers
};
/// Of a stage of all hours.
PortfolioDual dual_of(const PortfolioForest& forest, const PortfolioStage& stage, double width,
                      std::span<const double> amounts, int bits, int threads);

}  // namespace steelyard
