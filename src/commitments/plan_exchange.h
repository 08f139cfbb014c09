// What to exchange, as a part of a plan: a convertible reserved instance that is held may move,
// whole, to another family or size; what it gets there is worth at least as much. In the search a
// move is a variable that takes capacity from one line and gives it to another, in any part up to
// the whole and to several at once; so its bound holds for whole moves, of which the best are then
// chosen, one line after the other.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "commitments/basket.h"

namespace steelyard {

struct ExchangeMove {
  std::size_t from = 0, to = 0;  ///< lines of the problem
  double taken = 0, given = 0;   ///< money an hour, of the whole move; given >= taken > 0
  std::size_t steps = 0;         ///< of the horizon that are left of the term
  /// What the whole move counts in each limit of the problem; not negative.
  std::vector<double> in_limits;
};

struct ExchangeChoice {
  std::vector<std::size_t> chosen;  ///< indices of moves; of each line at most one
  double bound = 0;                 ///< no basket with any moves costs less
  BasketProblem problem;            ///< with the moves as variables behind the others
  std::vector<double> best;         ///< as in BasketResult, of that problem

  /// What is minimised, with the chosen moves and these amounts of the other variables.
  double cost(std::span<const double> amounts, int threads) const;
};

/// The moves worth making beside the best purchases; none if they save nothing.
ExchangeChoice choose_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                                const BasketOptions& options);
/// The problem of the purchases that is left after some moves.
BasketProblem after_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                              std::span<const std::size_t> chosen);

}  // namespace steelyard
