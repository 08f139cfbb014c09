// JSON and JSON lines. Money and other decimals are strings, so that no reader passes them through
// a double; each row that has money names its currency.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "render/display.h"
#include "render/table.h"

namespace steelyard {

namespace {

std::string_view kind_name(CellKind kind) {
  switch (kind) {
    case CellKind::kText:
      return "text";
    case CellKind::kMoney:
      return "money";
    case CellKind::kCount:
      return "count";
    case CellKind::kQuantity:
      return "quantity";
    case CellKind::kShare:
      return "share";
    case CellKind::kChange:
    case CellKind::kSaving:
      return "change";
    case CellKind::kSeries:
      return "series";
    case CellKind::kInstant:
      return "instant";
    case CellKind::kFlag:
      return "flag";
  }
  return "text";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(json_quote(text));
  return "[" + join(quoted, ", ") + "]";
}

std::string value_of(const Cell& cell, CellKind kind) {
  if (cell.is_null()) return "null";
  if (const bool* flag = std::get_if<bool>(&cell.value)) return *flag ? "true" : "false";
  if (const auto* count = std::get_if<std::int64_t>(&cell.value)) return std::to_string(*count);
  if (const double* number = std::get_if<double>(&cell.value)) {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, *number);
    const std::string text(buffer, end.ptr);
    // JSON has no infinity and no NaN.
    return text.find_first_of("in") == std::string::npos ? text : "null";
  }
  if (kind == CellKind::kSeries) {
    std::vector<std::string> points;
    for (const std::string& point : split(cell.text(), ' ')) {
      if (!point.empty()) points.push_back(point);
    }
    return list_of(points);
  }
  return json_quote(cell.text());
}

std::string fields_of(const Report& report, const std::vector<Cell>& row) {
  std::string out;
  for (std::size_t c = 0; c < row.size(); ++c) {
    out += (c > 0 ? ", " : "") + json_quote(report.columns[c].name) + ": " +
           value_of(row[c], report.columns[c].kind);
  }
  if (lacks_currency_column(report)) {
    out += ", \"currency\": " + json_quote(report.provenance.currencies[0]);
  }
  return out;
}

std::string provenance_of(const Report& report) {
  const Provenance& p = report.provenance;
  const auto text = [](const std::string& value) {
    return value.empty() ? "null" : json_quote(value);
  };
  const auto number = [](std::int64_t value) { return value < 0 ? "null" : std::to_string(value); };
  return "{\"basis\": " + text(p.basis) + ", \"currencies\": " + list_of(p.currencies) +
         ", \"period\": " + text(p.period) + ", \"source\": " + text(p.source) +
         ", \"version\": " + number(p.version) + ", \"rows\": " + number(p.rows) +
         ", \"reconciled\": " + text(p.reconciled) + ", \"rules\": " + text(p.rules) + "}";
}

std::string number_of(double value, AxisKind kind) {
  if (kind == AxisKind::kTime && std::abs(value) < 1e12)
    return json_quote(format_instant({std::llround(value * 1e6)}));
  return value_of(Cell{value}, CellKind::kShare);
}

std::string_view kind_name(ChartKind kind) {
  switch (kind) {
    case ChartKind::kLines:
      return "lines";
    case ChartKind::kCoverage:
      return "coverage";
    case ChartKind::kStack:
      return "stack";
  }
  return "lines";
}

std::string chart_of(const Chart& chart) {
  const auto y = [&](double value) { return number_of(value, chart.y.kind); };
  const auto point = [&](ChartPoint at) {
    return "[" + number_of(at.x, chart.x.kind) + ", " + y(at.y) + "]";
  };
  std::vector<std::string> series, marks, levels;
  for (const ChartSeries& curve : chart.series) {
    std::vector<std::string> points;
    for (const ChartPoint at : curve.points) points.push_back(point(at));
    series.push_back("{\"name\": " + json_quote(curve.name) +
                     ", \"steps\": " + (curve.steps ? "true" : "false") + ", \"points\": [" +
                     join(points, ", ") + "]}");
  }
  for (const ChartMark& mark : chart.marks)
    marks.push_back("{\"name\": " + json_quote(mark.name) + ", \"at\": " + point(mark.at) + "}");
  for (const ChartLevel& level : chart.levels)
    levels.push_back("{\"name\": " + json_quote(level.name) + ", \"y\": " + y(level.y) + "}");
  return "{\"title\": " + json_quote(chart.title) + ", \"kind\": \"" +
         std::string(kind_name(chart.kind)) + "\", \"x\": " + json_quote(chart.x.title) +
         ", \"y\": " + json_quote(chart.y.title) + ",\n     \"series\": [" +
         join(series, ",\n       ") + "],\n     \"marks\": [" + join(marks, ", ") +
         "], \"levels\": [" + join(levels, ", ") + "]}";
}

/// A field that is there when there are pictures.
std::string charts_of(const Report& report) {
  if (report.charts.empty()) return "";
  std::vector<std::string> charts;
  for (const Chart& chart : report.charts) charts.push_back("\n    " + chart_of(chart));
  return ",\n  \"charts\": [" + join(charts, ",") + "\n  ]";
}

std::string rows_of(const Report& report, const std::vector<std::vector<Cell>>& rows) {
  std::string out = "[";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    out += (r > 0 ? ",\n    {" : "\n    {") + fields_of(report, rows[r]) + "}";
  }
  return out + (rows.empty() ? "]" : "\n  ]");
}

std::string figure_of(const Style& style) {
  return style.figure.empty() ? "null" : json_quote(style.figure);
}

}  // namespace

std::string json_of(const Report& report, const Style& style) {
  std::string columns;
  for (const ReportColumn& column : report.columns) {
    columns += std::string(columns.empty() ? "" : ",") +
               "\n    {\"name\": " + json_quote(column.name) +
               ", \"title\": " + json_quote(column.title) + ", \"kind\": \"" +
               std::string(kind_name(column.kind)) + "\"}";
  }
  return "{\n  \"schema_version\": " + std::to_string(kJsonSchemaVersion) +
         ",\n  \"title\": " + json_quote(report.title) + ",\n  \"figure\": " + figure_of(style) +
         ",\n  \"findings\": " + (report.findings ? "true" : "false") + ",\n  \"columns\": [" +
         columns + (columns.empty() ? "]" : "\n  ]") +
         ",\n  \"rows\": " + rows_of(report, report.rows) +
         ",\n  \"totals\": " + rows_of(report, report.totals) +
         ",\n  \"notes\": " + list_of(report.notes) + charts_of(report) +
         ",\n  \"provenance\": " + provenance_of(report) + "\n}\n";
}

std::string json_lines_of(const Report& report, const Style& style) {
  std::string out;
  for (const auto& row : report.rows) {
    const std::string fields = fields_of(report, row);
    out += "{\"type\": \"row\"" + (fields.empty() ? "" : ", " + fields) + "}\n";
  }
  for (const auto& row : report.totals) {
    const std::string fields = fields_of(report, row);
    out += "{\"type\": \"total\"" + (fields.empty() ? "" : ", " + fields) + "}\n";
  }
  return out + "{\"type\": \"report\", \"schema_version\": " + std::to_string(kJsonSchemaVersion) +
         ", \"title\": " + json_quote(report.title) + ", \"figure\": " + figure_of(style) +
         ", \"findings\": " + (report.findings ? "true" : "false") +
         ", \"notes\": " + list_of(report.notes) + ", \"provenance\": " + provenance_of(report) +
         "}\n";
}

}  // namespace steelyard
