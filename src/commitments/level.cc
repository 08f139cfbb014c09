#include "commitments/level.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/assert.h"

namespace steelyard {
namespace {

using Values = std::span<const std::int64_t>;

/// What one pass finds out about a bracket [low, high].
struct Tally {
  std::size_t below_low = 0, at_low = 0, at_high = 0, inside = 0;  ///< inside: low < value < high
  std::int64_t sum = 0, sum_above = 0;  ///< of all values, and of those above high
};

void tally_one(std::int64_t value, std::int64_t low, std::int64_t high, std::int64_t* kept,
               Tally& tally) {
  tally.below_low += value < low;
  tally.at_low += value == low;
  tally.at_high += value == high;
  tally.sum += value;
  tally.sum_above += value > high ? value : 0;
  kept[tally.inside] = value;
  tally.inside += value > low && value < high;
}

Tally tally_plainly(Values values, std::int64_t low, std::int64_t high, std::int64_t* kept) {
  Tally tally;
  for (const std::int64_t value : values) tally_one(value, low, high, kept, tally);
  return tally;
}

#if defined(__x86_64__)
/// For each mask of four lanes the shuffle that moves the chosen ones to the front.
struct Shuffles {
  alignas(32) std::int32_t lanes[16][8];
  constexpr Shuffles() : lanes{} {
    for (int mask = 0; mask < 16; ++mask) {
      int to = 0;
      for (int lane = 0; lane < 4; ++lane) {
        if (!(mask >> lane & 1)) continue;
        lanes[mask][2 * to] = 2 * lane;
        lanes[mask][2 * to + 1] = 2 * lane + 1;
        ++to;
      }
    }
  }
};
constexpr Shuffles kShuffles;

__attribute__((target("avx2"))) std::int64_t sum_of_lanes(__m256i lanes) {
  alignas(32) std::int64_t parts[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(parts), lanes);
  return parts[0] + parts[1] + parts[2] + parts[3];
}

/// The same, four at a time and without a branch: `kept` needs room for three more.
__attribute__((target("avx2,popcnt"))) Tally tally_wide(Values values, std::int64_t low,
                                                        std::int64_t high, std::int64_t* kept) {
  const __m256i lows = _mm256_set1_epi64x(low), highs = _mm256_set1_epi64x(high);
  __m256i below_low = _mm256_setzero_si256(), at_low = below_low, at_high = below_low,
          sum = below_low, sum_above = below_low;
  Tally tally;
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values.data() + i));
    const __m256i above_high = _mm256_cmpgt_epi64(value, highs);
    const __m256i is_high = _mm256_cmpeq_epi64(value, highs);
    const __m256i above_low = _mm256_cmpgt_epi64(value, lows);
    const __m256i is_low = _mm256_cmpeq_epi64(value, lows);
    at_low = _mm256_sub_epi64(at_low, is_low);
    at_high = _mm256_sub_epi64(at_high, is_high);
    below_low = _mm256_add_epi64(below_low, _mm256_or_si256(above_low, is_low));  // -1 where not
    sum = _mm256_add_epi64(sum, value);
    sum_above = _mm256_add_epi64(sum_above, _mm256_and_si256(above_high, value));
    const __m256i inside = _mm256_andnot_si256(_mm256_or_si256(above_high, is_high), above_low);
    const int mask = _mm256_movemask_pd(_mm256_castsi256_pd(inside));
    const __m256i packed = _mm256_permutevar8x32_epi32(
        value, _mm256_load_si256(reinterpret_cast<const __m256i*>(kShuffles.lanes[mask])));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(kept + tally.inside), packed);
    tally.inside += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(mask)));
  }
  tally.below_low = i + static_cast<std::size_t>(sum_of_lanes(below_low));
  tally.at_low = static_cast<std::size_t>(sum_of_lanes(at_low));
  tally.at_high = static_cast<std::size_t>(sum_of_lanes(at_high));
  tally.sum = sum_of_lanes(sum);
  tally.sum_above = sum_of_lanes(sum_above);
  for (; i < values.size(); ++i) tally_one(values[i], low, high, kept, tally);
  return tally;
}

bool has_wide() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  return has;
}
#endif

Tally tally_of(Values values, std::int64_t low, std::int64_t high, std::int64_t* kept) {
#if defined(__x86_64__)
  if (has_wide()) return tally_wide(values, low, high, kept);
#endif
  return tally_plainly(values, low, high, kept);
}

struct Bracket {
  std::int64_t low = -1, high = std::numeric_limits<std::int64_t>::max();
};

constexpr std::size_t kSmall = 512;  ///< up to here a bracket costs more than it saves
constexpr std::size_t kSample = 256;

/// Where the k-th of `values` lies, very probably: three standard deviations around its rank in a
/// sample. The places of the sample are the same in every run and fall into no rhythm of days.
Bracket bracket_of(Values values, std::size_t k) {
  std::int64_t sample[kSample];
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::int64_t& value : sample) {
    state = state * 6364136223846793005 + 1442695040888963407;
    value = values[static_cast<std::size_t>(
        (static_cast<unsigned __int128>(state) * values.size()) >> 64)];
  }
  const double share = static_cast<double>(k) / static_cast<double>(values.size());
  const double rank = share * kSample;
  const double margin = 3 * std::sqrt(kSample * share * (1 - share)) + 2;
  Bracket bracket;
  auto* from = sample;
  if (rank > margin) {
    from = sample + static_cast<std::size_t>(rank - margin);
    std::nth_element(sample, from, sample + kSample);
    bracket.low = *from;
  }
  if (rank + margin < kSample - 1) {
    auto* to = sample + static_cast<std::size_t>(rank + margin);
    std::nth_element(from, to, sample + kSample);
    bracket.high = *to;
  }
  return bracket;
}

/// The k-th smallest and the sums on which the cost of that level rests.
struct Selected {
  std::int64_t value = 0, sum = 0;
  std::int64_t sum_above = 0;  ///< of the values above `value`
  std::size_t above = 0;       ///< how many those are
};

Selected select_plainly(Values values, std::size_t k) {
  std::vector<std::int64_t> copy(values.begin(), values.end());
  std::nth_element(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(k), copy.end());
  Selected found{copy[k], 0, 0, 0};
  for (const std::int64_t value : values) {
    found.sum += value;
    found.sum_above += value > found.value ? value : 0;
    found.above += value > found.value;
  }
  return found;
}

/// The values that a pass keeps go to `room`, and those that a pass over them keeps behind them.
Selected select(Values values, std::size_t k, std::span<std::int64_t> room) {
  SY_ASSERT(k < values.size());
  if (values.size() <= kSmall || values.size() + 4 > room.size()) return select_plainly(values, k);
  Bracket bracket = bracket_of(values, k);
  for (;;) {
    Tally tally = tally_of(values, bracket.low, bracket.high, room.data());
    if (bracket.low == bracket.high) tally.at_high = 0;  // counted at the low end
    const std::size_t up_to_low = tally.below_low + tally.at_low;
    const std::size_t below_high = up_to_low + tally.inside;
    if (k < tally.below_low) {  // the sample misled us: look on the other side of its bracket
      bracket = {-1, bracket.low};
      continue;
    }
    if (k >= below_high + tally.at_high) {
      bracket = {bracket.high, std::numeric_limits<std::int64_t>::max()};
      continue;
    }
    const std::int64_t sum_high =
        tally.at_high == 0 ? 0 : bracket.high * static_cast<std::int64_t>(tally.at_high);
    const std::size_t above_high = values.size() - below_high - tally.at_high;
    if (k >= below_high) return {bracket.high, tally.sum, tally.sum_above, above_high};
    if (k < up_to_low) {
      std::int64_t sum_inside = 0;
      for (std::size_t i = 0; i < tally.inside; ++i) sum_inside += room[i];
      return {bracket.low, tally.sum, tally.sum_above + sum_high + sum_inside,
              above_high + tally.at_high + tally.inside};
    }
    Selected found = select(room.first(tally.inside), k - up_to_low, room.subspan(tally.inside));
    found.sum = tally.sum;
    found.sum_above += tally.sum_above + sum_high;
    found.above += above_high + tally.at_high;
    return found;
  }
}

Selected select(Values values, std::size_t k) {
  // A bracket may keep everything, and so may the one over what it kept; a third time is done
  // plainly.
  thread_local std::vector<std::int64_t> room;
  if (room.size() < 2 * values.size() + 8) room.resize(2 * values.size() + 8);
  return select(values, k, room);
}

}  // namespace

Result<PriceRatio> price_ratio(Decimal committed, Decimal on_demand) {
  const std::string where = to_text(committed) + " / " + to_text(on_demand);
  if (committed.units < 0 || on_demand.units <= 0)
    return fail("SY1825", "a commitment's price is zero or more, a price on demand above zero",
                where, "correct the rates");
  Int128 a = committed.units, b = on_demand.units;
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  const Int128 numerator = committed.units / a, denominator = on_demand.units / a;
  if (numerator >= kMaxRatioPart || denominator >= kMaxRatioPart)
    return fail("SY1825", "the ratio of two prices has more than 12 digits", where,
                "write the rates with fewer decimals");
  return PriceRatio{static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator)};
}

double LevelCost::utilisation() const {
  return committed == 0 ? 0 : static_cast<double>(covered()) / static_cast<double>(committed);
}

double LevelCost::savings(PriceRatio price) const {
  if (usage == 0) return 0;
  const Int128 all = usage * price.denominator;
  return static_cast<double>(all - scaled(price)) / static_cast<double>(all);
}

LevelCost cost_of_level(Values demand, std::int64_t level) {
  SY_ASSERT(level >= 0);
  std::int64_t above = 0, sum = 0;
  for (const std::int64_t value : demand) {
    sum += value;
    above += value > level ? value - level : 0;
  }
  return {static_cast<Int128>(level) * static_cast<std::int64_t>(demand.size()), above, sum};
}

Level best_level(Values demand, PriceRatio price) {
  SY_ASSERT(price.numerator >= 0 && price.denominator > 0);
  const auto hours = static_cast<std::int64_t>(demand.size());
  // So many hours may stay above the level.
  const Int128 above = static_cast<Int128>(price.numerator) * hours / price.denominator;
  if (above >= hours) return {0, cost_of_level(demand, 0)};
  const auto k = static_cast<std::size_t>(hours - 1 - static_cast<std::int64_t>(above));
  const Selected found = select(demand, k);
  Level best{found.value, {}};
  best.cost.committed = static_cast<Int128>(found.value) * hours;
  best.cost.usage = found.sum;
  best.cost.on_demand =
      found.sum_above - static_cast<Int128>(found.value) * static_cast<std::int64_t>(found.above);
  return best;
}

std::int64_t best_level(std::span<const Scenario> scenarios, PriceRatio price) {
  SY_ASSERT(price.numerator >= 0 && price.denominator > 0);
  std::vector<std::pair<std::int64_t, std::int64_t>> weighted;  // value, weight
  Int128 all = 0;
  for (const Scenario& scenario : scenarios) {
    SY_ASSERT(scenario.weight > 0);
    for (const std::int64_t value : scenario.demand) weighted.emplace_back(value, scenario.weight);
    all += static_cast<Int128>(scenario.weight) * static_cast<std::int64_t>(scenario.demand.size());
  }
  // The level is the smallest value that leaves at most this much weight above it: halve the
  // candidates until one is left.
  Int128 above = all * price.numerator / price.denominator;
  if (weighted.empty() || above >= all) return 0;
  auto first = weighted.begin(), last = weighted.end();
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last);
    Int128 upper = 0;
    for (auto it = middle; it != last; ++it) upper += it->second;
    if (upper <= above) {  // all from the middle on may stay above
      above -= upper;
      last = middle;
    } else {
      first = middle;
    }
  }
  return first->first;
}

std::int64_t kth_smallest(Values values, std::size_t k) { return select(values, k).value; }

}  // namespace steelyard
