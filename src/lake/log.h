// The log of a table: one LogEntry per version, and how an entry is written as Delta actions and
// read back. Each entry starts with a fixed text and the SHA-256 of everything behind it, and names
// the hash of the entry before: a flipped bit, a cut file, an exchanged or a missing version is
// found when the log is read. Behind the door of lake/.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/lake.h"

namespace steelyard {

/// The version of what we add to commitInfo; a reader refuses a higher one (SY1308).
inline constexpr std::int64_t kLogFormat = 1;

struct TableDefinition {
  std::string id;                   ///< a UUID
  std::vector<SchemaField> schema;  ///< with the partition columns
  std::vector<std::string> partition_columns;
  std::int64_t created_millis = 0;
};

struct RemovedFile {
  std::string path;
  std::map<std::string, std::string> partition;
  std::int64_t size = 0;
  std::int64_t deleted_millis = 0;
};

struct LogEntry {
  std::int64_t version = 0;
  std::int64_t millis = 0;  ///< when it was committed, since 1970
  std::string operation;
  std::string scope;  ///< JSON object, for operationParameters
  bool append = false;
  bool blind_append = false;
  std::string delivery;  ///< JSON object on one line, or ""
  std::optional<std::int64_t>
      keeps_from;  ///< of a VACUUM: the oldest version whose files are all kept
  std::optional<TableDefinition> definition;
  std::vector<RemovedFile> removed;
  std::vector<DataFile> added;
  std::string previous;  ///< `sha256` of the version before; "" for version 0
  std::string sha256;    ///< of this entry; set by encode_entry and decode_entry
};

/// The content of the entry's file; sets `entry.sha256`.
std::string encode_entry(LogEntry& entry);
/// SY1304 when anything differs from what was written, SY1308 when a newer Steelyard wrote it.
Result<LogEntry> decode_entry(std::string_view content, std::int64_t version,
                              const std::string& path);

/// "charges/_delta_log/00000000000000000007.json".
std::string log_path(const std::string& table, std::int64_t version);
std::string log_folder(const std::string& table);

/// Spark's JSON for a schema, as metaData.schemaString wants it.
std::string schema_text(const std::vector<SchemaField>& schema);

/// Percent-encodes what may not stand in the path of a URI.
std::string encode_path(std::string_view path);
std::string decode_path(std::string_view path);

/// Entries are shared, because a log only grows: reading it again reads the new versions only.
struct Log {
  std::vector<std::shared_ptr<const LogEntry>> entries;  ///< entries[n] is version n
  std::int64_t newest() const { return static_cast<std::int64_t>(entries.size()) - 1; }
};

/// All versions of a table; empty if there are none. `known` is what was read before. SY1304 for a
/// damaged or missing entry.
Result<std::shared_ptr<const Log>> read_log(Store& store, const std::string& table,
                                            const std::shared_ptr<const Log>& known);

/// The state at a version (-1 for none) of the log; does not look at what was vacuumed.
Snapshot state_at(const Log& log, std::int64_t version);
const TableDefinition* definition_at(const Log& log, std::int64_t version);
std::vector<VersionInfo> infos_of(const Log& log);
/// The newest version committed at or before the instant, or -1.
std::int64_t version_at(const Log& log, Instant instant);
/// Paths that a VACUUM took away and that no kept version names.
std::vector<std::string> lost_files(const Log& log, std::int64_t version);

/// Writes the next version: reads the log, asks `build` for the entry (nothing: leave it), and
/// tries again after a lost race. `build` fills everything but version, previous and sha256;
/// `millis` is raised above the version before. `log` is brought up to date.
Result<std::optional<std::int64_t>> write_version(
    Store& store, const std::string& table, std::shared_ptr<const Log>& log,
    const std::function<Result<std::optional<LogEntry>>(const Log&)>& build);

}  // namespace steelyard
