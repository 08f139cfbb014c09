// Columns by the names that people use: `service`, `account`, `tag:team` or a FOCUS column itself.
// Names come from questions, so a name that is not known is an error with its near ones, never SQL.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/lake.h"
#include "money/money.h"

namespace steelyard {

/// A short name for a column of the lake. `grain` is for names that cut a time: "day", "month".
struct ColumnAlias {
  std::string_view name;
  std::string_view column;
  std::string_view grain;
  std::string_view title;
};
/// Sorted by name; the manual and the completion are made of it.
std::span<const ColumnAlias> column_aliases();

/// Something that rows can be filtered and grouped by.
struct Dimension {
  std::string
      name;  ///< as asked, canonical: "service", "ServiceName" stays "ServiceName", "tag:team"
  std::string title;   ///< for a head line: "service", "team"
  std::string column;  ///< column of the lake
  std::string tag;     ///< key within `column` when that is a map
  std::string grain;   ///< "hour", "day", "month" for times cut to their beginning, else ""
  Type type = Type::kText;
  bool operator==(const Dimension&) const = default;
};

/// Finds what `name` means among the columns of `schema` (all aliases when the schema is empty).
/// `cost` means the column of `basis`. SY1501 unknown column (with near ones), SY1502 a tag without
/// key.
Result<Dimension> resolve_dimension(std::string_view name, const std::vector<SchemaField>& schema,
                                    Basis basis = Basis::kEffective);
/// Several; no doubles (SY1503) and none of money or quantity (SY1504).
Result<std::vector<Dimension>> resolve_dimensions(const std::vector<std::string>& names,
                                                  const std::vector<SchemaField>& schema);

/// The expression over a row of the view, of the dimension's type (text for tags and grains).
std::string sql_of(const Dimension& dimension);

}  // namespace steelyard
