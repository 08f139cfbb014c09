#include "bills/reading.h"

#include <filesystem>

#include "base/text.h"
#include "bills/csv_bytes.h"
#include "bills/csv_source.h"
#include "bills/parquet_file.h"

namespace steelyard {
namespace {

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

FileHead head_of_csv(const std::string& path, const FileKind& kind, const CsvHead& csv) {
  FileHead head;
  head.path = path;
  head.container = kind.container;
  head.bytes = kind.bytes;
  for (const std::string& name : csv.names) head.columns.push_back({name, "VARCHAR"});
  head.sample = csv.sample;
  return head;
}

Result<OpenFile> open_csv(Engine& engine, const std::string& path, const FileKind& kind,
                          const std::string& relation_name,
                          const std::function<Type(const SourceColumn&)>& type_of,
                          const ReadLimits& limits) {
  auto csv = read_csv_head(path, kind.container, limits);
  if (!csv) return pass(csv);
  OpenFile file;
  file.head = head_of_csv(path, kind, *csv);
  file.outcome = std::make_shared<ReadOutcome>();
  const std::vector<std::string> names = delivered_names(csv->names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Type type = type_of(file.head.columns[i]);
    file.columns.push_back({names[i], type == Type::kOther ? Type::kText : type});
  }
  CsvPlan plan;
  plan.path = path;
  plan.container = kind.container;
  plan.bytes = kind.bytes;
  plan.head = std::move(*csv);
  plan.columns = file.columns;
  plan.columns.push_back({std::string(kSourceRow), Type::kInt64});
  plan.columns.push_back({std::string(kSourceDecimals), Type::kText});
  plan.limits = limits;
  plan.outcome = file.outcome;
  const std::shared_ptr<RowSource> source = make_csv_source(std::move(plan));
  file.progress = [source] { return source->progress(); };
  if (auto added = engine.add_source(relation_name, source); !added) return pass(added);
  file.from = sql_identifier(relation_name) + "()";
  return file;
}

}  // namespace

void ReadOutcome::begin(std::int64_t promised) {
  const std::lock_guard lock(mutex);
  rows_read = promised;
  rejected_rows = rounded_cells = repeated_headers = unread_maps = 0;
  rejected.clear();
}

Result<FileHead> read_head(const std::string& path, const ReadLimits& limits, Engine* engine) {
  const std::string absolute = absolute_path(path);
  auto kind = look_at_file(absolute);
  if (!kind) return pass(kind);
  if (kind->container == Container::kParquet) {
    if (engine != nullptr) return read_parquet_head(*engine, absolute, kind->bytes, limits);
    EngineOptions small;
    small.threads = 1;
    auto own = open_duckdb(small);
    if (!own) return pass(own);
    return read_parquet_head(**own, absolute, kind->bytes, limits);
  }
  auto csv = read_csv_head(absolute, kind->container, limits);
  if (!csv) return pass(csv);
  return head_of_csv(absolute, *kind, *csv);
}

Result<OpenFile> open_file(Engine& engine, const std::string& path,
                           const std::string& relation_name,
                           const std::function<Type(const SourceColumn&)>& type_of,
                           const ReadLimits& limits) {
  const std::string absolute = absolute_path(path);
  auto kind = look_at_file(absolute);
  if (!kind) return pass(kind);
  if (kind->container != Container::kParquet)
    return open_csv(engine, absolute, *kind, relation_name, type_of, limits);
  auto head = read_parquet_head(engine, absolute, kind->bytes, limits);
  if (!head) return pass(head);
  return open_parquet(engine, std::move(*head), relation_name, type_of, limits);
}

}  // namespace steelyard
