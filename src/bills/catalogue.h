// The catalogue: the tables `deliveries` and `billing_periods` of the lake, derived from what the
// logs of the other tables say, so that any engine can read them. They are rewritten as a whole; a
// crash before that leaves an older catalogue, which the next ingest renews (also one that finds
// everything loaded) and `check` remarks on.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "store/store.h"

namespace steelyard {

/// The partition under which derived rows stand; delivered rows of billing_periods stand under
/// their own source.
inline constexpr const char* kDerivedSource = "steelyard";

/// How long after its end a month counts as closed when no provider says so.
inline constexpr std::int64_t kSettledMicros = 15LL * 86'400'000'000;

/// Brings both tables up to date; writes nothing when they are.
Status publish_catalogue(Store& store, Engine& engine, Instant now);

/// The SELECT that yields the rows which a table ought to hold now.
Result<std::string> deliveries_sql(Store& store);
Result<std::string> billing_periods_sql(Store& store);

}  // namespace steelyard
