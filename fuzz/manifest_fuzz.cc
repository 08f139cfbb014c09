// Any text as a manifest: it is refused, or every file it names has a key without "s3://" and a
// leading slash, and no count is negative beyond -1.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bills/aws_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto when = steelyard::time_in_path_part(text);
      when && steelyard::format_instant(*when).size() < 20)
    std::abort();
  if (const std::string period = steelyard::period_in_path_part(text);
      !period.empty() && (period.size() != 7 || period[4] != '-'))
    std::abort();
  const auto manifest = steelyard::parse_aws_manifest(text, "fuzz");
  if (!manifest || !*manifest) return 0;
  for (const auto& file : (*manifest)->files) {
    if (file.key.empty() || file.key[0] == '/') std::abort();
    if (file.bytes < -1 || file.rows < -1) std::abort();
  }
  const std::string& period = (*manifest)->billing_period;
  if (!period.empty() && (period.size() != 7 || period[4] != '-')) std::abort();
  return 0;
}
