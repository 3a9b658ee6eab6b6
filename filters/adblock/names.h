// SPDX-License-Identifier: Apache-2.0
//
// A host name as the hashes of itself and of each parent ("a.b.c", "b.c", "c"), computed in one
// walk from its end. Every host question of the engine is asked with these. Hashes are 64 bit and
// not keyed: who forges a collision only makes a name look like another that a list names.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::adblock {

constexpr std::uint64_t kNameSeed = 0xcbf29ce484222325ULL;
// For "name.*": the same name without its public suffix is another thing.
constexpr std::uint64_t kEntitySeed = 0x9e3779b97f4a7c15ULL;

constexpr std::uint64_t name_step(std::uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
}

constexpr std::uint64_t name_end(std::uint64_t hash) {
  hash ^= hash >> 32U;
  hash *= 0xd6e8feb86659fd93ULL;
  return hash ^ (hash >> 32U);
}

constexpr std::uint64_t name_hash(std::string_view name, std::uint64_t seed = kNameSeed) {
  for (auto i = name.size(); i-- > 0;) {
    seed = name_step(seed, name[i]);
  }
  return name_end(seed);
}

struct Names {
  static constexpr std::size_t kMost = 128;  // a name of 253 bytes has no more labels
  std::uint32_t count = 0;
  std::array<std::uint64_t, kMost> hashes;  // the last label first

  void set(std::string_view name, std::uint64_t seed = kNameSeed) {
    count = 0;
    for (auto i = name.size(); i-- > 0;) {
      if (name[i] == '.' && count < kMost) {
        hashes[count++] = name_end(seed);
      }
      seed = name_step(seed, name[i]);
    }
    if (!name.empty() && count < kMost) {
      hashes[count++] = name_end(seed);
    }
  }
};

}  // namespace weir::adblock
