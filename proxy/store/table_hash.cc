// SPDX-License-Identifier: Apache-2.0
//
// Polynomials over the field of 2^61 - 1 elements.
#include "proxy/store/table_hash.h"

#include <sys/random.h>

#include <cstddef>
#include <cstring>

#include "proxy/base/assert.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr std::size_t kStep = 7;  // bytes: what surely fits below the prime

std::uint64_t draw() {
  std::uint64_t point = 0;
  const auto got = ::getrandom(&point, sizeof point, 0);
  WEIR_ASSERT(got == static_cast<ssize_t>(sizeof point));
  return point % kPrime;
}

std::uint64_t step(std::uint64_t hash, std::uint64_t point, std::uint64_t number) {
  __extension__ using Wide = unsigned __int128;
  const Wide sum = Wide{hash} * point + number;
  const std::uint64_t folded =
      (static_cast<std::uint64_t>(sum) & kPrime) + static_cast<std::uint64_t>(sum >> 61);
  return folded >= kPrime ? folded - kPrime : folded;
}

std::uint64_t number_at(const char* at, std::size_t bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, at, bytes);
  return number;
}

}  // namespace

std::uint64_t table_hash_at(std::string_view url, std::uint64_t point) {
  std::uint64_t hash = step(1, point, url.size());
  std::size_t at = 0;
  for (; at + 8 <= url.size(); at += kStep) {
    // Eight bytes in one load, of which seven count.
    hash = step(hash, point, number_at(url.data() + at, 8) & 0x00ffffffffffffffU);
  }
  for (; at < url.size(); at += kStep) {
    const auto left = url.size() - at;
    hash = step(hash, point, number_at(url.data() + at, left < kStep ? left : kStep));
  }
  // Spreads the field's elements over 64 bits; one to one, so it adds no collision.
  hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15U;
  hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9U;
  return hash ^ hash >> 32;
}

std::uint64_t table_hash(std::string_view url) {
  static const std::uint64_t point = draw();
  return table_hash_at(url, point);
}

}  // namespace weir::store
