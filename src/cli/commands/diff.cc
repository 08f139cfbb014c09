#include <cstdint>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/diff.h"

namespace steelyard {

namespace {

struct DiffOptions {
  std::vector<std::string> sides;
  std::string versions, by, basis = "effective", period, billing_period, where;
  std::optional<std::int64_t> limit;
  bool billing = false;
};

Result<std::int64_t> parse_version(std::string text) {
  const std::string given = text;
  if (!text.empty() && text[0] == 'v') text.erase(0, 1);
  if (text.empty() || text.size() > 15 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return bad_value("--versions", given, "two versions such as 3,7");
  }
  return std::stoll(text);
}

Result<int> diff_of_versions(Context& context, const DiffOptions& options,
                             VersionDiffQuestion question) {
  const std::vector<std::string> words = comma_list(options.versions);
  if (words.size() != 2)
    return bad_value("--versions", options.versions, "two versions such as 3,7");
  auto before = parse_version(words[0]), after = parse_version(words[1]);
  if (!before) return pass(before);
  if (!after) return pass(after);
  question.before = *before;
  question.after = *after;
  question.lake = context.lake_folder();
  // Both versions are opened, so that the files of both are verified before a line of them is
  // shown.
  ViewOptions view;
  view.version = question.before;
  view.view = "charges_before";
  auto earlier = open_lake(context, view);
  if (!earlier) return pass(earlier);
  view.version = question.after;
  view.view = "charges";
  auto session = open_lake(context, view);
  if (!session) return pass(session);
  auto report = diff_versions(*session->engine, *session->store, question);
  if (!report) return pass(report);
  if (Status shown = show(context, *report, &session->source); !shown) return pass(shown);
  return report->findings ? kExitFindings : kExitOk;
}

Result<int> run_diff(Context& context, const DiffOptions& options) {
  auto basis = parse_basis(options.basis);
  if (!basis) return pass(basis);
  auto filter = parse_filter(options.where);
  if (!filter) return pass(filter);
  auto period = optional_period(context, options.period);
  if (!period) return pass(period);
  auto billing_period = optional_period(context, options.billing_period);
  if (!billing_period) return pass(billing_period);
  if (!options.versions.empty()) {
    if (!options.sides.empty())
      return fail("SY1605", "--versions compares versions, A and B compare periods", "",
                  "give one of the two");
    VersionDiffQuestion question;
    question.by = comma_list(options.by);
    question.basis = *basis;
    question.where = *filter;
    question.period = *period;
    question.billing_period = *billing_period;
    return diff_of_versions(context, options, question);
  }
  if (*period || *billing_period) {
    return fail(
        "SY1605", "--period and --billing-period go with --versions; A and B are the periods here",
        "", "steelyard diff 2026-06 2026-07, with --billing when these are billing periods");
  }
  if (options.sides.size() != 2) {
    return fail("SY1604", "`steelyard diff` needs two periods, A and B, or --versions", "",
                "steelyard diff 2026-06 2026-07");
  }
  DiffQuestion question;
  auto before = optional_period(context, options.sides[0]),
       after = optional_period(context, options.sides[1]);
  if (!before) return pass(before);
  if (!after) return pass(after);
  question.before = **before;
  question.after = **after;
  question.billing = options.billing;
  question.by = comma_list(options.by);
  question.basis = *basis;
  question.where = *filter;
  if (options.limit) question.limit = *options.limit;
  if (question.limit < 0)
    return bad_value("--limit", std::to_string(question.limit), "a number of rows; 0 shows all");
  auto session = open_lake(context, {});
  if (!session) return pass(session);
  auto report = diff(*session->engine, session->charges, question);
  if (!report) return pass(report);
  if (Status shown = show(context, *report, &session->source); !shown) return pass(shown);
  return report->findings ? kExitFindings : kExitOk;
}

}  // namespace

Command diff_command(CommonOptions&) {
  auto options = std::make_shared<DiffOptions>();
  Command command;
  command.name = "diff";
  command.summary =
      "What changed and why: two periods as a waterfall, or two versions of the lake line by line.";
  command.description =
      "Between two periods the change is split into price, usage, mix, commitments, what is new, "
      "what is gone, credits, tax and fees; the "
      "parts sum to the change to the last digit. Between two versions each changed line of the "
      "bills gets its class: late usage, "
      "re-rate, refund, retag and so on.\n\n"
      "Ends with exit code 1 when anything differs, as diff does.";
  command.flags = {
      {"--versions", "", "A,B", "Compare two versions of the lake instead of two periods",
       &options->versions},
      {"--by", "", "LIST", "One row for each value of these columns, instead of one waterfall",
       &options->by},
      {"--basis",
       "",
       "COST",
       "billed, effective, list or contracted [default: effective]",
       &options->basis,
       {"billed", "effective", "list", "contracted"}},
      {"--billing", "", "", "A and B are billing periods, not the time of use", &options->billing},
      {"--period", "-p", "PERIOD", "With --versions: only charges that begin in this period",
       &options->period},
      {"--billing-period", "", "PERIOD", "With --versions: only charges billed in these months",
       &options->billing_period},
      {"--where", "", "FILTER", "Only charges for which this holds (steelyard help filters)",
       &options->where},
      {"--limit", "", "N", "Rows to show for each currency with --by; 0 shows all [default: 20]",
       &options->limit},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"A B", "the period before and the period after", &options->sides, 0, 2};
  command.examples = {
      {"steelyard diff 2026-06 2026-07", "why July cost more than June"},
      {"steelyard diff 2026Q1 2026Q2 --by=service", "the same for each service"},
      {"steelyard diff --versions=3,7 --billing-period=2026-07",
       "what the provider restated in July's bill"},
  };
  command.see_also = {"top", "status", "explain", "help periods"};
  command.run = [options](Context& context) { return run_diff(context, *options); };
  return command;
}

}  // namespace steelyard
