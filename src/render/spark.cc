#include "render/spark.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace steelyard {

std::vector<double> series_values(std::string_view text) {
  std::vector<double> values;
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    double value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    values.push_back(value);
  }
  return values;
}

std::string sparkline(std::span<const double> values, int width, bool unicode) {
  static constexpr std::array kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array kAscii = {"_", ".", "-", "=", "+", "*", "%", "#"};
  if (values.empty() || width <= 0) return "";
  const std::size_t columns = std::min(values.size(), static_cast<std::size_t>(width));
  std::vector<double> means(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    const std::size_t from = i * values.size() / columns, to = (i + 1) * values.size() / columns;
    for (std::size_t k = from; k < to; ++k) means[i] += values[k] / static_cast<double>(to - from);
  }
  // The base line is zero: a curve that hardly moves must not look like a mountain.
  const double low = std::min(0.0, *std::min_element(means.begin(), means.end()));
  const double high = std::max(0.0, *std::max_element(means.begin(), means.end()));
  std::string out;
  for (double mean : means) {
    const double height = high > low ? (mean - low) / (high - low) : 0;
    const auto step = static_cast<std::size_t>(std::clamp(std::round(height * 7), 0.0, 7.0));
    out += unicode ? kBlocks[step] : kAscii[step];
  }
  return out;
}

std::string bar(double fraction, int width, bool unicode) {
  static constexpr std::array kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::clamp(fraction, 0.0, 1.0);
  std::string out;
  int used = 0;
  if (unicode) {
    const int eighths = static_cast<int>(std::round(clamped * width * 8));
    for (; used < eighths / 8; ++used) out += "█";
    if (eighths % 8 != 0) {
      out += kEighths[static_cast<std::size_t>(eighths % 8)];
      ++used;
    }
  } else {
    for (; used < static_cast<int>(std::round(clamped * width)); ++used) out += "#";
  }
  return out + std::string(static_cast<std::size_t>(std::max(0, width - used)), ' ');
}

}  // namespace steelyard
