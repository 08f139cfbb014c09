// Owners of DuckDB's handles: each closes what it holds. Only this folder knows duckdb.h.
#pragma once

// The streaming calls count as deprecated although they have no successor, so the deprecated part
// stays visible; nothing else of it is used.
#include <duckdb.h>

#include <string>

#include "engine/engine.h"

namespace steelyard::duck {

template <class Handle, void (*Destroy)(Handle*)>
class Owner {
 public:
  Owner() = default;
  explicit Owner(Handle handle) : handle_(handle) {}
  ~Owner() {
    if (handle_ != nullptr) Destroy(&handle_);
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using LogicalType = Owner<duckdb_logical_type, duckdb_destroy_logical_type>;
using Chunk = Owner<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using Prepared = Owner<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Extracted = Owner<duckdb_extracted_statements, duckdb_destroy_extracted>;
using Pending = Owner<duckdb_pending_result, duckdb_destroy_pending>;

struct ResultHandle {
  duckdb_result value{};
  ResultHandle() = default;
  ~ResultHandle() { duckdb_destroy_result(&value); }
  ResultHandle(const ResultHandle&) = delete;
  ResultHandle& operator=(const ResultHandle&) = delete;
};

/// The logical type that stands for ours; the caller owns it. kOther is ANY (for parameters).
duckdb_logical_type make_type(Type type);
/// Ours for a logical type; a decimal of another shape than (38,18) and anything unknown is kOther.
Type type_of(duckdb_logical_type type);
/// A view of a flat vector of the given type.
ColumnView view_of(duckdb_vector vector, Type type);

/// Fills a flat vector.
class VectorWriter final : public ColumnWriter {
 public:
  VectorWriter() = default;
  void attach(duckdb_vector vector, Type type);
  void set_null(std::size_t row) override;
  void set_bool(std::size_t row, bool value) override { static_cast<bool*>(data_)[row] = value; }
  void set_integer(std::size_t row, std::int64_t value) override {
    static_cast<std::int64_t*>(data_)[row] = value;
  }
  void set_real(std::size_t row, double value) override {
    static_cast<double*>(data_)[row] = value;
  }
  void set_units(std::size_t row, Int128 units) override {
    static_cast<Int128*>(data_)[row] = units;
  }
  void set_text(std::size_t row, std::string_view value) override;
  void set_map(std::size_t row,
               std::span<const std::pair<std::string_view, std::string_view>> entries) override;

 private:
  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  std::uint64_t* validity_ = nullptr;
  Type type_ = Type::kOther;
  duckdb_vector keys_ = nullptr, values_ = nullptr;
  std::size_t used_ = 0, capacity_ = 0;  ///< of the map's entries
};

}  // namespace steelyard::duck
