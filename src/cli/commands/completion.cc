#include <cstdint>

#include "cli/commands.h"
#include "cli/completing.h"
#include "cli/manual.h"
#include "cli/output.h"

namespace steelyard {

namespace {

struct CompletionOptions {
  std::vector<std::string> words;
};

/// What the scripts read: a line for each candidate, ":paths" where the shell is to offer files.
std::string lines_for(const std::string& shell, const Context& context,
                      std::vector<std::string> words) {
  BashLine line;
  if (shell == "bash") {
    line = bash_line(words[0], words.size() > 1 ? words[1] : "");
    words.assign(line.words.begin() + 1, line.words.end());
  }
  const Candidates candidates = candidates_for(context, words);
  std::string out = candidates.paths ? ":paths\n" : "";
  for (const Candidate& candidate : candidates.words) {
    if (shell == "bash") {
      const std::string word = for_bash(candidate.word, line);
      if (!word.empty()) out += word + "\n";
    } else {
      out += candidate.word + "\t" + candidate.note + "\n";
    }
  }
  return out;
}

Result<int> run_completion(Context& context, const CompletionOptions& options) {
  const std::string& shell = options.words[0];
  auto text = completion_script(shell);
  if (!text) return pass(text);
  if (options.words.size() > 1) {
    *text = lines_for(shell, context, {options.words.begin() + 1, options.words.end()});
  }
  if (Status written = write_output(*text, context.common); !written) return pass(written);
  return 0;
}

}  // namespace

Command completion_command(CommonOptions&) {
  auto options = std::make_shared<CompletionOptions>();
  Command command;
  command.name = "completion";
  command.summary = "The completion script for a shell: bash, zsh or fish.";
  command.description =
      "Completes commands, flags and the values that a flag takes, also those that only the lake "
      "knows: services, accounts, tags, sources, billing periods, versions and the figures that "
      "were shown. The scripts ask the program with the words that were typed so far: steelyard "
      "completion zsh -- top --by=ser.";
  command.arguments = {"SHELL", "bash, zsh or fish; then, for the scripts, the words so far",
                       &options->words, 1, SIZE_MAX};
  command.examples = {
      {"steelyard completion bash > ~/.local/share/bash-completion/completions/steelyard",
       "for bash"},
      {"steelyard completion zsh > ~/.zfunc/_steelyard", "for zsh, when ~/.zfunc is in fpath"},
      {"steelyard completion fish > ~/.config/fish/completions/steelyard.fish", "for fish"}};
  command.see_also = {"help"};
  command.run = [options](Context& context) { return run_completion(context, *options); };
  return command;
}

}  // namespace steelyard
