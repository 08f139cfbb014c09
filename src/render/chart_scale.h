// What the two pictures of a Chart share: how far the axes reach, where their round ticks lie, and
// how many points a place can show.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ledger/report.h"

namespace steelyard {

struct Tick {
  double at = 0;
  std::string text;
};

/// A range of one axis; `high` is above `low`.
struct Range {
  double low = 0, high = 1;
  /// Where a value lies: 0 at `low`, 1 at `high`.
  double share(double value) const { return (value - low) / (high - low); }
};

/// The chart without the points that cannot be drawn: not finite, or beyond any scale.
Chart drawable(const Chart& chart);

/// What the picture of a drawable chart shows. Without a point nothing is shown.
struct ChartFrame {
  Range x, y;
  bool empty = true;
};

/// x as the data say, y widened to round numbers of at most `most_ticks` steps.
ChartFrame frame_of(const Chart& chart, std::size_t most_ticks);

/// At most `most` ticks at round values within the range: 1, 2 or 5 times a power of ten; hours,
/// days, months or years of a calendar. Large numbers are short: "12 k".
std::vector<Tick> ticks_of(const ChartAxis& axis, Range range, std::size_t most);

/// The same curve in at most four points for each of `columns` equal parts of the range: the first,
/// the lowest, the highest and the last of each part, so that no extreme is lost.
std::vector<ChartPoint> thinned(std::span<const ChartPoint> points, Range range,
                                std::size_t columns);

/// The value of a series of steps at `x`: that of the last point up to there, 0 before the first.
double step_at(std::span<const ChartPoint> points, double x);

/// Heights of the layers of a stack, or of the covered bands of a coverage chart, from below: each
/// is the upper edge. `x` is chosen within [from, to) where they reach the highest, so that a
/// narrow peak is seen.
std::vector<double> layers_at(const Chart& chart, double from, double to);

}  // namespace steelyard
