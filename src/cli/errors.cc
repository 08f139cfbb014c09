#include "cli/errors.h"

#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "render/table.h"

namespace steelyard {

const std::vector<ExitCode>& exit_codes() {
  static const std::vector<ExitCode> kCodes = {
      {kExitOk, "all is well; no difference was found"},
      {kExitFindings,
       "findings: a difference between two bills or periods, or a check that failed"},
      {kExitUsage, "the command line is wrong: unknown command, flag, column or period"},
      {kExitBadData, "the data is bad or was refused; nothing was committed"},
      {kExitPermission, "no permission"},
      {kExitUnavailable, "a file, a folder or the disk is not available; nothing was committed"},
      {kExitNotReconciled, "the figures do not tie to invoices (only with --require-reconciled)"},
      {kExitLimit, "a limit was reached: memory, size of a cell, expansion of an archive"},
      {kExitBug, "a mistake in Steelyard; nothing was committed; please report it"},
      {130, "ended by Ctrl-C; the lake is as it was before"},
      {143, "ended by a request to terminate; the lake is as it was before"},
  };
  return kCodes;
}

namespace {

/// Codes whose exit code is not that of their range.
constexpr std::array<std::pair<std::string_view, int>, 34> kExceptions = {{
    {"SY0001", kExitBug},         {"SY1010", kExitUsage},         {"SY1011", kExitUsage},
    {"SY1205", kExitUnavailable}, {"SY1215", kExitLimit},         {"SY1222", kExitUsage},
    {"SY1230", kExitUnavailable}, {"SY1231", kExitPermission},    {"SY1241", kExitBug},
    {"SY1246", kExitUnavailable}, {"SY1247", kExitBug},           {"SY1302", kExitUsage},
    {"SY1303", kExitUnavailable}, {"SY1305", kExitUnavailable},   {"SY1401", kExitUnavailable},
    {"SY1402", kExitUnavailable}, {"SY1404", kExitLimit},         {"SY1405", kExitBug},
    {"SY1501", kExitUsage},       {"SY1502", kExitUsage},         {"SY1503", kExitUsage},
    {"SY1504", kExitUsage},       {"SY1505", kExitUsage},         {"SY1510", kExitUsage},
    {"SY1511", kExitUsage},       {"SY1521", kExitUnavailable},   {"SY1531", kExitBug},
    {"SY1542", kExitUsage},       {"SY1606", kExitUnavailable},   {"SY1607", kExitUnavailable},
    {"SY1608", kExitUnavailable}, {"SY1611", kExitNotReconciled}, {"SY1703", kExitUnavailable},
    {"SY1806", kExitBug},
}};

}  // namespace

int exit_code_of(const std::string& code) {
  for (const auto& [name, exit] : kExceptions) {
    if (name == code) return exit;
  }
  const std::string_view range = std::string_view(code).substr(0, 4);
  if (range == "SY11") return kExitUnavailable;
  if (range == "SY16" || range == "SY17") return kExitUsage;
  if (range == "SY10" || range == "SY12" || range == "SY13" || range == "SY15" || range == "SY18")
    return kExitBadData;
  if (range == "SY14") return kExitUsage;
  return kExitBug;
}

int exit_code_of(const Error& error) { return exit_code_of(error.code); }

namespace {

/// `text` with `lead` before it, wrapped to the width at spaces; what follows the first line stands
/// under the text. A long word, such as a path, is never cut.
std::string hanging(const std::string& lead, const std::string& text, const Style& style) {
  const int column = display_width(lead);
  const std::string below(static_cast<std::size_t>(column), ' ');
  std::string out = lead;
  int used = column;
  for (const std::string& word : split(text, ' ')) {
    const int width = display_width(word);
    if (used > column && used + 1 + width > style.width) {
      out += "\n" + below;
      used = column;
    } else if (used > column) {
      out += " ";
      ++used;
    }
    out += word;
    used += width;
  }
  return out + "\n";
}

}  // namespace

std::string error_text(const Error& error, const Style& style) {
  // Words of the engine may have several lines: the first is the headline.
  std::vector<std::string> what = split(error.what, '\n');
  const std::string head = "error[" + error.code + "]";
  // Wrapped as it is seen, coloured afterwards.
  std::string out = hanging(head + ": ", shown(what[0], style), style);
  if (style.color) {
    const std::string bold = out.substr(head.size() + 2, out.size() - head.size() - 3);
    out = inked(head, Ink::kRed, style) + ": " + inked(bold, Ink::kBold, style) + "\n";
  }
  if (!error.where.empty()) out += "  --> " + shown(error.where, style) + "\n";
  for (std::size_t i = 1; i < what.size(); ++i) {
    if (!trim(what[i]).empty()) out += "  " + shown(what[i], style) + "\n";
  }
  for (const std::string& note : error.notes) out += hanging("  ", shown(note, style), style);
  if (!error.fix.empty()) out += hanging("  fix: ", shown(error.fix, style), style);
  if (find_error_code(error.code) != nullptr) {
    out += inked("  more: steelyard help " + error.code, Ink::kDim, style) + "\n";
  }
  return out;
}

std::string error_json(const Error& error) {
  std::string notes;
  for (const std::string& note : error.notes)
    notes += (notes.empty() ? "" : ", ") + json_quote(note);
  return "{\"schema_version\": " + std::to_string(kJsonSchemaVersion) +
         ", \"error\": {\"code\": " + json_quote(error.code) +
         ", \"what\": " + json_quote(error.what) + ", \"where\": " + json_quote(error.where) +
         ", \"notes\": [" + notes + "], \"fix\": " + json_quote(error.fix) +
         ", \"exit_code\": " + std::to_string(exit_code_of(error)) + "}}\n";
}

}  // namespace steelyard
