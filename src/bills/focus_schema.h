// The FOCUS schema as data, and how the names of a real file find their place in it: any case,
// snake case, and the aliases of earlier drafts and of Oracle. Used behind the door of bills/ only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bills/formats.h"

namespace steelyard {

/// Lower case without '_', '-', ' ' and '/': "billed_cost", "BilledCost" -> "billedcost";
/// "lineItem/UsageType" -> "lineitemusagetype".
std::string folded(std::string_view name);

/// A column that is the provider's own by its name: x_Foo.
bool is_custom(std::string_view name);

/// Position in focus_columns(dataset) of a source column's name, by its name or an alias; nothing
/// when it is not one.
std::optional<std::size_t> focus_position(Dataset dataset, std::string_view source_name);

/// For each of focus_columns(dataset): the position of its source column in `names`, -1 when
/// absent. An exact name wins over another spelling, another spelling over an alias, the first over
/// a later one; so each source column is used at most once and the rest stay custom columns.
std::vector<int> match_focus_columns(Dataset dataset, const std::vector<std::string>& names);

/// "x_" and the name with every character outside [A-Za-z0-9_] and non-ASCII letters replaced by
/// '_'; one that begins with x_ keeps it. Names of the lake's own columns (kReservedColumns) get a
/// suffix. `taken` holds lower-case names in use and learns the new one: a name that is taken,
/// ignoring case, becomes name_2, name_3 ...
std::string custom_name(std::string_view source_name, std::vector<std::string>& taken);

/// Columns that ingest adds to every row.
inline constexpr std::string_view kReservedColumns[] = {
    "x_billingperiod", "x_source",     "x_sourcefile", "x_sourcerow",  "x_sourcedecimals",
    "x_deliveryid",    "x_sourcepath", "x_repairs",    "x_derivation", "x_part"};

/// The dataset and version that a file's columns speak of, without asking whether all are there.
struct FocusGuess {
  Dataset dataset = Dataset::kCharges;
  int minor = 0;                     ///< FOCUS 1.<minor>
  std::size_t matched = 0;           ///< columns known
  std::vector<std::string> missing;  ///< mandatory ones that are absent
};
FocusGuess guess_focus(const std::vector<std::string>& names);

}  // namespace steelyard
