// The picture as SVG: one document, one group a chart. Colours are classes with a form for dark
// readers; they are told apart by people who see few colours (Okabe and Ito's palette, lightened
// for the dark).
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "render/chart.h"
#include "render/chart_scale.h"

namespace steelyard {
namespace {

constexpr double kWidth = 840, kLeft = 76, kRight = 24, kTop = 66, kPlot = 300;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kLegendLine = 20, kAxisRoom = 58;
constexpr double kTextWidth = 6.8;  ///< about that of a character at 12 px
constexpr std::size_t kColours = 6;
constexpr int kLongestName = 60;

constexpr const char* kStyle = R"(<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1c1f23}
.t{font-size:16px;font-weight:600}
.q{fill:#5c646d}
.bg{fill:#ffffff}
.g{stroke:#e3e6ea;stroke-width:1}
.x{stroke:#8a929b;stroke-width:1}
.l{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.d{stroke-width:1.5;stroke-dasharray:7 4}
.m{stroke:#ffffff;stroke-width:2;fill:#1c1f23}
.s0{stroke:#0072b2}.s1{stroke:#d55e00}.s2{stroke:#009e73}.s3{stroke:#b0528f}.s4{stroke:#b07d00}.s5{stroke:#3b95c9}
.f0{fill:#0072b2}.f1{fill:#d55e00}.f2{fill:#009e73}.f3{fill:#b0528f}.f4{fill:#b07d00}.f5{fill:#3b95c9}
.a{fill-opacity:.3}
.k{fill-opacity:.8}
@media (prefers-color-scheme:dark){
text{fill:#e7eaee}
.q{fill:#a5adb6}
.bg{fill:#15181c}
.g{stroke:#2b3037}
.x{stroke:#6c757f}
.m{stroke:#15181c;fill:#e7eaee}
.s0{stroke:#56b4e9}.s1{stroke:#ff8f4a}.s2{stroke:#3ecfa0}.s3{stroke:#e08bc0}.s4{stroke:#f0c33c}.s5{stroke:#9ad1f2}
.f0{fill:#56b4e9}.f1{fill:#ff8f4a}.f2{fill:#3ecfa0}.f3{fill:#e08bc0}.f4{fill:#f0c33c}.f5{fill:#9ad1f2}
}
</style>
)";

/// A coordinate: two decimals, no trailing zeros.
std::string at(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string out = text;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

/// The attributes x and y of a text or a mark.
std::string place(double x, double y) { return " x=\"" + at(x) + "\" y=\"" + at(y) + "\""; }

std::string xml_of(std::string_view text) { return xml_text(terminal_safe(text)); }

std::string text_at(double x, double y, std::string_view classes, std::string_view anchor,
                    std::string_view text, int longest = kLongestName) {
  const std::string whole = terminal_safe(text), cut = fit_width(whole, longest);
  return "<text" + place(x, y) +
         (classes.empty() ? "" : " class=\"" + std::string(classes) + "\"") +
         (anchor.empty() ? "" : " text-anchor=\"" + std::string(anchor) + "\"") + ">" +
         (cut == whole ? "" : "<title>" + xml_text(whole) + "</title>") + xml_text(cut) +
         "</text>\n";
}

std::string line_from(double x1, double y1, double x2, double y2, const std::string& classes) {
  return "<line x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" + at(y2) +
         "\" class=\"" + classes + "\"/>";
}

std::string colour(char kind, std::size_t index) {
  return std::string(1, kind) + std::to_string(index % kColours);
}

/// A sign around a point: circle, diamond, triangle, square.
std::string sign_of(std::size_t index, double x, double y) {
  switch (index % 4) {
    case 0:
      return "<circle cx=\"" + at(x) + "\" cy=\"" + at(y) + "\" r=\"6\" class=\"m\"/>";
    case 1:
      return "<path d=\"M" + at(x) + " " + at(y - 8) + "l7 8-7 8-7-8z\" class=\"m\"/>";
    case 2:
      return "<path d=\"M" + at(x) + " " + at(y - 8) + "l7 13h-14z\" class=\"m\"/>";
    default:
      return "<path d=\"M" + at(x - 6) + " " + at(y - 6) + "h12v12h-12z\" class=\"m\"/>";
  }
}

class Drawing {
 public:
  Drawing(const Chart& chart, double top)
      : chart_(chart), frame_(frame_of(chart, 6)), top_(top + kTop) {}

  std::string draw() {
    out_ = "<g role=\"group\"><title>" + xml_of(chart_.title) + "</title>\n";
    out_ += text_at(kLeft - 52, top_ - 38, "t", "", chart_.title, 84);
    out_ += text_at(kLeft - 52, top_ - 16, "q", "", chart_.y.title, 100);
    if (frame_.empty) {
      out_ += text_at(kLeft, top_ + 20, "q", "", "no data");
    } else {
      axes();
      if (chart_.kind != ChartKind::kLines) areas();
      for (std::size_t i = 0; i < chart_.levels.size(); ++i) level(i);
      if (chart_.kind != ChartKind::kStack)
        for (std::size_t i = chart_.series.size(); i-- > 0;) curve(i);
      for (std::size_t i = 0; i < chart_.marks.size(); ++i) mark(i);
      legend();
    }
    out_ += "</g>\n";
    return std::move(out_);
  }

  /// Known once it is drawn.
  double height() const { return kTop + kPlot + kAxisRoom + legend_height_ + 16; }

 private:
  double x(double value) const { return kLeft + frame_.x.share(value) * kPlotWidth; }
  double y(double value) const { return top_ + (1 - frame_.y.share(value)) * kPlot; }

  void axes() {
    for (const Tick& tick : ticks_of(chart_.y, frame_.y, 6)) {
      out_ += line_from(kLeft, y(tick.at), kLeft + kPlotWidth, y(tick.at), "g") +
              text_at(kLeft - 8, y(tick.at) + 4, "q", "end", tick.text);
    }
    if (frame_.y.low < 0 && frame_.y.high > 0)
      out_ += line_from(kLeft, y(0), kLeft + kPlotWidth, y(0), "x") + "\n";
    const double floor = top_ + kPlot;
    out_ += line_from(kLeft, floor, kLeft + kPlotWidth, floor, "x") + "\n";
    const std::vector<Tick> ticks =
        ticks_of(chart_.x, frame_.x, chart_.x.kind == AxisKind::kTime ? 7 : 10);
    for (const Tick& tick : ticks) {
      out_ += line_from(x(tick.at), floor, x(tick.at), floor + 5, "x") +
              text_at(x(tick.at), floor + 20, "q", "middle", tick.text);
    }
    if (!chart_.x.title.empty())
      out_ += text_at(kLeft + kPlotWidth / 2, floor + 40, "q", "middle", chart_.x.title, 100);
  }

  /// The outline of a band between two layers, as steps one pixel wide: peaks are kept.
  void areas() {
    const int columns = static_cast<int>(kPlotWidth);
    std::vector<std::vector<double>> layers;
    for (int i = 0; i < columns; ++i) {
      const double width = (frame_.x.high - frame_.x.low) / columns;
      layers.push_back(layers_at(chart_, frame_.x.low + i * width, frame_.x.low + (i + 1) * width));
    }
    const bool stack = chart_.kind == ChartKind::kStack;
    for (std::size_t k = 0; k < layers[0].size(); ++k) {
      const auto edge = [&](int i, bool upper) {
        const auto& column = layers[static_cast<std::size_t>(i)];
        return y(upper ? column[k] : k == 0 ? 0 : column[k - 1]);
      };
      std::string path = "M" + at(kLeft) + " " + at(edge(0, true));
      for (int i = 0; i < columns; ++i) {
        if (i > 0 && edge(i, true) != edge(i - 1, true)) path += "V" + at(edge(i, true));
        if (i + 1 == columns || edge(i, true) != edge(i + 1, true)) path += "H" + at(kLeft + i + 1);
      }
      path += "V" + at(edge(columns - 1, false));
      for (int i = columns - 1; i >= 0; --i) {
        if (i + 1 < columns && edge(i, false) != edge(i + 1, false))
          path += "V" + at(edge(i, false));
        if (i == 0 || edge(i, false) != edge(i - 1, false)) path += "H" + at(kLeft + i);
      }
      const std::string& name = stack                      ? chart_.series[k].name
                                : k < chart_.levels.size() ? chart_.levels[k].name
                                                           : "";
      out_ += "<path d=\"" + path + "z\" class=\"" + colour('f', stack ? k : k + 1) +
              (stack ? " k" : " a") + "\"><title>" + xml_of(name) + "</title></path>\n";
    }
  }

  void level(std::size_t i) {
    const double height = y(chart_.levels[i].y);
    const std::string line =
        line_from(kLeft, height, kLeft + kPlotWidth, height, "d " + colour('s', i + 1));
    out_ += "<g><title>" + xml_of(chart_.levels[i].name) + "</title>" + line + "</g>\n";
  }

  void curve(std::size_t i) {
    const ChartSeries& series = chart_.series[i];
    const auto points = thinned(series.points, frame_.x, static_cast<std::size_t>(kPlotWidth));
    std::string path;
    for (const ChartPoint point : points) {
      const std::string px = at(x(point.x)), py = at(y(point.y));
      if (path.empty()) {
        path = "M" + px + " " + py;
      } else if (series.steps) {
        path += "H" + px + "V" + py;
      } else {
        path += "L" + px + " " + py;
      }
    }
    if (path.empty()) return;
    if (series.steps) path += "H" + at(kLeft + kPlotWidth);
    out_ += "<path d=\"" + path + "\" class=\"l " + colour('s', i) + "\"><title>" +
            xml_of(series.name) + "</title></path>\n";
  }

  void mark(std::size_t i) {
    const ChartMark& mark = chart_.marks[i];
    out_ += "<g><title>" + xml_of(mark.name) + "</title>" + sign_of(i, x(mark.at.x), y(mark.at.y)) +
            "</g>\n";
  }

  void legend_item(const std::string& sign, const std::string& name) {
    const std::string cut = fit_width(terminal_safe(name), kLongestName);
    const double width = 34 + kTextWidth * display_width(cut);
    if (legend_x_ > 0 && legend_x_ + width > kPlotWidth) {
      legend_x_ = 0;
      legend_height_ += kLegendLine;
    }
    const double left = kLeft + legend_x_, line = top_ + kPlot + kAxisRoom + legend_height_;
    out_ += "<g transform=\"translate(" + at(left) + " " + at(line) + ")\">" + sign +
            text_at(30, 4, "", "", name) + "</g>\n";
    legend_x_ += width + 16;
  }

  void legend() {
    const bool stack = chart_.kind == ChartKind::kStack;
    const auto block = [](std::size_t k, const char* kind) {
      return "<path d=\"M4-6h18v12h-18z\" class=\"" + colour('f', k) + kind + "\"/>";
    };
    for (std::size_t i = 0; i < chart_.series.size(); ++i)
      legend_item(stack ? block(i, " k") : line_from(2, 0, 24, 0, "l " + colour('s', i)),
                  chart_.series[i].name);
    for (std::size_t i = 0; i < chart_.levels.size(); ++i)
      legend_item((chart_.kind == ChartKind::kCoverage ? block(i + 1, " a") : "") +
                      line_from(2, 0, 24, 0, "d " + colour('s', i + 1)),
                  chart_.levels[i].name);
    for (std::size_t i = 0; i < chart_.marks.size(); ++i)
      legend_item(sign_of(i, 13, 0), chart_.marks[i].name);
  }

  const Chart& chart_;
  ChartFrame frame_;
  double top_;
  double legend_x_ = 0, legend_height_ = 0;
  std::string out_;
};

}  // namespace

std::string svg_of(const Report& report) {
  std::string body;
  double height = 0;
  for (const Chart& given : report.charts) {
    const Chart chart = drawable(given);
    Drawing drawing(chart, height);
    body += drawing.draw();
    height += drawing.height();
  }
  const std::string size = at(kWidth) + " " + at(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + "\" width=\"" +
         at(kWidth) + "\" height=\"" + at(height) + "\" role=\"img\">\n<title>" +
         xml_of(report.title) + "</title>\n" + kStyle + "<rect class=\"bg\" width=\"" + at(kWidth) +
         "\" height=\"" + at(height) + "\"/>\n" + body + "</svg>\n";
}

}  // namespace steelyard
