// SPDX-License-Identifier: Apache-2.0
//
// Building: each key takes a slot and gets its bit; then what shares a slot is brought together.
#include "filters/adblock/hash_index.h"

#include <algorithm>
#include <utility>

namespace weir::adblock {

// The key's slot, or that of another whose check is the same.
template <class Entry>
std::uint32_t HashIndex<Entry>::take_slot(std::uint64_t key) {
  auto at = first_slot(key);
  while (slots_[at].tag != kFree && slots_[at].tag >> kCheckAt != check_of(key)) {
    at = (at + 1) & mask_;
  }
  slots_[at].tag |= static_cast<std::uint16_t>(unsigned{check_of(key)} << kCheckAt | 1U);
  return at;
}

template <class Entry>
void HashIndex<Entry>::build(std::vector<Keyed>& all) {
  std::ranges::stable_sort(all, {}, &Keyed::key);
  std::size_t keys = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    keys += i == 0 || all[i].key != all[i - 1].key ? 1U : 0U;
  }
  bits_.assign(std::bit_ceil(keys / 8 + 1), 0);
  bits_mask_ = bits_.size() - 1;
  slots_.assign(std::bit_ceil(keys + keys / 3 + 1), Entry());
  mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
  for (Keyed& one : all) {
    bits_[(one.key >> 6U) & bits_mask_] |= 1ULL << (one.key & 63U);
    one.key = take_slot(one.key);
  }
  const auto group = [](const Keyed& one) { return std::pair(one.key, one.purpose); };
  std::ranges::stable_sort(all, {}, group);
  for (std::size_t from = 0, to = 0; from < all.size(); from = to) {
    Entry& slot = slots_[all[from].key];
    unsigned tag = slot.tag & ~kPurposeMask;
    const auto run = static_cast<std::uint32_t>(runs_.size());
    runs_.emplace_back();
    for (to = from; to < all.size() && all[to].key == all[from].key; ++to) {
      tag |= purpose_bit(all[to].purpose);
      runs_.push_back(all[to].entry);
      runs_.back().tag = static_cast<std::uint16_t>(all[to].purpose);
    }
    slot = all[from].entry;
    slot.tag = static_cast<std::uint16_t>(tag);
    if (to - from == 1) {
      runs_.resize(run);
    } else {
      runs_[run].filter = static_cast<std::uint32_t>(to - from);
      slot.filter = run | kRun;
    }
  }
  runs_.shrink_to_fit();
  std::vector<Keyed>().swap(all);
}

template class HashIndex<NameEntry>;
template class HashIndex<TokenEntry>;

}  // namespace weir::adblock
