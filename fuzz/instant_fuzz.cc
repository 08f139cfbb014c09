// parse_instant on any bytes: what it accepts is a day that exists, says a year that stands in the
// text, and reads back unchanged.
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
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Instant instant;
  if (!parse_instant(text, instant)) return 0;
  must(size >= 6 && size <= 50);
  const Date date = date_of(instant);
  must(civil_from_days(days_from_civil(date)) == date);
  if (date.year >= 1 && date.year <= 9999) {  // an offset may lead out of the years of four digits
    Instant back;
    must(parse_instant(format_instant(instant), back) && back == instant);
  }
  if (text.find_first_of("/+") == std::string_view::npos && text.rfind('-') == 7) {
    must(format_instant(instant).substr(0, 10) == text.substr(0, 10));
  }
  return 0;
}
