#include "commitments/portfolio_system.h"

#include <algorithm>

#include "commitments/dense_matrix.h"
#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr std::size_t kSquaresMax = 4000;  ///< of the wider scopes: their matrix is dense
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class System {
 public:
  System(const PortfolioForest& forest, const PortfolioStage& stage, const PortfolioCells& cells,
         const PurchaseBox& box, std::span<const double> damping, std::span<const double> amounts,
         int threads)
      : forest_(forest),
        problem_(*forest.problem),
        stage_(stage),
        cells_(cells),
        box_(box),
        damping_(damping),
        threads_(threads),
        place_(problem_.offers.size(), kNone),
        members_(forest.blocks),
        first_(forest.blocks + 1, 0),
        pools_(forest.blocks),
        squares_(forest.blocks) {
    for (std::size_t i = 0; i < place_.size(); ++i) {
      if (!box.may_move(i, amounts[i], cells.used[i])) continue;
      auto& list = of_block(forest.block[problem_.offers[i].scope], members_, wide_);
      place_[i] = list.size();
      list.push_back(i);
    }
    for (std::size_t block = 0; block < forest.blocks; ++block)
      first_[block + 1] = first_[block] + members_[block].size();
    for (std::size_t pool = 0; pool < problem_.pools; ++pool)
      pools_[static_cast<std::size_t>(forest.block[pool])].push_back(pool);
    for (std::size_t k = 0; k < cells.squares.size(); ++k)
      of_block(forest.block[cells.squares[k].scope], squares_, wide_squares_).push_back(k);
  }

  bool is_too_large() const { return wide_squares_.size() > kSquaresMax; }

  std::vector<double> solve() {
    factor_blocks();
    lay_wide_squares();
    const std::size_t narrow = first_.back(), joined = wide_squares_.size();
    // What joins the blocks.
    DenseMatrix join(joined);
    join.assign_products(rows_, narrow, threads_);
    std::vector<double> pull(joined);
    for (std::size_t k = 0; k < joined; ++k) {
      join.row(k)[k] += 1 / cells_.squares[wide_squares_[k]].weight;
      pull[k] = dot(rows_.data() + k * narrow, result_.data(), narrow);
    }
    join.factor();
    join.forward(pull.data());
    in_parallel(wide_.size(), threads_,
                [&](std::size_t i) { join.forward(wide_rows_.data() + i * joined); });
    // The wide offers, with all others eliminated.
    DenseMatrix last(wide_.size());
    std::vector<double> moved(wide_.size());
    for (std::size_t i = 0; i < wide_.size(); ++i) {
      const double* row = wide_rows_.data() + i * joined;
      for (std::size_t j = 0; j <= i; ++j)
        last.row(i)[j] = dot(row, wide_rows_.data() + j * joined, joined);
      last.row(i)[i] += damping_[wide_[i]];
      moved[i] = right(wide_[i]) - dot(row, pull.data(), joined);
    }
    last.factor();
    last.forward(moved.data());
    last.backward(moved.data());
    // And back to those.
    for (std::size_t i = 0; i < wide_.size(); ++i)
      for (std::size_t k = 0; k < joined; ++k) pull[k] += wide_rows_[i * joined + k] * moved[i];
    join.backward(pull.data());
    for (std::size_t k = 0; k < joined; ++k) {
      const double* row = rows_.data() + k * narrow;
      for (std::size_t i = 0; i < narrow; ++i) result_[i] -= row[i] * pull[k];
    }
    std::vector<double> steps(place_.size(), 0);
    for (std::size_t block = 0; block < factors_.size(); ++block) {
      factors_[block].backward(result_.data() + first_[block]);
      for (std::size_t i = 0; i < members_[block].size(); ++i)
        steps[members_[block][i]] = result_[first_[block] + i];
    }
    for (std::size_t i = 0; i < wide_.size(); ++i) steps[wide_[i]] = moved[i];
    return steps;
  }

 private:
  using Lists = std::vector<std::vector<std::size_t>>;

  static std::vector<std::size_t>& of_block(int block, Lists& blocks,
                                            std::vector<std::size_t>& wide) {
    return block < 0 ? wide : blocks[static_cast<std::size_t>(block)];
  }
  double right(std::size_t offer) const { return cells_.used[offer] - box_.fee[offer]; }
  bool covers(std::size_t offer, std::size_t segment) const {
    const std::size_t hour = stage_.segments[segment].hour;
    return place_[offer] != kNone && problem_.offers[offer].begin <= hour &&
           hour < problem_.offers[offer].end;
  }

  void factor_blocks() {
    factors_.resize(forest_.blocks);
    result_.assign(first_.back(), 0);
    in_parallel(forest_.blocks, threads_, [&](std::size_t block) {
      const auto& own = members_[block];
      DenseMatrix& matrix = factors_[block];
      matrix = DenseMatrix(own.size());
      if (own.empty()) return;
      for (std::size_t i = 0; i < own.size(); ++i) matrix.row(i)[i] = damping_[own[i]];
      for (std::size_t segment = 0; segment < stage_.segments.size(); ++segment)
        for (const std::size_t pool : pools_[block])
          if (cells_.curvature[segment][pool] > 0)
            add(matrix, segment, pool, pool, cells_.curvature[segment][pool]);
      add_squares(matrix, block);
      matrix.factor();
      double* out = result_.data() + first_[block];
      for (std::size_t i = 0; i < own.size(); ++i) out[i] = right(own[i]);
      matrix.forward(out);
    });
  }
  /// Curvature that the offers of two scopes have in common.
  void add(DenseMatrix& matrix, std::size_t segment, std::size_t a, std::size_t b,
           double value) const {
    for (const std::size_t i : forest_.offers[a]) {
      if (!covers(i, segment)) continue;
      for (const std::size_t j : forest_.offers[b])
        if (place_[j] <= place_[i] && covers(j, segment)) matrix.row(place_[i])[place_[j]] += value;
    }
  }
  /// Squares of a segment are first added up by scope, for its offers are the same in all hours.
  void add_squares(DenseMatrix& matrix, std::size_t block) const {
    std::vector<std::size_t> local(problem_.parent.size(), kNone), scopes;
    for (std::size_t scope = 0; scope < problem_.parent.size(); ++scope)
      if (forest_.block[scope] == static_cast<int>(block)) {
        local[scope] = scopes.size();
        scopes.push_back(scope);
      }
    const std::size_t size = scopes.size();
    const auto& squares = squares_[block];
    std::vector<double> sums;
    for (std::size_t k = 0; k < squares.size();) {
      const std::size_t segment = cells_.squares[squares[k]].segment;
      sums.assign(size * size, 0);
      for (; k < squares.size(); ++k) {
        const auto& square = cells_.squares[squares[k]];
        if (square.segment != segment) break;
        for (std::size_t a = square.begin; a < square.end; ++a) {
          double* row = sums.data() + local[cells_.scopes[a]] * size;
          const double value = square.weight * cells_.slopes[a];
          for (std::size_t b = square.begin; b < square.end; ++b)
            row[local[cells_.scopes[b]]] += value * cells_.slopes[b];
        }
      }
      for (std::size_t a = 0; a < size; ++a)
        for (std::size_t b = 0; b < size; ++b)
          if (sums[a * size + b] != 0)
            add(matrix, segment, scopes[a], scopes[b], sums[a * size + b]);
    }
  }

  /// The slopes of the offers in the squares of the wider scopes; of those in blocks L^-1 of them.
  void lay_wide_squares() {
    const std::size_t narrow = first_.back(), joined = wide_squares_.size();
    rows_.assign(joined * narrow, 0);
    wide_rows_.assign(wide_.size() * joined, 0);
    in_parallel(joined, threads_, [&](std::size_t k) {
      const auto& square = cells_.squares[wide_squares_[k]];
      double* row = rows_.data() + k * narrow;
      for (std::size_t a = square.begin; a < square.end; ++a) {
        const std::size_t scope = cells_.scopes[a];
        const int block = forest_.block[scope];
        for (const std::size_t i : forest_.offers[scope]) {
          if (!covers(i, square.segment)) continue;
          if (block < 0)
            wide_rows_[place_[i] * joined + k] = cells_.slopes[a];
          else
            row[first_[static_cast<std::size_t>(block)] + place_[i]] = cells_.slopes[a];
        }
      }
    });
    in_parallel((joined + 3) / 4, threads_, [&](std::size_t quad) {
      const std::size_t k = 4 * quad;
      for (std::size_t block = 0; block < factors_.size(); ++block)
        factors_[block].forward(rows_.data() + k * narrow + first_[block], narrow,
                                std::min<std::size_t>(4, joined - k));
    });
  }

  const PortfolioForest& forest_;
  const PortfolioProblem& problem_;
  const PortfolioStage& stage_;
  const PortfolioCells& cells_;
  const PurchaseBox& box_;
  std::span<const double> damping_;
  int threads_;
  std::vector<std::size_t>
      place_;                      ///< of an offer: in its block, or among the wide; if it may move
  Lists members_;                  ///< per block: offers
  std::vector<std::size_t> wide_;  ///< offers of the wider scopes
  std::vector<std::size_t> first_;  ///< of a block's offers, in all rows
  Lists pools_, squares_;           ///< per block
  std::vector<std::size_t> wide_squares_;
  std::vector<DenseMatrix> factors_;  ///< per block
  std::vector<double> result_;        ///< the steps of the offers in blocks, in the end
  std::vector<double> rows_;          ///< [wide square][offer in a block]
  std::vector<double> wide_rows_;     ///< [wide offer][wide square]
};

}  // namespace

std::vector<double> newton_step(const PortfolioForest& forest, const PortfolioStage& stage,
                                const PortfolioCells& cells, const PurchaseBox& box,
                                std::span<const double> damping, std::span<const double> amounts,
                                int threads) {
  System system(forest, stage, cells, box, damping, amounts, threads);
  if (system.is_too_large()) return {};
  return system.solve();
}

}  // namespace steelyard
