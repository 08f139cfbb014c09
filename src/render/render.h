// Rendering: one Report in, the bytes of one output out. Nothing here prints, measures the terminal
// or reads the environment: how wide, coloured and wide-charactered the output may be is a Style
// that the face decides. Money is exact in JSON, JSON lines and CSV; tables, plain text and
// Markdown round it once, here, so that parts that are shown sum to the total that is shown. Every
// string of data is escaped for the place where it ends up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/report.h"

namespace steelyard {

enum class OutputFormat { kTable, kPlain, kJson, kJsonLines, kCsv, kMarkdown, kParquet, kSvg };

/// "table", "plain", "json", "jsonl", "csv", "md", "parquet", "svg"; nothing for another word.
std::optional<OutputFormat> parse_output_format(std::string_view text);
/// The words of parse_output_format, in the order of documentation.
const std::vector<std::string>& output_format_names();

/// What the place of output can show.
struct Style {
  int width = 80;       ///< columns of the terminal
  bool color = false;   ///< ANSI colours and weights
  bool unicode = true;  ///< rules, bars and sparklines of block characters; else ASCII
  bool raw = false;     ///< CSV: no guard against formulas
  bool brief = false;   ///< table: a footer of one line, for one section of several
  std::string figure;   ///< the figure's id, "" when it cannot be explained
};

/// The version of the JSON outputs: a field is never removed or given another meaning under the
/// same number.
inline constexpr int kJsonSchemaVersion = 1;

/// The whole output, ending in a line end. kParquet is not text and is not allowed here; kSvg shows
/// only charts and needs one.
std::string render(const Report& report, OutputFormat format, const Style& style);

/// "basis=effective currency=USD period=2026-07-01/2026-08-01 source=lake v41 rows=48,213
/// reconciled=yes rules=1"
std::string provenance_line(const Provenance& provenance);

/// A title, tables and prose under each other, for a page such as `steelyard report`: sections
/// share one style.
std::string render_heading(std::string_view text, const Style& style);
/// Prose wrapped to the width, each line indented by two columns; words are never cut.
std::string render_paragraph(std::string_view text, const Style& style);

}  // namespace steelyard
