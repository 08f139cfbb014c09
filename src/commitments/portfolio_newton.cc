#include "commitments/portfolio_newton.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/assert.h"
#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr std::size_t kBlockOffers = 600;  ///< a subtree with up to so many is one dense block
constexpr std::size_t kColumns = 64;       ///< looked at together
constexpr std::size_t kSquaresMax = 4000;  ///< of the wider scopes: their matrix is dense
constexpr double kFirstWidth = 0.15, kWidthMin = 1e-10, kNarrowing = 0.55;
constexpr double kLatticeWidth = 1;  ///< in counts
constexpr double kColumnsNear = 6;   ///< a sample is left when a kink has so few on either side
constexpr double kSlack = 0.5, kSampleSlack = 2,
                 kOpen = 0.2;  ///< what slopes may leave, over the smoothing
constexpr int kRoundsMax = 60, kRoundsAgain = 60, kFailuresMax = 30, kLostMax = 2;
constexpr double kAlive = 1e-12;  ///< a multiplier below this carries no curvature

using Four [[gnu::vector_size(32), gnu::aligned(8)]] = double;

/// In an order of its own, the same wherever it runs.
double dot(const double* a, const double* b, std::size_t count) {
  Four sums[2] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    sums[0] += *reinterpret_cast<const Four*>(a + i) * *reinterpret_cast<const Four*>(b + i);
    sums[1] +=
        *reinterpret_cast<const Four*>(a + i + 4) * *reinterpret_cast<const Four*>(b + i + 4);
  }
  const Four sum = sums[0] + sums[1];
  double total = sum[0] + sum[1] + sum[2] + sum[3];
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

/// Dot products of four rows with two, in the order of dot().
[[gnu::always_inline]] inline void dots(const double* const a[4], const double* const b[2],
                                        std::size_t count, double out[4][2]) {
  Four sums[4][2][2] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int half = 0; half < 2; ++half) {
      const std::size_t at = i + 4 * static_cast<std::size_t>(half);
      const Four b0 = *reinterpret_cast<const Four*>(b[0] + at);
      const Four b1 = *reinterpret_cast<const Four*>(b[1] + at);
      for (int r = 0; r < 4; ++r) {
        const Four own = *reinterpret_cast<const Four*>(a[r] + at);
        sums[r][0][half] += own * b0;
        sums[r][1][half] += own * b1;
      }
    }
  for (int r = 0; r < 4; ++r)
    for (int c = 0; c < 2; ++c) {
      const Four sum = sums[r][c][0] + sums[r][c][1];
      double total = sum[0] + sum[1] + sum[2] + sum[3];
      for (std::size_t k = i; k < count; ++k) total += a[r][k] * b[c][k];
      out[r][c] = total;
    }
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void dots_wide(const double* const a[4], const double* const b[2],
                                       std::size_t count, double out[4][2]) {
  dots(a, b, count, out);
}
#endif
void dots_plainly(const double* const a[4], const double* const b[2], std::size_t count,
                  double out[4][2]) {
  dots(a, b, count, out);
}

const auto kDots = [] {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return dots_wide;
#endif
  return dots_plainly;
}();

/// Rows x of x L' = b in place of the b, four at a time; the first `count` columns.
void solve_four(const double* lower, std::size_t size, std::size_t count, double* const rows[4]) {
  const double* a[4] = {rows[0], rows[1], rows[2], rows[3]};
  double found[4][2];
  for (std::size_t j = 0; j < count; j += 2) {
    const bool two = j + 1 < count;
    const double* first = lower + j * size;
    const double* second = two ? first + size : first;
    const double* b[2] = {first, second};
    kDots(a, b, j, found);
    for (int r = 0; r < 4; ++r) {
      double* x = rows[r];
      x[j] = (x[j] - found[r][0]) / first[j];
      if (two) x[j + 1] = (x[j + 1] - found[r][1] - x[j] * second[j]) / second[j + 1];
    }
  }
}

/// A symmetric positive definite matrix, of which the lower half is kept, row by row.
class Dense {
 public:
  explicit Dense(std::size_t size = 0) : size_(size), cells_(size * size, 0) {}
  std::size_t size() const { return size_; }
  double* row(std::size_t i) { return cells_.data() + i * size_; }
  const double* row(std::size_t i) const { return cells_.data() + i * size_; }

  /// L of L L' = the matrix, in its place.
  void factor() {
    std::vector<double> nowhere(size_);
    for (std::size_t first = 0; first < size_; first += 4) {
      const std::size_t end = std::min(first + 4, size_);
      double* rows[4];
      for (std::size_t r = 0; r < 4; ++r)
        rows[r] = first + r < end ? row(first + r) : nowhere.data();
      solve_four(cells_.data(), size_, first, rows);
      for (std::size_t i = first; i < end; ++i) {
        double* own = row(i);
        const double before = own[i];
        for (std::size_t j = first; j < i; ++j) own[j] = (own[j] - dot(own, row(j), j)) / row(j)[j];
        own[i] = std::sqrt(std::max(own[i] - dot(own, own, i), 1e-14 * before));
      }
    }
  }
  /// L^-1 b for the columns b of `many`, each `length` after the other, in their place.
  void forward(double* many, std::size_t length, std::size_t count) const {
    std::vector<double> nowhere(size_);
    for (std::size_t first = 0; first < count; first += 4) {
      double* rows[4];
      for (std::size_t r = 0; r < 4; ++r)
        rows[r] = first + r < count ? many + (first + r) * length : nowhere.data();
      solve_four(cells_.data(), size_, size_, rows);
    }
  }
  /// L^-1 b, in its place.
  void forward(double* b) const {
    for (std::size_t i = 0; i < size_; ++i) b[i] = (b[i] - dot(row(i), b, i)) / row(i)[i];
  }
  /// L'^-1 b, in its place.
  void backward(double* b) const {
    for (std::size_t i = size_; i-- > 0;) {
      const double* own = row(i);
      b[i] /= own[i];
      for (std::size_t j = 0; j < i; ++j) b[j] -= own[j] * b[i];
    }
  }

 private:
  std::size_t size_;
  std::vector<double> cells_;
};

/// rows x rows', the lower half.
void products(const std::vector<double>& rows, std::size_t count, std::size_t length, int threads,
              Dense& out) {
  in_parallel((count + 3) / 4, threads, [&](std::size_t quad) {
    const std::size_t first = 4 * quad;
    const auto row = [&](std::size_t k) { return rows.data() + std::min(k, count - 1) * length; };
    const double* a[4] = {row(first), row(first + 1), row(first + 2), row(first + 3)};
    for (std::size_t l = 0; l < std::min(first + 4, count); l += 2) {
      const double* b[2] = {row(l), row(l + 1)};
      double found[4][2];
      kDots(a, b, length, found);
      for (std::size_t r = 0; r < 4; ++r)
        for (std::size_t c = 0; c < 2; ++c)
          if (first + r < count && l + c <= first + r) out.row(first + r)[l + c] = found[r][c];
    }
  });
}

}  // namespace

/// Hours, or a sample of them in which each stands for its neighbours.
struct SmoothPortfolio::Stage {
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

/// What a look at all cells finds.
struct SmoothPortfolio::Cells {
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

/// A block of columns while it is looked at.
struct SmoothPortfolio::Blocks {
  std::vector<double> slope, multiplier, rest, roots;
  std::vector<double> capacity, path;

  /// Slopes and multipliers of all scopes in [begin, begin + count); returns nothing but those and
  /// `roots`, what the roots leave.
  void walk(const PortfolioProblem& problem, const Stage& stage, std::span<const double> widths,
            std::size_t begin, std::size_t count) {
    const std::size_t scopes = problem.parent.size();
    slope.resize(scopes * kColumns);
    multiplier.resize(scopes * kColumns);
    rest.assign(scopes * kColumns, 0);
    roots.assign(kColumns, 0);
    for (std::size_t scope = 0; scope < scopes; ++scope) {
      const double width = widths[scope], scale = 0.5 / width, cap = capacity[scope];
      const double* in = scope < problem.pools ? stage.demand.data() + scope * stage.columns + begin
                                               : rest.data() + scope * kColumns;
      double* out = problem.parent[scope] < 0
                        ? roots.data()
                        : rest.data() + static_cast<std::size_t>(problem.parent[scope]) * kColumns;
      double* own = slope.data() + scope * kColumns;
      const double* held = scope < problem.pools || stage.held[scope].empty()
                               ? nullptr
                               : stage.held[scope].data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        const double z = in[i] - cap - (held ? held[i] : 0);
        const double s = std::min(1.0, std::max(0.0, z * scale));
        own[i] = s;
        out[i] += width * s * s + std::max(0.0, z - 2 * width);
      }
    }
    for (std::size_t scope = scopes; scope-- > 0;) {
      const double* s = slope.data() + scope * kColumns;
      double* own = multiplier.data() + scope * kColumns;
      if (problem.parent[scope] < 0) {
        std::copy_n(s, count, own);
        continue;
      }
      const double* above =
          multiplier.data() + static_cast<std::size_t>(problem.parent[scope]) * kColumns;
      for (std::size_t i = 0; i < count; ++i) own[i] = above[i] * s[i];
    }
  }
};

SmoothPortfolio::~SmoothPortfolio() = default;
SmoothPortfolio::SmoothPortfolio(SmoothPortfolio&&) noexcept = default;
SmoothPortfolio& SmoothPortfolio::operator=(SmoothPortfolio&&) noexcept = default;

SmoothPortfolio::SmoothPortfolio(const PortfolioProblem& problem) : problem_(&problem) {
  const std::size_t scopes = problem.parent.size();
  offers_.resize(scopes);
  for (std::size_t i = 0; i < problem.offers.size(); ++i)
    offers_[problem.offers[i].scope].push_back(i);
  below_.resize(scopes);
  std::vector<std::size_t> weight(scopes);
  for (std::size_t scope = 0; scope < scopes; ++scope) weight[scope] = offers_[scope].size();
  for (std::size_t scope = 0; scope < scopes; ++scope)
    if (problem.parent[scope] >= 0)
      weight[static_cast<std::size_t>(problem.parent[scope])] += weight[scope];
  for (std::size_t scope = scopes; scope-- > 0;)
    for (int above = problem.parent[scope]; above >= 0;
         above = problem.parent[static_cast<std::size_t>(above)])
      below_[static_cast<std::size_t>(above)].push_back(scope);
  block_.assign(scopes, -1);
  for (std::size_t scope = scopes; scope-- > 0;) {
    const int above = problem.parent[scope];
    if (above >= 0 && block_[static_cast<std::size_t>(above)] >= 0)
      block_[scope] = block_[static_cast<std::size_t>(above)];
    else if (weight[scope] <= kBlockOffers || scope < problem.pools)
      block_[scope] = static_cast<int>(blocks_++);
  }
  size_.assign(scopes, 0);
  for (std::size_t scope = 0; scope < scopes; ++scope) {
    if (scope < problem.pools) {
      const std::int64_t* row = problem.counts.data() + scope * problem.hours;
      for (std::size_t hour = 0; hour < problem.hours; ++hour)
        size_[scope] += static_cast<double>(row[hour]);
      size_[scope] /= static_cast<double>(problem.hours);
    }
    if (problem.parent[scope] >= 0)
      size_[static_cast<std::size_t>(problem.parent[scope])] += size_[scope];
    size_[scope] = std::max(size_[scope], 1e-3);
  }
  for (const std::size_t stride : {29, 5})
    if (problem.hours >= 256 * stride) stages_.push_back(stage_of(stride, false));
  stages_.push_back(stage_of(1, false));
}

namespace {

/// In [0, 1), without a pattern.
double share_of(std::uint64_t index) {
  index = (index + 1) * 0x9e3779b97f4a7c15;
  index = (index ^ index >> 32) * 0xd6e8feb86659fd93;
  index = (index ^ index >> 32) * 0xd6e8feb86659fd93;
  return static_cast<double>((index ^ index >> 32) >> 11) * 0x1p-53;
}

}  // namespace

SmoothPortfolio::Stage SmoothPortfolio::stage_of(std::size_t stride, bool whole) const {
  const PortfolioProblem& problem = *problem_;
  std::set<std::size_t> events = {0, problem.hours};
  for (const PortfolioOffer& offer : problem.offers) events.insert({offer.begin, offer.end});
  for (const auto& weight : problem.weights) events.insert({weight.begin, weight.end});
  Stage stage;
  std::vector<std::size_t> hours;  // per column
  stage.hours.assign(problem.offers.size(), 0);
  std::uint64_t random = 0x9e3779b97f4a7c15;
  for (auto event = events.begin(); std::next(event) != events.end(); ++event) {
    const std::size_t begin = *event, end = *std::next(event);
    Stage::Segment segment{stage.columns, 0, begin, {}};
    double weight = 1;
    for (const auto& stretch : problem.weights)
      if (stretch.begin <= begin && begin < stretch.end) {
        weight = static_cast<double>(stretch.weight);
        break;
      }
    for (std::size_t i = 0; i < problem.offers.size(); ++i)
      if (problem.offers[i].begin <= begin && begin < problem.offers[i].end) {
        segment.active.push_back(i);
        stage.hours[i] += weight * static_cast<double>(end - begin);
      }
    for (std::size_t hour = begin; hour < end; hour += stride) {
      const std::size_t group = std::min(stride, end - hour);
      random = random * 6364136223846793005 + 1442695040888963407;
      hours.push_back(hour + (random >> 33) % group);
      stage.weight.push_back(weight * static_cast<double>(group));
      ++stage.columns;
    }
    segment.end = stage.columns;
    stage.segments.push_back(std::move(segment));
  }
  stage.demand.resize(problem.pools * stage.columns);
  stage.held.resize(problem.parent.size());
  const auto held = [&](std::size_t scope) {
    return scope < problem.held.size() && !problem.held[scope].empty() ? problem.held[scope].data()
                                                                       : nullptr;
  };
  for (std::size_t pool = 0; pool < problem.pools; ++pool) {
    const std::int64_t* row = problem.counts.data() + pool * problem.hours;
    double* out = stage.demand.data() + pool * stage.columns;
    const std::int64_t* less = held(pool);
    for (std::size_t i = 0; i < stage.columns; ++i) {
      const std::int64_t count =
          less ? std::max<std::int64_t>(0, row[hours[i]] - less[hours[i]]) : row[hours[i]];
      out[i] = static_cast<double>(count);
      if (!whole && count > 0) out[i] -= share_of(pool * problem.hours + hours[i]);
    }
  }
  for (std::size_t scope = problem.pools; scope < problem.parent.size(); ++scope)
    if (const std::int64_t* less = held(scope))
      for (const std::size_t hour : hours)
        stage.held[scope].push_back(static_cast<double>(less[hour]));
  return stage;
}

namespace {

struct Work {
  std::size_t segment, begin, end;
};

template <class Segments>
std::vector<Work> works_of(const Segments& segments) {
  std::vector<Work> works;
  for (std::size_t i = 0; i < segments.size(); ++i)
    for (std::size_t at = segments[i].begin; at < segments[i].end; at += kColumns)
      works.push_back({i, at, std::min(at + kColumns, segments[i].end)});
  return works;
}

}  // namespace

SmoothPortfolio::Cells SmoothPortfolio::look(const Stage& stage, std::span<const double> amounts,
                                             int threads) const {
  const PortfolioProblem& problem = *problem_;
  const std::size_t scopes = problem.parent.size();
  const auto works = works_of(stage.segments);
  std::vector<double> widths(scopes);
  for (std::size_t scope = 0; scope < scopes; ++scope) widths[scope] = width_ * size_[scope];
  struct Found {
    Cells cells;  // `used` per scope
    std::vector<double> curvature;
  };
  std::vector<Found> found(works.size());
  in_parallel(works.size(), threads, [&](std::size_t work_index) {
    const Work& work = works[work_index];
    const std::size_t count = work.end - work.begin;
    thread_local Blocks block;
    block.capacity.assign(scopes, 0);
    block.path.resize(scopes);
    for (const std::size_t i : stage.segments[work.segment].active)
      block.capacity[problem.offers[i].scope] += amounts[i];
    block.walk(problem, stage, widths, work.begin, count);
    Cells& cells = found[work_index].cells;
    std::vector<double>& curvature = found[work_index].curvature;
    cells.used.assign(scopes, 0);
    curvature.assign(problem.pools, 0);
    const double* weight = stage.weight.data() + work.begin;
    for (std::size_t i = 0; i < count; ++i) cells.left += weight[i] * block.roots[i];
    double all[kColumns];
    std::fill_n(all, kColumns, 1.0);
    for (std::size_t scope = 0; scope < scopes; ++scope) {
      const double* s = block.slope.data() + scope * kColumns;
      const double* above = problem.parent[scope] < 0
                                ? all
                                : block.multiplier.data() +
                                      static_cast<std::size_t>(problem.parent[scope]) * kColumns;
      double used = 0, smoothing = 0, bent = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const double alive = weight[i] * above[i], near = s[i] * (1 - s[i]);
        used += alive * s[i];
        smoothing += alive * near;
        bent += near > 0 ? alive : 0;
      }
      cells.used[scope] = used;
      cells.smoothing += widths[scope] * smoothing;
      if (scope < problem.pools) {
        curvature[scope] = bent * 0.5 / widths[scope];
        continue;
      }
      if (bent == 0) continue;
      for (std::size_t i = 0; i < count; ++i) {
        if (!(s[i] > 0 && s[i] < 1) || above[i] < kAlive) continue;
        const std::size_t first = cells.scopes.size();
        const auto add = [&](std::size_t below, double slope) {
          block.path[below] = slope;
          if (slope <= 0 || offers_[below].empty()) return;
          cells.scopes.push_back(below);
          cells.slopes.push_back(slope);
        };
        add(scope, 1);
        for (const std::size_t below : below_[scope])
          add(below, block.path[static_cast<std::size_t>(problem.parent[below])] *
                         block.slope[below * kColumns + i]);
        cells.squares.push_back({scope, work.segment, weight[i] * above[i] * 0.5 / widths[scope],
                                 first, cells.scopes.size()});
      }
    }
  });
  Cells all;
  all.used.assign(problem.offers.size(), 0);
  all.curvature.assign(stage.segments.size(), std::vector<double>(problem.pools, 0));
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Cells& cells = found[i].cells;
    all.left += cells.left;
    all.smoothing += cells.smoothing;
    for (const std::size_t offer : stage.segments[works[i].segment].active)
      all.used[offer] += cells.used[problem.offers[offer].scope];
    for (std::size_t pool = 0; pool < problem.pools; ++pool)
      all.curvature[works[i].segment][pool] += found[i].curvature[pool];
    const std::size_t base = all.scopes.size();
    for (Cells::Square square : cells.squares) {
      square.begin += base;
      square.end += base;
      all.squares.push_back(square);
    }
    all.scopes.insert(all.scopes.end(), cells.scopes.begin(), cells.scopes.end());
    all.slopes.insert(all.slopes.end(), cells.slopes.begin(), cells.slopes.end());
  }
  return all;
}

std::vector<double> SmoothPortfolio::step(const Stage& stage, const Cells& cells,
                                          const Offers& offers, std::span<const double> amounts,
                                          int threads) const {
  const PortfolioProblem& problem = *problem_;
  const std::size_t count = problem.offers.size();
  // Who may move: not what a bound holds back.
  constexpr std::size_t kFixed = static_cast<std::size_t>(-1);
  std::vector<std::size_t> place(count, kFixed);           // in its block, or among the wider ones
  std::vector<std::vector<std::size_t>> members(blocks_);  // offers
  std::vector<std::size_t> wide;
  for (std::size_t i = 0; i < count; ++i) {
    const double slope = offers.fee[i] - cells.used[i];
    if (offers.most[i] <= 0 || (amounts[i] <= 0 && slope >= 0) ||
        (amounts[i] >= offers.most[i] && slope <= 0))
      continue;
    const int block = block_[problem.offers[i].scope];
    auto& list = block < 0 ? wide : members[static_cast<std::size_t>(block)];
    place[i] = list.size();
    list.push_back(i);
  }
  const auto damping = [&](std::size_t offer) {
    return damping_[offer] * stage.hours[offer] / size_[problem.offers[offer].scope];
  };
  const auto right = [&](std::size_t offer) { return cells.used[offer] - offers.fee[offer]; };
  const auto covers = [&](std::size_t offer, std::size_t segment) {
    const std::size_t hour = stage.segments[segment].hour;
    return place[offer] != kFixed && problem.offers[offer].begin <= hour &&
           hour < problem.offers[offer].end;
  };
  std::vector<std::vector<std::size_t>> squares(blocks_), pools(blocks_);
  std::vector<std::size_t> wide_squares;
  for (std::size_t k = 0; k < cells.squares.size(); ++k) {
    const int block = block_[cells.squares[k].scope];
    (block < 0 ? wide_squares : squares[static_cast<std::size_t>(block)]).push_back(k);
  }
  if (wide_squares.size() > kSquaresMax) return {};
  for (std::size_t pool = 0; pool < problem.pools; ++pool)
    pools[static_cast<std::size_t>(block_[pool])].push_back(pool);
  std::vector<std::size_t> first(blocks_ + 1, 0);
  for (std::size_t block = 0; block < blocks_; ++block)
    first[block + 1] = first[block] + members[block].size();
  const std::size_t narrow = first[blocks_], joined = wide_squares.size();
  // Rows of the wide squares: slopes of the narrow offers, then L^-1 of them; of the wide ones.
  std::vector<double> rows(joined * narrow, 0), result(narrow, 0);
  std::vector<Dense> factors(blocks_);
  in_parallel(blocks_, threads, [&](std::size_t block) {
    const auto& own = members[block];
    Dense& matrix = factors[block];
    matrix = Dense(own.size());
    if (own.empty()) return;
    for (std::size_t i = 0; i < own.size(); ++i) matrix.row(i)[i] = damping(own[i]);
    const auto add = [&](std::size_t segment, std::size_t a, std::size_t b, double value) {
      for (const std::size_t i : offers_[a]) {
        if (!covers(i, segment)) continue;
        for (const std::size_t j : offers_[b])
          if (place[j] <= place[i] && covers(j, segment)) matrix.row(place[i])[place[j]] += value;
      }
    };
    for (std::size_t segment = 0; segment < stage.segments.size(); ++segment)
      for (const std::size_t pool : pools[block])
        if (cells.curvature[segment][pool] > 0)
          add(segment, pool, pool, cells.curvature[segment][pool]);
    // Squares of a segment are first added up by scope, for its offers are the same in all hours.
    std::vector<std::size_t> local(problem.parent.size(), kFixed), scopes;
    std::vector<double> sums;
    for (std::size_t scope = 0; scope < problem.parent.size(); ++scope)
      if (block_[scope] == static_cast<int>(block)) {
        local[scope] = scopes.size();
        scopes.push_back(scope);
      }
    const std::size_t size = scopes.size();
    for (std::size_t k = 0; k < squares[block].size();) {
      const std::size_t segment = cells.squares[squares[block][k]].segment;
      sums.assign(size * size, 0);
      for (; k < squares[block].size(); ++k) {
        const auto& square = cells.squares[squares[block][k]];
        if (square.segment != segment) break;
        for (std::size_t a = square.begin; a < square.end; ++a) {
          double* row = sums.data() + local[cells.scopes[a]] * size;
          const double value = square.weight * cells.slopes[a];
          for (std::size_t b = square.begin; b < square.end; ++b)
            row[local[cells.scopes[b]]] += value * cells.slopes[b];
        }
      }
      for (std::size_t a = 0; a < size; ++a)
        for (std::size_t b = 0; b < size; ++b)
          if (sums[a * size + b] != 0) add(segment, scopes[a], scopes[b], sums[a * size + b]);
    }
    matrix.factor();
    double* out = result.data() + first[block];
    for (std::size_t i = 0; i < own.size(); ++i) out[i] = right(own[i]);
    matrix.forward(out);
  });
  std::vector<double> wide_rows(wide.size() * joined, 0);  // wide-major
  std::vector<double> inverse_weight(joined);
  in_parallel(joined, threads, [&](std::size_t k) {
    const auto& square = cells.squares[wide_squares[k]];
    inverse_weight[k] = 1 / square.weight;
    double* row = rows.data() + k * narrow;
    for (std::size_t a = square.begin; a < square.end; ++a) {
      const std::size_t scope = cells.scopes[a];
      for (const std::size_t i : offers_[scope]) {
        if (!covers(i, square.segment)) continue;
        if (block_[scope] < 0)
          wide_rows[place[i] * joined + k] = cells.slopes[a];
        else
          row[first[static_cast<std::size_t>(block_[scope])] + place[i]] = cells.slopes[a];
      }
    }
  });
  in_parallel((joined + 3) / 4, threads, [&](std::size_t quad) {
    const std::size_t k = 4 * quad;
    for (std::size_t block = 0; block < blocks_; ++block)
      factors[block].forward(rows.data() + k * narrow + first[block], narrow,
                             std::min<std::size_t>(4, joined - k));
  });
  Dense join(joined);
  std::vector<double> pull(joined);
  products(rows, joined, narrow, threads, join);
  for (std::size_t k = 0; k < joined; ++k) {
    join.row(k)[k] += inverse_weight[k];
    pull[k] = dot(rows.data() + k * narrow, result.data(), narrow);
  }
  join.factor();
  join.forward(pull.data());
  in_parallel(wide.size(), threads,
              [&](std::size_t i) { join.forward(wide_rows.data() + i * joined); });
  Dense last(wide.size());
  std::vector<double> moved(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const double* row = wide_rows.data() + i * joined;
    for (std::size_t j = 0; j <= i; ++j)
      last.row(i)[j] = dot(row, wide_rows.data() + j * joined, joined);
    last.row(i)[i] += damping(wide[i]);
    moved[i] = right(wide[i]) - dot(row, pull.data(), joined);
  }
  last.factor();
  last.forward(moved.data());
  last.backward(moved.data());
  for (std::size_t i = 0; i < wide.size(); ++i)
    for (std::size_t k = 0; k < joined; ++k) pull[k] += wide_rows[i * joined + k] * moved[i];
  join.backward(pull.data());
  for (std::size_t k = 0; k < joined; ++k) {
    const double* row = rows.data() + k * narrow;
    for (std::size_t i = 0; i < narrow; ++i) result[i] -= row[i] * pull[k];
  }
  std::vector<double> steps(count, 0);
  for (std::size_t block = 0; block < blocks_; ++block) {
    factors[block].backward(result.data() + first[block]);
    for (std::size_t i = 0; i < members[block].size(); ++i)
      steps[members[block][i]] = result[first[block] + i];
  }
  for (std::size_t i = 0; i < wide.size(); ++i) steps[wide[i]] = moved[i];
  return steps;
}

bool SmoothPortfolio::descend(const Stage& stage, const Offers& offers, double slack, double open,
                              int rounds, int threads, std::vector<double>& amounts) {
  const std::size_t count = amounts.size();
  const auto cost = [&](const Cells& cells, std::span<const double> at) {
    double sum = cells.left;
    for (std::size_t i = 0; i < count; ++i) sum += offers.fee[i] * at[i];
    return sum;
  };
  Cells cells = look(stage, amounts, threads);
  double value = cost(cells, amounts);
  int failed = 0;
  for (int round = 0; round < rounds; ++round) {
    double loss = 0;  // what the slopes leave unproven
    for (std::size_t i = 0; i < count; ++i) {
      const double slope = offers.fee[i] - cells.used[i];
      loss += slope > 0 ? slope * amounts[i] : slope * (amounts[i] - offers.most[i]);
    }
    smooth_gap_ = (cells.smoothing + loss) / value;
    if (loss <= std::max(slack * cells.smoothing, open * value)) return true;
    const auto steps = step(stage, cells, offers, amounts, threads);
    if (steps.empty()) return false;
    std::vector<double> then(count);
    double slope = 0;
    for (std::size_t i = 0; i < count; ++i) {
      then[i] = std::clamp(amounts[i] + steps[i], 0.0, offers.most[i]);
      slope += (offers.fee[i] - cells.used[i]) * (then[i] - amounts[i]);
    }
    Cells next = look(stage, then, threads);
    const double there = cost(next, then);
    const bool better = there <= value + 1e-4 * slope + 1e-15 * value;
    // Where the slope came out as foreseen, dare more; where it turned about, less.
    for (std::size_t i = 0; i < count; ++i) {
      if (steps[i] == 0) continue;
      const double before = offers.fee[i] - cells.used[i], after = offers.fee[i] - next.used[i];
      const double foreseen =
          -damping_[i] * stage.hours[i] / size_[problem_->offers[i].scope] * steps[i];
      const double miss = std::abs(after - foreseen), had = std::abs(before - foreseen);
      if (miss > 0.7 * had)
        damping_[i] = std::min(1e3, std::max(damping_[i], 1e-3) * (miss > 2 * had ? 10 : 3));
      else if (miss < 0.3 * had)
        damping_[i] = std::max(damping_[i] / 5, 1e-9);
    }
    if (better) {
      cells = std::move(next);
      value = there;
      amounts = std::move(then);
    } else {
      if (++failed > kFailuresMax) return false;
      for (double& own : damping_) own = std::min(1e4, own * 2);
    }
  }
  return false;
}

bool SmoothPortfolio::minimise(const Offers& offers, double gap, int threads,
                               std::vector<double>& amounts,
                               const std::function<double()>& gap_of) {
  const std::size_t count = problem_->offers.size();
  const double open = kOpen * gap;  // of the cost: so little may stay open at any width
  std::vector<double> before;
  double width_before = 0;
  // From one width to the next the optimum moves nearly in a straight line.
  const auto narrow = [&] {
    const double next = width_ * kNarrowing;
    std::vector<double> here = amounts;
    if (!before.empty())
      for (std::size_t i = 0; i < count; ++i)
        amounts[i] =
            std::clamp(here[i] + (here[i] - before[i]) * (next - width_) / (width_ - width_before),
                       0.0, offers.most[i]);
    before = std::move(here);
    width_before = width_;
    width_ = next;
  };
  if (amounts.size() != count) {
    amounts.assign(count, 0);
    damping_.assign(count, 1e-2);
    width_ = kFirstWidth;
    for (std::size_t i = 0; i + 1 < stages_.size(); ++i) {
      before.clear();
      while (width_ * static_cast<double>(stages_[i].columns) > kColumnsNear) {
        descend(stages_[i], offers, kSampleSlack, 0, kRoundsMax, threads, amounts);
        narrow();
      }
    }
    before.clear();
  } else {
    const Stage& stage = exact_ ? *exact_ : stages_.back();
    for (std::size_t i = 0; i < count; ++i) amounts[i] = std::min(amounts[i], offers.most[i]);
    for (; width_ < kFirstWidth; width_ *= 5)
      if (descend(stage, offers, kSlack, open, kRoundsAgain, threads, amounts)) break;
  }
  double last = 1;
  int lost = 0;
  for (; width_ > kWidthMin; narrow()) {
    const bool arrived = descend(exact_ ? *exact_ : stages_.back(), offers, kSlack, open,
                                 kRoundsMax, threads, amounts);
    lost = arrived ? 0 : lost + 1;
    bool stuck = lost > kLostMax;
    if (arrived && smooth_gap_ <= gap) {
      const double now = gap_of();
      if (now <= gap) return true;
      stuck = now > 0.8 * last;
      last = now;
    }
    if (!stuck) continue;
    if (exact_) return false;
    // From here on the true counts lead: parabolas start as wide as the lattice of most pools.
    exact_ = std::make_unique<Stage>(stage_of(1, true));
    std::vector<double> sizes(size_.begin(),
                              size_.begin() + static_cast<std::ptrdiff_t>(problem_->pools));
    const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    width_ = std::clamp(kLatticeWidth / *middle, width_, kFirstWidth);
    damping_.assign(count, 1e-2);
    before.clear();
    last = 1;
    lost = 0;
  }
  return false;
}

SmoothPortfolio::Dual SmoothPortfolio::dual(std::span<const double> amounts, int bits,
                                            int threads) const {
  const PortfolioProblem& problem = *problem_;
  const Stage& stage = exact_ ? *exact_ : stages_.back();  // its columns are the hours
  const std::size_t scopes = problem.parent.size();
  const auto works = works_of(stage.segments);
  std::vector<double> widths(scopes);
  for (std::size_t scope = 0; scope < scopes; ++scope) widths[scope] = width_ * size_[scope];
  std::vector<Dual> found(works.size());
  in_parallel(works.size(), threads, [&](std::size_t index) {
    const Work& work = works[index];
    const std::size_t count = work.end - work.begin;
    thread_local Blocks block;
    thread_local std::vector<std::int64_t> whole;
    block.capacity.assign(scopes, 0);
    for (const std::size_t i : stage.segments[work.segment].active)
      block.capacity[problem.offers[i].scope] += amounts[i];
    block.walk(problem, stage, widths, work.begin, count);
    Dual& own = found[index];
    own.used.assign(scopes, 0);
    whole.resize(scopes * kColumns);
    const auto weight = static_cast<std::int64_t>(stage.weight[work.begin]);
    const std::int64_t one = std::int64_t{1} << bits;
    for (std::size_t scope = scopes; scope-- > 0;) {
      const std::int64_t* above =
          problem.parent[scope] < 0
              ? nullptr
              : whole.data() + static_cast<std::size_t>(problem.parent[scope]) * kColumns;
      Int128 sum = 0, worth = 0;
      const std::int64_t* less = scope < problem.held.size() && !problem.held[scope].empty()
                                     ? problem.held[scope].data() + work.begin
                                     : nullptr;
      const std::int64_t* demand = scope < problem.pools
                                       ? problem.counts.data() + scope * problem.hours + work.begin
                                       : nullptr;
      for (std::size_t i = 0; i < count; ++i) {
        const double multiplier = block.multiplier[scope * kColumns + i];
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
  Dual all;
  all.used.assign(problem.offers.size(), 0);
  for (std::size_t i = 0; i < works.size(); ++i) {
    all.height += found[i].height;
    for (const std::size_t offer : stage.segments[works[i].segment].active)
      all.used[offer] += found[i].used[problem.offers[offer].scope];
  }
  return all;
}

}  // namespace steelyard
