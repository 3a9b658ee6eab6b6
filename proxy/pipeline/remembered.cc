// SPDX-License-Identifier: Apache-2.0
//
// See remembered.h. HMAC(K, m) = H((K ^ opad) | H((K ^ ipad) | m)), RFC 2104 2. The group of a
// fingerprint is chosen by its own bytes: they are as good as random to anyone without the key, so
// nobody can aim at a group.
//
// SHA-256 is called directly and not through EVP: in OpenSSL 3.0 each start of an EVP digest takes
// its state from the heap anew, twice for a fingerprint even with a reused EVP_MAC_CTX (counted);
// these calls never do. They are deprecated in favour of EVP, but part of every release of
// OpenSSL 3.
#include "proxy/pipeline/remembered.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr std::uint8_t kInnerPad = 0x36;  // RFC 2104 2
constexpr std::uint8_t kOuterPad = 0x5c;

struct RandomKey {
  Fingerprint bytes{};
  RandomKey() { WEIR_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1); }
  RandomKey(const RandomKey&) = delete;
  RandomKey& operator=(const RandomKey&) = delete;
  ~RandomKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

// Begins a digest with the key, padded to a block.
void absorb(SHA256_CTX& state, std::span<const std::uint8_t> key, std::uint8_t pad) {
  std::array<std::uint8_t, Fingerprinter::kBlock> block{};
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) {
    block[i] ^= key[i];
  }
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace

bool same(const Fingerprint& a, const Fingerprint& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The two states after their padded keys: every fingerprint goes on from copies of them.
struct Fingerprinter::Keyed {
  SHA256_CTX inner;
  SHA256_CTX outer;
};

Fingerprinter::Fingerprinter(std::span<const std::uint8_t> key)
    : keyed_(std::make_unique<Keyed>()) {
  WEIR_ASSERT(!key.empty() && key.size() <= kBlock);
  absorb(keyed_->inner, key, kInnerPad);
  absorb(keyed_->outer, key, kOuterPad);
}

Fingerprinter::Fingerprinter() : Fingerprinter(RandomKey().bytes) {}

Fingerprinter::~Fingerprinter() {
  OPENSSL_cleanse(keyed_.get(), sizeof(Keyed));
}

Fingerprint Fingerprinter::of(std::initializer_list<std::string_view> parts) const {
  Fingerprint out{};
  SHA256_CTX state = keyed_->inner;
  for (const std::string_view part : parts) {
    SHA256_Update(&state, part.data(), part.size());
  }
  SHA256_Final(out.data(), &state);
  OPENSSL_cleanse(&state, sizeof state);  // it holds the last bytes of the password
  state = keyed_->outer;
  SHA256_Update(&state, out.data(), out.size());
  SHA256_Final(out.data(), &state);
  return out;
}

Remembered::Remembered(std::size_t capacity)
    : places_(std::max<std::size_t>((capacity + kGroup - 1) / kGroup, 1) * kGroup) {}

std::size_t Remembered::group_of(const Fingerprint& print) const {
  std::uint64_t bits = 0;
  std::memcpy(&bits, print.data(), sizeof bits);
  return static_cast<std::size_t>(bits % (places_.size() / kGroup)) * kGroup;
}

bool Remembered::holds(const Fingerprint& print, Instant now) const {
  const std::size_t first = group_of(print);
  bool found = false;
  for (std::size_t i = first; i < first + kGroup; ++i) {
    found |= same(places_[i].print, print) && now < places_[i].until;
  }
  return found;
}

void Remembered::add(const Fingerprint& print, Instant now, Instant until) {
  if (until <= now) {
    return;
  }
  const std::size_t first = group_of(print);
  std::size_t chosen = first;
  for (std::size_t i = first; i < first + kGroup; ++i) {
    if (same(places_[i].print, print)) {
      chosen = i;
      break;
    }
    if (places_[i].until < places_[chosen].until) {
      chosen = i;  // free places have the earliest time of all
    }
  }
  places_[chosen].print = print;
  places_[chosen].until = until;
}

}  // namespace weir
