// Any text as what a version of the log says, under a hash that is right (a wrong one ends the
// reading): it is refused, or what was understood survives being written down.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "lake/log.h"

namespace {

using namespace steelyard;

constexpr std::string_view kBegin = R"({"commitInfo":{"steelyard":{"sha256":")";

void must(bool holds) {
  if (!holds) std::abort();
}

bool is_small(std::int64_t number) { return number >= 0 && number < std::int64_t{1} << 50; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  must(decode_path(encode_path(text)) == text);
  (void)decode_path(text);
  must(!decode_entry(text, 0, "fuzz") || text.starts_with(kBegin));

  const auto entry = decode_entry(std::string(kBegin) + sha256_hex(text) + text, 0, "fuzz");
  if (!entry) {
    must(entry.error().code == "SY1304" || entry.error().code == "SY1308");
    return 0;
  }
  for (const DataFile& file : entry->added) {
    if (!is_small(file.rows)) return 0;  // no writer of ours says so, and sums need not hold it
  }
  LogEntry written = *entry;
  const std::string once = encode_entry(written);
  const auto again = decode_entry(once, 0, "fuzz");
  must(again.has_value());
  must(again->added.size() == entry->added.size());
  must(again->removed.size() == entry->removed.size());
  must(again->delivery == entry->delivery && again->keeps_from == entry->keeps_from);
  for (std::size_t i = 0; i < entry->added.size(); ++i) {
    must(again->added[i].path == entry->added[i].path);
    must(again->added[i].size == entry->added[i].size);
    must(again->added[i].rows == entry->added[i].rows);
  }
  LogEntry rewritten = *again;
  must(encode_entry(rewritten) == once);
  return 0;
}
