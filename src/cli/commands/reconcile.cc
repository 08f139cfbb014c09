#include <algorithm>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/reconcile.h"

namespace steelyard {

namespace {

struct ReconcileOptions {
  std::vector<std::string> files;
  std::string invoices, billing_period, part = "all", format;
};

Result<int> run_reconcile(Context& context, const ReconcileOptions& options) {
  ReconcileQuestion question;
  question.invoices_file = options.invoices;
  auto billing_period = optional_period(context, options.billing_period);
  if (!billing_period) return pass(billing_period);
  question.billing_period = *billing_period;
  ViewOptions view;
  view.billing_period = question.billing_period;
  auto session = open_either(context, options.files, options.format, std::move(view));
  if (!session) return pass(session);
  if (session->store != nullptr) {
    if (Status told = add_lake(context, *session, question); !told) return pass(told);
  }
  std::vector<Report> reports;
  if (options.part != "identities") {
    auto invoices = reconcile_invoices(*session->engine, session->charges, question);
    if (!invoices) return pass(invoices);
    reports.push_back(std::move(*invoices));
  }
  if (options.part != "invoices") {
    auto identities = test_identities(*session->engine, session->charges, question);
    if (!identities) return pass(identities);
    reports.push_back(std::move(*identities));
  }
  if (Status shown = show(context, reports, &session->source); !shown) return pass(shown);
  return std::any_of(reports.begin(), reports.end(), [](const Report& r) { return r.findings; })
             ? kExitFindings
             : kExitOk;
}

}  // namespace

Command reconcile_command(CommonOptions&) {
  auto options = std::make_shared<ReconcileOptions>();
  Command command;
  command.name = "reconcile";
  command.summary =
      "Is the bill right: charges against invoices, and the identities that a bill must keep.";
  command.description =
      "The billed cost of the charges is set against each invoice; the difference is named and "
      "measured against the rounding tolerance "
      "of the FOCUS specification. Then the accounting identities are tested row by row: what a "
      "commitment covers, what list price "
      "means, which signs credits have. Ends with exit code 1 when an exact identity fails or an "
      "invoice does not tie.";
  command.flags = {
      {"--invoices", "", "FILE",
       "Invoices: FOCUS Invoice Detail, or columns invoice_id, currency, amount and issuer "
       "[default: the lake's]",
       &options->invoices},
      {"--billing-period", "", "PERIOD", "Only what is billed in these months",
       &options->billing_period},
      {"--part",
       "",
       "PART",
       "all, invoices or identities [default: all]",
       &options->part,
       {"all", "invoices", "identities"}},
      {"--format", "", "FORMAT", "Take FILES to be of this format instead of looking",
       &options->format},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"FILES", "bills to test without a lake", &options->files, 0, SIZE_MAX};
  command.examples = {
      {"steelyard reconcile --billing-period=2026-07", "July's bill"},
      {"steelyard reconcile --invoices=invoices.csv", "against a list of invoices"},
      {"steelyard reconcile bill.csv --part=identities", "a file as it lies there"}};
  command.see_also = {"check", "status", "diff"};
  command.run = [options](Context& context) { return run_reconcile(context, *options); };
  return command;
}

}  // namespace steelyard
