// Any text: the filter language either refuses it or understands it, and what it understands
// survives being written down.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ledger/where.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto filter = steelyard::parse_filter(text);
  if (!filter) return 0;
  auto again = steelyard::parse_filter(steelyard::to_text(*filter));
  // Quoting may make a text longer than the limit; everything else must come back unchanged.
  if (!again) return size > steelyard::kMaxFilterBytes / 3 ? 0 : (std::abort(), 0);
  if (!(*again == *filter)) std::abort();
  static const std::vector<steelyard::SchemaField> schema = {
      {"ServiceName", steelyard::Type::kText},
      {"EffectiveCost", steelyard::Type::kDecimal},
      {"ChargePeriodStart", steelyard::Type::kInstant},
      {"Tags", steelyard::Type::kTextMap},
      {"x_SourceRow", steelyard::Type::kInt64}};
  (void)steelyard::sql_of(*filter, schema, steelyard::Basis::kEffective);
  return 0;
}
