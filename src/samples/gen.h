// Samples: an invented enterprise whose bills are known to the last digit. The same truth is
// written as every format that Steelyard reads, so that a reader can be tested for equality with
// what was meant. The same options give the same bytes: no clock, no thread count.
// docs/guide/sample-enterprise.md tells what is in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "money/money.h"

namespace steelyard {

/// One row a resource and hour, or a resource and day. kAuto: hourly from a million usage rows a
/// month on.
enum class GenGrain { kAuto, kHourly, kDaily };

/// How AWS lays its deliveries out: a folder for each delivery, or the newest in place of the last.
enum class GenDeliveryMode { kCreateNew, kOverwrite };

struct GenProgress {
  std::string phase;  ///< "planning", "writing", "truth"
  std::string file;   ///< relative to `out`, when writing
  std::int64_t rows_done = 0, rows_all = 0;
};

struct GenOptions {
  std::int64_t rows =
      200'000;     ///< usage rows of all months together, about (within a few per cent)
  int months = 6;  ///< 1..60
  std::uint64_t seed = 1;
  Date first_month{2026, 5, 1};  ///< the first day of a month; fixed, so that no clock is needed
  std::vector<std::string> formats{"focus-1.4-parquet", "truth"};  ///< of gen_formats()
  std::string
      out;  ///< folder; made when absent, must be empty or absent (SY1702) unless `overwrite`
  bool overwrite = false;
  int deliveries = 2;  ///< of each month, 1..8: the last is final, the one before lacks late rows,
                       ///< earlier ones are parts of a month
  GenGrain grain = GenGrain::kAuto;
  GenDeliveryMode mode = GenDeliveryMode::kCreateNew;
  std::vector<std::string> dirty;  ///< of gen_dirt(); CSV files only
  std::int64_t rows_per_file = 1'000'000;
  int threads = 0;  ///< 0: as many as the machine has; never changes a byte
  std::function<bool(const GenProgress&)>
      progress;  ///< called from one thread at a time; false cancels (SY1705)
};

/// "focus-1.4-parquet", "focus-1.4-csv", "focus-1.2-parquet", "focus-1.2-csv",
/// "aws-cur-legacy-csv", "aws-cur-legacy-parquet", "aws-cur-2.0-csv", "aws-cur-2.0-parquet",
/// "truth".
const std::vector<std::string>& gen_formats();
/// "null-text", "bom", "crlf", "exponent", "no-zone", "repeated-header", "truncated-gzip",
/// "column-order".
const std::vector<std::string>& gen_dirt();

struct GenFile {
  std::string path;    ///< relative to `out`
  std::string format;  ///< of gen_formats()
  std::string month;   ///< "2026-05" or ""
  std::int64_t rows = 0, bytes = 0;
};

/// What the final deliveries of a month sum to.
struct GenTotal {
  std::string month, provider, currency;
  std::int64_t rows = 0;  ///< in FOCUS 1.4
  Decimal billed, effective, list, contracted;
  /// Billed cost of purchases that cover usage which another provider reports. A Cost and Usage
  /// Report cannot say so: by this much its effective cost is higher.
  Decimal covering_others;
};

struct GenReport {
  std::vector<GenFile> files;    ///< by path
  std::vector<GenTotal> totals;  ///< by month, provider, currency
  std::int64_t rows = 0;         ///< FOCUS 1.4 rows of the final deliveries
  std::int64_t accounts = 0, resources = 0, prices = 0, commitments = 0;
};

/// Writes everything under `out`. SY1701 an option is out of range or unknown (with the nearest
/// name), SY1702 the folder is not empty, SY1703 cannot write, SY1705 cancelled.
Result<GenReport> generate(const GenOptions& options);

}  // namespace steelyard
