// The manual: help on the terminal, the pages under docs/reference, the man page and the
// completions, all made of the command tables and of the table of error codes.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "render/render.h"

namespace steelyard {

/// What `steelyard` without words says: what it is and three commands to begin with.
std::string first_help(const Style& style);
/// "" lists the commands; else a command, a topic or an error code. SY1601 when it is none.
Result<std::string> help_text(const std::string& topic, const std::vector<Command>& commands,
                              CommonOptions& common, const Style& style);
/// "commands" or "errors" as Markdown; SY1601 for another page.
Result<std::string> markdown_page(const std::string& page, const std::vector<Command>& commands,
                                  CommonOptions& common);
/// steelyard(1) in roff.
std::string man_page(const std::vector<Command>& commands, CommonOptions& common);
/// What a shell is to read so that it asks `steelyard completion`. SY1603 for an unknown shell.
Result<std::string> completion_script(const std::string& shell);

/// A page of prose that belongs to no single command.
struct Topic {
  std::string name, title,
      body;  ///< body: lines; a line that begins with two spaces is set as it is
};
std::vector<Topic> help_topics();

}  // namespace steelyard
