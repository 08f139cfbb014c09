#include "engine/duckdb/handles.h"

#include <cstring>

namespace steelyard::duck {

duckdb_logical_type make_type(Type type) {
  switch (type) {
    case Type::kBool:
      return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case Type::kInt64:
      return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case Type::kDouble:
      return duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
    case Type::kText:
      return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    case Type::kInstant:
      return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP_TZ);
    case Type::kDecimal:
      return duckdb_create_decimal_type(38, kScale);
    case Type::kTextMap: {
      const LogicalType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
      return duckdb_create_map_type(text.get(), text.get());
    }
    case Type::kOther:
      break;
  }
  return duckdb_create_logical_type(DUCKDB_TYPE_ANY);
}

Type type_of(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return Type::kBool;
    case DUCKDB_TYPE_BIGINT:
      return Type::kInt64;
    case DUCKDB_TYPE_DOUBLE:
      return Type::kDouble;
    case DUCKDB_TYPE_VARCHAR:
      return Type::kText;
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Type::kInstant;
    case DUCKDB_TYPE_DECIMAL:
      return duckdb_decimal_width(type) == 38 && duckdb_decimal_scale(type) == kScale
                 ? Type::kDecimal
                 : Type::kOther;
    case DUCKDB_TYPE_MAP: {
      const LogicalType key(duckdb_map_type_key_type(type));
      const LogicalType value(duckdb_map_type_value_type(type));
      const bool text = duckdb_get_type_id(key.get()) == DUCKDB_TYPE_VARCHAR &&
                        duckdb_get_type_id(value.get()) == DUCKDB_TYPE_VARCHAR;
      return text ? Type::kTextMap : Type::kOther;
    }
    default:
      return Type::kOther;
  }
}

ColumnView view_of(duckdb_vector vector, Type type) {
  ColumnView view;
  view.type_ = type;
  view.data_ = duckdb_vector_get_data(vector);
  view.validity_ = duckdb_vector_get_validity(vector);
  if (type == Type::kTextMap) {
    const duckdb_vector entries = duckdb_list_vector_get_child(vector);
    view.children_.push_back(view_of(duckdb_struct_vector_get_child(entries, 0), Type::kText));
    view.children_.push_back(view_of(duckdb_struct_vector_get_child(entries, 1), Type::kText));
  }
  return view;
}

void VectorWriter::attach(duckdb_vector vector, Type type) {
  vector_ = vector;
  type_ = type;
  data_ = duckdb_vector_get_data(vector);
  validity_ = nullptr;
  if (type == Type::kTextMap) {
    const duckdb_vector entries = duckdb_list_vector_get_child(vector);
    keys_ = duckdb_struct_vector_get_child(entries, 0);
    values_ = duckdb_struct_vector_get_child(entries, 1);
    used_ = 0;
    capacity_ = 0;
    duckdb_list_vector_set_size(vector, 0);
  }
}

void VectorWriter::set_null(std::size_t row) {
  if (validity_ == nullptr) {
    duckdb_vector_ensure_validity_writable(vector_);
    validity_ = duckdb_vector_get_validity(vector_);
  }
  validity_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  if (type_ == Type::kTextMap) {
    static_cast<duckdb_list_entry*>(data_)[row] = {used_, 0};
  }
}

void VectorWriter::set_text(std::size_t row, std::string_view value) {
  if (value.size() <=
      12) {  // DuckDB keeps short strings inline; the layout is part of its C interface
    auto* cell = static_cast<duckdb_string_t*>(data_) + row;
    std::memset(cell, 0, sizeof *cell);
    cell->value.inlined.length = static_cast<std::uint32_t>(value.size());
    std::memcpy(cell->value.inlined.inlined, value.data(), value.size());
    return;
  }
  duckdb_vector_assign_string_element_len(vector_, row, value.data(), value.size());
}

void VectorWriter::set_map(std::size_t row,
                           std::span<const std::pair<std::string_view, std::string_view>> entries) {
  if (used_ + entries.size() > capacity_) {
    capacity_ = std::max<std::size_t>(kBatchRows * 4, (used_ + entries.size()) * 2);
    duckdb_list_vector_reserve(vector_, capacity_);
  }
  static_cast<duckdb_list_entry*>(data_)[row] = {used_, entries.size()};
  for (const auto& [key, value] : entries) {
    duckdb_vector_assign_string_element_len(keys_, used_, key.data(), key.size());
    if (value.data() == nullptr) {
      duckdb_vector_ensure_validity_writable(values_);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(values_), used_);
    } else {
      duckdb_vector_assign_string_element_len(values_, used_, value.data(), value.size());
    }
    ++used_;
  }
  duckdb_list_vector_set_size(vector_, used_);
}

}  // namespace steelyard::duck
