// Settings: flags that nobody wants to say each time. What no flag has said is taken from the
// environment, else from the project's steelyard.toml, else from the user's file, else from the
// system's. The keys are the names of the flags.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace steelyard {

/// The flags that are settings too, in the order of the manual; "--lake" is the key `lake` and the
/// variable STEELYARD_LAKE.
std::vector<Flag> setting_flags(CommonOptions& common);
/// "--fiscal-year-start" -> "fiscal-year-start"
std::string key_of(const Flag& flag);
/// "--fiscal-year-start" -> "STEELYARD_FISCAL_YEAR_START"
std::string variable_of(const Flag& flag);

/// Fills in what no flag has said and tells where each value came from. SY1603 a value that does
/// not fit, SY1609 a file that is not understood; both name the file and the line.
Result<std::vector<Setting>> apply_settings(CommonOptions& common);

}  // namespace steelyard
