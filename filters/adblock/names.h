// SPDX-License-Identifier: Apache-2.0
//
// A host name as the hashes of itself and of each parent ("a.b.c", "b.c", "c"), computed in one
// walk from its end. Every host question of the engine is asked with these, and an answer is not
// compared with the name again: the hashes are keyed (filters/name_hash.h), so that nobody can
// make a name which is taken for another.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/name_hash.h"

namespace weir::adblock {

// For "name.*": the same name without its public suffix is another thing.
constexpr std::uint64_t kNameStart = filters::kHashStart;
constexpr std::uint64_t kEntityStart = kNameStart + 1;

// Of a name by itself. One that is too long for a host has a hash that no host's has.
inline std::uint64_t name_hash(std::string_view name, std::uint64_t start = kNameStart) {
  if (name.size() > kHostNameLimit) {
    return filters::text_hash(name, start);
  }
  std::uint64_t whole = 0;
  filters::each_suffix(name, name.size(), start,
                       [&whole](std::uint64_t hash, std::size_t) { whole = hash; });
  return whole;
}

struct Names {
  static constexpr std::size_t kMost = 128;  // a host has fewer labels
  std::uint32_t count = 0;
  std::array<std::uint64_t, kMost> hashes;  // the last label first

  // Of a text that is longer than a host may be, the parents that are not.
  void set(std::string_view name, std::uint64_t start = kNameStart) {
    count = 0;
    const auto add = [this](std::uint64_t hash, std::size_t) {
      hashes[count] = hash;
      count += count + 1 < kMost ? 1U : 0U;
    };
    if (name.size() > kHostNameLimit) {
      filters::each_suffix(name.substr(name.size() - kHostNameLimit), 0, start, add);
      --count;  // what begins within a label
    } else if (!name.empty()) {
      filters::each_suffix(name, 0, start, add);
    }
  }
};

}  // namespace weir::adblock
