#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "lake/lake.h"
#include "lake/log.h"

namespace steelyard {
namespace {

enum class Action { kProtocol, kDefinition, kAdd, kRemove };

struct CheckpointRow {
  Action action;
  const DataFile* added = nullptr;
  const RemovedFile* removed = nullptr;
};

constexpr std::string_view kSha256 = "sha256";

/// The actions of a checkpoint as flat columns; SQL nests them as Delta wants it.
class CheckpointSource : public RowSource {
 public:
  CheckpointSource(std::vector<CheckpointRow> rows, std::shared_ptr<const Log> log)
      : rows_(std::move(rows)), log_(std::move(log)) {}

  const std::vector<ColumnSpec>& columns() const override {
    static const std::vector<ColumnSpec> kColumns = {
        {"position", Type::kInt64},    {"action", Type::kInt64}, {"path", Type::kText},
        {"partition", Type::kTextMap}, {"size", Type::kInt64},   {"millis", Type::kInt64},
        {"stats", Type::kText},        {"tags", Type::kTextMap}};
    return kColumns;
  }
  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override {
    return std::make_unique<Filler>(*this, projection);
  }
  Status restart() override {
    next_ = 0;
    return {};
  }

 private:
  class Filler : public Worker {
   public:
    Filler(CheckpointSource& source, std::span<const std::size_t> projection)
        : source_(source), projection_(projection.begin(), projection.end()) {}

    Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
      const std::size_t begin = source_.next_.fetch_add(kBatchRows);
      if (begin >= source_.rows_.size()) return 0;
      const std::size_t rows = std::min(kBatchRows, source_.rows_.size() - begin);
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t c = 0; c < projection_.size(); ++c)
          fill_cell(begin + row, projection_[c], row, *columns[c]);
      }
      return rows;
    }

   private:
    void fill_cell(std::size_t index, std::size_t column, std::size_t row, ColumnWriter& out) {
      const CheckpointRow& action = source_.rows_[index];
      const DataFile* added = action.added;
      const RemovedFile* removed = action.removed;
      if (column == 0) return out.set_integer(row, static_cast<std::int64_t>(index));
      if (column == 1) return out.set_integer(row, static_cast<std::int64_t>(action.action));
      if (added == nullptr && removed == nullptr) return out.set_null(row);
      switch (column) {
        case 2:
          return out.set_text(row, encode_path(added != nullptr ? added->path : removed->path));
        case 3: {
          std::vector<std::pair<std::string_view, std::string_view>> entries;
          for (const auto& [name, value] : added != nullptr ? added->partition : removed->partition)
            entries.emplace_back(name, value);
          return out.set_map(row, entries);
        }
        case 4:
          return out.set_integer(row, added != nullptr ? added->size : removed->size);
        case 5:
          return out.set_integer(
              row, added != nullptr ? added->modified_millis : removed->deleted_millis);
        case 6:
          return added != nullptr ? out.set_text(row, added->stats) : out.set_null(row);
        default: {
          if (added == nullptr) return out.set_null(row);
          const std::pair<std::string_view, std::string_view> tag{kSha256, added->sha256};
          return out.set_map(row, std::span(&tag, 1));
        }
      }
    }

    CheckpointSource& source_;
    std::vector<std::size_t> projection_;
  };

  std::vector<CheckpointRow> rows_;
  std::shared_ptr<const Log>
      log_;  // what the rows point into: the engine may keep a source for as long as it lives
  std::atomic<std::size_t> next_ = 0;
};

/// Protocol, definition, active files, then a tombstone for each file that was active once.
std::vector<CheckpointRow> checkpoint_rows(const Log& log) {
  std::map<std::string_view, CheckpointRow> files;
  for (const auto& entry : log.entries) {
    for (const RemovedFile& file : entry->removed)
      files[file.path] = {Action::kRemove, nullptr, &file};
    for (const DataFile& file : entry->added) files[file.path] = {Action::kAdd, &file, nullptr};
  }
  std::vector<CheckpointRow> rows = {{Action::kProtocol}, {Action::kDefinition}};
  for (const Action action : {Action::kAdd, Action::kRemove}) {
    for (const auto& [path, row] : files) {
      if (row.action == action) rows.push_back(row);
    }
  }
  return rows;
}

std::string sql_list(const std::vector<std::string>& items) {
  std::vector<std::string> literals;
  for (const std::string& item : items) literals.push_back(sql_literal(item));
  return "CAST([" + join(literals, ", ") + "] AS VARCHAR[])";
}

std::string checkpoint_sql(const std::string& source, const TableDefinition& definition,
                           const std::string& file) {
  const std::string empty_map = "CAST(MAP {} AS MAP(VARCHAR, VARCHAR))";
  const auto when = [](Action action, const std::string& value) {
    return "CASE WHEN action = " + std::to_string(static_cast<int>(action)) + " THEN " + value +
           " END";
  };
  const std::string added =
      "struct_pack(\"path\" := \"path\", \"partitionValues\" := \"partition\", \"size\" := "
      "\"size\", \"modificationTime\" := millis, "
      "\"dataChange\" := false, \"stats\" := stats, \"tags\" := tags)";
  const std::string removed =
      "struct_pack(\"path\" := \"path\", \"deletionTimestamp\" := millis, \"dataChange\" := false, "
      "\"extendedFileMetadata\" := true, "
      "\"partitionValues\" := \"partition\", \"size\" := \"size\")";
  const std::string definition_struct =
      "struct_pack(\"id\" := " + sql_literal(definition.id) +
      ", \"name\" := CAST(NULL AS VARCHAR), \"description\" := CAST(NULL AS VARCHAR), \"format\" "
      ":= struct_pack(\"provider\" := 'parquet', "
      "\"options\" := " +
      empty_map + "), \"schemaString\" := " + sql_literal(schema_text(definition.schema)) +
      ", \"partitionColumns\" := " + sql_list(definition.partition_columns) +
      ", \"createdTime\" := CAST(" + std::to_string(definition.created_millis) +
      " AS BIGINT), \"configuration\" := " + empty_map + ")";
  const std::string protocol =
      "struct_pack(\"minReaderVersion\" := CAST(1 AS INTEGER), \"minWriterVersion\" := CAST(2 AS "
      "INTEGER))";
  return "COPY (SELECT CAST(NULL AS STRUCT(\"appId\" VARCHAR, \"version\" BIGINT, \"lastUpdated\" "
         "BIGINT)) AS txn, " +
         when(Action::kAdd, added) + " AS \"add\", " + when(Action::kRemove, removed) +
         " AS \"remove\", " + when(Action::kDefinition, definition_struct) + " AS \"metaData\", " +
         when(Action::kProtocol, protocol) + " AS \"protocol\" FROM " + source +
         "() ORDER BY position) TO " + sql_literal(file) + " (FORMAT PARQUET, COMPRESSION SNAPPY)";
}

}  // namespace

Status Table::checkpoint(Engine& engine) {
  auto log = read_log(store_, name_, log_);
  if (!log) return pass(log);
  log_ = *log;
  const std::int64_t version = log_->newest();
  const TableDefinition* definition = definition_at(*log_, version);
  if (version < 0 || definition == nullptr) return {};

  const std::vector<CheckpointRow> rows = checkpoint_rows(*log_);
  std::string path = log_path(name_, version);
  path.replace(path.rfind(".json"), std::string::npos, ".checkpoint.parquet");
  if (!store_.stat(path)) {
    auto staging = store_.make_staging();
    if (!staging) return pass(staging);
    const std::string file = *staging + "/checkpoint.parquet";
    // An engine keeps the first source of a name. The hash of a version covers all before it: the
    // same name is the same rows.
    const std::string source = "checkpoint_" + log_->entries.back()->sha256;
    Status done = engine.add_source(source, std::make_shared<CheckpointSource>(rows, log_));
    if (done) {
      auto written = engine.run(checkpoint_sql(source, *definition, file));
      done = written ? store_.publish(file, path) : Status(pass(written));
    }
    const Status discarded = store_.discard_staging(*staging);
    // Somebody else wrote the same checkpoint: it says the same.
    if (!done && done.error().code != "SY1105") return done;
    if (!discarded) return discarded;
    // What is named below must be there, whoever wrote it.
    if (auto there = store_.stat(path); !there) return pass(there);
  }
  // A slower writer may put an older number here: readers then start earlier, and still read the
  // same.
  return store_.put(
      log_folder(name_) + "/_last_checkpoint",
      "{\"version\":" + std::to_string(version) + ",\"size\":" + std::to_string(rows.size()) + "}");
}

}  // namespace steelyard
