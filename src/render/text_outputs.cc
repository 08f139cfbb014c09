// Plain text, CSV and Markdown: one record a line.
#include <charconv>

#include "base/text.h"
#include "render/display.h"
#include "render/spark.h"
#include "render/table.h"

namespace steelyard {

namespace {

/// The shortest text that reads back as the same number.
std::string exact_text(const Cell& cell) {
  const double* number = std::get_if<double>(&cell.value);
  if (number == nullptr) return cell.text();
  char buffer[40];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, *number).ptr);
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : terminal_safe(text)) {
    if (c == '|' || c == '\\' || c == '*' || c == '_' || c == '`' || c == '[' || c == '<')
      out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string plain_of(const Report& report, const Style& style) {
  const Display display = display_of(report, false);
  const bool add_currency = lacks_currency_column(report);
  std::vector<std::string> names;
  for (const ReportColumn& column : report.columns) names.push_back(terminal_safe(column.name));
  if (add_currency) names.push_back("currency");
  std::string out = names.empty() ? "" : "# " + join(names, "\t") + "\n";
  const auto line = [&](const std::vector<DisplayCell>& row) {
    std::vector<std::string> cells;
    for (const DisplayCell& cell : row) cells.push_back(terminal_safe(cell.text));
    if (add_currency) cells.push_back(report.provenance.currencies[0]);
    out += join(cells, "\t") + "\n";
  };
  for (const auto& row : display.rows) line(row);
  for (const auto& row : display.totals) line(row);
  for (const std::string& note : report.notes) out += "# " + terminal_safe(note) + "\n";
  const std::string provenance = terminal_safe(provenance_line(report.provenance));
  if (!provenance.empty()) out += "# " + provenance + "\n";
  if (!style.figure.empty()) out += "# figure=" + style.figure + "\n";
  return out;
}

std::string csv_of(const Report& report, const Style& style) {
  const bool add_currency = lacks_currency_column(report);
  std::vector<std::string> cells;
  for (const ReportColumn& column : report.columns)
    cells.push_back(csv_cell(column.name, !style.raw));
  if (add_currency) cells.push_back("currency");
  std::string out = join(cells, ",") + "\r\n";
  for (const auto& row : report.rows) {
    cells.clear();
    for (const Cell& cell : row) {
      // Only text can be a formula: a number of ours is a number.
      const bool guard = !style.raw && std::holds_alternative<std::string>(cell.value);
      cells.push_back(csv_cell(exact_text(cell), guard));
    }
    if (add_currency) cells.push_back(report.provenance.currencies[0]);
    out += join(cells, ",") + "\r\n";
  }
  return out;
}

std::string markdown_of(const Report& report, const Style& style) {
  const Display display = display_of(report, true);
  const bool add_currency = lacks_currency_column(report);
  std::string out;
  if (!report.title.empty()) out += "### " + markdown_cell(report.title) + "\n\n";
  std::string rule = "|", header = "|";
  for (const ReportColumn& column : report.columns) {
    header += " " + markdown_cell(column.title);
    if (add_currency && is_money(column.kind)) header += " " + report.provenance.currencies[0];
    header += " |";
    rule += is_numeric(column.kind) ? " ---: |" : " --- |";
  }
  out += header + "\n" + rule + "\n";
  const auto line = [&](const std::vector<DisplayCell>& row, bool total) {
    out += "|";
    for (std::size_t c = 0; c < row.size(); ++c) {
      std::string text = report.columns[c].kind == CellKind::kSeries
                             ? sparkline(series_values(row[c].text), 24, true)
                             : markdown_cell(row[c].text);
      if (total && !text.empty()) text = "**" + text + "**";
      out += " " + text + " |";
    }
    out += "\n";
  };
  for (const auto& row : display.rows) line(row, false);
  for (const auto& row : display.totals) line(row, true);
  out += "\n";
  for (const std::string& note : report.notes) out += "- " + markdown_cell(note) + "\n";
  if (!report.notes.empty()) out += "\n";
  std::string footer = terminal_safe(provenance_line(report.provenance));
  if (!style.figure.empty()) footer += (footer.empty() ? "figure=" : " figure=") + style.figure;
  if (!footer.empty()) out += "`" + footer + "`\n";
  return out;
}

}  // namespace steelyard
