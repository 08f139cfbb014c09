#include "lake/log.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/assert.h"
#include "base/hash.h"
#include "base/text.h"
#include "lake/json_scan.h"

namespace steelyard {
namespace {

constexpr std::string_view kPrefix = "{\"commitInfo\":{\"steelyard\":{\"sha256\":\"";
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kVersionDigits = 20;
constexpr int kMaxAttempts = 1000;

std::string map_text(const std::map<std::string, std::string>& map) {
  std::string out = "{";
  for (const auto& [key, value] : map) {
    if (out.size() > 1) out += ',';
    out += json_quote(key) + ':' + json_quote(value);
  }
  return out + '}';
}

std::string list_text(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) {
    if (out.size() > 1) out += ',';
    out += json_quote(item);
  }
  return out + ']';
}

std::string_view delta_type(Type type) {
  switch (type) {
    case Type::kBool:
      return "\"boolean\"";
    case Type::kInt64:
      return "\"long\"";
    case Type::kDouble:
      return "\"double\"";
    case Type::kText:
      return "\"string\"";
    case Type::kInstant:
      return "\"timestamp\"";
    case Type::kDecimal:
      return "\"decimal(38,18)\"";
    case Type::kTextMap:
      return R"({"type":"map","keyType":"string","valueType":"string","valueContainsNull":true})";
    case Type::kOther:
      break;
  }
  SY_ASSERT(!"a column of the lake has one of the lake's types");
  return "";
}

bool type_of(std::string_view text, Type& out) {
  for (const Type type : {Type::kBool, Type::kInt64, Type::kDouble, Type::kText, Type::kInstant,
                          Type::kDecimal, Type::kTextMap}) {
    if (text == delta_type(type)) {
      out = type;
      return true;
    }
  }
  return false;
}

std::string definition_text(const TableDefinition& definition) {
  return "{\"metaData\":{\"id\":" + json_quote(definition.id) +
         ",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":" +
         json_quote(schema_text(definition.schema)) +
         ",\"partitionColumns\":" + list_text(definition.partition_columns) +
         ",\"configuration\":{},\"createdTime\":" + std::to_string(definition.created_millis) +
         "}}\n";
}

std::string added_text(const DataFile& file) {
  std::string out = "{\"add\":{\"path\":" + json_quote(encode_path(file.path)) +
                    ",\"partitionValues\":" + map_text(file.partition) +
                    ",\"size\":" + std::to_string(file.size) +
                    ",\"modificationTime\":" + std::to_string(file.modified_millis) +
                    ",\"dataChange\":true";
  if (!file.stats.empty()) out += ",\"stats\":" + json_quote(file.stats);  // Delta: optional
  out += ",\"tags\":{\"sha256\":" + json_quote(file.sha256) + "}}}\n";
  return out;
}

std::string removed_text(const RemovedFile& file) {
  return "{\"remove\":{\"path\":" + json_quote(encode_path(file.path)) +
         ",\"deletionTimestamp\":" + std::to_string(file.deleted_millis) +
         ",\"dataChange\":true,\"extendedFileMetadata\":true,\"partitionValues\":" +
         map_text(file.partition) + ",\"size\":" + std::to_string(file.size) + "}}\n";
}

bool read_path(std::string_view value, std::string& out) {
  if (!json::to_string(value, out)) return false;
  out = decode_path(out);
  return true;
}

bool read_partition(std::string_view value, std::map<std::string, std::string>& out) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!json::to_string_map(value, pairs)) return false;
  for (auto& [name, text] : pairs) out.emplace(std::move(name), std::move(text));
  return true;
}

bool read_added(std::string_view object, DataFile& out) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "path") return read_path(value, out.path);
    if (key == "partitionValues") return read_partition(value, out.partition);
    if (key == "size") return json::to_integer(value, out.size);
    if (key == "modificationTime") return json::to_integer(value, out.modified_millis);
    if (key == "stats") {
      return json::to_string(value, out.stats) &&
             json::for_each_member(out.stats, [&](std::string_view name, std::string_view number) {
               return name != "numRecords" || json::to_integer(number, out.rows);
             });
    }
    if (key == "tags") {
      return json::for_each_member(value, [&](std::string_view name, std::string_view text) {
        return name != "sha256" || json::to_string(text, out.sha256);
      });
    }
    return true;
  });
}

bool read_removed(std::string_view object, RemovedFile& out) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "path") return read_path(value, out.path);
    if (key == "partitionValues") return read_partition(value, out.partition);
    if (key == "size") return json::to_integer(value, out.size);
    if (key == "deletionTimestamp") return json::to_integer(value, out.deleted_millis);
    return true;
  });
}

bool read_field(std::string_view object, SchemaField& out) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "name") return json::to_string(value, out.name);
    if (key == "type") return type_of(value, out.type);
    return true;
  });
}

bool read_schema(std::string_view text, std::vector<SchemaField>& out) {
  return json::for_each_member(text, [&](std::string_view key, std::string_view value) {
    if (key != "fields") return true;
    return json::for_each_element(
        value, [&](std::string_view element) { return read_field(element, out.emplace_back()); });
  });
}

bool read_definition(std::string_view object, TableDefinition& out) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "id") return json::to_string(value, out.id);
    if (key == "createdTime") return json::to_integer(value, out.created_millis);
    if (key == "schemaString") {
      std::string text;
      return json::to_string(value, text) && read_schema(text, out.schema);
    }
    if (key == "partitionColumns") {
      return json::for_each_element(value, [&](std::string_view element) {
        return json::to_string(element, out.partition_columns.emplace_back());
      });
    }
    return true;
  });
}

struct Evidence {
  std::int64_t format = 0;
  std::int64_t version = -1;
};

bool read_evidence(std::string_view object, LogEntry& out, Evidence& evidence) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "format") return json::to_integer(value, evidence.format);
    if (key == "version") return json::to_integer(value, evidence.version);
    if (key == "previous") return json::to_string(value, out.previous);
    if (key == "keepsFrom") return json::to_integer(value, out.keeps_from.emplace());
    if (key == "delivery") {
      out.delivery = value;
      return value.starts_with('{');
    }
    return true;
  });
}

bool read_commit_info(std::string_view object, LogEntry& out, Evidence& evidence) {
  return json::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == "steelyard") return read_evidence(value, out, evidence);
    if (key == "timestamp") return json::to_integer(value, out.millis);
    if (key == "operation") return json::to_string(value, out.operation);
    return true;
  });
}

/// Reads one line; sets `unknown` for an action that this version does not know.
bool read_action(std::string_view line, LogEntry& out, Evidence& evidence, bool& unknown) {
  return json::for_each_member(line, [&](std::string_view key, std::string_view value) {
    if (key == "add") return read_added(value, out.added.emplace_back());
    if (key == "remove") return read_removed(value, out.removed.emplace_back());
    if (key == "commitInfo") return read_commit_info(value, out, evidence);
    if (key == "metaData") return read_definition(value, out.definition.emplace());
    if (key != "protocol") unknown = true;
    return true;
  });
}

std::string log_name(std::int64_t version) {
  const std::string digits = std::to_string(version);
  return std::string(kVersionDigits - digits.size(), '0') + digits + ".json";
}

/// -1 if the file is not a version (a checkpoint, a temporary file).
std::int64_t version_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::int64_t version = -1;
  if (name.size() != kVersionDigits + 5 || name.substr(kVersionDigits) != ".json") return -1;
  if (!std::all_of(name.begin(), name.begin() + kVersionDigits,
                   [](unsigned char c) { return std::isdigit(c); }))
    return -1;
  // from_chars reads leading zeros as decimal digits.
  return json::to_integer(name.substr(0, kVersionDigits), version) ? version : -1;
}

const char* const kRestore = "restore the file from a backup; nothing else is lost";

}  // namespace

std::string log_folder(const std::string& table) { return table + "/_delta_log"; }
std::string log_path(const std::string& table, std::int64_t version) {
  return log_folder(table) + '/' + log_name(version);
}

std::string schema_text(const std::vector<SchemaField>& schema) {
  std::string out = R"({"type":"struct","fields":[)";
  bool first = true;
  for (const SchemaField& field : schema) {
    if (!first) out += ',';
    first = false;
    out += "{\"name\":" + json_quote(field.name) +
           ",\"type\":" + std::string(delta_type(field.type)) +
           ",\"nullable\":true,\"metadata\":{}}";
  }
  return out + "]}";
}

std::string encode_path(std::string_view path) {
  constexpr std::string_view kPlain = "-_.~/=+,@:";
  std::string out;
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const std::string digits = hex(std::string_view(&c, 1));
      out += '%';
      for (const char digit : digits)
        out += static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    }
  }
  return out;
}

std::string decode_path(std::string_view path) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && digit(path[i + 1]) >= 0 &&
        digit(path[i + 2]) >= 0) {
      out += static_cast<char>(digit(path[i + 1]) * 16 + digit(path[i + 2]));
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

std::string encode_entry(LogEntry& entry) {
  std::int64_t rows = 0;
  for (const DataFile& file : entry.added) rows += file.rows;

  std::string rest = "\",\"format\":" + std::to_string(kLogFormat) +
                     ",\"version\":" + std::to_string(entry.version) +
                     ",\"previous\":" + json_quote(entry.previous);
  if (entry.keeps_from) rest += ",\"keepsFrom\":" + std::to_string(*entry.keeps_from);
  if (!entry.delivery.empty()) rest += ",\"delivery\":" + entry.delivery;
  rest += "},\"timestamp\":" + std::to_string(entry.millis) +
          ",\"operation\":" + json_quote(entry.operation) +
          ",\"operationParameters\":{\"mode\":" + (entry.append ? "\"Append\"" : "\"Overwrite\"");
  if (!entry.scope.empty()) rest += ",\"scope\":" + json_quote(entry.scope);
  rest += '}';
  if (entry.version > 0) rest += ",\"readVersion\":" + std::to_string(entry.version - 1);
  rest += std::string(",\"isBlindAppend\":") + (entry.blind_append ? "true" : "false") +
          ",\"operationMetrics\":{\"numFiles\":\"" + std::to_string(entry.added.size()) +
          "\",\"numRemovedFiles\":\"" + std::to_string(entry.removed.size()) +
          "\",\"numOutputRows\":\"" + std::to_string(rows) + "\"},\"engineInfo\":\"Steelyard\"}}\n";
  if (entry.version == 0)
    rest += "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n";
  if (entry.definition) rest += definition_text(*entry.definition);
  for (const RemovedFile& file : entry.removed) rest += removed_text(file);
  for (const DataFile& file : entry.added) rest += added_text(file);

  entry.sha256 = sha256_hex(rest);
  return std::string(kPrefix) + entry.sha256 + rest;
}

Result<LogEntry> decode_entry(std::string_view content, std::int64_t version,
                              const std::string& path) {
  if (content.substr(0, kPrefix.size()) != kPrefix ||
      content.size() < kPrefix.size() + kHashDigits) {
    return fail("SY1304", "a log entry does not begin as Steelyard writes it", path, kRestore);
  }
  LogEntry entry;
  entry.sha256 = content.substr(kPrefix.size(), kHashDigits);
  if (sha256_hex(content.substr(kPrefix.size() + kHashDigits)) != entry.sha256) {
    return fail("SY1304", "a log entry is not what was written: its SHA-256 differs", path,
                kRestore);
  }

  Evidence evidence;
  bool unknown = false;
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.empty()) continue;
    if (!read_action(line, entry, evidence, unknown)) {
      return fail("SY1304", "a log entry has a line that is not an action", path, kRestore);
    }
  }
  if (evidence.format > kLogFormat || unknown) {
    return fail("SY1308", "a log entry was written by a newer Steelyard", path,
                "use the version that wrote it");
  }
  if (evidence.version != version) {
    return fail("SY1304", "a log entry is that of version " + std::to_string(evidence.version),
                path, kRestore);
  }
  entry.version = version;
  return entry;
}

Result<std::shared_ptr<const Log>> read_log(Store& store, const std::string& table,
                                            const std::shared_ptr<const Log>& known) {
  auto files = store.list(log_folder(table));
  if (!files) return pass(files);
  std::int64_t newest = -1;
  std::int64_t count = 0;
  for (const FileInfo& file : *files) {
    const std::int64_t version = version_of(file.path);
    if (version < 0) continue;
    if (version != count) {
      return fail("SY1304", "version " + std::to_string(count) + " is missing from the log",
                  log_path(table, count), kRestore);
    }
    newest = version;
    ++count;
  }
  if (known && known->newest() == newest) return known;

  auto log = std::make_shared<Log>();
  // A log that became shorter is another log: a lake was put back from a backup.
  if (known && known->newest() < newest) log->entries = known->entries;
  log->entries.reserve(static_cast<std::size_t>(count));
  for (std::int64_t version = log->newest() + 1; version <= newest; ++version) {
    const std::string path = log_path(table, version);
    auto content = store.read(path);
    if (!content) return pass(content);
    auto entry = decode_entry(*content, version, path);
    if (!entry) return pass(entry);
    const std::string previous = log->entries.empty() ? "" : log->entries.back()->sha256;
    if (entry->previous != previous) {
      return fail("SY1304", "a log entry does not follow the entry before it", path, kRestore);
    }
    log->entries.push_back(std::make_shared<const LogEntry>(std::move(*entry)));
  }
  return std::shared_ptr<const Log>(std::move(log));
}

const TableDefinition* definition_at(const Log& log, std::int64_t version) {
  for (std::int64_t v = version; v >= 0; --v) {
    if (log.entries[v]->definition) return &*log.entries[v]->definition;
  }
  return nullptr;
}

Snapshot state_at(const Log& log, std::int64_t version) {
  Snapshot state;
  state.version = version;
  if (version < 0) return state;
  state.committed = Instant{log.entries[version]->millis * 1000};
  if (const TableDefinition* definition = definition_at(log, version)) {
    state.schema = definition->schema;
    state.partition_columns = definition->partition_columns;
  }
  std::map<std::string_view, const DataFile*> active;
  for (std::int64_t v = 0; v <= version; ++v) {
    for (const RemovedFile& file : log.entries[v]->removed) active.erase(file.path);
    for (const DataFile& file : log.entries[v]->added) active.insert_or_assign(file.path, &file);
  }
  state.files.reserve(active.size());
  for (const auto& [path, file] : active) state.files.push_back(*file);
  return state;
}

std::vector<VersionInfo> infos_of(const Log& log) {
  std::vector<VersionInfo> infos;
  infos.reserve(log.entries.size());
  for (const auto& entry : log.entries) {
    infos.push_back({.version = entry->version,
                     .committed = Instant{entry->millis * 1000},
                     .operation = entry->operation,
                     .delivery = entry->delivery,
                     .files_added = static_cast<std::int64_t>(entry->added.size()),
                     .files_removed = static_cast<std::int64_t>(entry->removed.size())});
  }
  return infos;
}

std::int64_t version_at(const Log& log, Instant instant) {
  const auto after = std::partition_point(
      log.entries.begin(), log.entries.end(),
      [&](const auto& entry) { return entry->millis * 1000 <= instant.micros; });
  return static_cast<std::int64_t>(after - log.entries.begin()) - 1;
}

std::vector<std::string> lost_files(const Log& log, std::int64_t version) {
  std::int64_t keeps_from = 0;
  for (const auto& entry : log.entries)
    keeps_from = std::max(keeps_from, entry->keeps_from.value_or(0));
  if (version < 0 || version >= keeps_from) return {};
  std::set<std::string> kept;
  for (const DataFile& file : state_at(log, keeps_from).files) kept.insert(file.path);
  for (std::int64_t v = keeps_from + 1; v <= log.newest(); ++v) {
    for (const DataFile& file : log.entries[v]->added) kept.insert(file.path);
  }
  std::vector<std::string> lost;
  for (const DataFile& file : state_at(log, version).files) {
    if (!kept.contains(file.path)) lost.push_back(file.path);
  }
  return lost;
}

Result<std::optional<std::int64_t>> write_version(
    Store& store, const std::string& table, std::shared_ptr<const Log>& log,
    const std::function<Result<std::optional<LogEntry>>(const Log&)>& build) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    auto newest = read_log(store, table, log);
    if (!newest) return pass(newest);
    log = *newest;
    auto built = build(*log);
    if (!built) return pass(built);
    if (!*built) return std::optional<std::int64_t>();
    LogEntry& entry = **built;
    entry.version = log->newest() + 1;
    if (!log->entries.empty()) {
      entry.previous = log->entries.back()->sha256;
      // Two clocks of two machines may disagree, and a version must still be found by its time.
      entry.millis = std::max(entry.millis, log->entries.back()->millis + 1);
    }
    for (RemovedFile& file : entry.removed) file.deleted_millis = entry.millis;
    if (entry.version == 0 && entry.definition) entry.definition->created_millis = entry.millis;
    const std::string content = encode_entry(entry);
    Status written = store.put_if_absent(log_path(table, entry.version), content);
    if (written) {
      auto next = std::make_shared<Log>(*log);
      next->entries.push_back(std::make_shared<const LogEntry>(std::move(entry)));
      const std::int64_t version = next->newest();
      log = std::move(next);
      return std::optional<std::int64_t>(version);
    }
    if (written.error().code != "SY1105") return pass(written);
  }
  return fail("SY1305", "other writers were first " + std::to_string(kMaxAttempts) + " times",
              table, "run the command again when the others are done");
}

}  // namespace steelyard
