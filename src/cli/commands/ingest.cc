#include "bills/ingest.h"

#include <cstdint>
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "render/table.h"

namespace steelyard {

namespace {

struct IngestCommandOptions {
  std::vector<std::string> paths;
  std::string format, source, delivered;
  std::optional<std::int64_t> max_rejected;
  bool append = false, allow_overlap = false, dry_run = false;
};

/// One row for each delivery, currency and cost column: what programs read.
Report evidence_of(const IngestReport& done) {
  Report report;
  report.title = "Deliveries";
  report.columns = {{"table", "table", CellKind::kText},
                    {"source", "source", CellKind::kText},
                    {"billing_period", "month", CellKind::kText},
                    {"delivery", "delivery", CellKind::kText},
                    {"format", "format", CellKind::kText},
                    {"outcome", "outcome", CellKind::kText},
                    {"version", "version", CellKind::kCount},
                    {"rows_read", "read", CellKind::kCount},
                    {"rows_kept", "kept", CellKind::kCount},
                    {"rows_derived", "derived", CellKind::kCount},
                    {"rows_rejected", "rejected", CellKind::kCount},
                    {"currency", "currency", CellKind::kText},
                    {"cost", "cost", CellKind::kText},
                    {"amount_in", "in", CellKind::kMoney},
                    {"amount_out", "out", CellKind::kMoney},
                    {"residual", "residual", CellKind::kText}};
  for (const IngestedDelivery& one : done.deliveries) {
    const std::vector<Cell> head = {Cell{one.table},
                                    Cell{one.source},
                                    Cell{one.billing_period},
                                    Cell{one.delivery_id},
                                    Cell{one.format},
                                    Cell{one.outcome},
                                    one.version ? Cell{*one.version} : Cell{},
                                    Cell{one.rows_in},
                                    Cell{one.rows_out},
                                    Cell{one.rows_derived},
                                    Cell{one.rows_rejected}};
    bool any = false;
    for (const auto& [currency, sums] : one.sums) {
      for (const auto& [cost, in] : sums.in) {
        std::vector<Cell> row = head;
        const auto out = sums.out.find(cost);
        const auto residual = sums.residual.find(cost);
        row.insert(row.end(),
                   {Cell{currency}, Cell{cost}, Cell{in},
                    out == sums.out.end() ? Cell{} : Cell{out->second},
                    Cell{residual == sums.residual.end() ? std::string("0") : residual->second}});
        report.rows.push_back(std::move(row));
        any = true;
      }
    }
    if (!any) {
      std::vector<Cell> row = head;
      row.resize(report.columns.size());
      report.rows.push_back(std::move(row));
    }
    for (const std::string& warning : one.warnings) {
      report.notes.push_back(one.source + " " + one.billing_period + ": " + warning);
    }
  }
  report.notes.insert(report.notes.end(), done.notes.begin(), done.notes.end());
  return report;
}

std::string rows_line(const IngestedDelivery& one) {
  std::string line = with_thousands(one.rows_in) + (one.rows_in == 1 ? " row" : " rows") +
                     " read, " + with_thousands(one.rows_out) + " kept, " +
                     with_thousands(one.rows_rejected) + " rejected";
  if (one.rows_derived != 0) line += ", " + with_thousands(one.rows_derived) + " derived";
  return line;
}

/// Each delivery as a block: what came in, what went out, what is left over, what looks wrong.
std::string blocks_of(const IngestReport& done, const Style& style) {
  std::string out = "\n";
  Style inner = style;
  for (const IngestedDelivery& one : done.deliveries) {
    std::string title = one.source + "  " + one.billing_period + "  " + one.format;
    if (one.table != "charges") title += "  (" + one.table + ")";
    std::string outcome = one.outcome;
    if (one.version) outcome += " as version " + std::to_string(*one.version);
    Report table;
    table.title = title + "  " + outcome;
    table.columns = {{"cost", "cost", CellKind::kText},
                     {"currency", "", CellKind::kText},
                     {"in", "in", CellKind::kQuantity},
                     {"out", "out", CellKind::kQuantity},
                     {"residual", "residual", CellKind::kText}};
    for (const auto& [currency, sums] : one.sums) {
      for (const auto& [cost, in] : sums.in) {
        const auto kept = sums.out.find(cost);
        const auto residual = sums.residual.find(cost);
        table.rows.push_back(
            {Cell{cost}, Cell{currency}, Cell{in},
             kept == sums.out.end() ? Cell{} : Cell{kept->second},
             Cell{residual == sums.residual.end() ? std::string("0") : residual->second}});
      }
    }
    out += render_heading(table.title, style);
    out += render_paragraph(rows_line(one), style);
    table.title.clear();
    if (table.rows.empty()) {
      out += "\n";
    } else {
      out += "\n" + table_of(table, inner);
    }
    for (const std::string& warning : one.warnings)
      out += inked(render_paragraph("! " + warning, style), Ink::kYellow, style);
    if (!one.warnings.empty()) out += "\n";
  }
  for (const std::string& note : done.notes) out += render_paragraph(note, style);
  if (!done.notes.empty()) out += "\n";
  return out;
}

Result<int> run_ingest(Context& context, const IngestCommandOptions& options) {
  const CommonOptions& common = context.common;
  IngestOptions wanted;
  wanted.paths = options.paths;
  wanted.format = options.format;
  wanted.source = options.source;
  wanted.append = options.append;
  wanted.allow_overlap = options.allow_overlap;
  wanted.dry_run = options.dry_run;
  if (options.max_rejected) {
    if (*options.max_rejected < 0)
      return bad_value("--max-rejected", std::to_string(*options.max_rejected), "a number of rows");
    wanted.limits.max_rejected_rows = *options.max_rejected;
  }
  if (!options.delivered.empty()) {
    Instant delivered;
    if (!parse_instant(options.delivered, delivered)) {
      return bad_value("--delivered", options.delivered, "a time such as 2026-08-03T06:00:00Z");
    }
    wanted.delivered = delivered;
  }
  auto now = context.now();
  if (!now) return pass(now);
  wanted.now = *now;
  auto engine = engine_options(common);
  if (!engine) return pass(engine);
  wanted.engine = *engine;
  Progress progress(common, "ingest");
  wanted.progress = [&](const IngestProgress& step) {
    progress.report({step.phase, step.file, step.file_number, step.files, step.rows,
                     step.bytes_done, step.bytes_all});
    return true;
  };
  auto format = chosen_format(common);
  if (!format) return pass(format);
  std::error_code error;
  const auto store = local_store(
      std::filesystem::absolute(context.lake_folder(), error).lexically_normal().string());
  auto done = ingest(*store, wanted);
  progress.finish();
  if (!done) return pass(done);
  if (*format == OutputFormat::kTable) {
    const Style style = style_of_place(common, 1);
    if (Status written = write_output(blocks_of(*done, style), common); !written)
      return pass(written);
  } else if (Status shown = show(context, evidence_of(*done)); !shown) {
    return pass(shown);
  }
  return kExitOk;
}

}  // namespace

Command ingest_command(CommonOptions&) {
  auto options = std::make_shared<IngestCommandOptions>();
  Command command;
  command.name = "ingest";
  command.summary = "Read bills into the lake; each delivery becomes a version.";
  command.description =
      "PATH is a file, a folder, a pattern in quotes, or a copy of the provider's bucket. Formats "
      "are told by content. Everything is read, converted and checked before the first commit, so "
      "a bill that cannot be read changes nothing. Then each delivery and month is committed by "
      "itself, whole or not at all: after a crash or Ctrl-C among the commits, run the same "
      "command "
      "again; it leaves alone what is there and completes the rest. A newer delivery of the "
      "same source and month replaces the older one, which stays readable with --as-of; what is "
      "loaded already is left alone.\n\n"
      "For each delivery it prints the rows read, kept and rejected, and each cost as it came in "
      "and as it is kept, with the residual.";
  command.flags = {
      {"--format", "", "FORMAT",
       "Take the files to be of this format instead of looking (steelyard help formats)",
       &options->format},
      {"--source", "", "NAME", "Name of the source [default: from the content]", &options->source},
      {"--append", "", "", "Add to the month instead of replacing it", &options->append},
      {"--delivered", "", "TIME", "When the provider delivered it, if the delivery does not say",
       &options->delivered},
      {"--allow-overlap", "", "", "Accept an account and month that another source has already",
       &options->allow_overlap},
      {"--max-rejected", "", "N",
       "Leave out up to N rows that cannot be read, each named, in a file [default: 0]",
       &options->max_rejected},
      {"--dry-run", "-n", "", "Read and check everything, commit nothing", &options->dry_run},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"PATH", "a file, folder or pattern with bills", &options->paths, 1,
                       SIZE_MAX};
  command.examples = {
      {"steelyard ingest bills/", "everything in a folder"},
      {"steelyard ingest 'cur/*.csv.gz' --source=aws-main --lake=/data/lake",
       "named files into a lake elsewhere"},
      {"steelyard ingest bills/ --dry-run -o json", "what would happen, for a program"}};
  command.see_also = {"status", "check", "reconcile", "help formats"};
  command.run = [options](Context& context) { return run_ingest(context, *options); };
  return command;
}

}  // namespace steelyard
