// Ingest: deliveries of bills become versions of the lake, each with the evidence that nothing was
// lost on the way. Everything is read, converted, checked and staged first; only then are versions
// committed, one per delivery and billing period.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "bills/formats.h"
#include "engine/engine.h"
#include "money/money.h"
#include "store/store.h"

namespace steelyard {

struct IngestProgress {
  std::string phase;  ///< "reading", "hashing", "committing"
  std::string file;
  std::int64_t file_number = 0, files = 0;
  std::int64_t rows = 0;
  std::int64_t bytes_done = 0, bytes_all = 0;
};

struct IngestOptions {
  std::vector<std::string> paths;
  std::string format;  ///< "" = by content
  std::string source;  ///< "" = from manifest or content
  std::optional<Instant> delivered;
  bool append = false;         ///< add to the scope instead of replacing it
  bool allow_overlap = false;  ///< the same account and period under two sources
  bool dry_run = false;
  ReadLimits limits;
  Instant now;
  EngineOptions engine;
  std::function<bool(const IngestProgress&)> progress;  ///< false cancels
};

/// Sums of one currency in one delivery, by cost column (FOCUS name).
struct ControlSums {
  std::map<std::string, Decimal> in, out;       ///< `in` without the digits beyond 18 decimals
  std::map<std::string, std::string> residual;  ///< what the source says less `out`: exact decimal
                                                ///< text, up to 36 decimals, "0" when none
  std::map<std::string, std::map<std::string, Decimal>>
      named;  ///< the parts of a residual that a rule leaves out on purpose, by cost and name
};

struct IngestedDelivery {
  std::string table, source, billing_period, delivery_id, format;
  std::optional<Instant> delivered;
  std::vector<std::string> files;
  std::vector<std::string> file_hashes;
  std::int64_t rows_in = 0, rows_out = 0, rows_derived = 0, rows_rejected = 0;
  std::map<std::string, ControlSums> sums;  ///< by currency
  ContentHash content;
  std::optional<std::int64_t> version;  ///< nothing: not committed
  std::string
      outcome;  ///< "committed", "already loaded", "superseded", "would replace v7", "would add"
  std::vector<std::string> warnings;  ///< what looks wrong
};

struct IngestReport {
  std::vector<IngestedDelivery> deliveries;
  std::vector<std::string> notes;
};

Result<IngestReport> ingest(Store& lake, const IngestOptions& options);

/// A view `charges` in the engine straight over files, without a lake: the same columns as the
/// lake's. Used by `top FILE`.
struct FilesView {
  std::vector<Delivery> deliveries;
  std::vector<std::shared_ptr<ReadOutcome>> outcomes;
  std::vector<SchemaField> schema;
};
Result<FilesView> open_files_as_charges(Engine& engine, const std::vector<std::string>& paths,
                                        std::string_view format, const ReadLimits& limits);

}  // namespace steelyard
