// Pictures of a Chart: of characters for a terminal, and as SVG. Both escape what they are given,
// and show a curve of any number of points without losing its extremes.
#pragma once

#include <string>

#include "ledger/report.h"
#include "render/render.h"

namespace steelyard {

/// Title, picture with axes, and legend, within the style's width, each line ending in a line end.
/// Curves are braille dots (characters of their own where several curves have no colours to be told
/// apart by), areas are blocks; in ASCII both are letters and signs.
std::string picture_of(const Chart& chart, const Style& style);

/// All charts of the report under each other as one SVG document: no scripts, no fonts of its own,
/// light or dark as its reader has it.
std::string svg_of(const Report& report);

}  // namespace steelyard
