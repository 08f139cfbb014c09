#include "base/hash.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>

#include "base/assert.h"
#include "base/text.h"

namespace steelyard {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    SY_ASSERT(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  SY_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  SY_ASSERT(EVP_DigestFinal_ex(state_->context, digest, &size) == 1 && size == 32);
  return hex({reinterpret_cast<const char*>(digest), size});
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

std::uint64_t xxh3_64(const void* data, std::size_t size, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

std::string ContentHash::text() const {
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8)
    bytes += static_cast<char>(static_cast<unsigned char>(sum >> shift));
  return hex(bytes) + "-" + std::to_string(rows);
}

bool ContentHash::parse(std::string_view text, ContentHash& out) {
  if (text.size() < 34 || text[32] != '-') return false;
  std::uint64_t high = 0, low = 0;
  const auto a = std::from_chars(text.data(), text.data() + 16, high, 16);
  const auto b = std::from_chars(text.data() + 16, text.data() + 32, low, 16);
  const auto c = std::from_chars(text.data() + 33, text.data() + text.size(), out.rows);
  if (a.ec != std::errc() || b.ec != std::errc() || c.ec != std::errc() ||
      a.ptr != text.data() + 16 || b.ptr != text.data() + 32 ||
      c.ptr != text.data() + text.size()) {
    return false;
  }
  out.sum = (static_cast<unsigned __int128>(high) << 64) | low;
  return true;
}

}  // namespace steelyard
