// The program: words in, an exit code out. Ctrl-C and a request to terminate end it at once: what
// is committed is committed whole, and what is not leaves nothing behind that counts.
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/errors.h"
#include "cli/manual.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/session.h"
#include "cli/settings.h"

namespace {

extern "C" void end_now(int signal) {
  static constexpr char kLine[] = "\r\x1b[Kended; nothing was left half done\n";
  if (::isatty(STDERR_FILENO) == 1) (void)!::write(STDERR_FILENO, kLine, sizeof kLine - 1);
  ::_exit(128 + signal);
}

int report_error(const steelyard::Error& error, const steelyard::CommonOptions& common) {
  steelyard::Style style = steelyard::style_of_place(common, STDERR_FILENO);
  // A file or another program gets each sentence on one line.
  if (::isatty(STDERR_FILENO) != 1) style.width = INT_MAX;
  const std::string& form = common.output.empty() ? common.usual_output : common.output;
  const bool json = form == "json" || form == "jsonl";
  const std::string text =
      json ? steelyard::error_json(error) : steelyard::error_text(error, style);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return steelyard::exit_code_of(error);
}

/// Everything that can be checked is checked before data is touched.
steelyard::Status check_common(const steelyard::Context& context) {
  if (const auto today = context.today(); !today) return steelyard::fail(today.error());
  if (const auto engine = steelyard::engine_options(context.common); !engine)
    return steelyard::fail(engine.error());
  if (const auto month = steelyard::fiscal_start(context.common); !month)
    return steelyard::fail(month.error());
  if (const auto form = steelyard::chosen_format(context.common); !form)
    return steelyard::fail(form.error());
  return {};
}

int run(const std::vector<std::string>& words) {
  using namespace steelyard;
  CommonOptions common;
  const std::vector<Command> commands = all_commands(common);
  const Result<Parsed> parsed = parse_words(words, commands, common);
  if (!parsed) {
    // The words could not be taken apart, but a program that asked for JSON gets JSON.
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool next = (words[i] == "-o" || words[i] == "--output") && i + 1 < words.size();
      const std::string form = next                                ? words[i + 1]
                               : words[i].starts_with("--output=") ? words[i].substr(9)
                                                                   : "";
      if (form == "json" || form == "jsonl") common.output = form;
    }
    return report_error(parsed.error(), common);
  }
  Context context{commands, parsed->command, common};
  if (parsed->command == nullptr || parsed->help) {
    const Style style = style_of_place(common, STDOUT_FILENO);
    const std::string topic = parsed->command != nullptr ? parsed->command->name : "";
    const bool nothing_said = parsed->command == nullptr && !parsed->help;
    const Result<std::string> text = nothing_said ? Result<std::string>(first_help(style))
                                                  : help_text(topic, commands, common, style);
    if (!text) return report_error(text.error(), common);
    const Status written = write_output(*text, common);
    return written ? kExitOk : report_error(written.error(), common);
  }
  // Help must also be there for somebody whose settings are wrong.
  if (context.command->name != "help") {
    Result<std::vector<Setting>> settings = apply_settings(common);
    if (!settings) return report_error(settings.error(), common);
    context.settings = std::move(*settings);
  }
  const Status sound = check_common(context);
  if (!sound) return report_error(sound.error(), common);
  const Result<int> code = parsed->command->run(context);
  return code ? *code : report_error(code.error(), common);
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGINT, end_now);
  std::signal(SIGTERM, end_now);
  return run(std::vector<std::string>(words + 1, words + count));
}
