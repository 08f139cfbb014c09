#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"

namespace steelyard {

namespace {

struct VacuumOptions {
  std::string keep = "30d";
  bool dry_run = false;
};

Result<std::int64_t> parse_days(const std::string& text) {
  const bool days = text.size() > 1 && text.size() < 7 && text.back() == 'd' &&
                    text.find_first_not_of("0123456789") == text.size() - 1;
  if (!days) return bad_value("--keep", text, "a number of days such as 30d");
  return std::stoll(text);
}

Result<int> run_vacuum(Context& context, const VacuumOptions& options) {
  auto days = parse_days(options.keep);
  if (!days) return pass(days);
  auto store = open_store(context);
  if (!store) return pass(store);
  auto now = context.now();
  if (!now) return pass(now);
  const Instant since{now->micros - *days * 86'400'000'000LL};
  auto removed = vacuum(
      **store, {"charges", "invoices", "contract_commitments", "deliveries", "billing_periods"},
      since, *now, options.dry_run);
  if (!removed) return pass(removed);
  Report report;
  report.title = options.dry_run ? "Files that vacuum would remove" : "Files removed";
  report.columns = {{"file", "file", CellKind::kText}};
  for (const std::string& path : removed->removed) report.rows.push_back({Cell{path}});
  report.notes = {with_thousands(static_cast<std::int64_t>(removed->removed.size())) + " files, " +
                  human_bytes(static_cast<std::uint64_t>(removed->bytes)) +
                  (options.dry_run ? "; nothing was removed" : "")};
  if (!options.dry_run && !removed->removed.empty())
    report.notes.push_back("versions that needed only these files can no longer be read");
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command vacuum_command(CommonOptions&) {
  auto options = std::make_shared<VacuumOptions>();
  Command command;
  command.name = "vacuum";
  command.summary = "Give back the disk space of old versions.";
  command.description =
      "Removes data files that no version of the last days needs, and what interrupted ingests "
      "left behind. The newest version is always "
      "kept whole. An older version that lost files answers with an error, never with a part of "
      "its rows.";
  command.flags = {
      {"--keep", "", "DAYS", "Keep every version that was in force in these days [default: 30d]",
       &options->keep},
      {"--dry-run", "-n", "", "Only say what would be removed", &options->dry_run}};
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput};
  command.examples = {{"steelyard vacuum --dry-run", "look first"},
                      {"steelyard vacuum --keep=400d", "keep a year and a month"}};
  command.see_also = {"checkpoint", "status", "check"};
  command.run = [options](Context& context) { return run_vacuum(context, *options); };
  return command;
}

}  // namespace steelyard
