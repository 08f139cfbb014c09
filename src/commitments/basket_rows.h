// The inner loops of a look at a basket (basket_flow.h, basket_look.h): a row is the hours of a
// pattern at one node that has its line alone. Sums run in an order of their own, the same wherever
// they run. Behind the door of commitments/.
#pragma once

#include <cstddef>

namespace steelyard {

/// Rows of the smooth cost are so many doubles or a multiple.
inline constexpr std::size_t kRowLanes = 4;

/// Adds to `next` what `own` leaves of `rest`; returns the sum of what it has beyond.
double cover_row(const double* rest, double own, std::size_t hours, double* next);

/// Smoothly (Kink): adds to `next` what is left; its slope.
void leave_row(const double* rest, double own, double width, std::size_t hours, double* slope,
               double* next);

struct RowWorth {
  double worth = 0;   ///< sum of slope * after
  double smooth = 0;  ///< of slope * (1 - slope) * after
  double bent = 0;    ///< of after, where the row is on its parabola
};
/// What usage of the node is worth, if it is worth `after` at the next one.
RowWorth worth_of_row(const double* after, const double* slope, std::size_t hours, double* worth);

}  // namespace steelyard
