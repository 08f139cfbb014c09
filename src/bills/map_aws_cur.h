// AWS Cost and Usage Reports, legacy and 2.0, as FOCUS 1.4. Both have the same line items under
// other spellings ("lineItem/UnblendedCost", "line_item_unblended_cost"), so one set of rules
// serves both; docs/reference/formats.md lists them. Used behind the door of bills/ only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bills/formats.h"

namespace steelyard {

/// "aws-cur-legacy", "aws-cur-2.0", or "" when the columns are of neither.
std::string_view guess_aws_cur(const std::vector<std::string>& names);

/// Columns without which no row can be mapped, that are absent; under the names of CUR 2.0.
std::vector<std::string> missing_aws_cur(const std::vector<std::string>& names);

Type aws_cur_type(const SourceColumn& column);

Result<Mapping> map_aws_cur(const Format& format, const std::vector<ColumnSpec>& columns);

}  // namespace steelyard
