// What Newton's method (portfolio_newton.h) works on: the scopes of a portfolio, laid out once, and
// stages of its hours, from a sample to all. Whole counts lie on lattices where many hours have one
// kink; so demand can be spread over the count below it, at random. Behind the door of
// commitments/.
#pragma once

#include <cstddef>
#include <vector>

#include "commitments/portfolio.h"

namespace steelyard {

struct PortfolioForest {
  /// `portfolio` must outlive this.
  explicit PortfolioForest(const PortfolioProblem& portfolio);

  const PortfolioProblem* problem;
  std::vector<std::vector<std::size_t>> below;   ///< per inner scope: all scopes below, top down
  std::vector<std::vector<std::size_t>> offers;  ///< per scope
  std::vector<double> size;                      ///< per scope: mean demand
  /// Per scope: its subtree of few offers, or -1 for the wider scopes.
  std::vector<int> block;
  std::size_t blocks = 0;
};

/// Hours, or a sample of them in which each stands for its neighbours.
struct PortfolioStage {
  struct Segment {
    std::size_t begin, end;           ///< columns
    std::size_t hour;                 ///< the first
    std::vector<std::size_t> active;  ///< offers
  };
  std::size_t columns = 0;
  std::vector<double> weight;             ///< per column
  std::vector<double> demand;             ///< pool-major, less what is held of the pool itself
  std::vector<std::vector<double>> held;  ///< per scope: empty, or per column
  std::vector<Segment> segments;
  std::vector<double> hours;  ///< per offer: weighted, that it covers
};

/// One of each `stride` hours; `whole` counts, or spread over the count below.
PortfolioStage stage_of(const PortfolioProblem& problem, std::size_t stride, bool whole);

}  // namespace steelyard
