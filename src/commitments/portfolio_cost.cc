#include "commitments/portfolio_cost.h"

#include <algorithm>
#include <cmath>

#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr std::size_t kColumns = 64;  ///< looked at together
constexpr double kAlive = 1e-12;      ///< a multiplier below this carries no curvature

/// Columns of one segment.
struct Piece {
  std::size_t segment, begin, end;
};

/// Slopes and multipliers of all scopes in the columns of a piece; [scope * kColumns + column].
struct Slopes {
  std::vector<double> slope, multiplier, roots;  ///< `roots`: what the roots leave
  std::vector<double> rest, capacity, path;      ///< scratch
};

/// The way through all columns at given amounts, a piece at a time.
class Walk {
 public:
  Walk(const PortfolioForest& forest, const PortfolioStage& stage, double width,
       std::span<const double> amounts)
      : problem_(*forest.problem), stage_(stage), amounts_(amounts) {
    for (const double size : forest.size) widths_.push_back(width * size);
    for (std::size_t i = 0; i < stage.segments.size(); ++i)
      for (std::size_t at = stage.segments[i].begin; at < stage.segments[i].end; at += kColumns)
        pieces_.push_back({i, at, std::min(at + kColumns, stage.segments[i].end)});
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  const std::vector<double>& widths() const { return widths_; }

  void over(const Piece& piece, Slopes& out) const {
    const std::size_t scopes = problem_.parent.size(), count = piece.end - piece.begin;
    out.capacity.assign(scopes, 0);
    for (const std::size_t i : stage_.segments[piece.segment].active)
      out.capacity[problem_.offers[i].scope] += amounts_[i];
    out.slope.resize(scopes * kColumns);
    out.multiplier.resize(scopes * kColumns);
    out.rest.assign(scopes * kColumns, 0);
    out.roots.assign(kColumns, 0);
    for (std::size_t scope = 0; scope < scopes; ++scope) {
      const int parent = problem_.parent[scope];
      const double width = widths_[scope], scale = 0.5 / width, cap = out.capacity[scope];
      const bool is_pool = scope < problem_.pools;
      const double* in = is_pool ? stage_.demand.data() + scope * stage_.columns + piece.begin
                                 : out.rest.data() + scope * kColumns;
      double* left = parent < 0 ? out.roots.data()
                                : out.rest.data() + static_cast<std::size_t>(parent) * kColumns;
      double* own = out.slope.data() + scope * kColumns;
      const double* held =
          is_pool || stage_.held[scope].empty() ? nullptr : stage_.held[scope].data() + piece.begin;
      for (std::size_t i = 0; i < count; ++i) {
        const double z = in[i] - cap - (held ? held[i] : 0);
        const double s = std::min(1.0, std::max(0.0, z * scale));
        own[i] = s;
        left[i] += width * s * s + std::max(0.0, z - 2 * width);
      }
    }
    for (std::size_t scope = scopes; scope-- > 0;) {
      const double* s = out.slope.data() + scope * kColumns;
      double* own = out.multiplier.data() + scope * kColumns;
      if (problem_.parent[scope] < 0) {
        std::copy_n(s, count, own);
        continue;
      }
      const double* above =
          out.multiplier.data() + static_cast<std::size_t>(problem_.parent[scope]) * kColumns;
      for (std::size_t i = 0; i < count; ++i) own[i] = above[i] * s[i];
    }
  }

 private:
  const PortfolioProblem& problem_;
  const PortfolioStage& stage_;
  std::span<const double> amounts_;
  std::vector<double> widths_;  ///< per scope
  std::vector<Piece> pieces_;
};

struct Found {
  PortfolioCells cells;  ///< `used` per scope
  std::vector<double> curvature;
};

/// How what comes to an inner scope in a column changes with the amounts below it, squared.
void add_square(const PortfolioForest& forest, std::size_t scope, std::size_t segment,
                std::size_t column, double weight, Slopes& slopes, PortfolioCells& cells) {
  const std::size_t first = cells.scopes.size();
  const auto add = [&](std::size_t below, double slope) {
    slopes.path[below] = slope;
    if (slope <= 0 || forest.offers[below].empty()) return;
    cells.scopes.push_back(below);
    cells.slopes.push_back(slope);
  };
  add(scope, 1);
  for (const std::size_t below : forest.below[scope])
    add(below, slopes.path[static_cast<std::size_t>(forest.problem->parent[below])] *
                   slopes.slope[below * kColumns + column]);
  cells.squares.push_back({scope, segment, weight, first, cells.scopes.size()});
}

Found look_at(const PortfolioForest& forest, const PortfolioStage& stage, const Walk& walk,
              const Piece& piece) {
  const PortfolioProblem& problem = *forest.problem;
  const std::size_t scopes = problem.parent.size(), count = piece.end - piece.begin;
  thread_local Slopes slopes;
  slopes.path.resize(scopes);
  walk.over(piece, slopes);
  Found found;
  PortfolioCells& cells = found.cells;
  cells.used.assign(scopes, 0);
  found.curvature.assign(problem.pools, 0);
  const double* weight = stage.weight.data() + piece.begin;
  for (std::size_t i = 0; i < count; ++i) cells.left += weight[i] * slopes.roots[i];
  double all[kColumns];
  std::fill_n(all, kColumns, 1.0);
  for (std::size_t scope = 0; scope < scopes; ++scope) {
    const int parent = problem.parent[scope];
    const double width = walk.widths()[scope];
    const double* s = slopes.slope.data() + scope * kColumns;
    const double* above =
        parent < 0 ? all : slopes.multiplier.data() + static_cast<std::size_t>(parent) * kColumns;
    double used = 0, smoothing = 0, bent = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double alive = weight[i] * above[i], near = s[i] * (1 - s[i]);
      used += alive * s[i];
      smoothing += alive * near;
      bent += near > 0 ? alive : 0;
    }
    cells.used[scope] = used;
    cells.smoothing += width * smoothing;
    if (scope < problem.pools) {
      found.curvature[scope] = bent * 0.5 / width;
      continue;
    }
    if (bent == 0) continue;
    for (std::size_t i = 0; i < count; ++i)
      if (s[i] > 0 && s[i] < 1 && above[i] >= kAlive)
        add_square(forest, scope, piece.segment, i, weight[i] * above[i] * 0.5 / width, slopes,
                   cells);
  }
  return found;
}

}  // namespace

PortfolioCells look_at(const PortfolioForest& forest, const PortfolioStage& stage, double width,
                       std::span<const double> amounts, int threads) {
  const PortfolioProblem& problem = *forest.problem;
  const Walk walk(forest, stage, width, amounts);
  const auto& pieces = walk.pieces();
  std::vector<Found> found(pieces.size());
  in_parallel(pieces.size(), threads,
              [&](std::size_t i) { found[i] = look_at(forest, stage, walk, pieces[i]); });
  PortfolioCells all;
  all.used.assign(problem.offers.size(), 0);
  all.curvature.assign(stage.segments.size(), std::vector<double>(problem.pools, 0));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const PortfolioCells& cells = found[i].cells;
    all.left += cells.left;
    all.smoothing += cells.smoothing;
    for (const std::size_t offer : stage.segments[pieces[i].segment].active)
      all.used[offer] += cells.used[problem.offers[offer].scope];
    for (std::size_t pool = 0; pool < problem.pools; ++pool)
      all.curvature[pieces[i].segment][pool] += found[i].curvature[pool];
    const std::size_t base = all.scopes.size();
    for (PortfolioCells::Square square : cells.squares) {
      square.begin += base;
      square.end += base;
      all.squares.push_back(square);
    }
    all.scopes.insert(all.scopes.end(), cells.scopes.begin(), cells.scopes.end());
    all.slopes.insert(all.slopes.end(), cells.slopes.begin(), cells.slopes.end());
  }
  return all;
}

PortfolioDual dual_of(const PortfolioForest& forest, const PortfolioStage& stage, double width,
                      std::span<const double> amounts, int bits, int threads) {
  const PortfolioProblem& problem = *forest.problem;
  const std::size_t scopes = problem.parent.size();
  const Walk walk(forest, stage, width, amounts);
  const auto& pieces = walk.pieces();
  std::vector<PortfolioDual> found(pieces.size());
  in_parallel(pieces.size(), threads, [&](std::size_t index) {
    const Piece& piece = pieces[index];
    const std::size_t count = piece.end - piece.begin;
    thread_local Slopes slopes;
    thread_local std::vector<std::int64_t> whole;
    walk.over(piece, slopes);
    PortfolioDual& own = found[index];
    own.used.assign(scopes, 0);
    whole.resize(scopes * kColumns);
    const auto weight = static_cast<std::int64_t>(stage.weight[piece.begin]);
    const std::int64_t one = std::int64_t{1} << bits;
    for (std::size_t scope = scopes; scope-- > 0;) {
      const std::int64_t* above =
          problem.parent[scope] < 0
              ? nullptr
              : whole.data() + static_cast<std::size_t>(problem.parent[scope]) * kColumns;
      Int128 sum = 0, worth = 0;
      // Columns of all hours are the hours.
      const std::int64_t* less = scope < problem.held.size() && !problem.held[scope].empty()
                                     ? problem.held[scope].data() + piece.begin
                                     : nullptr;
      const std::int64_t* demand = scope < problem.pools
                                       ? problem.counts.data() + scope * problem.hours + piece.begin
                                       : nullptr;
      for (std::size_t i = 0; i < count; ++i) {
        const double multiplier = slopes.multiplier[scope * kColumns + i];
        const std::int64_t value = std::clamp<std::int64_t>(
            static_cast<std::int64_t>(std::ldexp(multiplier, bits)), 0, above ? above[i] : one);
        whole[scope * kColumns + i] = value;
        sum += value;
        const std::int64_t need = (demand ? demand[i] : 0) - (less ? less[i] : 0);
        worth += static_cast<Int128>(value) * (demand ? std::max<std::int64_t>(0, need) : need);
      }
      own.used[scope] = sum * weight;
      own.height += worth * weight;
    }
  });
  PortfolioDual all;
  all.used.assign(problem.offers.size(), 0);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    all.height += found[i].height;
    for (const std::size_t offer : stage.segments[pieces[i].segment].active)
      all.used[offer] += found[i].used[problem.offers[offer].scope];
  }
  return all;
}

}  // namespace steelyard
