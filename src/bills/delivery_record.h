// The record of a delivery: the evidence that a version of the lake carries in its commitInfo.
// Written by ingest, read by the ledger.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bills/ingest.h"
#include "lake/lake.h"

namespace steelyard {

struct DeliveredFile {
  std::string path;  ///< where it was read from
  std::string sha256;
  std::int64_t rows = 0;  ///< of this delivery in that file
  bool operator==(const DeliveredFile&) const = default;
};

struct DeliveryRecord {
  std::string delivery_id, table, source, billing_period, format, rules, reader;
  std::string mode;  ///< "replace" or "append"
  std::optional<Instant> delivered;
  std::vector<DeliveredFile> files;  ///< x_SourceFile is the position here
  std::int64_t rows_in = 0, rows_out = 0, rows_derived = 0, rows_rejected = 0;
  ContentHash content;
  std::map<std::string, ControlSums> sums;
  std::vector<std::string> accounts;
  std::vector<std::string> issuers;
  std::optional<Instant> period_start, period_end;
  std::int64_t periods = 1;  ///< billing periods that the files of this delivery hold in all
  std::vector<std::string> warnings;
};

std::string to_json(const DeliveryRecord& record);
/// SY1304 when the text is not a record.
Result<DeliveryRecord> parse_delivery_record(const std::string& json);

/// A delivery that a version holds: its record and the version that brought it.
struct ActiveDelivery {
  std::int64_t version = 0;
  Instant committed;
  DeliveryRecord record;
};
/// Those that make up the state at `version`: the last replacing one of each scope and what was
/// appended to it since.
Result<std::vector<ActiveDelivery>> active_deliveries(const std::vector<VersionInfo>& history,
                                                      std::int64_t version);

}  // namespace steelyard
