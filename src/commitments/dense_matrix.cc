#include "commitments/dense_matrix.h"

#include <algorithm>
#include <cmath>

#include "commitments/parallel.h"

namespace steelyard {
namespace {

using Four [[gnu::vector_size(32), gnu::aligned(8)]] = double;

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

}  // namespace

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

void DenseMatrix::assign_products(const std::vector<double>& rows, std::size_t length,
                                  int threads) {
  const std::size_t count = size_;
  in_parallel((count + 3) / 4, threads, [&](std::size_t quad) {
    const std::size_t first = 4 * quad;
    const auto given = [&](std::size_t k) { return rows.data() + std::min(k, count - 1) * length; };
    const double* a[4] = {given(first), given(first + 1), given(first + 2), given(first + 3)};
    for (std::size_t l = 0; l < std::min(first + 4, count); l += 2) {
      const double* b[2] = {given(l), given(l + 1)};
      double found[4][2];
      kDots(a, b, length, found);
      for (std::size_t r = 0; r < 4; ++r)
        for (std::size_t c = 0; c < 2; ++c)
          if (first + r < count && l + c <= first + r) row(first + r)[l + c] = found[r][c];
    }
  });
}

void DenseMatrix::factor() {
  std::vector<double> nowhere(size_);
  for (std::size_t first = 0; first < size_; first += 4) {
    const std::size_t end = std::min(first + 4, size_);
    double* rows[4];
    for (std::size_t r = 0; r < 4; ++r) rows[r] = first + r < end ? row(first + r) : nowhere.data();
    solve_four(cells_.data(), size_, first, rows);
    for (std::size_t i = first; i < end; ++i) {
      double* own = row(i);
      const double before = own[i];
      for (std::size_t j = first; j < i; ++j) own[j] = (own[j] - dot(own, row(j), j)) / row(j)[j];
      own[i] = std::sqrt(std::max(own[i] - dot(own, own, i), 1e-14 * before));
    }
  }
}

void DenseMatrix::forward(double* b) const {
  for (std::size_t i = 0; i < size_; ++i) b[i] = (b[i] - dot(row(i), b, i)) / row(i)[i];
}

void DenseMatrix::forward(double* many, std::size_t length, std::size_t count) const {
  std::vector<double> nowhere(size_);
  for (std::size_t first = 0; first < count; first += 4) {
    double* rows[4];
    for (std::size_t r = 0; r < 4; ++r)
      rows[r] = first + r < count ? many + (first + r) * length : nowhere.data();
    solve_four(cells_.data(), size_, size_, rows);
  }
}

void DenseMatrix::backward(double* b) const {
  for (std::size_t i = size_; i-- > 0;) {
    const double* own = row(i);
    b[i] /= own[i];
    for (std::size_t j = 0; j < i; ++j) b[j] -= own[j] * b[i];
  }
}

}  // namespace steelyard
