#include <filesystem>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"

namespace steelyard {

namespace {

Result<int> run_checkpoint(Context& context) {
  auto store = open_store(context);
  if (!store) return pass(store);
  auto engine_settings = engine_options(context.common);
  if (!engine_settings) return pass(engine_settings);
  auto engine = open_duckdb(*engine_settings);
  if (!engine) return pass(engine);
  Report report;
  report.title = "Checkpoints written";
  report.columns = {{"table", "table", CellKind::kText}, {"version", "version", CellKind::kCount}};
  for (const char* name :
       {"charges", "invoices", "contract_commitments", "deliveries", "billing_periods"}) {
    Table table(**store, name);
    auto snapshot = table.snapshot();
    if (!snapshot) return pass(snapshot);
    if (snapshot->version < 0) continue;
    if (Status written = table.checkpoint(**engine); !written) return pass(written);
    report.rows.push_back({Cell{std::string(name)}, Cell{snapshot->version}});
  }
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command checkpoint_command(CommonOptions&) {
  Command command;
  command.name = "checkpoint";
  command.summary = "Sum up the lake's log, so that opening a long history is quick.";
  command.description =
      "Writes a Delta checkpoint of the newest version of each table. Ingest does this by itself "
      "every hundred versions; nothing that "
      "was known is lost.";
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {{"steelyard checkpoint", "all tables of ./lake"},
                      {"steelyard checkpoint --lake=/data/lake", "another lake"}};
  command.see_also = {"vacuum", "status"};
  command.run = run_checkpoint;
  return command;
}

}  // namespace steelyard
