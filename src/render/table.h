// The outputs that people read: the table of a terminal, and pieces of it for other pages.
#pragma once

#include <string>
#include <string_view>

#include "ledger/report.h"
#include "render/render.h"

namespace steelyard {

enum class Ink { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue, kMagenta, kCyan };
/// `text` in ANSI colours when the style has them.
std::string inked(std::string_view text, Ink ink, const Style& style);
/// Escaped for a terminal, and in a style without wide characters also brought to ASCII.
std::string shown(std::string_view data, const Style& style);

std::string table_of(const Report& report, const Style& style);
std::string plain_of(const Report& report, const Style& style);
std::string markdown_of(const Report& report, const Style& style);
std::string json_of(const Report& report, const Style& style);
std::string json_lines_of(const Report& report, const Style& style);
std::string csv_of(const Report& report, const Style& style);

}  // namespace steelyard
