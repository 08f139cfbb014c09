#include "bills/cell.h"

#include <charconv>

#include "base/text.h"

namespace steelyard {
namespace {

constexpr std::size_t kShownBytes = 80;
constexpr const char* kCorrect = "correct the cell, or export the bill again";

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_bool(std::string_view text, bool& out) {
  text = trim_blanks(text);
  for (const char* word : {"true", "t", "yes", "y", "1"}) {
    if (equals_ignoring_case(text, word)) return out = true;
  }
  for (const char* word : {"false", "f", "no", "n", "0"}) {
    if (equals_ignoring_case(text, word)) {
      out = false;
      return true;
    }
  }
  return false;
}

bool parse_integer(std::string_view text, std::int64_t& out) {
  text = trim_blanks(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size()) return true;
  Decimal value;
  if (parse_decimal(text, value) != ParseOutcome::kExact || value.units % kOne != 0) return false;
  const Int128 whole = value.units / kOne;
  if (whole > INT64_MAX || whole < INT64_MIN) return false;
  out = static_cast<std::int64_t>(whole);
  return true;
}

Trouble not_a_number(std::string_view text, ParseOutcome outcome) {
  if (outcome == ParseOutcome::kTooLarge) {
    return {"SY1210", shown(text) + " has more than 20 integer digits",
            "no bill has such an amount: look at the file"};
  }
  if (text.size() > 36 && text.find_first_not_of("+-.0123456789") == std::string_view::npos) {
    return {"SY1210", shown(text) + " has more than 36 decimals",
            "no bill has such an amount: look at the file"};
  }
  Trouble trouble{"SY1210", shown(text) + " is not a decimal number", kCorrect};
  if (text.find(',') != std::string_view::npos) {
    trouble.fix = "export numbers with a decimal point and without thousands separators";
  } else if (text.find_first_of("$\xe2\xc2") != std::string_view::npos) {
    trouble.fix = "export numbers without a currency sign";
  }
  return trouble;
}

Trouble not_a_whole_number(std::string_view text) {
  return {"SY1210", shown(text) + " is not a whole number", kCorrect};
}
Trouble not_a_bool(std::string_view text) {
  return {"SY1210", shown(text) + " is neither true nor false", kCorrect};
}
Trouble not_a_time(std::string_view text) {
  return {"SY1211", shown(text) + " is not a date or time", kCorrect};
}

std::string shown(std::string_view text) {
  std::size_t size = text.size();
  const bool cut = size > kShownBytes;
  if (cut) {
    size = kShownBytes;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  }
  return "`" + terminal_safe(text.substr(0, size)) + (cut ? "…`" : "`");
}

}  // namespace steelyard
