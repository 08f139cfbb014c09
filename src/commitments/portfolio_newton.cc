#include "commitments/portfolio_newton.h"

#include <algorithm>
#include <cmath>

#include "commitments/portfolio_system.h"

namespace steelyard {
namespace {

constexpr double kWidthMin = 1e-10, kNarrowing = 0.55;
constexpr double kLatticeWidth = 1;  ///< in counts
constexpr double kColumnsNear = 6;   ///< a sample is left when a kink has so few on either side
constexpr double kSlack = 0.5;       ///< what slopes may leave, over the smoothing
constexpr int kRoundsMax = 60, kFailuresMax = 30, kLostMax = 2;
constexpr double kFirstDamping = 1e-2;

}  // namespace

SmoothPortfolio::SmoothPortfolio(const PortfolioProblem& problem)
    : forest_(problem), path_(kNarrowing) {
  for (const std::size_t stride : {29, 5})
    if (problem.hours >= 256 * stride) stages_.push_back(stage_of(problem, stride, false));
  stages_.push_back(stage_of(problem, 1, false));
}

bool SmoothPortfolio::descend(const PortfolioStage& stage, const PurchaseBox& box, double slack,
                              double open, int threads, std::vector<double>& amounts) {
  const std::size_t count = amounts.size();
  const double width = path_.width();
  PortfolioCells cells = look_at(forest_, stage, width, amounts, threads);
  double value = box.cost(cells.left, amounts);
  int failed = 0;
  for (int round = 0; round < kRoundsMax; ++round) {
    const double loss = box.unproven(cells.used, amounts);
    smooth_gap_ = (cells.smoothing + loss) / value;
    if (loss <= std::max(slack * cells.smoothing, open * value)) return true;
    std::vector<double> damping(count), then(count);
    for (std::size_t i = 0; i < count; ++i)
      damping[i] = damping_[i] * stage.hours[i] / forest_.size[forest_.problem->offers[i].scope];
    const auto steps = newton_step(forest_, stage, cells, box, damping, amounts, threads);
    if (steps.empty()) return false;
    for (std::size_t i = 0; i < count; ++i) then[i] = box.clamped(i, amounts[i] + steps[i]);
    PortfolioCells next = look_at(forest_, stage, width, then, threads);
    const double there = box.cost(next.left, then);
    const bool better = is_better(there, value, box.slope(cells.used, amounts, then));
    // Where the slope came out as foreseen, dare more; where it turned about, less.
    for (std::size_t i = 0; i < count; ++i) {
      if (steps[i] == 0) continue;
      const double before = box.fee[i] - cells.used[i], after = box.fee[i] - next.used[i];
      const double foreseen = -damping[i] * steps[i];
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

void SmoothPortfolio::begin(const PurchaseBox& box, double open, int threads,
                            std::vector<double>& amounts) {
  const std::size_t count = box.fee.size();
  if (amounts.size() != count) {
    amounts.assign(count, 0);
    damping_.assign(count, kFirstDamping);
    path_.restart(kFirstWidth);
    for (std::size_t i = 0; i + 1 < stages_.size(); ++i) {
      while (path_.width() * static_cast<double>(stages_[i].columns) > kColumnsNear) {
        descend(stages_[i], box, kSampleSlack, 0, threads, amounts);
        path_.narrow(box, amounts);
      }
      path_.restart(path_.width());
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) amounts[i] = std::min(amounts[i], box.most[i]);
  path_.restart(path_.width());
  while (path_.width() < kFirstWidth && !descend(all_hours(), box, kSlack, open, threads, amounts))
    path_.restart(5 * path_.width());
}

void SmoothPortfolio::show_whole_counts() {
  const PortfolioProblem& problem = *forest_.problem;
  exact_ = stage_of(problem, 1, true);
  // Parabolas start as wide as the lattice of most pools.
  std::vector<double> sizes(forest_.size.begin(),
                            forest_.size.begin() + static_cast<std::ptrdiff_t>(problem.pools));
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  path_.restart(std::clamp(kLatticeWidth / *middle, path_.width(), kFirstWidth));
  damping_.assign(problem.offers.size(), kFirstDamping);
}

bool SmoothPortfolio::minimise(const PurchaseBox& box, double gap, int threads,
                               std::vector<double>& amounts,
                               const std::function<double()>& gap_of) {
  const double open = kOpen * gap;  // of the cost: so little may stay open at any width
  begin(box, open, threads, amounts);
  double last = 1;
  int lost = 0;
  for (; path_.width() > kWidthMin; path_.narrow(box, amounts)) {
    const bool arrived = descend(all_hours(), box, kSlack, open, threads, amounts);
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
    show_whole_counts();
    last = 1;
    lost = 0;
  }
  return false;
}

PortfolioDual SmoothPortfolio::dual(std::span<const double> amounts, int bits, int threads) const {
  return dual_of(forest_, all_hours(), path_.width(), amounts, bits, threads);
}

}  // namespace steelyard
