// Parsing: the words of a command line into the options of one command. The operator's error is
// made hard: long flags, no abbreviations, nothing given twice, unknown words answered with the
// nearest known one.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace steelyard {

/// What the words ask for.
struct Parsed {
  const Command* command = nullptr;  ///< nullptr: nothing was said
  bool help = false;                 ///< --help
};

/// Fills the options that the commands' flags point at. Flags may stand before or after the command
/// and its arguments. SY1601 unknown command, SY1602 unknown flag, SY1603 value, SY1604 arguments.
Result<Parsed> parse_words(const std::vector<std::string>& words,
                           const std::vector<Command>& commands, CommonOptions& common);

/// SY1603 when the flag takes only certain values and this is none of them.
Status check_choice(const Flag& flag, const std::string& value);

}  // namespace steelyard
