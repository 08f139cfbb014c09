// A CSV file as rows of typed columns. One thread reads ahead (and inflates), cuts the bytes into
// blocks of whole records, and the engine's workers convert blocks side by side. Memory is bounded
// by the number of workers, not by the file. Which error is reported does not depend on threads: it
// is the first of the file, by line and column.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bills/csv_bytes.h"
#include "bills/csv_head.h"
#include "bills/reading.h"
#include "engine/engine.h"

namespace steelyard {

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

std::shared_ptr<RowSource> make_csv_source(CsvPlan plan);

}  // namespace steelyard
