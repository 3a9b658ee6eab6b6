// SPDX-License-Identifier: Apache-2.0
//
// Building: sort by key and purpose, then give each pair a slot and each key its bit.
#include "filters/adblock/hash_index.h"

#include <algorithm>
#include <utility>

namespace weir::adblock {

template <class Entry>
void HashIndex<Entry>::build(std::vector<Keyed>& all) {
  const auto group = [](const Keyed& one) { return std::pair(one.key, one.purpose); };
  std::ranges::stable_sort(all, {}, group);
  std::size_t groups = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    groups += i == 0 || group(all[i]) != group(all[i - 1]) ? 1U : 0U;
  }
  bits_.assign(std::bit_ceil(groups / 8 + 1), 0);
  bits_mask_ = bits_.size() - 1;
  Entry free;
  free.tag = kFree;
  slots_.assign(std::bit_ceil(groups + groups / 3 + 1), free);
  mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
  for (std::size_t from = 0, to = 0; from < all.size(); from = to) {
    for (to = from + 1; to < all.size() && group(all[to]) == group(all[from]);) {
      ++to;
    }
    const auto key = all[from].key;
    bits_[(key >> 6U) & bits_mask_] |= 1ULL << (key & 63U);
    auto at = first_slot(key);
    for (; slots_[at].tag != kFree; at = (at + 1) & mask_) {
      const bool same = slots_[at].tag >> kCheckAt == check_of(key);
      slots_[at].tag |= static_cast<std::uint16_t>(same ? kMore : 0);
    }
    slots_[at] = all[from].entry;
    slots_[at].tag = tag_of(check_of(key), all[from].purpose);
    if (to - from > 1) {
      slots_[at].filter = static_cast<std::uint32_t>(runs_.size()) | kRun;
      for (std::size_t i = from; i < to; ++i) {
        runs_.push_back(all[i].entry);
      }
      runs_.back().filter |= kRun;
    }
  }
  runs_.shrink_to_fit();
  std::vector<Keyed>().swap(all);
}

template class HashIndex<NameEntry>;
template class HashIndex<TokenEntry>;

}  // namespace weir::adblock
