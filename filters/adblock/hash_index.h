// SPDX-License-Identifier: Apache-2.0
//
// From a 64-bit hash to the filters that lie under it: flat arrays, open addressing, and a table of
// bits in front that answers most questions with "no" by one look. Whole hashes are kept, so that a
// name found is the name asked. Immutable once built.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "filters/adblock/rule.h"

namespace weir::adblock {

// A filter under one key. `at` is where the key's token begins in its pattern; `kinds` are the
// filter's, to turn most away without looking at it.
struct IndexEntry {
  std::uint32_t filter;
  std::uint16_t at;
  Kinds kinds;
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

  // Calls `use(entry)` for each entry under `key`, until it returns true. True when it did.
  template <class Use>
  bool each(std::uint64_t key, Use&& use) const {
    if (!may_hold(key)) {
      return false;
    }
    for (auto slot = (key >> 20U) & mask_; begins_[slot] != kFree; slot = (slot + 1) & mask_) {
      if (keys_[slot] == key) {
        for (const auto* entry = &entries_[begins_[slot]];; ++entry) {
          const IndexEntry plain{entry->filter & ~kLast, entry->at, entry->kinds};
          if (use(plain)) {
            return true;
          }
          if ((entry->filter & kLast) != 0) {
            return false;
          }
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

  std::vector<std::uint64_t> bits_;
  std::uint64_t bits_mask_ = 0;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> begins_;  // into entries_
  std::uint64_t mask_ = 0;
  std::vector<IndexEntry> entries_;
};

}  // namespace weir::adblock
