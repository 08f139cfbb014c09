// From the text of one cell to a value, with the words for what is wrong: the same for CSV and for
// text in Parquet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "money/decimal.h"

namespace steelyard {

/// What is wrong with a cell or record, before it is known where it stands.
struct Trouble {
  const char* code = "";
  std::string what;
  std::string fix;
};

/// "", "NULL" and "null".
inline bool is_null_text(std::string_view text) {
  return text.empty() || (text.size() == 4 && (text == "NULL" || text == "null"));
}
std::string_view trim_blanks(std::string_view text);

/// Spaces around numbers, times and truth values are padding and not looked at.
bool parse_bool(std::string_view text, bool& out);
/// Whole numbers, also in other dress: "12.0", "1E3".
bool parse_integer(std::string_view text, std::int64_t& out);

Trouble not_a_number(std::string_view text, ParseOutcome outcome);
Trouble not_a_whole_number(std::string_view text);
Trouble not_a_bool(std::string_view text);
Trouble not_a_time(std::string_view text);

/// A cell's text for an error message: at most 80 bytes, safe for a terminal, between backquotes.
std::string shown(std::string_view text);

}  // namespace steelyard
