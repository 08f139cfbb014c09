// A CSV file as rows of typed columns. One thread reads ahead (and inflates), cuts the bytes into
// blocks of whole records, and the engine's workers convert blocks side by side. Memory is bounded
// by the number of workers, not by the file. Which error is reported does not depend on threads: it
// is the first of the file, by line and column.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bills/csv_bytes.h"
#include "bills/reading.h"
#include "engine/engine.h"

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

struct CsvPlan {
  std::string path;
  Container container = Container::kCsv;
  std::int64_t bytes = 0;  ///< size of the file, for progress
  CsvHead head;
  std::vector<ColumnSpec>
      columns;  ///< as delivered: those of the file, then x_SourceRow and x_SourceDecimals
  ReadLimits limits;
  std::shared_ptr<ReadOutcome> outcome;
  std::size_t block_bytes = 2 << 20;  ///< tests make it small
};

/// The names as delivered: the engine tells names apart without regard to case, so a name that
/// differs from an earlier one only by case (AWS tags `user:Team`, `user:team`), or that is one of
/// our two, becomes "name (2)".
std::vector<std::string> delivered_names(const std::vector<std::string>& names);

std::shared_ptr<RowSource> make_csv_source(CsvPlan plan);

inline constexpr std::string_view kSourceRow = "x_SourceRow";
inline constexpr std::string_view kSourceDecimals = "x_SourceDecimals";

}  // namespace steelyard
