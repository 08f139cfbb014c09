// Two hashes, two uses: SHA-256 is evidence (a file is the file that was delivered), XXH3 keys rows
// and caches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steelyard {

/// Incremental SHA-256 (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  /// 64 hexadecimal digits; the object may not be used afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
std::uint64_t xxh3_64(const void* data, std::size_t size, std::uint64_t seed);

/// The content of a multiset of rows: order, splitting and merging do not change it. Sum of 128-bit
/// row hashes modulo 2^128.
struct ContentHash {
  unsigned __int128 sum = 0;
  std::int64_t rows = 0;
  void add(unsigned __int128 row) {
    sum += row;
    ++rows;
  }
  void add(const ContentHash& other) {
    sum += other.sum;
    rows += other.rows;
  }
  bool operator==(const ContentHash&) const = default;
  /// 32 hexadecimal digits, a dash, the number of rows.
  std::string text() const;
  static bool parse(std::string_view text, ContentHash& out);
};

}  // namespace steelyard
