#include "cli/command.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "cli/commands.h"
#include "render/render.h"

namespace steelyard {

std::vector<Command> all_commands(CommonOptions& common) {
  return {ingest_command(common),     status_command(common),      report_command(common),
          top_command(common),        diff_command(common),        explain_command(common),
          reconcile_command(common),  check_command(common),       sql_command(common),
          export_command(common),     commitments_command(common), gen_command(common),
          vacuum_command(common),     checkpoint_command(common),  doctor_command(common),
          completion_command(common), version_command(common),     help_command(common)};
}

std::vector<Flag> common_flags(FlagGroup group, CommonOptions& common) {
  std::vector<Flag> flags;
  switch (group) {
    case FlagGroup::kLake:
      flags = {{"--lake", "", "DIR", "Folder of the lake [default: lake]", &common.lake},
               {"--as-of", "", "VERSION|DATE",
                "Answer from this version, or from what was known at the end of this day (UTC)",
                &common.as_of},
               {"--require-reconciled", "", "",
                "Refuse to show figures that do not tie to invoices (exit code 6)",
                &common.require_reconciled}};
      break;
    case FlagGroup::kOutput:
      flags = {{"--output", "-o", "FORM",
                "table, plain, json, jsonl, csv, md, parquet or svg [default: table on a terminal, "
                "else plain]",
                &common.output, output_format_names()},
               {"--out", "", "FILE",
                "Write to this file instead of standard output; its ending chooses the form",
                &common.out},
               {"--raw", "", "",
                "CSV without the guard that keeps a spreadsheet from running text as a formula",
                &common.raw},
               {"--today", "", "DATE",
                "The day that 'last month' and the like count from [default: today, UTC]",
                &common.today},
               {"--fiscal-year-start", "", "MONTH",
                "The month in which FY26 and FY26-Q1 begin, 1 to 12 [default: 1]",
                &common.fiscal_start}};
      break;
    case FlagGroup::kEngine:
      flags = {{"--threads", "", "N", "Threads to use; never changes a result [default: all]",
                &common.threads},
               {"--memory", "", "SIZE", "Memory for the engine, such as 2GB [default: 1GiB]",
                &common.memory},
               {"--progress",
                "",
                "HOW",
                "Progress on standard error: json for programs, none for nothing [default: auto]",
                &common.progress,
                {"auto", "json", "none"}}};
      break;
    case FlagGroup::kGeneral:
      flags = {{"--quiet", "-q", "",
                "No progress and no remarks on standard error; errors still show", &common.quiet},
               {"--color",
                "",
                "WHEN",
                "auto, always or never; NO_COLOR and CLICOLOR_FORCE are honoured [default: auto]",
                &common.color,
                {"auto", "always", "never"}},
               {"--config", "", "FILE",
                "Take settings from this file [default: steelyard.toml here or in a folder above]",
                &common.config}};
      break;
    case FlagGroup::kOwn:
      break;
  }
  constexpr std::array<std::string_view, 7> kSettings = {
      "--lake",     "--output", "--fiscal-year-start", "--threads", "--memory",
      "--progress", "--color"};
  for (Flag& flag : flags) {
    flag.group = group;
    flag.is_setting = std::find(kSettings.begin(), kSettings.end(), flag.name) != kSettings.end();
  }
  return flags;
}

std::vector<Flag> flags_of(const Command& command, CommonOptions& common) {
  std::vector<Flag> flags = command.flags;
  for (FlagGroup group : command.groups) {
    for (Flag& flag : common_flags(group, common)) {
      // A command's own flag stands in for the common one of that name.
      const bool own = std::any_of(command.flags.begin(), command.flags.end(),
                                   [&](const Flag& other) { return other.name == flag.name; });
      if (!own) flags.push_back(std::move(flag));
    }
  }
  for (Flag& flag : common_flags(FlagGroup::kGeneral, common)) flags.push_back(std::move(flag));
  return flags;
}

bool is_number(const std::string& text) {
  const std::size_t sign = text.starts_with("-") ? 1 : 0;
  return text.size() > sign && text.size() < 19 &&
         text.find_first_not_of("0123456789", sign) == std::string::npos;
}

Result<int> fiscal_start(const CommonOptions& common) {
  const std::int64_t month = common.fiscal_start.value_or(1);
  if (month < 1 || month > 12)
    return bad_value("--fiscal-year-start", std::to_string(month), "a month from 1 to 12");
  return static_cast<int>(month);
}

Result<Instant> Context::now() const {
  if (!common.today.empty()) {
    Instant instant;
    if (common.today.size() != 10 || !parse_instant(common.today, instant)) {
      return bad_value("--today", common.today, "a day such as 2026-07-31");
    }
    return instant;
  }
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

Result<Date> Context::today() const {
  Result<Instant> instant = now();
  if (!instant) return pass(instant);
  return date_of(*instant);
}

std::string Context::lake_folder() const {
  if (!common.lake.empty()) return common.lake;
  return common.usual_lake.empty() ? "lake" : common.usual_lake;
}

std::vector<std::string> comma_list(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& piece : split(text, ',')) {
    const std::string_view word = trim(piece);
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

tl::unexpected<Error> bad_value(const std::string& flag, const std::string& value,
                                const std::string& wanted) {
  return fail("SY1603", "`" + value + "` is not a value of " + flag, "", "give " + wanted);
}

Result<std::uint64_t> parse_bytes(const std::string& text, const std::string& flag) {
  const std::string wanted = "a size such as 2GB, 512MiB or a number of bytes";
  std::size_t digits = 0;
  std::uint64_t number = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits > 15) return bad_value(flag, text, wanted);
    number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
  }
  const std::string unit = to_lower(trim(std::string_view(text).substr(digits)));
  static const std::vector<std::pair<std::string, std::uint64_t>> kUnits = {
      {"", 1},
      {"b", 1},
      {"kb", 1000},
      {"mb", 1000'000},
      {"gb", 1000'000'000},
      {"tb", 1000'000'000'000},
      {"kib", 1ULL << 10},
      {"mib", 1ULL << 20},
      {"gib", 1ULL << 30},
      {"tib", 1ULL << 40}};
  for (const auto& [name, factor] : kUnits) {
    if (digits > 0 && name == unit && number > 0 && number <= (1ULL << 60) / factor)
      return number * factor;
  }
  return bad_value(flag, text, wanted);
}

}  // namespace steelyard
