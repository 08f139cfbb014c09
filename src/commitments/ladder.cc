#include "commitments/ladder.h"

#include <algorithm>
#include <queue>

#include "base/assert.h"

namespace steelyard {
namespace {

/// The hours between two events: cost of a capacity there, by what is sorted once.
class Stretch {
 public:
  Stretch(std::span<const std::int64_t> demand, PriceRatio price)
      : price_(price), sorted_(demand.begin(), demand.end()), sums_(demand.size() + 1) {
    std::sort(sorted_.begin(), sorted_.end());
    for (std::size_t i = sorted_.size(); i-- > 0;) sums_[i] = sums_[i + 1] + sorted_[i];
  }

  Int128 cost(std::int64_t capacity) const {
    const auto above = static_cast<std::size_t>(
        std::upper_bound(sorted_.begin(), sorted_.end(), capacity) - sorted_.begin());
    const Int128 on_demand = sums_[above] - static_cast<Int128>(capacity) * (hours() - above);
    return fee(capacity) + on_demand * price_.denominator;
  }

  /// The smallest value of cost(capacity) x scale + toll x capacity over all capacities.
  Int128 least(Int128 scale, Int128 toll) const {
    // One more unit pays while hours above it x denominator x scale exceed fee and toll.
    const Int128 gain = price_.denominator * scale, loss = fee(1) * scale + toll;
    SY_ASSERT(loss >= 0);  // else more would always be better: the potentials were no dual
    const Int128 above = std::min<Int128>(loss / gain, hours());
    const std::size_t index = hours() - static_cast<std::size_t>(above);
    const std::int64_t capacity = index == 0 ? 0 : sorted_[index - 1];
    return cost(capacity) * scale + toll * capacity;
  }

 private:
  std::size_t hours() const { return sorted_.size(); }
  Int128 fee(std::int64_t capacity) const {
    return static_cast<Int128>(capacity) * price_.numerator * static_cast<Int128>(hours());
  }

  PriceRatio price_;
  std::vector<std::int64_t> sorted_;
  std::vector<std::int64_t> sums_;  ///< sums_[i]: of sorted_[i] and all above
};

/// Nodes are hours at which something begins or ends. Arc k < stretches leads from node k to the
/// next; the others lead from the end of a purchase back to its begin.
class Circulation {
 public:
  Circulation(std::span<const std::int64_t> demand, const LadderTerms& terms) {
    for (const std::size_t date : terms.dates) {
      SY_ASSERT(date < demand.size());
      nodes_.push_back(date);
      nodes_.push_back(std::min(date + terms.term_hours, demand.size()));
    }
    std::sort(nodes_.begin(), nodes_.end());
    nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
    const auto node_of = [&](std::size_t hour) {
      return static_cast<int>(std::lower_bound(nodes_.begin(), nodes_.end(), hour) -
                              nodes_.begin());
    };
    std::int64_t peak = 0;
    std::size_t covered_to = 0;
    std::size_t next_date = 0;
    for (std::size_t k = 0; k + 1 < nodes_.size(); ++k) {
      for (; next_date < terms.dates.size() && terms.dates[next_date] <= nodes_[k]; ++next_date)
        covered_to = std::max(covered_to, terms.dates[next_date] + terms.term_hours);
      const bool coverable = covered_to > nodes_[k];
      const auto hours = demand.subspan(nodes_[k], nodes_[k + 1] - nodes_[k]);
      stretches_.emplace_back(hours, terms.price);
      arcs_.push_back({static_cast<int>(k), static_cast<int>(k + 1), 0, coverable});
      if (coverable) peak = std::max(peak, *std::max_element(hours.begin(), hours.end()));
    }
    for (const std::size_t date : terms.dates)
      arcs_.push_back(
          {node_of(std::min(date + terms.term_hours, demand.size())), node_of(date), 0, true});
    while (scale_ <= peak) scale_ *= 2;
    // Costs and potentials are sums of these; a wrap would be a wrong optimum.
    SY_ASSERT(static_cast<double>(scale_) * static_cast<double>(scale_) *
                  static_cast<double>(demand.size()) *
                  static_cast<double>(terms.price.denominator + terms.price.numerator) <
              0x1p122);
    around_.resize(nodes_.size());
    for (std::size_t arc = 0; arc < arcs_.size(); ++arc) {
      if (!arcs_[arc].usable) continue;
      around_[static_cast<std::size_t>(arcs_[arc].from)].push_back(static_cast<int>(arc));
      around_[static_cast<std::size_t>(arcs_[arc].to)].push_back(static_cast<int>(arc));
    }
    potential_.assign(nodes_.size(), 0);
    excess_.assign(nodes_.size(), 0);
  }

  void solve() {
    for (step_ = scale_; step_ > 0; step_ /= 2) {
      for (std::size_t arc = 0; arc < arcs_.size(); ++arc) {
        if (!arcs_[arc].usable) continue;
        for (const bool forward : {true, false})
          if (can_push(arc, forward) && reduced_cost(arc, forward) < 0) push(arc, forward);
      }
      while (augment()) continue;
    }
  }

  std::vector<std::int64_t> amounts() const {
    std::vector<std::int64_t> amounts;
    for (std::size_t arc = stretches_.size(); arc < arcs_.size(); ++arc)
      amounts.push_back(arcs_[arc].flow);
    return amounts;
  }

  /// The dual value of the potentials: what every circulation costs at least.
  Int128 bound() const {
    Int128 sum = 0;
    for (std::size_t arc = 0; arc < arcs_.size(); ++arc) {
      const Int128 toll = potential_[static_cast<std::size_t>(arcs_[arc].to)] -
                          potential_[static_cast<std::size_t>(arcs_[arc].from)];
      if (arc >= stretches_.size()) {
        SY_ASSERT(toll >= 0);
      } else {
        sum += arcs_[arc].usable ? stretches_[arc].least(scale_, toll)
                                 : stretches_[arc].cost(0) * scale_;
      }
    }
    return sum / scale_;
  }
  std::size_t first_hour() const { return nodes_.empty() ? 0 : nodes_.front(); }
  std::size_t last_hour() const { return nodes_.empty() ? 0 : nodes_.back(); }

 private:
  struct Arc {
    int from, to;
    std::int64_t flow;
    bool usable;  ///< false where no purchase reaches: nothing flows there
  };

  bool can_push(std::size_t arc, bool forward) const { return forward || arcs_[arc].flow >= step_; }

  /// Cost of a unit if `step_` are sent, times scale_: whole at every step, for both are powers
  /// of 2.
  Int128 unit_cost(std::size_t arc, bool forward) const {
    if (arc >= stretches_.size()) return 0;
    const std::int64_t flow = arcs_[arc].flow, then = flow + (forward ? step_ : -step_);
    return (stretches_[arc].cost(then) - stretches_[arc].cost(flow)) * (scale_ / step_);
  }
  Int128 reduced_cost(std::size_t arc, bool forward) const {
    const auto from = static_cast<std::size_t>(forward ? arcs_[arc].from : arcs_[arc].to);
    const auto to = static_cast<std::size_t>(forward ? arcs_[arc].to : arcs_[arc].from);
    return unit_cost(arc, forward) - potential_[from] + potential_[to];
  }
  void push(std::size_t arc, bool forward) {
    const std::int64_t amount = forward ? step_ : -step_;
    arcs_[arc].flow += amount;
    excess_[static_cast<std::size_t>(arcs_[arc].from)] -= amount;
    excess_[static_cast<std::size_t>(arcs_[arc].to)] += amount;
  }

  /// Sends a step from some node that has too much along a cheapest path to one that lacks it.
  /// False when all are balanced.
  bool augment() {
    constexpr int kNone = -1;
    std::vector<Int128> distance(nodes_.size(), -1);
    std::vector<int> by(nodes_.size(), kNone);
    std::vector<char> done(nodes_.size(), 0), forward_by(nodes_.size(), 0);
    using Entry = std::pair<Int128, int>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (excess_[node] <= 0) continue;
      distance[node] = 0;
      queue.push({0, static_cast<int>(node)});
    }
    if (queue.empty()) return false;
    int target = kNone;
    while (!queue.empty() && target == kNone) {
      const auto [length, at] = queue.top();
      queue.pop();
      const auto node = static_cast<std::size_t>(at);
      if (done[node]) continue;
      done[node] = 1;
      if (excess_[node] < 0) {
        target = at;
        break;
      }
      for (const int index : around_[node]) {
        const auto arc = static_cast<std::size_t>(index);
        const bool forward = arcs_[arc].from == at;
        if (!can_push(arc, forward)) continue;
        const auto next = static_cast<std::size_t>(forward ? arcs_[arc].to : arcs_[arc].from);
        const Int128 reached = length + reduced_cost(arc, forward);
        if (distance[next] >= 0 && distance[next] <= reached) continue;
        distance[next] = reached;
        by[next] = index;
        forward_by[next] = forward;
        queue.push({reached, static_cast<int>(next)});
      }
    }
    SY_ASSERT(target != kNone);  // purchases lead from everywhere back to everywhere
    const Int128 limit = distance[static_cast<std::size_t>(target)];
    for (std::size_t node = 0; node < nodes_.size(); ++node)
      potential_[node] -= done[node] ? distance[node] : limit;
    for (auto node = static_cast<std::size_t>(target); by[node] != kNone;) {
      const auto arc = static_cast<std::size_t>(by[node]);
      const bool forward = forward_by[node] != 0;
      node = static_cast<std::size_t>(forward ? arcs_[arc].from : arcs_[arc].to);
      push(arc, forward);
    }
    return true;
  }

  std::vector<std::size_t> nodes_;  ///< the hour of each
  std::vector<Stretch> stretches_;
  std::vector<Arc> arcs_;
  std::vector<std::vector<int>> around_;
  std::int64_t scale_ = 1, step_ = 1;
  std::vector<Int128> potential_;  ///< times scale_
  std::vector<std::int64_t> excess_;
};

}  // namespace

Ladder best_ladder(std::span<const std::int64_t> demand, const LadderTerms& terms) {
  SY_ASSERT(std::is_sorted(terms.dates.begin(), terms.dates.end()));
  SY_ASSERT(terms.term_hours > 0);
  Circulation circulation(demand, terms);
  circulation.solve();
  Ladder ladder;
  ladder.amounts = circulation.amounts();
  ladder.cost = cost_of_capacity(demand, capacity_of(terms, ladder.amounts, demand.size()));
  ladder.bound = circulation.bound();
  for (std::size_t hour = 0; hour < demand.size(); ++hour)
    if (hour < circulation.first_hour() || hour >= circulation.last_hour())
      ladder.bound += static_cast<Int128>(demand[hour]) * terms.price.denominator;
  SY_ASSERT(ladder.bound == ladder.cost.scaled(terms.price));
  return ladder;
}

std::vector<std::int64_t> capacity_of(const LadderTerms& terms,
                                      std::span<const std::int64_t> amounts, std::size_t hours) {
  SY_ASSERT(amounts.size() == terms.dates.size());
  std::vector<std::int64_t> change(hours + 1, 0);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    change[terms.dates[i]] += amounts[i];
    change[std::min(terms.dates[i] + terms.term_hours, hours)] -= amounts[i];
  }
  for (std::size_t hour = 1; hour < hours; ++hour) change[hour] += change[hour - 1];
  change.resize(hours);
  return change;
}

LevelCost cost_of_capacity(std::span<const std::int64_t> demand,
                           std::span<const std::int64_t> capacity) {
  SY_ASSERT(demand.size() == capacity.size());
  LevelCost cost;
  for (std::size_t hour = 0; hour < demand.size(); ++hour) {
    cost.usage += demand[hour];
    cost.committed += capacity[hour];
    cost.on_demand += std::max<std::int64_t>(0, demand[hour] - capacity[hour]);
  }
  return cost;
}

std::vector<std::size_t> dates_every(std::size_t step, std::size_t begin, std::size_t end) {
  SY_ASSERT(step > 0);
  std::vector<std::size_t> dates;
  for (std::size_t hour = begin; hour < end; hour += step) dates.push_back(hour);
  return dates;
}

}  // namespace steelyard
