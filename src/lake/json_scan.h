// A scanner for JSON that we wrote ourselves: it walks the members of an object and hands out each
// value as the text it is, without building a tree. Reading the history of hundreds of versions is
// then as cheap as hashing them. Behind the door of lake/: nobody else includes this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steelyard::json {

/// Calls `on_member(key, raw value)` for each member; the key is raw text without quotes. False if
/// `object` is not exactly one JSON object (white space around it is allowed) or `on_member`
/// returned false.
bool for_each_member(
    std::string_view object,
    const std::function<bool(std::string_view key, std::string_view value)>& on_member);
/// Calls `on_element(raw value)` for each element of an array.
bool for_each_element(std::string_view array,
                      const std::function<bool(std::string_view value)>& on_element);
/// The text of a raw string value ("\"a\\n\"" -> "a\n"). False if it is not a JSON string.
bool to_string(std::string_view value, std::string& out);
/// False if it is not an integer that fits.
bool to_integer(std::string_view value, std::int64_t& out);
/// False if it is not an object whose values are all strings.
bool to_string_map(std::string_view value, std::vector<std::pair<std::string, std::string>>& out);
/// The same JSON without white space between tokens: one line. The text must be valid JSON.
std::string minified(std::string_view text);

}  // namespace steelyard::json
