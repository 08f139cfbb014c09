// Any lines as the names of a header: the format is refused with a code, or its mapping names each
// column of the lake once and every column of the source has a place.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "bills/csv_head.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"

namespace {

using namespace steelyard;

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FileHead head;
  head.path = "fuzz";
  std::vector<std::string> names;
  for (const auto& name : split(std::string(text), '\n')) {
    const std::string trimmed(trim(name));
    // What a header may not have is refused before (SY1203).
    if (!trimmed.empty() && std::find(names.begin(), names.end(), trimmed) == names.end())
      names.push_back(trimmed);
  }
  for (const std::string& name : delivered_names(names)) head.columns.push_back({name});

  for (const std::string_view forced : {"", "focus", "focus-1.2", "aws-cur", "aws-cur-legacy"}) {
    const auto format = detect_format(head, forced);
    if (!format) {
      must(format.error().code.starts_with("SY12"));
      for (const char c : format.error().what) must(static_cast<unsigned char>(c) >= 0x20);
      continue;
    }
    std::vector<ColumnSpec> columns;
    for (const SourceColumn& column : head.columns)
      columns.push_back({column.name, source_type(*format, column)});
    const auto mapping = map_to_focus(*format, columns);
    if (!mapping) continue;
    std::set<std::string> mapped;
    std::string sql = mapping->expand;
    for (const MappedColumn& column : mapping->columns) {
      must(mapped.insert(folded(column.field.name)).second);
      sql += column.sql;
    }
    for (const ColumnSpec& column : columns)
      must(sql.find(sql_identifier(column.name)) != std::string::npos);
  }
  return 0;
}
