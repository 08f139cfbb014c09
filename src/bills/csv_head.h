// The beginning of a CSV file: its delimiter, the names of its columns, and a few rows to tell what
// kind of bill it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bills/reading.h"

namespace steelyard {

/// What the beginning of a CSV file says about the rest.
struct CsvHead {
  char delimiter = ',';
  std::vector<std::string> names;  ///< trimmed, as in the file
  std::string header_record;       ///< its bytes without the line's end, to recognise repetitions
  std::int64_t body_offset = 0;    ///< of decompressed bytes: where the first record begins
  std::int64_t body_line = 2;      ///< its line
  std::vector<std::vector<std::string>> sample;
};
Result<CsvHead> read_csv_head(const std::string& path, Container container,
                              const ReadLimits& limits);

/// The names as delivered: the engine tells names apart without regard to case, so a name that
/// differs from an earlier one only by case (AWS tags `user:Team`, `user:team`), or that is one of
/// our two, becomes "name (2)".
std::vector<std::string> delivered_names(const std::vector<std::string>& names);

inline constexpr std::string_view kSourceRow = "x_SourceRow";
inline constexpr std::string_view kSourceDecimals = "x_SourceDecimals";

}  // namespace steelyard
