// The picture for a terminal: a grid of cells, in which curves set dots (2 x 4 a cell) or put a
// sign, and areas put a block.
#include "render/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "render/chart_scale.h"
#include "render/table.h"

namespace steelyard {
namespace {

constexpr int kIndent = 2, kWidest = 110;
constexpr int kDotsAcross = 2, kDotsDown = 4;

constexpr std::array kInks = {Ink::kCyan,  Ink::kYellow, Ink::kMagenta,
                              Ink::kGreen, Ink::kBlue,   Ink::kRed};
Ink ink_of(std::size_t series) { return kInks[series % kInks.size()]; }

/// Signs of one kind, for a terminal with and without wide characters.
struct Signs {
  std::array<const char*, 6> wide, ascii;
  const char* of(std::size_t index, const Style& style) const {
    return (style.unicode ? wide : ascii)[index % wide.size()];
  }
};
constexpr Signs kCurves = {{"•", "+", "×", "o", "*", "◦"}, {"*", "+", "x", "o", "%", "~"}};
constexpr Signs kMarks = {{"●", "◆", "▲", "■", "▼", "○"}, {"O", "X", "A", "M", "V", "Q"}};
constexpr Signs kLevels = {{"─", "╌", "┈", "━", "═", "╍"}, {"-", "=", "_", "\"", ",", ";"}};
constexpr Signs kLayers = {{"█", "▒", "░", "▓", "▚", "▞"}, {"#", ":", "=", "%", "/", "."}};
constexpr Signs kBands = {{"▒", "░", "▓", "█", "▚", "▞"}, {":", ".", "=", "#", "/", "%"}};

struct Spot {
  std::string sign = " ";
  Ink ink = Ink::kPlain;
  unsigned dots = 0;  ///< of a braille character; drawn in place of the sign when any is set
};

class Canvas {
 public:
  Canvas(int columns, int rows, ChartFrame frame, const Style& style)
      : columns_(columns), rows_(rows), frame_(frame), style_(style) {
    spots_.resize(static_cast<std::size_t>(columns * rows));
  }

  /// Position of a value in cells from the left and from the top; may be on the very edge.
  double across(double x) const { return frame_.x.share(x) * columns_; }
  double down(double y) const { return (1 - frame_.y.share(y)) * rows_; }
  int column_of(double x) const { return std::clamp(static_cast<int>(across(x)), 0, columns_ - 1); }
  int row_of(double y) const { return std::clamp(static_cast<int>(down(y)), 0, rows_ - 1); }
  double x_at(int column) const {
    return frame_.x.low + (frame_.x.high - frame_.x.low) * column / columns_;
  }

  void put(int column, int row, const std::string& sign, Ink ink) {
    spots_[static_cast<std::size_t>(row * columns_ + column)] = {sign, ink, 0};
  }

  /// A straight line of dots, or of `sign` when it is not empty.
  void line(ChartPoint a, ChartPoint b, const std::string& sign, Ink ink) {
    const int fine_x = sign.empty() ? kDotsAcross : 1, fine_y = sign.empty() ? kDotsDown : 1;
    const double from_x = across(a.x) * fine_x, from_y = down(a.y) * fine_y;
    const double to_x = across(b.x) * fine_x, to_y = down(b.y) * fine_y;
    const int steps =
        1 + static_cast<int>(std::ceil(std::max(std::abs(to_x - from_x), std::abs(to_y - from_y))));
    for (int i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / steps;
      dot(from_x + (to_x - from_x) * share, from_y + (to_y - from_y) * share, sign, ink);
    }
  }

  /// Lines of text without what frames them.
  std::string row(int row) const {
    std::string out, run;
    Ink ink = Ink::kPlain;
    const auto flush = [&] {
      out += inked(run, ink, style_);
      run.clear();
    };
    for (int column = 0; column < columns_; ++column) {
      const Spot& spot = spots_[static_cast<std::size_t>(row * columns_ + column)];
      if (spot.ink != ink && spot.sign + run != " ") {
        flush();
        ink = spot.ink;
      }
      run += spot.dots == 0 ? spot.sign : braille(spot.dots);
    }
    flush();
    return out;
  }

 private:
  static std::string braille(unsigned dots) {
    // U+2800 + dots, in UTF-8.
    const unsigned code = 0x2800 + dots;
    return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  }

  void dot(double x, double y, const std::string& sign, Ink ink) {
    const int fine_x = sign.empty() ? kDotsAcross : 1, fine_y = sign.empty() ? kDotsDown : 1;
    const int column = std::clamp(static_cast<int>(x), 0, columns_ * fine_x - 1);
    const int row = std::clamp(static_cast<int>(y), 0, rows_ * fine_y - 1);
    if (!sign.empty()) return put(column, row, sign, ink);
    static constexpr unsigned kBits[kDotsDown][kDotsAcross] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    Spot& spot =
        spots_[static_cast<std::size_t>((row / kDotsDown) * columns_ + column / kDotsAcross)];
    spot.dots |= kBits[row % kDotsDown][column % kDotsAcross];
    spot.ink = ink;
  }

  int columns_, rows_;
  ChartFrame frame_;
  const Style& style_;
  std::vector<Spot> spots_;
};

void draw_areas(Canvas& canvas, const Chart& chart, int columns, int rows, const Style& style) {
  const bool stack = chart.kind == ChartKind::kStack;
  for (int column = 0; column < columns; ++column) {
    const auto layers = layers_at(chart, canvas.x_at(column), canvas.x_at(column + 1));
    const double ground = canvas.down(0);
    for (int row = 0; row < rows; ++row) {
      if (row + 0.5 > ground) continue;
      for (std::size_t i = 0; i < layers.size(); ++i) {
        if (canvas.down(layers[i]) > row + 0.5) continue;
        canvas.put(column, row, (stack ? kLayers : kBands).of(i, style), ink_of(stack ? i : i + 1));
        break;
      }
    }
  }
}

void draw_curve(Canvas& canvas, const Chart& chart, std::size_t index, const std::string& sign,
                const ChartFrame& frame, int columns) {
  const ChartSeries& series = chart.series[index];
  const auto points =
      thinned(series.points, frame.x, static_cast<std::size_t>(columns * kDotsAcross));
  const Ink ink = ink_of(index);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const ChartPoint from = i > 0 ? points[i - 1] : points[i];
    const ChartPoint corner = series.steps ? ChartPoint{points[i].x, from.y} : points[i];
    canvas.line(from, corner, sign, ink);
    canvas.line(corner, points[i], sign, ink);
  }
  if (series.steps && !points.empty())
    canvas.line(points.back(), {frame.x.high, points.back().y}, sign, ink);
}

/// Texts under the axis, none touching the next.
std::string labels_under(const std::vector<Tick>& ticks, const Canvas& canvas, int left,
                         int width) {
  std::string out(static_cast<std::size_t>(width), ' ');
  int taken = -1;
  for (const Tick& tick : ticks) {
    const int size = static_cast<int>(tick.text.size());
    const int begin = std::clamp(left + canvas.column_of(tick.at) - size / 2, 0, width - size);
    if (begin <= taken || size > width) continue;
    out.replace(static_cast<std::size_t>(begin), tick.text.size(), tick.text);
    taken = begin + size;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

struct LegendItem {
  std::string sign, name;
  Ink ink = Ink::kPlain;
};

std::string legend_of(const std::vector<LegendItem>& items, const Style& style) {
  const int room = std::max(20, std::min(style.width, kWidest) - kIndent);
  std::string out, line;
  int used = 0;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(kIndent, ' ') + line + "\n";
    line.clear();
    used = 0;
  };
  for (const LegendItem& item : items) {
    std::string name = fit_width(terminal_safe(item.name), room - display_width(item.sign) - 1);
    name = shown(name, style);
    const int size = display_width(item.sign) + 1 + display_width(name);
    if (used > 0 && used + 3 + size > room) flush();
    if (used > 0) line += "   ";
    line += inked(item.sign, item.ink, style) + " " + name;
    used += size + (used > 0 ? 3 : 0);
  }
  flush();
  return out;
}

}  // namespace

std::string picture_of(const Chart& given, const Style& style) {
  const Chart chart = drawable(given);
  const int width = std::min(style.width, kWidest) - kIndent;
  const int most_rows = width < 60 ? 10 : 15;
  std::string out = render_heading(chart.title, style);
  const auto most_ticks = static_cast<std::size_t>(most_rows) / 2;
  const ChartFrame frame = frame_of(chart, most_ticks);
  if (frame.empty)
    return out + std::string(kIndent, ' ') + inked("no data", Ink::kDim, style) + "\n";
  const std::vector<Tick> y_ticks = ticks_of(chart.y, frame.y, most_ticks);
  // As many rows to each step of the axis.
  const int steps = std::max(1, static_cast<int>(y_ticks.size()) - 1);
  const int rows = std::max(1, most_rows / steps) * steps;
  int left = 0;
  for (const Tick& tick : y_ticks) left = std::max(left, static_cast<int>(tick.text.size()));
  const int columns = std::max(10, width - left - 2);
  Canvas canvas(columns, rows, frame, style);

  if (frame.y.low < 0 && frame.y.high > 0)
    for (int column = 0; column < columns; ++column)
      canvas.put(column, canvas.row_of(0), style.unicode ? "┄" : ".", Ink::kDim);
  if (chart.kind != ChartKind::kLines) draw_areas(canvas, chart, columns, rows, style);
  for (std::size_t i = 0; i < chart.levels.size(); ++i)
    for (int column = 0; column < columns; ++column)
      canvas.put(column, canvas.row_of(chart.levels[i].y), kLevels.of(i, style), ink_of(i + 1));
  const bool by_dots = style.unicode && (style.color || chart.series.size() < 2);
  if (chart.kind != ChartKind::kStack)
    for (std::size_t i = chart.series.size(); i-- > 0;)
      draw_curve(canvas, chart, i, by_dots ? "" : kCurves.of(i, style), frame, columns);
  for (std::size_t i = 0; i < chart.marks.size(); ++i)
    canvas.put(canvas.column_of(chart.marks[i].at.x), canvas.row_of(chart.marks[i].at.y),
               kMarks.of(i, style), Ink::kBold);

  out += render_paragraph(chart.y.title, style);
  const char* bar = style.unicode ? "│" : "|";
  const char* notch = style.unicode ? "┤" : "+";
  // A label stands in the row whose upper edge its value is; that of the lowest beside the axis.
  const auto label_of = [&](int row) -> std::string {
    for (const Tick& tick : y_ticks)
      if (std::lround(canvas.down(tick.at)) == row) return tick.text;
    return "";
  };
  for (int row = 0; row < rows; ++row) {
    const std::string text = label_of(row);
    std::string line = std::string(kIndent + static_cast<std::size_t>(left) - text.size(), ' ') +
                       inked(text, Ink::kDim, style) + " " +
                       inked(text.empty() ? bar : notch, Ink::kDim, style) + canvas.row(row);
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  const auto most_x =
      static_cast<std::size_t>(columns / (chart.x.kind == AxisKind::kTime ? 13 : 10));
  const std::vector<Tick> x_ticks = ticks_of(chart.x, frame.x, std::max<std::size_t>(most_x, 1));
  std::string axis;
  for (int column = 0; column < columns; ++column) {
    const bool tick = std::any_of(x_ticks.begin(), x_ticks.end(), [&](const Tick& at) {
      return canvas.column_of(at.at) == column;
    });
    axis += tick ? (style.unicode ? "┬" : "+") : (style.unicode ? "─" : "-");
  }
  const std::string lowest = label_of(rows);
  out += std::string(kIndent + static_cast<std::size_t>(left) - lowest.size(), ' ') +
         inked(lowest + " " + (style.unicode ? "└" : "+") + axis, Ink::kDim, style) + "\n";
  out += std::string(kIndent, ' ') +
         inked(labels_under(x_ticks, canvas, left + 2, width), Ink::kDim, style) + "\n";

  std::vector<LegendItem> items;
  const auto add = [&](std::string sign, const std::string& name, Ink ink) {
    items.push_back({std::move(sign), name, ink});
  };
  const bool stack = chart.kind == ChartKind::kStack;
  for (std::size_t i = stack ? chart.series.size() : 0; i-- > 0;)
    add(kLayers.of(i, style), chart.series[i].name, ink_of(i));
  for (std::size_t i = 0; !stack && i < chart.series.size(); ++i)
    add(by_dots ? "⠤⠤" : kCurves.of(i, style), chart.series[i].name, ink_of(i));
  for (std::size_t i = 0; i < chart.levels.size(); ++i)
    add(std::string(kLevels.of(i, style)) +
            (chart.kind == ChartKind::kCoverage ? kBands.of(i, style) : kLevels.of(i, style)),
        chart.levels[i].name, ink_of(i + 1));
  for (std::size_t i = 0; i < chart.marks.size(); ++i)
    add(kMarks.of(i, style), chart.marks[i].name, Ink::kBold);
  std::string under = chart.x.title;
  if (!under.empty()) {
    const std::string text = fit_width(shown(under, style), columns);
    out += std::string(kIndent + static_cast<std::size_t>(left) + 2 +
                           static_cast<std::size_t>((columns - display_width(text)) / 2),
                       ' ') +
           text + "\n";
  }
  return out + "\n" + legend_of(items, style);
}

}  // namespace steelyard
