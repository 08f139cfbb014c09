// One pass over demand: what purchases leave uncovered, and how that changes with each of them.
// Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "commitments/portfolio.h"

namespace steelyard {

/// Hours at which something begins, ends or changes its weight, and between the `parts` of the
/// time.
std::vector<std::size_t> events_of(const PortfolioProblem& problem, std::size_t parts);
std::int64_t weight_at(const PortfolioProblem& problem, std::size_t hour);

/// Columns that stand for `width` hours each: their demand is summed, capacities count `width`
/// times.
struct PassSegment {
  std::size_t begin = 0, end = 0;  ///< columns
  std::int64_t width = 1, weight = 1;
  std::size_t first_hour = 0;       ///< of the problem
  std::size_t part = 0;             ///< of the time
  std::vector<std::size_t> active;  ///< offers that cover these hours
};

/// The demand at one resolution. Capacities come in units of 2^-shift counts.
class PassMatrix {
 public:
  /// `group` hours to a column; a segment's last column may have fewer and is a segment by itself.
  /// Time is split into `parts` of equal length, the same at every resolution.
  PassMatrix(const PortfolioProblem& problem, std::size_t group, int shift, std::size_t parts);

  struct Outcome {
    Int128 left = 0;  ///< weighted, in units of 2^-shift count-hours
    /// Per offer: weighted hours in which one more unit of it would be used; left falls by so much.
    std::vector<std::int64_t> used;
  };
  /// One for each part of the time. Exact, whatever the number of threads.
  std::vector<Outcome> pass(std::span<const std::int64_t> capacity, int threads) const;

  const std::vector<PassSegment>& segments() const { return segments_; }
  std::size_t columns() const { return columns_; }

 private:
  template <class T>
  void pass_columns(const std::vector<T>& rows, std::size_t segment, std::size_t begin,
                    std::size_t end, std::span<const std::int64_t> scope_capacity, Outcome& outcome,
                    std::vector<std::int64_t>& scope_used) const;

  std::size_t pools_, parts_, columns_ = 0;
  int shift_;
  std::vector<int> parent_;
  std::vector<std::size_t> offer_scope_;
  std::vector<std::vector<std::size_t>> children_;  ///< inner scopes only
  std::vector<PassSegment> segments_;
  /// Pool-major, already shifted and less what is held of the pool itself; one of the two is
  /// filled.
  std::vector<std::int32_t> narrow_;
  std::vector<std::int64_t> wide_;
  std::vector<std::vector<std::int64_t>> held_;  ///< of inner scopes, shifted, per column
};

}  // namespace steelyard
