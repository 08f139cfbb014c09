// A linear program that grows row by row and is solved again from where it stood: the master of the
// cutting planes, and the opponent that tests and benchmarks solve in one piece. Behind it is CLP
// (docs/dependencies.md); its numbers are doubles, so nothing that must be exact rests on them: the
// portfolio recomputes costs and bounds in integers.
#pragma once

#include <memory>
#include <span>
#include <vector>

namespace steelyard {

class LinearProgram {
 public:
  LinearProgram();
  ~LinearProgram();
  LinearProgram(LinearProgram&&) noexcept;
  LinearProgram& operator=(LinearProgram&&) noexcept;

  static constexpr double kInfinity = 1e300;

  /// Columns first; minimised. Returns the index.
  int add_column(double cost, double lower, double upper);
  /// lower <= sum of values x columns <= upper. Returns the index.
  int add_row(double lower, double upper, std::span<const int> columns,
              std::span<const double> values);
  void set_cost(int column, double cost);
  void set_bounds(int column, double lower, double upper);
  /// Rows with `drop[i]` leave; the others keep their order.
  void remove_rows(const std::vector<bool>& drop);
  int rows() const;

  /// Dual simplex from the last basis; false if there is no finite optimum.
  bool solve();
  double value() const;
  std::span<const double> solution() const;     ///< of columns
  std::span<const double> multipliers() const;  ///< of rows: change of the value per unit of bound

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
