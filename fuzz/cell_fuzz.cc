// Any text as a truth value, a whole number or a content hash: what is accepted reads back
// unchanged, and what is said of it is safe for a terminal.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "bills/cell.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steelyard;
  const auto must = [](bool holds) {
    if (!holds) std::abort();
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bool truth = false;
  if (parse_bool(text, truth)) {
    bool again = !truth;
    must(parse_bool(truth ? "true" : "false", again) && again == truth);
  }
  std::int64_t number = 0;
  if (parse_integer(text, number)) {
    std::int64_t again = 0;
    must(parse_integer(std::to_string(number), again) && again == number);
    Decimal decimal;
    must(parse_decimal(trim_blanks(text), decimal) != ParseOutcome::kRounded);
  }
  ContentHash hash;
  if (ContentHash::parse(text, hash)) {
    ContentHash again;
    must(ContentHash::parse(hash.text(), again) && again == hash);
  }
  for (const char c : shown(text)) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  return 0;
}
