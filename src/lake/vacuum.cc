#include <set>

#include "lake/lake.h"
#include "lake/log.h"

namespace steelyard {
namespace {

constexpr std::int64_t kDayMicros = 86'400'000'000;
constexpr std::string_view kDataSuffix = ".parquet";

/// The files that some version names, and those that must stay.
struct Needs {
  std::int64_t keeps_from = 0;
  std::set<std::string> named;
  std::set<std::string> needed;
};

Needs needs_of(const Log& log, Instant keep_since) {
  Needs needs;
  needs.keeps_from = std::max<std::int64_t>(0, version_at(log, keep_since));
  for (const DataFile& file : state_at(log, needs.keeps_from).files) needs.needed.insert(file.path);
  for (const auto& entry : log.entries) {
    for (const DataFile& file : entry->added) {
      needs.named.insert(file.path);
      if (entry->version > needs.keeps_from) needs.needed.insert(file.path);
    }
  }
  return needs;
}

/// What may go, judged by one state of the log.
struct Removal {
  std::vector<FileInfo> unneeded;  ///< named by versions that are not kept
  std::vector<FileInfo> orphans;   ///< named by no version
};

Removal removal_of(const std::vector<FileInfo>& files, const Needs& needs, const std::string& table,
                   Instant now) {
  Removal removal;
  for (const FileInfo& file : files) {
    const std::string path = file.path.substr(table.size() + 1);
    if (path.starts_with("_delta_log/") || !path.ends_with(kDataSuffix) ||
        needs.needed.contains(path))
      continue;
    if (needs.named.contains(path)) {
      removal.unneeded.push_back(file);
    } else if (file.modified_micros < now.micros - kDayMicros) {
      removal.orphans.push_back(file);
    }
  }
  return removal;
}

/// Announces in the log that versions before `keeps_from` may have lost files, and judges by the
/// very state that this follows: a commit is either before the announcement, and its files are
/// needed, or after it. No version is written when nothing is lost that was not announced before.
Result<Removal> announce(Store& store, const std::string& table, std::shared_ptr<const Log>& log,
                         const std::vector<FileInfo>& files, Instant keep_since, Instant now,
                         bool dry_run) {
  Removal removal;
  auto written =
      write_version(store, table, log, [&](const Log& newest) -> Result<std::optional<LogEntry>> {
        const Needs needs = needs_of(newest, keep_since);
        removal = removal_of(files, needs, table, now);
        bool announced = removal.unneeded.empty() || dry_run;
        for (const auto& entry : newest.entries)
          announced = announced || entry->keeps_from.value_or(-1) >= needs.keeps_from;
        if (announced) return std::optional<LogEntry>();
        LogEntry entry;
        entry.millis = now.micros / 1000;
        entry.operation = "VACUUM";
        entry.keeps_from = needs.keeps_from;
        return std::optional<LogEntry>(std::move(entry));
      });
  if (!written) return pass(written);
  return removal;
}

/// Removes one file unless it was put there anew, or a version that was committed meanwhile uses it
/// again.
Result<bool> remove_file(Store& store, const std::string& table, std::shared_ptr<const Log>& log,
                         const FileInfo& file) {
  auto info = store.stat(file.path);
  if (!info) {
    // Another vacuum may be at the same work.
    if (info.error().code == "SY1101") return false;
    return pass(info);
  }
  if (info->identity != file.identity) return false;
  if (store.stat(log_path(table, log->newest() + 1))) {
    const std::int64_t known = log->newest();
    auto newest = read_log(store, table, log);
    if (!newest) return pass(newest);
    log = *newest;
    for (std::int64_t version = known + 1; version <= log->newest(); ++version) {
      for (const DataFile& added : log->entries[version]->added) {
        if (table + '/' + added.path == file.path) return false;
      }
    }
  }
  Status removed = store.remove(file.path);
  if (!removed) return pass(removed);
  return true;
}

Status vacuum_table(Store& store, const std::string& table, Instant keep_since, Instant now,
                    bool dry_run, VacuumReport& report) {
  // The folder is listed before the log is read: a file that is listed here and committed meanwhile
  // is then seen as needed.
  auto files = store.list_below(table);
  if (!files) return pass(files);
  auto log = read_log(store, table, nullptr);
  if (!log) return pass(log);
  if ((*log)->entries.empty()) return {};

  // First the word, then the deed: a crash in between leaves files too many, never a version that
  // only seems to be whole.
  auto removal = announce(store, table, *log, *files, keep_since, now, dry_run);
  if (!removal) return pass(removal);
  for (const auto* candidates : {&removal->unneeded, &removal->orphans}) {
    for (const FileInfo& file : *candidates) {
      auto removed = dry_run ? Result<bool>(true) : remove_file(store, table, *log, file);
      if (!removed) return pass(removed);
      if (!*removed) continue;
      report.removed.push_back(file.path);
      report.bytes += file.size;
    }
  }
  return {};
}

}  // namespace

Result<VacuumReport> vacuum(Store& store, const std::vector<std::string>& tables,
                            Instant keep_since, Instant now, bool dry_run) {
  VacuumReport report;
  for (const std::string& table : tables) {
    if (Status done = vacuum_table(store, table, keep_since, now, dry_run, report); !done)
      return pass(done);
  }
  auto swept = store.sweep_staging(now.micros - kDayMicros, dry_run);
  if (!swept) return pass(swept);
  report.removed.insert(report.removed.end(), swept->begin(), swept->end());
  return report;
}

}  // namespace steelyard
