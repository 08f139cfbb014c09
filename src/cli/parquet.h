// A report as a Parquet file, through the engine.
#pragma once

#include <string>

#include "base/result.h"
#include "ledger/report.h"

namespace steelyard {

/// Decimals stay DECIMAL(38,18), times become timestamps. The file is put in place when it is
/// complete. SY1607.
/// `provenance` stands in the file's own metadata, under "steelyard".
Status write_parquet(const Report& report, const std::string& provenance, const std::string& path);

}  // namespace steelyard
