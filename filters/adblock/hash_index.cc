// SPDX-License-Identifier: Apache-2.0
//
// Building: sort by key, then give each key a slot and its bit.
#include "filters/adblock/hash_index.h"

#include <algorithm>

namespace weir::adblock {

void HashIndex::build(std::vector<Keyed>& all) {
  if (all.empty()) {
    return;
  }
  std::ranges::stable_sort(all, {}, &Keyed::key);
  std::size_t keys = 1;
  for (std::size_t i = 1; i < all.size(); ++i) {
    keys += all[i].key != all[i - 1].key ? 1U : 0U;
  }
  bits_.assign(std::bit_ceil(keys / 8 + 1), 0);
  bits_mask_ = bits_.size() - 1;
  const auto slots = std::bit_ceil(keys + keys / 3 + 1);
  slots_.assign(slots, {});
  mask_ = slots - 1;
  entries_.reserve(all.size());
  const bool near = std::ranges::any_of(all, [](const Keyed& one) { return one.entry.near != 0; });
  near_.reserve(near ? all.size() : 0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto key = all[i].key;
    if (i == 0 || key != all[i - 1].key) {
      bits_[(key >> 6U) & bits_mask_] |= 1ULL << (key & 63U);
      auto slot = first_slot(key);
      while (slots_[slot].begin != kFree) {
        slot = (slot + 1) & mask_;
      }
      slots_[slot] = {check_of(key), static_cast<std::uint32_t>(entries_.size())};
    }
    const IndexEntry& entry = all[i].entry;
    entries_.push_back({entry.filter, entry.at, entry.kinds});
    if (near) {
      near_.push_back(entry.near);
    }
    if (i + 1 == all.size() || all[i + 1].key != key) {
      entries_.back().filter |= kLast;
    }
  }
  std::vector<Keyed>().swap(all);
}

std::size_t HashIndex::memory() const {
  return bits_.capacity() * 8 + slots_.capacity() * sizeof(Slot) +
         entries_.capacity() * sizeof(Packed) + near_.capacity() * sizeof(near_[0]);
}

}  // namespace weir::adblock
