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
  std::vector<std::string> words = split(options.figure[0], ':');
  const std::string id = words[0];
  ExplainOptions wanted;
  const auto is_number = [](const std::string& word) {
    return word.size() <= 9 && word.find_first_not_of("0123456789") == std::string::npos;
  };
  if (words.size() > 1 && is_number(words[1])) {
    if (words[1].find_first_not_of('0') == std::string::npos) {
      return fail("SY1604", "`" + words[1] + "` is not a row of a figure", "",
                  "rows are counted from 1: steelyard explain " + id + ":1");
    }
    wanted.row = std::stoll(words[1]) - 1;
    words.erase(words.begin() + 1);
  }
  if (words.size() == 2) wanted.column = words[1];
  if (words.size() > 2 || (words.size() == 2 && words[1].empty())) {
    return fail("SY1604", "`" + options.figure[0] + "` is not a figure", "",
                "write ID, ID:ROW or ID:ROW:COLUMN, such as " + id + ":1 or " + id + ":1:before");
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
  wanted.store = session->store.get();
  if (scope->version_before >= 0) {
    CommonOptions common = context.common;
    if (common.lake.empty()) common.lake = figure->source.lake;
    const Context there{context.commands, context.command, common};
    ViewOptions view;
    view.version = scope->version_before;
    auto earlier = open_lake(there, std::move(view));
    if (!earlier) return pass(earlier);
  }
  if (scope->command == "identities") {
    if (auto tables = open_tables(context, *session); !tables) return pass(tables);
  }
  auto report = explain(*session->engine, session->charges, figure->question, wanted);
  if (!report) return pass(report);
  // Items of a difference lead on to their lines; lines lead no further.
  auto further = scope_of(report->question);
  const bool leads_on = further && further->rows > 0;
  if (Status shown = show(context, *report, leads_on ? &figure->source : nullptr); !shown)
    return pass(shown);
  return 0;
}

}  // namespace

Command explain_command(CommonOptions&) {
  auto options = std::make_shared<ExplainCommandOptions>();
  Command command;
  command.name = "explain";
  command.summary = "The way back: from a figure to the lines of the bills that it is made of.";
  command.description =
      "Every answer ends with the id of its figure. ID:3 is its third row, ID alone its total, "
      "ID:3:before another amount of that row, by the name of its column. "
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
  command.arguments = {"ID[:ROW][:COLUMN]",
                       "the id of a figure, its row counted from 1, another amount of the row",
                       &options->figure, 1, 1};
  command.examples = {
      {"steelyard explain k3v7qa2mzx", "the lines behind a total"},
      {"steelyard explain k3v7qa2mzx:2 --limit=10", "the ten largest lines behind the second row"},
      {"steelyard explain k3v7qa2mzx:2 --files", "which files they came in"},
      {"steelyard explain k3v7qa2mzx:2:commitments",
       "one part of a difference, in a row of diff --by"},
  };
  command.see_also = {"top", "diff", "check"};
  command.run = [options](Context& context) { return run_explain(context, *options); };
  return command;
}

}  // namespace steelyard
