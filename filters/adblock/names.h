// SPDX-License-Identifier: Apache-2.0
//
// A host name as the hashes of itself and of each parent ("a.b.c", "b.c", "c"), computed in one
// walk from its end. Every host question of the engine is asked with these, and an answer is not
// compared with the name again: the hashes are keyed (filters/keyed_hash.h), so that nobody can
// make a name which is taken for another.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/keyed_hash.h"

namespace weir::adblock {

// For "name.*": the same name without its public suffix is another thing.
constexpr std::uint64_t kNameStart = filters::kHashStart;
constexpr std::uint64_t kEntityStart = kNameStart + 1;

inline std::uint64_t name_step(std::uint64_t hash, std::uint64_t point, char c) {
  return filters::hash_step(hash, point, static_cast<unsigned char>(c));
}

// Of any text, from its end on.
inline std::uint64_t name_hash(std::string_view name, std::uint64_t start = kNameStart) {
  const auto point = filters::hash_point();
  for (auto i = name.size(); i-- > 0;) {
    start = name_step(start, point, name[i]);
  }
  return filters::hash_spread(start);
}

struct Names {
  static constexpr std::size_t kMost = 128;  // a name of 253 bytes has no more labels
  std::uint32_t count = 0;
  std::array<std::uint64_t, kMost> hashes;  // the last label first

  void set(std::string_view name, std::uint64_t start = kNameStart) {
    const auto point = filters::hash_point();
    count = 0;
    for (auto i = name.size(); i-- > 0;) {
      if (name[i] == '.' && count < kMost) {
        hashes[count++] = filters::hash_spread(start);
      }
      start = name_step(start, point, name[i]);
    }
    if (!name.empty() && count < kMost) {
      hashes[count++] = filters::hash_spread(start);
    }
  }
};

}  // namespace weir::adblock
