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
    {"SY1302", "no such version", "The table has no version of this number, or none that is this old. 'steelyard log' lists the versions that there are."},
    {"SY1303", "version was vacuumed away", "Files that only this old version needed were removed by 'steelyard vacuum'. Ask for a younger version, or load the deliveries again."},
    {"SY1304", "damaged log", "An entry of a table's log is missing or is not what was written: a disk fault, or somebody changed the lake by other means. Restore the file that is named from a backup."},
    {"SY1305", "too many lost races", "Other writers were first each time. Nothing was committed; run the command again when they are done."},
    {"SY1306", "columns do not fit", "A column of the delivery has another type, or another spelling, than the same column of the table; a table's partition columns never change."},
    {"SY1307", "file does not fit the commit", "A mistake in Steelyard: a file was to be added twice or outside of what the commit replaces, or evidence is not JSON. Nothing was committed. Please report it."},
    {"SY1308", "written by a newer Steelyard", "The lake was written in a form that this version does not know. Use the version that wrote it, or a newer one."},
    {"SY1310", "data files differ from the log", "Files of the lake are missing or are not what was committed. Restore them from a backup, or load the deliveries again."},
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
