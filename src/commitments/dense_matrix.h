// Dense symmetric matrices and their factors, for the blocks of a portfolio's linear system
// (portfolio_system.h). All sums run in an order of their own, the same wherever they run. Behind
// the door of commitments/.
#pragma once

#include <cstddef>
#include <vector>

namespace steelyard {

/// The sum of a[i] * b[i].
double dot(const double* a, const double* b, std::size_t count);

/// A symmetric positive definite matrix, of which the lower half is kept, row by row.
class DenseMatrix {
 public:
  explicit DenseMatrix(std::size_t size = 0) : size_(size), cells_(size * size, 0) {}
  double* row(std::size_t i) { return cells_.data() + i * size_; }
  const double* row(std::size_t i) const { return cells_.data() + i * size_; }

  /// rows x rows', of as many rows as the matrix has, each `length` after the other.
  void assign_products(const std::vector<double>& rows, std::size_t length, int threads);
  /// L of L L' = the matrix, in its place.
  void factor();

  // Of the factor:
  /// L^-1 b, in its place.
  void forward(double* b) const;
  /// L^-1 b for the columns b of `many`, each `length` after the other, in their place.
  void forward(double* many, std::size_t length, std::size_t count) const;
  /// L'^-1 b, in its place.
  void backward(double* b) const;

 private:
  std::size_t size_;
  std::vector<double> cells_;
};

}  // namespace steelyard
