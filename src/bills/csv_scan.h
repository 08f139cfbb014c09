// Where the cells of a block of CSV end: found 64 bytes at a time, because this touches every byte
// of a bill. A quote opens a quoted cell only at the cell's beginning; elsewhere it is text. Blocks
// begin at the beginning of a record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace steelyard {

struct CsvIndex {
  std::vector<std::uint32_t>
      ends;  ///< positions of the delimiters and newlines that end a cell; use `cells` of them
  std::size_t cells = 0;
  std::vector<std::uint32_t>
      records;  ///< for each record: how many cells end up to and with its newline
  std::int64_t quoted_newlines = 0;  ///< newlines inside of cells
  bool ascii = true;                 ///< no byte above 0x7f
};

/// `data` is whole records, the last one ended by a newline. At most 4 GiB - 1.
void index_records(const char* data, std::size_t size, char delimiter, CsvIndex& index);

struct CsvCut {
  std::size_t end = 0;      ///< bytes of whole records; 0: none
  std::int64_t lines = 0;   ///< newlines in them, also those inside of cells
  bool open_quote = false;  ///< the rest ends inside of a quoted cell
};
/// The last record boundary of `data`.
CsvCut cut_records(const char* data, std::size_t size, char delimiter);

/// Bytes behind a block's end that may be read (not used): plain_quoted() looks at 32 bytes at
/// once.
inline constexpr std::size_t kScanSlack = 64;
/// Is `raw`, which begins with a quote, just text between two quotes? Inlined, because most cells
/// of many bills are.
inline bool plain_quoted(std::string_view raw) {
#if defined(__x86_64__)
  if (raw.size() >= 2 && raw.size() <= 33) {
    const __m128i quote = _mm_set1_epi8('"');
    const auto* bytes = reinterpret_cast<const __m128i*>(raw.data() + 1);
    const auto low = static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(bytes), quote)));
    const auto high = static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(bytes + 1), quote)));
    const std::uint64_t last = 1ULL << (raw.size() - 2);
    return ((low | static_cast<std::uint64_t>(high) << 16) & (last * 2 - 1)) == last;
  }
#endif
  return raw.size() >= 2 &&
         std::memchr(raw.data() + 1, '"', raw.size() - 1) == raw.data() + raw.size() - 1;
}

/// The text of a cell as it stands in the file ("" for null is the caller's matter). False when
/// text follows a closing quote. `text` points into `raw` or into `scratch`.
bool cell_text(std::string_view raw, std::string& scratch, std::string_view& text);

bool is_utf8(const char* data, std::size_t size);

/// For tests: the portable code instead of what this processor could do.
void use_portable_scan(bool portable);

}  // namespace steelyard
