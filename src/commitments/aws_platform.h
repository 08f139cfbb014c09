// What AWS sells reserved instances of: a platform (operating system and tenancy, database or cache
// engine), as its bills' operation codes tell it, in the words of its own offerings. A reserved
// instance covers usage of its platform only, and whether it covers other sizes depends on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "commitments/offer.h"
#include "money/decimal.h"

namespace steelyard {

/// At the end of a size of RDS: a database in two zones; one in three, two of which can be read;
/// one of Aurora whose price has its input and output. They take 2, 3 and 1.3 times as many
/// normalized units (user guides of RDS and Aurora, "Reserved DB instances"). The last two are not
/// sold.
inline constexpr std::string_view kSeveralZones = " (Multi-AZ)", kCluster = " (Multi-AZ cluster)",
                                  kIoOptimized = " (I/O-Optimized)";
/// At the end of a platform: of hardware that nobody else uses.
inline constexpr std::string_view kDedicated = " (dedicated)";

/// SQL: the platform of a line ("Linux/UNIX", "Windows (dedicated)", "postgresql",
/// "sqlserver-se(li)", "redis"); the operation code where it is not known; without one, what the
/// words say; or ''. All arguments are SQL of texts that are never null: line_item_operation,
/// line_item_usage_type, and in lower case what the line says of itself. Codes of EC2: user guide,
/// "AMI billing information fields"; of RDS and ElastiCache: the price list.
std::string aws_platform_sql(const std::string& operation, const std::string& usage_type,
                             const std::string& words);

/// SQL: the operation code if it is a known one, else ''.
std::string aws_known_code_sql(const std::string& operation);

/// SQL: kSeveralZones, kCluster or kIoOptimized where the usage type says so, else ''.
std::string aws_deployment_sql(const std::string& usage_type);

/// Normalized units of a size of a bill (offer.h), which may have such an end.
std::optional<Decimal> aws_units_of(std::string_view size);

/// Whether reserved instances or nodes of the instrument are sold by this name, without kDedicated.
/// Windows, Red Hat with a licence of one's own and Ubuntu Pro are none of EC2's offerings, nor are
/// unknown codes.
bool aws_sells(Instrument instrument, std::string_view platform);

/// Whether a regional reserved instance of EC2 or one of RDS covers other sizes of its family;
/// `platform` as above, "" is taken for Linux or an engine that does. RDS: MySQL, MariaDB,
/// PostgreSQL, Aurora, Db2 and Oracle with the customer's licence do, across one and several zones;
/// SQL Server and Oracle with the licence included do not (user guide, as above).
bool aws_covers_other_sizes(bool database, std::string_view family, std::string_view platform);

}  // namespace steelyard
