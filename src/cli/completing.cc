#include "cli/completing.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error_codes.h"
#include "base/text.h"
#include "cli/cache.h"
#include "cli/manual.h"
#include "cli/session.h"
#include "ledger/columns.h"

namespace steelyard {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMost = 200;

/// What a word on the command line can be: one line, and nothing that a terminal would obey.
bool is_writable(const std::string& word) { return !word.empty() && terminal_safe(word) == word; }

/// The lake that is meant, opened to be asked once or twice.
class LakeValues {
 public:
  explicit LakeValues(const Context& context) : context_(context) {}

  std::vector<Candidate> billing_periods() {
    return of_deliveries([](const ActiveDelivery& d) { return d.record.billing_period; });
  }
  std::vector<Candidate> sources() {
    return of_deliveries([](const ActiveDelivery& d) { return d.record.source; });
  }
  /// The newest first.
  std::vector<Candidate> versions() {
    std::vector<Candidate> out;
    auto store = open_store(context_);
    if (!store) return out;
    auto history = Table(**store, "charges").history();
    if (!history) return out;
    for (auto info = history->rbegin(); info != history->rend(); ++info) {
      out.push_back({std::to_string(info->version), format_instant(info->committed)});
      if (out.size() == kMost) break;
    }
    return out;
  }
  std::vector<std::string> tag_keys() {
    const auto has_tags = [](const SchemaField& field) {
      return field.name == "Tags" && field.type == Type::kTextMap;
    };
    if (!open()) return {};
    if (std::none_of(charges_.schema.begin(), charges_.schema.end(), has_tags)) return {};
    return texts("SELECT DISTINCT unnest(map_keys(\"Tags\")) AS x FROM (SELECT \"Tags\" FROM " +
                 sql_identifier(charges_.view) + " LIMIT 1000000) ORDER BY 1");
  }
  /// Of a column by any of its names, those that begin with `begin` in any case.
  std::vector<std::string> values(const std::string& name, const std::string& begin) {
    if (!open()) return {};
    auto dimension = resolve_dimension(name, charges_.schema);
    if (!dimension || dimension->type != Type::kText) return {};
    return texts("SELECT DISTINCT x FROM (SELECT " + sql_of(*dimension) + " AS x FROM " +
                 sql_identifier(charges_.view) + ") WHERE starts_with(lower(x), lower(" +
                 sql_literal(begin) + ")) ORDER BY 1 LIMIT " + std::to_string(kMost));
  }

 private:
  /// The charges of the newest billing period: enough to choose from, and quick in a large lake.
  bool open() {
    if (engine_ != nullptr) return opened_;
    auto store = open_store(context_);
    auto settings = engine_options(context_.common);
    if (!store || !settings) return false;
    store_ = std::move(*store);
    auto engine = open_duckdb(*settings);
    if (!engine) return false;
    engine_ = std::move(*engine);
    auto all = open_charges(*engine_, *store_, {.lake = context_.lake_folder()});
    if (!all) return false;
    std::string newest;
    for (const ActiveDelivery& delivery : all->deliveries)
      newest = std::max(newest, delivery.record.billing_period);
    ViewOptions options{.lake = context_.lake_folder(), .view = "newest"};
    if (auto period = parse_period(newest, Date{}); period) options.billing_period = *period;
    auto charges = open_charges(*engine_, *store_, options);
    if (!charges) return false;
    charges_ = std::move(*charges);
    return opened_ = true;
  }
  template <class Text>
  std::vector<Candidate> of_deliveries(const Text& text) {
    std::vector<Candidate> out;
    auto store = open_store(context_);
    if (!store) return out;
    auto history = Table(**store, "charges").history();
    if (!history) return out;
    auto active = active_deliveries(*history, history->empty() ? -1 : history->back().version);
    if (!active) return out;
    std::set<std::string> found;
    for (const ActiveDelivery& delivery : *active) found.insert(text(delivery));
    for (const std::string& one : found) out.push_back({one, ""});
    return out;
  }
  std::vector<std::string> texts(const std::string& sql) {
    std::vector<std::string> out;
    auto rows = engine_->query(sql);
    if (!rows) return out;
    for (const auto& row : rows->rows) out.push_back(row[0].text());
    return out;
  }

  const Context& context_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  Charges charges_;
  bool opened_ = false;
};

/// The newest figures first.
std::vector<Candidate> figures() {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(cache_folder()) / "figures", error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    found.emplace_back(entry->last_write_time(gone), entry->path().filename().string());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < found.size() && i < kMost; ++i) out.push_back({found[i].second, ""});
  return out;
}

std::vector<Candidate> columns(LakeValues& lake, const std::string& begin) {
  std::vector<Candidate> out;
  for (const ColumnAlias& alias : column_aliases())
    out.push_back({std::string(alias.name), std::string(alias.column)});
  if (std::string_view("tag:").starts_with(std::string_view(begin).substr(0, 4))) {
    for (const std::string& key : lake.tag_keys()) out.push_back({"tag:" + key, "tag"});
  }
  return out;
}

/// A value as a filter writes it: in quotes when it holds more than a name does.
std::string filter_value(const std::string& value, bool quoted) {
  static const std::set<std::string> kWords = {"and", "or", "not", "in", "like", "is", "null"};
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" ._:/-+@").find(c) != std::string_view::npos;
  };
  quoted = quoted || !std::all_of(value.begin(), value.end(), plain);
  for (const std::string& word : split(value, ' '))
    quoted = quoted || kWords.contains(to_lower(word));
  if (!quoted) return value;
  return value.find('\'') == std::string::npos ? "'" + value + "'" : "\"" + value + "\"";
}

/// The last comparison of a filter: its column's name with "=", or its value.
std::vector<Candidate> filters(LakeValues& lake, const std::string& typed) {
  const std::string lower = to_lower(typed);
  std::size_t from = 0;
  for (std::string_view before : {" and ", " or ", "not ", "("}) {
    const std::size_t at = lower.rfind(before);
    if (at != std::string::npos) from = std::max(from, at + before.size());
  }
  const std::string done = typed.substr(0, from), last = typed.substr(from);
  std::vector<Candidate> out;
  const std::size_t sign = last.find('=');
  if (sign == std::string::npos) {
    for (Candidate& column : columns(lake, last))
      out.push_back({done + column.word + "=", std::move(column.note)});
    return out;
  }
  const std::size_t end_of_name = sign > 0 && last[sign - 1] == '!' ? sign - 1 : sign;
  std::string begin = last.substr(sign + 1);
  const bool quoted = begin.starts_with('\'') || begin.starts_with('"');
  if (quoted) begin.erase(0, 1);
  const std::string name(trim(last.substr(0, end_of_name)));
  for (const std::string& value : lake.values(name, begin))
    out.push_back({done + last.substr(0, sign + 1) + filter_value(value, quoted), ""});
  return out;
}

/// "a,b,se" -> "a,b," before each of the candidates.
std::vector<Candidate> after_commas(const std::string& typed, std::vector<Candidate> candidates) {
  const std::size_t comma = typed.rfind(',');
  if (comma == std::string::npos) return candidates;
  for (Candidate& one : candidates) one.word = typed.substr(0, comma + 1) + one.word;
  return candidates;
}

std::vector<Candidate> plain(const std::vector<std::string>& words) {
  std::vector<Candidate> out;
  for (const std::string& word : words) out.push_back({word, ""});
  return out;
}

std::vector<Candidate> periods(LakeValues& lake) {
  std::vector<Candidate> out = lake.billing_periods();
  for (const char* word : {"this month", "last month", "mtd", "qtd", "ytd"})
    out.push_back({word, ""});
  return out;
}

Candidates values_of(const Flag& flag, LakeValues& lake, const std::string& typed) {
  const std::vector<std::string> known = flag.choices.empty() ? flag.suggestions : flag.choices;
  const std::string last = typed.substr(typed.rfind(',') + 1);
  if (flag.name == "--by") return {after_commas(typed, columns(lake, last))};
  if (flag.name == "--where") return {filters(lake, typed)};
  if (flag.value == "PERIOD") return {periods(lake)};
  if (flag.name == "--as-of") return {lake.versions()};
  if (flag.name == "--versions") return {after_commas(typed, lake.versions())};
  if (flag.name == "--source") return {lake.sources()};
  if (flag.value == "FORMAT")
    return {plain({"focus-1.0", "focus-1.1", "focus-1.2", "focus-1.3", "focus-1.4",
                   "aws-cur-legacy", "aws-cur-2.0"})};
  if (flag.value == "LIST") return {after_commas(typed, plain(known))};
  if (!known.empty()) return {plain(known)};
  return {{}, flag.value == "DIR" || flag.value == "FILE"};
}

Candidates arguments_of(const Command& command, const std::vector<Command>& commands,
                        LakeValues& lake, const std::string& typed) {
  Candidates out;
  if (command.name == "help") {
    for (const Command& other : commands) out.words.push_back({other.name, other.summary});
    for (const Topic& topic : help_topics()) out.words.push_back({topic.name, topic.title});
    if (typed.starts_with("S")) {
      for (const ErrorCode& code : kErrorCodes) out.words.push_back({code.code, code.title});
    }
  } else if (command.name == "completion") {
    out.words = plain({"bash", "zsh", "fish"});
  } else if (command.name == "explain") {
    out.words = figures();
  } else if (command.name == "diff") {
    out.words = periods(lake);
  } else {
    out.paths = command.arguments.most > 1;
  }
  return out;
}

/// Sets the lake that the words name, so that its values are offered.
void take_lake(const std::vector<std::string>& words, CommonOptions& common) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--lake=")) common.lake = words[i].substr(7);
    if (words[i] == "--lake" && i + 1 < words.size()) common.lake = words[i + 1];
  }
}

std::vector<Candidate> flags_left(const std::vector<Flag>& flags,
                                  const std::vector<std::string>& before) {
  std::vector<Candidate> out;
  for (const Flag& flag : flags) {
    const bool given = std::any_of(before.begin(), before.end(), [&](const std::string& word) {
      return word == flag.name || word.starts_with(flag.name + "=") || word == flag.letter;
    });
    const bool list = std::holds_alternative<std::vector<std::string>*>(flag.target);
    if (!given || list) out.push_back({flag.name + (flag.value.empty() ? "" : "="), flag.help});
  }
  out.push_back({"--help", "what the command does and what it takes"});
  return out;
}

}  // namespace

Candidates candidates_for(const Context& context, const std::vector<std::string>& words) {
  const std::vector<std::string> before(words.begin(),
                                        words.empty() ? words.end() : words.end() - 1);
  const std::string typed = words.empty() ? "" : words.back();
  take_lake(before, context.common);
  LakeValues lake(context);
  Candidates found;
  auto command = context.commands.end();
  for (std::size_t i = 0; i < before.size() && command == context.commands.end(); ++i) {
    command = std::find_if(context.commands.begin(), context.commands.end(),
                           [&](const Command& one) { return one.name == before[i]; });
  }
  const bool ended = std::find(before.begin(), before.end(), "--") != before.end();
  std::string kept;
  if (command == context.commands.end()) {
    if (typed.starts_with("-")) {
      found.words = {{"--help", "the commands"}, {"--version", "which Steelyard this is"}};
    } else {
      for (const Command& one : context.commands) found.words.push_back({one.name, one.summary});
    }
  } else {
    CommonOptions scratch;
    const std::vector<Flag> flags = flags_of(*command, scratch);
    const auto flag_named = [&](const std::string& name) {
      const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag& one) {
        return !one.value.empty() && (one.name == name || (one.letter == name && !name.empty()));
      });
      return flag == flags.end() ? nullptr : &*flag;
    };
    const std::size_t equals = typed.find('=');
    const Flag* flag = nullptr;
    if (!ended && typed.starts_with("--") && equals != std::string::npos) {
      flag = flag_named(typed.substr(0, equals));
      kept = typed.substr(0, equals + 1);
      if (flag == nullptr) return {};
    } else if (!ended && !before.empty() && !typed.starts_with("-")) {
      flag = flag_named(before.back());
    }
    if (flag != nullptr) {
      found = values_of(*flag, lake, typed.substr(kept.size()));
    } else if (!ended && typed.starts_with("-")) {
      found.words = flags_left(flags, before);
    } else {
      found = arguments_of(*command, context.commands, lake, typed);
    }
  }
  const std::string begin = to_lower(typed);
  std::vector<Candidate> fitting;
  for (Candidate& one : found.words) {
    one.word.insert(0, kept);
    if (is_writable(one.word) && to_lower(one.word).starts_with(begin)) fitting.push_back(one);
  }
  found.words = std::move(fitting);
  return found;
}

BashLine bash_line(std::string_view line, std::string_view breaks) {
  BashLine out;
  std::string word;
  bool any = false;  // a word has begun, though it may be empty: ''
  std::size_t kept = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (out.quote == '\'' || out.quote == '"') {
      if (c == out.quote) {
        out.quote = '\0';
      } else {
        if (c == '\\' && out.quote == '"' && i + 1 < line.size()) ++i;
        word += line[i];
      }
      continue;
    }
    if (c == '\'' || c == '"') {
      out.quote = c;
      out.kept = word.size();
      any = true;
    } else if (c == ' ' || c == '\t') {
      if (any) out.words.push_back(word);
      word.clear();
      any = false;
      kept = 0;
    } else {
      if (c == '\\' && i + 1 < line.size()) ++i;
      word += line[i];
      any = true;
      if (c != '\\' && breaks.find(c) != std::string_view::npos) kept = word.size();
    }
  }
  out.words.push_back(word);
  if (out.quote == '\0') out.kept = kept;
  return out;
}

std::string for_bash(const std::string& word, const BashLine& line) {
  if (word.size() < line.kept) return "";
  const std::string rest = word.substr(line.kept);
  if (line.quote == '\'') return rest.find('\'') == std::string::npos ? rest : "";
  if (line.quote == '"') return rest.find_first_of("\"\\$`!") == std::string::npos ? rest : "";
  std::string out;
  for (char c : rest) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      static_cast<unsigned char>(c) >= 0x80 ||
                      std::string_view("-_=.,:/+@%").find(c) != std::string_view::npos;
    if (!safe) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace steelyard
