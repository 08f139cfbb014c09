// Check: does the lake still hold what its log says? Files by hash, and every control sum added up
// again from the files.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "lake/lake.h"
#include "ledger/report.h"
#include "store/store.h"

namespace steelyard {

struct CheckOptions {
  VerificationCache* cache = nullptr;
  std::function<void(std::int64_t bytes_done, std::int64_t bytes_all)> progress;
};

/// Rows: check, table, subject, expected, found, ok. `findings` when one is not ok. A damaged file
/// is a finding, not an error.
Result<Report> check_lake(Engine& engine, Store& store, const CheckOptions& options);

}  // namespace steelyard
