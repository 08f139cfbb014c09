// The way to the optimum of a portfolio of many purchases: Newton's method on a smooth cost
// (portfolio_cost.h), each step a linear system (portfolio_system.h). The method starts with wide
// parabolas on a sample of hours and halves its way down; demand is first spread over the count
// below it, and true at the end (portfolio_stage.h).
// Behind the door of commitments/; portfolio.cc is its only user.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "commitments/newton_path.h"
#include "commitments/portfolio.h"
#include "commitments/portfolio_cost.h"
#include "commitments/portfolio_stage.h"

namespace steelyard {

class SmoothPortfolio {
 public:
  /// `problem` must outlive this. `box` is handed to each search; its `most` is in counts.
  explicit SmoothPortfolio(const PortfolioProblem& problem);

  /// Widths are shares of a scope's mean demand. Goes on from `amounts`, if there are any, until
  /// `gap_of` says that the gap at `amounts` is at most `gap`; it is asked where the smooth gap is
  /// that small. False if no step leads there: `amounts` are near the optimum all the same.
  bool minimise(const PurchaseBox& box, double gap, int threads, std::vector<double>& amounts,
                const std::function<double()>& gap_of);

  /// The multipliers at `amounts`.
  PortfolioDual dual(std::span<const double> amounts, int bits, int threads) const;

 private:
  const PortfolioStage& all_hours() const { return exact_ ? *exact_ : stages_.back(); }
  /// From nothing, through the samples of hours, or from `amounts` at the width that suits them.
  void begin(const PurchaseBox& box, double open, int threads, std::vector<double>& amounts);
  /// Newton's method at one width, until what the slopes leave unproven is `slack` of what the
  /// parabolas do, or `open` of the cost.
  bool descend(const PortfolioStage& stage, const PurchaseBox& box, double slack, double open,
               int threads, std::vector<double>& amounts);
  /// From here on the true counts lead.
  void show_whole_counts();

  PortfolioForest forest_;
  std::vector<PortfolioStage> stages_;   ///< few hours to all
  std::optional<PortfolioStage> exact_;  ///< all hours, whole counts; once those are needed
  WidthPath path_;
  double smooth_gap_ = 0;
  std::vector<double> damping_;  ///< per offer: of its steps, over its hours and size
};

}  // namespace steelyard
