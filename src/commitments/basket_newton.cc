#include "commitments/basket_newton.h"

#include <algorithm>
#include <numeric>

#include "commitments/basket_cost.h"
#include "commitments/basket_system.h"
#include "commitments/newton_path.h"

namespace steelyard {
namespace {

constexpr double kNarrowing = 0.45, kWidthMin = 1e-8;
constexpr std::size_t kSamples[] = {12, 40, 84};  ///< hours of the pattern that are looked at first
constexpr double kHoursNear = 0.2;  ///< a sample is left when its hours times the width are so few
constexpr int kRoundsMax = 60, kFailuresMax = 25, kLostMax = 4;
constexpr double kSlack = 1;  ///< what slopes may leave, over the smoothing
constexpr double kFirstDamping = 1e-2, kDampingMin = 1e-9, kDampingMax = 1e4;

/// Some hours of the pattern, spread over the days and the times of day.
BasketProblem sample_of(const BasketProblem& problem, std::size_t hours) {
  BasketProblem sample = problem;
  sample.limits.clear();
  std::size_t stride = problem.pattern * 5 / 13;
  while (std::gcd(stride, problem.pattern) != 1) ++stride;
  sample.pattern = hours;
  sample.usage.clear();
  for (std::size_t pool = 0; pool < problem.pools; ++pool)
    for (std::size_t i = 0; i < hours; ++i)
      sample.usage.push_back(problem.usage[pool * problem.pattern + i * stride % problem.pattern]);
  return sample;
}

class Newton {
 public:
  Newton(const BasketProblem& problem, const BasketAim& aim)
      : problem_(problem), aim_(aim), purchases_(problem, aim.most, aim.rows), path_(kNarrowing) {}

  void run(const BasketJudge& judge) {
    std::vector<double> amounts(purchases_.live.size(), 0);
    for (const std::size_t hours : kSamples) {
      if (2 * hours > problem_.pattern) break;
      const BasketProblem sample = sample_of(problem_, hours);
      Shown shown(purchases_, sample, aim_);
      while (path_.width() * static_cast<double>(hours) > kHoursNear) {
        descend(shown, kSampleSlack, 0, amounts);
        narrow(amounts);
      }
      path_.restart(path_.width());
    }
    Shown all(purchases_, problem_, aim_);
    int lost = 0;
    for (; path_.width() > kWidthMin; narrow(amounts)) {
      lost = descend(all, kSlack, kOpen * aim_.gap, amounts) ? 0 : lost + 1;
      const double bound = all.cost.bound(amounts, path_.width());
      if (judge(purchases_.whole(purchases_.within(amounts)), bound)) return;
      if (lost > kLostMax) return;
    }
  }

 private:
  /// All hours, or a sample of them.
  struct Shown {
    BasketCost cost;
    BasketClusters clusters;
    Shown(const BasketPurchases& purchases, const BasketProblem& hours, const BasketAim& aim)
        : cost(purchases, hours, aim.best, aim.threads), clusters(cost.flow()) {}
  };

  void narrow(std::vector<double>& amounts) {
    purchases_.price_limits(amounts);
    path_.narrow(purchases_.box(), amounts);
  }

  /// Newton's method at one width, until what the slopes leave unproven is `slack` of what the
  /// parabolas do, or `open` of the cost.
  bool descend(Shown& shown, double slack, double open, std::vector<double>& amounts) {
    const PurchaseBox box = purchases_.box();
    BasketView view = shown.cost.look(amounts, path_.width());
    int failed = 0;
    for (int round = 0; round < kRoundsMax; ++round) {
      const double loss = box.unproven(view.used, amounts);
      if (loss <= std::max(slack * view.smoothing, open * view.value)) return true;
      const BasketSystem system(shown.cost, shown.clusters, view, damping_);
      std::vector<double> then = system.step(amounts);
      BasketView next = shown.cost.look(then, path_.width());
      const bool better = is_better(next.value, view.value, box.slope(view.used, amounts, then));
      // Where the cost fell as foreseen, dare more; where it did not, less.
      const double agreement = (view.value - next.value) / system.foreseen(amounts, then);
      damping_ *= agreement > 0.7 ? 0.25 : agreement < 0.25 ? 4 : 1;
      damping_ = std::clamp(damping_, kDampingMin, kDampingMax);
      if (better) {
        view = std::move(next);
        amounts = std::move(then);
      } else {
        if (++failed > kFailuresMax) return false;
      }
    }
    return false;
  }

  const BasketProblem& problem_;
  const BasketAim& aim_;
  BasketPurchases purchases_;
  WidthPath path_;
  double damping_ = kFirstDamping;
};

}  // namespace

bool suits_newton(const BasketProblem& problem) {
  return !basket_upstream(BasketFlow(problem)).empty();
}

void newton_basket(const BasketProblem& problem, const BasketAim& aim, const BasketJudge& judge) {
  Newton(problem, aim).run(judge);
}

}  // namespace steelyard
