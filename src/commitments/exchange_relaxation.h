// The search for exchanges (plan_exchange.h) as a problem of purchases alone: what is kept of a
// line that may be given up is a variable that costs nothing, what it gets elsewhere are others,
// and a limit says that they are the whole of it at most. So moves need no kind of variable of
// their own, and the search finds them as it finds purchases, however many there are. Lines that
// may be given up for the same things until the same month are one source where there are many: a
// sum of what they give is all that the targets see. Behind the door of commitments/;
// plan_exchange.cc is its only user.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "commitments/basket.h"
#include "commitments/plan_exchange.h"

namespace steelyard {

/// Each move is two variables: got for what is given up is as little as may be, or as much as ever
/// because units are whole, which is for one alone. Every part is a sum of the two.
struct TwoWays {
  double least, most;  ///< got for each unit of money given up

  TwoWays(double least_ratio, double most_ratio) : least(least_ratio), most(most_ratio) {}
  explicit TwoWays(const ExchangeMove& move);
  bool are_one() const { return most < least * (1 + 1e-9); }
  std::pair<double, double> amounts(double taken, double given) const;
};

class ExchangeRelaxation {
 public:
  /// With `merge`, lines of the same targets are one source; its bound is no tighter. Both must
  /// outlive this.
  ExchangeRelaxation(const BasketProblem& problem, std::span<const ExchangeMove> moves, bool merge);

  /// Its purchases come first. None of its baskets costs more than the same with moves of whole
  /// units.
  const BasketProblem& problem() const { return relaxed_; }
  /// Units of each move at some amounts of that problem; of a merged source, so that few lines
  /// give to each target.
  std::vector<double> units(std::span<const double> amounts) const;

 private:
  /// A line that may be given up.
  struct Line {
    std::size_t line = 0, steps = 0;
    double whole = 0;      ///< money an hour
    std::size_t kept = 0;  ///< variable
  };
  /// Moves to one target, of at most one for each line of a source.
  struct Way {
    std::vector<std::size_t> moves;
    std::size_t first = 0;  ///< variable; the second way follows
    TwoWays ways{1, 1};
  };
  using Target = std::pair<std::size_t, double>;  ///< line and ratio
  struct Source {
    std::vector<std::size_t> lines;  ///< places in lines_
    std::map<Target, Way> ways;
  };

  void find_sources(bool merge);
  bool is_alike(const Source& source, std::size_t line,
                const std::map<Target, std::size_t>& targets) const;
  void keep_lines();
  void add_ways(Way& way);

  const BasketProblem& problem_;
  std::span<const ExchangeMove> moves_;
  BasketProblem relaxed_;
  std::vector<Line> lines_;
  std::vector<std::size_t> line_of_;  ///< of each move: place in lines_
  std::vector<Source> sources_;
};

}  // namespace steelyard
