// What AWS sells reserved instances of: a platform (operating system, database engine), as its
// bills' operation codes tell it, in the words of its own offerings. A reserved instance covers
// usage of its platform only, and whether it covers other sizes depends on it.
#pragma once

#include <string>
#include <string_view>

namespace steelyard {

/// At the end of a size: a database in two zones, of twice as many normalized units.
inline constexpr std::string_view kSeveralZones = " (Multi-AZ)";
/// At the end of a platform: of hardware that nobody else uses.
inline constexpr std::string_view kDedicated = " (dedicated)";

/// SQL: the platform of a line of Amazon EC2 ("Linux/UNIX", "Windows (dedicated)") or Amazon RDS
/// ("postgresql", "sqlserver-se(li)"), or '' where the code is not known. Both arguments are SQL of
/// texts that are never null: line_item_operation, and line_item_usage_type with or without the
/// region before it. Codes of EC2: user guide, "AMI billing information fields"; of RDS: the price
/// list.
std::string aws_platform_sql(const std::string& operation, const std::string& usage_type);

/// Whether a regional reserved instance of EC2 or one of RDS covers other sizes of its family:
/// `platform` as above, or '', when `words` (lower case; type and descriptions of its charges)
/// tell. RDS: MySQL, MariaDB, PostgreSQL, Aurora, Db2 and Oracle with the customer's licence do,
/// across one and two zones; SQL Server and Oracle with the licence included do not (Amazon RDS
/// user guide, "Reserved DB instances").
bool aws_covers_other_sizes(bool database, std::string_view family, std::string_view platform,
                            std::string_view words);

}  // namespace steelyard
