// The filter language of --where:
//   service=Amazon EC2 and (region in (eu-west-1, us-east-1) or tag:team!=web) and cost>100 and not
//   account like 12*
// A filter is a tree; SQL is made from the tree by quoting, never from the text, so a value can
// hold anything. Every comparison is true or false: a missing value equals nothing and differs from
// everything, so `tag:team!=web` keeps the untagged rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/columns.h"

namespace steelyard {

/// A node of a filter.
struct Filter {
  enum class Kind { kAll, kAnd, kOr, kNot, kCompare, kIn, kLike, kIsNull };
  enum class Operator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  Kind kind = Kind::kAll;          ///< kAll: no condition
  Operator op = Operator::kEqual;  ///< for kCompare
  std::string name;                ///< the column as written: "service", "tag:team"
  std::vector<std::string>
      values;  ///< one for kCompare and kLike (`*` and `?` as in a shell), several for kIn
  std::vector<Filter> parts;  ///< for kAnd, kOr (two or more) and kNot (one)
  bool operator==(const Filter&) const = default;
};

/// Limits: a filter is typed by a person.
inline constexpr std::size_t kMaxFilterBytes = 64 << 10;
inline constexpr int kMaxFilterDepth = 64;

/// SY1510 with the place of what is not understood. Empty text is kAll. Column names are not looked
/// up yet.
Result<Filter> parse_filter(std::string_view text);
/// Canonical text: parse_filter(to_text(f)) == f.
std::string to_text(const Filter& filter);
/// A condition over the view. SY1501 unknown column, SY1511 a value that does not fit the column's
/// type. "true" for kAll.
Result<std::string> sql_of(const Filter& filter, const std::vector<SchemaField>& schema,
                           Basis basis);

/// The filter that holds for rows whose dimension has this value (null pointer: no value).
Filter equals(const std::string& name, const std::string* value);
/// Both; nothing is nested needlessly.
Filter both(Filter a, Filter b);
Filter negate(Filter filter);

}  // namespace steelyard
