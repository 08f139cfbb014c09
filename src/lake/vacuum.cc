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

/// Announces in the log that versions before `keeps_from` may have lost files. Nothing to say if an
/// earlier VACUUM said so.
Status announce(Store& store, const std::string& table, std::shared_ptr<const Log>& log,
                std::int64_t keeps_from, Instant now) {
  auto written =
      write_version(store, table, log, [&](const Log& newest) -> Result<std::optional<LogEntry>> {
        for (const auto& entry : newest.entries) {
          if (entry->keeps_from.value_or(-1) >= keeps_from) return std::optional<LogEntry>();
        }
        LogEntry entry;
        entry.millis = now.micros / 1000;
        entry.operation = "VACUUM";
        entry.keeps_from = keeps_from;
        return std::optional<LogEntry>(std::move(entry));
      });
  return written ? Status() : Status(pass(written));
}

Status remove_all(Store& store, const std::vector<FileInfo>& files, bool dry_run,
                  VacuumReport& report) {
  for (const FileInfo& file : files) {
    if (!dry_run) {
      Status removed = store.remove(file.path);
      // Another vacuum may be at the same work.
      if (!removed && removed.error().code != "SY1101") return removed;
    }
    report.removed.push_back(file.path);
    report.bytes += file.size;
  }
  return {};
}

Status vacuum_table(Store& store, const std::string& table, Instant keep_since, Instant now,
                    bool dry_run, VacuumReport& report) {
  // The folder is listed before the log is read: a file that is listed here and committed meanwhile
  // is then seen as named.
  auto files = store.list_below(table);
  if (!files) return pass(files);
  auto log = read_log(store, table, nullptr);
  if (!log) return pass(log);
  if ((*log)->entries.empty()) return {};

  const Needs needs = needs_of(**log, keep_since);
  std::vector<FileInfo> unneeded, orphans;
  for (const FileInfo& file : *files) {
    const std::string path = file.path.substr(table.size() + 1);
    if (path.starts_with("_delta_log/") || !path.ends_with(kDataSuffix) ||
        needs.needed.contains(path))
      continue;
    if (needs.named.contains(path)) {
      unneeded.push_back(file);
    } else if (file.modified_micros < now.micros - kDayMicros) {
      orphans.push_back(file);
    }
  }
  // First the word, then the deed: a crash in between leaves files too many, never a version that
  // only seems to be whole.
  if (!unneeded.empty() && !dry_run) {
    if (Status announced = announce(store, table, *log, needs.keeps_from, now); !announced)
      return announced;
  }
  if (Status removed = remove_all(store, unneeded, dry_run, report); !removed) return removed;
  return remove_all(store, orphans, dry_run, report);
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
