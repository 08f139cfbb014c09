#include "ledger/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace steelyard {
namespace {

/// "x_BillingPeriod=2026-07/x_Source=aws/…": the engine then reads the partition from the path
/// itself, and skips files by it.
bool path_tells_partition(const DataFile& file, const std::vector<std::string>& columns) {
  const auto parts = split(file.path, '/');
  for (const auto& column : columns) {
    const auto value = file.partition.find(column);
    if (value == file.partition.end()) return false;
    if (std::find(parts.begin(), parts.end(), column + "=" + value->second) == parts.end())
      return false;
  }
  return true;
}

std::string file_list(Store& store, const std::string& table,
                      const std::vector<const DataFile*>& files) {
  std::string list;
  for (const auto* file : files) {
    list += (list.empty() ? "" : ", ") + sql_literal(store.absolute(table + "/" + file->path));
  }
  return "[" + list + "]";
}

/// A relation over the files with the partition columns, in which every file may have other
/// columns.
std::string relation_of(Store& store, const std::string& table, const std::vector<DataFile>& files,
                        const std::vector<std::string>& partition_columns) {
  const bool paths_tell = std::all_of(files.begin(), files.end(), [&](const DataFile& file) {
    return path_tells_partition(file, partition_columns);
  });
  if (paths_tell) {
    std::vector<const DataFile*> all;
    std::string types;
    for (const auto& file : files) all.push_back(&file);
    for (const auto& column : partition_columns)
      types += (types.empty() ? "" : ", ") + sql_literal(column) + ": VARCHAR";
    const std::string hive = partition_columns.empty()
                                 ? "hive_partitioning=false"
                                 : "hive_partitioning=true, hive_types={" + types + "}";
    return "SELECT * FROM read_parquet(" + file_list(store, table, all) + ", union_by_name=true, " +
           hive + ")";
  }
  std::map<std::map<std::string, std::string>, std::vector<const DataFile*>> groups;
  for (const auto& file : files) groups[file.partition].push_back(&file);
  std::string sql;
  for (const auto& [partition, members] : groups) {
    if (!sql.empty()) sql += " UNION ALL BY NAME ";
    sql += "SELECT *";
    for (const auto& column : partition_columns) {
      const auto value = partition.find(column);
      const auto text = value == partition.end() ? std::string("CAST(NULL AS VARCHAR)")
                                                 : sql_literal(value->second);
      sql += ", " + text + " AS " + sql_identifier(column);
    }
    sql += " FROM read_parquet(" + file_list(store, table, members) +
           ", union_by_name=true, hive_partitioning=false)";
  }
  return sql;
}

/// The instants between which the file's charges begin, if its statistics say so.
bool overlaps(const DataFile& file, const Period& period) {
  try {
    const auto stats = nlohmann::json::parse(file.stats);
    Instant low, high;
    const auto text = [&](const char* side) {
      return stats.at(side).at("ChargePeriodStart").get<std::string>();
    };
    if (!parse_instant(text("minValues"), low) || !parse_instant(text("maxValues"), high))
      return true;
    // Statistics may be cut to milliseconds, so the upper end is taken a little wider.
    high.micros += 1000;
    return low < instant_of(period.end) && !(high < instant_of(period.begin));
  } catch (const nlohmann::json::exception&) {
    return true;
  }
}

}  // namespace

bool in_billing_period(std::string_view month, const Period& period) {
  Instant begin;
  if (!parse_instant(std::string(month) + "-01", begin)) return false;
  return !(begin < instant_of(period.begin)) && begin < instant_of(period.end);
}

std::string sql_in_charge_period(const Period& period) {
  return "(\"ChargePeriodStart\" >= TIMESTAMPTZ '" + format_instant(instant_of(period.begin)) +
         "' AND \"ChargePeriodStart\" < TIMESTAMPTZ '" + format_instant(instant_of(period.end)) +
         "')";
}

std::string sql_in_billing_period(const Period& period) {
  std::string list;
  for (const auto& month : months_of(period)) {
    if (month < period.begin) continue;
    list += (list.empty() ? "" : ", ") + sql_literal(format_date(month).substr(0, 7));
  }
  if (list.empty()) return "false";
  return "(\"x_BillingPeriod\" IN (" + list + "))";
}

Status make_view(Engine& engine, Store& store, const std::string& table, const std::string& view,
                 const std::vector<DataFile>& files, const std::vector<SchemaField>& schema,
                 const std::vector<std::string>& partition_columns) {
  const auto name = sql_identifier(view);
  std::set<std::string> present;
  std::string relation;
  if (!files.empty()) {
    relation = relation_of(store, table, files, partition_columns);
    auto described = engine.query("DESCRIBE " + relation);
    if (!described) return pass(described);
    for (const auto& row : described->rows) present.insert(row.front().text());
  }
  std::string list;
  for (const auto& field : schema) {
    const auto column = sql_identifier(field.name);
    list += (list.empty() ? "" : ", ");
    list += present.count(field.name)
                ? column
                : "CAST(NULL AS " + std::string(sql_type(field.type)) + ") AS " + column;
  }
  const auto source = files.empty() ? " WHERE false" : " FROM (" + relation + ")";
  auto made = engine.run("CREATE OR REPLACE VIEW " + name + " AS SELECT " + list + source);
  if (!made) return pass(made);
  return {};
}

Result<Charges> open_charges(Engine& engine, Store& store, const ViewOptions& options) {
  Table table(store, "charges");
  auto snapshot = table.snapshot(options.version);
  if (!snapshot) return pass(snapshot);
  if (snapshot->version < 0) {
    return fail("SY1521", "the lake has no charges yet", options.lake,
                "load bills first: steelyard ingest FILES");
  }
  auto history = table.history();
  if (!history) return pass(history);
  auto active = active_deliveries(*history, snapshot->version);
  if (!active) return pass(active);

  Charges charges;
  charges.view = options.view;
  charges.lake = options.lake;
  charges.version = snapshot->version;
  charges.committed = snapshot->committed;
  charges.schema = snapshot->schema;
  charges.deliveries = std::move(*active);
  std::set<std::string> currencies;
  for (const auto& delivery : charges.deliveries) {
    for (const auto& [currency, sums] : delivery.record.sums) currencies.insert(currency);
  }
  charges.currencies.assign(currencies.begin(), currencies.end());

  Table invoices(store, "invoices");
  auto invoice_history = invoices.history();
  if (!invoice_history) return pass(invoice_history);
  if (!invoice_history->empty()) {
    auto active_invoices = active_deliveries(*invoice_history, invoice_history->back().version);
    if (!active_invoices) return pass(active_invoices);
    charges.invoices = std::move(*active_invoices);
  }

  for (auto& file : snapshot->files) {
    const auto month = file.partition.find("x_BillingPeriod");
    const bool other_month = options.billing_period && month != file.partition.end() &&
                             !in_billing_period(month->second, *options.billing_period);
    if (other_month || (options.charge_period && !overlaps(file, *options.charge_period))) {
      charges.whole = false;
      continue;
    }
    charges.files.push_back(std::move(file));
  }
  auto made = make_view(engine, store, "charges", options.view, charges.files, charges.schema,
                        snapshot->partition_columns);
  if (!made) return pass(made);
  return charges;
}

Result<std::vector<ActiveDelivery>> all_deliveries(Store& store, std::int64_t version) {
  auto history = Table(store, "charges").history();
  if (!history) return pass(history);
  std::vector<ActiveDelivery> all;
  for (const auto& info : *history) {
    if (info.version > version || info.delivery.empty()) continue;
    auto record = parse_delivery_record(info.delivery);
    if (!record) return pass(record);
    all.push_back({info.version, info.committed, std::move(*record)});
  }
  return all;
}

Result<std::vector<std::string>> open_other_tables(
    Engine& engine, Store& store,
    const std::function<Status(const Table&, const Snapshot&)>& verified) {
  std::vector<std::string> names;
  for (const char* name : {"invoices", "contract_commitments", "deliveries", "billing_periods"}) {
    Table table(store, name);
    auto snapshot = table.snapshot();
    if (!snapshot) return pass(snapshot);
    if (snapshot->version < 0) continue;
    if (verified) {
      if (auto sound = verified(table, *snapshot); !sound) return pass(sound);
    }
    auto made = make_view(engine, store, name, name, snapshot->files, snapshot->schema,
                          snapshot->partition_columns);
    if (!made) return pass(made);
    names.emplace_back(name);
  }
  return names;
}

Charges charges_of_files(const FilesView& view, const std::string& name) {
  Charges charges;
  charges.lake = name;
  charges.schema = view.schema;
  for (const auto& delivery : view.deliveries) {
    for (const auto& file : delivery.files) charges.file_names.push_back(file);
  }
  return charges;
}

std::map<std::string, Decimal> control_totals(const std::vector<ActiveDelivery>& active,
                                              std::string_view cost_column,
                                              const std::optional<Period>& billing_period) {
  std::map<std::string, Decimal> totals;
  for (const auto& delivery : active) {
    if (billing_period && !in_billing_period(delivery.record.billing_period, *billing_period))
      continue;
    for (const auto& [currency, sums] : delivery.record.sums) {
      const auto found = sums.out.find(std::string(cost_column));
      if (found != sums.out.end()) totals[currency] += found->second;
    }
  }
  return totals;
}

std::string reconciled_by_log(const Charges& charges, const std::optional<Period>& billing_period) {
  struct Pair {
    Decimal charged, invoiced;
    std::int64_t rows = 0;
    bool has_invoice = false;
  };
  std::map<std::pair<std::string, std::string>, Pair> pairs;
  for (const auto& delivery : charges.deliveries) {
    if (billing_period && !in_billing_period(delivery.record.billing_period, *billing_period))
      continue;
    for (const auto& [currency, sums] : delivery.record.sums) {
      auto& pair = pairs[{delivery.record.billing_period, currency}];
      const auto found = sums.out.find("BilledCost");
      if (found != sums.out.end()) pair.charged += found->second;
      pair.rows += delivery.record.rows_out;
    }
  }
  for (const auto& delivery : charges.invoices) {
    for (const auto& [currency, sums] : delivery.record.sums) {
      const auto pair = pairs.find({delivery.record.billing_period, currency});
      const auto found = sums.out.find("BilledCost");
      if (pair == pairs.end() || found == sums.out.end()) continue;
      pair->second.has_invoice = true;
      pair->second.invoiced += found->second;
    }
  }
  if (pairs.empty()) return "unknown";
  std::map<std::string, Decimal> differences;
  bool within = true;
  for (const auto& [key, pair] : pairs) {
    if (!pair.has_invoice) return "unknown";
    const auto difference = pair.charged - pair.invoiced;
    const auto tolerance = rounding_variance_tolerance(currency_of(key.second), pair.rows);
    if (difference > tolerance || -difference > tolerance) within = false;
    differences[key.second] += difference;
  }
  if (within) return "yes";
  std::vector<std::string> parts;
  for (const auto& [currency, difference] : differences) {
    if (difference != Decimal{})
      parts.push_back(to_text(difference, currency_of(currency).decimals, true) + " " + currency);
  }
  return "no (Δ " + join(parts, ", ") + ")";
}

}  // namespace steelyard
