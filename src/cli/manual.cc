#include "cli/manual.h"

#include <algorithm>
#include <cstdint>

#include "base/error_codes.h"
#include "base/text.h"
#include "cli/errors.h"
#include "cli/settings.h"
#include "ledger/columns.h"
#include "render/table.h"

namespace steelyard {

namespace {

constexpr int kIndent = 2;

std::string usage_of(const Command& command) {
  std::string line = "steelyard " + command.name;
  const Arguments& arguments = command.arguments;
  if (arguments.most > 0) {
    const std::string name = arguments.name + (arguments.most > 2 ? "..." : "");
    line += arguments.least == 0 ? " [" + name + "]" : " " + name;
  }
  return line + " [flags]";
}

std::string head_of(const Flag& flag) {
  return (flag.letter.empty() ? "" : flag.letter + ", ") + flag.name +
         (flag.value.empty() ? "" : "=" + flag.value);
}

std::string_view title_of(FlagGroup group) {
  switch (group) {
    case FlagGroup::kOwn:
      return "Flags";
    case FlagGroup::kLake:
      return "Lake";
    case FlagGroup::kOutput:
      return "Output";
    case FlagGroup::kEngine:
      return "Engine";
    case FlagGroup::kGeneral:
      return "General";
  }
  return "";
}

std::vector<std::string> wrap(const std::string& text, int width) {
  std::vector<std::string> lines = {""};
  for (const std::string& word : split(text, ' ')) {
    std::string& line = lines.back();
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(word);
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
  }
  return lines;
}

/// Two columns: heads in one width, their text wrapped beside them.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows,
                        const Style& style) {
  int widest = 0;
  for (const auto& [head, text] : rows) widest = std::max(widest, display_width(head));
  const int width = std::min(style.width, 100);
  const int column = kIndent + std::min(widest, 32) + 2;
  std::string out;
  for (const auto& [head, text] : rows) {
    std::string line = std::string(kIndent, ' ') + inked(head, Ink::kBold, style);
    int used = kIndent + display_width(head);
    if (used + 2 > column) {
      out += line + "\n";
      line.clear();
      used = 0;
    }
    for (const std::string& piece : wrap(text, std::max(30, width - column))) {
      out += line + std::string(static_cast<std::size_t>(column - used), ' ') + piece + "\n";
      line.clear();
      used = 0;
    }
  }
  return out;
}

/// Wrapped, with `spaces` before each line; a page is never wider than its place.
std::string indented(const std::string& text, int spaces, Ink ink, const Style& style) {
  std::string out;
  for (const std::string& line : wrap(text, std::max(30, std::min(style.width, 100) - spaces)))
    out += std::string(static_cast<std::size_t>(spaces), ' ') + inked(line, ink, style) + "\n";
  return out;
}

std::string section(std::string_view title, const Style& style) {
  return "\n" + inked(title, Ink::kDim, style) + "\n";
}

std::string prose(const std::string& text, const Style& style) {
  Style narrow = style;
  narrow.width = std::min(style.width, 100);
  std::string out;
  for (const std::string& paragraph : split(text, '\n')) {
    if (paragraph.empty()) {
      out += "\n";
    } else if (paragraph.starts_with("  ")) {
      out += shown(paragraph, style) + "\n";
    } else {
      out += render_paragraph(paragraph, narrow);
    }
  }
  return out;
}

std::string see_also_line(const Command& command) {
  std::vector<std::string> lines;
  for (const std::string& other : command.see_also) lines.push_back("steelyard " + other);
  return join(lines, ", ");
}

std::string help_of_command(const Command& command, CommonOptions& common, const Style& style) {
  std::string out = "\n" + indented(command.summary, kIndent, Ink::kBold, style);
  out += section("Usage", style) + std::string(kIndent, ' ') + usage_of(command) + "\n";
  if (command.arguments.most > 0) {
    out += two_columns({{command.arguments.name, command.arguments.help}}, style);
  }
  if (!command.description.empty()) out += "\n" + prose(command.description, style);
  const std::vector<Flag> flags = flags_of(command, common);
  for (FlagGroup group : {FlagGroup::kOwn, FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine,
                          FlagGroup::kGeneral}) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Flag& flag : flags) {
      if (flag.group == group) rows.emplace_back(head_of(flag), flag.help);
    }
    if (!rows.empty()) out += section(title_of(group), style) + two_columns(rows, style);
  }
  out += section("Examples", style);
  for (const Example& example : command.examples) {
    out += std::string(kIndent, ' ') + inked("$ " + example.line, Ink::kBold, style) + "\n" +
           indented(example.why, kIndent + 2, Ink::kPlain, style);
  }
  if (!command.see_also.empty())
    out +=
        section("See also", style) + indented(see_also_line(command), kIndent, Ink::kPlain, style);
  return out + "\n";
}

std::string help_of_error(const ErrorCode& entry, const Style& style) {
  const int exit = exit_code_of(entry.code);
  return "\n" + std::string(kIndent, ' ') +
         inked(std::string(entry.code) + ": " + entry.title, Ink::kBold, style) + "\n\n" +
         prose(entry.help, style) + "\n  Exit code " + std::to_string(exit) + ": " +
         exit_codes()[static_cast<std::size_t>(exit)].meaning + "\n\n";
}

std::string list_of_commands(const std::vector<Command>& commands, const Style& style) {
  std::string out =
      "\n" + std::string(kIndent, ' ') +
      inked("Steelyard weighs what you spend on cloud, SaaS and AI, exactly.", Ink::kBold, style) +
      "\n";
  out += section("Commands", style);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : commands) rows.emplace_back(command.name, command.summary);
  out += two_columns(rows, style) + section("Topics: steelyard help TOPIC", style);
  rows.clear();
  for (const Topic& topic : help_topics()) rows.emplace_back(topic.name, topic.title);
  rows.emplace_back("SY1230", "Any error code: what it means and what helps");
  return out + two_columns(rows, style) + "\n";
}

std::string exit_code_lines() {
  std::string out;
  for (const ExitCode& code : exit_codes()) {
    std::string number = std::to_string(code.code);
    number.resize(5, ' ');
    out += "  " + number + code.meaning + "\n";
  }
  return out;
}

std::string setting_lines() {
  CommonOptions nowhere;
  std::string out;
  for (const Flag& flag : setting_flags(nowhere)) {
    std::string key = key_of(flag);
    key.resize(20, ' ');
    out += "  " + key + variable_of(flag) + "\n";
  }
  return out;
}

std::string column_lines() {
  std::string out;
  for (const ColumnAlias& alias : column_aliases()) {
    std::string name(alias.name);
    name.resize(std::max<std::size_t>(24, name.size() + 1), ' ');
    out += "  " + name + std::string(alias.column) +
           (alias.grain.empty() ? "" : ", by " + std::string(alias.grain)) + "\n";
  }
  return out;
}

}  // namespace

std::vector<Topic> help_topics() {
  return {
      {"periods", "How to write a period",
       "A period is a range of days in UTC. Its end is included when you name it, and every answer "
       "says which days it meant.\n\n"
       "  2026                      a year\n"
       "  2026Q3, 2026-W31          a quarter, a week (ISO 8601)\n"
       "  2026-07, 2026-07-15       a month, a day\n"
       "  2026-07-01..2026-07-15    from a day to a day, both included\n"
       "  'last month', month-1     the month before this one\n"
       "  'this month', mtd         this month; from its first day to today\n"
       "  qtd, ytd                  from the first day of the quarter or the year to today\n"
       "  '12 months', P30D         the last 12 whole months; the last 30 days\n"
       "  'since 2026-03'           from then to today\n"
       "  'monthly in 2025'         top: a period with a curve over its months; also 'daily in "
       "2026-07'\n"
       "  FY26, FY26-Q2             a fiscal year, named after the year in which it ends; it "
       "begins\n"
       "                            in the month of --fiscal-year-start\n\n"
       "Today is the day of the clock in UTC; --today=2026-07-31 makes an answer repeatable. "
       "--period asks when something was used, "
       "--billing-period on which month's bill it stands."},
      {"filters", "How to write --where",
       "  service=Amazon EC2\n"
       "  service='Amazon EC2' and region in (eu-west-1, us-east-1)\n"
       "  not (account like 12* or tag:team=web)\n"
       "  cost > 100 and tag:owner is null\n\n"
       "Compare with = != < <= > >=, in (...), like with * and ?, is null; join with and, or, not "
       "and parentheses. A value that holds "
       "one of these words or signs stands in quotes. A missing value equals nothing: "
       "tag:team!=web keeps what has no team."},
      {"columns", "The names for --by and --where",
       "Any column of FOCUS 1.4 or of the lake under its own name (BillingAccountName, x_Source), "
       "a tag as tag:KEY, or one of these:\n\n" +
           column_lines()},
      {"formats", "The bills that Steelyard reads",
       "Formats are told by the columns of a file, not by its name. Files are CSV, gzipped CSV or "
       "Parquet.\n\n"
       "  focus-1.0 ... focus-1.4   FOCUS of any provider, also invoices, commitments, billing "
       "periods\n"
       "  aws-cur-legacy            AWS Cost and Usage Report, CSV or Parquet\n"
       "  aws-cur-2.0               AWS Data Exports, CUR 2.0\n\n"
       "Whatever a column is called, the lake keeps it: under its FOCUS 1.4 name where it has one, "
       "else with x_ in front."},
      {"output", "Forms of output",
       "  table     for people: the form on a terminal\n"
       "  plain     one record a line, cells separated by tabs: the form in a pipe; lines that "
       "begin with # are remarks\n"
       "  json      one document with schema_version; a field never changes its meaning under the "
       "same number\n"
       "  jsonl     one object a line: rows, totals, then the report itself\n"
       "  csv       exact amounts; what a spreadsheet would run is guarded unless --raw\n"
       "  md        a Markdown table\n"
       "  parquet   a file, with --out; amounts are DECIMAL(38,18)\n"
       "  svg       the pictures of an answer that has some; table shows them in characters\n\n"
       "Amounts are exact in json, jsonl, csv and parquet, where they are decimals, never "
       "floating-point numbers. In table, plain and md "
       "they are rounded so that the parts shown sum to the total shown. Every form says where its "
       "figures come from: basis, currency, "
       "period, version of the lake, rows, whether they tie to the invoices, and the version of "
       "the rules."},
      {"exit-codes", "What the program ends with", exit_code_lines()},
      {"settings", "What need not be said each time",
       "A setting is a flag that is the same for every command. What no flag says is taken from "
       "the "
       "first of these that says it:\n\n"
       "  a variable              STEELYARD_LAKE=/data/lake\n"
       "  the project             steelyard.toml in this folder or the nearest one above, or "
       "--config\n"
       "  the user                $XDG_CONFIG_HOME/steelyard/config.toml, else ~/.config/...\n"
       "  the system              /etc/xdg/steelyard/config.toml, or as $XDG_CONFIG_DIRS says\n\n"
       "A file is TOML, one setting a line, such as these three. A relative folder is one beside "
       "the file.\n\n"
       "  lake = \"lake\"\n"
       "  fiscal-year-start = 10\n"
       "  memory = \"4GB\"\n\n"
       "The settings and their variables:\n\n" +
           setting_lines() +
           "\nThey mean what the flags of the same names mean. A key that is none is an error. A "
           "folder that everybody may write to, such as /tmp, is passed over. steelyard doctor "
           "says what is in force and where it was said."},
      {"environment", "Variables and folders",
       "  STEELYARD_LAKE ...     settings: steelyard help settings\n"
       "  NO_COLOR               no colours; --color is stronger\n"
       "  CLICOLOR_FORCE         colours also into a pipe\n"
       "  COLUMNS                width of the output\n"
       "  PAGER                  shows a table that is longer than the terminal, else less -FRX; "
       "cat is none\n"
       "  XDG_CONFIG_HOME ...    files of settings: steelyard help settings\n"
       "  XDG_CACHE_HOME, HOME   the cache is in steelyard there: figures for explain, hashes of "
       "verified files\n"
       "  TMPDIR                 where the engine spills what does not fit in memory\n"
       "  LC_ALL, LC_CTYPE, LANG only whether the terminal shows UTF-8; no figure, date or order "
       "depends on them\n\n"
       "Nothing depends on the time zone: all times are UTC. Nothing is sent anywhere."},
  };
}

std::string first_help(const Style& style) {
  const std::string indent(kIndent, ' ');
  return "\n" + indent +
         inked("Steelyard weighs what you spend on cloud, SaaS and AI, exactly.", Ink::kBold,
               style) +
         "\n\n" + indent + "To begin:\n\n" +
         two_columns({{"steelyard gen --out=bills",
                       "invent an enterprise with bills to try things out on (or take your own)"},
                      {"steelyard ingest bills", "read them into a lake in ./lake"},
                      {"steelyard report",
                       "one page: where the money goes, what changed, whether it ties"}},
                     style) +
         "\n" + indent +
         "steelyard help lists all commands; steelyard help COMMAND explains one.\n\n";
}

Result<std::string> help_text(const std::string& topic, const std::vector<Command>& commands,
                              CommonOptions& common, const Style& style) {
  if (topic.empty()) return list_of_commands(commands, style);
  std::vector<std::string> known;
  for (const Command& command : commands) {
    if (command.name == topic) return help_of_command(command, common, style);
    known.push_back(command.name);
  }
  for (const Topic& one : help_topics()) {
    if (one.name == topic) {
      return "\n" + std::string(kIndent, ' ') + inked(one.title, Ink::kBold, style) + "\n\n" +
             prose(one.body, style) + "\n";
    }
    known.push_back(one.name);
  }
  if (const ErrorCode* entry = find_error_code(topic)) return help_of_error(*entry, style);
  const std::string near = nearest(topic, known);
  return fail("SY1601", "there is no help on `" + topic + "`", "",
              near.empty() ? "steelyard help lists commands and topics"
                           : "did you mean `steelyard help " + near + "`?");
}

namespace {

std::string markdown_text(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_') out += '\\';
    out += c;
  }
  return out;
}

void flags_as_markdown(std::string& out, const std::vector<Flag>& flags) {
  out += "| flag | |\n| --- | --- |\n";
  for (const Flag& flag : flags) {
    std::string head = head_of(flag);
    for (std::size_t at = 0; (at = head.find('|', at)) != std::string::npos; at += 2)
      head.insert(at, "\\");
    out += "| `" + head + "` | " + markdown_text(flag.help) + " |\n";
  }
  out += "\n";
}

std::string commands_as_markdown(const std::vector<Command>& commands, CommonOptions& common) {
  std::string out =
      "# Commands\n\n<!-- made by `steelyard help commands --markdown`; a test fails when it is "
      "not current -->\n\n"
      "Flags may stand anywhere after `steelyard`; `--` ends them. What is common to several "
      "commands is at the end.\n\n";
  for (const Command& command : commands)
    out += "- [`" + command.name + "`](#" + command.name + "): " + markdown_text(command.summary) +
           "\n";
  out += "\n";
  for (const Command& command : commands) {
    out += "## " + command.name + "\n\n" + markdown_text(command.summary) + "\n\n    " +
           usage_of(command) + "\n\n";
    if (command.arguments.most > 0)
      out += "`" + command.arguments.name + "`: " + markdown_text(command.arguments.help) + ".\n\n";
    out += markdown_text(command.description) + "\n\n";
    if (!command.flags.empty()) flags_as_markdown(out, command.flags);
    std::vector<std::string> groups;
    for (FlagGroup group : command.groups)
      groups.push_back("[" + to_lower(title_of(group)) + "](#" + to_lower(title_of(group)) +
                       "-flags)");
    groups.push_back("[general](#general-flags)");
    out += "Common flags: " + join(groups, ", ") + ".\n\n";
    for (const Example& example : command.examples)
      out += "    $ " + example.line + "\n      " + example.why + "\n";
    out += "\nSee also: `" + see_also_line(command) + "`.\n\n";
  }
  for (FlagGroup group :
       {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine, FlagGroup::kGeneral}) {
    out += "## " + std::string(title_of(group)) + " flags\n\n";
    flags_as_markdown(out, common_flags(group, common));
  }
  for (const Topic& topic : help_topics()) {
    out += "## " + topic.title + "\n\n";
    bool was_set = false;
    for (const std::string& line : split(topic.body, '\n')) {
      const bool set = line.starts_with("  ");
      if (set && !was_set && !out.ends_with("\n\n")) out += "\n";
      out += (set ? "  " + line : markdown_text(line)) + "\n";
      was_set = set;
    }
    if (!out.ends_with("\n\n")) out += "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string errors_as_markdown() {
  std::string out =
      "# Error codes\n\n<!-- made by `steelyard help errors --markdown`; a test fails when it is "
      "not current -->\n\n"
      "A code is never given a second meaning. The exit codes are explained by `steelyard help "
      "exit-codes`.\n\n"
      "| code | exit | |\n| --- | --- | --- |\n";
  for (const ErrorCode& entry : kErrorCodes) {
    out += "| " + std::string(entry.code) + " | " + std::to_string(exit_code_of(entry.code)) +
           " | **" + markdown_text(entry.title) + ".** " + markdown_text(entry.help) + " |\n";
  }
  return out;
}

/// Roff reads a leading point or quote as a request, and a backslash as an escape.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
      out += c;
    }
  }
  return out;
}

// Bash inserts what it gets as it is, so the program quotes; zsh and fish quote by themselves. None
// of the three reads a candidate as code: no eval, no word list that is expanded.

constexpr const char* kBashScript =
    R"(# bash completion for steelyard; made by `steelyard completion bash`
_steelyard() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :paths ]]; then
      compopt -o default
    else
      COMPREPLY+=("$line")
    fi
  done < <("$1" completion bash -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -o nosort -F _steelyard steelyard 2>/dev/null || complete -F _steelyard steelyard
)";

constexpr const char* kZshScript = R"(#compdef steelyard
# zsh completion for steelyard; made by `steelyard completion zsh`
_steelyard() {
  local line tab=$'\t'
  local -a typed known shown open
  typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
  for line in "${(@f)$("${(Q)words[1]}" completion zsh -- "${typed[@]}" 2>/dev/null)}"; do
    if [[ $line == :paths ]]; then
      compset -P '--[a-z-]##='
      _files
      return
    elif [[ -n $line ]]; then
      known+=("${line%%$tab*}")
      shown+=("${line%%$tab*}${${line#*$tab}:+  ${line#*$tab}}")
    fi
  done
  [[ ${#known} == 1 && ${known[1]} == *= ]] && open=(-S '')
  (( ${#known} )) && compadd "${open[@]}" -M 'm:{a-zA-Z}={A-Za-z}' -l -d shown -a known
}
if [ "$funcstack[1]" = _steelyard ]; then
  _steelyard "$@"
else
  compdef _steelyard steelyard
fi
)";

constexpr const char* kFishScript =
    R"(# fish completion for steelyard; made by `steelyard completion fish`
function __steelyard_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string replace -ra '[\\\\\'"]' '')
    for line in ($words[1] completion fish -- $words[2..-1] "$typed" 2>/dev/null)
        if test "$line" = :paths
            set -l flag (string match -r -- '^--[a-z-]+=' "$typed")
            for path in (__fish_complete_path (string replace -r -- '^--[a-z-]+=' '' "$typed"))
                echo "$flag$path"
            end
        else
            echo $line
        end
    end
end
complete -c steelyard -f -a '(__steelyard_complete)'
)";

}  // namespace

Result<std::string> markdown_page(const std::string& page, const std::vector<Command>& commands,
                                  CommonOptions& common) {
  if (page == "commands") return commands_as_markdown(commands, common);
  if (page == "errors") return errors_as_markdown();
  return fail("SY1601", "there is no manual page `" + page + "`", "",
              "the pages are commands and errors");
}

std::string man_page(const std::vector<Command>& commands, CommonOptions& common) {
  std::string out =
      ".\\\" made by `steelyard help --man`\n.TH STEELYARD 1\n.SH NAME\nsteelyard \\- weigh what "
      "you spend on cloud, SaaS and AI, exactly\n"
      ".SH SYNOPSIS\n.B steelyard\n.I COMMAND\n[arguments] [flags]\n.SH COMMANDS\n";
  for (const Command& command : commands) {
    out += ".SS " + command.name + "\n" + roff(command.summary) + "\n.PP\n.B " +
           roff(usage_of(command)) + "\n";
    for (const std::string& paragraph : split(command.description, '\n')) {
      out += paragraph.empty() ? ".PP\n" : ".PP\n" + roff(paragraph) + "\n";
    }
    for (const Flag& flag : command.flags)
      out += ".TP\n.B " + roff(head_of(flag)) + "\n" + roff(flag.help) + "\n";
    for (const Example& example : command.examples) {
      out +=
          ".PP\n.nf\n.RS\n" + roff("$ " + example.line) + "\n.RE\n.fi\n" + roff(example.why) + "\n";
    }
  }
  out += ".SH COMMON FLAGS\n";
  for (FlagGroup group :
       {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine, FlagGroup::kGeneral}) {
    out += ".SS " + std::string(title_of(group)) + "\n";
    for (const Flag& flag : common_flags(group, common))
      out += ".TP\n.B " + roff(head_of(flag)) + "\n" + roff(flag.help) + "\n";
  }
  for (const Topic& topic : help_topics()) {
    std::string title = topic.title;
    std::transform(title.begin(), title.end(), title.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    out += ".SH " + roff(title) + "\n";
    bool set = false;
    for (const std::string& line : split(topic.body, '\n')) {
      const bool wants = line.starts_with("  ");
      if (wants != set) out += wants ? ".nf\n" : ".fi\n";
      set = wants;
      out += line.empty() ? ".PP\n" : roff(line) + "\n";
    }
    if (set) out += ".fi\n";
  }
  return out;
}

Result<std::string> completion_script(const std::string& shell) {
  if (shell == "bash") return std::string(kBashScript);
  if (shell == "zsh") return std::string(kZshScript);
  if (shell == "fish") return std::string(kFishScript);
  return bad_value("completion", shell, "bash, zsh or fish");
}

}  // namespace steelyard
