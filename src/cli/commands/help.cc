#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/output.h"

namespace steelyard {

namespace {

struct HelpOptions {
  std::vector<std::string> topic;
  bool markdown = false, man = false;
};

}  // namespace

Command help_command(CommonOptions&) {
  auto options = std::make_shared<HelpOptions>();
  Command command;
  command.name = "help";
  command.summary = "Help on a command, a topic or an error code.";
  command.description =
      "Topics: periods, filters, columns, formats, output, exit-codes, settings, environment. An "
      "error code "
      "such as SY1230 is a topic too.";
  command.flags = {
      {"--markdown", "", "", "The manual's pages: help commands --markdown, help errors --markdown",
       &options->markdown},
      {"--man", "", "", "The man page", &options->man}};
  command.arguments = {"TOPIC", "a command, a topic or an error code", &options->topic, 0, 1};
  command.examples = {{"steelyard help top", "how to use a command"},
                      {"steelyard help SY1230", "what an error means and what helps"},
                      {"steelyard help periods", "how to write a period"}};
  command.see_also = {"completion"};
  command.run = [options](Context& context) -> Result<int> {
    const std::string topic = options->topic.empty() ? "" : options->topic[0];
    const Style style = style_of_place(context.common, 1);
    Result<std::string> text =
        options->man        ? Result<std::string>(man_page(context.commands, context.common))
        : options->markdown ? markdown_page(topic, context.commands, context.common)
                            : help_text(topic, context.commands, context.common, style);
    if (!text) return pass(text);
    if (Status written = write_output(*text, context.common); !written) return pass(written);
    return 0;
  };
  return command;
}

}  // namespace steelyard
