#include "samples/gen.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/assert.h"
#include "base/text.h"
#include "engine/engine.h"
#include "samples/charges.h"
#include "samples/delivery.h"
#include "samples/rendering.h"
#include "samples/source.h"
#include "samples/truth.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;
using namespace samples;

constexpr const char* kIncomplete = ".incomplete";

/// Calls work(0..count-1) from `threads` threads; work(i, worker) returns false to stop all.
template <class Work>
void parallel(std::size_t count, int threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  const auto run = [&](int worker) {
    for (std::size_t i; !stop && (i = next++) < count;)
      if (!work(i, worker)) stop = true;
  };
  std::vector<std::thread> pool;
  for (int w = 1; w < threads; ++w) pool.emplace_back(run, w);
  run(0);
  for (std::thread& thread : pool) thread.join();
}

Status check(const GenOptions& options) {
  const auto bad = [](std::string what, std::string fix) {
    return fail("SY1701", std::move(what), {}, std::move(fix));
  };
  if (options.rows < 1000 || options.rows > 20'000'000'000)
    return bad("rows is " + std::to_string(options.rows), "give 1,000 to 20,000,000,000 rows");
  if (options.months < 1 || options.months > 60)
    return bad("months is " + std::to_string(options.months), "give 1 to 60 months");
  if (options.deliveries < 1 || options.deliveries > 8)
    return bad("deliveries is " + std::to_string(options.deliveries),
               "give 1 to 8 deliveries a month");
  if (options.first_month.day != 1 || options.first_month.year < 2000 ||
      options.first_month.year > 2100)
    return bad("the first month begins on " + format_date(options.first_month),
               "give the first day of a month between 2000 and 2100");
  if (options.rows_per_file < 1000)
    return bad("rows per file is " + std::to_string(options.rows_per_file), "give 1,000 or more");
  if (options.threads < 0)
    return bad("threads is " + std::to_string(options.threads), "give 0 (all) or more");
  if (options.out.empty()) return bad("no folder is given", "name a folder to write to");
  if (options.formats.empty())
    return bad("no format is given", "one or more of: " + join(gen_formats(), ", "));
  const auto known = [&](const std::vector<std::string>& names, const std::vector<std::string>& all,
                         const char* noun) -> Status {
    for (const std::string& name : names) {
      if (std::find(all.begin(), all.end(), name) != all.end()) continue;
      const std::string near = nearest(name, all);
      return bad(
          std::string(noun) + " `" + name + "` is not known",
          near.empty() ? "one or more of: " + join(all, ", ") : "did you mean `" + near + "`?");
    }
    return {};
  };
  if (auto status = known(options.formats, gen_formats(), "format"); !status) return status;
  return known(options.dirty, gen_dirt(), "kind of dirt");
}

Dirt dirt_of(const GenOptions& options) {
  const auto has = [&](std::string_view name) {
    return std::find(options.dirty.begin(), options.dirty.end(), name) != options.dirty.end();
  };
  return {has("null-text"),      has("bom"),         has("crlf"),
          has("exponent"),       has("no-zone"),     has("repeated-header"),
          has("truncated-gzip"), has("column-order")};
}

class Generation {
 public:
  explicit Generation(const GenOptions& options) : options_(options), dirt_(dirt_of(options)) {
    threads_ = options.threads > 0
                   ? options.threads
                   : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }

  Result<GenReport> run() {
    if (auto status = prepare_folder(); !status) return pass(status);
    enterprise_ = build_enterprise(options_);
    if (auto status = plan(); !status) return pass(status);
    for (const std::string& format : gen_formats())  // a format asked for twice is written once
      if (format != "truth" && asked(format)) list_files(rendering_folder(format), format);
    if (auto status = write_files(); !status) return pass(status);
    for (const Manifest& manifest : manifests_)
      if (auto status = write_text(manifest.path, manifest.text, manifest.delivered); !status)
        return pass(status);
    if (auto status = write_datasets(); !status) return pass(status);
    return report();
  }

 private:
  /// A file to be written by COPY.
  struct Job {
    std::string path, format;
    Part part;
    std::int64_t rows = 0, bytes = 0, planned = 0;
    Instant delivered;
    bool last_of_delivery = false;
    int number = 0;
  };

  Status prepare_folder() {
    std::error_code error;
    if (fs::exists(options_.out, error) && !options_.overwrite &&
        !fs::is_empty(options_.out, error))
      return fail("SY1702", "the folder is not empty", options_.out,
                  "name a new folder with --out, or write among what is there with --overwrite");
    fs::create_directories(options_.out, error);
    if (error)
      return fail("SY1703", "the folder cannot be made: " + error.message(), options_.out,
                  "name a folder that can be written to");
    return {};
  }

  bool tell(const std::string& phase, const std::string& file) {
    if (!options_.progress) return true;
    GenProgress progress;
    progress.phase = phase;
    progress.file = file;
    progress.rows_done = rows_done_;
    progress.rows_all = rows_all_;
    return options_.progress(progress);
  }

  Status plan() {
    const int months = enterprise_.months();
    for (int m = 0; m < months; ++m) months_.push_back(std::make_unique<Month>(enterprise_, m));
    // Ranges of equal length, so that the sums do not depend on how many threads there are (they
    // would not anyway: they are integers).
    struct Range {
      int month, first, last;
    };
    std::vector<Range> ranges;
    for (int m = 0; m < months; ++m) {
      const int slots = months_[m]->slots(), step = enterprise_.slot_hours == 1 ? 48 : 31;
      for (int s = 0; s < slots; s += step) ranges.push_back({m, s, std::min(slots, s + step)});
    }
    std::vector<RangeSums> found(ranges.size());
    std::mutex mutex;
    std::atomic<bool> cancelled{false};
    parallel(ranges.size(), threads_, [&](std::size_t i, int) {
      found[i] = months_[ranges[i].month]->sum(ranges[i].first, ranges[i].last);
      const std::lock_guard lock(mutex);
      if (!tell("planning", "")) cancelled = true;
      return !cancelled;
    });
    if (cancelled) return fail("SY1705", "generating was cancelled");
    sums_.resize(static_cast<std::size_t>(months));
    for (std::size_t i = 0; i < ranges.size(); ++i)
      merge(sums_[ranges[i].month], std::move(found[i]));
    closings_ = close_months(enterprise_, sums_);
    tell_of_exhausted_capacity();
    return {};
  }

  void tell_of_exhausted_capacity() {
    for (const auto& month : months_) {
      const Capacity& capacity = enterprise_.capacities[month->capacity()];
      for (int s = 0; s < month->slots(); ++s) {
        if (month->credits_before(s) > capacity.credits ||
            month->credits_before(s + 1) <= capacity.credits)
          continue;
        const Subject& holder = enterprise_.subjects[capacity.holder];
        enterprise_.changes.push_back(
            {"exhausted", month->slot_hour(s),
             std::min(capacity.last_hour, months_.back()->last_hour()), holder.account,
             holder.service, 1000,
             capacity.name + " is used up; Fjord Data bills what is used from here on"});
      }
    }
  }

  static void merge(RangeSums& all, RangeSums&& one) {
    if (all.slots.empty()) {
      all = std::move(one);
      return;
    }
    all.slots.insert(all.slots.end(), one.slots.begin(), one.slots.end());
    for (std::size_t s = 0; s < all.billed.size(); ++s) all.billed[s] += one.billed[s];
    for (int p = 0; p < kProviders; ++p) all.providers[p].add(one.providers[p]);
    for (std::size_t c = 0; c < all.unused_cost.size(); ++c) {
      all.unused_cost[c].insert(all.unused_cost[c].end(), one.unused_cost[c].begin(),
                                one.unused_cost[c].end());
      all.unused_quantity[c].insert(all.unused_quantity[c].end(), one.unused_quantity[c].begin(),
                                    one.unused_quantity[c].end());
    }
    for (std::size_t d = 0; d < all.detail.size(); ++d) {
      all.detail[d] += one.detail[d];
      all.detail_rows[d] += one.detail_rows[d];
    }
  }

  bool asked(std::string_view format) const {
    return std::find(options_.formats.begin(), options_.formats.end(), format) !=
           options_.formats.end();
  }

  std::string rendering_folder(const std::string& format) const {
    for (const char* version : {"focus-1.4", "focus-1.2"}) {
      if (format == std::string(version) + "-parquet") return version;
      if (format == std::string(version) + "-csv")
        return asked(std::string(version) + "-parquet") ? format : std::string(version);
    }
    return format;
  }

  /// All files of one format, month by month and delivery by delivery.
  void list_files(const std::string& folder, const std::string& format) {
    for (int m = 0; m < enterprise_.months(); ++m)
      for (int d = 1; d <= options_.deliveries; ++d) {
        const DeliveryPlan delivery =
            plan_delivery(enterprise_, *months_[m], d, options_.deliveries);
        const bool aws = format.starts_with("aws-");
        if (aws && options_.mode == GenDeliveryMode::kOverwrite && !delivery.final) continue;
        const Rendering rendering = rendering_of(format, enterprise_, m, dirt_);
        std::vector<Charge> closing = closings_[m].always;
        if (rendering.view == View::kCur) {
          const auto fees = reservation_fees(enterprise_, *months_[m], sums_[m], delivery.slots);
          closing.insert(closing.end(), fees.begin(), fees.end());
        }
        if (delivery.final)
          closing.insert(closing.end(), closings_[m].final.begin(), closings_[m].final.end());
        const std::string extension = !rendering.csv             ? ".parquet"
                                      : dirt_.needs_plain_file() ? ".csv"
                                                                 : ".csv.gz";
        const DeliveryPaths paths =
            paths_of(folder, format, enterprise_, m, delivery, options_.mode);
        std::vector<std::string> keys;
        int first = 0, number = 1;
        std::int64_t rows = 0;
        for (int s = 0; s < delivery.slots; ++s) {
          rows +=
              sums_[m].slots[static_cast<std::size_t>(s)].rows[static_cast<int>(rendering.view)];
          const bool last = s + 1 == delivery.slots;
          if (rows < options_.rows_per_file && !last) continue;
          Job job;
          job.format = format;
          job.part.month = months_[m].get();
          job.part.first_slot = first;
          job.part.last_slot = s + 1;
          if (last) job.part.closing = closing;
          job.part.view = rendering.view;
          job.part.delivery = d;
          job.part.final = delivery.final;
          job.part.keeps_late = delivery.final;
          job.path = paths.file_stem + std::to_string(number) + extension;
          job.planned = rows;
          job.delivered = delivery.delivered;
          job.last_of_delivery = last;
          job.number = number;
          keys.push_back(job.path);
          rows_all_ += rows;
          jobs_.push_back(std::move(job));
          first = s + 1;
          rows = 0;
          ++number;
        }
        if (aws)
          for (Manifest& manifest :
               manifests_of(folder, rendering, enterprise_, m, delivery, options_.mode, keys)) {
            // The manifest beside the assemblies points to the newest: a later delivery replaces
            // it.
            std::erase_if(manifests_,
                          [&](const Manifest& known) { return known.path == manifest.path; });
            manifests_.push_back(std::move(manifest));
          }
      }
  }

  /// An engine of one thread with the wide tables in it.
  struct Worker {
    std::unique_ptr<Engine> engine;
    std::shared_ptr<ChargeSource> charges;
  };

  Status start(Worker& worker) {
    EngineOptions engine_options;
    engine_options.threads = 1;
    engine_options.memory_bytes = 1ULL << 30;
    auto engine = open_duckdb(engine_options);
    if (!engine) return pass(engine);
    worker.engine = std::move(*engine);
    worker.charges = std::make_shared<ChargeSource>(enterprise_);
    if (auto status = worker.engine->add_source("charges", worker.charges); !status) return status;
    for (auto& [name, table] : wide_tables(enterprise_)) {
      if (auto status = worker.engine->add_source(name + "_source", table); !status) return status;
      if (auto made = worker.engine->run("CREATE TEMP TABLE " + name + " AS SELECT * FROM " + name +
                                         "_source()");
          !made)
        return pass(made);
    }
    // Rows stay in the order of the truth, and the wide tables are what is hashed.
    auto set = worker.engine->run(
        "SET preserve_insertion_order=true; SET "
        "disabled_optimizers='join_order,build_side_probe_side'");
    if (!set) return pass(set);
    return {};
  }

  Status write_files() {
    std::vector<Worker> workers(static_cast<std::size_t>(threads_));
    std::mutex mutex;
    Status outcome;
    parallel(jobs_.size(), threads_, [&](std::size_t i, int number) {
      Job& job = jobs_[i];
      Worker& worker = workers[static_cast<std::size_t>(number)];
      Status status;
      if (!worker.engine) status = start(worker);
      if (status) status = write(worker, job);
      const std::lock_guard lock(mutex);
      rows_done_ += job.planned;
      if (status && !tell("writing", job.path)) status = fail("SY1705", "generating was cancelled");
      if (!status && outcome) outcome = std::move(status);
      return outcome.has_value();
    });
    return outcome;
  }

  Status write(Worker& worker, Job& job) {
    const fs::path path = fs::path(options_.out) / job.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error)
      return fail("SY1703", "the folder cannot be made: " + error.message(),
                  path.parent_path().string());
    const int m = job.part.month->number();
    Rendering rendering = rendering_of(job.format, enterprise_, m, dirt_);
    if (dirt_.column_order && rendering.csv && job.number % 2 == 0)
      std::reverse(rendering.columns.begin(), rendering.columns.end());
    worker.charges->assign(job.part);
    std::string options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880";
    if (rendering.csv) {
      options = "FORMAT csv, HEADER true";
      if (!dirt_.needs_plain_file()) options += ", COMPRESSION gzip";
      if (dirt_.null_text) options += ", NULLSTR 'NULL'";
    }
    // Under its name there is only ever the whole file, whatever stops the program.
    const fs::path incomplete = path.string() + kIncomplete;
    auto rows = worker.engine->run("COPY (" + select_of(rendering) + ") TO " +
                                   sql_literal(incomplete.string()) + " (" + options + ")");
    if (!rows) return pass(rows);
    job.rows = *rows;
    if (rendering.csv)
      if (auto status = soil(incomplete, job); !status) return status;
    job.bytes = static_cast<std::int64_t>(fs::file_size(incomplete, error));
    return finish(incomplete, path, job.delivered);
  }

  /// What COPY cannot write wrong by itself. Reads and writes piece by piece: a file may be large.
  Status soil(const fs::path& path, const Job& job) const {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return fail("SY1703", "the file cannot be read: " + error.message(), path.string());
    if (dirt_.truncated_gzip && !dirt_.needs_plain_file()) {
      if (job.last_of_delivery) fs::resize_file(path, size * 2 / 3, error);
      if (error) return fail("SY1703", "the file cannot be cut: " + error.message(), path.string());
      return {};
    }
    if (!dirt_.needs_plain_file()) return {};
    const fs::path clean = path.string() + "-clean";
    fs::rename(path, clean, error);
    if (error)
      return fail("SY1703", "the file cannot be renamed: " + error.message(), path.string());
    std::ifstream in(clean, std::ios::binary);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const std::string end_of_line = dirt_.crlf ? "\r\n" : "\n";
    std::string header, text = dirt_.bom ? "\xEF\xBB\xBF" : "";
    std::getline(in, header);
    text += header + end_of_line;
    // The header comes again in the middle, at a line end that is not inside quotes: an even number
    // of quotes stands before it.
    bool again = !dirt_.repeated_header, quoted = false;
    std::size_t at = header.size() + 1;
    std::vector<char> piece(std::size_t{1} << 20);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
      for (const char c : std::string_view(piece.data(), static_cast<std::size_t>(in.gcount()))) {
        ++at;
        if (c != '\n') {
          quoted ^= c == '"';
          text += c;
          continue;
        }
        text += end_of_line;
        if (again || quoted || at <= size / 2) continue;
        text += header + end_of_line;
        again = true;
      }
      out << text;
      text.clear();
    }
    out << text;
    out.close();
    if (!out || in.bad()) return fail("SY1703", "the file cannot be written", path.string());
    fs::remove(clean, error);
    return {};
  }

  static Status finish(const fs::path& incomplete, const fs::path& path, Instant delivered) {
    set_time(incomplete, delivered);
    std::error_code error;
    fs::rename(incomplete, path, error);
    if (error)
      return fail("SY1703", "the file cannot be written: " + error.message(), path.string());
    return {};
  }

  /// Files are as old as their delivery; where that is the only sign of the order, it is right.
  static void set_time(const fs::path& path, Instant instant) {
    std::error_code error;
    const auto system =
        std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(instant.micros));
    fs::last_write_time(path,
                        std::chrono::time_point_cast<fs::file_time_type::duration>(
                            std::chrono::file_clock::from_sys(system)),
                        error);
  }

  Status write_text(const std::string& relative, const std::string& text, Instant delivered) {
    const fs::path path = fs::path(options_.out) / relative,
                   incomplete = path.string() + kIncomplete;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(incomplete, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) return fail("SY1703", "the file cannot be written", path.string());
    if (auto status = finish(incomplete, path, delivered); !status) return status;
    small_.push_back({relative,
                      {},
                      {},
                      std::count(text.begin(), text.end(), '\n'),
                      static_cast<std::int64_t>(text.size())});
    return {};
  }

  Status write_datasets() {
    if (!tell("truth", "")) return fail("SY1705", "generating was cancelled");
    const bool focus14 =
        std::any_of(options_.formats.begin(), options_.formats.end(),
                    [](const std::string& format) { return format.starts_with("focus-1.4"); });
    std::vector<TextFile> files;
    if (focus14) files = focus_datasets(enterprise_, months_, sums_, closings_);
    if (asked("truth"))
      for (TextFile& file :
           truth_files(enterprise_, months_, sums_, closings_, options_.deliveries))
        files.push_back(std::move(file));
    for (const TextFile& file : files) {
      if (auto status = write_text(file.path, file.text, file.delivered); !status) return status;
      small_.back().format = file.format;
      small_.back().month = file.month;
      small_.back().rows = file.rows;
    }
    return {};
  }

  GenReport report() const {
    GenReport result;
    for (const Job& job : jobs_)
      result.files.push_back({job.path, job.format,
                              enterprise_.month_names[job.part.month->number()], job.rows,
                              job.bytes});
    result.files.insert(result.files.end(), small_.begin(), small_.end());
    std::sort(result.files.begin(), result.files.end(),
              [](const GenFile& a, const GenFile& b) { return a.path < b.path; });
    result.totals = truth_totals(enterprise_, sums_, closings_);
    for (const GenTotal& total : result.totals) result.rows += total.rows;
    result.accounts = static_cast<std::int64_t>(enterprise_.accounts.size());
    result.resources = static_cast<std::int64_t>(enterprise_.resources);
    result.prices = static_cast<std::int64_t>(enterprise_.prices.size());
    result.commitments = static_cast<std::int64_t>(enterprise_.commitments.size());
    return result;
  }

  const GenOptions& options_;
  Dirt dirt_;
  int threads_ = 1;
  Enterprise enterprise_;
  std::vector<std::unique_ptr<Month>> months_;
  std::vector<RangeSums> sums_;
  std::vector<Closing> closings_;
  std::vector<Job> jobs_;
  std::vector<Manifest> manifests_;
  std::vector<GenFile> small_;
  std::int64_t rows_done_ = 0, rows_all_ = 0;
};

}  // namespace

const std::vector<std::string>& gen_formats() {
  static const std::vector<std::string> kFormats = {
      "focus-1.4-parquet", "focus-1.4-csv",       "focus-1.2-parquet",
      "focus-1.2-csv",     "aws-cur-legacy-csv",  "aws-cur-legacy-parquet",
      "aws-cur-2.0-csv",   "aws-cur-2.0-parquet", "truth"};
  return kFormats;
}

const std::vector<std::string>& gen_dirt() {
  static const std::vector<std::string> kDirt = {"null-text",      "bom",         "crlf",
                                                 "exponent",       "no-zone",     "repeated-header",
                                                 "truncated-gzip", "column-order"};
  return kDirt;
}

Result<GenReport> generate(const GenOptions& options) {
  if (auto status = check(options); !status) return pass(status);
  return Generation(options).run();
}

}  // namespace steelyard
