// Tags in a cell: what providers write where a map of text to text is meant. Read in one pass,
// without allocation once warm.
//   {"env": "prod", "cpus": 4}            JSON: values that are not strings keep their JSON text;
//   null is null "env": "prod","team": "x"             the same without braces (Azure)
//   {'env': 'prod', 'team': None}         printed by Python
//   [{"key": "env", "value": "prod"}]     a list of pairs (Google Cloud; AWS writes Key and Value)
//   {env=prod, team=x}   env=prod;team=x  printed by SQL engines; lists of assignments
// A key that comes twice: the last value counts, as JSON readers do; an earlier, different one
// stays as `key#1`, `key#2`, ...
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace steelyard {

class MapText {
 public:
  using Entry = std::pair<std::string_view, std::string_view>;
  /// False if it is none of the forms above; entries() then has the whole text under kUnreadKey.
  bool read(std::string_view text);
  /// Keys are distinct, in the order of the text; a value without data() is null. Valid until the
  /// next read and while the text is.
  std::span<const Entry> entries() const { return entries_; }
  static constexpr std::string_view kUnreadKey = "(unread)";

 private:
  bool read_members(char close);
  bool read_pairs();
  bool read_assignments(std::string_view text, std::string_view separator);
  bool read_string(std::string_view& out);
  bool read_value(std::string_view& out);
  bool skip_nested();
  bool read_escape();
  void skip_space();
  void make_keys_distinct();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string unescaped_;  ///< never grows beyond the text's size, so views into it hold
  std::deque<std::string> renamed_;
  std::vector<Entry> entries_, distinct_;
  std::unordered_map<std::string_view, std::size_t> seen_;
};

}  // namespace steelyard
