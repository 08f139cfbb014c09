#include "commitments/text_table.h"

#include <fstream>
#include <iterator>

#include "bills/reading.h"
#include "commitments/checks.h"

// Errors are values here too.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace steelyard {
namespace {

/// What stands in the source for a value that is no text: a number keeps its digits.
std::string written(const std::vector<std::string>& lines, const toml::node& value) {
  const toml::source_region& source = value.source();
  if (source.begin.line == 0 || source.begin.line > lines.size() ||
      source.begin.line != source.end.line)
    return "";
  const std::string& line = lines[source.begin.line - 1];
  std::size_t at = 0;  // columns count characters, not bytes
  for (toml::source_index column = 1; column < source.begin.column && at < line.size(); ++column)
    while (++at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) {
    }
  std::string text = line.substr(at);
  // A blank may stand between a date and its time.
  text = text.substr(0, text.find_first_of(value.is_date_time() ? ",#}]\t\r" : ",#}] \t\r"));
  text = trim(text);
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  return text;
}

Result<TextTable> read_toml(const std::string& path, std::string code) {
  TextTable table;
  table.path = path;
  table.code = std::move(code);
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return fail("SY1205", "cannot read the file", path, "look at the path and at the disk");
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // the parser does not count the mark
  const std::vector<std::string> lines = split(text, '\n');
  const toml::parse_result parsed = toml::parse(text, path);
  const std::string example = "write each row as [[purchase]], and below it offer = \"...\"";
  if (!parsed)
    return fail(table.code, "it is not TOML: " + std::string(parsed.error().description()),
                path + ", line " + std::to_string(parsed.error().source().begin.line), example);
  const toml::array* rows = nullptr;
  for (const auto& [name, node] : parsed.table()) {
    const toml::array* array = node.as_array();
    if (rows != nullptr || array == nullptr || !array->is_array_of_tables())
      return fail(table.code, "`" + std::string(name.str()) + "` is not the one list of rows",
                  path + ", line " + std::to_string(node.source().begin.line), example);
    rows = array;
  }
  if (rows == nullptr) return fail(table.code, "the file has no rows", path, example);
  if (rows->size() > static_cast<std::size_t>(kMaxTableRows))
    return fail(table.code, "the file has more than " + std::to_string(kMaxTableRows) + " rows",
                path, "add up those that are alike");
  for (const toml::node& node : *rows)
    for (const auto& [name, value] : *node.as_table())
      if (!table.find(name.str())) table.columns.emplace_back(name.str());
  for (const toml::node& node : *rows) {
    std::vector<std::string> cells(table.columns.size());
    table.lines.push_back(static_cast<std::int64_t>(node.source().begin.line));
    for (const auto& [name, value] : *node.as_table()) {
      if (!value.is_value())
        return fail(table.code, "`" + std::string(name.str()) + "` is no single value",
                    path + ", line " + std::to_string(value.source().begin.line),
                    "write a text, a number or a time");
      const auto text_of = value.value_exact<std::string>();
      cells[*table.find(name.str())] =
          text_of ? std::string(trim(*text_of)) : written(lines, value);
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

Result<std::string> new_relation(Engine& engine) {
  auto taken = engine.query(
      "SELECT count(DISTINCT function_name) FROM duckdb_functions() WHERE function_name LIKE "
      "'commitments_table_%'");
  if (!taken) return pass(taken);
  return "commitments_table_" + taken->rows[0][0].text();
}

Result<TextTable> read_text_table(Engine& engine, const std::string& path, std::string code) {
  if (path.ends_with(".toml")) return read_toml(path, std::move(code));
  auto relation = new_relation(engine);
  if (!relation) return pass(relation);
  auto file = open_file(engine, path, *relation, [](const SourceColumn&) { return Type::kText; });
  if (!file) return pass(file);
  TextTable table;
  table.path = path;
  table.code = std::move(code);
  std::string columns;
  for (const ColumnSpec& column : file->columns) {
    table.columns.push_back(column.name);
    columns += "CAST(" + sql_identifier(column.name) + " AS VARCHAR), ";
  }
  auto rows = engine.query("SELECT " + columns + "\"x_SourceRow\" FROM " + file->from +
                           " ORDER BY \"x_SourceRow\" LIMIT " + std::to_string(kMaxTableRows + 1));
  if (!rows) return pass(rows);
  if (rows->rows.size() > kMaxTableRows)
    return fail(table.code, "the table has more than " + std::to_string(kMaxTableRows) + " rows",
                path, "leave out what is not used; `*` in a pool column matches any value");
  for (const auto& row : rows->rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      cells.emplace_back(trim(row[i].text()));
    }
    table.rows.push_back(std::move(cells));
    table.lines.push_back(std::get<std::int64_t>(row.back().value));
  }
  return table;
}

}  // namespace steelyard
