// Reading: from the bytes of one file of a bill to typed columns under the names of the source,
// nothing mapped yet. CSV (plain, gzip) is read by our own RowSource, because a bill's money must
// arrive digit for digit and each row must know its line; Parquet is read by the engine, with exact
// conversions of what writers got wrong (double or text money).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace steelyard {

enum class Container { kCsv, kCsvGzip, kParquet };

/// A column as the file has it. `declared` is the Parquet type in SQL terms ("DOUBLE",
/// "DECIMAL(20,9)"); "VARCHAR" for CSV.
struct SourceColumn {
  std::string name;
  std::string declared = "VARCHAR";
};

/// What one may see without reading the file through.
struct FileHead {
  std::string path;  ///< absolute
  Container container = Container::kCsv;
  std::int64_t bytes = 0;
  std::vector<SourceColumn> columns;
  std::vector<std::vector<std::string>>
      sample;              ///< text of up to 100 first rows ("" for null), for detection
  std::int64_t rows = -1;  ///< known for Parquet only
};

/// A limit on everything: a bomb is refused before it fills the disk or the memory.
struct ReadLimits {
  std::int64_t max_expansion =
      200;  ///< decompressed bytes per compressed byte, tested beyond 64 MiB of output
  std::int64_t max_cell_bytes = 1 << 20;
  std::int64_t max_record_bytes = 16 << 20;
  std::int64_t max_columns = 4096;
  std::int64_t max_rejected_rows =
      0;  ///< rows that may be left out, each with its reason; one more fails the file
};

/// By content, not by name. SY1201 empty file, SY1202 not text and not Parquet, SY1203 header is
/// broken (duplicate, empty, not UTF-8), SY1205 cannot be read, SY1206 truncated gzip or damaged
/// Parquet, SY1215 a limit. `engine` reads the footer of Parquet; without one a small engine is
/// opened for it (about 30 ms).
Result<FileHead> read_head(const std::string& path, const ReadLimits& limits = {},
                           Engine* engine = nullptr);

struct RejectedRow {
  std::int64_t line = 0;
  std::string reason;  ///< "BilledCost: `12,5` is not a decimal number"
};

/// What a reader found out while rows went through it; complete when the query over it has ended.
struct ReadOutcome {
  std::mutex mutex;
  std::int64_t rows_read = 0;         ///< including rejected
  std::vector<RejectedRow> rejected;  ///< the first 100
  std::int64_t rejected_rows = 0;
  std::int64_t rounded_cells =
      0;  ///< cells with more than 18 decimals; their text is in x_SourceDecimals
  std::int64_t repeated_headers =
      0;  ///< header lines in the midst of a CSV (parts put together); left out
  std::int64_t unread_maps =
      0;  ///< cells of a kTextMap column that are no map; kept whole as the value of "(unread)"

  /// Before a query over the file: what an earlier one found out does not count. `promised` are the
  /// rows that a footer tells; rows of CSV are counted as they come.
  void begin(std::int64_t promised = 0);
};

/// A file opened as a relation of typed columns: `SELECT ... FROM <from>`.
/// It has every column of the file under its own name and the type asked for, and also
///   x_SourceRow      BIGINT   CSV: line on which the record begins (the header is line 1);
///   Parquet: row number from 1 x_SourceDecimals VARCHAR  JSON object of those cells whose text has
///   more than 18 decimals, else null
struct OpenFile {
  FileHead head;
  std::string from;                 ///< SQL: a table function call or a subquery
  std::vector<ColumnSpec> columns;  ///< name and type as delivered by `from`, without the two above
  std::shared_ptr<ReadOutcome> outcome;
  std::function<double()> progress;  ///< how much of a CSV a query has read, 0..1; none for
                                     ///< Parquet, of which the head knows the rows
};

/// Opens it in the engine. `type_of(column)` says what a column is to be: kText, kDecimal,
/// kInstant, kInt64, kBool, kTextMap (JSON object, with or without braces). Text "NULL"/"null" and
/// "" are null in CSV. A cell that does not fit fails the scan (or rejects the row) with SY1210
/// (number), SY1211 (time), SY1212 (text is not UTF-8), SY1213 (record has the wrong number of
/// fields), SY1214 (unclosed quote), SY1215 (a limit), each with file, line, column and what stands
/// there.
Result<OpenFile> open_file(Engine& engine, const std::string& path,
                           const std::string& relation_name,
                           const std::function<Type(const SourceColumn&)>& type_of,
                           const ReadLimits& limits = {});

}  // namespace steelyard
