// Errors as people and programs see them, and what the process says of itself when it ends.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "render/render.h"

namespace steelyard {

/// The process's exit codes; `steelyard help exit-codes` lists them.
inline constexpr int kExitOk = 0, kExitFindings = 1, kExitUsage = 2, kExitBadData = 3,
                     kExitPermission = 4, kExitUnavailable = 5, kExitNotReconciled = 6,
                     kExitLimit = 7, kExitBug = 8;
struct ExitCode {
  int code;
  const char* meaning;
};
const std::vector<ExitCode>& exit_codes();

/// What a process that failed with this error ends with.
int exit_code_of(const Error& error);
int exit_code_of(const std::string& code);

/// "error[SY1204]: ...", where, notes, fix, more; wrapped to the style's width.
std::string error_text(const Error& error, const Style& style);
/// {"schema_version": 1, "error": {...}}
std::string error_json(const Error& error);

}  // namespace steelyard
