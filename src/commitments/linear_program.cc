#include "commitments/linear_program.h"

#include <coin/ClpSimplex.hpp>

#include "base/assert.h"

namespace steelyard {

/// Rows and columns wait here until the next solve, for CLP takes many at once far faster.
struct LinearProgram::State {
  ClpSimplex model;
  std::vector<double> costs, lowers, uppers;
  std::vector<double> row_lowers, row_uppers, values;
  std::vector<int> columns, starts{0};
  int loaded_rows = 0;

  void load_rows() {
    if (row_lowers.empty()) return;
    std::vector<CoinBigIndex> begins(starts.begin(), starts.end());
    model.addRows(static_cast<int>(row_lowers.size()), row_lowers.data(), row_uppers.data(),
                  begins.data(), columns.data(), values.data());
    loaded_rows += static_cast<int>(row_lowers.size());
    row_lowers.clear();
    row_uppers.clear();
    values.clear();
    columns.clear();
    starts.assign(1, 0);
  }
  void load_columns() {
    if (costs.empty()) return;
    model.resize(0, static_cast<int>(costs.size()));
    for (std::size_t i = 0; i < costs.size(); ++i) {
      const int column = static_cast<int>(i);
      model.setObjectiveCoefficient(column, costs[i]);
      model.setColumnBounds(column, lowers[i], uppers[i]);
    }
    costs.clear();
  }
};

LinearProgram::LinearProgram() : state_(std::make_unique<State>()) {
  state_->model.setLogLevel(0);
  state_->model.setPrimalTolerance(1e-10);
  state_->model.setDualTolerance(1e-10);
}
LinearProgram::~LinearProgram() = default;
LinearProgram::LinearProgram(LinearProgram&&) noexcept = default;
LinearProgram& LinearProgram::operator=(LinearProgram&&) noexcept = default;

int LinearProgram::add_column(double cost, double lower, double upper) {
  SY_ASSERT(state_->model.numberColumns() == 0);
  state_->costs.push_back(cost);
  state_->lowers.push_back(lower);
  state_->uppers.push_back(upper);
  return static_cast<int>(state_->costs.size()) - 1;
}

int LinearProgram::add_row(double lower, double upper, std::span<const int> columns,
                           std::span<const double> values) {
  SY_ASSERT(columns.size() == values.size());
  state_->row_lowers.push_back(lower);
  state_->row_uppers.push_back(upper);
  state_->columns.insert(state_->columns.end(), columns.begin(), columns.end());
  state_->values.insert(state_->values.end(), values.begin(), values.end());
  state_->starts.push_back(static_cast<int>(state_->columns.size()));
  return rows() - 1;
}

void LinearProgram::set_cost(int column, double cost) {
  state_->load_columns();
  state_->model.setObjectiveCoefficient(column, cost);
}

void LinearProgram::set_bounds(int column, double lower, double upper) {
  state_->load_columns();
  state_->model.setColumnBounds(column, lower, upper);
}

void LinearProgram::remove_rows(const std::vector<bool>& drop) {
  state_->load_columns();
  state_->load_rows();
  std::vector<int> which;
  for (std::size_t i = 0; i < drop.size(); ++i)
    if (drop[i]) which.push_back(static_cast<int>(i));
  if (which.empty()) return;
  state_->model.deleteRows(static_cast<int>(which.size()), which.data());
  state_->loaded_rows -= static_cast<int>(which.size());
}

int LinearProgram::rows() const {
  return state_->loaded_rows + static_cast<int>(state_->row_lowers.size());
}

bool LinearProgram::solve() {
  state_->load_columns();
  state_->load_rows();
  state_->model.dual(0, 1);
  if (!state_->model.isProvenOptimal()) state_->model.primal(0, 1);
  return state_->model.isProvenOptimal();
}

double LinearProgram::value() const { return state_->model.objectiveValue(); }

std::span<const double> LinearProgram::solution() const {
  return {state_->model.primalColumnSolution(),
          static_cast<std::size_t>(state_->model.numberColumns())};
}

std::span<const double> LinearProgram::multipliers() const {
  return {state_->model.dualRowSolution(), static_cast<std::size_t>(state_->model.numberRows())};
}

}  // namespace steelyard
