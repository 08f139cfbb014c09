// Claim: making an enterprise's bill as FOCUS 1.4 Parquet takes at most twice as long as DuckDB
// needs to copy that finished Parquet. Both use the same number of threads. Exit 1 when rows or
// sums differ from the truth; the ratio is printed, the reader judges. Usage: gen_bench
// [--rows=10000000] [--threads=0] [--folder=DIR]
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/text.h"
#include "engine/engine.h"
#include "samples/gen.h"

namespace {

namespace fs = std::filesystem;
using namespace steelyard;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int stop(const Error& error) {
  std::fprintf(stderr, "error[%s]: %s %s\n", error.code.c_str(), error.what.c_str(),
               error.where.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  GenOptions options;
  options.rows = 10'000'000;
  options.months = 2;
  options.deliveries = 1;
  options.grain = GenGrain::kHourly;
  options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  fs::path folder =
      fs::temp_directory_path() / ("steelyard_gen_bench_" + std::to_string(::getpid()));
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--rows="))
      options.rows = std::atoll(argument.c_str() + 7);
    else if (argument.starts_with("--threads=") && std::atoi(argument.c_str() + 10) > 0)
      options.threads = std::atoi(argument.c_str() + 10);
    else if (argument.starts_with("--folder="))
      folder = argument.substr(9);
  }
  options.out = (folder / "made").string();
  options.formats = {"focus-1.4-parquet"};

  const double started = now_seconds();
  auto report = generate(options);
  if (!report) return stop(report.error());
  const double made_seconds = now_seconds() - started;

  EngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.memory_bytes = 4ULL << 30;
  auto engine = open_duckdb(engine_options);
  if (!engine) return stop(engine.error());
  const std::string files = "read_parquet(" +
                            sql_literal(options.out + "/focus-1.4/*/*/*.parquet") +
                            ", hive_partitioning=false)";
  const std::string copy = (folder / "copy.parquet").string();
  const double copy_started = now_seconds();
  auto copied = (*engine)->run("COPY (SELECT * FROM " + files + ") TO " + sql_literal(copy) +
                               " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)");
  if (!copied) return stop(copied.error());
  const double copy_seconds = now_seconds() - copy_started;

  Decimal billed, effective;
  for (const GenTotal& total : report->totals) {
    if (total.currency != "USD") continue;
    billed += total.billed;
    effective += total.effective;
  }
  auto sums = (*engine)->query("SELECT (SELECT count(*) FROM " + files +
                               "), sum(BilledCost), sum(EffectiveCost) FROM " + files +
                               " WHERE BillingCurrency = 'USD'");
  if (!sums) return stop(sums.error());
  const auto& row = sums->rows.at(0);
  const bool right = row[0].text() == std::to_string(report->rows) &&
                     std::get<Decimal>(row[1].value) == billed &&
                     std::get<Decimal>(row[2].value) == effective;
  std::printf(
      "rows          %s\nbilled        %s USD\neffective     %s USD\nsums          %s\nthreads     "
      "  %d\nmake          %.2f s\ncopy          %.2f s\nratio         %.2f\n",
      with_thousands(report->rows).c_str(), to_text(billed).c_str(), to_text(effective).c_str(),
      right ? "equal the truth" : "DIFFER FROM THE TRUTH", options.threads, made_seconds,
      copy_seconds, made_seconds / copy_seconds);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return right ? 0 : 1;
}
