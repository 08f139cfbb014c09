#include <algorithm>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "ledger/check.h"
#include "ledger/reconcile.h"

namespace steelyard {

namespace {

struct CheckCommandOptions {
  bool full = false, identities = false;
};

/// What `reconcile --part=identities` says of all the charges.
Result<Report> identities_of(const Context& context) {
  auto session = open_lake(context, {});
  if (!session) return pass(session);
  ReconcileQuestion question;
  if (Status told = add_lake(context, *session, question); !told) return pass(told);
  return test_identities(*session->engine, session->charges, question);
}

Result<int> run_check(Context& context, const CheckCommandOptions& options) {
  auto store = open_store(context);
  if (!store) return pass(store);
  auto engine_settings = engine_options(context.common);
  if (!engine_settings) return pass(engine_settings);
  auto engine = open_duckdb(*engine_settings);
  if (!engine) return pass(engine);
  Progress progress(context.common, "check");
  // What the cache knows is not read again; --full trusts nothing.
  const auto cache = open_verification_cache();
  CheckOptions wanted;
  wanted.cache = options.full ? nullptr : cache.get();
  wanted.progress = [&](std::int64_t done, std::int64_t all) {
    progress.report({.phase = "hashing", .done = done, .all = all});
  };
  auto report = check_lake(**engine, **store, wanted);
  if (!report) return pass(report);
  progress.finish();
  std::vector<Report> reports = {std::move(*report)};
  // Of a lake that is damaged no figure is told, so no identity either.
  if (options.identities && !reports[0].findings) {
    auto identities = identities_of(context);
    if (!identities) return pass(identities);
    reports.push_back(std::move(*identities));
  }
  if (Status shown = show(context, reports); !shown) return pass(shown);
  return std::any_of(reports.begin(), reports.end(), [](const Report& r) { return r.findings; })
             ? kExitFindings
             : kExitOk;
}

}  // namespace

Command check_command(CommonOptions&) {
  auto options = std::make_shared<CheckCommandOptions>();
  Command command;
  command.name = "check";
  command.summary = "Does the lake still hold what its log says?";
  command.description =
      "Hashes the files of every table and compares them with the log, adds up rows and costs "
      "again and compares them with the control "
      "sums of each delivery. Ends with exit code 1 when something differs; nothing is repaired.";
  command.flags = {{"--full", "", "", "Hash every file again, also those that were verified before",
                    &options->full},
                   {"--identities", "", "",
                    "Then also test every accounting identity on the charges, as reconcile does",
                    &options->identities}};
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {
      {"steelyard check",
       "everything; files that were verified before and did not change are not read again"},
      {"steelyard check --full --identities -o json", "trust nothing, for a nightly job"}};
  command.see_also = {"reconcile", "status", "doctor"};
  command.run = [options](Context& context) { return run_check(context, *options); };
  return command;
}

}  // namespace steelyard
