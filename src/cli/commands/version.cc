#include "bills/formats.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "engine/engine.h"

namespace steelyard {

namespace {

Result<int> run_version(Context& context) {
  auto format = chosen_format(context.common);
  if (!format) return pass(format);
  Report report;
  report.columns = {{"part", "part", CellKind::kText}, {"version", "version", CellKind::kText}};
  report.rows = {{Cell{std::string("steelyard")}, Cell{std::string(STEELYARD_VERSION)}},
                 {Cell{std::string("rules")}, Cell{std::string(kRulesVersion)}},
                 {Cell{std::string("duckdb")}, Cell{duckdb_version()}}};
  if (context.common.output.empty()) {
    const std::string line = "steelyard " STEELYARD_VERSION " (rules " +
                             std::string(kRulesVersion) + ", DuckDB " + duckdb_version() + ")\n";
    if (Status written = write_output(line, context.common); !written) return pass(written);
    return 0;
  }
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command version_command(CommonOptions&) {
  Command command;
  command.name = "version";
  command.summary = "Which Steelyard this is: the program, the mapping rules and the engine.";
  command.description =
      "A figure depends on the version of the rules; each delivery in the lake keeps the one that "
      "it was read with.";
  command.groups = {FlagGroup::kOutput};
  command.examples = {{"steelyard version", "one line"},
                      {"steelyard version -o json", "for a program"}};
  command.see_also = {"doctor"};
  command.run = run_version;
  return command;
}

}  // namespace steelyard
