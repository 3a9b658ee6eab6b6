// SPDX-License-Identifier: Apache-2.0
//
// From a 64-bit hash to the filters that lie under it, for each purpose apart: open addressing, and
// a table of bits in front that answers most questions with "no" by one look. A key with a single
// filter, as nearly all have, holds it in its slot; others point to a run of them, sorted by
// purpose, that begins with how many they are. A slot keeps few bits of the hash, and keys that
// they cannot tell apart share a slot: what is found by chance turns out not to match. Immutable
// once built.
//
// A key is looked up once, whatever will be asked under it: its place tells for which purposes
// there is anything.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/adblock/parse.h"
#include "filters/adblock/rule.h"
#include "filters/adblock/tokens.h"

namespace weir::adblock {

// What a request is asked. An exception lifts blocks; the others lie with their exceptions.
enum class Purpose : std::uint8_t { Block, Except, Redirect, Param, Field };
constexpr std::size_t kPurposes = 5;
constexpr unsigned purpose_bit(Purpose purpose) {
  return 1U << static_cast<unsigned>(purpose);
}

// A filter under the hash of a name. `kinds` are the filter's, to turn most away without looking
// at it.
struct NameEntry {
  std::uint32_t filter;
  Kinds kinds;
  std::uint16_t tag = 0;  // see HashIndex

  NameEntry() : NameEntry(0, 0) {}
  NameEntry(std::uint32_t id, Kinds of) : filter(id), kinds(of) {}
};

// A filter under a token, which begins at `place()` in its pattern and stands among `near` there.
struct TokenEntry {
  std::uint32_t filter;
  Kinds kinds;
  std::uint16_t tag = 0;
  std::uint32_t near;

  TokenEntry() : TokenEntry(0, 0, 0, {}) {}
  TokenEntry(std::uint32_t id, Kinds of, std::size_t token_at, const Near& around)
      : filter(id), kinds(of), near(around.bytes) {
    unsigned counts = 0;
    for (unsigned i = 0; i < 4; ++i) {
      counts |= ((around.mask >> (8 * i)) & 1U) << i;
    }
    at_ = static_cast<std::uint16_t>(counts << kPlaceBits | token_at);
  }
  std::uint16_t place() const { return at_ & ((1U << kPlaceBits) - 1); }
  // Whether the filter may match where a token of the URL stands among `around`.
  bool may_be_near(std::uint32_t around) const {
    return ((near ^ around) & kNearMasks[at_ >> kPlaceBits]) == 0;
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

  std::uint16_t at_;  // its first four bits: which bytes of `near` count
};

// Where the filters of a key lie.
struct Place {
  std::uint32_t slot;
  std::uint32_t purposes;  // bits; 0: there are none
};

template <class Entry>
class HashIndex {
 public:
  struct Keyed {
    std::uint64_t key;
    Purpose purpose;
    Entry entry;
  };
  // Sorts and empties `all`. Entries of one key and purpose keep their order.
  void build(std::vector<Keyed>& all);

  bool may_hold(std::uint64_t key) const {
    return ((bits_[(key >> 6U) & bits_mask_] >> (key & 63U)) & 1U) != 0;
  }

  // Has what tells about the key brought nearer: first whether it may be there, then its place.
  void prefetch_bits(std::uint64_t key) const {
    __builtin_prefetch(&bits_[(key >> 6U) & bits_mask_]);
  }
  void prefetch(std::uint64_t key) const { __builtin_prefetch(&slots_[first_slot(key)]); }

  // The place of a key that may be there. What lies there first, which will be looked at soon, is
  // brought nearer: a run, or one of `filters`.
  template <class Filter>
  Place find(std::uint64_t key, const Filter* filters) const {
    const auto check = check_of(key);
    auto at = first_slot(key);
    for (; slots_[at].tag >> kCheckAt != check; at = (at + 1) & mask_) {
      if (slots_[at].tag == kFree) {
        return {at, 0};
      }
    }
    const auto id = slots_[at].filter;
    const bool run = (id & kRun) != 0;
    const std::array<const void*, 2> places{filters + (run ? 0 : id),
                                            runs_.data() + (run ? id & ~kRun : 0)};
    __builtin_prefetch(places[run ? 1 : 0]);
    return {at, slots_[at].tag & kPurposeMask};
  }

  // Calls `use(entry)` for each entry at the place, until it returns true. True when it did.
  template <class Use>
  bool each(const Place& place, Purpose purpose, Use&& use) const {
    if ((place.purposes & purpose_bit(purpose)) == 0) {
      return false;
    }
    const Entry& slot = slots_[place.slot];
    return (slot.filter & kRun) == 0 ? use(slot)
                                     : each_of_run(run_of(slot), place.purposes, purpose, use);
  }

  std::size_t memory() const {
    return bits_.capacity() * 8 + (slots_.capacity() + runs_.capacity()) * sizeof(Entry);
  }

 private:
  // A slot's tag: the purposes' bits, and the check. Of an entry in a run: its purpose.
  static constexpr unsigned kPurposeMask = (1U << kPurposes) - 1;
  static constexpr unsigned kCheckAt = kPurposes;
  static constexpr std::uint16_t kFree = 0;
  // In the filter of a slot: it is the beginning of a run.
  static constexpr std::uint32_t kRun = 1U << 31U;

  std::uint32_t first_slot(std::uint64_t key) const {
    return static_cast<std::uint32_t>(key >> 12U) & mask_;
  }
  static std::uint16_t check_of(std::uint64_t key) {
    return static_cast<std::uint16_t>(key >> (48U + kCheckAt));
  }
  std::span<const Entry> run_of(const Entry& slot) const {
    const Entry* const head = &runs_[slot.filter & ~kRun];
    return {head + 1, head->filter};
  }
  // Whatever lies there for other purposes costs no time.
  template <class Use>
  static bool each_of_run(std::span<const Entry> run, std::uint32_t purposes, Purpose purpose,
                          Use& use) {
    const auto tag = static_cast<std::uint16_t>(purpose);
    auto at = run.begin();
    if ((purposes & (purpose_bit(purpose) - 1)) != 0) {
      at = std::partition_point(at, run.end(), [tag](const Entry& one) { return one.tag < tag; });
    }
    for (; at != run.end() && at->tag == tag; ++at) {
      if (use(*at)) {
        return true;
      }
    }
    return false;
  }
  std::uint32_t take_slot(std::uint64_t key);

  std::vector<std::uint64_t> bits_{0};
  std::uint64_t bits_mask_ = 0;
  std::vector<Entry> slots_;
  std::uint32_t mask_ = 0;
  std::vector<Entry> runs_;
};

}  // namespace weir::adblock
