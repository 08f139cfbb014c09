// Any text as tags: keys are distinct, nothing is read beyond the text, and what cannot be read is
// kept whole.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "bills/csv_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static steelyard::MapText map;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool good = map.read(text);
  std::set<std::string> keys;
  std::size_t bytes = 0;
  for (const auto& [key, value] : map.entries()) {
    if (!keys.emplace(key).second) std::abort();
    bytes += value.size();
  }
  if (!good && (map.entries().size() != 1 || map.entries()[0].second != text)) std::abort();
  if (bytes > size) std::abort();
  return 0;
}
