// Sparks: numbers as small pictures of block characters, with ASCII forms. Doubles are fine here: a
// picture is not a figure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard {

/// "1 2.5 3" as numbers; what is not a number counts 0.
std::vector<double> series_values(std::string_view text);
/// One column a value; more values than `width` are averaged in groups. "▁▃▇" or "_=#".
std::string sparkline(std::span<const double> values, int width, bool unicode);
/// `fraction` (0..1, clamped) of `width` columns as a bar in eighths, padded with spaces to
/// `width`.
std::string bar(double fraction, int width, bool unicode);

}  // namespace steelyard
