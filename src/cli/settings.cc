#include "cli/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "cli/parse.h"
#include "cli/session.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace steelyard {

namespace fs = std::filesystem;

namespace {

constexpr const char* kProjectFile = "steelyard.toml";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// A setting as it is written somewhere.
struct Written {
  std::string text;
  std::string origin;  ///< "/home/ann/steelyard.toml:3"
};
using Writings = std::map<std::string, Written>;

tl::unexpected<Error> not_understood(const std::string& what, const std::string& where,
                                     const std::string& fix) {
  return fail("SY1609", what, where, fix);
}

std::string place(const fs::path& file, const toml::source_region& source) {
  return file.string() + ":" + std::to_string(source.begin.line);
}

/// The keys of a file. A relative folder is one beside the file.
Result<Writings> read_file(const fs::path& file, const std::vector<Flag>& flags) {
  const toml::parse_result parsed = toml::parse_file(file.string());
  if (!parsed) {
    return not_understood("the settings are not TOML: " + std::string(parsed.error().description()),
                          place(file, parsed.error().source()),
                          "write a setting as: lake = \"/data/lake\"");
  }
  std::vector<std::string> keys;
  for (const Flag& flag : flags) keys.push_back(key_of(flag));
  Writings writings;
  for (const auto& [name, node] : parsed.table()) {
    const std::string key(name.str());
    const std::string where = place(file, node.source());
    const auto flag =
        std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return key_of(f) == key; });
    if (flag == flags.end()) {
      const std::string near = nearest(key, keys);
      return not_understood(
          "there is no setting `" + key + "`", where,
          near.empty() ? "the settings are: " + join(keys, ", ") : "did you mean `" + near + "`?");
    }
    Written written{"", where};
    const bool number = std::holds_alternative<std::optional<std::int64_t>*>(flag->target);
    if (const auto text = node.value_exact<std::string>(); text && !number) {
      written.text = *text;
    } else if (const auto whole = node.value_exact<std::int64_t>(); whole && number) {
      written.text = std::to_string(*whole);
    } else {
      return not_understood("the setting `" + key + "` is a " + (number ? "whole number" : "text"),
                            where, "write it as: " + key + (number ? " = 2" : " = \"...\""));
    }
    if (written.text.empty())
      return not_understood("the setting `" + key + "` is empty", where,
                            "give a value, or take it out");
    if (flag->value == "DIR") {
      written.text = (file.parent_path() / written.text).lexically_normal().string();
    }
    writings[key] = written;
  }
  return writings;
}

Writings read_environment(const std::vector<Flag>& flags) {
  Writings writings;
  for (const Flag& flag : flags) {
    const std::string name = variable_of(flag), text = environment(name.c_str());
    if (!text.empty()) writings[key_of(flag)] = {text, "$" + name};
  }
  return writings;
}

/// steelyard.toml here or in the nearest folder above. A folder that everybody may write to (/tmp)
/// is passed over: a stranger must not say where the lake is.
fs::path project_file() {
  std::error_code error;
  for (fs::path folder = fs::current_path(error); !error; folder = folder.parent_path()) {
    struct stat status{};
    const bool everybodys = ::stat(folder.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) != 0;
    std::error_code absent;
    if (!everybodys && fs::is_regular_file(folder / kProjectFile, absent))
      return folder / kProjectFile;
    if (folder == folder.parent_path()) break;
  }
  return {};
}

/// From the strongest to the weakest.
std::vector<fs::path> files_of_settings(const std::string& config) {
  std::vector<fs::path> files = {config.empty() ? project_file()
                                                : fs::absolute(config).lexically_normal()};
  const std::string home = environment("HOME"), user = environment("XDG_CONFIG_HOME");
  if (user.starts_with('/')) {
    files.push_back(fs::path(user) / "steelyard/config.toml");
  } else if (home.starts_with('/')) {
    files.push_back(fs::path(home) / ".config/steelyard/config.toml");
  }
  const std::string system = environment("XDG_CONFIG_DIRS");
  for (const std::string& folder : split(system.empty() ? "/etc/xdg" : system, ':')) {
    if (folder.starts_with('/')) files.push_back(fs::path(folder) / "steelyard/config.toml");
  }
  return files;
}

/// Puts the value where the flag would have put it; nothing when the flag has said it.
Result<bool> put(const Flag& flag, const Written& written) {
  if (auto* const* text = std::get_if<std::string*>(&flag.target)) {
    if (!(*text)->empty()) return false;
    **text = written.text;
  } else if (auto* const* number = std::get_if<std::optional<std::int64_t>*>(&flag.target)) {
    if (*number != nullptr && (*number)->has_value()) return false;
    if (!is_number(written.text)) return bad_value(flag.name, written.text, "a whole number");
    **number = std::stoll(written.text);
  }
  if (Status checked = check_choice(flag, written.text); !checked) return pass(checked);
  return true;
}

/// What can be told of a value before anything is done with it.
Status check_values(const CommonOptions& common) {
  if (auto engine = engine_options(common); !engine) return pass(engine);
  if (auto month = fiscal_start(common); !month) return pass(month);
  return {};
}

}  // namespace

std::vector<Flag> setting_flags(CommonOptions& common) {
  std::vector<Flag> settings;
  for (FlagGroup group :
       {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine, FlagGroup::kGeneral}) {
    for (Flag& flag : common_flags(group, common)) {
      if (!flag.is_setting) continue;
      // The ending of --out is stronger than a usual form, and the lake that a figure was asked of
      // than a usual lake.
      if (flag.name == "--output") flag.target = &common.usual_output;
      if (flag.name == "--lake") flag.target = &common.usual_lake;
      settings.push_back(std::move(flag));
    }
  }
  return settings;
}

std::string key_of(const Flag& flag) { return flag.name.substr(2); }

std::string variable_of(const Flag& flag) {
  std::string name = "STEELYARD_";
  for (char c : key_of(flag))
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

Result<std::vector<Setting>> apply_settings(CommonOptions& common) {
  const std::vector<Flag> flags = setting_flags(common);
  std::vector<Writings> layers = {read_environment(flags)};
  for (const fs::path& file : files_of_settings(common.config)) {
    std::error_code error;
    const bool demanded = !common.config.empty() && layers.size() == 1;
    if (!fs::exists(file, error)) {
      if (!demanded || file.empty()) continue;
      return not_understood("there is no such file of settings", file.string(),
                            "--config names a file such as steelyard.toml");
    }
    auto writings = read_file(file, flags);
    if (!writings) return pass(writings);
    layers.push_back(std::move(*writings));
  }
  // What a flag says wrongly is no setting's fault.
  if (Status said = check_values(common); !said) return pass(said);
  std::vector<Setting> settings;
  for (const Flag& flag : flags) {
    for (const Writings& layer : layers) {
      const auto written = layer.find(key_of(flag));
      if (written == layer.end()) continue;
      const bool by_flag = flag.name == "--lake"     ? !common.lake.empty()
                           : flag.name == "--output" ? !common.output.empty()
                                                     : false;
      if (by_flag) break;
      auto taken = put(flag, written->second);
      Status checked = taken ? check_values(common) : Status(pass(taken));
      if (!checked) {
        checked.error().where = written->second.origin;
        return pass(checked);
      }
      if (*taken) settings.push_back({key_of(flag), written->second.text, written->second.origin});
      break;
    }
  }
  return settings;
}

}  // namespace steelyard
