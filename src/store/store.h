// Every byte that the lake keeps goes in or out through a Store, so that a test can inject a full
// disk, a lost race or a crash at the n-th operation. Paths are relative to the store's root, with
// '/' and no ".."; what leaves the root, also by a symbolic link, is SY1104. SY1103 is a failed
// write, SY1106 a full disk: the old state or the new one is in force then, never a half. Functions
// may be called from several threads. DuckDB writes Parquet straight into the folder
// `staging_path()`; only publish() makes such a file part of the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace steelyard {

struct FileInfo {
  std::string path;  ///< relative to the root
  std::int64_t size = 0;
  std::int64_t modified_micros = 0;
  std::string identity;  ///< changes whenever the content may have changed: inode, size, mtime and
                         ///< ctime in ns
};

class Store {
 public:
  virtual ~Store() = default;

  /// Whole content. SY1101 if it is not there, SY1102 if it cannot be read.
  virtual Result<std::string> read(const std::string& path) = 0;
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  /// Files directly in a folder, sorted by name; an absent folder is empty.
  virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;
  /// All files below a folder, sorted by path.
  virtual Result<std::vector<FileInfo>> list_below(const std::string& folder) = 0;

  /// Creates `path` with `content` and makes it durable (temporary file, fsync, link, fsync of the
  /// folder). Fails with SY1105, having changed nothing, when the file exists: this is the one
  /// atomic step of a commit.
  virtual Status put_if_absent(const std::string& path, std::string_view content) = 0;
  /// Replaces `path` atomically and durably.
  virtual Status put(const std::string& path, std::string_view content) = 0;
  /// A new private folder (absolute path) for files to be published; removed by discard_staging or,
  /// when left by a crash, by sweep_staging. Staging is not listed.
  virtual Result<std::string> make_staging() = 0;
  virtual Status discard_staging(const std::string& absolute_folder) = 0;
  /// What lies in staging and was not touched since `before_micros` (left by a crash): removed, or
  /// with `dry_run` only named.
  virtual Result<std::vector<std::string>> sweep_staging(std::int64_t before_micros,
                                                         bool dry_run) = 0;
  /// Moves a staged file (absolute path) to `path` durably: fsync of the file, rename, fsync of the
  /// folder. SY1105 if `path` exists.
  virtual Status publish(const std::string& absolute_staged_file, const std::string& path) = 0;
  /// Removing what is not there is no error. Not synced: a file that returns after a power cut is
  /// removed by the next vacuum.
  virtual Status remove(const std::string& path) = 0;

  /// The absolute path under which DuckDB can read the file.
  virtual std::string absolute(const std::string& path) const = 0;
  /// SHA-256 of the file's content, streamed; `on_bytes` hears of progress.
  virtual Result<std::string> sha256(const std::string& path,
                                     const std::function<void(std::int64_t)>& on_bytes = {}) = 0;
};

/// A folder on a local disk; made when it is first written to.
std::unique_ptr<Store> local_store(std::string root);

/// What a fault-injecting store does at its n-th operation that can fail.
enum class Fault { kNoSpace, kInputOutput, kShortWrite, kLostRace, kCrash };
struct FaultPlan {
  Fault fault = Fault::kInputOutput;
  std::int64_t at_operation = 0;   ///< 1 = the first; 0 = never
  std::function<void()> on_crash;  ///< for kCrash: must not return (a test forks and kills itself)
  std::int64_t operations = 0;     ///< counts up; how many there were in all
};
/// The local store with a fault in it; `plan` outlives it. Every single system-level step (open,
/// read, write, fsync, link, rename, unlink, folder, folder fsync, stat, listing) counts.
/// kShortWrite stands for all that a system may do without it being an error: short counts and
/// interruptions. kCrash comes before the step, for a write after half of it. kLostRace is felt by
/// the steps that create a name.
std::unique_ptr<Store> faulty_local_store(std::string root, FaultPlan& plan);

}  // namespace steelyard
