// Any text as the record of a delivery or as a kept question: it is refused with a code, or what
// was understood survives being written down.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bills/delivery_record.h"
#include "ledger/question.h"

namespace {

using namespace steelyard;

void must(bool holds) {
  if (!holds) std::abort();
}

/// Days of four-digit years are written as they are read.
bool is_plain(const std::optional<Instant>& instant) {
  return !instant || (date_of(*instant).year >= 1 && date_of(*instant).year <= 9999);
}
bool is_plain(const std::optional<Period>& period) {
  return !period || (period->begin.year >= 1 && period->begin.year <= 9999 &&
                     period->end.year >= 1 && period->end.year <= 9999);
}

void try_record(const std::string& text) {
  const auto record = parse_delivery_record(text);
  if (!record) return must(record.error().code == "SY1304");
  if (!is_plain(record->delivered) || !is_plain(record->period_start) ||
      !is_plain(record->period_end))
    return;
  const std::string once = to_json(*record);
  const auto again = parse_delivery_record(once);
  must(again && to_json(*again) == once);
  must(again->content == record->content && again->files == record->files);
}

void try_question(const std::string& text) {
  const auto question = parse_question(text);
  if (!question) return must(!question.error().code.empty());
  if (!is_plain(question->period) || !is_plain(question->billing_period) ||
      !is_plain(question->before))
    return;
  const std::string once = to_json(*question);
  const auto again = parse_question(once);
  must(again && to_json(*again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try_record(text);
  try_question(text);
  return 0;
}
