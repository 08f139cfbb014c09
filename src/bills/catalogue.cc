#include "bills/catalogue.h"

#include <array>
#include <map>

#include "base/text.h"
#include "bills/delivery_record.h"
#include "lake/lake.h"

namespace steelyard {

namespace {

constexpr std::array<const char*, 3> kDelivered = {"charges", "invoices", "contract_commitments"};

std::string text_or_null(const std::string& text) {
  return text.empty() ? "NULL" : sql_literal(text);
}
std::string instant_sql(const std::optional<Instant>& instant) {
  return instant ? "TIMESTAMPTZ " + sql_literal(format_instant(*instant)) : "NULL";
}
std::string list_sql(const std::vector<std::string>& items) {
  std::string json = "[";
  for (std::size_t i = 0; i < items.size(); ++i) json += (i > 0 ? "," : "") + json_quote(items[i]);
  return sql_literal(json + "]");
}

struct DerivedTable {
  std::string name;
  std::vector<SchemaField> schema;
};

const DerivedTable kDeliveries = {
    "deliveries", {{"x_DeliveryId", Type::kText},     {"x_Table", Type::kText},
                   {"x_DeliverySource", Type::kText}, {"x_DeliveryBillingPeriod", Type::kText},
                   {"x_Version", Type::kInt64},       {"x_Committed", Type::kInstant},
                   {"x_Delivered", Type::kInstant},   {"x_IsCurrent", Type::kBool},
                   {"x_Mode", Type::kText},           {"x_Format", Type::kText},
                   {"x_Rules", Type::kText},          {"x_Reader", Type::kText},
                   {"x_RowsIn", Type::kInt64},        {"x_RowsOut", Type::kInt64},
                   {"x_RowsDerived", Type::kInt64},   {"x_RowsRejected", Type::kInt64},
                   {"x_Content", Type::kText},        {"x_Accounts", Type::kText},
                   {"x_Warnings", Type::kText},       {"x_Record", Type::kText}}};

const DerivedTable kBillingPeriods = {"billing_periods",
                                      {{"BillingPeriodCreated", Type::kInstant},
                                       {"BillingPeriodEnd", Type::kInstant},
                                       {"BillingPeriodLastUpdated", Type::kInstant},
                                       {"BillingPeriodStart", Type::kInstant},
                                       {"BillingPeriodStatus", Type::kText},
                                       {"InvoiceIssuerName", Type::kText},
                                       {"x_StatusBasis", Type::kText}}};

/// SELECT of literal rows, each column cast to its type, in the order given.
std::string rows_sql(const DerivedTable& table, const std::vector<std::vector<std::string>>& rows) {
  std::string columns, names;
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    const std::string name = sql_identifier(table.schema[i].name);
    columns += (i > 0 ? ", " : "") + std::string("CAST(") + name + " AS " +
               std::string(sql_type(table.schema[i].type)) + ") AS " + name;
    names += (i > 0 ? ", " : "") + name;
  }
  std::string values;
  for (const auto& row : rows) values += (values.empty() ? "(" : ",\n(") + join(row, ", ") + ")";
  if (rows.empty()) {
    std::string nulls;
    for (std::size_t i = 0; i < table.schema.size(); ++i) nulls += i > 0 ? ", NULL" : "NULL";
    return "SELECT " + columns + " FROM (VALUES (" + nulls + ")) AS t(" + names + ") WHERE false";
  }
  return "SELECT " + columns + " FROM (VALUES " + values + ") AS t(" + names + ")";
}

Status publish(Store& store, Engine& engine, const DerivedTable& derived, const std::string& sql,
               Instant now) {
  auto staging = store.make_staging();
  if (!staging) return pass(staging);
  const std::string staged = *staging + "/rows.parquet";
  const auto finish = [&]() -> Status {
    auto copied = engine.run("COPY (" + sql + ") TO " + sql_literal(staged) +
                             " (FORMAT parquet, COMPRESSION zstd)");
    if (!copied) return pass(copied);
    std::string relative = staged.substr(store.absolute("").size());
    while (relative.starts_with("/")) relative.erase(0, 1);
    auto hash = store.sha256(relative);
    if (!hash) return pass(hash);
    auto info = store.stat(relative);
    if (!info) return pass(info);
    DataFile file;
    file.partition = {{"x_BillingPeriod", "all"}, {"x_Source", kDerivedSource}};
    file.path = std::string("x_BillingPeriod=all/x_Source=") + kDerivedSource + "/" +
                hash->substr(0, 16) + ".parquet";
    file.size = info->size;
    file.rows = *copied;
    file.modified_millis = now.micros / 1000;
    file.sha256 = *hash;
    file.stats = "{\"numRecords\":" + std::to_string(file.rows) + "}";
    auto published = store.publish(staged, derived.name + "/" + file.path);
    if (!published && published.error().code != "SY1105") return published;
    Commit commit;
    commit.scope = file.partition;
    commit.partition_columns = {"x_BillingPeriod", "x_Source"};
    commit.schema = derived.schema;
    commit.schema.push_back({"x_BillingPeriod", Type::kText});
    commit.schema.push_back({"x_Source", Type::kText});
    commit.operation = "DERIVE";
    commit.add = {file};
    commit.now = now;
    commit.check = [&](const Snapshot& newest, const std::vector<VersionInfo>&) -> Result<bool> {
      for (const DataFile& held : newest.files) {
        if (held.path == file.path) return false;
      }
      return true;
    };
    Table table(store, derived.name);
    auto version = table.commit(commit);
    if (!version) return pass(version);
    return {};
  };
  auto done = finish();
  auto cleaned = store.discard_staging(*staging);
  if (!done) return done;
  return cleaned;
}

}  // namespace

Result<std::string> deliveries_sql(Store& store) {
  std::vector<std::vector<std::string>> rows;
  for (const char* name : kDelivered) {
    Table table(store, name);
    auto history = table.history();
    if (!history) return pass(history);
    auto active = active_deliveries(*history, INT64_MAX);
    if (!active) return pass(active);
    for (const VersionInfo& info : *history) {
      if (info.delivery.empty()) continue;
      auto record = parse_delivery_record(info.delivery);
      if (!record) return pass(record);
      bool current = false;
      for (const ActiveDelivery& delivery : *active)
        current = current || delivery.version == info.version;
      rows.push_back({sql_literal(record->delivery_id),
                      sql_literal(record->table),
                      sql_literal(record->source),
                      sql_literal(record->billing_period),
                      std::to_string(info.version),
                      instant_sql(info.committed),
                      instant_sql(record->delivered),
                      current ? "true" : "false",
                      sql_literal(record->mode),
                      sql_literal(record->format),
                      sql_literal(record->rules),
                      sql_literal(record->reader),
                      std::to_string(record->rows_in),
                      std::to_string(record->rows_out),
                      std::to_string(record->rows_derived),
                      std::to_string(record->rows_rejected),
                      sql_literal(record->content.text()),
                      list_sql(record->accounts),
                      list_sql(record->warnings),
                      sql_literal(info.delivery)});
    }
  }
  return rows_sql(kDeliveries, rows) + " ORDER BY \"x_Table\", \"x_Version\"";
}

Result<std::string> billing_periods_sql(Store& store) {
  Table table(store, "charges");
  auto history = table.history();
  if (!history) return pass(history);
  struct Seen {
    Instant start, end, created, updated;
  };
  std::map<std::pair<std::string, std::int64_t>, Seen> periods;  // by issuer and start
  for (const VersionInfo& info : *history) {
    if (info.delivery.empty()) continue;
    auto record = parse_delivery_record(info.delivery);
    if (!record) return pass(record);
    if (!record->period_start || !record->period_end) continue;
    const Instant at = record->delivered.value_or(info.committed);
    for (const std::string& issuer : record->issuers) {
      auto [entry, fresh] =
          periods.try_emplace({issuer, record->period_start->micros},
                              Seen{*record->period_start, *record->period_end, at, at});
      if (!fresh) {
        entry->second.created = std::min(entry->second.created, at);
        entry->second.updated = std::max(entry->second.updated, at);
      }
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, seen] : periods) {
    // No provider says in its export that a month is closed; two weeks after its end deliveries
    // usually stop (docs/concepts/two-clocks.md).
    const bool closed = seen.updated.micros >= seen.end.micros + kSettledMicros;
    rows.push_back({instant_sql(seen.created), instant_sql(seen.end), instant_sql(seen.updated),
                    instant_sql(seen.start), sql_literal(closed ? "Closed" : "Open"),
                    text_or_null(key.first), sql_literal("derived")});
  }
  return rows_sql(kBillingPeriods, rows) +
         " ORDER BY \"InvoiceIssuerName\", \"BillingPeriodStart\"";
}

Status publish_catalogue(Store& store, Engine& engine, Instant now) {
  // Another ingest may commit between our look at the logs and our commit, and its newer catalogue
  // may already be there. So whoever writes looks again: the last to write then saw everything that
  // was committed before, and what comes later looks for itself.
  constexpr int kMostLooks = 100;
  std::string written_deliveries, written_periods;
  for (int look = 0; look < kMostLooks; ++look) {
    auto deliveries = deliveries_sql(store);
    if (!deliveries) return pass(deliveries);
    auto periods = billing_periods_sql(store);
    if (!periods) return pass(periods);
    if (look > 0 && *deliveries == written_deliveries && *periods == written_periods) return {};
    if (auto done = publish(store, engine, kDeliveries, *deliveries, now); !done) return done;
    if (auto done = publish(store, engine, kBillingPeriods, *periods, now); !done) return done;
    written_deliveries = std::move(*deliveries);
    written_periods = std::move(*periods);
  }
  return {};  // others commit faster than we look, and each of them looks too
}

}  // namespace steelyard
