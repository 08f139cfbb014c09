#include "commitments/aws_platform.h"

#include <cstddef>

#include "base/text.h"
#include "commitments/offer.h"

namespace steelyard {

namespace {

struct Platform {
  std::string_view operation, name;
};

constexpr Platform kSystems[] = {
    {"RunInstances", "Linux/UNIX"},
    {"RunInstances:00g0", "Red Hat BYOL Linux"},
    {"RunInstances:0010", "Red Hat Enterprise Linux"},
    {"RunInstances:1010", "Red Hat Enterprise Linux with HA"},
    {"RunInstances:1014", "Red Hat Enterprise Linux with SQL Server Standard and HA"},
    {"RunInstances:1110", "Red Hat Enterprise Linux with SQL Server Enterprise and HA"},
    {"RunInstances:0014", "Red Hat Enterprise Linux with SQL Server Standard"},
    {"RunInstances:0210", "Red Hat Enterprise Linux with SQL Server Web"},
    {"RunInstances:0110", "Red Hat Enterprise Linux with SQL Server Enterprise"},
    {"RunInstances:0004", "Linux with SQL Server Standard"},
    {"RunInstances:0200", "Linux with SQL Server Web"},
    {"RunInstances:0100", "Linux with SQL Server Enterprise"},
    {"RunInstances:000g", "SUSE Linux"},
    {"RunInstances:0g00", "Ubuntu Pro"},
    {"RunInstances:0002", "Windows"},
    {"RunInstances:0800", "Windows BYOL"},
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

bool is_one_size_engine(std::string_view engine) {
  return engine.starts_with("sqlserver") ||
         (engine.starts_with("oracle") && engine.find("(li)") != std::string_view::npos);
}

/// WHEN ... THEN ... of each.
template <std::size_t n>
std::string names_of(const Platform (&platforms)[n], std::string_view suffix = {}) {
  std::string sql;
  for (const Platform& each : platforms)
    sql += " WHEN " + sql_literal(each.operation) + " THEN " +
           sql_literal(std::string(each.name) + std::string(suffix));
  return sql;
}

}  // namespace

std::string aws_platform_sql(const std::string& operation, const std::string& usage_type) {
  const auto of_meter = [&](const std::string& meter, const std::string& names) {
    return "WHEN regexp_matches(" + usage_type + ", '(^|-)" + meter + "(:|$)') THEN CASE " +
           operation + names + " ELSE '' END ";
  };
  return "CASE " + of_meter("BoxUsage", names_of(kSystems)) +
         of_meter("DedicatedUsage", names_of(kSystems, kDedicated)) +
         of_meter("(InstanceUsage|Multi-AZUsage)", names_of(kEngines)) + "ELSE '' END";
}

bool aws_covers_other_sizes(bool database, std::string_view family, std::string_view platform,
                            std::string_view words) {
  const auto say = [&](std::string_view word) {
    return words.find(word) != std::string_view::npos;
  };
  if (database)
    return platform.empty() ? !say("sql server") && !say("sqlserver") &&
                                  !(say("oracle") && (say("(li)") || say("license included")))
                            : !is_one_size_engine(platform);
  if (platform.empty()) {
    const bool other = say("windows") || say("red hat") || say("rhel") || say("suse") ||
                       say("sql server") || say("sql std") || say("sql web");
    return aws_is_size_flexible(family, other ? "other" : "Linux/UNIX",
                                say("dedicated") ? "dedicated" : "default");
  }
  const bool dedicated = platform.ends_with(kDedicated);
  if (dedicated) platform.remove_suffix(kDedicated.size());
  return aws_is_size_flexible(family, platform, dedicated ? "dedicated" : "default");
}

}  // namespace steelyard
