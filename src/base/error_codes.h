// Every error code that the program can show, with what it means and what helps. A code is stable: scripts and people's
// notes refer to it, so it is never given a second meaning. `steelyard help SY1204` and docs/reference/errors.md are
// made of this table. Ranges: SY10xx base and money, SY11xx store, SY12xx bills, SY13xx lake, SY14xx engine,
// SY15xx ledger, SY16xx command line, SY17xx samples.
#pragma once

#include <string_view>

namespace steelyard {

struct ErrorCode {
  const char* code;   ///< "SY1204"
  const char* title;  ///< a few words, for a heading
  const char* help;   ///< what it means and what to do
};

/// Sorted by code; one line each.
// clang-format off
inline constexpr ErrorCode kErrorCodes[] = {
    {"SY0001", "internal error", "An assertion failed: a mistake in Steelyard, not in your data. Nothing was committed. Please report the line that was printed."},
    {"SY1010", "not a period", "Write a period as 2026, 2026-07, 2026-07-15, 2026Q3, 2026-W31, FY26, FY26-Q2, 2026-07-01..2026-07-15, 'last month', 'this month', month-1, '12 months', mtd, qtd, ytd, 'since 2026-03' or P30D."},
    {"SY1011", "not a cost basis", "The four costs of a charge are billed, effective, list and contracted."},
    {"SY1101", "file is not in the lake", "A file that was asked for does not exist under the lake's folder. If a version needs it, 'steelyard check' names what else is missing."},
    {"SY1102", "cannot read", "The file or folder exists but cannot be read: look at its permissions and at the disk."},
    {"SY1103", "cannot write", "Writing, moving or removing failed; the former state is still in force. Look at permissions and at the disk, then run the command again."},
    {"SY1104", "path leaves the lake", "A path that is absolute, has '..', or leads through a symbolic link out of the lake's folder is refused. Remove the link or use a path inside the lake."},
    {"SY1105", "already exists", "Another writer was first: this file is never overwritten. The command retries by itself; if it gives up, run it again."},
    {"SY1106", "disk is full", "There is no space (or no quota) left for the lake. The former state is still in force. Free some space and run the command again."},
};
// clang-format on

/// The entry of a code ("SY1204", in any case), or nullptr.
constexpr const ErrorCode* find_error_code(std::string_view code) {
  constexpr auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  for (const ErrorCode& entry : kErrorCodes) {
    const std::string_view known(entry.code);
    bool same = known.size() == code.size();
    for (std::size_t i = 0; same && i < known.size(); ++i) same = known[i] == upper(code[i]);
    if (same) return &entry;
  }
  return nullptr;
}

}  // namespace steelyard
