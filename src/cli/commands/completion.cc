#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/output.h"

namespace steelyard {

namespace {

struct CompletionOptions {
  std::vector<std::string> shell;
};

}  // namespace

Command completion_command(CommonOptions&) {
  auto options = std::make_shared<CompletionOptions>();
  Command command;
  command.name = "completion";
  command.summary = "The completion script for a shell: bash, zsh or fish.";
  command.description = "Completes commands, flags and the values that a flag takes.";
  command.arguments = {"SHELL", "bash, zsh or fish", &options->shell, 1, 1};
  command.examples = {
      {"steelyard completion bash > ~/.local/share/bash-completion/completions/steelyard",
       "for bash"},
      {"steelyard completion zsh > ~/.zfunc/_steelyard", "for zsh, when ~/.zfunc is in fpath"},
      {"steelyard completion fish > ~/.config/fish/completions/steelyard.fish", "for fish"}};
  command.see_also = {"help"};
  command.run = [options](Context& context) -> Result<int> {
    auto script = completion_script(options->shell[0], context.commands, context.common);
    if (!script) return pass(script);
    if (Status written = write_output(*script, context.common); !written) return pass(written);
    return 0;
  };
  return command;
}

}  // namespace steelyard
