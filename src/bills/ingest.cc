#include "bills/ingest.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "base/assert.h"
#include "base/text.h"
#include "bills/catalogue.h"
#include "bills/delivery_record.h"
#include "bills/tap.h"
#include "store/outside.h"

namespace steelyard {

namespace {

constexpr Basis kBases[kCosts] = {Basis::kBilled, Basis::kEffective, Basis::kList,
                                  Basis::kContracted};
constexpr std::string_view kReaderVersion = "1";

/// A Parquet file in the staging folder that holds one source file's rows of one billing period.
struct Staged {
  std::string path;       ///< absolute
  std::size_t file = 0;   ///< position in the delivery's files
  std::int64_t rows = 0;  ///< in this Parquet file
  Instant first_charge{0},
      last_charge{-1};  ///< bounds of ChargePeriodStart; empty when last < first
  TapPeriod tap;
};

/// A delivery that has been read, checked and staged, but not committed.
struct Prepared {
  Delivery delivery;
  Format format;
  std::string delivery_id;
  std::vector<DeliveredFile> files;  ///< path and hash; rows are set per period
  std::vector<SchemaField> schema;
  std::vector<NamedResidual> residuals;
  std::map<std::string, std::vector<Staged>> periods;
  std::int64_t rows_rejected = 0, rounded_cells = 0, repeated_headers = 0, unread_maps = 0;
  std::vector<RejectedRow> rejected;
  std::string source;
};

std::string residual_text(Decimal in, Decimal out, Int128 residual_e36) {
  Int128 whole = (in - out).units + residual_e36 / kOne;
  Int128 rest = residual_e36 % kOne;
  if (whole > 0 && rest < 0) --whole, rest += kOne;
  if (whole < 0 && rest > 0) ++whole, rest -= kOne;
  if (rest == 0) return to_text(Decimal{whole});
  const bool negative = whole < 0 || rest < 0;
  std::string head = to_text(Decimal{whole < 0 ? -whole : whole}, kScale);
  std::string tail = to_text(Decimal{rest < 0 ? -rest : rest}, kScale).substr(2);
  while (!tail.empty() && tail.back() == '0') tail.pop_back();
  return (negative ? "-" : "") + head + tail;
}

/// Nothing may be missing that is not named: what went in is what came out, what a rule left out,
/// and the digits beyond 18 decimals.
Status conserve(const ControlSums& sums, const TapSums& seen, const std::string& currency) {
  for (int c = 0; c < kCosts; ++c) {
    const std::string name(column(kBases[c]));
    Decimal open = seen.in[c] - seen.out[c];
    if (const auto named = sums.named.find(name); named != sums.named.end()) {
      for (const auto& [what, amount] : named->second) open -= amount;
    }
    if (open.units == 0) continue;
    Error error;
    error.code = "SY1248";
    error.what = name + " is not conserved: " + to_text(seen.in[c]) + " " + currency +
                 " went in, " + to_text(seen.out[c]) + " came out, and " + to_text(open) +
                 " has no name";
    error.fix =
        "nothing was committed; report the format of this bill, so that a rule can be made for it";
    return fail(std::move(error));
  }
  return {};
}

ControlSums control_sums(const TapSums& sums, const std::vector<NamedResidual>& residuals) {
  ControlSums out;
  for (int c = 0; c < kCosts; ++c) {
    const std::string name(column(kBases[c]));
    out.in[name] = sums.in[c];
    out.out[name] = sums.out[c];
    out.residual[name] = residual_text(sums.in[c], sums.out[c], sums.residual_e36[c]);
  }
  for (std::size_t n = 0; n < residuals.size() && n < sums.named.size(); ++n) {
    if (sums.named[n].units != 0)
      out.named[residuals[n].column][residuals[n].name] += sums.named[n];
  }
  return out;
}

/// The relation that the lake keeps of one source file, and the columns that the tap looks at
/// beside it.
struct Relation {
  std::vector<SchemaField> schema;  ///< what is written, without x_SourceFile
  std::vector<Tap::Input> inputs;
  std::string sql;  ///< SELECT of schema columns and in_<cost>, x_part
};

Relation relation_of(const Mapping& mapping, const OpenFile& file, const std::string& delivery_id) {
  Relation relation;
  std::string list;
  const auto add = [&](const std::string& name, const std::string& sql) {
    list += (list.empty() ? "" : ",\n  ") + sql + " AS " + sql_identifier(name);
  };
  for (const MappedColumn& column : mapping.columns) {
    add(column.field.name, column.sql);
    relation.schema.push_back(column.field);
    relation.inputs.push_back({column.field.name, column.field.type, true});
  }
  relation.schema.push_back({"x_DeliveryId", Type::kText});
  relation.schema.push_back({"x_SourceRow", Type::kInt64});
  relation.schema.push_back({"x_SourceDecimals", Type::kText});
  add("x_DeliveryId", sql_literal(delivery_id));
  add("x_SourceRow", "\"x_SourceRow\"");
  add("x_SourceDecimals", "\"x_SourceDecimals\"");
  relation.inputs.push_back({"x_SourceDecimals", Type::kText, true});
  for (std::size_t n = 0; n < mapping.residuals.size(); ++n) {
    const std::string name = "residual_" + std::to_string(n);
    add(name, mapping.residuals[n].sql);
    relation.inputs.push_back({name, Type::kDecimal, false});
  }
  for (const auto& [cost, sql] : mapping.control_in) {
    add("in_" + cost, sql);
    relation.inputs.push_back({"in_" + cost, Type::kDecimal, false});
  }
  if (!mapping.expand.empty()) {
    add("x_part", "x_part");
    relation.inputs.push_back({"x_part", Type::kInt64, false});
  }
  relation.sql = "SELECT " + list + "\nFROM " + source_relation(mapping, file.from);
  return relation;
}

/// Rows of a Parquet row group. Each thread holds one in memory before it is written, so a report
/// of hundreds of columns has shorter ones than the engine's usual 122,880.
std::size_t rows_of_group(std::size_t columns) {
  constexpr std::size_t kMostRows = 122'880, kLeastRows = 8'192, kVector = 2'048;
  constexpr std::size_t kMostCells = 9'000'000;
  return std::clamp(kMostCells / std::max<std::size_t>(1, columns), kLeastRows, kMostRows) /
         kVector * kVector;
}

/// Each thread that writes Parquet reserves blocks for every column: a report of hundreds of
/// columns leaves a small memory room for few threads only, and more of them would spill to disk.
int threads_for(std::size_t columns, const EngineOptions& options) {
  constexpr std::uint64_t kBytesOfColumn = 3 << 20;
  const int all = options.threads > 0
                      ? options.threads
                      : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const std::uint64_t fit =
      options.memory_bytes / (kBytesOfColumn * std::max<std::size_t>(1, columns));
  return static_cast<int>(std::clamp<std::uint64_t>(fit, 1, static_cast<std::uint64_t>(all)));
}

std::string column_list(const std::vector<SchemaField>& schema) {
  std::string list;
  for (const SchemaField& field : schema)
    list += (list.empty() ? "" : ", ") + sql_identifier(field.name);
  return list;
}

void widen(std::vector<SchemaField>& schema, const std::vector<SchemaField>& more) {
  for (const SchemaField& field : more) {
    const bool known = std::any_of(schema.begin(), schema.end(),
                                   [&](const SchemaField& f) { return f.name == field.name; });
    if (!known) schema.push_back(field);
  }
}

struct OpenedBill {
  OpenFile file;
  Format format;
  Mapping mapping;
};

/// One file as a mapped relation in the engine.
Result<OpenedBill> open_bill(Engine& engine, const std::string& path,
                             const std::optional<Format>& known, std::string_view forced,
                             const std::string& name, const ReadLimits& limits) {
  OpenedBill bill;
  auto head = read_head(path, limits, &engine);
  if (!head) return pass(head);
  if (known) {
    bill.format = *known;
  } else {
    auto format = detect_format(*head, forced);
    if (!format) return pass(format);
    bill.format = *format;
  }
  auto file = open_file(
      engine, path, name,
      [&](const SourceColumn& column) { return source_type(bill.format, column); }, limits);
  if (!file) return pass(file);
  bill.file = std::move(*file);
  auto mapping = map_to_focus(bill.format, bill.file.columns);
  if (!mapping) {
    if (mapping.error().where.empty()) mapping.error().where = path;
    return pass(mapping);
  }
  bill.mapping = std::move(*mapping);
  return bill;
}

class Ingest {
 public:
  Ingest(Store& store, const IngestOptions& options)
      : store_(store), options_(options), stage_(!options.dry_run) {}

  Result<IngestReport> run() {
    PartialDelivery partial;
    auto found = discover(options_.paths, options_.format, &partial);
    if (!found) {
      if (found.error().code == "SY1232" && !partial.billing_period.empty())
        tell_what_is_missing(partial, found.error());
      return pass(found);
    }
    report_.notes = found->notes;
    for (const Delivery& delivery : found->deliveries) {
      count_work(delivery.files);
    }
    auto done = prepare_and_commit(found->deliveries);
    if (!staging_.empty()) {
      if (auto cleaned = store_.discard_staging(staging_); !cleaned && done) {
        report_.notes.push_back("a staging folder could not be removed: " + cleaned.error().what);
      }
    }
    if (!done) return pass(done);
    return std::move(report_);
  }

 private:
  /// The money of a delivery that is not whole: what its files hold, and what the lake holds of the
  /// month. An AWS manifest itself speaks of no money.
  void tell_what_is_missing(const PartialDelivery& partial, Error& error) {
    const std::string billed(column(Basis::kBilled));
    std::map<std::string, Decimal> there, held;
    std::set<std::string> accounts;
    Prepared part;
    part.delivery.files = partial.files;
    count_work(partial.files);
    stage_ = false;
    const bool read = static_cast<bool>(read_delivery(part));
    for (const auto& [period, staged] : part.periods) {
      const TapPeriod total = total_of(staged);
      for (const auto& [currency, sums] : total.sums) there[currency] += sums.out[0];
      accounts.insert(total.accounts.begin(), total.accounts.end());
    }
    std::int64_t version = -1;
    if (const auto active = active_in(std::string(table_of(Dataset::kCharges)))) {
      for (const ActiveDelivery& other : *active) {
        if (other.record.billing_period != partial.billing_period) continue;
        const bool ours = std::any_of(
            other.record.accounts.begin(), other.record.accounts.end(),
            [&](const std::string& account) {
              return accounts.contains(account) ||
                     (!partial.account.empty() && account.ends_with("/" + partial.account));
            });
        if (!ours) continue;
        version = std::max(version, other.version);
        for (const auto& [currency, sums] : other.record.sums) {
          if (const auto out = sums.out.find(billed); out != sums.out.end())
            held[currency] += out->second;
        }
      }
    }
    const auto money = [](const std::map<std::string, Decimal>& sums) {
      std::string text;
      for (const auto& [currency, sum] : sums)
        text += (text.empty() ? "" : ", ") + to_text(sum, 2, true) + " " + currency;
      return text.empty() ? std::string("nothing") : text;
    };
    if (read)
      error.notes.push_back("the files that are there hold " + money(there) + " of " + billed);
    if (version < 0) {
      error.notes.push_back(
          "nothing of this month is in the lake, so nobody can say what is missing");
      return;
    }
    error.notes.push_back("the lake holds " + money(held) + " of this month, as of version " +
                          std::to_string(version));
    if (!read) return;
    for (const auto& [currency, sum] : there) held[currency] -= sum;
    std::erase_if(held, [](const auto& one) { return one.second.units <= 0; });
    if (!held.empty()) error.notes.push_back("at least " + money(held) + " are missing");
  }

  Status prepare_and_commit(const std::vector<Delivery>& deliveries) {
    std::vector<Prepared> prepared;
    std::vector<std::vector<std::string>> hashes;
    for (const Delivery& delivery : deliveries) {
      Prepared next;
      next.delivery = delivery;
      if (!options_.source.empty()) next.delivery.source = options_.source;
      if (options_.delivered) next.delivery.delivered = options_.delivered;
      if (auto hashed = hash_files(next); !hashed) return hashed;
      auto loaded = already_loaded(next);
      if (!loaded) return pass(loaded);
      if (*loaded) {
        for (const std::string& path : next.delivery.files) pass_over(path);
        continue;
      }
      if (auto read = read_delivery(next); !read) return read;
      if (next.periods.empty())
        report_.notes.push_back("there is a header and no row, so nothing to commit: " +
                                join(next.delivery.files, ", "));
      prepared.push_back(std::move(next));
    }
    if (auto clear = judge_together(prepared); !clear) return clear;
    if (auto clear = refuse_ambiguity(prepared); !clear) return clear;
    bool committed = false;
    for (Prepared& delivery : prepared) {
      for (const auto& [period, staged] : delivery.periods) {
        auto done = commit(delivery, period, staged);
        if (!done) return pass(done);
        committed = committed || *done;
      }
    }
    // Also when everything was loaded already: an ingest that was interrupted after its commit left
    // the catalogue behind.
    if (committed || (!options_.dry_run && !report_.deliveries.empty())) {
      auto engine = open_duckdb(engine_options());
      if (!engine) return pass(engine);
      if (auto derived = publish_catalogue(store_, **engine, options_.now); !derived)
        return derived;
    }
    return {};
  }

  EngineOptions engine_options() {
    EngineOptions options = options_.engine;
    if (options.temporary_folder.empty() && !staging_.empty())
      options.temporary_folder = staging_ + "/spill";
    return options;
  }

  /// For progress only: a file that is not there fails where it is read.
  static std::int64_t size_of(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
  }

  void count_work(const std::vector<std::string>& paths) {
    progress_.files += static_cast<std::int64_t>(paths.size());
    for (const std::string& path : paths) progress_.bytes_all += size_of(path);
  }

  /// What is held already is no work, so it is no part of the whole.
  void pass_over(const std::string& path) {
    --progress_.files;
    progress_.bytes_all -= size_of(path);
  }

  bool tell(const std::string& phase) {
    progress_.phase = phase;
    return !options_.progress || options_.progress(progress_);
  }

  Status hash_files(Prepared& next) {
    // A file is evidence by its bytes, so each is hashed before it is read; the second read then
    // comes from memory.
    Sha256 all;
    std::vector<std::string> sorted;
    for (const std::string& path : next.delivery.files) {
      progress_.file = path;
      if (!tell("hashing")) return fail("SY1402", "interrupted");
      auto hash = sha256_of_file(path);
      if (!hash) return pass(hash);
      next.files.push_back({path, *hash, 0});
      sorted.push_back(*hash);
    }
    std::sort(sorted.begin(), sorted.end());
    for (const std::string& hash : sorted) all.add(hash);
    next.delivery_id = next.delivery.delivery_id.empty() ? "d" + all.finish().substr(0, 15)
                                                         : next.delivery.delivery_id;
    return {};
  }

  /// The very same files under the same rules need not be read again.
  Result<bool> already_loaded(const Prepared& next) {
    if (options_.dry_run && options_.append) return false;
    std::multiset<std::string> wanted;
    for (const DeliveredFile& file : next.files) wanted.insert(file.sha256);
    std::vector<ActiveDelivery> same;
    for (const Dataset dataset : {Dataset::kCharges, Dataset::kInvoices,
                                  Dataset::kContractCommitments, Dataset::kBillingPeriods}) {
      auto active = active_in(std::string(table_of(dataset)));
      if (!active) return pass(active);
      for (ActiveDelivery& delivery : *active) {
        std::multiset<std::string> held;
        for (const DeliveredFile& file : delivery.record.files) held.insert(file.sha256);
        const bool source =
            next.delivery.source.empty() || next.delivery.source == delivery.record.source;
        if (held == wanted && source && delivery.record.rules == kRulesVersion)
          same.push_back(std::move(delivery));
      }
    }
    // All billing periods of the files must still be current.
    if (same.empty() || static_cast<std::int64_t>(same.size()) != same.front().record.periods)
      return false;
    for (const ActiveDelivery& delivery : same) {
      IngestedDelivery told = told_of(delivery.record);
      told.version = delivery.version;
      told.outcome = "already loaded";
      report_.deliveries.push_back(std::move(told));
    }
    return true;
  }

  static IngestedDelivery told_of(const DeliveryRecord& record) {
    IngestedDelivery told;
    told.table = record.table;
    told.source = record.source;
    told.billing_period = record.billing_period;
    told.delivery_id = record.delivery_id;
    told.format = record.format;
    told.delivered = record.delivered;
    for (const DeliveredFile& file : record.files) {
      told.files.push_back(file.path);
      told.file_hashes.push_back(file.sha256);
    }
    told.rows_in = record.rows_in;
    told.rows_out = record.rows_out;
    told.rows_derived = record.rows_derived;
    told.rows_rejected = record.rows_rejected;
    told.sums = record.sums;
    told.content = record.content;
    told.warnings = record.warnings;
    return told;
  }

  Status read_delivery(Prepared& next) {
    if (staging_.empty() && stage_) {
      auto staging = store_.make_staging();
      if (!staging) return pass(staging);
      staging_ = *staging;
    }
    auto engine = open_duckdb(engine_options());
    if (!engine) return pass(engine);
    for (std::size_t i = 0; i < next.delivery.files.size(); ++i) {
      ++progress_.file_number;
      const std::int64_t bytes_before = progress_.bytes_done;
      if (auto read = read_one(**engine, next, i); !read) return read;
      progress_.bytes_done = bytes_before + size_of(next.delivery.files[i]);
    }
    std::int64_t rows = next.rows_rejected;
    for (const auto& [period, staged] : next.periods) rows += total_of(staged).rows_in;
    if (const std::int64_t promised = next.delivery.manifest_rows;
        promised >= 0 && promised != rows) {
      Error error{
          "SY1232",
          "the manifest says " + with_thousands(promised) + " rows, its files have " +
              with_thousands(rows),
          next.delivery.manifest,
          "copy the delivery again, or wait until it is complete, and run the command again",
          {}};
      tell_what_is_missing({"", next.delivery.billing_period, next.delivery.files}, error);
      return fail(std::move(error));
    }
    next.source = next.delivery.source.empty() ? source_of(next) : slug(next.delivery.source);
    if (next.format.dataset != Dataset::kCharges) return {};
    for (const auto& [period, staged] : next.periods) {
      for (const auto& [currency, sums] : total_of(staged).sums) {
        if (auto kept = conserve(control_sums(sums, next.residuals), sums, currency); !kept) {
          kept.error().where = next.delivery.files.front() + ", billing period " + period;
          return kept;
        }
      }
    }
    return {};
  }

  Status read_one(Engine& engine, Prepared& next, std::size_t index) {
    const std::string& path = next.delivery.files[index];
    progress_.file = path;
    auto before = identity_of_file(path);
    if (!before) return pass(before);
    auto bill = open_bill(engine, path, next.delivery.format, options_.format,
                          "bill_" + std::to_string(index), options_.limits);
    if (!bill) return pass(bill);
    if (index == 0) {
      next.format = bill->format;
    } else if (!(next.format == bill->format)) {
      return fail("SY1245",
                  "the files of one delivery have different formats: " + next.format.id + " and " +
                      bill->format.id,
                  path, "ingest them one at a time");
    }
    if (!next.delivery.columns.empty() &&
        next.delivery.columns.size() != bill->file.head.columns.size()) {
      report_.notes.push_back(path + " has " + std::to_string(bill->file.head.columns.size()) +
                              " columns, its manifest promises " +
                              std::to_string(next.delivery.columns.size()));
    }
    if (auto spelt = keep_spelling(std::string(table_of(bill->format.dataset)), bill->mapping);
        !spelt)
      return spelt;
    const Relation relation = relation_of(bill->mapping, bill->file, next.delivery_id);
    const bool has_period =
        std::any_of(relation.schema.begin(), relation.schema.end(),
                    [](const SchemaField& f) { return f.name == "BillingPeriodStart"; });
    std::vector<SchemaField> schema = relation.schema;
    schema.push_back({"x_SourceFile", Type::kInt64});
    widen(next.schema, schema);
    next.residuals = bill->mapping.residuals;

    if (auto set = engine.run("SET threads = " +
                              std::to_string(threads_for(schema.size(), engine_options())));
        !set)
      return pass(set);
    // The usual file holds one billing period and streams into one Parquet file. When a second
    // period turns up, the pass begins again and writes one file per period, which costs more.
    for (const bool by_period : {false, true}) {
      Tap tap(relation.inputs, static_cast<std::int64_t>(index));
      const std::string name = "sy_tap_" + std::to_string(index) + (by_period ? "p" : "");
      if (auto added = tap.install(engine, name); !added) return added;
      const std::int64_t rows_before = progress_.rows, bytes_before = progress_.bytes_done;
      std::string select =
          "SELECT " + column_list(relation.schema) + ", " + tap.call_sql() + " AS \"x_SourceFile\"";
      if (by_period) {
        select += ", " +
                  (has_period ? billing_period_sql("\"BillingPeriodStart\"") : sql_literal("all")) +
                  " AS \"x_BillingPeriod\"";
      }
      select += " FROM (" + relation.sql + ") AS mapped";
      const std::string target = staging_ + "/" + std::to_string(next_staged_++);
      std::string sql;
      if (!stage_) {
        sql = "SELECT count(\"x_SourceFile\") FROM (" + select + ")";
      } else {
        sql = "COPY (" + select + ") TO " + sql_literal(by_period ? target : target + ".parquet") +
              " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE " +
              std::to_string(rows_of_group(schema.size())) +
              (by_period ? ", PARTITION_BY (\"x_BillingPeriod\")" : "") + ")";
      }
      bool second_period = false, cancelled = false;
      auto ran = engine.run(sql, [&](double) {
        progress_.rows = rows_before + tap.rows_in();
        // The engine does not see into our functions, so the file itself tells how far it is.
        const double fraction = bill->file.progress
                                    ? bill->file.progress()
                                    : std::min(1.0, static_cast<double>(tap.rows_in()) /
                                                        static_cast<double>(std::max<std::int64_t>(
                                                            1, bill->file.head.rows)));
        progress_.bytes_done =
            bytes_before +
            static_cast<std::int64_t>(fraction * static_cast<double>(bill->file.head.bytes));
        if (!by_period && stage_ && tap.period_count() > 1) second_period = true;
        if (!tell("reading")) cancelled = true;
        return !second_period && !cancelled;
      });
      progress_.rows = rows_before + tap.rows_in();
      const bool again = !by_period && stage_ && tap.period_count() > 1 && !cancelled;
      if (!ran && !again) {
        if (ran.error().where.empty() || ran.error().code == "SY1403") ran.error().where = path;
        return pass(ran);
      }
      if (again) {
        progress_.rows = rows_before;
        progress_.bytes_done = bytes_before;
        bill->file.outcome->begin(std::max<std::int64_t>(0, bill->file.head.rows));
        continue;
      }
      auto after = identity_of_file(path);
      if (!after) return pass(after);
      if (*before != *after) {
        return fail("SY1246", "the file changed while it was read", path,
                    "run again when its writer has finished");
      }
      const std::lock_guard lock(bill->file.outcome->mutex);
      const ReadOutcome& outcome = *bill->file.outcome;
      std::int64_t rows_in = 0;
      for (const auto& [period, seen] : tap.periods()) {
        rows_in += seen.rows_in;
        Staged staged;
        staged.file = index;
        staged.tap = seen;
        staged.rows = seen.rows_out;
        staged.first_charge = seen.first_charge;
        staged.last_charge = seen.last_charge;
        staged.path = by_period ? target + "/x_BillingPeriod=" + period : target + ".parquet";
        if (by_period) {
          auto parts = files_in(staged.path);
          if (!parts) return pass(parts);
          for (const std::string& part : *parts) {
            staged.path = part;
            auto count =
                engine.query("SELECT count(*) FROM read_parquet(" + sql_literal(part) + ")");
            if (!count) return pass(count);
            staged.rows = std::get<std::int64_t>(count->rows.at(0).at(0).value);
            next.periods[period].push_back(staged);
            staged.tap = {};  // the figures of a period stand at its first part
          }
        } else {
          next.periods[period].push_back(std::move(staged));
        }
      }
      if (rows_in + outcome.rejected_rows != outcome.rows_read) {
        return fail("SY1247",
                    "rows were lost while reading: " + std::to_string(outcome.rows_read) +
                        " read, " + std::to_string(rows_in) + " kept, " +
                        std::to_string(outcome.rejected_rows) + " rejected",
                    path, "this is a bug in Steelyard; nothing was committed");
      }
      next.rows_rejected += outcome.rejected_rows;
      next.rounded_cells += outcome.rounded_cells;
      next.repeated_headers += outcome.repeated_headers;
      next.unread_maps += outcome.unread_maps;
      next.rejected.insert(next.rejected.end(), outcome.rejected.begin(), outcome.rejected.end());
      return {};
    }
    return {};
  }

  /// Two exports may spell a column of their own differently, such as x_Id and x_id; in SQL it is
  /// one column, so whoever was first decides how the table spells it.
  Status keep_spelling(const std::string& table, Mapping& mapping) {
    auto [known, fresh] = spelling_.try_emplace(table);
    if (fresh) {
      auto snapshot = Table(store_, table).snapshot();
      if (!snapshot) return pass(snapshot);
      for (const SchemaField& field : snapshot->schema)
        known->second.emplace(to_lower(field.name), field.name);
    }
    std::set<std::string> names;
    for (const MappedColumn& column : mapping.columns) names.insert(column.field.name);
    for (MappedColumn& column : mapping.columns) {
      std::string& name = column.field.name;
      const std::string& spelt = known->second.emplace(to_lower(name), name).first->second;
      if (!names.contains(spelt)) name = spelt;
    }
    return {};
  }

  static TapPeriod total_of(const std::vector<Staged>& staged) {
    TapPeriod total;
    for (const Staged& file : staged) total.merge(file.tap);
    return total;
  }

  static std::string source_of(const Prepared& delivery) {
    std::set<std::string> providers, accounts;
    for (const auto& [period, staged] : delivery.periods) {
      for (const Staged& file : staged) {
        providers.insert(file.tap.providers.begin(), file.tap.providers.end());
        accounts.insert(file.tap.accounts.begin(), file.tap.accounts.end());
      }
    }
    providers.erase("");
    if (providers.size() > 1) return "multi-" + std::to_string(providers.size());
    std::string source = providers.empty() ? slug(delivery.format.id) : slug(*providers.begin());
    if (accounts.size() == 1) {
      const std::string account = accounts.begin()->substr(accounts.begin()->find('/') + 1);
      if (!account.empty()) source += "-" + slug(account);
    }
    return source;
  }

  /// Two sets of files for the same scope, of which nobody says which came later, would replace
  /// each other by chance.
  Status refuse_ambiguity(const std::vector<Prepared>& prepared) const {
    std::map<std::string, const Prepared*> seen;
    for (const Prepared& delivery : prepared) {
      for (const auto& [period, staged] : delivery.periods) {
        const std::string scope =
            std::string(table_of(delivery.format.dataset)) + " " + delivery.source + " " + period;
        auto [at, fresh] = seen.try_emplace(scope, &delivery);
        if (fresh || options_.append ||
            (at->second->delivery.delivered && delivery.delivery.delivered))
          continue;
        return fail("SY1243",
                    "two deliveries hold the same source and billing period, " + delivery.source +
                        " " + period + ", and nothing says which of them is newer",
                    delivery.delivery.files.front(),
                    "ingest them one after the other, oldest first, or give each its own --source, "
                    "or --append when they complete each other");
      }
    }
    return {};
  }

  Result<std::vector<ActiveDelivery>> active_in(const std::string& table_name) {
    Table table(store_, table_name);
    auto history = table.history();
    if (!history) return pass(history);
    return active_deliveries(*history, INT64_MAX);
  }

  /// One delivery that may not be committed leaves the lake as it was, the others with it.
  Status judge_together(std::vector<Prepared>& prepared) {
    std::map<std::string, std::vector<ActiveDelivery>> tables;
    for (Prepared& delivery : prepared) {
      const std::string table(table_of(delivery.format.dataset));
      if (!tables.contains(table)) {
        auto active = active_in(table);
        if (!active) return pass(active);
        tables[table] = std::move(*active);
      }
      std::vector<ActiveDelivery>& active = tables[table];
      if (delivery.delivery.source.empty()) take_source_of_earlier(delivery, active);
      for (const auto& [period, staged] : delivery.periods) {
        ActiveDelivery next;
        next.record = record_of(delivery, period, staged);
        IngestedDelivery told;
        auto fits = judge(next.record, active, told);
        if (!fits) return pass(fits);
        if (!*fits) continue;
        if (!options_.append) {
          std::erase_if(active, [&](const ActiveDelivery& other) {
            return other.record.source == next.record.source &&
                   other.record.billing_period == period;
          });
        }
        active.push_back(std::move(next));
      }
    }
    return {};
  }

  /// A source named after its content would have another name as soon as a second seller appears
  /// in the month. So a delivery of the same format that leaves out no account of an earlier one,
  /// or that is older, is of the earlier one's source.
  void take_source_of_earlier(Prepared& delivery, const std::vector<ActiveDelivery>& active) {
    if (delivery.format.dataset != Dataset::kCharges) return;
    std::set<std::string> sources;
    for (const auto& [period, staged] : delivery.periods) {
      const std::set<std::string> ours = total_of(staged).accounts;
      for (const ActiveDelivery& other : active) {
        if (other.record.billing_period != period) continue;
        if (other.record.source == delivery.source) return;
        if (other.record.format != delivery.format.id) continue;
        const auto held = std::count_if(other.record.accounts.begin(), other.record.accounts.end(),
                                        [&](const std::string& a) { return ours.contains(a); });
        const bool older = other.record.delivered && delivery.delivery.delivered &&
                           *delivery.delivery.delivered < *other.record.delivered;
        const bool all = held == static_cast<std::ptrdiff_t>(other.record.accounts.size());
        if (held > 0 && (all || older)) sources.insert(other.record.source);
      }
    }
    if (sources.size() == 1) delivery.source = *sources.begin();
  }

  DeliveryRecord record_of(const Prepared& delivery, const std::string& period,
                           const std::vector<Staged>& staged) const {
    DeliveryRecord record;
    record.delivery_id = delivery.delivery_id;
    record.table = std::string(table_of(delivery.format.dataset));
    record.source = delivery.source;
    record.billing_period = period;
    record.format = delivery.format.id;
    record.rules = std::string(kRulesVersion);
    record.reader = std::string(kReaderVersion);
    record.mode = options_.append ? "append" : "replace";
    record.delivered = delivery.delivery.delivered;
    record.files = delivery.files;
    for (const Staged& file : staged) record.files[file.file].rows += file.tap.rows_in;
    const TapPeriod total = total_of(staged);
    record.rows_in = total.rows_in;
    record.rows_out = total.rows_out;
    record.rows_derived = total.rows_out - total.rows_in;
    record.rows_rejected = delivery.rows_rejected;
    record.content = total.content;
    if (delivery.format.dataset == Dataset::kCharges) {
      for (const auto& [currency, sums] : total.sums) {
        record.sums[currency] = control_sums(sums, delivery.residuals);
      }
    } else if (delivery.format.dataset == Dataset::kInvoices) {
      // With it the log alone tells whether a month's charges tie to its invoices.
      const std::string billed(column(Basis::kBilled));
      for (const auto& [currency, sums] : total.sums)
        record.sums[currency].out[billed] = sums.out[0];
    }
    record.issuers.assign(total.issuers.begin(), total.issuers.end());
    if (total.end.micros != 0) record.period_start = total.start, record.period_end = total.end;
    record.periods = static_cast<std::int64_t>(delivery.periods.size());
    record.accounts.assign(total.accounts.begin(), total.accounts.end());
    record.warnings = warnings_of(delivery, total, record);
    return record;
  }

  Result<bool> commit(const Prepared& delivery, const std::string& period,
                      const std::vector<Staged>& staged) {
    const DeliveryRecord record = record_of(delivery, period, staged);
    IngestedDelivery told = told_of(record);
    progress_.file = record.source + " " + period;
    tell("committing");
    if (options_.dry_run) {
      auto active = active_in(record.table);
      if (!active) return pass(active);
      auto verdict = judge(record, *active, told);
      if (!verdict) return pass(verdict);
      if (*verdict) {
        told.outcome = "would add";
        for (const ActiveDelivery& other : *active) {
          if (!options_.append && other.record.source == record.source &&
              other.record.billing_period == period) {
            told.outcome = "would replace v" + std::to_string(other.version);
          }
        }
      }
      report_.deliveries.push_back(std::move(told));
      return false;
    }

    Commit commit;
    commit.mode = options_.append ? Commit::Mode::kAppend : Commit::Mode::kReplace;
    commit.scope = {{"x_BillingPeriod", period}, {"x_Source", record.source}};
    commit.partition_columns = {"x_BillingPeriod", "x_Source"};
    commit.schema = delivery.schema;
    commit.schema.push_back({"x_BillingPeriod", Type::kText});
    commit.schema.push_back({"x_Source", Type::kText});
    commit.operation = options_.append ? "APPEND" : "REPLACE SCOPE";
    commit.delivery = to_json(record);
    commit.now = options_.now;
    for (std::size_t i = 0; i < staged.size(); ++i) {
      auto file = publish(record, staged[i], i);
      if (!file) return pass(file);
      commit.add.push_back(std::move(*file));
    }
    commit.check = [&](const Snapshot& newest,
                       const std::vector<VersionInfo>& history) -> Result<bool> {
      auto active = active_deliveries(history, newest.version);
      if (!active) return pass(active);
      return judge(record, *active, told);
    };
    Table table(store_, record.table);
    auto version = table.commit(commit);
    if (!version) return pass(version);
    if (*version) {
      told.version = **version;
      told.outcome = "committed";
      if (**version > 0 && **version % kCheckpointInterval == 0) {
        auto engine = open_duckdb(engine_options());
        if (!engine) return pass(engine);
        if (auto done = table.checkpoint(**engine); !done) return pass(done);
      }
    }
    const bool committed = told.version.has_value() && told.outcome == "committed";
    report_.deliveries.push_back(std::move(told));
    return committed;
  }

  /// May this delivery become current? False, with the outcome said, when it is there already or is
  /// older than what is there.
  Result<bool> judge(const DeliveryRecord& record, const std::vector<ActiveDelivery>& active,
                     IngestedDelivery& told) const {
    ContentHash held;
    std::int64_t held_version = -1;
    for (const ActiveDelivery& other : active) {
      const bool same_period = other.record.billing_period == record.billing_period;
      if (same_period && other.record.source == record.source) {
        if (options_.append && other.record.content == record.content) {
          told.outcome = "already loaded";
          told.version = other.version;
          return false;
        }
        if (!options_.append && record.delivered && other.record.delivered &&
            *other.record.delivered > *record.delivered) {
          told.outcome = "superseded";
          told.version = other.version;
          return false;
        }
        held.add(other.record.content);
        held_version = other.version;
      } else if (same_period && record.table == "charges" && !options_.allow_overlap) {
        for (const std::string& account : record.accounts) {
          if (std::find(other.record.accounts.begin(), other.record.accounts.end(), account) ==
              other.record.accounts.end())
            continue;
          return fail("SY1244",
                      "the charges of " + account + " in " + record.billing_period +
                          " are already held under the source " + other.record.source +
                          "; a second copy would count them twice",
                      record.files.empty() ? "" : record.files.front().path,
                      "replace them with --source=" + other.record.source +
                          ", or say --allow-overlap if they really are other charges");
        }
      }
    }
    if (!options_.append && held_version >= 0 && held == record.content) {
      told.outcome = "already loaded";
      told.version = held_version;
      return false;
    }
    return true;
  }

  Result<DataFile> publish(const DeliveryRecord& record, const Staged& staged, std::size_t number) {
    const std::string root = store_.absolute("");
    SY_ASSERT(staged.path.starts_with(root));
    std::string relative = staged.path.substr(root.size());
    while (relative.starts_with("/")) relative.erase(0, 1);
    auto hash = store_.sha256(relative);
    if (!hash) return pass(hash);
    auto info = store_.stat(relative);
    if (!info) return pass(info);
    DataFile file;
    file.partition = {{"x_BillingPeriod", record.billing_period}, {"x_Source", record.source}};
    file.path = "x_BillingPeriod=" + record.billing_period + "/x_Source=" + record.source + "/" +
                slug(record.delivery_id) + "-" + std::to_string(number) + "-" + hash->substr(0, 8) +
                ".parquet";
    file.size = info->size;
    file.rows = staged.rows;
    file.modified_millis = options_.now.micros / 1000;
    file.sha256 = *hash;
    file.stats = "{\"numRecords\":" + std::to_string(file.rows);
    if (staged.first_charge <= staged.last_charge) {
      file.stats += ",\"minValues\":{\"ChargePeriodStart\":\"" +
                    format_instant(staged.first_charge) +
                    "\"},\"maxValues\":{\"ChargePeriodStart\":\"" +
                    format_instant(staged.last_charge) + "\"}";
    }
    file.stats += "}";
    // The name holds the content's hash: a file of that name is that file, whoever published it
    // first.
    auto published = store_.publish(staged.path, record.table + "/" + file.path);
    if (!published && published.error().code != "SY1105") return pass(published);
    return file;
  }

  static std::vector<std::string> warnings_of(const Prepared& delivery, const TapPeriod& total,
                                              const DeliveryRecord& record) {
    std::vector<std::string> warnings;
    const auto warn = [&](std::int64_t count, const std::string& what) {
      if (count > 0)
        warnings.push_back(with_thousands(count) + (count == 1 ? " row " : " rows ") + what);
    };
    if (delivery.format.dataset == Dataset::kCharges) {
      for (int c = 0; c < kCosts; ++c)
        warn(total.null_costs[c], "without " + std::string(column(kBases[c])));
      warn(total.list_below_contracted, "with ListCost below ContractedCost");
      warn(total.contracted_below_effective, "with ContractedCost below EffectiveCost");
      warn(total.outside_period, "charged outside the billing period");
      for (const auto& [currency, sums] : record.sums) {
        if (currency.empty()) warnings.push_back("there are rows without BillingCurrency");
        for (const auto& [cost, residual] : sums.residual) {
          if (residual != "0")
            warnings.push_back(cost + " in " + currency + ": residual " + residual);
        }
        for (const auto& [cost, parts] : sums.named) {
          for (const auto& [name, amount] : parts)
            warnings.push_back(cost + " in " + currency + ": " + to_text(amount) + " of it is " +
                               name);
        }
      }
    }
    const auto note = [&](std::int64_t count, const std::string& one, const std::string& many) {
      if (count > 0) warnings.push_back(with_thousands(count) + (count == 1 ? one : many));
    };
    note(delivery.rounded_cells,
         " cell has more than 18 decimals; its text is kept in x_SourceDecimals",
         " cells have more than 18 decimals; their text is kept in x_SourceDecimals");
    note(delivery.repeated_headers,
         " header stands again in the midst of a file, as where parts were put together; left out",
         " headers stand again in the midst of files, as where parts were put together; left out");
    note(delivery.unread_maps, " cell of tags is no map; its text is kept under the key (unread)",
         " cells of tags are no maps; their text is kept under the key (unread)");
    for (const RejectedRow& row : delivery.rejected) {
      warnings.push_back("rejected line " + std::to_string(row.line) + ": " + row.reason);
    }
    return warnings;
  }

  Store& store_;
  const IngestOptions& options_;
  IngestReport report_;
  IngestProgress progress_;
  bool stage_ = true;  ///< else what is read is only looked at
  std::string staging_;
  /// By table: how it spells its columns, by their names in lower case.
  std::map<std::string, std::map<std::string, std::string>> spelling_;
  std::int64_t next_staged_ = 0;
};

}  // namespace

Result<IngestReport> ingest(Store& lake, const IngestOptions& options) {
  return Ingest(lake, options).run();
}

Result<FilesView> open_files_as_charges(Engine& engine, const std::vector<std::string>& paths,
                                        std::string_view format, const ReadLimits& limits) {
  auto found = discover(paths, format);
  if (!found) return pass(found);
  FilesView view;
  view.deliveries = newest_of_each_scope(
      found->deliveries);  // earlier deliveries of a scope would count its charges again
  std::string sql;
  std::size_t number = 0;
  for (const Delivery& delivery : view.deliveries) {
    for (std::size_t i = 0; i < delivery.files.size(); ++i) {
      auto bill = open_bill(engine, delivery.files[i], delivery.format, format,
                            "bill_" + std::to_string(number++), limits);
      if (!bill) return pass(bill);
      if (bill->format.dataset != Dataset::kCharges) continue;
      Relation relation = relation_of(bill->mapping, bill->file, delivery.delivery_id);
      if (!sql.empty()) sql += "\nUNION ALL BY NAME\n";
      sql += "SELECT " + column_list(relation.schema) + ", " + std::to_string(i) +
             "::BIGINT AS \"x_SourceFile\", " + sql_literal(delivery.files[i]) +
             " AS \"x_SourcePath\", " + billing_period_sql("\"BillingPeriodStart\"") +
             " AS \"x_BillingPeriod\", " +
             sql_literal(delivery.source.empty() ? "files" : delivery.source) +
             " AS \"x_Source\" FROM (" + relation.sql + ") AS mapped";
      widen(view.schema, relation.schema);
      view.outcomes.push_back(bill->file.outcome);
    }
  }
  if (sql.empty())
    return fail("SY1233", "there are no charges in these files", join(paths, ", "),
                "name files that hold a bill");
  for (const SchemaField& field :
       {SchemaField{"x_SourceFile", Type::kInt64}, SchemaField{"x_SourcePath", Type::kText},
        SchemaField{"x_BillingPeriod", Type::kText}, SchemaField{"x_Source", Type::kText}}) {
    view.schema.push_back(field);
  }
  auto made = engine.run("CREATE OR REPLACE VIEW charges AS " + sql);
  if (!made) return pass(made);
  return view;
}

}  // namespace steelyard
