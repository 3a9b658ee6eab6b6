// SPDX-License-Identifier: Apache-2.0
//
// Which of many short texts occur in a long one, ASCII case ignored. Each text stands in a table
// under the rarest three bytes of it; the long text is walked once, and at most places a table of
// bits says that nothing begins there. Immutable once built.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/work.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"

namespace weir::filters {

constexpr std::size_t kGateBytesLeast = 3;

class LiteralGate {
 public:
  class Builder {
   public:
    // `literal` has at least three bytes and no capitals. `id` is given when it occurs.
    void add(std::string literal, std::uint32_t id) {
      literals_.emplace_back(std::move(literal), id);
    }
    LiteralGate build() &&;

   private:
    std::vector<std::pair<std::string, std::uint32_t>> literals_;
  };

  // Calls `use(id)` for every id of every literal in `text`, once a literal, until the work is
  // spent. `arena` remembers those that were seen, so that a text which repeats one costs no more.
  template <class Use>
  void each(std::string_view text, Arena& arena, Work& work, Use use) const {
    char* seen = nullptr;
    std::uint32_t three = 0;
    for (std::size_t n = 0; n < text.size() && !entries_.empty(); ++n) {
      three = next(three, text[n]);
      const std::uint32_t slot = slot_of(three);
      if (n + 1 < kGateBytesLeast || (present_[slot / 64] >> (slot % 64) & 1) == 0) {
        continue;
      }
      const std::uint32_t bucket = slot >> bucket_shift_;
      for (std::uint32_t e = buckets_[bucket]; e < buckets_[bucket + 1]; ++e) {
        if (!work.spend(2)) {
          return;
        }
        if (entries_[e].three == three && occurs(entries_[e], text, n) &&
            !was_seen(seen, e, arena)) {
          std::for_each(ids_.begin() + entries_[e].ids, ids_.begin() + entries_[e].ids_end, use);
        }
      }
    }
  }

  std::size_t memory() const;  // bytes

 private:
  struct Entry {
    std::uint32_t three;    // the bytes it is found by
    std::uint32_t literal;  // where it begins in texts_
    std::uint16_t size;
    std::uint16_t before;  // bytes of the literal before the end of the three
    std::uint32_t ids;     // in ids_
    std::uint32_t ids_end;
  };

  static std::uint32_t next(std::uint32_t three, char c) {
    return (three << 8 | static_cast<unsigned char>(to_lower(c))) & 0xffffffU;
  }
  static std::uint32_t slot_of(std::uint32_t three) { return three * 0x9e3779b1U >> 16; }
  // Whether the literal lies in the text so that its three bytes end at text[last].
  bool occurs(const Entry& entry, std::string_view text, std::size_t last) const;
  // Notes that entry `e` was seen; `seen` is taken from the arena when first needed.
  bool was_seen(char*& seen, std::uint32_t e, Arena& arena) const;

  std::string texts_;
  std::vector<Entry> entries_;          // by bucket
  std::vector<std::uint32_t> buckets_;  // by the slot's first bits
  std::vector<std::uint64_t> present_;  // a bit for each slot
  std::vector<std::uint32_t> ids_;
  unsigned bucket_shift_ = 0;
};

}  // namespace weir::filters
