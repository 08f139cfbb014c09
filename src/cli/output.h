// Output: where the bytes go. Data to standard output or a file that is put in place only when it
// is complete; remarks to standard error. Knows terminals; knows nothing of costs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "ledger/report.h"
#include "render/render.h"

namespace steelyard {

/// What the terminal behind a file descriptor (1 or 2) can show, by flags, environment and the
/// terminal itself.
Style style_of_place(const CommonOptions& common, int descriptor);
/// By -o, the ending of --out, and whether standard output is a terminal. SY1603 for a name that is
/// none.
Result<OutputFormat> chosen_format(const CommonOptions& common);

/// Writes all bytes or says why not (SY1607).
Status write_output(std::string_view bytes, const CommonOptions& common);
/// Writes `bytes` to a file beside `path` and renames it into place.
Status write_file(const std::string& path, std::string_view bytes);
/// A line on standard error, unless --quiet.
void remark(const CommonOptions& common, std::string_view line);

struct FigureSource;
/// Renders and writes reports. A report with a question becomes a figure that `explain` can find:
/// `source` says what it was asked of.
Status show(const Context& context, const Report& report, const FigureSource* source = nullptr);
/// Several reports of one command: under each other, in JSON as {"reports": [...]}; CSV and Parquet
/// hold only one (SY1612).
Status show(const Context& context, const std::vector<Report>& reports,
            const FigureSource* source = nullptr);

}  // namespace steelyard
