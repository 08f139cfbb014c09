#include "render/chart_scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/time.h"

namespace steelyard {
namespace {

constexpr double kHour = 3600, kDay = 86'400;

bool fits(double value, AxisKind kind) {
  // A NaN fits nothing; a time within 30,000 years has a date.
  return std::abs(value) < (kind == AxisKind::kTime ? 1e12 : 1e100);
}

/// 1, 2 or 5 times a power of ten, so that the width has at most `most` steps.
double round_step(double width, std::size_t most) {
  const double least = width / static_cast<double>(std::max<std::size_t>(most, 1));
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// Multiples of the step within the range.
std::vector<double> multiples(Range range, double step) {
  std::vector<double> values;
  const double slack = step * 1e-6;
  for (double k = std::ceil((range.low - slack) / step); k * step <= range.high + slack; ++k)
    values.push_back(k * step);
  return values;
}

std::string fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string_view digits = text;
  // No minus before a zero.
  if (digits.starts_with('-') && digits.find_first_not_of("-0.") == std::string_view::npos)
    digits.remove_prefix(1);
  return std::string(digits);
}

/// Texts of round numbers that differ by `step`.
std::vector<Tick> number_ticks(const std::vector<double>& values, double step, bool share) {
  double unit = share ? 0.01 : 1, largest = 0;
  std::string suffix = share ? "%" : "";
  for (const double value : values) largest = std::max(largest, std::abs(value));
  if (!share) {
    constexpr std::array<std::pair<double, const char*>, 4> kUnits = {
        {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e4, " k"}}};
    for (const auto& [least, name] : kUnits) {
      if (largest < least) continue;
      unit = least == 1e4 ? 1e3 : least;
      suffix = name;
      break;
    }
  }
  const int decimals =
      std::clamp(static_cast<int>(std::ceil(-std::log10(step / unit) - 1e-9)), 0, 12);
  std::vector<Tick> ticks;
  for (const double value : values) {
    const std::string digits = fixed(value / unit, decimals);
    ticks.push_back({value, digits + (share || value != 0 ? suffix : "")});
    if (largest / unit >= 1e6) {
      char text[64];
      std::snprintf(text, sizeof text, "%.3g", value);
      ticks.back().text = text;
    }
  }
  return ticks;
}

Date date_at(double seconds) {
  return civil_from_days(static_cast<std::int64_t>(std::floor(seconds / kDay)));
}
double seconds_of(Date date) { return static_cast<double>(days_from_civil(date)) * kDay; }

/// Ticks of a calendar: every `months` months.
std::vector<Tick> month_ticks(Range range, int months) {
  std::vector<Tick> ticks;
  Date first = date_at(range.low);
  first = Date{first.year, 1, 1};
  if (months >= 12) first.year -= first.year % (months / 12);
  for (int k = 0;; k += months) {
    const Date date = first_of_month(first, k);
    const double at = seconds_of(date);
    if (at > range.high) return ticks;
    if (at < range.low) continue;
    ticks.push_back({at, format_date(date).substr(0, months >= 12 ? 4 : 7)});
  }
}

std::vector<Tick> time_ticks(Range range, std::size_t most) {
  // A tick of `most` has room for a day; those of months and years are shorter.
  const auto is_enough = [&](double step, double size) {
    return (range.high - range.low) / step * (size + 3) <= static_cast<double>(most) * 13;
  };
  for (const double hours : {1.0, 2.0, 3.0, 6.0, 12.0}) {
    if (!is_enough(hours * kHour, 11)) continue;
    std::vector<Tick> ticks;
    for (const double at : multiples(range, hours * kHour)) {
      const auto hour = static_cast<int>(std::fmod(at, kDay) / kHour);
      char text[8];
      std::snprintf(text, sizeof text, "%02d:00", hour);
      ticks.push_back({at, format_date(date_at(at)).substr(5) + " " + text});
    }
    return ticks;
  }
  for (const double days : {1.0, 2.0, 7.0, 14.0}) {
    if (!is_enough(days * kDay, 10)) continue;
    std::vector<Tick> ticks;
    // 1970 began on a Thursday; weeks begin on Mondays.
    const double shift = days >= 7 ? 4 * kDay : 0;
    for (const double at : multiples({range.low - shift, range.high - shift}, days * kDay))
      ticks.push_back({at + shift, format_date(date_at(at + shift))});
    return ticks;
  }
  for (const int months : {1, 2, 3, 6, 12, 24, 60, 120})
    if (is_enough(months * 30.4 * kDay, months >= 12 ? 4 : 7)) return month_ticks(range, months);
  return month_ticks(range, 1200);
}

void widen(Range& range, bool& first, double value) {
  range =
      first ? Range{value, value} : Range{std::min(range.low, value), std::max(range.high, value)};
  first = false;
}

void part_ends(Range& range) {
  const double size = std::max(std::abs(range.low), std::abs(range.high));
  if (range.high - range.low > 1e-9 * size) return;
  const double reach = size == 0 ? 1 : size * 0.1;
  range = {range.low - reach, range.high + reach};
}

/// Where a layer may jump: the points of all series within [from, to), and `from`.
std::vector<double> turning_points(const Chart& chart, double from, double to) {
  std::vector<double> places = {from};
  for (const ChartSeries& series : chart.series) {
    auto at = std::lower_bound(series.points.begin(), series.points.end(), from,
                               [](ChartPoint point, double x) { return point.x < x; });
    for (; at != series.points.end() && at->x < to; ++at) places.push_back(at->x);
  }
  return places;
}

double line_at(std::span<const ChartPoint> points, double x) {
  const auto after = std::upper_bound(points.begin(), points.end(), x,
                                      [](double at, ChartPoint point) { return at < point.x; });
  if (after == points.begin()) return points.empty() ? 0 : points.front().y;
  const ChartPoint left = *std::prev(after);
  if (after == points.end() || after->x <= left.x) return left.y;
  return left.y + (after->y - left.y) * (x - left.x) / (after->x - left.x);
}

}  // namespace

Chart drawable(const Chart& chart) {
  Chart kept = chart;
  const auto is_lost = [&](ChartPoint point) {
    return !fits(point.x, chart.x.kind) || !fits(point.y, chart.y.kind);
  };
  for (ChartSeries& series : kept.series) std::erase_if(series.points, is_lost);
  std::erase_if(kept.marks, [&](const ChartMark& mark) { return is_lost(mark.at); });
  std::erase_if(kept.levels, [&](const ChartLevel& level) { return !fits(level.y, chart.y.kind); });
  return kept;
}

ChartFrame frame_of(const Chart& chart, std::size_t most_ticks) {
  ChartFrame frame;
  bool first_x = true, first_y = true;
  const bool stack = chart.kind == ChartKind::kStack;
  for (const ChartSeries& series : chart.series)
    for (const ChartPoint point : series.points) {
      widen(frame.x, first_x, point.x);
      if (!stack) widen(frame.y, first_y, point.y);
    }
  for (const ChartMark& mark : chart.marks) {
    widen(frame.x, first_x, mark.at.x);
    widen(frame.y, first_y, mark.at.y);
  }
  if (first_x) return frame;
  frame.empty = false;
  if (stack)
    for (const double x : turning_points(chart, frame.x.low, frame.x.high))
      widen(frame.y, first_y, layers_at(chart, x, x).back());
  for (const ChartLevel& level : chart.levels) widen(frame.y, first_y, level.y);
  if (chart.y.from_zero || chart.kind != ChartKind::kLines) widen(frame.y, first_y, 0);
  part_ends(frame.x);
  part_ends(frame.y);
  // Widened, the range may need a longer step, and then be widened again.
  for (double step = 0;;) {
    const double needed = round_step(frame.y.high - frame.y.low, most_ticks);
    if (needed <= step * (1 + 1e-9)) break;
    step = needed;
    frame.y = {std::floor(frame.y.low / step + 1e-9) * step,
               std::ceil(frame.y.high / step - 1e-9) * step};
  }
  return frame;
}

std::vector<Tick> ticks_of(const ChartAxis& axis, Range range, std::size_t most) {
  if (axis.kind == AxisKind::kTime) return time_ticks(range, most);
  const double step = round_step(range.high - range.low, most);
  return number_ticks(multiples(range, step), step, axis.kind == AxisKind::kShare);
}

std::vector<ChartPoint> thinned(std::span<const ChartPoint> points, Range range,
                                std::size_t columns) {
  if (points.size() <= 4 * columns) return {points.begin(), points.end()};
  const auto column_of = [&](ChartPoint point) {
    const double last = static_cast<double>(columns) - 1;
    return static_cast<std::size_t>(
        std::clamp(range.share(point.x) * static_cast<double>(columns), 0.0, last));
  };
  std::vector<ChartPoint> kept;
  for (std::size_t i = 0; i < points.size();) {
    std::size_t end = i, low = i, high = i;
    for (; end < points.size() && column_of(points[end]) == column_of(points[i]); ++end) {
      if (points[end].y < points[low].y) low = end;
      if (points[end].y > points[high].y) high = end;
    }
    std::array<std::size_t, 4> chosen = {i, std::min(low, high), std::max(low, high), end - 1};
    for (std::size_t k = 0; k < chosen.size(); ++k)
      if (k == 0 || chosen[k] != chosen[k - 1]) kept.push_back(points[chosen[k]]);
    i = end;
  }
  return kept;
}

double step_at(std::span<const ChartPoint> points, double x) {
  const auto after = std::upper_bound(points.begin(), points.end(), x,
                                      [](double at, ChartPoint point) { return at < point.x; });
  return after == points.begin() ? 0 : std::prev(after)->y;
}

std::vector<double> layers_at(const Chart& chart, double from, double to) {
  std::vector<double> best;
  const bool stack = chart.kind == ChartKind::kStack;
  for (const double x : turning_points(chart, from, to)) {
    std::vector<double> layers;
    double height = 0;
    if (stack) {
      for (const ChartSeries& series : chart.series) {
        const double value = step_at(series.points, x);
        height += std::max(0.0, value);
        layers.push_back(height);
      }
    } else if (!chart.series.empty()) {
      for (const ChartLevel& level : chart.levels) {
        const ChartSeries& curve = chart.series.front();
        const double demand = curve.steps ? step_at(curve.points, x) : line_at(curve.points, x);
        height = std::max(height, std::min(demand, level.y));
        layers.push_back(height);
      }
    }
    if (best.empty() || (!layers.empty() && layers.back() > best.back())) best = std::move(layers);
  }
  if (best.empty()) best.push_back(0);
  return best;
}

}  // namespace steelyard
