// Views: the tables of one version of the lake under their own names in an engine, so that every
// question reads the same `charges`. Opening reads the log, not the data. Files that cannot hold a
// row of the question are left out.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bills/delivery_record.h"
#include "bills/ingest.h"
#include "engine/engine.h"
#include "lake/lake.h"
#include "ledger/columns.h"
#include "money/money.h"
#include "store/store.h"

namespace steelyard {

/// The charges that a question is asked of: a view in an engine and what the log says about it.
struct Charges {
  std::string view = "charges";
  std::string lake;           ///< what the user calls it; part of a question's identity
  std::int64_t version = -1;  ///< -1: files without a lake
  Instant committed;
  std::vector<SchemaField> schema;         ///< with partition columns
  std::vector<ActiveDelivery> deliveries;  ///< that make up the version; empty without a lake
  std::vector<ActiveDelivery> invoices;    ///< of the table `invoices`, newest state
  std::vector<std::string> file_names;     ///< without a lake: what x_SourceFile counts
  std::vector<std::string> currencies;     ///< that occur, sorted; empty = not known
  std::vector<DataFile> files;             ///< that the view reads
  bool whole = true;                       ///< no file was left out
};

struct ViewOptions {
  std::string lake;                      ///< see Charges::lake
  std::optional<std::int64_t> version;   ///< of the table `charges`; the newest without one
  std::optional<Period> billing_period;  ///< leaves out files of other billing periods: only for
                                         ///< questions that filter alike
  std::optional<Period> charge_period;   ///< leaves out files whose statistics exclude it
  std::string view = "charges";
};

/// Makes the view `charges`. SY1521 the lake has no charges yet.
Result<Charges> open_charges(Engine& engine, Store& store, const ViewOptions& options);
/// Makes views of the other tables that exist: invoices, contract_commitments, deliveries,
/// billing_periods; returns their names. `verified` is asked of each before anything reads it.
Result<std::vector<std::string>> open_other_tables(
    Engine& engine, Store& store,
    const std::function<Status(const Table&, const Snapshot&)>& verified = {});
/// Makes a view of exactly these files of a table. Every column of `schema` is there, null where a
/// file lacks it.
Status make_view(Engine& engine, Store& store, const std::string& table, const std::string& view,
                 const std::vector<DataFile>& files, const std::vector<SchemaField>& schema,
                 const std::vector<std::string>& partition_columns);
/// What open_files_as_charges() made, as something to ask.
Charges charges_of_files(const FilesView& view, const std::string& name);

/// Every delivery of charges up to a version, the oldest first, also those that were replaced
/// since: what the log says about how a month changed.
Result<std::vector<ActiveDelivery>> all_deliveries(Store& store, std::int64_t version);

/// Restricts to charges that begin in the period: a condition on ChargePeriodStart.
std::string sql_in_charge_period(const Period& period);
/// Whether a billing period, "2026-07", begins in the period.
bool in_billing_period(std::string_view month, const Period& period);
/// Restricts to billing periods (months) that begin in the period.
std::string sql_in_billing_period(const Period& period);

/// The sum of a cost column by currency that the log promises for these billing periods (all
/// without one).
std::map<std::string, Decimal> control_totals(const std::vector<ActiveDelivery>& active,
                                              std::string_view cost_column,
                                              const std::optional<Period>& billing_period);
/// "yes", "no (Δ 12.34 USD)" or "unknown", from the log alone: BilledCost of charges against
/// invoices by billing period and currency.
std::string reconciled_by_log(const Charges& charges, const std::optional<Period>& billing_period);

}  // namespace steelyard
