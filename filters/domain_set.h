// SPDX-License-Identifier: Apache-2.0
//
// Millions of host names, each with the lines that named it, asked "this name or a parent of it?"
// in one walk over the name's labels. Names are kept as hashes in flat arrays, 12 bytes a name and
// 2 to 4 for the index: no allocation per name, nothing to free but the arrays. Immutable once
// built; any number of threads may ask.
//
// Only the hash of a name is kept (keyed_hash.h). For any two different names the odds that they
// collide are at most their length in pieces of seven bytes over 2^61: a host of four labels asked
// against a million names is taken for another one about once in 10^11 questions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/base/host.h"

namespace weir::filters {

class DomainSet {
 public:
  // One name with one value. Packed to 12 bytes: memory is what a million names are about.
  struct Entry {
    std::uint32_t high;
    std::uint32_t low;
    std::uint32_t value;
    std::uint64_t hash() const { return std::uint64_t{high} << 32 | low; }
  };

  // So many names of a list are looked through for repetitions before all have come.
  static constexpr std::size_t kSettleFirst = std::size_t{1} << 21;

  class Builder {
   public:
    // `name` is normalised (base/host.h); a longer one than a host may be is passed over. It covers
    // itself and everything below. The same name may come with several values; of those between two
    // calls of end_list() the least is kept.
    void add(std::string_view name, std::uint32_t value);
    // Gives how many names were there already since the last call. A list that says one name a
    // million times takes no more memory than one that says it once, and no more time to ask.
    std::size_t end_list();
    // Room for so many entries, so that memory is not moved while they come.
    void reserve(std::size_t entries) { entries_.reserve(entries); }
    std::size_t size() const { return entries_.size(); }
    DomainSet build() &&;

   private:
    void settle_list();

    std::vector<Entry> entries_;
    std::size_t list_begin_ = 0;
    std::size_t settle_at_ = kSettleFirst;
    std::size_t dropped_ = 0;
    std::size_t shortest_ = SIZE_MAX;
  };

  // Calls `use(value, covered)` for every value of `host` and then of its parents; `covered` is the
  // part of `host` that is in the set. The values of one name come in ascending order. Stops when
  // `use` returns false. An address matches only itself when `whole_only`.
  template <class Use>
  void each(std::string_view host, bool whole_only, Use use) const {
    if (entries_.empty()) {
      return;
    }
    Suffixes found;
    find_suffixes(host, whole_only, found);
    for (std::size_t n = found.count; n-- > 0;) {
      const Suffix& suffix = found.list[n];
      for (const Entry& entry : values_of(suffix.hash)) {
        if (!use(entry.value, host.substr(suffix.at))) {
          return;
        }
      }
    }
  }
  bool covers(std::string_view host, bool whole_only = false) const;

  // Calls `use(entries)` once for every name, with all that was added for it.
  template <class Use>
  void each_name(Use use) const {
    const std::span<const Entry> all(entries_);
    for (std::size_t from = 0, to = 0; from < all.size(); from = to) {
      for (to = from + 1; to < all.size() && all[to].hash() == all[from].hash();) {
        ++to;
      }
      use(all.subspan(from, to - from));
    }
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t memory() const;  // bytes

 private:
  struct Suffix {
    std::uint64_t hash;
    std::uint32_t at;  // where it begins in the host
  };
  struct Suffixes {
    Suffixes() {}  // leaves the list as it is: writing 4 KiB of zeros would cost more than the rest
    std::array<Suffix, kHostNameLimit + 1> list;  // a host of dots has so many
    std::size_t count = 0;
  };

  // Of the hashes that begin with the same bits: three bits of `present` for each, and where the
  // entries begin, those of the lower half and those of the upper one. One look into memory tells
  // most hosts off, and the others where to look next.
  struct Group {
    std::uint64_t present = 0;
    std::array<std::uint32_t, 2> begin{};
  };

  const Group& group_of(std::uint64_t hash) const {
    return groups_[static_cast<std::size_t>(hash >> group_shift_ >> 1)];
  }
  static std::uint64_t bits_of(std::uint64_t hash) {
    return std::uint64_t{1} << (hash & 63) | std::uint64_t{1} << (hash >> 6 & 63) |
           std::uint64_t{1} << (hash >> 12 & 63);
  }
  const Entry* begin_of(std::uint64_t hash) const {
    return entries_.data() + group_of(hash).begin[hash >> group_shift_ & 1];
  }
  void make_groups();

  // The suffixes of `host` that are perhaps in the set, the shortest first.
  void find_suffixes(std::string_view host, bool whole_only, Suffixes& out) const;

  std::span<const Entry> values_of(std::uint64_t hash) const {
    const Entry* from = begin_of(hash);
    const Entry* const end = entries_.data() + entries_.size();
    while (from != end && from->hash() < hash) {
      ++from;
    }
    const Entry* to = from;
    while (to != end && to->hash() == hash) {
      ++to;
    }
    return {from, to};
  }

  std::vector<Entry> entries_;       // by hash, then value
  std::vector<Group> groups_;        // by the hash's first bits
  unsigned group_shift_ = 63;        // the bits behind those that say the group and the half
  std::size_t shortest_ = SIZE_MAX;  // bytes of the shortest name: no shorter suffix is asked for
};

}  // namespace weir::filters
