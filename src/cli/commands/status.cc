#include "ledger/status.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"

namespace steelyard {

namespace {

Result<int> run_status(Context& context) {
  auto store = open_store(context);
  if (!store) return pass(store);
  auto now = context.now();
  if (!now) return pass(now);
  auto report = lake_status(**store, *now);
  if (!report) return pass(report);
  if (Status shown = show(context, *report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command status_command(CommonOptions&) {
  Command command;
  command.name = "status";
  command.summary = "What the lake holds and how fresh it is.";
  command.description =
      "One row for each source and billing period: its deliveries, the newest one's age, rows and "
      "cost, the version that it became and "
      "whether it ties to the invoices. Reads the log only, so it is quick at any size.";
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput};
  command.examples = {{"steelyard status", "the lake in ./lake"},
                      {"steelyard status --lake=/data/lake -o json", "for a monitor"}};
  command.see_also = {"ingest", "check", "reconcile"};
  command.run = run_status;
  return command;
}

}  // namespace steelyard
