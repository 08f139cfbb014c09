// parse_period on any bytes, on any day: a period that it returns is not empty, can be described,
// and its label means the same days again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steelyard;
  const auto must = [](bool holds) {
    if (!holds) std::abort();
  };
  if (size < 2) return 0;
  const Date today = civil_from_days(10'000 + data[0] * 100 + data[1] % 100);
  const int fiscal_start_month = data[1] % 12 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto period = parse_period(text, today, fiscal_start_month);
  if (!period) {
    must(period.error().code == "SY1010" && !period.error().fix.empty());
    for (const char c : period.error().what) must(static_cast<unsigned char>(c) >= 0x20);
    return 0;
  }
  must(period->days() > 0);
  must(!describe(*period).empty() && !months_of(*period).empty());
  const auto again = parse_period(period->label, today, fiscal_start_month);
  must(again && *again == *period);
  const Period before = period_before(*period);
  must(before.end == period->begin && before.days() > 0);
  if (before.begin.year >= 1900) {
    const auto read_back = parse_period(before.label, today);
    must(read_back && *read_back == before);
  }
  return 0;
}
