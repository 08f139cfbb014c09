#include "bills/csv_scan.h"

#include <atomic>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace steelyard {
namespace {

struct Masks {
  std::uint64_t quote, delimiter, newline, high;
};

std::atomic<bool> portable_only{false};

namespace portable {

inline Masks load_masks(const char* data, char delimiter) {
  Masks masks{};
#if defined(__x86_64__)
  for (int part = 0; part < 4; ++part) {  // SSE2 is part of x86-64
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + part * 16));
    const auto bits = [&](char c) {
      return static_cast<std::uint64_t>(static_cast<std::uint32_t>(
                 _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)))))
             << (part * 16);
    };
    masks.quote |= bits('"');
    masks.delimiter |= bits(delimiter);
    masks.newline |= bits('\n');
    masks.high |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)))
                  << (part * 16);
  }
#else
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t bit = 1ULL << i;
    if (data[i] == '"') masks.quote |= bit;
    if (data[i] == delimiter) masks.delimiter |= bit;
    if (data[i] == '\n') masks.newline |= bit;
    if (static_cast<unsigned char>(data[i]) > 0x7f) masks.high |= bit;
  }
#endif
  return masks;
}

inline std::uint64_t prefix_xor(std::uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

#include "bills/csv_scan_kernel.inc"

}  // namespace portable

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,pclmul,popcnt,bmi,lzcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,pclmul,popcnt,bmi,lzcnt")
#endif
namespace wide {

inline Masks load_masks(const char* data, char delimiter) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32));
  const __m256i quote = _mm256_set1_epi8('"'), comma = _mm256_set1_epi8(delimiter),
                newline = _mm256_set1_epi8('\n');
#define SY_BITS(a, b)                                                                \
  (static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(a))) | \
   static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(b))) << 32)
  return {SY_BITS(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote)),
          SY_BITS(_mm256_cmpeq_epi8(low, comma), _mm256_cmpeq_epi8(high, comma)),
          SY_BITS(_mm256_cmpeq_epi8(low, newline), _mm256_cmpeq_epi8(high, newline)),
          SY_BITS(low, high)};
#undef SY_BITS
}

inline std::uint64_t prefix_xor(std::uint64_t bits) {
  const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)),
                                               _mm_set1_epi8(static_cast<char>(0xff)), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

#include "bills/csv_scan_kernel.inc"

}  // namespace wide
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

bool has_wide() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                          __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") &&
                          __builtin_cpu_supports("lzcnt");
  return has && !portable_only.load(std::memory_order_relaxed);
}
#endif

/// The rules of quoting, byte by byte; `on_end(position)` hears of each delimiter and newline that
/// ends a cell.
template <class OnEnd>
bool walk_bytes(const char* data, std::size_t size, char delimiter, const OnEnd& on_end) {
  enum class At { kCellStart, kPlain, kQuoted, kAfterQuote } at = At::kCellStart;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = data[i];
    if (at == At::kQuoted) {
      if (c == '"') at = At::kAfterQuote;
    } else if (c == delimiter || c == '\n') {
      on_end(i);
      at = At::kCellStart;
    } else if (c == '"' && (at == At::kCellStart || at == At::kAfterQuote)) {
      at = At::kQuoted;
    } else {
      at = At::kPlain;
    }
  }
  return at == At::kQuoted;
}

}  // namespace

void use_portable_scan(bool portable) { portable_only = portable; }

void index_records(const char* data, std::size_t size, char delimiter, CsvIndex& index) {
  index.records.clear();
#if defined(__x86_64__)
  const bool plain = has_wide() ? wide::index_kernel(data, size, delimiter, index)
                                : portable::index_kernel(data, size, delimiter, index);
#else
  const bool plain = portable::index_kernel(data, size, delimiter, index);
#endif
  if (plain) return;
  index.records.clear();
  index.cells = 0;
  std::int64_t record_newlines = 0, newlines = 0;
  walk_bytes(data, size, delimiter, [&](std::size_t i) {
    if (index.ends.size() <= index.cells) index.ends.resize(index.ends.size() * 2 + 4096);
    index.ends[index.cells++] = static_cast<std::uint32_t>(i);
    if (data[i] != '\n') return;
    index.records.push_back(static_cast<std::uint32_t>(index.cells));
    ++record_newlines;
  });
  for (std::size_t i = 0; i < size; ++i) newlines += data[i] == '\n';
  index.quoted_newlines = newlines - record_newlines;
}

CsvCut cut_records(const char* data, std::size_t size, char delimiter) {
  CsvCut cut;
#if defined(__x86_64__)
  const bool plain = has_wide() ? wide::cut_kernel(data, size, delimiter, cut)
                                : portable::cut_kernel(data, size, delimiter, cut);
#else
  const bool plain = portable::cut_kernel(data, size, delimiter, cut);
#endif
  if (plain) return cut;
  cut = {};
  cut.open_quote = walk_bytes(data, size, delimiter, [&](std::size_t i) {
    if (data[i] == '\n') cut.end = i + 1;
  });
  for (std::size_t i = 0; i < cut.end; ++i) cut.lines += data[i] == '\n';
  return cut;
}

bool cell_text(std::string_view raw, std::string& scratch, std::string_view& text) {
  if (raw.empty() || raw.front() != '"') {
    text = raw;
    return true;
  }
  const std::string_view body = raw.substr(1);
  const auto* close = static_cast<const char*>(std::memchr(body.data(), '"', body.size()));
  if (close == body.data() + body.size() - 1) {
    text = body.substr(0, body.size() - 1);
    return true;
  }
  scratch.clear();
  std::size_t at = 0;
  while (true) {
    const std::size_t quote = body.find('"', at);
    if (quote == std::string_view::npos) return false;  // never closed
    scratch.append(body, at, quote - at);
    if (quote + 1 < body.size() && body[quote + 1] == '"') {
      scratch.push_back('"');
      at = quote + 2;
      continue;
    }
    text = scratch;
    return body.find_first_not_of(" \t", quote + 1) == std::string_view::npos;
  }
}

bool is_utf8(const char* data, std::size_t size) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(data[at]); };
  while (i < size) {
    if (size - i >= 8) {
      std::uint64_t word;
      std::memcpy(&word, data + i, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        i += 8;
        continue;
      }
    }
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    // The ranges of the second byte exclude overlong forms, surrogates and what lies beyond
    // U+10FFFF (Unicode, table 3-7).
    std::size_t length;
    unsigned char low = 0x80, high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      length = 3;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (size - i < length || byte(i + 1) < low || byte(i + 1) > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace steelyard
