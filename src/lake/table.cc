#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/assert.h"
#include "base/hash.h"
#include "base/text.h"
#include "lake/json_scan.h"
#include "lake/lake.h"
#include "lake/log.h"

namespace steelyard {
namespace {

bool in_scope(const DataFile& file, const Scope& scope) {
  return std::all_of(scope.begin(), scope.end(), [&](const auto& wanted) {
    const auto found = file.partition.find(wanted.first);
    return found != file.partition.end() && found->second == wanted.second;
  });
}

bool same_content(const DataFile& a, const DataFile& b) {
  return a.sha256 == b.sha256 && a.size == b.size && a.rows == b.rows;
}

std::string scope_text(const Scope& scope) {
  std::string out = "{";
  for (const auto& [name, value] : scope) {
    if (out.size() > 1) out += ',';
    out += json_quote(name) + ':' + json_quote(value);
  }
  return out + '}';
}

/// A UUID that the same first commit always gets: the library draws no random numbers.
std::string table_id(const std::string& table, const Commit& commit) {
  std::string seed = table + '\n' + std::to_string(commit.now.micros) + '\n' + commit.delivery;
  for (const DataFile& file : commit.add) seed += '\n' + file.path + ' ' + file.sha256;
  std::string digits = sha256_hex(seed);
  digits[12] = '8';  // RFC 9562, version 8: made by a rule of one's own
  digits[16] = "89ab"[digits[16] % 4];
  return digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) + '-' +
         digits.substr(16, 4) + '-' + digits.substr(20, 12);
}

/// Adds what is new; columns are told apart as Delta does it, without regard to case.
Status widen(std::vector<SchemaField>& schema, const std::vector<SchemaField>& columns,
             const std::string& table) {
  std::map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < schema.size(); ++i) position.emplace(to_lower(schema[i].name), i);
  for (const SchemaField& column : columns) {
    const auto [found, is_new] = position.emplace(to_lower(column.name), schema.size());
    if (is_new) {
      schema.push_back(column);
      continue;
    }
    const SchemaField& known = schema[found->second];
    if (known.name != column.name) {
      return fail("SY1306", "column " + column.name + " is " + known.name + " in the table", table,
                  "use one spelling of a column's name");
    }
    if (known.type != column.type) {
      return fail("SY1306",
                  "column " + column.name + " is " + std::string(sql_type(known.type)) +
                      " in the table and " + std::string(sql_type(column.type)) +
                      " in what is to be added",
                  table, "a column keeps its type for all deliveries");
    }
  }
  return {};
}

Result<std::optional<TableDefinition>> next_definition(const TableDefinition* now,
                                                       const Commit& commit,
                                                       const std::string& table) {
  TableDefinition next;
  if (now != nullptr) next = *now;
  if (now != nullptr && !commit.partition_columns.empty() &&
      now->partition_columns != commit.partition_columns) {
    return fail("SY1306", "the table has other partition columns", table,
                "a table's partition columns never change");
  }
  const std::size_t columns_before = next.schema.size();
  if (Status widened = widen(next.schema, commit.schema, table); !widened) return pass(widened);
  if (now == nullptr) {
    next.id = table_id(table, commit);
    next.partition_columns = commit.partition_columns;
    std::vector<SchemaField> partition;
    for (const std::string& name : commit.partition_columns)
      partition.push_back({name, Type::kText});
    if (Status widened = widen(next.schema, partition, table); !widened) return pass(widened);
  } else if (next.schema.size() == columns_before) {
    return std::optional<TableDefinition>();
  }
  return std::optional<TableDefinition>(std::move(next));
}

Status check_added_file(const DataFile& file, const Commit& commit,
                        const std::vector<std::string>& partition_columns,
                        const std::string& table) {
  const char* const report = "please report this as a bug";
  const std::string where = table + '/' + file.path;
  for (const std::string& column : partition_columns) {
    if (!file.partition.contains(column))
      return fail("SY1307", "a file has no value for " + column, where, report);
  }
  if (file.partition.size() != partition_columns.size())
    return fail("SY1307", "a file has a partition that the table has not", where, report);
  if (commit.mode == Commit::Mode::kReplace && !in_scope(file, commit.scope)) {
    return fail("SY1307", "a file is outside of the scope that the commit replaces", where, report);
  }
  if (!file.stats.empty() && !nlohmann::json::accept(file.stats))
    return fail("SY1307", "a file's statistics are not JSON", where, report);
  return {};
}

/// A version must not name a file that is not there: a vacuum may have taken one that an earlier
/// version had left and that is used again. Asked before and after a version is written; loading
/// the delivery again puts the file back.
Status check_presence(Store& store, const std::vector<DataFile>& files, const std::string& table) {
  for (const DataFile& file : files) {
    const std::string path = table + '/' + file.path;
    auto info = store.stat(path);
    if (!info && info.error().code != "SY1101") return pass(info);
    if (info && info->size == file.size) continue;
    const std::string what = info ? "has " + std::to_string(info->size) + " bytes instead of " +
                                        std::to_string(file.size)
                                  : "is not there";
    return fail("SY1309", "a file that a version adds " + what, path, "load the delivery again");
  }
  return {};
}

/// The entry that brings the table from its newest state to what the commit asks for.
Result<std::optional<LogEntry>> build_entry(const Commit& commit, const Log& log,
                                            const std::string& table) {
  const Snapshot newest = state_at(log, log.newest());
  if (commit.check) {
    auto wanted = commit.check(newest, infos_of(log));
    if (!wanted) return pass(wanted);
    if (!*wanted) return std::optional<LogEntry>();
  }
  LogEntry entry;
  entry.millis = commit.now.micros / 1000;
  entry.operation = commit.operation;
  entry.append = commit.mode == Commit::Mode::kAppend;
  entry.blind_append = entry.append && !commit.check;
  if (!entry.append) entry.scope = scope_text(commit.scope);
  entry.delivery = json::minified(commit.delivery);

  const TableDefinition* definition = definition_at(log, log.newest());
  auto next = next_definition(definition, commit, table);
  if (!next) return pass(next);
  entry.definition = std::move(*next);
  const auto& partition_columns =
      definition != nullptr ? definition->partition_columns : entry.definition->partition_columns;

  std::map<std::string_view, const DataFile*> active;
  for (const DataFile& file : newest.files) active.emplace(file.path, &file);
  std::set<std::string_view> kept;
  for (const DataFile& file : commit.add) {
    if (Status fits = check_added_file(file, commit, partition_columns, table); !fits)
      return pass(fits);
    const auto found = active.find(file.path);
    if (found != active.end()) {
      // The same file again, in what is replaced: it just stays. Anything else would count rows
      // twice or change a file in place.
      if (entry.append || !same_content(*found->second, file)) {
        return fail("SY1307", "a file of this name is already part of the table",
                    table + '/' + file.path, "please report this as a bug");
      }
    }
    if (!kept.insert(file.path).second) {
      return fail("SY1307", "a file was to be added twice", table + '/' + file.path,
                  "please report this as a bug");
    }
    if (found != active.end()) continue;
    DataFile& added = entry.added.emplace_back(file);
    if (added.stats.empty()) added.stats = "{\"numRecords\":" + std::to_string(added.rows) + "}";
  }
  if (!entry.append) {
    for (const DataFile& file : newest.files) {
      if (!in_scope(file, commit.scope) || kept.contains(file.path)) continue;
      entry.removed.push_back(
          {.path = file.path, .partition = file.partition, .size = file.size, .deleted_millis = 0});
    }
  }
  return std::optional<LogEntry>(std::move(entry));
}

}  // namespace

Result<Snapshot> Table::snapshot(std::optional<std::int64_t> version) {
  auto log = read_log(store_, name_, log_);
  if (!log) return pass(log);
  log_ = *log;
  const std::int64_t wanted = version.value_or(log_->newest());
  if (version && (wanted < 0 || wanted > log_->newest())) {
    const std::string newest = log_->entries.empty()
                                   ? "the table has no versions"
                                   : "the newest is " + std::to_string(log_->newest());
    return fail("SY1302", "there is no version " + std::to_string(wanted) + " of " + name_, name_,
                newest);
  }
  const auto lost = lost_files(*log_, wanted);
  if (!lost.empty()) {
    Error error =
        fail("SY1303", "version " + std::to_string(wanted) + " of " + name_ + " was vacuumed away",
             name_, "ask for a younger version, or load the deliveries again")
            .value();
    error.notes.push_back(std::to_string(lost.size()) +
                          " of its files were removed, the first is " + lost.front());
    return fail(std::move(error));
  }
  return state_at(*log_, wanted);
}

Result<std::int64_t> Table::version_at(Instant instant) {
  auto log = read_log(store_, name_, log_);
  if (!log) return pass(log);
  log_ = *log;
  const std::int64_t version = steelyard::version_at(*log_, instant);
  if (version < 0) {
    const std::string oldest =
        log_->entries.empty() ? "the table has no versions"
                              : "the oldest version is of " +
                                    format_instant(Instant{log_->entries.front()->millis * 1000});
    return fail("SY1302", "there is no version of " + name_ + " at " + format_instant(instant),
                name_, oldest);
  }
  return version;
}

Result<std::vector<VersionInfo>> Table::history() {
  auto log = read_log(store_, name_, log_);
  if (!log) return pass(log);
  log_ = *log;
  return infos_of(*log_);
}

Result<std::optional<std::int64_t>> Table::commit(const Commit& commit) {
  if (!commit.delivery.empty()) {
    const auto delivery = nlohmann::json::parse(commit.delivery, nullptr, false);
    if (!delivery.is_object())
      return fail("SY1307", "the evidence of a commit is not a JSON object", name_,
                  "please report this as a bug");
  }
  auto written =
      write_version(store_, name_, log_, [&](const Log& log) -> Result<std::optional<LogEntry>> {
        auto entry = build_entry(commit, log, name_);
        if (entry && *entry) {
          if (Status present = check_presence(store_, commit.add, name_); !present)
            return pass(present);
        }
        return entry;
      });
  if (written && *written) {
    if (Status present = check_presence(store_, commit.add, name_); !present) return pass(present);
  }
  return written;
}

}  // namespace steelyard
