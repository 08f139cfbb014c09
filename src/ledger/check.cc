#include "ledger/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.h"
#include "bills/catalogue.h"
#include "bills/tap.h"
#include "ledger/question.h"
#include "ledger/views.h"

namespace steelyard {
namespace {

constexpr const char* kCostColumns[] = {"BilledCost", "EffectiveCost", "ListCost",
                                        "ContractedCost"};

/// What the log promises of the rows that share delivery, source and billing period.
struct Promise {
  std::int64_t rows = 0;
  ContentHash content;
  std::map<std::string, std::map<std::string, Decimal>> sums;  ///< by currency and cost column
};
using Subject =
    std::tuple<std::string, std::string, std::string>;  // source, billing period, delivery

std::string text_of(const Subject& subject) {
  return std::get<0>(subject) + " " + std::get<1>(subject) + " " + std::get<2>(subject);
}

class Checker {
 public:
  Checker(Engine& engine, Store& store, const CheckOptions& options)
      : engine_(engine), store_(store), options_(options) {}

  Result<Report> run() {
    report_.title = "check of the lake";
    report_.columns = {
        {"check", "check", CellKind::kText},     {"table", "table", CellKind::kText},
        {"subject", "subject", CellKind::kText}, {"expected", "expected", CellKind::kText},
        {"found", "found", CellKind::kText},     {"ok", "ok", CellKind::kFlag}};
    // Before the logs that it is made of, so that an ingest beside this check cannot make it tell
    // of more than they do.
    const std::optional<std::int64_t> derived = derived_rows();
    for (const char* name :
         {"charges", "invoices", "contract_commitments", "deliveries", "billing_periods"}) {
      if (auto checked = check_table(name); !checked) return pass(checked);
    }
    if (derived) check_derived(*derived);
    if (report_.rows.empty())
      report_.notes.push_back("nothing has been loaded yet: steelyard ingest FILES");
    if (failed_ == 0 && !report_.rows.empty())
      report_.notes.push_back(
          "all " + with_thousands(static_cast<std::int64_t>(report_.rows.size())) + " checks hold");
    if (failed_ > 0)
      report_.notes.push_back(with_thousands(failed_) + " of " +
                              with_thousands(static_cast<std::int64_t>(report_.rows.size())) +
                              " checks failed");
    report_.findings = failed_ > 0;
    return std::move(report_);
  }

 private:
  void add(const std::string& check, const std::string& table, const std::string& subject,
           const std::string& expected, const std::string& found, bool ok) {
    report_.rows.push_back({{check}, {table}, {subject}, {expected}, {found}, {ok}});
    if (!ok) ++failed_;
  }

  Status check_table(const std::string& name) {
    Table table(store_, name);
    auto snapshot = table.snapshot();
    if (!snapshot) {
      add("log", name, "", "readable", snapshot.error().what, false);
      return {};
    }
    if (snapshot->version < 0) return {};
    if (name == "charges") {
      report_.provenance.version = snapshot->version;
      report_.provenance.source = "lake v" + std::to_string(snapshot->version);
    }
    auto history = table.history();
    if (!history) return pass(history);
    // The catalogue tells of the deliveries of these tables.
    const bool catalogued =
        name == "charges" || name == "invoices" || name == "contract_commitments";
    if (catalogued)
      deliveries_ += static_cast<std::int64_t>(
          std::count_if(history->begin(), history->end(),
                        [](const VersionInfo& version) { return !version.delivery.empty(); }));

    const auto files = static_cast<std::int64_t>(snapshot->files.size());
    auto verified = verify_files(store_, table, *snapshot, options_.cache, options_.progress);
    if (verified) {
      add("file hashes", name, with_thousands(files) + (files == 1 ? " file" : " files"),
          "as committed", "as committed", true);
    } else {
      const auto& notes = verified.error().notes;
      if (notes.empty())
        add("file hashes", name, verified.error().where, "as committed", verified.error().what,
            false);
      for (const auto& note : notes)
        add("file hashes", name, note, "as committed", "differs or is missing", false);
    }
    // A damaged file cannot be added up; its row above says so already.
    const auto view = "check_" + name;
    auto made = make_view(engine_, store_, name, view, snapshot->files, snapshot->schema,
                          snapshot->partition_columns);
    if (!made) {
      add("readable", name, "", "all files can be read", made.error().what, false);
      return {};
    }
    if (auto counted = check_rows(name, view, *snapshot); !counted) return counted;
    auto active = active_deliveries(*history, snapshot->version);
    if (!active) {
      add("log", name, active.error().where, "readable", active.error().what, false);
      return {};
    }
    if (active->empty()) return {};
    return check_deliveries(name, view, *snapshot, *active);
  }

  Status check_rows(const std::string& name, const std::string& view, const Snapshot& snapshot) {
    std::int64_t promised = 0;
    for (const auto& file : snapshot.files) promised += file.rows;
    auto counted = engine_.query("SELECT count(*) FROM " + sql_identifier(view));
    if (!counted) {
      add("rows", name, "all files", with_thousands(promised), counted.error().what, false);
      return {};
    }
    const auto rows = integer_of(counted->rows[0][0]);
    if (name == "charges") report_.provenance.rows = rows;
    add("rows", name, "all files", with_thousands(promised), with_thousands(rows),
        rows == promised);
    return {};
  }

  Status check_deliveries(const std::string& name, const std::string& view,
                          const Snapshot& snapshot, const std::vector<ActiveDelivery>& active) {
    std::map<Subject, Promise> promised;
    for (const auto& delivery : active) {
      const auto& record = delivery.record;
      auto& promise = promised[{record.source, record.billing_period, record.delivery_id}];
      promise.rows += record.rows_out;
      promise.content.add(record.content);
      for (const auto& [currency, sums] : record.sums) {
        for (const auto& [column, sum] : sums.out) promise.sums[currency][column] += sum;
      }
    }
    std::set<std::string> columns;
    for (const auto& field : snapshot.schema) columns.insert(field.name);
    if (!columns.count("x_DeliveryId") || !columns.count("x_Source") ||
        !columns.count("x_BillingPeriod")) {
      report_.notes.push_back(
          "the table " + name +
          " does not say which delivery a row came with, so its deliveries are not added up");
      return {};
    }
    auto found = add_up(view, columns);
    if (!found) {
      add("control sums", name, "", "all files can be read", found.error().what, false);
      return {};
    }
    for (const auto& [subject, promise] : promised) {
      const auto& sums = (*found)[subject];
      add("rows", name, text_of(subject), with_thousands(promise.rows), with_thousands(sums.rows),
          promise.rows == sums.rows);
      compare_sums(name, subject, promise, sums);
      if (auto checked = check_content(name, view, snapshot, subject, promise); !checked)
        return checked;
    }
    for (const auto& [subject, sums] : *found) {
      const bool derived = std::get<0>(subject) == kDerivedSource && name == "billing_periods";
      if (!promised.count(subject) && !derived)
        add("rows", name, text_of(subject), "no such delivery in the log",
            with_thousands(sums.rows) + " rows", false);
    }
    return {};
  }

  Result<std::map<Subject, Promise>> add_up(const std::string& view,
                                            const std::set<std::string>& columns) {
    const auto currency = columns.count("BillingCurrency")
                              ? std::string("coalesce(\"BillingCurrency\", '')")
                              : std::string("''");
    std::string sql =
        "SELECT \"x_Source\", \"x_BillingPeriod\", \"x_DeliveryId\", " + currency + ", count(*)";
    std::vector<std::string> costs;
    for (const auto* column : kCostColumns) {
      if (!columns.count(column)) continue;
      costs.emplace_back(column);
      sql += ", sum(" + sql_identifier(column) + ")";
    }
    auto answer = engine_.query(sql + " FROM " + sql_identifier(view) +
                                " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
    if (!answer) return pass(answer);
    std::map<Subject, Promise> found;
    for (const auto& row : answer->rows) {
      auto& sums = found[{row[0].text(), row[1].text(), row[2].text()}];
      sums.rows += integer_of(row[4]);
      for (std::size_t i = 0; i < costs.size(); ++i)
        sums.sums[row[3].text()][costs[i]] += decimal_of(row[5 + i]);
    }
    return found;
  }

  void compare_sums(const std::string& name, const Subject& subject, const Promise& promise,
                    const Promise& found) {
    std::set<std::string> currencies;
    for (const auto& [currency, sums] : promise.sums) currencies.insert(currency);
    for (const auto& [currency, sums] : found.sums) currencies.insert(currency);
    for (const auto& currency : currencies) {
      for (const auto* column : kCostColumns) {
        const auto sum_in = [&](const Promise& side) -> std::optional<Decimal> {
          const auto sums = side.sums.find(currency);
          if (sums == side.sums.end()) return {};
          const auto sum = sums->second.find(column);
          return sum == sums->second.end() ? std::optional<Decimal>() : sum->second;
        };
        const auto expected = sum_in(promise), summed = sum_in(found);
        if (!expected) continue;  // a table such as invoices has one cost only
        const auto got = summed.value_or(Decimal{});
        add("sum of " + std::string(column), name, text_of(subject),
            to_text(*expected) + " " + currency, to_text(got) + " " + currency, got == *expected);
      }
    }
  }

  /// The rows say the same as when they were loaded, whatever their order and files: the same hash
  /// by the same code.
  Status check_content(const std::string& name, const std::string& view, const Snapshot& snapshot,
                       const Subject& subject, const Promise& promise) {
    static const std::set<std::string> kNotContent = {"x_DeliveryId", "x_SourceFile",
                                                      "x_SourceRow"};
    std::vector<Tap::Input> inputs;
    for (const auto& field : snapshot.schema) {
      const auto& partition = snapshot.partition_columns;
      if (kNotContent.count(field.name) ||
          std::find(partition.begin(), partition.end(), field.name) != partition.end())
        continue;
      inputs.push_back({field.name, field.type, true});
    }
    taps_.push_back(std::make_unique<Tap>(std::move(inputs), 0));
    auto& tap = *taps_.back();
    if (auto installed = tap.install(engine_, "check_tap_" + std::to_string(taps_.size()));
        !installed)
      return installed;
    auto passed = engine_.query(
        "SELECT count(x) FROM (SELECT " + tap.call_sql() + " AS x FROM " + sql_identifier(view) +
        " WHERE \"x_Source\" = " + sql_literal(std::get<0>(subject)) +
        " AND \"x_BillingPeriod\" = " + sql_literal(std::get<1>(subject)) +
        " AND \"x_DeliveryId\" = " + sql_literal(std::get<2>(subject)) + ")");
    if (!passed) {
      add("content", name, text_of(subject), promise.content.text(), passed.error().what, false);
      return {};
    }
    ContentHash content;
    for (const auto& [period, seen] : tap.periods()) content.add(seen.content);
    add("content", name, text_of(subject), promise.content.text(), content.text(),
        content == promise.content);
    return {};
  }

  /// The rows of the table `deliveries`, if there is one that can be read.
  std::optional<std::int64_t> derived_rows() {
    Table table(store_, "deliveries");
    auto snapshot = table.snapshot();
    if (!snapshot || snapshot->version < 0) return std::nullopt;
    std::int64_t rows = 0;
    for (const auto& file : snapshot->files) rows += file.rows;
    return rows;
  }

  /// The table `deliveries` is made of the logs and must tell of no delivery that they do not know.
  void check_derived(std::int64_t rows) {
    // Its file was hashed, so that rows can lack for one reason only, which is not a damage.
    if (rows < deliveries_) {
      report_.notes.push_back("the table deliveries lacks " + with_thousands(deliveries_ - rows) +
                              " of them: an ingest was interrupted after its commit, or is at "
                              "work; the next one adds them");
    }
    add("derived from the logs", "deliveries", "all deliveries", with_thousands(deliveries_),
        with_thousands(rows), rows <= deliveries_);
  }

  Engine& engine_;
  Store& store_;
  const CheckOptions& options_;
  Report report_;
  std::int64_t failed_ = 0, deliveries_ = 0;
  std::vector<std::unique_ptr<Tap>>
      taps_;  ///< the engine keeps calling names of them until it is closed
};

}  // namespace

Result<Report> check_lake(Engine& engine, Store& store, const CheckOptions& options) {
  return Checker(engine, store, options).run();
}

}  // namespace steelyard
