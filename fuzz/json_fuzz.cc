// Our scanner of JSON against nlohmann's parser: what is JSON for that one is walked by ours too,
// member by member with the same values; on anything else it stays within the text.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lake/json_scan.h"

namespace {

using Json = nlohmann::json;
namespace scan = steelyard::json;

void must(bool holds) {
  if (!holds) std::abort();
}

/// `text` is JSON that `expected` was parsed from.
void compare(std::string_view text, const Json& expected) {
  std::string string;
  must(scan::to_string(text, string) == expected.is_string());
  if (expected.is_string()) must(string == expected.get_ref<const std::string&>());
  std::int64_t integer = 0;
  if (expected.is_number_integer() && scan::to_integer(text, integer)) must(expected == integer);

  std::size_t elements = 0;
  const bool is_array = scan::for_each_element(text, [&](std::string_view element) {
    must(elements < expected.size());
    compare(element, expected[elements++]);
    return true;
  });
  must(is_array == expected.is_array() && (!is_array || elements == expected.size()));

  // Of members with the same name both keep the last.
  std::map<std::string, std::string_view> members;
  const bool is_object =
      scan::for_each_member(text, [&](std::string_view key, std::string_view value) {
        std::string name;
        must(scan::to_string('"' + std::string(key) + '"', name));
        members[name] = value;
        return true;
      });
  must(is_object == expected.is_object() && (!is_object || members.size() == expected.size()));
  for (const auto& [name, value] : members) compare(value, expected.at(name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The other parser takes a NUL for the end of the text; ours refuses it.
  if (text.find('\0') != std::string_view::npos) return 0;
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto last = text.find_last_not_of(" \t\r\n");
  const Json expected = Json::parse(text, nullptr, false);
  if (expected.is_discarded()) {
    const auto ignore = [](auto&&...) { return true; };
    (void)scan::for_each_member(text, ignore);
    (void)scan::for_each_element(text, ignore);
    std::string string;
    (void)scan::to_string(text, string);
    std::vector<std::pair<std::string, std::string>> map;
    (void)scan::to_string_map(text, map);
    must(scan::minified(text).size() <= size);
    return 0;
  }
  if (text.starts_with("\xEF\xBB\xBF")) return 0;  // nlohmann passes over the mark; a log has none
  compare(text.substr(first, last - first + 1), expected);
  const std::string small = scan::minified(text);
  must(Json::parse(small) == expected && scan::minified(small) == small);
  return 0;
}
