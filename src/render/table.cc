#include "render/table.h"
#include "render/chart.h"

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
constexpr int kGap = 3, kNarrowGap = 2;
constexpr int kBarWidth = 10;
constexpr int kMaxSpark = 24;
constexpr int kMinText = 10;
constexpr int kNarrowest = 30;  ///< prose is not wrapped to less

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

/// Cut to the width; of a path the end is kept, because that is where its files differ.
std::string fitted(std::string_view text, int width, const Style& style) {
  const bool path =
      text.find('/') != std::string_view::npos && text.find(' ') == std::string_view::npos;
  std::string cut;
  if (path && width > 1 && display_width(text) > width) {
    std::size_t from = 0;
    while (from < text.size() && display_width(text.substr(from)) > width - 1) {
      for (++from; from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80;)
        ++from;
    }
    cut = "…" + std::string(text.substr(from));
  } else {
    cut = fit_width(text, width);
  }
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
  std::string name;
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

int widest_of(const Lane& lane) {
  int width = 0;
  for (const auto* list : {&lane.cells, &lane.totals}) {
    for (const std::string& cell : *list) width = std::max(width, display_width(cell));
  }
  return width;
}

bool is_name(const Lane& lane) {
  return lane.kind == CellKind::kText || lane.kind == CellKind::kInstant;
}

void draw_series(Lane& lane, const Display& display, int width, const Style& style) {
  const auto draw = [&](const std::vector<std::vector<DisplayCell>>& rows,
                        std::vector<std::string>& cells) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      cells[r] = sparkline(series_values(rows[r][lane.column].text), width, style.unicode);
    }
  };
  draw(display.rows, lane.cells);
  draw(display.totals, lane.totals);
  lane.width = std::max(display_width(lane.title), widest_of(lane));
}

Lane lane_of(const Report& report, const Display& display, std::size_t c, const Style& style) {
  Lane lane;
  lane.column = c;
  lane.name = display.columns[c].name;
  lane.kind = display.columns[c].kind;
  lane.right = is_numeric(lane.kind);
  lane.title = shown(display.columns[c].title, style);
  const auto cell_text = [&](const DisplayCell& cell, bool total) -> std::string {
    if (cell.null) return total || lane.right ? "" : style.unicode ? "–" : "-";
    if (lane.kind == CellKind::kFlag) {
      return !style.unicode ? cell.text : cell.sign > 0 ? "✓" : "✗";
    }
    return shown(cell.text, style);
  };
  for (const auto& row : display.rows) lane.cells.push_back(cell_text(row[c], false));
  for (const auto& row : display.totals) lane.totals.push_back(cell_text(row[c], true));
  if (lane.kind == CellKind::kSeries) draw_series(lane, display, kMaxSpark, style);
  if (is_money(lane.kind) || lane.kind == CellKind::kQuantity) align_decimals(lane);
  lane.width = std::max(display_width(lane.title), widest_of(lane));
  lane.bars = lane.kind == CellKind::kShare && report.rows.size() > 1;
  return lane;
}

/// What a table becomes when the terminal is narrow: some lanes say their one value above, some
/// below each row.
struct Layout {
  std::vector<Lane> lanes, below;
  std::vector<std::string> above;  ///< "format focus-1.4"
  int gap = kGap;

  int width() const {
    int sum = kIndent;
    for (const Lane& lane : lanes) sum += lane.width + gap + (lane.bars ? kBarWidth + 1 : 0);
    return lanes.empty() ? sum : sum - gap;
  }
};

/// All rows and totals have the same text there.
bool has_one_value(const Lane& lane) {
  return lane.kind == CellKind::kText && !lane.cells.empty() && lane.cells[0] != "–" &&
         lane.cells[0] != "-" &&
         std::all_of(lane.cells.begin(), lane.cells.end(),
                     [&](const std::string& cell) { return cell == lane.cells[0]; }) &&
         std::all_of(lane.totals.begin(), lane.totals.end(), [&](const std::string& cell) {
           return cell.empty() || cell == lane.cells[0];
         });
}

/// It can be said once for several rows.
bool is_constant(const Lane& lane) { return lane.cells.size() > 1 && has_one_value(lane); }

bool is_empty(const Lane& lane) {
  const auto blank = [](const std::string& cell) {
    return cell.empty() || cell == "–" || cell == "-";
  };
  return !lane.right && !lane.cells.empty() &&
         std::all_of(lane.cells.begin(), lane.cells.end(), blank) &&
         std::all_of(lane.totals.begin(), lane.totals.end(), blank);
}

/// Narrows the widest names, no further than `smallest`, until the table fits.
void shrink_names(Layout& layout, int width, int smallest) {
  while (layout.width() > width) {
    Lane* widest = nullptr;
    for (Lane& lane : layout.lanes) {
      if (lane.kind == CellKind::kText && lane.width > smallest &&
          (widest == nullptr || lane.width > widest->width))
        widest = &lane;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

/// Gives names back what is left of the width, the most cut one first.
void grow_names(Layout& layout, int width) {
  while (layout.width() < width) {
    Lane* shortest = nullptr;
    int most = 0;
    for (Lane& lane : layout.lanes) {
      const int cut = widest_of(lane) - lane.width;
      if (lane.kind != CellKind::kText || cut <= most) continue;
      shortest = &lane;
      most = cut;
    }
    if (shortest == nullptr) return;
    ++shortest->width;
  }
}

/// Amounts that are 0 in every row are said once above the table.
void drop_zeros(Layout& layout, const Display& display, const Style& style) {
  std::vector<std::string> zeros;
  const auto is_zero = [&](const Lane& lane) {
    return is_money(lane.kind) && !display.rows.empty() &&
           std::all_of(display.rows.begin(), display.rows.end(),
                       [&](const auto& row) { return row[lane.column].sign == 0; });
  };
  for (std::size_t i = layout.lanes.size(); i-- > 1 && layout.width() > style.width;) {
    if (!is_zero(layout.lanes[i])) continue;
    zeros.insert(zeros.begin(), layout.lanes[i].title);
    layout.lanes.erase(layout.lanes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!zeros.empty()) layout.above.push_back("0 everywhere: " + join(zeros, ", "));
}

/// Times are cut to their days, without a mark: a day is a whole answer too.
void cut_to_days(Lane& lane) {
  constexpr std::size_t kDay = 10;
  for (auto* list : {&lane.cells, &lane.totals}) {
    for (std::string& cell : *list) {
      if (cell.size() > kDay) cell.resize(kDay);
    }
  }
  lane.width = std::max(display_width(lane.title), widest_of(lane));
}

/// Gives up, in this order: pictures, what can be said once, the counts of rows, the ends of names
/// and the hours of times; then what is not money moves below its row, and money itself at last.
/// Figures are never cut, and a row is never wider than its place.
Layout fit_lanes(std::vector<Lane> all, const Display& display, const Style& style) {
  Layout layout;
  std::vector<Lane>& lanes = layout.lanes;
  lanes = std::move(all);
  const auto too_wide = [&] { return layout.width() > style.width; };
  const auto first = [&](const Lane& lane) { return lane.column == 0; };
  std::erase_if(lanes, [&](const Lane& lane) { return !first(lane) && is_empty(lane); });
  std::erase_if(lanes, [&](const Lane& lane) {
    return !first(lane) && lane.name == "currency" && has_one_value(lane);
  });
  const auto narrow_series = [&](int columns) {
    for (Lane& lane : lanes) {
      if (too_wide() && lane.kind == CellKind::kSeries) draw_series(lane, display, columns, style);
    }
  };
  const auto give_up = [&](const auto& may_go) {
    for (std::size_t i = lanes.size(); i-- > 1 && too_wide();) {
      if (lanes[i].name == "currency" || !may_go(lanes[i])) continue;
      const auto after =
          std::find_if(layout.below.begin(), layout.below.end(),
                       [&](const Lane& other) { return other.column > lanes[i].column; });
      layout.below.insert(after, std::move(lanes[i]));
      lanes.erase(lanes.begin() + static_cast<std::ptrdiff_t>(i));
    }
  };
  narrow_series(12);
  shrink_names(layout, style.width, 32);
  if (too_wide()) {
    for (Lane& lane : lanes) lane.bars = false;
  }
  shrink_names(layout, style.width, 28);
  for (std::size_t i = lanes.size(); i-- > 1 && too_wide();) {
    if (!is_constant(lanes[i])) continue;
    layout.above.push_back(lanes[i].title + " " + lanes[i].cells[0]);
    lanes.erase(lanes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  drop_zeros(layout, display, style);
  if (too_wide()) layout.gap = kNarrowGap;
  for (Lane& lane : lanes) {
    if (too_wide() && lane.kind == CellKind::kInstant) cut_to_days(lane);
  }
  give_up([](const Lane& lane) { return lane.kind == CellKind::kText && widest_of(lane) > 40; });
  for (Lane& lane : lanes) {
    // A long title over short names is cut before any name is.
    if (too_wide() && is_name(lane))
      lane.width = std::max(widest_of(lane), std::min(lane.width, 8));
  }
  shrink_names(layout, style.width, 22);
  if (too_wide())
    std::erase_if(lanes, [](const Lane& lane) {
      return lane.kind == CellKind::kCount && lane.name == "rows";
    });
  narrow_series(6);
  shrink_names(layout, style.width, 16);
  if (too_wide())
    std::erase_if(lanes, [](const Lane& lane) { return lane.kind == CellKind::kSeries; });
  shrink_names(layout, style.width, 14);
  give_up([](const Lane& lane) { return lane.kind == CellKind::kCount; });
  give_up([](const Lane& lane) { return lane.kind == CellKind::kText; });
  shrink_names(layout, style.width, kMinText);
  give_up([](const Lane& lane) { return lane.kind == CellKind::kInstant; });
  give_up([](const Lane& lane) { return is_signed_money(lane.kind) && lane.name != "change"; });
  give_up([](const Lane& lane) { return lane.kind == CellKind::kShare; });
  give_up([](const Lane&) { return true; });
  grow_names(layout, style.width);
  return layout;
}

std::string line_of(const Layout& layout, const Style& style,
                    const std::function<std::string(const Lane&)>& text_of,
                    const std::function<Ink(const Lane&)>& ink_of,
                    const std::function<double(const Lane&)>& fraction_of) {
  std::string line = spaces(kIndent);
  const std::vector<Lane>& lanes = layout.lanes;
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
      std::string drawn = fraction < 0 ? "" : bar(fraction, kBarWidth, style.unicode);
      while (drawn.ends_with(' ')) drawn.pop_back();
      line += " " + (drawn.empty() ? "" : inked(drawn, Ink::kDim, style)) +
              spaces(kBarWidth - display_width(drawn));
    }
    if (!last) line += spaces(layout.gap);
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

/// The one currency of all rows, or "".
std::string only_currency(const Report& report) {
  std::string only;
  bool money = false;
  for (const ReportColumn& column : report.columns) money = money || is_money(column.kind);
  for (const auto* list : {&report.rows, &report.totals}) {
    for (const auto& row : *list) {
      const std::string currency = currency_of_row(report, row);
      if (!only.empty() && currency != only) return "";
      only = currency;
    }
  }
  return money ? only : "";
}

/// The line under the title: what a reader must know before the first figure.
std::string subtitle_of(const Report& report, const std::vector<std::string>& above) {
  std::vector<std::string> parts;
  if (!report.provenance.period.empty()) parts.push_back(period_words(report.provenance.period));
  if (const std::string currency = only_currency(report); !currency.empty())
    parts.push_back("in " + currency);
  parts.insert(parts.end(), above.begin(), above.end());
  return join(parts, ", ");
}

std::string dim_lines(const std::string& text, const Style& style) {
  std::string out;
  for (const std::string& piece : wrapped(text, std::max(kNarrowest, style.width - kIndent))) {
    if (!piece.empty()) out += spaces(kIndent) + inked(piece, Ink::kDim, style) + "\n";
  }
  return out;
}

std::string footer_of(const Report& report, const Style& style) {
  std::string out;
  for (const std::string& note : report.notes) {
    for (const std::string& line :
         wrapped(shown(note, style), std::max(kNarrowest, style.width - kIndent))) {
      out += spaces(kIndent) + line + "\n";
    }
  }
  if (!report.notes.empty()) out += "\n";
  if (style.brief) {
    // Period and currency stand under the title already.
    Provenance rest = report.provenance;
    rest.period.clear();
    if (rest.currencies.size() > 1) rest.currencies.clear();
    return out + dim_lines(shown(provenance_line(rest), style) +
                               (style.figure.empty() ? "" : " figure=" + style.figure),
                           style);
  }
  out += dim_lines(shown(provenance_line(report.provenance), style), style);
  if (!style.figure.empty()) {
    out += dim_lines("figure " + style.figure + "  (the rows behind it: steelyard explain " +
                         style.figure + (report.rows.empty() ? "" : ":1") + ")",
                     style);
  }
  return out;
}

}  // namespace

std::string inked(std::string_view text, Ink ink, const Style& style) {
  static constexpr std::array kCodes = {"",         "\x1b[1m",  "\x1b[2m",  "\x1b[31m", "\x1b[32m",
                                        "\x1b[33m", "\x1b[34m", "\x1b[35m", "\x1b[36m"};
  if (!style.color || ink == Ink::kPlain) return std::string(text);
  return kCodes[static_cast<std::size_t>(ink)] + std::string(text) + "\x1b[0m";
}

std::string shown(std::string_view data, const Style& style) {
  const std::string safe = terminal_safe(data);
  return style.unicode ? safe : to_ascii(safe);
}

namespace {

/// The texts that had to leave their lanes, in dim lines under the row.
std::string below_of(const std::vector<Lane>& below, std::vector<std::string> Lane::* cells,
                     std::size_t row, const Style& style) {
  std::vector<std::string> parts;
  for (const Lane& lane : below) {
    const std::string_view cell = trim((lane.*cells)[row]);
    if (cell.empty() || cell == "–" || cell == "-") continue;
    parts.push_back(lane.title + " " + std::string(cell));
  }
  std::string out;
  const int indent = kIndent + 2;
  if (parts.empty()) return out;
  for (const std::string& line : wrapped(join(parts, style.unicode ? " · " : " | "),
                                         std::max(kNarrowest, style.width - indent))) {
    out += spaces(indent) + inked(line, Ink::kDim, style) + "\n";
  }
  return out;
}

/// Rows of several currencies stand in groups; a line is left between the groups.
bool grouped_by_currency(const Report& report) {
  std::vector<std::string> seen;
  for (const auto& row : report.rows) {
    const std::string currency = currency_of_row(report, row);
    if (!seen.empty() && seen.back() == currency) continue;
    if (std::find(seen.begin(), seen.end(), currency) != seen.end()) return false;
    seen.push_back(currency);
  }
  return seen.size() > 1 && report.rows.size() > seen.size();
}

std::string grid_of(const Report& report, const Display& display, const Layout& layout,
                    const Style& style) {
  const auto no_fraction = [](const Lane&) { return -1.0; };
  const int width = std::min(std::max(style.width, 20), layout.width()) - kIndent;
  const std::string rule =
      spaces(kIndent) + inked(repeated(style.unicode ? "─" : "-", width), Ink::kDim, style) + "\n";
  std::string out = line_of(
      layout, style, [](const Lane& lane) { return lane.title; },
      [](const Lane&) { return Ink::kDim; }, no_fraction);
  out += rule;
  if (report.rows.empty()) out += spaces(kIndent) + inked("no rows", Ink::kDim, style) + "\n";
  const bool grouped = grouped_by_currency(report);
  for (std::size_t r = 0; r < display.rows.size(); ++r) {
    if (grouped && r > 0 &&
        currency_of_row(report, report.rows[r]) != currency_of_row(report, report.rows[r - 1]))
      out += "\n";
    const auto& row = display.rows[r];
    out += line_of(
        layout, style, [&](const Lane& lane) { return lane.cells[r]; },
        [&](const Lane& lane) {
          const DisplayCell& cell = row[lane.column];
          if (is_signed_money(lane.kind) && cell.sign != 0)
            return (cell.sign > 0) == (lane.kind == CellKind::kSaving) ? Ink::kGreen : Ink::kRed;
          if (lane.kind == CellKind::kFlag) return cell.sign > 0 ? Ink::kGreen : Ink::kRed;
          return cell.null ? Ink::kDim : Ink::kPlain;
        },
        [&](const Lane& lane) { return row[lane.column].fraction; });
    out += below_of(layout.below, &Lane::cells, r, style);
  }
  if (!display.totals.empty()) out += rule;
  for (std::size_t r = 0; r < display.totals.size(); ++r) {
    const auto& row = display.totals[r];
    out += line_of(
        layout, style, [&](const Lane& lane) { return lane.totals[r]; },
        [&](const Lane& lane) {
          const DisplayCell& cell = row[lane.column];
          if (is_signed_money(lane.kind) && cell.sign != 0)
            return (cell.sign > 0) == (lane.kind == CellKind::kSaving) ? Ink::kGreen : Ink::kRed;
          return Ink::kBold;
        },
        no_fraction);
    out += below_of(layout.below, &Lane::totals, r, style);
  }
  return out;
}

}  // namespace

std::string table_of(const Report& report, const Style& style) {
  const Display display = display_of(report, true);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < display.columns.size(); ++c) {
    lanes.push_back(lane_of(report, display, c, style));
  }
  const Layout layout = fit_lanes(std::move(lanes), display, style);
  std::string out;
  if (!report.title.empty()) out += render_heading(report.title, style);
  const std::string subtitle = subtitle_of(report, layout.above);
  if (!subtitle.empty()) out += dim_lines(shown(subtitle, style), style);
  if (!out.empty()) out += "\n";
  if (!layout.lanes.empty()) out += grid_of(report, display, layout, style);
  for (const Chart& chart : report.charts) out += "\n" + picture_of(chart, style);
  const std::string footer = footer_of(report, style);
  return out + (footer.empty() || layout.lanes.empty() ? "" : "\n") + footer;
}

std::string render_heading(std::string_view text, const Style& style) {
  std::string out;
  for (const std::string& line :
       wrapped(shown(text, style), std::max(kNarrowest, style.width - kIndent))) {
    out += spaces(kIndent) + inked(line, Ink::kBold, style) + "\n";
  }
  return out;
}

std::string render_paragraph(std::string_view text, const Style& style) {
  std::string out;
  for (const std::string& line :
       wrapped(shown(text, style), std::max(kNarrowest, style.width - kIndent))) {
    out += spaces(kIndent) + line + "\n";
  }
  return out;
}

}  // namespace steelyard
