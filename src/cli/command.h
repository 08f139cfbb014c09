// A command is data: its sentence, flags, examples and what runs. Help, the manual, the man page
// and the completions are made of the same tables as parsing, so none of them can say something
// that is not so.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace steelyard {

/// What many commands understand; each command says which groups it takes.
struct CommonOptions {
  std::string lake;          ///< folder; "" = usual_lake
  std::string usual_lake;    ///< the same from the settings; "" = "lake"
  std::string as_of;         ///< a version or a date; "" = the newest
  std::string today;         ///< YYYY-MM-DD; "" = the clock's (UTC)
  std::string output;        ///< a name of output_format_names(); "" = by the place of output
  std::string usual_output;  ///< the same from the settings: weaker than the ending of `out`
  std::string out;           ///< file; "" or "-" = standard output
  std::string color;         ///< auto, always, never; "" = auto
  bool raw = false;
  bool quiet = false;
  bool require_reconciled = false;
  std::optional<std::int64_t> threads;
  std::string memory;    ///< "2GB"
  std::string progress;  ///< "", "json", "none"
  std::string config;    ///< file of settings; "" = steelyard.toml here or above
  std::optional<std::int64_t> fiscal_start;  ///< first month of a fiscal year, 1 to 12
};

enum class FlagGroup { kOwn, kLake, kOutput, kEngine, kGeneral };

/// One flag. The target's type decides what it takes: bool is a switch, a list may be repeated.
struct Flag {
  std::string name;    ///< "--by"
  std::string letter;  ///< "-o" or ""
  std::string value;   ///< name of the value in help; "" for a switch
  std::string help;    ///< one sentence without a full stop
  std::variant<bool*, std::string*, std::optional<std::int64_t>*, std::vector<std::string>*> target;
  std::vector<std::string> choices = {};      ///< when it takes only these; completion offers them
  std::vector<std::string> suggestions = {};  ///< completion offers these, others are allowed
  FlagGroup group = FlagGroup::kOwn;
  bool is_setting = false;  ///< may also be said by the environment or a file (settings.h)
};

/// A flag's value that no flag has said, and where it was said instead.
struct Setting {
  std::string key;     ///< "lake"
  std::string value;   ///< "/data/lake"
  std::string origin;  ///< "$STEELYARD_LAKE", "/home/ann/bills/steelyard.toml:3"
};

struct Arguments {
  std::string name;  ///< "PATH", shown as PATH... when more than one is allowed
  std::string help;
  std::vector<std::string>* target = nullptr;
  std::size_t least = 0, most = 0;  ///< most 0: no arguments; SIZE_MAX: any number
};

struct Example {
  std::string line;  ///< with "steelyard" in front
  std::string why;
};

struct Context;

struct Command {
  std::string name;
  std::string summary;            ///< one sentence: what question it answers
  std::string description;        ///< paragraphs separated by an empty line
  std::vector<FlagGroup> groups;  ///< of common flags, without kOwn
  std::vector<Flag> flags;        ///< its own
  Arguments arguments;
  std::vector<Example> examples;
  std::vector<std::string> see_also;         ///< "diff", "help periods"
  std::function<Result<int>(Context&)> run;  ///< the exit code when all went well
};

/// What a running command knows of the world; the only place where the environment and the clock
/// come in.
struct Context {
  const std::vector<Command>& commands;
  const Command* command = nullptr;
  CommonOptions& common;
  std::vector<Setting> settings = {};  ///< what was taken from the environment and from files

  /// Today by --today or the clock, in UTC. SY1603 when --today is not a date.
  Result<Date> today() const;
  /// The clock; with --today the beginning of that day.
  Result<Instant> now() const;
  /// The lake's folder, as it was said or by default.
  std::string lake_folder() const;
};

/// All commands in the order of help. The flags of all of them write into objects that live as long
/// as the result.
std::vector<Command> all_commands(CommonOptions& common);
/// The common flags of a group.
std::vector<Flag> common_flags(FlagGroup group, CommonOptions& common);
/// All flags that a command takes, its own first.
std::vector<Flag> flags_of(const Command& command, CommonOptions& common);

/// "a, b ,c" -> {"a", "b", "c"}; empty pieces are left out.
std::vector<std::string> comma_list(const std::string& text);
/// A whole number, with or without a minus sign, that fits.
bool is_number(const std::string& text);
/// The first month of a fiscal year. SY1603.
Result<int> fiscal_start(const CommonOptions& common);
/// SY1603 for the value of a flag.
tl::unexpected<Error> bad_value(const std::string& flag, const std::string& value,
                                const std::string& wanted);
/// "2GB", "512 MiB", "1073741824": a number of bytes; GB = 10^9, GiB = 2^30.
Result<std::uint64_t> parse_bytes(const std::string& text, const std::string& flag);

}  // namespace steelyard
