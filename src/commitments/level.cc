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

/// Values above `low` and up to `high`.
struct Bracket {
  std::int64_t low = -1, high = std::numeric_limits<std::int64_t>::max();
};

/// What one pass finds out about a bracket.
struct Tally {
  std::size_t below = 0, inside = 0;    ///< up to `low`; in the bracket
  std::int64_t sum = 0, sum_above = 0;  ///< of all values, and of those above `high`
};

void tally_one(std::int64_t value, Bracket bracket, std::int64_t* kept, Tally& tally) {
  tally.below += value <= bracket.low;
  tally.sum += value;
  tally.sum_above += value > bracket.high ? value : 0;
  kept[tally.inside] = value;
  tally.inside += value > bracket.low && value <= bracket.high;
}

Tally tally_plainly(Values values, Bracket bracket, std::int64_t* kept) {
  Tally tally;
  for (const std::int64_t value : values) tally_one(value, bracket, kept, tally);
  return tally;
}

/// Values that the memory is asked for in advance: a page, where it stops to guess by itself.
constexpr std::size_t kAhead = 512;
/// What a pass writes behind the values that it keeps.
constexpr std::size_t kSpill = 8;

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

/// The same, four at a time and without a branch.
__attribute__((target("avx2,popcnt"))) Tally tally_by_four(Values values, Bracket bracket,
                                                           std::int64_t* kept) {
  const __m256i lows = _mm256_set1_epi64x(bracket.low), highs = _mm256_set1_epi64x(bracket.high);
  __m256i above = _mm256_setzero_si256(), sum = above, sum_above = above;
  Tally tally;
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values.data() + i));
    const __m256i above_high = _mm256_cmpgt_epi64(value, highs);
    const __m256i above_low = _mm256_cmpgt_epi64(value, lows);
    above = _mm256_sub_epi64(above, above_low);
    sum = _mm256_add_epi64(sum, value);
    sum_above = _mm256_add_epi64(sum_above, _mm256_and_si256(above_high, value));
    const __m256i inside = _mm256_andnot_si256(above_high, above_low);
    const int mask = _mm256_movemask_pd(_mm256_castsi256_pd(inside));
    const __m256i packed = _mm256_permutevar8x32_epi32(
        value, _mm256_load_si256(reinterpret_cast<const __m256i*>(kShuffles.lanes[mask])));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(kept + tally.inside), packed);
    tally.inside += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(mask)));
  }
  tally.below = i - static_cast<std::size_t>(sum_of_lanes(above));
  tally.sum = sum_of_lanes(sum);
  tally.sum_above = sum_of_lanes(sum_above);
  for (; i < values.size(); ++i) tally_one(values[i], bracket, kept, tally);
  return tally;
}

__attribute__((target("avx512f,popcnt"))) std::int64_t sum_of_lanes(__m512i lanes) {
  alignas(64) std::int64_t parts[8];
  _mm512_store_si512(parts, lanes);
  std::int64_t sum = 0;
  for (const std::int64_t part : parts) sum += part;
  return sum;
}

/// The same, eight at a time.
__attribute__((target("avx512f,popcnt"))) Tally tally_by_eight(Values values, Bracket bracket,
                                                               std::int64_t* kept) {
  const __m512i lows = _mm512_set1_epi64(bracket.low), highs = _mm512_set1_epi64(bracket.high);
  const __m512i one = _mm512_set1_epi64(1);
  __m512i sum = _mm512_setzero_si512(), sum_above = sum, above = sum;
  Tally tally;
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    const __m512i value = _mm512_loadu_si512(values.data() + i);
    _mm_prefetch(values.data() + i + kAhead, _MM_HINT_T0);
    const __mmask8 above_high = _mm512_cmpgt_epi64_mask(value, highs);
    const __mmask8 above_low = _mm512_cmpgt_epi64_mask(value, lows);
    const __mmask8 inside = _mm512_mask_cmple_epi64_mask(above_low, value, highs);
    sum = _mm512_add_epi64(sum, value);
    sum_above = _mm512_mask_add_epi64(sum_above, above_high, sum_above, value);
    _mm512_storeu_si512(kept + tally.inside, _mm512_maskz_compress_epi64(inside, value));
    tally.inside += static_cast<std::size_t>(__builtin_popcount(inside));
    above = _mm512_mask_add_epi64(above, above_low, above, one);
  }
  tally.below = i - static_cast<std::size_t>(sum_of_lanes(above));
  tally.sum = sum_of_lanes(sum);
  tally.sum_above = sum_of_lanes(sum_above);
  for (; i < values.size(); ++i) tally_one(values[i], bracket, kept, tally);
  return tally;
}
#endif

/// The fastest that this machine has.
const auto kTally = [] {
#if defined(__x86_64__)
  const bool counts_bits = __builtin_cpu_supports("popcnt");
  if (counts_bits && __builtin_cpu_supports("avx512f")) return tally_by_eight;
  if (counts_bits && __builtin_cpu_supports("avx2")) return tally_by_four;
#endif
  return tally_plainly;
}();

constexpr std::size_t kSmall = 512;  ///< up to here a bracket costs more than it saves
constexpr std::size_t kFew = 48;     ///< the same, where it needs no sample
constexpr std::size_t kSample = 96;
constexpr int kGuesses = 6;

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
    bracket.low = *from - 1;
  }
  if (rank + margin < kSample - 1) {
    auto* to = sample + static_cast<std::size_t>(rank + margin);
    std::nth_element(from, to, sample + kSample);
    bracket.high = *to;
  }
  return bracket;
}

/// Where the k-th of `count` values in the bracket lies if they lie evenly.
Bracket guess_in(Bracket bracket, std::size_t k, std::size_t count) {
  const double width = static_cast<double>(bracket.high) - static_cast<double>(bracket.low);
  const double at = width * (static_cast<double>(k) + 0.5) / static_cast<double>(count);
  const double margin = width / 16;
  const auto inside = [&](double from_low) {
    return from_low >= width ? bracket.high
                             : bracket.low + static_cast<std::int64_t>(std::max(0.0, from_low));
  };
  const Bracket guess{inside(at - margin), inside(at + margin + 1)};
  return guess.low < guess.high ? guess : bracket;
}

/// The k-th smallest and the sums on which the cost of that level rests.
struct Selected {
  std::int64_t value = 0, sum = 0;
  std::int64_t sum_above = 0;  ///< of the values above `value`
  std::size_t above = 0;       ///< how many those are
};

Selected select_plainly(std::int64_t* values, std::size_t count, std::size_t k) {
  std::nth_element(values, values + k, values + count);
  Selected found{values[k], 0, 0, 0};
  for (std::size_t i = 0; i < count; ++i) {
    found.sum += values[i];
    found.sum_above += values[i] > found.value ? values[i] : 0;
    found.above += values[i] > found.value;
  }
  return found;
}

/// The k-th of `count` values, all in the bracket; `spare` has room for as many.
Selected select_kept(std::int64_t* values, std::size_t count, std::size_t k, Bracket bracket,
                     std::int64_t* spare) {
  std::int64_t sum_above = 0;
  std::size_t above = 0;
  for (int guesses = 0; count > kFew && guesses < kGuesses; ++guesses) {
    if (bracket.high == std::numeric_limits<std::int64_t>::max()) break;  // no room to subtract
    if (bracket.high - bracket.low == 1) return {bracket.high, 0, sum_above, above};
    Bracket guess = guess_in(bracket, k, count);
    Tally tally = kTally({values, count}, guess, spare);
    if (k < tally.below || k >= tally.below + tally.inside) {
      guess = k < tally.below ? Bracket{bracket.low, guess.low} : Bracket{guess.high, bracket.high};
      tally = kTally({values, count}, guess, spare);
    }
    sum_above += tally.sum_above;
    above += count - tally.below - tally.inside;
    k -= tally.below;
    count = tally.inside;
    bracket = guess;
    std::swap(values, spare);
  }
  Selected found = select_plainly(values, count, k);
  found.sum_above += sum_above;
  found.above += above;
  return found;
}

Selected select(Values values, std::size_t k) {
  SY_ASSERT(k < values.size());
  thread_local std::vector<std::int64_t> room, spare;
  if (room.size() < values.size() + kSpill) {
    room.resize(values.size() + kSpill);
    spare.resize(values.size() + kSpill);
  }
  if (values.size() <= kSmall) {
    std::copy(values.begin(), values.end(), room.begin());
    return select_plainly(room.data(), values.size(), k);
  }
  Bracket bracket = bracket_of(values, k);
  for (;;) {
    const Tally tally = kTally(values, bracket, room.data());
    if (k < tally.below) {  // the sample misled us: look on the other side of its bracket
      bracket = {-1, bracket.low};
      continue;
    }
    if (k >= tally.below + tally.inside) {
      bracket = {bracket.high, std::numeric_limits<std::int64_t>::max()};
      continue;
    }
    Selected found = select_kept(room.data(), tally.inside, k - tally.below, bracket, spare.data());
    found.sum = tally.sum;
    found.sum_above += tally.sum_above;
    found.above += values.size() - tally.below - tally.inside;
    return found;
  }
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
