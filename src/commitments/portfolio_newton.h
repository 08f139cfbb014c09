// The way to the optimum of a portfolio of many purchases: Newton's method on a smooth cost. What a
// scope leaves, max(0, z), becomes a parabola between the kink at z = 0 and twice a width:
//     left(z) = width * s^2 + max(0, z - 2 width),   s = left'(z) = clamp(z / (2 width), 0, 1)
// so a scope's multiplier is its parent's times s, between zero and the parent's: in every hour a
// feasible solution of the dual, whatever the purchases. At the minimum of the smooth cost an
// offer's multipliers sum to its price, and the gap is a sum over the cells on a parabola of less
// than the width; it falls with the square of the width. The method starts with wide parabolas on
// a sample of hours and halves its way down. Whole counts lie on lattices where many hours have
// one kink; so demand is first spread over the count below it, at random, and true at the end.
//     The curvature is a sum of one square for each cell on a parabola, over the purchases below
// it. Subtrees of a few hundred purchases are dense blocks; the squares of the wider scopes, as
// many as they have hours on a parabola, join them (Sherman, Morrison, Woodbury). No double here
// proves anything: dual() hands the multipliers over as whole numbers.
// Behind the door of commitments/; portfolio.cc is its only user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "commitments/portfolio.h"

namespace steelyard {

class SmoothPortfolio {
 public:
  /// `problem` must outlive this. `price` and `most` per offer are handed to each search.
  explicit SmoothPortfolio(const PortfolioProblem& problem);
  ~SmoothPortfolio();
  SmoothPortfolio(SmoothPortfolio&&) noexcept;
  SmoothPortfolio& operator=(SmoothPortfolio&&) noexcept;

  struct Offers {
    std::span<const double> fee;   ///< of a unit over all of its weighted hours
    std::span<const double> most;  ///< in counts
  };
  /// Widths are shares of a scope's mean demand. Goes on from `amounts`, if there are any, until
  /// `gap_of` says that the gap at `amounts` is at most `gap`; it is asked where the smooth gap is
  /// that small. False if no step leads there: `amounts` are near the optimum all the same.
  bool minimise(const Offers& offers, double gap, int threads, std::vector<double>& amounts,
                const std::function<double()>& gap_of);

  /// The multipliers at `amounts` as whole numbers of 2^-bits, never above their parent's.
  struct Dual {
    Int128 height = 0;         ///< weighted demand x multiplier, less what is held
    std::vector<Int128> used;  ///< per offer: the sum of its scope's weighted multipliers
  };
  Dual dual(std::span<const double> amounts, int bits, int threads) const;

 private:
  struct Stage;
  struct Cells;
  struct Blocks;
  /// One of each `stride` hours; `whole` counts, or spread over the count below.
  Stage stage_of(std::size_t stride, bool whole) const;
  Cells look(const Stage& stage, std::span<const double> amounts, int threads) const;
  /// Newton's method at one width, until what the slopes leave unproven is `slack` of what the
  /// parabolas do, or `open` of the cost.
  bool descend(const Stage& stage, const Offers& offers, double slack, double open, int rounds,
               int threads, std::vector<double>& amounts);
  std::vector<double> step(const Stage& stage, const Cells& cells, const Offers& offers,
                           std::span<const double> amounts, int threads) const;

  const PortfolioProblem* problem_;
  std::vector<std::vector<std::size_t>> below_;   ///< per inner scope: all scopes below, top down
  std::vector<std::vector<std::size_t>> offers_;  ///< per scope
  std::vector<double> size_;                      ///< per scope: mean demand
  std::vector<int> block_;                        ///< per scope, or -1 for the wider scopes
  std::size_t blocks_ = 0;
  std::vector<Stage> stages_;     ///< few hours to all
  std::unique_ptr<Stage> exact_;  ///< all hours, whole counts; once those are needed
  double width_ = 0, smooth_gap_ = 0;
  std::vector<double> damping_;  ///< per offer: of its steps, over its hours and size
};

}  // namespace steelyard
