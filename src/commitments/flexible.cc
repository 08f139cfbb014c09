#include "commitments/flexible.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/assert.h"

namespace steelyard {
namespace {

/// Pools in the order in which the plan reaches them, and what they would use up of it: running
/// sums for each hour.
class Reach {
 public:
  static Result<Reach> make(const Demand& demand, std::span<const PriceRatio> rates) {
    SY_ASSERT(rates.size() == demand.pools.size());
    Reach reach(demand);
    for (std::size_t pool = 0; pool < rates.size(); ++pool) {
      const PriceRatio rate = rates[pool];
      if (rate.numerator <= 0 || rate.denominator <= 0)
        return fail("SY1825", "a plan's rate must be above zero", demand.name(pool),
                    "correct the rates");
      if (rate.numerator < rate.denominator) reach.order_.push_back(pool);
    }
    Int128 scale = 1;
    for (const std::size_t pool : reach.order_) {
      const std::int64_t denominator = rates[pool].denominator;
      scale *= denominator / std::gcd(static_cast<std::int64_t>(scale % denominator), denominator);
      if (scale >= kMaxRatioPart)
        return fail("SY1825", "the plan's rates have no common denominator of 12 digits",
                    demand.name(pool), "write the rates as decimals with fewer places");
    }
    reach.scale_ = static_cast<std::int64_t>(scale);
    const auto spend_of = [&](std::size_t pool) {
      return reach.scale_ / rates[pool].denominator * rates[pool].numerator;
    };
    std::stable_sort(reach.order_.begin(), reach.order_.end(),
                     [&](std::size_t a, std::size_t b) { return spend_of(a) < spend_of(b); });
    for (const std::size_t pool : reach.order_) reach.spend_.push_back(spend_of(pool));
    reach.sums_.resize(demand.hours * reach.order_.size());
    for (std::size_t hour = 0; hour < demand.hours; ++hour) {
      Int128 sum = 0;
      for (std::size_t i = 0; i < reach.order_.size(); ++i) {
        sum += static_cast<Int128>(demand.row(reach.order_[i])[hour]) * reach.spend_[i];
        if (sum >= kMaxRowSum)
          return fail("SY1825", "demand times rates is too large to be held exactly",
                      demand.name(reach.order_[i]), "round the quantities or the rates");
        reach.sums_[hour * reach.order_.size() + i] = static_cast<std::int64_t>(sum);
      }
      reach.most_ = std::max(reach.most_, static_cast<std::int64_t>(sum));
    }
    return reach;
  }

  std::int64_t scale() const { return scale_; }
  std::int64_t most() const { return most_; }

  /// What one more unit of the plan saves, summed over the hours, less its fee.
  bool pays_to_add(std::int64_t commitment) const {
    std::vector<std::int64_t> hours_at(order_.size(), 0);
    for (std::size_t hour = 0; hour < demand_.hours; ++hour) {
      const std::size_t next = first_beyond(hour, commitment);
      if (next < order_.size()) ++hours_at[next];
    }
    FractionSum gain;
    for (std::size_t i = 0; i < order_.size(); ++i)
      if (hours_at[i] > 0) gain.fractions.emplace_back(hours_at[i], spend_[i]);
    gain.fractions.emplace_back(-static_cast<Int128>(demand_.hours), scale_);
    return gain.sign() > 0;
  }

  FlexibleLevel at(std::int64_t commitment) const {
    FlexibleLevel level{commitment, scale_, {}, {}, 0};
    std::vector<Int128> partly(order_.size(), 0);
    for (std::size_t pool = 0; pool < demand_.pools.size(); ++pool)
      for (const std::int64_t count : demand_.row(pool)) level.on_demand.whole += count;
    for (std::size_t hour = 0; hour < demand_.hours; ++hour) {
      const std::size_t next = first_beyond(hour, commitment);
      for (std::size_t i = 0; i < next; ++i) level.on_demand.whole -= demand_.row(order_[i])[hour];
      const std::int64_t reached = next == 0 ? 0 : sum_at(hour, next - 1);
      if (next < order_.size()) partly[next] += commitment - reached;
      level.spent += next < order_.size() ? commitment : reached;
    }
    for (std::size_t i = 0; i < order_.size(); ++i)
      if (partly[i] > 0) level.on_demand.fractions.emplace_back(-partly[i], spend_[i]);
    level.cost = level.on_demand;
    level.cost.fractions.emplace_back(
        static_cast<Int128>(commitment) * static_cast<Int128>(demand_.hours), scale_);
    return level;
  }

 private:
  explicit Reach(const Demand& demand) : demand_(demand) {}

  std::int64_t sum_at(std::size_t hour, std::size_t i) const {
    return sums_[hour * order_.size() + i];
  }
  /// The first pool that the commitment does not cover whole.
  std::size_t first_beyond(std::size_t hour, std::int64_t commitment) const {
    const auto begin = sums_.begin() + static_cast<std::ptrdiff_t>(hour * order_.size());
    return static_cast<std::size_t>(
        std::upper_bound(begin, begin + static_cast<std::ptrdiff_t>(order_.size()), commitment) -
        begin);
  }

  const Demand& demand_;
  std::vector<std::size_t> order_;   ///< pools, highest discount first
  std::vector<std::int64_t> spend_;  ///< of the plan for one count, in units of 1/scale
  std::vector<std::int64_t> sums_;   ///< hour-major
  std::int64_t scale_ = 1, most_ = 0;
};

}  // namespace

FractionSum& FractionSum::add(const FractionSum& other, std::int64_t times) {
  whole += other.whole * times;
  for (const auto& [numerator, denominator] : other.fractions)
    fractions.emplace_back(numerator * times, denominator);
  return *this;
}

int FractionSum::sign() const {
  std::map<std::int64_t, Int128> merged;  // denominator -> numerator
  for (const auto& [numerator, denominator] : fractions) {
    SY_ASSERT(denominator > 0);
    merged[denominator] += numerator;
  }
  // The sum is `sum` plus rests in [0, 1), one for each denominator.
  Int128 sum = whole;
  std::vector<std::pair<Int128, std::int64_t>> rests;
  double bits = 64;
  for (const auto& [denominator, numerator] : merged) {
    Int128 rest = numerator % denominator;
    if (rest < 0) rest += denominator;
    sum += (numerator - rest) / denominator;
    if (rest != 0) rests.emplace_back(rest, denominator);
    bits += std::log2(static_cast<double>(denominator));
  }
  // A sum that is not zero is at least one over the product of the denominators: after so many
  // digits it has shown itself.
  for (double shown = 0; shown <= bits; shown += 32) {
    if (sum > 0 || (sum == 0 && !rests.empty())) return 1;
    if (sum == 0 || sum <= -static_cast<Int128>(rests.size())) return sum == 0 ? 0 : -1;
    sum *= Int128{1} << 32;
    std::size_t kept = 0;
    for (auto& [rest, denominator] : rests) {
      const Int128 shifted = rest << 32;
      sum += shifted / denominator;
      rest = shifted % denominator;
      if (rest != 0) rests[kept++] = {rest, denominator};
    }
    rests.resize(kept);
  }
  return 0;
}

double FractionSum::value() const {
  double sum = static_cast<double>(whole);
  for (const auto& [numerator, denominator] : fractions)
    sum += static_cast<double>(numerator) / static_cast<double>(denominator);
  return sum;
}

Result<FlexibleLevel> best_flexible_level(const Demand& demand, std::span<const PriceRatio> rates) {
  auto reach = Reach::make(demand, rates);
  if (!reach) return pass(reach);
  std::int64_t low = 0, high = reach->most();  // at `high` nothing is left to cover
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (reach->pays_to_add(middle))
      low = middle + 1;
    else
      high = middle;
  }
  return reach->at(low);
}

Result<FlexibleLevel> cost_of_flexible_level(const Demand& demand,
                                             std::span<const PriceRatio> rates,
                                             std::int64_t commitment) {
  SY_ASSERT(commitment >= 0);
  auto reach = Reach::make(demand, rates);
  if (!reach) return pass(reach);
  return reach->at(commitment);
}

}  // namespace steelyard
