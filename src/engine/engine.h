// An Engine runs SQL and streams typed columns. Here: DuckDB in this process, without access to
// anything but the files it is given. Rows that no SQL can read (a provider's CSV) enter through a
// RowSource; arithmetic that SQL must not do enters through a Function. Both work on whole columns
// of a batch. An Engine may be used from one thread at a time; sources and functions are called
// from several.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "money/decimal.h"

namespace steelyard {

enum class Type { kBool, kInt64, kDouble, kText, kInstant, kDecimal, kTextMap, kOther };
/// "VARCHAR", "DECIMAL(38,18)", "TIMESTAMP WITH TIME ZONE", "MAP(VARCHAR, VARCHAR)" ...
std::string_view sql_type(Type type);

struct ColumnSpec {
  std::string name;
  Type type = Type::kText;
};

/// A column of a batch as the engine holds it; valid during the call only.
class ColumnView {
 public:
  ColumnView() = default;
  Type type() const { return type_; }
  bool is_null(std::size_t row) const {
    return validity_ != nullptr && !((validity_[row / 64] >> (row % 64)) & 1);
  }
  bool boolean(std::size_t row) const { return static_cast<const bool*>(data_)[row]; }
  std::int64_t integer(std::size_t row) const {
    return static_cast<const std::int64_t*>(data_)[row];
  }  ///< kInt64, kInstant (micros)
  double real(std::size_t row) const { return static_cast<const double*>(data_)[row]; }
  Int128 units(std::size_t row) const {
    return static_cast<const Int128*>(data_)[row];
  }  ///< kDecimal: 10^-18
  std::string_view text(std::size_t row) const {
    const auto* cell = static_cast<const char*>(data_) + row * 16;
    std::uint32_t size;
    __builtin_memcpy(&size, cell, 4);
    if (size <= 12) return {cell + 4, size};
    const char* pointer;
    __builtin_memcpy(&pointer, cell + 8, 8);
    return {pointer, size};
  }
  /// kTextMap: entries of the row, as a range of positions in keys()/values().
  std::pair<std::size_t, std::size_t> entries(std::size_t row) const {
    const auto* cell = static_cast<const std::uint64_t*>(data_) + row * 2;
    return {cell[0], cell[1]};  // offset, length
  }
  const ColumnView& keys() const { return children_[0]; }
  const ColumnView& values() const { return children_[1]; }

  Type type_ = Type::kOther;
  const void* data_ = nullptr;
  const std::uint64_t* validity_ = nullptr;
  std::vector<ColumnView> children_;
};

/// A column of a batch to be filled. Rows not set are not null and hold garbage: set every row.
class ColumnWriter {
 public:
  virtual ~ColumnWriter() = default;
  virtual void set_null(std::size_t row) = 0;
  virtual void set_bool(std::size_t row, bool value) = 0;
  virtual void set_integer(std::size_t row, std::int64_t value) = 0;  ///< kInt64, kInstant (micros)
  virtual void set_real(std::size_t row, double value) = 0;
  virtual void set_units(std::size_t row, Int128 units) = 0;           ///< kDecimal
  virtual void set_text(std::size_t row, std::string_view value) = 0;  ///< must be valid UTF-8
  /// Keys must be distinct; a value without data() is null. Rows must be set in rising order.
  virtual void set_map(std::size_t row,
                       std::span<const std::pair<std::string_view, std::string_view>> entries) = 0;
};

inline constexpr std::size_t kBatchRows = 2048;

/// Rows from outside. One Worker per thread; the source itself is shared.
class RowSource {
 public:
  class Worker {
   public:
    virtual ~Worker() = default;
    /// Fills up to kBatchRows rows and returns how many; 0 = no more. `columns[i]` belongs to the
    /// i-th of `projection`.
    virtual Result<std::size_t> fill(std::span<ColumnWriter* const> columns) = 0;
  };
  virtual ~RowSource() = default;
  virtual const std::vector<ColumnSpec>& columns() const = 0;
  /// `projection`: indices of the columns that the query needs, in the order of fill's writers.
  virtual Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) = 0;
  /// Called at the start of each scan: the source begins again. The workers of the scan are made
  /// right after it; those of an earlier scan may still be at work (a query that reads the source
  /// twice), and a source over files must let them finish theirs.
  virtual Status restart() = 0;
  /// 0..1, for progress.
  virtual double progress() const { return 0; }
};

/// A function on columns that SQL may call by name. Deterministic unless `volatile_` (then it is
/// called for each row exactly once).
struct Function {
  std::string name;
  std::vector<Type> parameters;
  bool variadic_any =
      false;  ///< any number and type of arguments (of the types above); `parameters` is then empty
  Type result = Type::kBool;
  bool is_volatile = false;
  bool handles_nulls = true;  ///< false: a null argument gives null without a call
  std::function<Status(std::span<const ColumnView> arguments, std::size_t rows,
                       ColumnWriter& result)>
      call;
};

/// A materialised result: for answers that a person or a program reads, not for bulk data.
struct Cell {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Decimal> value;
  bool is_null() const { return value.index() == 0; }
  /// Text of any kind of value; "" for null. Instants are text in ISO form already.
  std::string text() const;
};
struct Rows {
  std::vector<ColumnSpec> columns;
  std::vector<std::vector<Cell>> rows;
};

struct EngineOptions {
  int threads = 0;                          ///< 0: as many as the machine has
  std::uint64_t memory_bytes = 1ULL << 30;  ///< DuckDB's memory_limit
  std::string temporary_folder;             ///< for spilling; empty: none
};

/// Progress of the running statement, 0..1; called about ten times a second from another thread.
/// Return false to cancel.
using ProgressCallback = std::function<bool(double fraction)>;

class Engine {
 public:
  virtual ~Engine() = default;
  /// One or more statements; the result of the last.
  virtual Result<Rows> query(const std::string& sql) = 0;
  /// Streams batches of the result in order. Return an error from `on_batch` to stop.
  virtual Status stream(
      const std::string& sql,
      const std::function<Status(std::span<const ColumnView>, std::size_t rows)>& on_batch,
      std::vector<ColumnSpec>* columns = nullptr) = 0;
  /// Runs without a result; returns the number of rows written where the statement says it (COPY),
  /// else 0.
  virtual Result<std::int64_t> run(const std::string& sql,
                                   const ProgressCallback& progress = {}) = 0;
  /// `SELECT * FROM name()` reads the source.
  virtual Status add_source(const std::string& name, std::shared_ptr<RowSource> source) = 0;
  virtual Status add_function(Function function) = 0;
  /// From now on: only SELECT-like statements, no files beyond those under `readable_paths`, no
  /// settings. For `steelyard sql`.
  virtual Status lock_down(const std::vector<std::string>& readable_paths) = 0;
  /// Safe from another thread.
  virtual void interrupt() = 0;
};

/// UTC, two-clock safe settings, no extension loading, no network. SY1401 when the engine cannot
/// start.
Result<std::unique_ptr<Engine>> open_duckdb(const EngineOptions& options);
/// "1.5.6", without starting the engine.
std::string duckdb_version();

}  // namespace steelyard
