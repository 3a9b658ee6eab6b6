// SPDX-License-Identifier: Apache-2.0
//
// From a 64-bit hash to the filters that lie under it: flat arrays, open addressing, and a table of
// bits in front that answers most questions with "no" by one look. A slot keeps half of the hash
// and lies by other bits of it, so one that is found by chance comes once in 10^12 questions; who
// finds a filter by a name compares the name all the same. Immutable once built.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "filters/adblock/parse.h"
#include "filters/adblock/rule.h"
#include "filters/adblock/tokens.h"

namespace weir::adblock {

// A filter under one key. `at` is where the key's token begins in its pattern; `kinds` are the
// filter's and `near` is what its token stands among, to turn most away without looking at it.
struct IndexEntry {
  std::uint32_t filter;
  std::uint16_t at;  // its first four bits: which bytes of `near` count
  Kinds kinds;
  std::uint32_t near;  // 0 where nothing counts

  IndexEntry(std::uint32_t id, Kinds of) : filter(id), at(0), kinds(of), near(0) {}
  IndexEntry(std::uint32_t id, std::uint16_t packed_at, Kinds of, std::uint32_t around)
      : filter(id), at(packed_at), kinds(of), near(around) {}
  IndexEntry(std::uint32_t id, Kinds of, std::size_t token_at, const Near& around)
      : filter(id), at(0), kinds(of), near(around.bytes) {
    unsigned counts = 0;
    for (unsigned i = 0; i < 4; ++i) {
      counts |= ((around.mask >> (8 * i)) & 1U) << i;
    }
    at = static_cast<std::uint16_t>(counts << kPlaceBits | token_at);
  }
  std::uint16_t place() const { return at & ((1U << kPlaceBits) - 1); }
  // Whether the filter may match where a token of the URL stands among `around`.
  bool may_be_near(std::uint32_t around) const {
    return ((near ^ around) & kNearMasks[at >> kPlaceBits]) == 0;
  }

 private:
  static constexpr unsigned kPlaceBits = 12;
  static_assert(kPatternLimit < 1U << kPlaceBits);
  static constexpr std::array<std::uint32_t, 16> kNearMasks = [] {
    std::array<std::uint32_t, 16> out{};
    for (unsigned i = 0; i < 64; ++i) {
      out[i / 4] |= ((i / 4) >> (i % 4) & 1U) * (0xffU << (8 * (i % 4)));
    }
    return out;
  }();
};

class HashIndex {
 public:
  struct Keyed {
    std::uint64_t key;
    IndexEntry entry;
  };
  // Sorts and empties `all`. Entries of one key keep their order.
  void build(std::vector<Keyed>& all);

  bool may_hold(std::uint64_t key) const {
    return !bits_.empty() && ((bits_[(key >> 6U) & bits_mask_] >> (key & 63U)) & 1U) != 0;
  }

  // Has the key's slot brought nearer, when there may be one.
  void prefetch(std::uint64_t key) const {
    if (may_hold(key)) {
      __builtin_prefetch(&slots_[first_slot(key)]);
    }
  }

  // Calls `use(entry)` for each entry under `key`, until it returns true. True when it did.
  template <class Use>
  bool each(std::uint64_t key, Use&& use) const {
    if (!may_hold(key)) {
      return false;
    }
    const auto check = check_of(key);
    for (auto at = first_slot(key); slots_[at].begin != kFree; at = (at + 1) & mask_) {
      if (slots_[at].check != check) {
        continue;
      }
      for (std::size_t i = slots_[at].begin;; ++i) {
        const Packed& packed = entries_[i];
        if (use(IndexEntry(packed.filter & ~kLast, packed.at, packed.kinds,
                           near_.empty() ? 0 : near_[i]))) {
          return true;
        }
        if ((packed.filter & kLast) != 0) {
          break;
        }
      }
    }
    return false;
  }

  bool empty() const { return entries_.empty(); }
  std::size_t memory() const;

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  static constexpr std::uint32_t kLast = 1U << 31U;
  struct Slot {
    std::uint32_t check = 0;
    std::uint32_t begin = kFree;  // into entries_
  };
  std::uint64_t first_slot(std::uint64_t key) const { return (key >> 12U) & mask_; }
  static std::uint32_t check_of(std::uint64_t key) {
    return static_cast<std::uint32_t>(key >> 32U);
  }

  std::vector<std::uint64_t> bits_;
  std::uint64_t bits_mask_ = 0;
  std::vector<Slot> slots_;
  std::uint64_t mask_ = 0;
  struct Packed {
    std::uint32_t filter;
    std::uint16_t at;
    Kinds kinds;
  };
  std::vector<Packed> entries_;
  std::vector<std::uint32_t> near_;  // of the entries; empty where none has any
};

}  // namespace weir::adblock
