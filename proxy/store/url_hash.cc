// SPDX-License-Identifier: Apache-2.0
//
// See url_hash.h.
#include "proxy/store/url_hash.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "proxy/base/assert.h"

namespace weir::store {
namespace {

struct State {
  std::uint64_t a, b, c, d;

  void round() {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32);
    c += b;
    a += d;
    b = std::rotl(b, 17) ^ c;
    d = std::rotl(d, 21) ^ a;
    c = std::rotl(c, 32);
  }
  void take(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

}  // namespace

std::uint64_t keyed_hash(const HashKey& key, std::string_view text) {
  State state{key.low ^ 0x736f6d6570736575U, key.high ^ 0x646f72616e646f6dU,
              key.low ^ 0x6c7967656e657261U, key.high ^ 0x7465646279746573U};
  const std::uint64_t length = std::uint64_t{text.size() & 255U} << 56;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    state.take(word);
  }
  std::uint64_t last = 0;
  if (!text.empty()) {
    std::memcpy(&last, text.data(), text.size());
  }
  state.take(length | last);
  state.c ^= 255U;
  for (int n = 0; n < 4; ++n) {
    state.round();
  }
  return state.a ^ state.b ^ state.c ^ state.d;
}

HashKey new_hash_key() {
  HashKey key;
  WEIR_ASSERT(::getrandom(&key, sizeof key, 0) == static_cast<ssize_t>(sizeof key));
  return key;
}

}  // namespace weir::store
