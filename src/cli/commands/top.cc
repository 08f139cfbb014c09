#include <cstdint>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/top.h"

namespace steelyard {

namespace {

struct TopOptions {
  std::vector<std::string> files;
  std::string format, by = "service", basis = "effective", period, billing_period, where, series;
  std::optional<std::int64_t> limit;
  bool compare = false;
};

/// "monthly in 2025" is a period and a curve over it.
void take_series(TopOptions& options) {
  for (const auto& [words, grain] : {std::pair{"monthly in ", "month"}, {"daily in ", "day"}}) {
    for (std::string* period : {&options.period, &options.billing_period}) {
      if (!to_lower(*period).starts_with(words)) continue;
      period->erase(0, std::string_view(words).size());
      if (options.series.empty()) options.series = grain;
    }
  }
}

Result<int> run_top(Context& context, TopOptions options) {
  take_series(options);
  TopQuestion question;
  question.by = comma_list(options.by);
  question.compare = options.compare;
  if (options.limit) question.limit = *options.limit;
  if (question.limit < 0)
    return bad_value("--limit", std::to_string(question.limit), "a number of rows; 0 shows all");
  question.series = options.series == "day"     ? Grain::kDay
                    : options.series == "month" ? Grain::kMonth
                                                : Grain::kNone;
  auto basis = parse_basis(options.basis);
  if (!basis) return pass(basis);
  question.basis = *basis;
  auto filter = parse_filter(options.where);
  if (!filter) return pass(filter);
  question.where = *filter;
  auto period = optional_period(context, options.period);
  if (!period) return pass(period);
  question.period = *period;
  auto billing_period = optional_period(context, options.billing_period);
  if (!billing_period) return pass(billing_period);
  question.billing_period = *billing_period;

  ViewOptions view;
  // A comparison also reads the period before, so nothing may be left out by it.
  if (!question.compare) {
    view.charge_period = question.period;
    view.billing_period = question.billing_period;
  }
  auto session = open_either(context, options.files, options.format, std::move(view));
  if (!session) return pass(session);
  auto report = top(*session->engine, session->charges, question);
  if (!report) return pass(report);
  if (Status shown = show(context, *report, &session->source); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command top_command(CommonOptions&) {
  auto options = std::make_shared<TopOptions>();
  std::vector<std::string> names;
  for (const ColumnAlias& alias : column_aliases()) names.emplace_back(alias.name);
  Command command;
  command.name = "top";
  command.summary = "Who spends: charges grouped by any columns and tags, largest first.";
  command.description =
      "Sums one cost of all charges, exactly, by the columns named with --by. What does not fit "
      "under --limit stands in one row of its "
      "own, so the rows always sum to the total. With FILES the bills are read where they are, "
      "without a lake.\n\n"
      "Each answer is a figure with an id: steelyard explain ID:ROW lists the lines of the bills "
      "behind a row.";
  command.flags = {
      {"--by",
       "",
       "LIST",
       "Columns to group by, separated by commas: service, account, region, tag:team, or a FOCUS "
       "column",
       &options->by,
       {},
       names},
      {"--basis",
       "",
       "COST",
       "billed, effective, list or contracted [default: effective]",
       &options->basis,
       {"billed", "effective", "list", "contracted"}},
      {"--period",
       "-p",
       "PERIOD",
       "Charges that begin in this period (steelyard help periods)",
       &options->period,
       {},
       {"this month", "last month", "mtd", "qtd", "ytd"}},
      {"--billing-period", "", "PERIOD", "Charges billed in these months, whenever they were used",
       &options->billing_period},
      {"--where", "", "FILTER", "Only charges for which this holds (steelyard help filters)",
       &options->where},
      {"--limit", "", "N", "Rows to show for each currency; 0 shows all [default: 20]",
       &options->limit},
      {"--compare", "", "", "Also show the period before, and the change; needs a period",
       &options->compare},
      {"--series",
       "",
       "GRAIN",
       "A small curve for each row, by day or month; needs a period",
       &options->series,
       {"day", "month"}},
      {"--format", "", "FORMAT",
       "Take FILES to be of this format instead of looking (steelyard help formats)",
       &options->format},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"FILES", "bills to read without a lake", &options->files, 0, SIZE_MAX};
  command.examples = {
      {"steelyard top", "the 20 services that cost most, of all that the lake holds"},
      {"steelyard top --by=account,service --period='last month' --compare",
       "last month against the month before"},
      {"steelyard top bill.csv.gz --by=tag:team --basis=billed",
       "a file as it lies there, by the tag 'team'"},
      {"steelyard top --where='service=Amazon EC2 and not region=us-east-1' -o csv --out=ec2.csv",
       "for a spreadsheet"},
  };
  command.see_also = {"diff", "explain", "help periods", "help filters"};
  command.run = [options](Context& context) { return run_top(context, *options); };
  return command;
}

}  // namespace steelyard
