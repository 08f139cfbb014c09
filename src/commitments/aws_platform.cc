#include "commitments/aws_platform.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"

namespace steelyard {

namespace {

struct Platform {
  std::string_view operation, name;
  bool sold = true;
};

constexpr Platform kSystems[] = {
    {"RunInstances", "Linux/UNIX"},
    {"RunInstances:00g0", "Red Hat BYOL Linux", false},
    {"RunInstances:0010", "Red Hat Enterprise Linux"},
    {"RunInstances:1010", "Red Hat Enterprise Linux with HA"},
    {"RunInstances:1014", "Red Hat Enterprise Linux with HA and SQL Server Standard"},
    {"RunInstances:1110", "Red Hat Enterprise Linux with HA and SQL Server Enterprise"},
    {"RunInstances:0014", "Red Hat Enterprise Linux with SQL Server Standard"},
    {"RunInstances:0210", "Red Hat Enterprise Linux with SQL Server Web"},
    {"RunInstances:0110", "Red Hat Enterprise Linux with SQL Server Enterprise"},
    {"RunInstances:0004", "Linux with SQL Server Standard"},
    {"RunInstances:0200", "Linux with SQL Server Web"},
    {"RunInstances:0100", "Linux with SQL Server Enterprise"},
    {"RunInstances:000g", "SUSE Linux"},
    {"RunInstances:0g00", "Ubuntu Pro", false},
    {"RunInstances:0002", "Windows"},
    {"RunInstances:0800", "Windows BYOL", false},
    {"RunInstances:0006", "Windows with SQL Server Standard"},
    {"RunInstances:0202", "Windows with SQL Server Web"},
    {"RunInstances:0102", "Windows with SQL Server Enterprise"},
};

constexpr Platform kEngines[] = {
    {"CreateDBInstance:0002", "mysql"},
    {"CreateDBInstance:0003", "oracle-se1(byol)"},
    {"CreateDBInstance:0004", "oracle-se(byol)"},
    {"CreateDBInstance:0005", "oracle-ee(byol)"},
    {"CreateDBInstance:0006", "oracle-se1(li)"},
    {"CreateDBInstance:0008", "sqlserver-se(byol)"},
    {"CreateDBInstance:0009", "sqlserver-ee(byol)"},
    {"CreateDBInstance:0010", "sqlserver-ex(li)"},
    {"CreateDBInstance:0011", "sqlserver-web(li)"},
    {"CreateDBInstance:0012", "sqlserver-se(li)"},
    {"CreateDBInstance:0014", "postgresql"},
    {"CreateDBInstance:0015", "sqlserver-ee(li)"},
    {"CreateDBInstance:0016", "aurora-mysql"},
    {"CreateDBInstance:0018", "mariadb"},
    {"CreateDBInstance:0019", "oracle-se2(byol)"},
    {"CreateDBInstance:0020", "oracle-se2(li)"},
    {"CreateDBInstance:0021", "aurora-postgresql"},
};

constexpr Platform kCaches[] = {
    {"CreateCacheCluster:0001", "memcached"},
    {"CreateCacheCluster:0002", "redis"},
};

/// Words of a line without a code, the first that it has: SQL patterns. Names without an edition
/// are not sold.
struct Words {
  std::string_view pattern, name;
};

constexpr Words kSystemWords[] = {
    {"%windows%sql%enterprise%", "Windows with SQL Server Enterprise"},
    {"%windows%sql%web%", "Windows with SQL Server Web"},
    {"%windows%sql%st%", "Windows with SQL Server Standard"},
    {"%sql%enterprise%windows%", "Windows with SQL Server Enterprise"},
    {"%sql%web%windows%", "Windows with SQL Server Web"},
    {"%sql%st%windows%", "Windows with SQL Server Standard"},
    {"%windows%", "Windows"},
    {"%red hat%sql%", "Red Hat Enterprise Linux with SQL Server"},
    {"%rhel%sql%", "Red Hat Enterprise Linux with SQL Server"},
    {"%red hat%with ha%", "Red Hat Enterprise Linux with HA"},
    {"%rhel%with ha%", "Red Hat Enterprise Linux with HA"},
    {"%red hat%", "Red Hat Enterprise Linux"},
    {"%rhel%", "Red Hat Enterprise Linux"},
    {"%suse%", "SUSE Linux"},
    {"%linux%sql%enterprise%", "Linux with SQL Server Enterprise"},
    {"%linux%sql%web%", "Linux with SQL Server Web"},
    {"%linux%sql%st%", "Linux with SQL Server Standard"},
    {"%linux%", "Linux/UNIX"},
};

constexpr Words kDatabaseWords[] = {
    {"%sql server ee%", "sqlserver-ee(li)"},
    {"%sql server enterprise%", "sqlserver-ee(li)"},
    {"%sql server se%", "sqlserver-se(li)"},
    {"%sql server standard%", "sqlserver-se(li)"},
    {"%sql server web%", "sqlserver-web(li)"},
    {"%sql server ex%", "sqlserver-ex(li)"},
    {"%sql server%", "sqlserver"},
    {"%oracle%(li)%", "oracle(li)"},
    {"%oracle%license included%", "oracle(li)"},
    {"%oracle%", "oracle(byol)"},
    {"%aurora%postgres%", "aurora-postgresql"},
    {"%aurora%", "aurora-mysql"},
    {"%postgres%", "postgresql"},
    {"%mariadb%", "mariadb"},
    {"%mysql%", "mysql"},
};

constexpr Words kCacheWords[] = {
    {"%memcached%", "memcached"}, {"%redis%", "redis"}, {"%valkey%", "valkey"}};

bool is_one_size_engine(std::string_view engine) {
  return engine.starts_with("sqlserver") ||
         (engine.starts_with("oracle") && engine.find("(li)") != std::string_view::npos);
}

std::string by_words(const std::string& words, const auto& patterns) {
  std::string sql = "CASE";
  for (const Words& each : patterns)
    sql +=
        " WHEN " + words + " LIKE " + sql_literal(each.pattern) + " THEN " + sql_literal(each.name);
  return sql + " ELSE '' END";
}

std::string by_code(const std::string& operation, const auto& platforms) {
  std::string sql = "CASE " + operation;
  for (const Platform& each : platforms)
    sql += " WHEN " + sql_literal(each.operation) + " THEN " + sql_literal(each.name);
  return sql + " END";
}

}  // namespace

std::string aws_platform_sql(const std::string& operation, const std::string& usage_type,
                             const std::string& words) {
  const auto is_usage = [&](const std::string& names) {
    return "regexp_matches(" + usage_type + ", '(^|-)(" + names + ")(:|$)')";
  };
  const std::string system = "coalesce(" + by_code(operation, kSystems) + ", CASE WHEN " +
                             operation + " = '' AND " + words + " NOT LIKE '%db.%' AND " + words +
                             " NOT LIKE '%cache.%' THEN nullif(" + by_words(words, kSystemWords) +
                             ", '') END)";
  const std::string tenancy =
      "CASE WHEN " + is_usage("DedicatedUsage|DedicatedRes|UnusedDed") + " THEN " +
      sql_literal(kDedicated) + " WHEN " + is_usage("HostBoxUsage|HostUsage") +
      " THEN ' (host)' WHEN " + is_usage("BoxUsage|UnusedBox") + " THEN '' WHEN " + words +
      " LIKE '%dedicated%' THEN " + sql_literal(kDedicated) + " ELSE '' END";
  return "coalesce(" + system + " || " + tenancy + ", " + by_code(operation, kEngines) + ", " +
         by_code(operation, kCaches) + ", nullif(" + operation + ", ''), CASE WHEN " + words +
         " LIKE '%cache.%' THEN " + by_words(words, kCacheWords) + " WHEN " + words +
         " LIKE '%db.%' THEN " + by_words(words, kDatabaseWords) + " ELSE '' END)";
}

std::string aws_known_code_sql(const std::string& operation) {
  std::vector<std::string> codes;
  for (const auto& platforms :
       {std::span<const Platform>(kSystems), std::span<const Platform>(kEngines),
        std::span<const Platform>(kCaches)})
    for (const Platform& each : platforms) codes.push_back(sql_literal(each.operation));
  return "CASE WHEN " + operation + " IN (" + join(codes, ", ") + ") THEN " + operation +
         " ELSE '' END";
}

std::string aws_deployment_sql(const std::string& usage_type) {
  return "CASE WHEN " + usage_type + " LIKE '%Multi-AZUsage%' THEN " + sql_literal(kSeveralZones) +
         " WHEN " + usage_type + " LIKE '%Multi-AZClusterUsage%' THEN " + sql_literal(kCluster) +
         " WHEN " + usage_type + " LIKE '%IOOptimized%' THEN " + sql_literal(kIoOptimized) +
         " ELSE '' END";
}

std::optional<Decimal> aws_units_of(std::string_view size) {
  int tenths = 10;
  for (const auto& [suffix, as_many] :
       {std::pair{kSeveralZones, 20}, std::pair{kCluster, 30}, std::pair{kIoOptimized, 13}}) {
    if (!size.ends_with(suffix)) continue;
    size.remove_suffix(suffix.size());
    tenths = as_many;
  }
  auto units = aws_normalisation_factor(size);
  if (units) units->units = units->units * tenths / 10;
  return units;
}

bool aws_sells(Instrument instrument, std::string_view platform) {
  const auto platforms = instrument == Instrument::kRdsRi ? std::span<const Platform>(kEngines)
                         : instrument == Instrument::kElastiCacheRi
                             ? std::span<const Platform>(kCaches)
                             : std::span<const Platform>(kSystems);
  return std::any_of(platforms.begin(), platforms.end(),
                     [&](const Platform& each) { return each.sold && each.name == platform; });
}

bool aws_covers_other_sizes(bool database, std::string_view family, std::string_view platform) {
  if (database) return !is_one_size_engine(platform);
  const bool dedicated = platform.ends_with(kDedicated);
  if (dedicated) platform.remove_suffix(kDedicated.size());
  return aws_is_size_flexible(family, platform.empty() ? "Linux/UNIX" : platform,
                              dedicated ? "dedicated" : "default");
}

}  // namespace steelyard
