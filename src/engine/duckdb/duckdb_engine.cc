// The engine on DuckDB's C interface.
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "engine/duckdb/handles.h"

namespace steelyard {

namespace {

using duck::Chunk;
using duck::LogicalType;
using duck::Pending;
using duck::Prepared;
using duck::ResultHandle;
using duck::VectorWriter;

/// Errors of ours that pass through the engine keep their parts: they travel as text between these
/// marks.
constexpr char kMark = '\x1f';

std::string pack(const Error& error) {
  std::string out(1, kMark);
  out += error.code + kMark + error.what + kMark + error.where + kMark + error.fix + kMark;
  for (const std::string& note : error.notes) out += note + kMark;
  return out;
}

Error unpack(std::string_view text, std::string_view sql) {
  const std::size_t start = text.find(kMark);
  if (start != std::string_view::npos) {
    const std::vector<std::string> parts = split(text.substr(start + 1), kMark);
    if (parts.size() >= 4) {
      Error error{parts[0], parts[1], parts[2], parts[3], {}};
      for (std::size_t i = 4; i + 1 < parts.size(); ++i) error.notes.push_back(parts[i]);
      return error;
    }
  }
  if (text.starts_with("Permission Error")) {
    return Error{"SY1406",
                 "only the tables that are there may be read here",
                 std::string(sql.substr(0, 200)),
                 "'SHOW TABLES' lists them; --from reads a bill that is not in the lake",
                 {std::string(split(text, '\n')[0])}};
  }
  const bool interrupted = text.find("INTERRUPT") != std::string_view::npos;
  if (interrupted) return Error{"SY1402", "the query was interrupted", "", "", {}};
  const bool space = text.find("No space left") != std::string_view::npos;
  if (space) {
    return Error{"SY1106",
                 "the disk is full",
                 "",
                 "free some space and run the same command again",
                 {std::string(text)}};
  }
  const bool memory = text.find("Out of Memory") != std::string_view::npos;
  if (memory) {
    return Error{"SY1404",
                 "the query needs more memory than it may use",
                 "",
                 "raise --memory",
                 {std::string(split(text, '\n')[0])}};
  }
  return Error{"SY1403",
               "the engine refused a query: " + std::string(text),
               std::string(sql.substr(0, 300)),
               "",
               {}};
}

struct SourceBinding {
  std::shared_ptr<RowSource> source;
  std::string name;
  std::mutex mutex;
};
/// One scan. Its workers are made at once, right after the source began again: a query may scan a
/// source several times at the same time (a join with itself, UNION ALL), and a worker that is made
/// later would join the other scan and take its rows.
struct GlobalScan {
  std::vector<std::size_t> projection;  ///< columns of the source that the query wants
  std::vector<std::size_t> positions;   ///< where they stand in the output chunk
  std::mutex mutex;
  std::vector<std::unique_ptr<RowSource::Worker>> workers;
};
struct LocalScan {
  std::unique_ptr<RowSource::Worker> worker;
  std::vector<VectorWriter> writers;
  std::vector<ColumnWriter*> pointers;
};

void bind_source(duckdb_bind_info info) {
  auto* binding = static_cast<SourceBinding*>(duckdb_bind_get_extra_info(info));
  for (const ColumnSpec& column : binding->source->columns()) {
    const LogicalType type(duck::make_type(column.type));
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
  }
}

void init_source(duckdb_init_info info) {
  auto* binding = static_cast<SourceBinding*>(duckdb_init_get_extra_info(info));
  auto scan = std::make_unique<GlobalScan>();
  const idx_t wanted = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < wanted; ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    if (column <
        binding->source->columns().size()) {  // count(*) asks for a column that does not exist
      scan->projection.push_back(column);
      scan->positions.push_back(i);
    }
  }
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  const std::lock_guard lock(binding->mutex);
  if (auto started = binding->source->restart(); !started) {
    duckdb_init_set_error(info, pack(started.error()).c_str());
    return;
  }
  for (unsigned i = 0; i < threads; ++i) {
    auto worker = binding->source->make_worker(scan->projection);
    if (!worker) {
      duckdb_init_set_error(info, pack(worker.error()).c_str());
      return;
    }
    scan->workers.push_back(std::move(*worker));
  }
  duckdb_init_set_init_data(info, scan.release(),
                            [](void* p) { delete static_cast<GlobalScan*>(p); });
  duckdb_init_set_max_threads(info, threads);
}

void init_source_worker(duckdb_init_info info) {
  // The global state is not reachable here: the thread takes its worker when it scans first.
  duckdb_init_set_init_data(info, new LocalScan(),
                            [](void* p) { delete static_cast<LocalScan*>(p); });
}

void scan_source(duckdb_function_info info, duckdb_data_chunk output) {
  auto* binding = static_cast<SourceBinding*>(duckdb_function_get_extra_info(info));
  auto* scan = static_cast<GlobalScan*>(duckdb_function_get_init_data(info));
  auto* local = static_cast<LocalScan*>(duckdb_function_get_local_init_data(info));
  if (local->worker == nullptr) {
    const std::lock_guard lock(scan->mutex);
    if (scan->workers
            .empty()) {  // more threads than were announced: there is work for those that were
      duckdb_data_chunk_set_size(output, 0);
      return;
    }
    local->worker =
        std::move(scan->workers.front());  // the first may be the only one that has rows
    scan->workers.erase(scan->workers.begin());
    local->writers.resize(scan->projection.size());
    for (VectorWriter& writer : local->writers) local->pointers.push_back(&writer);
  }
  for (std::size_t i = 0; i < scan->projection.size(); ++i) {
    local->writers[i].attach(duckdb_data_chunk_get_vector(output, scan->positions[i]),
                             binding->source->columns()[scan->projection[i]].type);
  }
  auto rows = local->worker->fill(local->pointers);
  if (!rows) {
    duckdb_function_set_error(info, pack(rows.error()).c_str());
    return;
  }
  duckdb_data_chunk_set_size(output, *rows);
}

void call_function(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto* function = static_cast<Function*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t count = duckdb_data_chunk_get_column_count(input);
  std::vector<ColumnView> arguments(count);
  for (idx_t i = 0; i < count; ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(input, i);
    Type type = function->variadic_any ? Type::kOther : function->parameters[i];
    if (function->variadic_any) {
      const LogicalType logical(duckdb_vector_get_column_type(vector));
      type = duck::type_of(logical.get());
    }
    arguments[i] = duck::view_of(vector, type);
  }
  VectorWriter writer;
  writer.attach(output, function->result);
  if (auto done = function->call(arguments, duckdb_data_chunk_get_size(input), writer); !done) {
    duckdb_scalar_function_set_error(info, pack(done.error()).c_str());
  }
}

std::string text_of_map(const ColumnView& view, std::size_t row) {
  std::string out = "{";
  const auto [offset, length] = view.entries(row);
  for (std::size_t i = offset; i < offset + length; ++i) {
    if (i > offset) out += ", ";
    out += json_quote(view.keys().text(i)) + ": ";
    out += view.values().is_null(i) ? "null" : json_quote(view.values().text(i));
  }
  return out + "}";
}

class DuckEngine final : public Engine {
 public:
  ~DuckEngine() override {
    if (connection_ != nullptr) duckdb_disconnect(&connection_);
    if (database_ != nullptr) duckdb_close(&database_);
  }

  Status open(const EngineOptions& options) {
    duckdb_config config = nullptr;
    if (duckdb_create_config(&config) != DuckDBSuccess)
      return fail("SY1401", "DuckDB cannot be configured");
    duckdb_set_config(config, "memory_limit",
                      (std::to_string(options.memory_bytes >> 20) + "MiB").c_str());
    duckdb_set_config(config, "temp_directory", options.temporary_folder.c_str());
    if (options.threads > 0)
      duckdb_set_config(config, "threads", std::to_string(options.threads).c_str());
    duckdb_set_config(config, "autoinstall_known_extensions", "false");
    duckdb_set_config(config, "autoload_known_extensions", "false");
    duckdb_set_config(config, "allow_unsigned_extensions", "false");
    char* message = nullptr;
    const duckdb_state opened = duckdb_open_ext(nullptr, &database_, config, &message);
    duckdb_destroy_config(&config);
    if (opened != DuckDBSuccess) {
      std::string what = message != nullptr ? message : "unknown reason";
      duckdb_free(message);
      return fail("SY1401", "DuckDB does not start: " + what);
    }
    if (duckdb_connect(database_, &connection_) != DuckDBSuccess)
      return fail("SY1401", "DuckDB does not connect");
    auto done =
        run("SET TimeZone='UTC'; SET preserve_insertion_order=false; SET enable_progress_bar=true; "
            "SET enable_progress_bar_print=false; SET progress_bar_time=0",
            {});
    if (!done) return pass(done);
    return {};
  }

  Result<Rows> query(const std::string& sql) override {
    Rows out;
    bool retry = false;
    auto streamed = execute(sql, false, [&](duckdb_result& result) -> Status {
      const idx_t width = duckdb_column_count(&result);
      std::vector<Reader> readers(width);
      for (idx_t c = 0; c < width; ++c) {
        readers[c] = reader_of(result, c);
        out.columns.push_back({duckdb_column_name(&result, c), readers[c].type});
        if (readers[c].unknown) retry = true;
      }
      if (retry) return {};
      for (;;) {
        const Chunk chunk(duckdb_fetch_chunk(result));
        if (chunk.get() == nullptr) break;
        const idx_t rows = duckdb_data_chunk_get_size(chunk.get());
        if (rows == 0) break;
        const std::size_t first = out.rows.size();
        out.rows.resize(first + rows);
        for (std::size_t r = 0; r < rows; ++r) out.rows[first + r].resize(width);
        for (idx_t c = 0; c < width; ++c) {
          const ColumnView view =
              duck::view_of(duckdb_data_chunk_get_vector(chunk.get(), c), readers[c].view);
          for (std::size_t r = 0; r < rows; ++r) {
            if (!view.is_null(r)) out.rows[first + r][c] = cell_of(view, readers[c], r);
          }
        }
      }
      if (const char* message = duckdb_result_error(&result); message != nullptr && *message != 0) {
        return fail(unpack(message, sql));
      }
      return {};
    });
    if (!streamed) return pass(streamed);
    if (!retry) return out;
    // Types that have no form of ours (lists, dates beyond, enums) come as the text that the engine
    // gives them.
    std::string list;
    for (const ColumnSpec& column : out.columns) {
      if (column.type != Type::kOther) continue;
      const std::string quoted = sql_identifier(column.name);
      list +=
          (list.empty() ? "" : ", ") + std::string("CAST(") + quoted + " AS VARCHAR) AS " + quoted;
    }
    std::string inner(trim(sql));
    while (!inner.empty() && inner.back() == ';') inner.pop_back();
    return query("SELECT * REPLACE (" + list + ") FROM (" + inner + "\n)");
  }

  Status stream(const std::string& sql,
                const std::function<Status(std::span<const ColumnView>, std::size_t)>& on_batch,
                std::vector<ColumnSpec>* columns) override {
    return execute(sql, true, [&](duckdb_result& result) -> Status {
      const idx_t width = duckdb_column_count(&result);
      std::vector<Type> types(width);
      if (columns != nullptr) columns->clear();
      for (idx_t c = 0; c < width; ++c) {
        const LogicalType logical(duckdb_column_logical_type(&result, c));
        types[c] = duck::type_of(logical.get());
        if (columns != nullptr) columns->push_back({duckdb_column_name(&result, c), types[c]});
      }
      std::vector<ColumnView> views(width);
      for (;;) {
        const Chunk chunk(duckdb_fetch_chunk(result));
        if (chunk.get() == nullptr) break;
        const idx_t rows = duckdb_data_chunk_get_size(chunk.get());
        if (rows == 0) break;
        for (idx_t c = 0; c < width; ++c) {
          views[c] = duck::view_of(duckdb_data_chunk_get_vector(chunk.get(), c), types[c]);
        }
        if (auto taken = on_batch(views, rows); !taken) return taken;
      }
      if (const char* message = duckdb_result_error(&result); message != nullptr && *message != 0) {
        return fail(unpack(message, sql));
      }
      return {};
    });
  }

  Result<std::int64_t> run(const std::string& sql, const ProgressCallback& progress) override {
    std::int64_t changed = 0;
    std::mutex mutex;
    std::condition_variable_any wake;
    std::jthread watcher;
    if (progress) {
      watcher = std::jthread([&](const std::stop_token& stop) {
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          wake.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
          if (stop.stop_requested()) break;
          const double percent = duckdb_query_progress(connection_).percentage;
          if (!progress(percent < 0 ? 0 : percent / 100)) duckdb_interrupt(connection_);
        }
      });
    }
    auto done = execute(sql, false, [&](duckdb_result& result) -> Status {
      changed = static_cast<std::int64_t>(duckdb_rows_changed(&result));
      return {};
    });
    if (watcher.joinable()) {
      watcher.request_stop();
      wake.notify_all();
      watcher.join();
    }
    if (!done) return pass(done);
    return changed;
  }

  Status add_source(const std::string& name, std::shared_ptr<RowSource> source) override {
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, name.c_str());
    duckdb_table_function_set_extra_info(function, new SourceBinding{std::move(source), name},
                                         [](void* p) { delete static_cast<SourceBinding*>(p); });
    duckdb_table_function_set_bind(function, bind_source);
    duckdb_table_function_set_init(function, init_source);
    duckdb_table_function_set_local_init(function, init_source_worker);
    duckdb_table_function_set_function(function, scan_source);
    duckdb_table_function_supports_projection_pushdown(function, true);
    const duckdb_state state = duckdb_register_table_function(connection_, function);
    duckdb_destroy_table_function(&function);
    if (state != DuckDBSuccess)
      return fail("SY1405", "the engine refused the source `" + name + "`");
    return {};
  }

  Status add_function(Function function) override {
    duckdb_scalar_function scalar = duckdb_create_scalar_function();
    const std::string name = function.name;
    duckdb_scalar_function_set_name(scalar, name.c_str());
    if (function.variadic_any) {
      const LogicalType any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
      duckdb_scalar_function_set_varargs(scalar, any.get());
    }
    for (const Type parameter : function.parameters) {
      const LogicalType type(duck::make_type(parameter));
      duckdb_scalar_function_add_parameter(scalar, type.get());
    }
    const LogicalType result(duck::make_type(function.result));
    duckdb_scalar_function_set_return_type(scalar, result.get());
    if (function.is_volatile) duckdb_scalar_function_set_volatile(scalar);
    if (function.handles_nulls) duckdb_scalar_function_set_special_handling(scalar);
    duckdb_scalar_function_set_extra_info(scalar, new Function(std::move(function)),
                                          [](void* p) { delete static_cast<Function*>(p); });
    duckdb_scalar_function_set_function(scalar, call_function);
    const duckdb_state state = duckdb_register_scalar_function(connection_, scalar);
    duckdb_destroy_scalar_function(&scalar);
    if (state != DuckDBSuccess)
      return fail("SY1405", "the engine refused the function `" + name + "`");
    return {};
  }

  Status lock_down(const std::vector<std::string>& readable_paths) override {
    std::string list;
    for (const std::string& path : readable_paths)
      list += (list.empty() ? "" : ", ") + sql_literal(path);
    auto done = run("SET allowed_directories=[" + list +
                        "]; SET enable_external_access=false; SET lock_configuration=true",
                    {});
    if (!done) return pass(done);
    locked_ = true;
    return {};
  }

  void interrupt() override { duckdb_interrupt(connection_); }

 private:
  struct Reader {
    Type type = Type::kOther;  ///< what the cell becomes
    Type view = Type::kOther;  ///< how the vector is looked at
    duckdb_type id = DUCKDB_TYPE_INVALID;
    duckdb_type inner = DUCKDB_TYPE_INVALID;
    int scale = 0;
    bool unknown = false;
  };

  static Reader reader_of(duckdb_result& result, idx_t column) {
    const LogicalType logical(duckdb_column_logical_type(&result, column));
    Reader reader;
    reader.id = duckdb_get_type_id(logical.get());
    reader.type = reader.view = duck::type_of(logical.get());
    if (reader.type == Type::kTextMap) {
      reader.type = Type::kText;
      return reader;
    }
    if (reader.type != Type::kOther) return reader;
    switch (reader.id) {
      case DUCKDB_TYPE_TINYINT:
      case DUCKDB_TYPE_SMALLINT:
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_UTINYINT:
      case DUCKDB_TYPE_USMALLINT:
      case DUCKDB_TYPE_UINTEGER:
      case DUCKDB_TYPE_HUGEINT:
        reader.type = Type::kInt64;
        break;
      case DUCKDB_TYPE_FLOAT:
        reader.type = Type::kDouble;
        break;
      case DUCKDB_TYPE_DATE:
      case DUCKDB_TYPE_TIMESTAMP:
      case DUCKDB_TYPE_SQLNULL:
        reader.type = Type::kText;
        break;
      case DUCKDB_TYPE_DECIMAL:
        reader.scale = duckdb_decimal_scale(logical.get());
        reader.inner = duckdb_decimal_internal_type(logical.get());
        reader.type = Type::kDecimal;
        reader.unknown = reader.scale > kScale;
        break;
      default:
        reader.unknown = true;
    }
    if (reader.unknown) reader.type = Type::kOther;
    return reader;
  }

  static Int128 integer_at(const ColumnView& view, duckdb_type type, std::size_t row) {
    switch (type) {
      case DUCKDB_TYPE_TINYINT:
        return static_cast<const std::int8_t*>(view.data_)[row];
      case DUCKDB_TYPE_SMALLINT:
        return static_cast<const std::int16_t*>(view.data_)[row];
      case DUCKDB_TYPE_INTEGER:
        return static_cast<const std::int32_t*>(view.data_)[row];
      case DUCKDB_TYPE_UTINYINT:
        return static_cast<const std::uint8_t*>(view.data_)[row];
      case DUCKDB_TYPE_USMALLINT:
        return static_cast<const std::uint16_t*>(view.data_)[row];
      case DUCKDB_TYPE_UINTEGER:
        return static_cast<const std::uint32_t*>(view.data_)[row];
      case DUCKDB_TYPE_BIGINT:
        return static_cast<const std::int64_t*>(view.data_)[row];
      default:
        return static_cast<const Int128*>(view.data_)[row];
    }
  }

  static Cell cell_of(const ColumnView& view, const Reader& reader, std::size_t row) {
    switch (reader.view) {
      case Type::kBool:
        return {view.boolean(row)};
      case Type::kInt64:
        return {view.integer(row)};
      case Type::kDouble:
        return {view.real(row)};
      case Type::kText:
        return {std::string(view.text(row))};
      case Type::kInstant:
        return {format_instant({view.integer(row)})};
      case Type::kDecimal:
        return {Decimal{view.units(row)}};
      case Type::kTextMap:
        return {text_of_map(view, row)};
      case Type::kOther:
        break;
    }
    switch (reader.id) {
      case DUCKDB_TYPE_FLOAT:
        return {static_cast<double>(static_cast<const float*>(view.data_)[row])};
      case DUCKDB_TYPE_DATE:
        return {format_date(civil_from_days(static_cast<const std::int32_t*>(view.data_)[row]))};
      case DUCKDB_TYPE_TIMESTAMP:
        return {format_instant({static_cast<const std::int64_t*>(view.data_)[row]})};
      case DUCKDB_TYPE_DECIMAL: {
        Int128 units = integer_at(view, reader.inner, row);
        for (int s = reader.scale; s < kScale; ++s) {
          if (__builtin_mul_overflow(units, static_cast<Int128>(10), &units))
            return {std::string("overflow")};
        }
        return {Decimal{units}};
      }
      default: {
        const Int128 value = integer_at(view, reader.id, row);
        if (value < INT64_MIN || value > INT64_MAX) {
          std::string digits;
          for (unsigned __int128 rest = value < 0 ? -static_cast<unsigned __int128>(value)
                                                  : static_cast<unsigned __int128>(value);
               rest > 0; rest /= 10) {
            digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
          }
          return {(value < 0 ? "-" : "") + digits};
        }
        return {static_cast<std::int64_t>(value)};
      }
    }
  }

  static tl::unexpected<Error> only_reading(const std::string& sql) {
    return fail("SY1406", "only SELECT, DESCRIBE, SHOW and EXPLAIN may be run here",
                sql.substr(0, 200), "the lake changes only through ingest, vacuum and checkpoint");
  }

  /// Whether the engine's own parser takes all statements for questions. It looks at their form
  /// only: neither tables nor columns need to be there.
  bool asks_only(const std::string& sql) {
    const std::string question = "SELECT json_serialize_sql(" + sql_literal(sql) + ")::VARCHAR";
    ResultHandle result;
    if (duckdb_query(connection_, question.c_str(), &result.value) != DuckDBSuccess) return false;
    char* text = duckdb_value_varchar(&result.value, 0, 0);
    const bool asks = text != nullptr && std::string_view(text).starts_with("{\"error\":false");
    duckdb_free(text);
    return asks;
  }

  /// "EXPLAIN ANALYZE SELECT 1" -> "SELECT 1".
  static std::string without_explain(const std::string& sql) {
    std::string_view rest = trim(sql);
    for (std::string_view word : {"explain", "analyze"}) {
      if (equals_ignoring_case(rest.substr(0, word.size()), word))
        rest = trim(rest.substr(word.size()));
    }
    return std::string(rest);
  }

  /// Runs the statements one after the other and hands the last result on.
  Status execute(const std::string& sql, bool streaming,
                 const std::function<Status(duckdb_result&)>& on_result) {
    duck::Extracted statements;
    const idx_t count = duckdb_extract_statements(connection_, sql.c_str(), statements.out());
    if (count == 0) {
      const char* message = duckdb_extract_statements_error(statements.get());
      if (message == nullptr) return fail("SY1403", "there is no statement to run");
      return fail(unpack(message, sql));
    }
    for (idx_t i = 0; i < count; ++i) {
      Prepared prepared;
      if (duckdb_prepare_extracted_statement(connection_, statements.get(), i, prepared.out()) !=
          DuckDBSuccess) {
        // A write that does not bind either is told that it is a write: that is what matters.
        if (locked_ && !asks_only(sql)) return only_reading(sql);
        return fail(unpack(duckdb_prepare_error(prepared.get()), sql));
      }
      if (locked_) {
        const duckdb_statement_type type = duckdb_prepared_statement_type(prepared.get());
        const bool explains = type == DUCKDB_STATEMENT_TYPE_EXPLAIN;
        // EXPLAIN ANALYZE runs what it explains.
        if ((!explains && type != DUCKDB_STATEMENT_TYPE_SELECT) ||
            (explains && !asks_only(without_explain(sql)))) {
          return only_reading(sql);
        }
      }
      Pending pending;
      const bool streamed = streaming && i + 1 == count;
      const duckdb_state started =
          streamed ? duckdb_pending_prepared_streaming(prepared.get(), pending.out())
                   : duckdb_pending_prepared(prepared.get(), pending.out());
      if (started != DuckDBSuccess) {
        return fail(unpack(duckdb_pending_error(pending.get()), sql));
      }
      ResultHandle result;
      if (duckdb_execute_pending(pending.get(), &result.value) != DuckDBSuccess) {
        return fail(unpack(duckdb_result_error(&result.value), sql));
      }
      if (i + 1 == count) return on_result(result.value);
    }
    return {};
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  bool locked_ = false;
};

}  // namespace

std::string_view sql_type(Type type) {
  switch (type) {
    case Type::kBool:
      return "BOOLEAN";
    case Type::kInt64:
      return "BIGINT";
    case Type::kDouble:
      return "DOUBLE";
    case Type::kText:
      return "VARCHAR";
    case Type::kInstant:
      return "TIMESTAMP WITH TIME ZONE";
    case Type::kDecimal:
      return "DECIMAL(38,18)";
    case Type::kTextMap:
      return "MAP(VARCHAR, VARCHAR)";
    case Type::kOther:
      break;
  }
  return "VARCHAR";
}

std::string Cell::text() const {
  struct Visitor {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const {
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, "%.17g", d);
      return buffer;
    }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(Decimal d) const { return to_text(d); }
  };
  return std::visit(Visitor{}, value);
}

Result<std::unique_ptr<Engine>> open_duckdb(const EngineOptions& options) {
  auto engine = std::make_unique<DuckEngine>();
  if (auto opened = engine->open(options); !opened) return pass(opened);
  return engine;
}

std::string duckdb_version() {
  std::string version = duckdb_library_version();
  return version.starts_with("v") ? version.substr(1) : version;
}

}  // namespace steelyard
