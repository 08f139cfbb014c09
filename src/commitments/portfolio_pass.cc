#include "commitments/portfolio_pass.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <thread>
#include <type_traits>

#include "base/assert.h"

namespace steelyard {
namespace {

/// Columns handled at once: all pools of a block stay in the cache for the second look at them.
constexpr std::size_t kLanesBytes = 32;

template <class T>
using Vector [[gnu::vector_size(kLanesBytes), gnu::aligned(alignof(T))]] = T;

template <class T>
constexpr std::size_t kLanes = kLanesBytes / sizeof(T);

/// rest[t] += max(0, demand[t] - capacity)
template <class T>
[[gnu::always_inline]] inline void add_rest(const T* demand, T capacity, std::size_t count,
                                            T* rest) {
  std::size_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) {
    const Vector<T> over = *reinterpret_cast<const Vector<T>*>(demand + i) - capacity;
    *reinterpret_cast<Vector<T>*>(rest + i) += over & (over > 0);
  }
  for (; i < count; ++i) rest[i] += std::max<T>(0, demand[i] - capacity);
}

/// How many columns have demand above capacity and alive[t] (all bits or none).
template <class T>
[[gnu::always_inline]] inline std::int64_t count_alive(const T* demand, T capacity, const T* alive,
                                                       std::size_t count) {
  Vector<T> sum = {};
  std::size_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>)
    sum -= (*reinterpret_cast<const Vector<T>*>(demand + i) > capacity) &
           *reinterpret_cast<const Vector<T>*>(alive + i);
  std::int64_t total = 0;
  for (std::size_t lane = 0; lane < kLanes<T>; ++lane) total += sum[lane];
  for (; i < count; ++i) total += demand[i] > capacity && alive[i] != 0;
  return total;
}

template <class T>
void add_rest_plainly(const T* demand, T capacity, std::size_t count, T* rest) {
  add_rest(demand, capacity, count, rest);
}
template <class T>
std::int64_t count_alive_plainly(const T* demand, T capacity, const T* alive, std::size_t count) {
  return count_alive(demand, capacity, alive, count);
}
#if defined(__x86_64__)
template <class T>
[[gnu::target("avx2")]] void add_rest_wide(const T* demand, T capacity, std::size_t count,
                                           T* rest) {
  add_rest(demand, capacity, count, rest);
}
template <class T>
[[gnu::target("avx2")]] std::int64_t count_alive_wide(const T* demand, T capacity, const T* alive,
                                                      std::size_t count) {
  return count_alive(demand, capacity, alive, count);
}
#endif

template <class T>
struct Kernels {
  void (*add_rest)(const T*, T, std::size_t, T*) = add_rest_plainly<T>;
  std::int64_t (*count_alive)(const T*, T, const T*, std::size_t) = count_alive_plainly<T>;
  Kernels() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
      add_rest = add_rest_wide<T>;
      count_alive = count_alive_wide<T>;
    }
#endif
  }
};

}  // namespace

std::vector<std::size_t> events_of(const PortfolioProblem& problem, std::size_t parts) {
  std::set<std::size_t> events = {0, problem.hours};
  for (std::size_t part = 1; part < parts; ++part) events.insert(problem.hours * part / parts);
  for (const PortfolioOffer& offer : problem.offers) {
    events.insert(offer.begin);
    events.insert(offer.end);
  }
  for (const auto& weight : problem.weights) {
    events.insert(weight.begin);
    events.insert(weight.end);
  }
  return {events.begin(), events.end()};
}

std::int64_t weight_at(const PortfolioProblem& problem, std::size_t hour) {
  for (const auto& weight : problem.weights)
    if (weight.begin <= hour && hour < weight.end) return weight.weight;
  return 1;
}

PassMatrix::PassMatrix(const PortfolioProblem& problem, std::size_t group, int shift,
                       std::size_t parts)
    : pools_(problem.pools), parts_(parts), shift_(shift), parent_(problem.parent) {
  for (const PortfolioOffer& offer : problem.offers) offer_scope_.push_back(offer.scope);
  children_.resize(parent_.size());
  for (std::size_t scope = pools_; scope < parent_.size(); ++scope)
    if (parent_[scope] >= 0) children_[static_cast<std::size_t>(parent_[scope])].push_back(scope);
  const auto events = events_of(problem, parts);
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const std::size_t hours = events[i + 1] - events[i];
    std::size_t part = 0;
    while (part + 1 < parts && problem.hours * (part + 1) / parts <= events[i]) ++part;
    std::vector<std::size_t> active;
    for (std::size_t offer = 0; offer < problem.offers.size(); ++offer)
      if (problem.offers[offer].begin <= events[i] && events[i] < problem.offers[offer].end)
        active.push_back(offer);
    const auto add = [&](std::size_t columns, std::size_t width, std::size_t first_hour) {
      if (columns == 0 || width == 0) return;
      segments_.push_back({columns_, columns_ + columns, static_cast<std::int64_t>(width),
                           weight_at(problem, first_hour), first_hour, part, active});
      columns_ += columns;
    };
    add(hours / group, group, events[i]);
    add(1, hours % group, events[i] + hours / group * group);
  }
  // Sums of the demand of each column.
  Int128 peak = 0;
  wide_.assign(pools_ * columns_, 0);
  held_.resize(parent_.size());
  const auto sum_columns = [&](const auto& value, std::int64_t* out) {
    for (const PassSegment& segment : segments_)
      for (std::size_t column = segment.begin; column < segment.end; ++column) {
        const auto width = static_cast<std::size_t>(segment.width);
        const std::size_t first = segment.first_hour + (column - segment.begin) * width;
        std::int64_t sum = 0;
        for (std::size_t hour = first; hour < first + width; ++hour) sum += value(hour);
        out[column] = sum << shift_;
      }
  };
  std::vector<Int128> totals(columns_, 0);
  for (std::size_t pool = 0; pool < pools_; ++pool) {
    const std::int64_t* row = problem.counts.data() + pool * problem.hours;
    const bool held = pool < problem.held.size() && !problem.held[pool].empty();
    std::int64_t* out = wide_.data() + pool * columns_;
    sum_columns(
        [&](std::size_t hour) {
          return held ? std::max<std::int64_t>(0, row[hour] - problem.held[pool][hour]) : row[hour];
        },
        out);
    for (std::size_t column = 0; column < columns_; ++column) totals[column] += out[column];
  }
  for (const Int128 total : totals) peak = std::max(peak, total);
  for (std::size_t scope = pools_; scope < parent_.size(); ++scope) {
    if (scope >= problem.held.size() || problem.held[scope].empty()) continue;
    held_[scope].resize(columns_);
    sum_columns([&](std::size_t hour) { return problem.held[scope][hour]; }, held_[scope].data());
  }
  // All sums of a column fit the narrow type: twice as many at once.
  if (peak < std::numeric_limits<std::int32_t>::max() / 2) {
    narrow_.assign(wide_.begin(), wide_.end());
    wide_ = {};
  }
}

template <class T>
void PassMatrix::pass_columns(const std::vector<T>& rows, std::size_t segment_index,
                              std::size_t begin, std::size_t end,
                              std::span<const std::int64_t> scope_capacity, Outcome& outcome,
                              std::vector<std::int64_t>& scope_used) const {
  static const Kernels<T> kernels;
  const PassSegment& segment = segments_[segment_index];
  const std::size_t count = end - begin, inner = parent_.size() - pools_;
  // No capacity beyond all demand makes a difference.
  const auto capacity_of = [&](std::size_t scope) {
    const Int128 capacity = static_cast<Int128>(scope_capacity[scope]) * segment.width;
    return static_cast<T>(std::min<Int128>(capacity, std::numeric_limits<T>::max() / 2));
  };
  thread_local std::vector<T> rest, roots;
  rest.assign(inner * count, 0);
  roots.assign(count, 0);
  const auto rest_of = [&](std::size_t scope) { return rest.data() + (scope - pools_) * count; };
  const auto into = [&](std::size_t scope) {
    return parent_[scope] < 0 ? roots.data() : rest_of(static_cast<std::size_t>(parent_[scope]));
  };
  for (std::size_t pool = 0; pool < pools_; ++pool)
    kernels.add_rest(rows.data() + pool * columns_ + begin, capacity_of(pool), count, into(pool));
  for (std::size_t scope = pools_; scope < parent_.size(); ++scope) {
    T* own = rest_of(scope);
    if (!held_[scope].empty())
      for (std::size_t i = 0; i < count; ++i)
        own[i] = static_cast<T>(std::max<std::int64_t>(0, own[i] - held_[scope][begin + i]));
    kernels.add_rest(own, capacity_of(scope), count, into(scope));
  }
  Int128 left = 0;
  for (std::size_t i = 0; i < count; ++i) left += roots[i];
  outcome.left += left * segment.weight;
  // Downwards: an hour is alive in a scope if one more unit there would be used.
  thread_local std::vector<T> all;
  all.assign(count, -1);
  const auto alive_above = [&](std::size_t scope) -> const T* {
    return parent_[scope] < 0 ? all.data() : rest_of(static_cast<std::size_t>(parent_[scope]));
  };
  const std::int64_t worth = segment.weight * segment.width;
  for (std::size_t scope = parent_.size(); scope-- > pools_;) {
    T* own = rest_of(scope);
    const T* above = alive_above(scope);
    const T capacity = capacity_of(scope);
    std::int64_t alive = 0;
    for (std::size_t i = 0; i < count; ++i) {
      own[i] = own[i] > capacity ? above[i] : 0;  // what is left has served: now it says alive
      alive -= own[i];
    }
    scope_used[scope] += alive * worth;
  }
  for (std::size_t pool = 0; pool < pools_; ++pool)
    scope_used[pool] += worth * kernels.count_alive(rows.data() + pool * columns_ + begin,
                                                    capacity_of(pool), alive_above(pool), count);
}

std::vector<PassMatrix::Outcome> PassMatrix::pass(std::span<const std::int64_t> capacity,
                                                  int threads) const {
  // About 256 KiB of demand at a time.
  const std::size_t cell = narrow_.empty() ? sizeof(std::int64_t) : sizeof(std::int32_t);
  const std::size_t block =
      std::clamp<std::size_t>(262'144 / (cell * std::max<std::size_t>(pools_, 1)), 64, 4096) / 16 *
      16;
  struct Work {
    std::size_t segment, begin, end;
  };
  std::vector<Work> works;
  std::vector<std::vector<std::int64_t>> scope_capacity(segments_.size());
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    scope_capacity[i].assign(parent_.size(), 0);
    for (const std::size_t offer : segments_[i].active)
      scope_capacity[i][offer_scope_[offer]] += capacity[offer];
    for (std::size_t at = segments_[i].begin; at < segments_[i].end; at += block)
      works.push_back({i, at, std::min(at + block, segments_[i].end)});
  }
  std::size_t workers =
      threads > 0 ? static_cast<std::size_t>(threads) : std::thread::hardware_concurrency();
  workers = std::clamp<std::size_t>(workers, 1, std::max<std::size_t>(works.size() / 4, 1));
  std::vector<std::vector<Outcome>> found(workers);
  std::atomic<std::size_t> next = 0;
  const auto loop = [&](std::size_t worker) {
    std::vector<Outcome>& own = found[worker];
    own.resize(parts_);
    for (Outcome& outcome : own) outcome.used.assign(capacity.size(), 0);
    std::vector<std::int64_t> scope_used(parent_.size());
    for (std::size_t i = next++; i < works.size(); i = next++) {
      const Work& work = works[i];
      Outcome& part = own[segments_[work.segment].part];
      std::fill(scope_used.begin(), scope_used.end(), 0);
      if (narrow_.empty())
        pass_columns(wide_, work.segment, work.begin, work.end, scope_capacity[work.segment], part,
                     scope_used);
      else
        pass_columns(narrow_, work.segment, work.begin, work.end, scope_capacity[work.segment],
                     part, scope_used);
      for (const std::size_t offer : segments_[work.segment].active)
        part.used[offer] += scope_used[offer_scope_[offer]];
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(loop, worker);
    loop(0);
  }
  for (std::size_t worker = 1; worker < workers; ++worker)
    for (std::size_t part = 0; part < parts_; ++part) {
      found[0][part].left += found[worker][part].left;
      for (std::size_t offer = 0; offer < capacity.size(); ++offer)
        found[0][part].used[offer] += found[worker][part].used[offer];
    }
  return std::move(found[0]);
}

}  // namespace steelyard
