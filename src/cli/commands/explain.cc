#include <cstdint>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/explain.h"

namespace steelyard {

namespace {

struct ExplainCommandOptions {
  std::vector<std::string> figure;
  std::string currency;
  std::optional<std::int64_t> limit;
  bool files = false;
};

Result<Session> reopen(const Context& context, const RememberedFigure& figure,
                       const QuestionScope& scope) {
  if (!figure.source.files.empty())
    return open_files(context, figure.source.files, figure.source.format);
  ViewOptions view;
  view.version = scope.version;
  // The lake lies where it lay when the question was asked, unless --lake says that it was moved.
  CommonOptions common = context.common;
  if (common.lake.empty()) common.lake = figure.source.lake;
  const Context there{context.commands, context.command, common};
  return open_lake(there, std::move(view));
}

Result<int> run_explain(Context& context, const ExplainCommandOptions& options) {
  std::string id = options.figure[0];
  ExplainOptions wanted;
  if (const std::size_t colon = id.find(':'); colon != std::string::npos) {
    const std::string row = id.substr(colon + 1);
    id.erase(colon);
    if (row.empty() || row.size() > 9 || row.find_first_not_of("0123456789") != std::string::npos ||
        row == "0") {
      return fail("SY1604", "`" + row + "` is not a row of a figure", "",
                  "rows are counted from 1: steelyard explain " + id + ":1");
    }
    wanted.row = std::stoll(row) - 1;
  }
  wanted.currency = options.currency;
  wanted.files_only = options.files;
  if (options.limit) wanted.limit = *options.limit;
  auto figure = recall_figure(id);
  if (!figure) return pass(figure);
  auto scope = scope_of(figure->question);
  if (!scope) return pass(scope);
  auto session = reopen(context, *figure, *scope);
  if (!session) return pass(session);
  // The question knows the lake by the name that it was asked under.
  session->charges.lake = scope->lake;
  if (scope->version_before >= 0) {
    CommonOptions common = context.common;
    if (common.lake.empty()) common.lake = figure->source.lake;
    const Context there{context.commands, context.command, common};
    ViewOptions view;
    view.version = scope->version_before;
    auto earlier = open_lake(there, std::move(view));
    if (!earlier) return pass(earlier);
  }
  auto report = explain(*session->engine, session->charges, figure->question, wanted);
  if (!report) return pass(report);
  if (Status shown = show(context, *report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command explain_command(CommonOptions&) {
  auto options = std::make_shared<ExplainCommandOptions>();
  Command command;
  command.name = "explain";
  command.summary = "The way back: from a figure to the lines of the bills that it is made of.";
  command.description =
      "Every answer ends with the id of its figure. ID:3 is its third row, ID alone its total. "
      "Lists the largest lines with their file "
      "and line number; all lines are counted and summed, and the sum must equal the figure to the "
      "last digit.";
  command.flags = {
      {"--limit", "", "N", "Lines to list; 0 lists all [default: 50]", &options->limit},
      {"--files", "", "", "Only the sum of each file", &options->files},
      {"--currency", "", "CODE", "Which total, when the figure has several currencies",
       &options->currency},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"ID[:ROW]", "the id of a figure, and its row counted from 1",
                       &options->figure, 1, 1};
  command.examples = {
      {"steelyard explain k3v7qa2mzx", "the lines behind a total"},
      {"steelyard explain k3v7qa2mzx:2 --limit=10", "the ten largest lines behind the second row"},
      {"steelyard explain k3v7qa2mzx:2 --files", "which files they came in"},
  };
  command.see_also = {"top", "diff", "check"};
  command.run = [options](Context& context) { return run_explain(context, *options); };
  return command;
}

}  // namespace steelyard
