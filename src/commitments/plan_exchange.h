// What to exchange, as a part of a plan: units of a convertible reserved instance that is held may
// move to other families or sizes; what they get there is worth at least as much. The search moves
// any part up to the whole, to several at once (exchange_relaxation.h); so its bound holds for
// moves of whole units, of which the best are then chosen: those that the search prefers, rounded,
// and changed while that costs less.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "commitments/basket.h"

namespace steelyard {

struct ExchangeMove {
  std::size_t from = 0, to = 0;  ///< lines of the problem
  std::size_t steps = 0;         ///< of the horizon that are left of the term
  std::size_t units = 1;         ///< that can be given up, in whole ones
  double unit_taken = 0;         ///< money an hour of each of them
  double unit_given = 0;         ///< and of a unit that is got
  /// What is got is worth at least this times what is given up, in units of its own; >= 1.
  double ratio = 1;
  /// Units that are got for so many; the fewest that are enough.
  std::function<double(std::size_t units)> units_for;
  /// What money an hour that is given up, and that is got, counts in each limit of the problem.
  std::vector<double> taken_in_limits, given_in_limits;

  double taken(std::size_t count) const { return unit_taken * static_cast<double>(count); }
  double given(std::size_t count) const;  ///< not less than taken
  /// What both together count in a limit; no less than nothing.
  double in_limit(std::size_t limit, double taken_money, double given_money) const;
};

/// Units of a line that move.
struct ExchangePart {
  std::size_t move = 0, units = 0;
};

struct ExchangeChoice {
  std::vector<ExchangePart> chosen;  ///< of each line no more units than there are
  double paid = 0;                   ///< for them, beyond the fees of what is given up
  double bound = 0;                  ///< no basket with any moves costs less
  /// As in BasketResult: of each scenario with moves; or without, where moves are many.
  std::vector<double> best;
  std::optional<BasketResult> beside;  ///< the best purchases, where they are known already
};

/// The moves worth making beside the best purchases; none if they save nothing.
ExchangeChoice choose_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                                const BasketOptions& options);
/// The problem of the purchases that is left after some moves.
BasketProblem after_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                              std::span<const ExchangePart> chosen);
/// What is paid for moves over the horizon, beyond the fees of what is given up.
double paid_for_exchanges(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                          std::span<const ExchangePart> chosen);
/// Whether moves alone keep all limits.
bool exchanges_within_limits(const BasketProblem& problem, std::span<const ExchangeMove> moves,
                             std::span<const ExchangePart> chosen);

}  // namespace steelyard
