// Any bytes as the body of a CSV: the wide and the portable scan agree with each other, and each
// cell is read within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bills/csv_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steelyard;
  const std::string text(reinterpret_cast<const char*>(data), size);
  use_portable_scan(false);
  const CsvCut wide = cut_records(text.data(), text.size(), ',');
  use_portable_scan(true);
  const CsvCut narrow = cut_records(text.data(), text.size(), ',');
  if (wide.end != narrow.end || wide.lines != narrow.lines || wide.open_quote != narrow.open_quote)
    std::abort();

  CsvIndex a, b;
  index_records(text.data(), wide.end, ',', a);
  use_portable_scan(false);
  index_records(text.data(), wide.end, ',', b);
  if (a.cells != b.cells || a.records != b.records || a.quoted_newlines != b.quoted_newlines ||
      a.ascii != b.ascii)
    std::abort();
  if (static_cast<std::int64_t>(a.records.size()) + a.quoted_newlines != wide.lines) std::abort();
  if (wide.end > 0 && (a.records.empty() || a.records.back() != a.cells)) std::abort();

  std::string scratch;
  std::string_view cell;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < a.cells; ++i) {
    if (a.ends[i] != b.ends[i] || a.ends[i] < begin || a.ends[i] >= wide.end) std::abort();
    const std::string_view raw = std::string_view(text).substr(begin, a.ends[i] - begin);
    if (cell_text(raw, scratch, cell) && cell.size() > raw.size()) std::abort();
    (void)is_utf8(raw.data(), raw.size());
    begin = a.ends[i] + 1;
  }
  return 0;
}
