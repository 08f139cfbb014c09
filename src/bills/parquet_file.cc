#include "bills/parquet_file.h"

#include <charconv>
#include <cmath>
#include <memory>

#include "base/text.h"
#include "base/time.h"
#include "bills/cell.h"
#include "bills/csv_head.h"
#include "bills/csv_map.h"
#include "money/decimal.h"

namespace steelyard {
namespace {

constexpr std::size_t kSampleRows = 100;
constexpr std::size_t kRejectedKept = 100;

/// Beyond a million rows, a bill has other costs and times in each row: a thousand rows in one byte
/// is a bomb.
constexpr std::int64_t kFreeRows = 1'000'000;
constexpr std::int64_t kMaxRowsPerByte = 1'000;
constexpr std::int64_t kFreeExpansion = 64LL << 20;

/// The engine reads `*`, `?` and `[` in a path as patterns; in brackets they are themselves.
std::string path_literal(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      escaped += std::string("[") + c + "]";
    } else {
      escaped += c;
    }
  }
  return sql_literal(escaped);
}

Error damaged(const Error& error, const std::string& path) {
  if (error.code != "SY1403") return error;
  return Error{"SY1206",
               "the Parquet file is damaged or ends early",
               path,
               "download it again",
               {error.what}};
}

/// How a column whose type cannot be cast exactly is read: a function of ours on the value or its
/// text.
enum class Via { kDecimalText, kDecimalDouble, kInstantText, kIntegerText, kBoolText };

struct Checked {
  std::string name;
  Via via;
  std::string sql;  ///< the argument: VARCHAR, or DOUBLE for kDecimalDouble
};

std::string text_of_double(double value) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

ParseOutcome decimal_at(Via via, const ColumnView& view, std::size_t row, Decimal& value) {
  Int128 residual = 0;
  if (via == Via::kDecimalDouble) return decimal_of_double(view.real(row), value, residual);
  return parse_decimal(trim_blanks(view.text(row)), value);
}

bool is_null_at(Via via, const ColumnView& view, std::size_t row) {
  return view.is_null(row) || (via != Via::kDecimalDouble && is_null_text(view.text(row)));
}

std::string text_at(Via via, const ColumnView& view, std::size_t row) {
  return via == Via::kDecimalDouble ? text_of_double(view.real(row))
                                    : std::string(trim_blanks(view.text(row)));
}

/// Converts one cell that is not null; without a writer it is only looked at.
bool convert(Via via, const ColumnView& view, std::size_t row, ColumnWriter* writer,
             Trouble& trouble) {
  switch (via) {
    case Via::kDecimalText:
    case Via::kDecimalDouble: {
      Decimal value;
      const ParseOutcome outcome = decimal_at(via, view, row, value);
      if (outcome == ParseOutcome::kNotNumber || outcome == ParseOutcome::kTooLarge) {
        trouble = not_a_number(text_at(via, view, row), outcome);
        return false;
      }
      if (writer != nullptr) writer->set_units(row, value.units);
      return true;
    }
    case Via::kInstantText: {
      Instant value;
      if (!parse_instant(trim_blanks(view.text(row)), value)) {
        trouble = not_a_time(view.text(row));
        return false;
      }
      if (writer != nullptr) writer->set_integer(row, value.micros);
      return true;
    }
    case Via::kIntegerText: {
      std::int64_t value = 0;
      if (!parse_integer(view.text(row), value)) {
        trouble = not_a_whole_number(view.text(row));
        return false;
      }
      if (writer != nullptr) writer->set_integer(row, value);
      return true;
    }
    case Via::kBoolText: {
      bool value = false;
      if (!parse_bool(view.text(row), value)) {
        trouble = not_a_bool(view.text(row));
        return false;
      }
      if (writer != nullptr) writer->set_bool(row, value);
      return true;
    }
  }
  return false;
}

/// Could the value have more than 18 decimals? Most can be told apart without parsing: a double has
/// at most 17 digits.
bool may_round(Via via, const ColumnView& view, std::size_t row) {
  if (via == Via::kDecimalDouble) {
    const double value = std::fabs(view.real(row));
    return value > 0 && value < 0.01;
  }
  if (via != Via::kDecimalText) return false;
  const std::string_view text = view.text(row);
  return text.size() > 19 || text.find_first_of("eE") != std::string_view::npos;
}

Type result_type(Via via) {
  switch (via) {
    case Via::kDecimalText:
    case Via::kDecimalDouble:
      return Type::kDecimal;
    case Via::kInstantText:
      return Type::kInstant;
    case Via::kIntegerText:
      return Type::kInt64;
    case Via::kBoolText:
      return Type::kBool;
  }
  return Type::kText;
}

/// f(value, row): the value in its new type.
Function conversion(const std::string& name, const std::string& path, const Checked& column) {
  Function function;
  function.name = name;
  function.parameters = {column.via == Via::kDecimalDouble ? Type::kDouble : Type::kText,
                         Type::kInt64};
  function.result = result_type(column.via);
  function.call = [path, column](std::span<const ColumnView> arguments, std::size_t rows,
                                 ColumnWriter& result) -> Status {
    for (std::size_t r = 0; r < rows; ++r) {
      if (is_null_at(column.via, arguments[0], r)) {
        result.set_null(r);
        continue;
      }
      Trouble trouble;
      if (convert(column.via, arguments[0], r, &result, trouble)) continue;
      return fail(trouble.code, trouble.what,
                  path + ", row " + std::to_string(arguments[1].integer(r)) + ", column " +
                      terminal_safe(column.name),
                  trouble.fix);
    }
    return {};
  };
  return function;
}

/// f(values...): the JSON of x_SourceDecimals. Called once for each row that asks for it, so it
/// counts.
Function decimal_notes(const std::string& name, std::vector<Checked> columns,
                       std::shared_ptr<ReadOutcome> outcome) {
  Function function;
  function.name = name;
  for (const Checked& column : columns) {
    function.parameters.push_back(column.via == Via::kDecimalDouble ? Type::kDouble : Type::kText);
  }
  function.result = Type::kText;
  function.is_volatile = true;
  function.call = [columns = std::move(columns), outcome](std::span<const ColumnView> arguments,
                                                          std::size_t rows,
                                                          ColumnWriter& result) -> Status {
    std::int64_t rounded = 0;
    std::string note;
    for (std::size_t r = 0; r < rows; ++r) {
      note.clear();
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const Via via = columns[c].via;
        if (is_null_at(via, arguments[c], r) || !may_round(via, arguments[c], r)) continue;
        Decimal value;
        if (decimal_at(via, arguments[c], r, value) != ParseOutcome::kRounded) continue;
        ++rounded;
        note += note.empty() ? "{" : ",";
        note += json_quote(columns[c].name) + ":" + json_quote(text_at(via, arguments[c], r));
      }
      if (note.empty()) {
        result.set_null(r);
      } else {
        result.set_text(r, note + "}");
      }
    }
    if (rounded > 0) {
      const std::lock_guard lock(outcome->mutex);
      outcome->rounded_cells += rounded;
    }
    return {};
  };
  return function;
}

/// f(row, values...): may the row be kept? Takes note of those that may not, and fails when there
/// are too many.
Function row_check(const std::string& name, const std::string& path, std::vector<Checked> columns,
                   std::shared_ptr<ReadOutcome> outcome, std::int64_t max_rejected_rows) {
  Function function;
  function.name = name;
  function.parameters.push_back(Type::kInt64);
  for (const Checked& column : columns) {
    function.parameters.push_back(column.via == Via::kDecimalDouble ? Type::kDouble : Type::kText);
  }
  function.result = Type::kBool;
  function.is_volatile = true;
  function.call = [path, columns = std::move(columns), outcome, max_rejected_rows](
                      std::span<const ColumnView> arguments, std::size_t rows,
                      ColumnWriter& result) -> Status {
    for (std::size_t r = 0; r < rows; ++r) {
      bool good = true;
      for (std::size_t c = 0; c < columns.size() && good; ++c) {
        Trouble trouble;
        if (is_null_at(columns[c].via, arguments[c + 1], r)) continue;
        if (convert(columns[c].via, arguments[c + 1], r, nullptr, trouble)) continue;
        good = false;
        const std::int64_t row = arguments[0].integer(r);
        const std::lock_guard lock(outcome->mutex);
        ++outcome->rejected_rows;
        if (outcome->rejected.size() < kRejectedKept) {
          outcome->rejected.push_back({row, terminal_safe(columns[c].name) + ": " + trouble.what});
        }
        if (outcome->rejected_rows > max_rejected_rows) {
          Error error{
              trouble.code,
              trouble.what,
              path + ", row " + std::to_string(row) + ", column " + terminal_safe(columns[c].name),
              trouble.fix,
              {}};
          error.notes.push_back("more than " + std::to_string(max_rejected_rows) +
                                " rows would have to be left out");
          return fail(std::move(error));
        }
      }
      result.set_bool(r, good);
    }
    return {};
  };
  return function;
}

/// f(text): tags as a map. In a struct every row has every key, so there a null says that the row
/// lacks it.
Function map_of_text(const std::string& name, bool drop_nulls,
                     std::shared_ptr<ReadOutcome> outcome) {
  Function function;
  function.name = name;
  function.parameters = {Type::kText};
  function.result = Type::kTextMap;
  function.call = [drop_nulls, outcome](std::span<const ColumnView> arguments, std::size_t rows,
                                        ColumnWriter& result) -> Status {
    MapText map;
    std::vector<MapText::Entry> kept;
    std::int64_t unread = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      if (arguments[0].is_null(r) || is_null_text(arguments[0].text(r))) {
        result.set_null(r);
        continue;
      }
      if (!map.read(arguments[0].text(r))) ++unread;
      if (!drop_nulls) {
        result.set_map(r, map.entries());
        continue;
      }
      kept.clear();
      for (const MapText::Entry& entry : map.entries()) {
        if (entry.second.data() != nullptr) kept.push_back(entry);
      }
      result.set_map(r, kept);
    }
    if (unread > 0) {
      const std::lock_guard lock(outcome->mutex);
      outcome->unread_maps += unread;
    }
    return {};
  };
  return function;
}

bool is_integer_type(std::string_view type) {
  for (const char* name : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
                           "UINTEGER", "UBIGINT"}) {
    if (type == name) return true;
  }
  return false;
}

/// "DECIMAL(20,9)" -> 20, 9.
bool decimal_type(std::string_view type, int& digits, int& scale) {
  if (!type.starts_with("DECIMAL(") || !type.ends_with(')')) return false;
  const std::string_view inner = type.substr(8, type.size() - 9);
  const std::size_t comma = inner.find(',');
  if (comma == std::string_view::npos) return false;
  const char* middle = inner.data() + comma;
  return std::from_chars(inner.data(), middle, digits).ptr == middle &&
         std::from_chars(middle + 1, inner.data() + inner.size(), scale).ptr ==
             inner.data() + inner.size();
}

bool is_nested(std::string_view type) {
  return type.ends_with(']') || type.starts_with("STRUCT(") || type.starts_with("MAP(") ||
         type.starts_with("UNION(");
}

std::string cast(const std::string& sql, std::string_view type) {
  return "CAST(" + sql + " AS " + std::string(type) + ")";
}

/// What a column becomes: plain SQL, or an argument for one of our functions.
struct Plan {
  std::string sql;
  std::optional<Via> via;
  bool map_function = false, drop_nulls = false;
};

std::optional<Plan> plan_column(const std::string& column, std::string_view declared, Type wanted) {
  const bool is_text = declared == "VARCHAR" || declared == "JSON" || declared.starts_with("ENUM(");
  const std::string as_text = declared == "VARCHAR" ? column : cast(column, "VARCHAR");
  int digits = 0, scale = 0;
  const bool is_decimal = decimal_type(declared, digits, scale);
  switch (wanted) {
    case Type::kDecimal:
      if (is_integer_type(declared)) return Plan{cast(column, "DECIMAL(38,18)"), {}};
      if (is_decimal && scale <= kScale && digits - scale <= 20)
        return Plan{cast(column, "DECIMAL(38,18)"), {}};
      if (declared == "DOUBLE") return Plan{column, Via::kDecimalDouble};
      // A float's shortest text, not that of the double it becomes.
      if (is_text || is_decimal || declared == "FLOAT" || declared == "HUGEINT" ||
          declared == "UHUGEINT") {
        return Plan{as_text, Via::kDecimalText};
      }
      return {};
    case Type::kInstant:
      if (declared == "TIMESTAMP WITH TIME ZONE") return Plan{column, {}};
      if (declared == "DATE" || declared.starts_with("TIMESTAMP")) {
        return Plan{cast(cast(column, "TIMESTAMP"), "TIMESTAMP WITH TIME ZONE"), {}};
      }
      if (is_text) return Plan{as_text, Via::kInstantText};
      return {};
    case Type::kInt64:
      if (is_integer_type(declared) && declared != "UBIGINT")
        return Plan{cast(column, "BIGINT"), {}};
      if (is_text || is_decimal || is_integer_type(declared) || declared == "DOUBLE" ||
          declared == "FLOAT") {
        return Plan{as_text, Via::kIntegerText};
      }
      return {};
    case Type::kBool:
      if (declared == "BOOLEAN") return Plan{column, {}};
      if (is_text || is_integer_type(declared)) return Plan{as_text, Via::kBoolText};
      return {};
    case Type::kDouble:
      if (is_nested(declared) || declared == "BLOB" || declared == "BOOLEAN") return {};
      return Plan{cast(column, "DOUBLE"), {}};
    case Type::kTextMap:
      if (declared == "MAP(VARCHAR, VARCHAR)") return Plan{column, {}};
      if (declared.starts_with("MAP(VARCHAR, ") &&
          !is_nested(declared.substr(13, declared.size() - 14))) {
        return Plan{cast(column, "MAP(VARCHAR, VARCHAR)"), {}};
      }
      if (is_text) return Plan{as_text, {}, true};
      if (is_nested(declared))
        return Plan{
            cast("to_json(" + column + ")", "VARCHAR"), {}, true, declared.starts_with("STRUCT(")};
      return {};
    case Type::kText:
    case Type::kOther:
      break;
  }
  if (declared == "VARCHAR") return Plan{column, {}};
  if (declared == "BLOB")
    return Plan{"coalesce(TRY(decode(" + column + ")), " + cast(column, "VARCHAR") + ")", {}};
  if (is_nested(declared)) return Plan{cast("to_json(" + column + ")", "VARCHAR"), {}};
  return Plan{cast(column, "VARCHAR"), {}};
}

}  // namespace

Result<FileHead> read_parquet_head(Engine& engine, const std::string& path, std::int64_t bytes,
                                   const ReadLimits& limits) {
  const std::string file = path_literal(path);
  auto facts = engine.query("SELECT num_rows FROM parquet_file_metadata(" + file + ")");
  if (!facts) return fail(damaged(facts.error(), path));
  if (facts->rows.size() != 1)
    return fail("SY1206", "the Parquet file has no footer that can be read", path,
                "download it again");
  FileHead head;
  head.path = path;
  head.container = Container::kParquet;
  head.bytes = bytes;
  if (const auto* rows = std::get_if<std::int64_t>(&facts->rows[0][0].value); rows != nullptr)
    head.rows = *rows;
  if (head.rows < 0)
    return fail("SY1206", "the Parquet file's footer has no number of rows", path,
                "download it again");
  if (head.rows > kFreeRows && head.rows / kMaxRowsPerByte > bytes) {
    return fail("SY1215",
                "the Parquet file promises " + with_thousands(head.rows) + " rows in " +
                    human_bytes(static_cast<std::uint64_t>(bytes)),
                path, "no bill is so small: look at what the file holds before reading it");
  }
  auto sizes = engine.query(
      "SELECT CAST(least(coalesce(sum(total_uncompressed_size), 0), 9000000000000000000) AS "
      "BIGINT), "
      "count(DISTINCT column_id) FROM parquet_metadata(" +
      file + ")");
  if (!sizes) return fail(damaged(sizes.error(), path));
  if (const auto* size = std::get_if<std::int64_t>(&sizes->rows[0][0].value);
      size != nullptr && *size > kFreeExpansion && *size / limits.max_expansion > bytes) {
    return fail("SY1215",
                "the Parquet file expands to more than " + std::to_string(limits.max_expansion) +
                    " times its size",
                path, "no bill compresses so well: look at what the file holds before reading it");
  }
  const std::string relation = "read_parquet(" + file + ", hive_partitioning=false)";
  auto columns = engine.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " +
                              relation + ")");
  if (!columns) return fail(damaged(columns.error(), path));
  if (static_cast<std::int64_t>(columns->rows.size()) > limits.max_columns) {
    return fail("SY1215",
                "the file has more than " + std::to_string(limits.max_columns) + " columns", path,
                "look whether the file is a bill");
  }
  for (const auto& row : columns->rows) head.columns.push_back({row[0].text(), row[1].text()});
  auto sample = engine.query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM " + relation + " LIMIT " +
                             std::to_string(kSampleRows));
  if (!sample) return fail(damaged(sample.error(), path));
  for (const auto& row : sample->rows) {
    std::vector<std::string>& cells = head.sample.emplace_back();
    for (const Cell& cell : row) cells.push_back(cell.text());
  }
  return head;
}

Result<OpenFile> open_parquet(Engine& engine, FileHead head, const std::string& relation_name,
                              const std::function<Type(const SourceColumn&)>& type_of,
                              const ReadLimits& limits) {
  OpenFile file;
  file.outcome = std::make_shared<ReadOutcome>();
  bool own_row_number = true;
  std::vector<std::string> source_names;
  for (const SourceColumn& column : head.columns) {
    source_names.push_back(column.name);
    if (equals_ignoring_case(column.name, "file_row_number")) own_row_number = false;
  }
  const std::vector<std::string> names = delivered_names(source_names);
  // The engine's row number is lost when the file has a column of that name; then the order of
  // reading counts.
  const std::string row_sql = own_row_number ? "(file_row_number + 1)" : "row_number() OVER ()";
  const std::string row_column = "\"(row)\"";

  std::string select;
  std::vector<Checked> checked, decimals;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const SourceColumn& source = head.columns[i];
    Type wanted = type_of(source);
    if (wanted == Type::kOther) wanted = Type::kText;
    const std::string column = "t." + sql_identifier(source.name);
    const auto plan = plan_column(column, source.declared, wanted);
    if (!plan) {
      return fail("SY1216",
                  "the column holds " + source.declared + ", which cannot become " +
                      std::string(sql_type(wanted)),
                  head.path + ", column " + terminal_safe(source.name),
                  "export the bill with the provider's own types");
    }
    std::string sql = plan->sql;
    const std::string own_name = relation_name + "_c" + std::to_string(i);
    if (plan->via) {
      Checked entry{source.name, *plan->via, plan->sql};
      if (auto added = engine.add_function(conversion(own_name, head.path, entry)); !added)
        return pass(added);
      sql = sql_identifier(own_name) + "(" + sql + ", t." + row_column + ")";
      if (wanted == Type::kDecimal) decimals.push_back(entry);
      checked.push_back(std::move(entry));
    } else if (plan->map_function) {
      if (auto added = engine.add_function(map_of_text(own_name, plan->drop_nulls, file.outcome));
          !added)
        return pass(added);
      sql = sql_identifier(own_name) + "(" + sql + ")";
    }
    select += sql + " AS " + sql_identifier(names[i]) + ", ";
    file.columns.push_back({names[i], wanted});
  }

  const auto arguments = [](const std::vector<Checked>& columns) {
    std::string list;
    for (const Checked& column : columns) list += (list.empty() ? "" : ", ") + column.sql;
    return list;
  };
  std::string notes = "CAST(NULL AS VARCHAR)";
  if (!decimals.empty()) {
    const std::string name = relation_name + "_notes";
    notes = sql_identifier(name) + "(" + arguments(decimals) + ")";
    if (auto added = engine.add_function(decimal_notes(name, std::move(decimals), file.outcome));
        !added)
      return pass(added);
  }
  std::string where;
  if (limits.max_rejected_rows > 0 && !checked.empty()) {
    const std::string name = relation_name + "_check";
    where = " WHERE " + sql_identifier(name) + "(t." + row_column + ", " + arguments(checked) + ")";
    auto added = engine.add_function(
        row_check(name, head.path, std::move(checked), file.outcome, limits.max_rejected_rows));
    if (!added) return pass(added);
  }
  file.from = "(SELECT " + select + "t." + row_column + " AS \"" + std::string(kSourceRow) +
              "\", " + notes + " AS \"" + std::string(kSourceDecimals) + "\" FROM (SELECT *, " +
              row_sql + " AS " + row_column + " FROM read_parquet(" + path_literal(head.path) +
              ", hive_partitioning=false" + (own_row_number ? ", file_row_number=true" : "") +
              ")) t" + where + ")";
  file.outcome->begin(head.rows);
  file.head = std::move(head);
  return file;
}

}  // namespace steelyard
