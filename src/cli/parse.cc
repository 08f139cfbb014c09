#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <set>

#include "base/text.h"

namespace steelyard {

namespace {

/// Flags that take a value, of all commands: to find the command among words that precede it.
std::set<std::string> flags_with_values(const std::vector<Command>& commands,
                                        CommonOptions& common) {
  std::set<std::string> names;
  for (const Command& command : commands) {
    for (const Flag& flag : flags_of(command, common)) {
      if (!flag.value.empty()) {
        names.insert(flag.name);
        if (!flag.letter.empty()) names.insert(flag.letter);
      }
    }
  }
  return names;
}

/// The known word that was meant: near in spelling, or the same letters in another order.
std::string near_word(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  if (!near.empty()) return near;
  const auto sorted = [](std::string text) {
    std::sort(text.begin(), text.end());
    return text;
  };
  for (const std::string& one : known) {
    if (sorted(one) == sorted(to_lower(word))) return one;
  }
  return "";
}

/// The position of the command's name, or the number of words.
std::size_t find_command(const std::vector<std::string>& words,
                         const std::set<std::string>& valued) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty() || words[i][0] != '-') return i;
    if (words[i] == "--") return words.size();
    if (valued.contains(words[i])) ++i;
  }
  return words.size();
}

tl::unexpected<Error> unknown_command(const std::string& word,
                                      const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  const std::string near = near_word(word, names);
  return fail("SY1601", "there is no command `" + word + "`", "",
              near.empty() ? "steelyard help lists the commands"
                           : "did you mean `steelyard " + near + "`?");
}

/// Everything about flags that can be told from the words alone: their names, that values are
/// there, that nothing is said twice.
Status check_flags(const std::vector<std::string>& words, const Command& command,
                   const std::vector<Flag>& flags) {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : flags) names.push_back(flag.name);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') continue;
    const bool is_long = word[1] == '-';
    const std::size_t equals = word.find('=');
    const std::string name = is_long ? word.substr(0, equals) : word.substr(0, 2);
    const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag& one) {
      return one.name == name || one.letter == name;
    });
    if (flag == flags.end()) {
      const std::string near = near_word(name, names);
      return fail("SY1602", "`steelyard " + command.name + "` has no flag `" + name + "`", "",
                  near.empty() ? "steelyard help " + command.name + " lists its flags"
                               : "did you mean `" + near + "`?");
    }
    const bool list = std::holds_alternative<std::vector<std::string>*>(flag->target);
    if (!seen.insert(flag->name).second && !list)
      return fail("SY1603", "`" + flag->name + "` is given twice", "", "give it once");
    if (flag->value.empty()) {
      if (is_long ? equals != std::string::npos : word.size() > 2)
        return fail("SY1603", "`" + flag->name + "` takes no value", "", "give it alone");
      continue;
    }
    const bool attached = is_long ? equals != std::string::npos : word.size() > 2;
    if (!attached && (i + 1 == words.size() || words[i + 1] == "--")) {
      return fail("SY1603", "`" + flag->name + "` needs a value: " + flag->name + "=" + flag->value,
                  "", flag->help);
    }
    const std::string value = !attached ? words[++i]
                              : is_long ? word.substr(equals + 1)
                                        : word.substr(2);
    if (std::holds_alternative<std::optional<std::int64_t>*>(flag->target) && !is_number(value)) {
      return bad_value(flag->name, value, "a whole number");
    }
  }
  return {};
}

void bind(CLI::App& app, const Flag& flag) {
  const std::string names = flag.letter.empty() ? flag.name : flag.name + "," + flag.letter;
  CLI::Option* option = nullptr;
  if (auto* const* target = std::get_if<bool*>(&flag.target)) {
    option = app.add_flag(names, **target);
  } else if (auto* const* target = std::get_if<std::string*>(&flag.target)) {
    option = app.add_option(names, **target);
  } else if (auto* const* target = std::get_if<std::optional<std::int64_t>*>(&flag.target)) {
    option = app.add_option(names, **target);
  } else {
    // One value each time: what follows is an argument, not a further value.
    option = app.add_option(names, *std::get<std::vector<std::string>*>(flag.target))
                 ->expected(1, INT32_MAX);
    option->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  if (!std::holds_alternative<std::vector<std::string>*>(flag.target)) {
    option->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
}

Status check_choices(const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    if (auto* const* text = std::get_if<std::string*>(&flag.target)) {
      if (Status checked = check_choice(flag, **text); !checked) return checked;
    } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&flag.target)) {
      for (const std::string& one : **list) {
        if (Status checked = check_choice(flag, one); !checked) return checked;
      }
    }
  }
  return {};
}

tl::unexpected<Error> wrong_arguments(const Command& command) {
  const Arguments& wanted = command.arguments;
  const std::size_t given = wanted.target != nullptr ? wanted.target->size() : 0;
  const std::string fix = "steelyard help " + command.name + " shows how it is used";
  if (given < wanted.least) {
    return fail("SY1604",
                "`steelyard " + command.name + "` needs " + wanted.name + ": " + wanted.help, "",
                fix);
  }
  return fail("SY1604",
              "`steelyard " + command.name + "` takes " +
                  (wanted.most == 0 ? std::string("no arguments")
                                    : "at most " + std::to_string(wanted.most)) +
                  (wanted.most == 0   ? ""
                   : wanted.most == 1 ? " argument"
                                      : " arguments"),
              "", fix);
}

}  // namespace

Status check_choice(const Flag& flag, const std::string& value) {
  if (flag.choices.empty() || value.empty()) return {};
  const bool list =
      flag.value == "LIST" || std::holds_alternative<std::vector<std::string>*>(flag.target);
  for (const std::string& one : list ? comma_list(value) : std::vector<std::string>{value}) {
    if (std::find(flag.choices.begin(), flag.choices.end(), one) != flag.choices.end()) continue;
    const std::string near = near_word(one, flag.choices);
    return bad_value(
        flag.name, one,
        (near.empty() ? "" : "`" + near + "`, or another of: ") + join(flag.choices, ", "));
  }
  return {};
}

Result<Parsed> parse_words(const std::vector<std::string>& words,
                           const std::vector<Command>& commands, CommonOptions& common) {
  Parsed parsed;
  const std::size_t at = find_command(words, flags_with_values(commands, common));
  const auto asks = [&](const char* long_name, const char* letter) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), end, long_name) != end ||
           std::find(words.begin(), end, letter) != end;
  };
  const auto named = [&](const std::string& name) {
    return std::find_if(commands.begin(), commands.end(),
                        [&](const Command& command) { return command.name == name; });
  };
  if (at == words.size()) {
    parsed.help = asks("--help", "-h");
    if (asks("--version", "-V")) parsed.command = &*named("version");
    if (parsed.command != nullptr || parsed.help || words.empty()) return parsed;
    return fail("SY1602", "`" + words[0] + "` is not a flag of steelyard itself", "",
                "name a command first; steelyard help lists them");
  }
  const auto found = named(words[at]);
  if (found == commands.end()) return unknown_command(words[at], commands);
  parsed.command = &*found;
  parsed.help = asks("--help", "-h");
  if (parsed.help) return parsed;

  std::vector<std::string> rest = words;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  // "-o=json" is what people type; the equals sign is not a part of the value.
  for (std::string& word : rest) {
    if (word == "--") break;
    if (word.size() > 2 && word[0] == '-' && word[1] != '-' && word[2] == '=') word.erase(2, 1);
  }
  const std::vector<Flag> flags = flags_of(*found, common);
  if (Status checked = check_flags(rest, *found, flags); !checked) return pass(checked);

  CLI::App app;
  app.set_help_flag();
  for (const Flag& flag : flags) bind(app, flag);
  std::vector<std::string> nowhere;
  const Arguments& wanted = found->arguments;
  app.add_option("arguments", wanted.target != nullptr ? *wanted.target : nowhere)
      ->expected(0, INT32_MAX);
  try {
    std::reverse(rest.begin(), rest.end());  // CLI11 takes a vector of words last first
    app.parse(rest);
  } catch (const CLI::ParseError& error) {
    return fail("SY1603", std::string(trim(split(error.what(), '\n')[0])), "",
                "steelyard help " + found->name + " says what each flag takes");
  }
  const std::size_t given = wanted.target != nullptr ? wanted.target->size() : nowhere.size();
  if (given < wanted.least || given > wanted.most) return wrong_arguments(*found);
  if (Status checked = check_choices(flags); !checked) return pass(checked);
  return parsed;
}

}  // namespace steelyard
