#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"

namespace steelyard {

namespace {

struct SqlOptions {
  std::vector<std::string> statement;
  std::vector<std::string> files;
  std::string format;
};

CellKind kind_of(const ColumnSpec& column) {
  switch (column.type) {
    case Type::kBool:
      return CellKind::kFlag;
    case Type::kInt64:
      return CellKind::kCount;
    case Type::kDecimal:
      return CellKind::kQuantity;
    case Type::kInstant:
      return CellKind::kInstant;
    default:
      return CellKind::kText;
  }
}

Result<int> run_sql(Context& context, const SqlOptions& options) {
  auto session = open_either(context, options.files, options.format, {});
  if (!session) return pass(session);
  std::vector<std::string> readable;
  if (session->store != nullptr) {
    if (auto tables = open_tables(context, *session); !tables) return pass(tables);
    readable = {session->source.lake};
  } else {
    readable = session->source.files;
  }
  if (Status locked = session->engine->lock_down(readable); !locked) return pass(locked);
  auto rows = session->engine->query(options.statement[0]);
  if (!rows) return pass(rows);
  Report report;
  for (const ColumnSpec& column : rows->columns)
    report.columns.push_back({column.name, column.name, kind_of(column)});
  report.rows = std::move(rows->rows);
  report.provenance.source = session->store != nullptr
                                 ? "lake v" + std::to_string(session->charges.version)
                                 : session->charges.lake;
  report.provenance.version = session->charges.version;
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command sql_command(CommonOptions&) {
  auto options = std::make_shared<SqlOptions>();
  Command command;
  command.name = "sql";
  command.summary = "Ask in SQL: one read-only statement over the lake's tables.";
  command.description =
      "The tables are charges, invoices, contract_commitments, deliveries and billing_periods, as "
      "they are in the lake. The dialect is "
      "DuckDB's. Nothing can be changed, and no other file can be read. Sums of costs are exact; a "
      "division or an average of money is "
      "not, so leave those to the other commands.";
  command.flags = {{"--from", "", "FILE", "Ask of this bill instead of the lake; may be repeated",
                    &options->files},
                   {"--format", "", "FORMAT",
                    "Take the file to be of this format instead of looking", &options->format}};
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"STATEMENT", "one SQL statement in quotes", &options->statement, 1, 1};
  command.examples = {{"steelyard sql \"SELECT ServiceName, sum(EffectiveCost) FROM charges GROUP "
                       "BY 1 ORDER BY 2 DESC LIMIT 5\"",
                       "any question"},
                      {"steelyard sql \"DESCRIBE charges\"", "the columns"},
                      {"steelyard sql \"SELECT count(*) FROM charges\" --from=bill.csv",
                       "of a file as it lies there"}};
  command.see_also = {"top", "export"};
  command.run = [options](Context& context) { return run_sql(context, *options); };
  return command;
}

}  // namespace steelyard
