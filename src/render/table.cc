#include "render/table.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "render/display.h"
#include "render/spark.h"

namespace steelyard {

namespace {

constexpr int kIndent = 2;
constexpr int kGap = 3;
constexpr int kBarWidth = 10;
constexpr int kMaxSpark = 24;
constexpr int kMinText = 10;

/// What ASCII can say instead of the few typographic characters that we write ourselves.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kAsciiForms = {{
    {"–", "-"},
    {"—", "-"},
    {"…", "~"},
    {"Δ", "delta"},
    {"·", "|"},
    {"×", "x"},
    {"→", "->"},
    {"≥", ">="},
    {"≤", "<="},
    {"’", "'"},
    {"“", "\""},
    {"”", "\""},
}};

std::string to_ascii(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out += text[i++];
      continue;
    }
    const auto form = std::find_if(kAsciiForms.begin(), kAsciiForms.end(), [&](const auto& pair) {
      return text.substr(i, pair.first.size()) == pair.first;
    });
    out += form != kAsciiForms.end() ? form->second : "?";
    for (++i; i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;) ++i;
  }
  return out;
}

std::string fitted(std::string_view text, int width, const Style& style) {
  const std::string cut = fit_width(text, width);
  return style.unicode ? cut : to_ascii(cut);
}

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(0, count)), ' ');
}

std::string repeated(std::string_view piece, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += piece;
  return out;
}

/// A column laid out: its cells are final text of at most `width` columns, colour not yet applied.
struct Lane {
  std::size_t column = 0;  ///< of the report: lanes are dropped when the terminal is narrow
  CellKind kind = CellKind::kText;
  bool right = false;
  int width = 0;
  bool bars = false;
  std::string title;
  std::vector<std::string> cells, totals;
};

/// Pads what follows the decimal point, so that the points of a column stand under each other.
void align_decimals(Lane& lane) {
  const auto fraction = [](const std::string& cell) {
    const std::size_t point = cell.rfind('.');
    return point == std::string::npos ? 0 : static_cast<int>(cell.size() - point);
  };
  int longest = 0;
  for (const auto* list : {&lane.cells, &lane.totals}) {
    for (const std::string& cell : *list) longest = std::max(longest, fraction(cell));
  }
  for (auto* list : {&lane.cells, &lane.totals}) {
    for (std::string& cell : *list) {
      if (!cell.empty()) cell += spaces(longest - fraction(cell));
    }
  }
}

Lane lane_of(const Report& report, const Display& display, std::size_t c, const Style& style) {
  Lane lane;
  lane.column = c;
  lane.kind = display.columns[c].kind;
  lane.right = is_numeric(lane.kind);
  lane.title = shown(display.columns[c].title, style);
  const auto cell_text = [&](const DisplayCell& cell, bool total) -> std::string {
    if (cell.null) return total || lane.right ? "" : style.unicode ? "–" : "-";
    if (lane.kind == CellKind::kSeries) {
      return sparkline(series_values(cell.text), kMaxSpark, style.unicode);
    }
    if (lane.kind == CellKind::kFlag) {
      return !style.unicode ? cell.text : cell.sign > 0 ? "✓" : "✗";
    }
    return shown(cell.text, style);
  };
  for (const auto& row : display.rows) lane.cells.push_back(cell_text(row[c], false));
  for (const auto& row : display.totals) lane.totals.push_back(cell_text(row[c], true));
  if (is_money(lane.kind) || lane.kind == CellKind::kQuantity) align_decimals(lane);
  lane.width = display_width(lane.title);
  for (const auto* list : {&lane.cells, &lane.totals}) {
    for (const std::string& cell : *list) lane.width = std::max(lane.width, display_width(cell));
  }
  lane.bars = lane.kind == CellKind::kShare && report.rows.size() > 1;
  return lane;
}

int total_width(const std::vector<Lane>& lanes) {
  int width = kIndent;
  for (const Lane& lane : lanes) width += lane.width + kGap + (lane.bars ? kBarWidth + 1 : 0);
  return lanes.empty() ? width : width - kGap;
}

/// Gives up, in this order: bars, width of the widest names, sparklines. Figures are never cut.
void fit_lanes(std::vector<Lane>& lanes, int width) {
  const auto shrink_names = [&](int smallest) {
    while (total_width(lanes) > width) {
      Lane* widest = nullptr;
      for (Lane& lane : lanes) {
        const bool name = lane.kind == CellKind::kText || lane.kind == CellKind::kInstant;
        if (name && lane.width > smallest && (widest == nullptr || lane.width > widest->width)) {
          widest = &lane;
        }
      }
      if (widest == nullptr) return;
      --widest->width;
    }
  };
  shrink_names(28);
  if (total_width(lanes) > width) {
    for (Lane& lane : lanes) lane.bars = false;
  }
  shrink_names(16);
  if (total_width(lanes) > width) {
    std::erase_if(lanes, [](const Lane& lane) { return lane.kind == CellKind::kSeries; });
  }
  shrink_names(kMinText);
}

std::string line_of(const std::vector<Lane>& lanes, const Style& style,
                    const std::function<std::string(const Lane&)>& text_of,
                    const std::function<Ink(const Lane&)>& ink_of,
                    const std::function<double(const Lane&)>& fraction_of) {
  std::string line = spaces(kIndent);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Lane& lane = lanes[i];
    const bool last = i + 1 == lanes.size();
    const std::string text = fitted(text_of(lane), lane.width, style);
    const int pad = lane.width - display_width(text);
    const std::string ink = text.empty() ? "" : inked(text, ink_of(lane), style);
    if (lane.right) {
      line += spaces(pad) + ink;
    } else {
      line += ink + spaces(last ? 0 : pad);
    }
    if (lane.bars) {
      const double fraction = fraction_of(lane);
      const std::string drawn =
          fraction < 0 ? spaces(kBarWidth) : bar(fraction, kBarWidth, style.unicode);
      line += " " + inked(drawn, Ink::kDim, style);
    }
    if (!last) line += spaces(kGap);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& word : split(text, ' ')) {
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  lines.push_back(line);
  return lines;
}

std::string period_words(const std::string& period) {
  const std::size_t slash = period.find('/');
  if (slash == std::string::npos) return period;
  Instant begin, end;
  if (!parse_instant(std::string_view(period).substr(0, slash), begin) ||
      !parse_instant(std::string_view(period).substr(slash + 1), end)) {
    return period;
  }
  return describe(Period{date_of(begin), date_of(end), period});
}

/// The line under the title: what a reader must know before the first figure.
std::string subtitle_of(const Report& report) {
  std::vector<std::string> parts;
  if (!report.provenance.period.empty()) parts.push_back(period_words(report.provenance.period));
  if (lacks_currency_column(report)) parts.push_back("in " + report.provenance.currencies[0]);
  return join(parts, ", ");
}

std::string footer_of(const Report& report, const Style& style) {
  std::string out;
  for (const std::string& note : report.notes) {
    for (const std::string& line :
         wrapped(shown(note, style), std::max(40, style.width - kIndent))) {
      out += spaces(kIndent) + line + "\n";
    }
  }
  if (!report.notes.empty()) out += "\n";
  const std::string line = shown(provenance_line(report.provenance), style);
  for (const std::string& piece : wrapped(line, std::max(40, style.width - kIndent))) {
    if (!piece.empty()) out += spaces(kIndent) + inked(piece, Ink::kDim, style) + "\n";
  }
  if (!style.figure.empty()) {
    out += spaces(kIndent) +
           inked("figure " + style.figure + "  (the rows behind it: steelyard explain " +
                     style.figure + (report.rows.empty() ? "" : ":1") + ")",
                 Ink::kDim, style) +
           "\n";
  }
  return out;
}

}  // namespace

std::string inked(std::string_view text, Ink ink, const Style& style) {
  static constexpr std::array kCodes = {"",         "\x1b[1m",  "\x1b[2m",
                                        "\x1b[31m", "\x1b[32m", "\x1b[33m"};
  if (!style.color || ink == Ink::kPlain) return std::string(text);
  return kCodes[static_cast<std::size_t>(ink)] + std::string(text) + "\x1b[0m";
}

std::string shown(std::string_view data, const Style& style) {
  const std::string safe = terminal_safe(data);
  return style.unicode ? safe : to_ascii(safe);
}

std::string table_of(const Report& report, const Style& style) {
  const Display display = display_of(report, true);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < display.columns.size(); ++c) {
    lanes.push_back(lane_of(report, display, c, style));
  }
  fit_lanes(lanes, style.width);

  std::string out;
  if (!report.title.empty()) out += render_heading(report.title, style);
  const std::string subtitle = subtitle_of(report);
  if (!subtitle.empty())
    out += spaces(kIndent) + inked(shown(subtitle, style), Ink::kDim, style) + "\n";
  if (!out.empty()) out += "\n";

  const auto no_fraction = [](const Lane&) { return -1.0; };
  if (!lanes.empty()) {
    const int width = std::min(std::max(style.width, 20), total_width(lanes)) - kIndent;
    const std::string rule = spaces(kIndent) +
                             inked(repeated(style.unicode ? "─" : "-", width), Ink::kDim, style) +
                             "\n";
    out += line_of(
        lanes, style, [](const Lane& lane) { return lane.title; },
        [](const Lane&) { return Ink::kDim; }, no_fraction);
    out += rule;
    if (report.rows.empty()) out += spaces(kIndent) + inked("no rows", Ink::kDim, style) + "\n";
    const auto rows_of = [&](const std::vector<std::vector<DisplayCell>>& cells, bool totals) {
      for (std::size_t r = 0; r < cells.size(); ++r) {
        const auto& row = cells[r];
        out += line_of(
            lanes, style, [&](const Lane& lane) { return totals ? lane.totals[r] : lane.cells[r]; },
            [&](const Lane& lane) {
              const DisplayCell& cell = row[lane.column];
              if (lane.kind == CellKind::kChange && cell.sign != 0)
                return cell.sign > 0 ? Ink::kRed : Ink::kGreen;
              if (lane.kind == CellKind::kFlag) return cell.sign > 0 ? Ink::kGreen : Ink::kRed;
              if (cell.null && !totals) return Ink::kDim;
              return totals ? Ink::kBold : Ink::kPlain;
            },
            [&](const Lane& lane) { return totals ? -1.0 : row[lane.column].fraction; });
      }
    };
    rows_of(display.rows, false);
    if (!display.totals.empty()) {
      out += rule;
      rows_of(display.totals, true);
    }
    out += "\n";
  }
  return out + footer_of(report, style);
}

std::string render_heading(std::string_view text, const Style& style) {
  return spaces(kIndent) + inked(shown(text, style), Ink::kBold, style) + "\n";
}

std::string render_paragraph(std::string_view text, const Style& style) {
  std::string out;
  for (const std::string& line : wrapped(shown(text, style), std::max(40, style.width - kIndent))) {
    out += spaces(kIndent) + line + "\n";
  }
  return out;
}

}  // namespace steelyard
