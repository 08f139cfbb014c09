// Progress on standard error: one line that is redrawn on a terminal, a line of key=value every ten
// seconds elsewhere, JSON for wrappers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/command.h"

namespace steelyard {

struct Step {
  std::string phase;  ///< "reading"
  std::string file;
  std::int64_t file_number = 0, files = 0;
  std::int64_t rows = 0;
  std::int64_t done = 0, all = 0;  ///< bytes, or rows when `all` counts rows
  std::string unit;                ///< of `done`, when it counts something else: "decisions"
};

class Progress {
 public:
  Progress(const CommonOptions& common, std::string task);
  /// Clears the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void report(const Step& step);
  void finish();

 private:
  enum class Mode { kNone, kLine, kEvery, kJson };
  using Clock = std::chrono::steady_clock;
  std::string task_;
  Mode mode_ = Mode::kNone;
  bool unicode_ = true;
  int width_ = 80;
  Clock::time_point began_ = Clock::now(), last_ = began_;
  bool drawn_ = false;
};

}  // namespace steelyard
