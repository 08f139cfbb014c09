// Completing: what could stand where somebody pressed the tabulator key. The shells' scripts only
// ask and show; what there is to choose from is known here, from the command tables and from the
// lake: services, accounts, tags, sources, billing periods, versions, figures.
//
// What a bill says is data here too. A candidate is one word with nothing in it that a terminal
// would obey, and for bash, which inserts it as it is, it is quoted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace steelyard {

struct Candidate {
  std::string word;  ///< the whole word, without quotes: "--by=service"
  std::string note;  ///< a few words about it, or ""
};
struct Candidates {
  std::vector<Candidate> words;
  bool paths = false;  ///< the shell knows the files and folders
};

/// `words` follow the name of the program; the last one is being written and may be empty. What
/// cannot be found out is left out: completing never fails.
Candidates candidates_for(const Context& context, const std::vector<std::string>& words);

/// A line of bash up to the cursor, taken apart.
struct BashLine {
  std::vector<std::string> words;  ///< without quotes, the first is the program
  char quote = '\0';               ///< the quote that is open at the cursor
  std::size_t kept = 0;            ///< so much of the last word stands before what bash replaces
};
/// `breaks`: $COMP_WORDBREAKS.
BashLine bash_line(std::string_view line, std::string_view breaks);
/// `word` from `line.kept` on, as it may be inserted into the line; "" when that is not possible.
std::string for_bash(const std::string& word, const BashLine& line);

}  // namespace steelyard
