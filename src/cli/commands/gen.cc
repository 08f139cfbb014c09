#include "samples/gen.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace steelyard {

namespace {

struct GenCommandOptions {
  std::string out, formats, first_month, grain = "auto", mode = "create-new", dirty;
  std::optional<std::int64_t> rows, months, seed, deliveries, rows_per_file;
  bool overwrite = false;
};

Report report_of(const GenReport& made, const std::string& folder) {
  Report report;
  report.title = "What the bills in " + folder + " sum to";
  report.columns = {{"month", "month", CellKind::kText},
                    {"provider", "provider", CellKind::kText},
                    {"currency", "currency", CellKind::kText},
                    {"rows", "rows", CellKind::kCount},
                    {"billed_cost", "billed", CellKind::kMoney},
                    {"effective_cost", "effective", CellKind::kMoney},
                    {"list_cost", "list", CellKind::kMoney},
                    {"contracted_cost", "contracted", CellKind::kMoney}};
  for (const GenTotal& total : made.totals) {
    report.rows.push_back({Cell{total.month}, Cell{total.provider}, Cell{total.currency},
                           Cell{total.rows}, Cell{total.billed}, Cell{total.effective},
                           Cell{total.list}, Cell{total.contracted}});
  }
  std::int64_t bytes = 0;
  for (const GenFile& file : made.files) bytes += file.bytes;
  report.notes = {with_thousands(static_cast<std::int64_t>(made.files.size())) + " files, " +
                  human_bytes(static_cast<std::uint64_t>(bytes)) + "; " +
                  with_thousands(made.accounts) + " accounts, " + with_thousands(made.resources) +
                  " resources, " + with_thousands(made.commitments) + " commitments"};
  return report;
}

Result<int> run_gen(Context& context, const GenCommandOptions& options) {
  GenOptions wanted;
  wanted.out = options.out.empty() ? "bills" : options.out;
  wanted.overwrite = options.overwrite;
  if (!options.formats.empty()) wanted.formats = comma_list(options.formats);
  if (!options.dirty.empty()) wanted.dirty = comma_list(options.dirty);
  if (options.rows) wanted.rows = *options.rows;
  if (options.rows_per_file) wanted.rows_per_file = *options.rows_per_file;
  const auto small = [](std::int64_t number) {
    return static_cast<int>(std::clamp<std::int64_t>(number, -1, 1'000'000));
  };
  if (options.months) wanted.months = small(*options.months);
  if (options.deliveries) wanted.deliveries = small(*options.deliveries);
  if (options.seed) wanted.seed = static_cast<std::uint64_t>(*options.seed);
  if (context.common.threads) wanted.threads = small(*context.common.threads);
  wanted.grain = options.grain == "hour"  ? GenGrain::kHourly
                 : options.grain == "day" ? GenGrain::kDaily
                                          : GenGrain::kAuto;
  wanted.mode =
      options.mode == "overwrite" ? GenDeliveryMode::kOverwrite : GenDeliveryMode::kCreateNew;
  if (!options.first_month.empty()) {
    Instant first;
    if (options.first_month.size() != 7 || !parse_instant(options.first_month + "-01", first)) {
      return bad_value("--first-month", options.first_month, "a month such as 2026-05");
    }
    wanted.first_month = date_of(first);
  }
  Progress progress(context.common, "gen");
  wanted.progress = [&](const GenProgress& step) {
    progress.report({.phase = step.phase,
                     .file = step.file,
                     .rows = step.rows_done,
                     .done = step.rows_done,
                     .all = step.rows_all});
    return true;
  };
  auto made = generate(wanted);
  progress.finish();
  if (!made) return pass(made);
  if (Status shown = show(context, report_of(*made, wanted.out)); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command gen_command(CommonOptions&) {
  auto options = std::make_shared<GenCommandOptions>();
  Command command;
  command.name = "gen";
  command.summary = "Invent an enterprise and write its bills, to try things out and to test.";
  command.description =
      "The same options give the same bytes on every machine. The true sums are known to the last "
      "digit and printed, so what a reader "
      "makes of the bills can be compared with what was meant.";
  command.flags = {
      {"--out", "", "DIR", "Folder to write to; must be new or empty [default: bills]",
       &options->out},
      {"--overwrite", "", "", "Write into a folder that is not empty", &options->overwrite},
      {"--rows", "", "N", "Rows of usage in all months together, about [default: 200000]",
       &options->rows},
      {"--months", "", "N", "Months, 1 to 60 [default: 6]", &options->months},
      {"--first-month", "", "MONTH", "The first month [default: 2026-05]", &options->first_month},
      {"--seed", "", "N", "Another enterprise [default: 1]", &options->seed},
      {"--formats", "", "LIST",
       "Formats to write, separated by commas [default: focus-1.4-parquet,truth]",
       &options->formats, gen_formats()},
      {"--deliveries", "", "N", "Deliveries of each month, 1 to 8; the last is final [default: 2]",
       &options->deliveries},
      {"--grain",
       "",
       "GRAIN",
       "auto, hour or day: one row a resource and this long [default: auto]",
       &options->grain,
       {"auto", "hour", "day"}},
      {"--mode",
       "",
       "MODE",
       "AWS: each delivery in a folder of its own, or in place of the last",
       &options->mode,
       {"create-new", "overwrite"}},
      {"--dirty", "", "LIST", "Flaws of real CSV files to build in, separated by commas",
       &options->dirty, gen_dirt()},
      {"--rows-per-file", "", "N", "Rows of a file before the next one begins [default: 1000000]",
       &options->rows_per_file},
  };
  command.groups = {FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {
      {"steelyard gen --rows=20000 --months=3", "a small enterprise in ./bills"},
      {"steelyard gen --formats=aws-cur-2.0-parquet,truth --out=cur",
       "as AWS would deliver it, with the truth beside it"},
      {"steelyard gen --formats=focus-1.2-csv --dirty=bom,crlf --seed=7 --out=dirty",
       "with flaws, to test a reader"}};
  command.see_also = {"ingest", "report"};
  command.run = [options](Context& context) { return run_gen(context, *options); };
  return command;
}

}  // namespace steelyard
