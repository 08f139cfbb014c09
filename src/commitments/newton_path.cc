#include "commitments/newton_path.h"

#include <algorithm>

namespace steelyard {

double PurchaseBox::clamped(std::size_t i, double amount) const {
  return std::clamp(amount, 0.0, most[i]);
}

bool PurchaseBox::may_move(std::size_t i, double amount, double used) const {
  const double slope = fee[i] - used;
  return !(amount <= 0 && slope >= 0) && !(amount >= most[i] && slope <= 0);
}

double PurchaseBox::cost(double rest, std::span<const double> amounts) const {
  for (std::size_t i = 0; i < amounts.size(); ++i) rest += fee[i] * amounts[i];
  return rest;
}

double PurchaseBox::unproven(std::span<const double> used, std::span<const double> amounts) const {
  double loss = 0;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const double slope = fee[i] - used[i];
    loss += slope > 0 ? slope * amounts[i] : slope * (amounts[i] - most[i]);
  }
  return loss;
}

double PurchaseBox::slope(std::span<const double> used, std::span<const double> amounts,
                          std::span<const double> then) const {
  double slope = 0;
  for (std::size_t i = 0; i < amounts.size(); ++i)
    slope += (fee[i] - used[i]) * (then[i] - amounts[i]);
  return slope;
}

bool is_better(double next, double value, double slope) {
  return next <= value + 1e-4 * slope + 1e-15 * value;
}

void WidthPath::restart(double width) {
  width_ = width;
  before_.clear();
}

void WidthPath::narrow(const PurchaseBox& box, std::vector<double>& amounts) {
  const double next = width_ * narrowing_;
  std::vector<double> here = amounts;
  if (!before_.empty())
    for (std::size_t i = 0; i < amounts.size(); ++i)
      amounts[i] = box.clamped(
          i, here[i] + (here[i] - before_[i]) * (next - width_) / (width_ - width_before_));
  before_ = std::move(here);
  width_before_ = width_;
  width_ = next;
}

}  // namespace steelyard
