#include "commitments/basket_rows.h"

#include <algorithm>

namespace steelyard {
namespace {

using Four [[gnu::vector_size(32), gnu::aligned(8), gnu::may_alias]] = double;

[[gnu::always_inline]] inline const Four& four(const double* at) {
  return *reinterpret_cast<const Four*>(at);
}
[[gnu::always_inline]] inline Four& four(double* at) { return *reinterpret_cast<Four*>(at); }
[[gnu::always_inline]] inline double sum_of(const Four& lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

[[gnu::always_inline]] inline double cover(const double* rest, double own, std::size_t hours,
                                           double* next) {
  const Four nought{};
  Four beyond{};
  std::size_t h = 0;
  for (; h + kRowLanes <= hours; h += kRowLanes) {
    const Four z = four(rest + h) - own;
    four(next + h) += z > nought ? z : nought;
    beyond += z < nought ? -z : nought;
  }
  double sum = sum_of(beyond);
  for (; h < hours; ++h) {
    next[h] += std::max(0.0, rest[h] - own);
    sum += std::max(0.0, own - rest[h]);
  }
  return sum;
}

[[gnu::always_inline]] inline void leave(const double* rest, double own, double width,
                                         std::size_t hours, double* slope, double* next) {
  const Four nought{}, one = nought + 1;
  const double scale = 0.5 / width;
  for (std::size_t h = 0; h < hours; h += kRowLanes) {
    const Four z = four(rest + h) - own;
    Four s = z * scale;
    s = s > nought ? s : nought;
    s = s < one ? s : one;
    const Four over = z - 2 * width;
    four(slope + h) = s;
    four(next + h) += width * s * s + (over > nought ? over : nought);
  }
}

[[gnu::always_inline]] inline RowWorth value(const double* after, const double* slope,
                                             std::size_t hours, double* worth) {
  const Four nought{};
  Four sum{}, smooth{}, bent{};
  for (std::size_t h = 0; h < hours; h += kRowLanes) {
    const Four s = four(slope + h), above = four(after + h);
    const Four own = s * above, near = s - s * s;
    four(worth + h) = own;
    sum += own;
    smooth += near * above;
    bent += near > nought ? above : nought;
  }
  return {sum_of(sum), sum_of(smooth), sum_of(bent)};
}

struct Loops {
  decltype(&cover_row) cover;
  decltype(&leave_row) leave;
  decltype(&worth_of_row) value;
};

#if defined(__x86_64__)
[[gnu::target("avx2")]] double cover_wide(const double* rest, double own, std::size_t hours,
                                          double* next) {
  return cover(rest, own, hours, next);
}
[[gnu::target("avx2")]] void leave_wide(const double* rest, double own, double width,
                                        std::size_t hours, double* slope, double* next) {
  leave(rest, own, width, hours, slope, next);
}
[[gnu::target("avx2")]] RowWorth value_wide(const double* after, const double* slope,
                                            std::size_t hours, double* worth) {
  return value(after, slope, hours, worth);
}
#endif
double cover_plainly(const double* rest, double own, std::size_t hours, double* next) {
  return cover(rest, own, hours, next);
}
void leave_plainly(const double* rest, double own, double width, std::size_t hours, double* slope,
                   double* next) {
  leave(rest, own, width, hours, slope, next);
}
RowWorth value_plainly(const double* after, const double* slope, std::size_t hours, double* worth) {
  return value(after, slope, hours, worth);
}

const Loops kLoops = [] {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return Loops{cover_wide, leave_wide, value_wide};
#endif
  return Loops{cover_plainly, leave_plainly, value_plainly};
}();

}  // namespace

double cover_row(const double* rest, double own, std::size_t hours, double* next) {
  return kLoops.cover(rest, own, hours, next);
}

void leave_row(const double* rest, double own, double width, std::size_t hours, double* slope,
               double* next) {
  kLoops.leave(rest, own, width, hours, slope, next);
}

RowWorth worth_of_row(const double* after, const double* slope, std::size_t hours, double* worth) {
  return kLoops.value(after, slope, hours, worth);
}

}  // namespace steelyard
