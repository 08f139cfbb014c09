#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "cli/output.h"
#include "render/spark.h"

namespace steelyard {

namespace {

/// 18'400'000 -> "18.4 M"
std::string short_count(std::int64_t number) {
  if (number < 10'000) return std::to_string(number);
  const bool million = number >= 1'000'000;
  const std::int64_t tenths = number / (million ? 100'000 : 100);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (million ? " M" : " k");
}

/// 0.4, 12: of few things in a second a digit after the point.
std::string slow_rate(double rate) {
  char text[40];
  std::snprintf(text, sizeof text, rate < 10 ? "%.1f" : "%.0f", rate);
  return text;
}

std::string clock_text(std::int64_t seconds) {
  const std::string rest = std::to_string(seconds % 60);
  return std::to_string(seconds / 60) + ":" + (rest.size() < 2 ? "0" : "") + rest;
}

void write_error(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

Progress::Progress(const CommonOptions& common, std::string task) : task_(std::move(task)) {
  if (common.quiet || common.progress == "none") return;
  if (common.progress == "json") {
    mode_ = Mode::kJson;
    return;
  }
  const Style style = style_of_place(common, STDERR_FILENO);
  unicode_ = style.unicode;
  width_ = style.width;
  mode_ = ::isatty(STDERR_FILENO) == 1 ? Mode::kLine : Mode::kEvery;
}

Progress::~Progress() { finish(); }

void Progress::finish() {
  if (drawn_) write_error("\r\x1b[K");
  drawn_ = false;
}

void Progress::report(const Step& step) {
  if (mode_ == Mode::kNone) return;
  const Clock::time_point now = Clock::now();
  // A quick command shows nothing at all: a line that only flashes is noise.
  const auto interval = mode_ == Mode::kLine   ? std::chrono::milliseconds(drawn_ ? 100 : 400)
                        : mode_ == Mode::kJson ? std::chrono::milliseconds(500)
                                               : std::chrono::milliseconds(10'000);
  if (now - last_ < interval) return;
  last_ = now;
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - began_).count());
  const double fraction =
      step.all > 0
          ? std::clamp(static_cast<double>(step.done) / static_cast<double>(step.all), 0.0, 1.0)
          : 0;
  const auto rows_per_s = static_cast<std::int64_t>(static_cast<double>(step.rows) / seconds);
  const auto bytes_per_s = static_cast<std::int64_t>(static_cast<double>(step.done) / seconds);
  const std::int64_t eta_s =
      fraction > 0.01 ? static_cast<std::int64_t>(seconds * (1 - fraction) / fraction) : -1;
  const int percent = static_cast<int>(fraction * 100);
  const std::string name = terminal_safe(std::filesystem::path(step.file).filename().string());
  if (mode_ == Mode::kJson) {
    write_error(
        "{\"type\": \"progress\", \"task\": " + json_quote(task_) +
        ", \"phase\": " + json_quote(step.phase) + ", \"file\": " + json_quote(step.file) +
        ", \"file_number\": " + std::to_string(step.file_number) +
        ", \"files\": " + std::to_string(step.files) + ", \"rows\": " + std::to_string(step.rows) +
        ", \"done\": " + std::to_string(step.done) + ", \"all\": " + std::to_string(step.all) +
        (step.unit.empty() ? "" : ", \"unit\": " + json_quote(step.unit)) +
        ", \"elapsed_s\": " + std::to_string(static_cast<std::int64_t>(seconds)) + "}\n");
    return;
  }
  if (mode_ == Mode::kEvery) {
    const std::string unit = step.unit.empty() ? "bytes" : step.unit;
    write_error("progress task=" + task_ + " phase=" + slug(step.phase) +
                " percent=" + std::to_string(percent) +
                (step.unit.empty() ? " rows=" + std::to_string(step.rows) +
                                         " rows_per_s=" + std::to_string(rows_per_s)
                                   : " " + unit + "=" + std::to_string(step.done)) +
                " " + unit + "_per_s=" +
                (step.unit.empty() ? std::to_string(bytes_per_s)
                                   : slow_rate(static_cast<double>(step.done) / seconds)) +
                (eta_s >= 0 ? " eta_s=" + std::to_string(eta_s) : "") +
                (step.files > 0 ? " file=" + std::to_string(step.file_number) + "/" +
                                      std::to_string(step.files)
                                : "") +
                "\n");
    return;
  }
  // In the order in which they are shown; where the line is too short, the highest number goes
  // first.
  std::vector<std::pair<int, std::string>> parts = {{0, task_ + " " + step.phase}};
  const auto show = [&](int number, bool known, const std::string& text) {
    if (known) parts.emplace_back(number, text);
  };
  show(1, step.all > 0,
       (unicode_ ? " ▕" + bar(fraction, 16, true) + "▏ " : " [" + bar(fraction, 16, false) + "] ") +
           std::to_string(percent) + " %");
  show(3, step.rows > 0, "  " + short_count(step.rows) + " rows");
  show(4, step.rows > 0, "  " + short_count(rows_per_s) + " rows/s");
  show(3, !step.unit.empty(), "  " + short_count(step.done) + " " + step.unit);
  show(4, !step.unit.empty(),
       "  " + slow_rate(static_cast<double>(step.done) / seconds) + " " + step.unit + "/s");
  show(6, step.unit.empty() && bytes_per_s > 0,
       "  " + human_bytes(static_cast<std::uint64_t>(bytes_per_s)) + "/s");
  show(2, eta_s >= 0, "  ETA " + clock_text(eta_s));
  show(5, step.files > 1 && step.file_number > 0,
       "  (file " + std::to_string(step.file_number) + "/" + std::to_string(step.files) + ")");
  show(7, !name.empty(), "  " + name);
  std::string line;
  for (int most = 7; most >= 0; --most) {
    line.clear();
    for (const auto& [number, text] : parts) line += number <= most ? text : "";
    if (display_width(line) < width_) break;
  }
  write_error("\r\x1b[K" + fit_width(line, width_ - 1));
  drawn_ = true;
}

}  // namespace steelyard
