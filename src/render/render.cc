#include "render/render.h"

#include "base/assert.h"
#include "base/text.h"
#include "render/chart.h"
#include "render/table.h"

namespace steelyard {

const std::vector<std::string>& output_format_names() {
  static const std::vector<std::string> kNames = {"table", "plain", "json",    "jsonl",
                                                  "csv",   "md",    "parquet", "svg"};
  return kNames;
}

std::optional<OutputFormat> parse_output_format(std::string_view text) {
  const std::vector<std::string>& names = output_format_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (equals_ignoring_case(names[i], text)) return static_cast<OutputFormat>(i);
  }
  return {};
}

std::string provenance_line(const Provenance& provenance) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) parts.push_back(std::string(key) + "=" + value);
  };
  add("basis", provenance.basis);
  add("currency", join(provenance.currencies, ","));
  add("period", provenance.period);
  add("source", provenance.source);
  if (provenance.rows >= 0) add("rows", with_thousands(provenance.rows));
  add("reconciled", provenance.reconciled);
  add("rules", provenance.rules);
  return join(parts, " ");
}

std::string render(const Report& report, OutputFormat format, const Style& style) {
  switch (format) {
    case OutputFormat::kTable:
      return table_of(report, style);
    case OutputFormat::kPlain:
      return plain_of(report, style);
    case OutputFormat::kJson:
      return json_of(report, style);
    case OutputFormat::kJsonLines:
      return json_lines_of(report, style);
    case OutputFormat::kCsv:
      return csv_of(report, style);
    case OutputFormat::kMarkdown:
      return markdown_of(report, style);
    case OutputFormat::kSvg:
      SY_ASSERT(!report.charts.empty());
      return svg_of(report);
    case OutputFormat::kParquet:
      break;
  }
  SY_ASSERT(format != OutputFormat::kParquet);
  return "";
}

}  // namespace steelyard
