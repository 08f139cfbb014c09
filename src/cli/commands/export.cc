#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/where.h"

namespace steelyard {

namespace {

struct ExportOptions {
  std::string to, form, period, billing_period, where;
};

/// Cells of text that a spreadsheet would run get a quote in front, as in every CSV of ours.
std::string guarded(const SchemaField& field) {
  const std::string name = sql_identifier(field.name);
  return "CASE WHEN regexp_matches(" + name +
         ", '^[=+\\-@\\t\\r\\n＝＋－＠]') AND NOT regexp_matches(" + name +
         ", '^[+-][0-9.]+$') THEN chr(39) || " + name + " ELSE " + name + " END AS " + name;
}

std::string select_list(const std::vector<SchemaField>& schema, const std::string& form, bool raw) {
  std::vector<std::string> list;
  for (const SchemaField& field : schema) {
    const std::string name = sql_identifier(field.name);
    if (form == "json" && field.type == Type::kDecimal) {
      // A JSON number would pass through a double in most readers.
      list.push_back("CAST(" + name + " AS VARCHAR) AS " + name);
    } else if (form == "csv" && field.type == Type::kTextMap) {
      list.push_back("CAST(to_json(" + name + ") AS VARCHAR) AS " + name);
    } else if (form == "csv" && field.type == Type::kText && !raw) {
      list.push_back(guarded(field));
    } else {
      list.push_back(name);
    }
  }
  return list.empty() ? "*" : join(list, ", ");
}

Result<std::string> form_of(const ExportOptions& options) {
  if (!options.form.empty()) return options.form;
  std::string ending = std::filesystem::path(options.to).extension().string();
  if (ending == ".csv" || ending == ".parquet" || ending == ".json") return ending.substr(1);
  if (ending == ".ndjson" || ending == ".jsonl") return std::string("json");
  return bad_value("--to", options.to,
                   "a file ending in .csv, .parquet or .json, or say which with --format");
}

Result<int> run_export(Context& context, const ExportOptions& options) {
  if (options.to.empty())
    return fail("SY1604", "`steelyard export` needs --to=FILE", "",
                "steelyard export --to=july.parquet --billing-period=2026-07");
  auto form = form_of(options);
  if (!form) return pass(form);
  ViewOptions view;
  auto period = optional_period(context, options.period);
  if (!period) return pass(period);
  auto billing_period = optional_period(context, options.billing_period);
  if (!billing_period) return pass(billing_period);
  auto filter = parse_filter(options.where);
  if (!filter) return pass(filter);
  view.charge_period = *period;
  view.billing_period = *billing_period;
  auto session = open_lake(context, std::move(view));
  if (!session) return pass(session);
  auto condition = sql_of(*filter, session->charges.schema, Basis::kEffective);
  if (!condition) return pass(condition);
  std::string where = *condition;
  if (*period) where += " AND " + sql_in_charge_period(**period);
  if (*billing_period) where += " AND " + sql_in_billing_period(**billing_period);
  const std::string temporary = options.to + "." + std::to_string(::getpid()) + ".part";
  const std::string how = *form == "csv"    ? "FORMAT csv, HEADER true"
                          : *form == "json" ? "FORMAT json"
                                            : "FORMAT parquet, COMPRESSION zstd";
  auto rows = session->engine->run(
      "COPY (SELECT " + select_list(session->charges.schema, *form, context.common.raw) + " FROM " +
      sql_identifier(session->charges.view) + " WHERE " + where + " ORDER BY ALL) TO " +
      sql_literal(temporary) + " (" + how + ")");
  if (!rows) {
    ::unlink(temporary.c_str());
    return pass(rows);
  }
  if (std::rename(temporary.c_str(), options.to.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return fail("SY1607", "cannot write " + options.to, options.to,
                "look at the folder, its permissions and the disk");
  }
  remark(context.common, "wrote " + with_thousands(*rows) + " charges of lake v" +
                             std::to_string(session->charges.version) + " to " + options.to);
  return 0;
}

}  // namespace

Command export_command(CommonOptions&) {
  auto options = std::make_shared<ExportOptions>();
  Command command;
  command.name = "export";
  command.summary = "The charges themselves, row by row, as one CSV, Parquet or JSON file.";
  command.description =
      "Writes FOCUS 1.4 columns and the x_ columns of the lake, exactly and in a fixed order: the "
      "same version gives the same rows. The "
      "file is put in place when it is complete. JSON has one object a line, with costs as "
      "strings.";
  command.flags = {
      {"--to", "", "FILE", "The file to write", &options->to},
      {"--format",
       "",
       "FORM",
       "csv, parquet or json [default: by the file's ending]",
       &options->form,
       {"csv", "parquet", "json"}},
      {"--period", "-p", "PERIOD", "Charges that begin in this period", &options->period},
      {"--billing-period", "", "PERIOD", "Charges billed in these months",
       &options->billing_period},
      {"--where", "", "FILTER", "Only charges for which this holds (steelyard help filters)",
       &options->where},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {
      {"steelyard export --to=july.parquet --billing-period=2026-07", "July's bill in FOCUS 1.4"},
      {"steelyard export --to=team.csv --where='tag:team=web'",
       "one team's charges for a spreadsheet"}};
  command.see_also = {"sql", "top", "help filters"};
  command.run = [options](Context& context) { return run_export(context, *options); };
  return command;
}

}  // namespace steelyard
