// Status: what the lake holds and how fresh it is, from its log alone; no engine is started.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ledger/report.h"
#include "store/store.h"

namespace steelyard {

/// Rows: table, source, billing period, format, deliveries, last delivered, age in days, rows,
/// billed and effective cost, currency, version, reconciled. `now` gives the ages.
Result<Report> lake_status(Store& store, Instant now);

}  // namespace steelyard
