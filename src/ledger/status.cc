#include "ledger/status.h"

#include <map>
#include <set>

#include "base/text.h"
#include "ledger/views.h"

namespace steelyard {
namespace {

struct Row {
  std::string format;
  std::optional<Instant> delivered;
  std::int64_t deliveries = 0, rows = 0, version = 0, warnings = 0;
  std::map<std::string, std::pair<Decimal, Decimal>> costs;  ///< billed and effective by currency
};

Decimal sum_of(const ControlSums& sums, const char* column) {
  const auto found = sums.out.find(column);
  return found == sums.out.end() ? Decimal{} : found->second;
}

std::optional<Period> month_period(const std::string& label) {
  Instant begin;
  if (!parse_instant(label + "-01", begin)) return {};
  const auto date = date_of(begin);
  return Period{date, first_of_month(date, 1), label};
}

}  // namespace

Result<Report> lake_status(Store& store, Instant now) {
  Report report;
  report.title = "status";
  report.columns = {{"table", "table", CellKind::kText},
                    {"source", "source", CellKind::kText},
                    {"billing_period", "billing period", CellKind::kText},
                    {"format", "format", CellKind::kText},
                    {"deliveries", "deliveries", CellKind::kCount},
                    {"delivered", "delivered", CellKind::kInstant},
                    {"age_days", "age, days", CellKind::kCount},
                    {"rows", "rows", CellKind::kCount},
                    {"currency", "currency", CellKind::kText},
                    {"billed_cost", "billed", CellKind::kMoney},
                    {"effective_cost", "effective", CellKind::kMoney},
                    {"version", "version", CellKind::kCount},
                    {"reconciled", "reconciled", CellKind::kText}};
  Charges charges;
  std::map<std::string, std::vector<ActiveDelivery>> active;
  std::map<std::string, std::map<std::pair<std::string, std::string>, std::int64_t>>
      delivered_times;
  for (const char* name : {"charges", "invoices", "contract_commitments"}) {
    Table table(store, name);
    auto history = table.history();
    if (!history) return pass(history);
    if (history->empty()) continue;
    auto now_active = active_deliveries(*history, history->back().version);
    if (!now_active) return pass(now_active);
    active[name] = std::move(*now_active);
    // How often a scope was delivered tells how often its provider restates it.
    for (const auto& version : *history) {
      if (version.delivery.empty()) continue;
      auto record = parse_delivery_record(version.delivery);
      if (!record) return pass(record);
      ++delivered_times[name][{record->source, record->billing_period}];
    }
    const auto& newest = history->back();
    report.notes.push_back(std::string(name) + ": " +
                           with_thousands(static_cast<std::int64_t>(history->size())) +
                           " versions, newest v" + std::to_string(newest.version) + " of " +
                           format_instant(newest.committed));
    if (std::string_view(name) == "charges") {
      charges.version = newest.version;
      charges.deliveries = active[name];
    }
    if (std::string_view(name) == "invoices") charges.invoices = active[name];
  }
  if (active.empty()) {
    report.notes.push_back("nothing has been loaded yet: steelyard ingest FILES");
    return report;
  }

  std::set<std::string> currencies;
  std::int64_t all_rows = 0;
  std::map<std::string, std::pair<Decimal, Decimal>> totals;
  for (const char* name : {"charges", "invoices", "contract_commitments"}) {
    std::map<std::pair<std::string, std::string>, Row> rows;
    for (const auto& delivery : active[name]) {
      const auto& record = delivery.record;
      auto& row = rows[{record.source, record.billing_period}];
      row.format = record.format;
      const auto delivered = record.delivered.value_or(delivery.committed);
      if (!row.delivered || *row.delivered < delivered) row.delivered = delivered;
      row.rows += record.rows_out;
      row.version = std::max(row.version, delivery.version);
      row.warnings += static_cast<std::int64_t>(record.warnings.size());
      for (const auto& [currency, sums] : record.sums) {
        auto& costs = row.costs[currency];
        costs.first += sum_of(sums, "BilledCost");
        costs.second += sum_of(sums, "EffectiveCost");
      }
    }
    const bool is_charges = std::string_view(name) == "charges";
    for (auto& [key, row] : rows) {
      if (row.costs.empty()) row.costs[""];
      const auto period = month_period(key.second);
      const auto reconciled =
          is_charges && period ? reconciled_by_log(charges, period) : std::string();
      bool first = true;
      for (const auto& [currency, costs] : row.costs) {
        const auto age = (now.micros - row.delivered->micros) / 86'400'000'000;
        report.rows.push_back({{std::string(name)},
                               {key.first},
                               {key.second},
                               {row.format},
                               {delivered_times[name][key]},
                               {format_instant(*row.delivered)},
                               {age},
                               first ? Cell{row.rows} : Cell{},
                               currency.empty() ? Cell{} : Cell{currency},
                               currency.empty() ? Cell{} : Cell{costs.first},
                               currency.empty() || !is_charges ? Cell{} : Cell{costs.second},
                               {row.version},
                               reconciled.empty() ? Cell{} : Cell{reconciled}});
        first = false;
        if (is_charges && !currency.empty()) {
          currencies.insert(currency);
          totals[currency].first += costs.first;
          totals[currency].second += costs.second;
        }
      }
      if (is_charges) all_rows += row.rows;
      if (row.warnings > 0) {
        report.notes.push_back(key.first + " " + key.second + ": " + with_thousands(row.warnings) +
                               (row.warnings == 1 ? " warning" : " warnings") +
                               " when it was loaded");
      }
    }
  }
  for (const auto& [currency, costs] : totals) {
    std::vector<Cell> total(report.columns.size());
    total[0] = {std::string("total charges")};
    total[8] = {currency};
    total[9] = {costs.first};
    total[10] = {costs.second};
    report.totals.push_back(std::move(total));
  }
  report.provenance.currencies.assign(currencies.begin(), currencies.end());
  report.provenance.version = charges.version;
  report.provenance.source =
      charges.version < 0 ? "lake without charges" : "lake v" + std::to_string(charges.version);
  report.provenance.rows = all_rows;
  report.provenance.reconciled = reconciled_by_log(charges, {});
  if (!charges.deliveries.empty()) report.provenance.rules = charges.deliveries.back().record.rules;
  return report;
}

}  // namespace steelyard
