// Philox4x32-10: a random number that is a function of its place (seed, stream, three counters),
// not of what was drawn before, so any part of an invented bill can be made alone and by any
// thread. Algorithm: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC
// 2011); tests/samples/philox_test.cc holds the known answers.
#pragma once

#include <array>
#include <cstdint>

namespace steelyard::samples {

using Words = std::array<std::uint32_t, 4>;

inline Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// What a number is drawn for; never renumbered, or every sample changes.
enum class Stream : std::uint32_t {
  kAccount = 1,
  kResource = 2,
  kLine = 3,
  kUsage = 4,
  kPrice = 5,
  kTags = 6,
  kCommitment = 7,
  kInvoice = 8,
  kEvent = 9,
  kSplit = 10,
  kLife = 11,
};

/// The numbers of one seed.
class Random {
 public:
  explicit Random(std::uint64_t seed)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}
  Words at(Stream stream, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0) const {
    return philox({a, b, c, static_cast<std::uint32_t>(stream)}, key_);
  }

 private:
  std::array<std::uint32_t, 2> key_;
};

/// word mapped evenly to 0..n-1 (multiply and shift).
inline std::uint32_t below(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

/// (0, 1), never an end.
inline double unit(std::uint32_t word) { return (word + 0.5) / 4294967296.0; }

}  // namespace steelyard::samples
