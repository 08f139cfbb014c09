// Small tables that a person keeps: CSV as a spreadsheet saves it, or TOML. Behind the door of
// commitments/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "engine/engine.h"

namespace steelyard {

/// A small file as text, each row with its line, so that an error can say where.
struct TextTable {
  std::string path;
  std::string code;  ///< of errors in it
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::int64_t> lines;

  std::optional<std::size_t> find(std::string_view column) const {
    const auto at = std::find(columns.begin(), columns.end(), column);
    if (at == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(at - columns.begin());
  }
  std::string cell(std::size_t row, std::string_view column) const {
    const auto at = find(column);
    return at ? rows[row][*at] : std::string();
  }
  std::string place(std::size_t row, std::string_view column = {}) const {
    std::string where = path + ", line " + std::to_string(lines[row]);
    return column.empty() ? where : where + ", column `" + std::string(column) + "`";
  }
  tl::unexpected<Error> bad(std::size_t row, std::string_view column, std::string what,
                            std::string fix) const {
    return fail(code, std::move(what), place(row, column), std::move(fix));
  }
  Status needs(std::initializer_list<std::string_view> names) const {
    for (const std::string_view column : names) {
      if (find(column)) continue;
      return fail(code, "the file has no column `" + std::string(column) + "`", path,
                  "it has " + join(columns, ", "));
    }
    return {};
  }
};

/// A CSV file; or where the path ends in `.toml` an array of tables, whatever its name, each table
/// a row: numbers and times are taken as they are written, digit by digit. `code` is that of errors
/// in it.
Result<TextTable> read_text_table(Engine& engine, const std::string& path, std::string code);

/// A name for open_file that no file has had: a source stays registered under its name for good.
Result<std::string> new_relation(Engine& engine);

}  // namespace steelyard
