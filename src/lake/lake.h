// The lake: tables as immutable Parquet files plus a Delta log (protocol reader 1, writer 2;
// docs/reference/lake-format.md). A version is one JSON file <table>/_delta_log/<20 digits>.json
// that is created atomically or not at all; nothing else is state. Tables: charges, invoices,
// contract_commitments hold deliveries; deliveries and billing_periods are derived from their logs
// and are rewritten as a whole. The authority on what was delivered is the commitInfo of each
// version.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "store/store.h"

namespace steelyard {

/// A file that a version adds.
struct DataFile {
  /// Relative to the table's folder, as it is on disk (the log percent-encodes it).
  std::string path;
  /// x_BillingPeriod = "2026-07", x_Source = "aws-1234"
  std::map<std::string, std::string> partition;
  std::int64_t size = 0;
  std::int64_t rows = 0;
  std::int64_t modified_millis = 0;
  std::string sha256;  ///< kept in the add action's tags: {"sha256": ...}
  std::string stats;   ///< JSON for Delta's `stats`, at least {"numRecords":n}
};

struct SchemaField {
  std::string name;
  Type type = Type::kText;  ///< Delta: string, long, double, boolean, timestamp, decimal(38,18),
                            ///< map<string,string>
};

/// What a version says of itself. `delivery` is the evidence as JSON text (bills/ writes it,
/// ledger/ reads it).
struct VersionInfo {
  std::int64_t version = 0;
  Instant committed;
  std::string operation;  ///< "REPLACE SCOPE", "APPEND", "DERIVE", "VACUUM"
  std::string delivery;   ///< JSON object or ""
  std::int64_t files_added = 0, files_removed = 0;
};

struct Snapshot {
  std::int64_t version = -1;  ///< -1: the table does not exist yet
  Instant committed;
  std::vector<SchemaField> schema;  ///< also the partition columns, which data files need not have
  std::vector<std::string> partition_columns;
  std::vector<DataFile> files;  ///< sorted by path
};

/// Which partitions a commit replaces: every active file whose partition values equal all of these.
/// An empty scope is the whole table.
using Scope = std::map<std::string, std::string>;

struct Commit {
  enum class Mode { kReplace, kAppend };
  Mode mode = Mode::kReplace;
  Scope scope;
  std::vector<SchemaField> schema;  ///< columns of the added files; new ones widen the table's
  std::vector<std::string> partition_columns;
  std::vector<DataFile> add;
  std::string operation;
  std::string delivery;  ///< JSON object or ""
  Instant now;
  /// Called on each attempt with the newest state of the whole table and all its versions: return
  /// an Error to give up (e.g. "already loaded"), false to do nothing.
  std::function<Result<bool>(const Snapshot& newest, const std::vector<VersionInfo>& history)>
      check;
};

struct Log;

/// One table's folder in a store. It remembers the versions that it has read, so use one Table per
/// thread; a copy is cheap.
class Table {
 public:
  Table(Store& store, std::string name) : store_(store), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  /// The state at a version (the newest without one). SY1302 no such version, SY1303 a version that
  /// was vacuumed away, SY1304 a damaged log.
  Result<Snapshot> snapshot(std::optional<std::int64_t> version = {});
  /// The newest version committed at or before the instant. SY1302 when there is none.
  Result<std::int64_t> version_at(Instant instant);
  /// All versions, oldest first: the log keeps them for ever, also of those whose files are gone.
  Result<std::vector<VersionInfo>> history();
  /// Tries again after a lost race, up to a limit (SY1305); returns the version written, or nothing
  /// when `check` said so. SY1306 columns do not fit the table's, SY1307 a file that cannot be
  /// added, SY1309 one that is not there. After any other error the version may be there or not:
  /// ask again.
  Result<std::optional<std::int64_t>> commit(const Commit& commit);
  /// Writes <version>.checkpoint.parquet and _last_checkpoint through the engine; other engines
  /// then start there, Steelyard itself always reads the JSON log
  /// (docs/decisions/0002-delta-log.md). Safe at any time.
  Status checkpoint(Engine& engine);

 private:
  Store& store_;
  std::string name_;
  std::shared_ptr<const Log> log_;  ///< what was read so far
};

/// "Every N commits" after which a commit is followed by a checkpoint.
inline constexpr std::int64_t kCheckpointInterval = 100;

struct VacuumReport {
  std::vector<std::string> removed;  ///< paths relative to the store
  std::int64_t bytes = 0;
};
/// Removes data files that no version needs that was in force at `keep_since` or later (so never
/// the newest), and abandoned staging folders. With `dry_run` only says which. The removal is
/// announced by a version "VACUUM" first. A version that lost files then answers SY1303. Safe
/// beside running ingests: files younger than a day that no version names are kept, and so are
/// those that a version uses again. A file that is removed between the two steps of an ingest that
/// wants to use it again makes that ingest fail with SY1309.
Result<VacuumReport> vacuum(Store& store, const std::vector<std::string>& tables,
                            Instant keep_since, Instant now, bool dry_run);

/// Hashes the files of a snapshot and compares with the log: SY1310 names (in the notes) each file
/// that differs or is missing. `cache` remembers identity -> hash across runs: a file that it knows
/// is not read again; without one every file is read.
class VerificationCache {
 public:
  virtual ~VerificationCache() = default;
  virtual std::string find(const std::string& identity) = 0;  ///< sha256 or ""
  virtual void remember(const std::string& identity, const std::string& sha256) = 0;
};
/// A cache in one append-only text file, which several processes may use at once; damaged lines are
/// ignored. A cache that cannot be read or written is an empty one: verification then only takes
/// longer.
std::unique_ptr<VerificationCache> file_verification_cache(std::string path);
Status verify_files(
    Store& store, const Table& table, const Snapshot& snapshot, VerificationCache* cache,
    const std::function<void(std::int64_t bytes_done, std::int64_t bytes_all)>& progress = {});

}  // namespace steelyard
