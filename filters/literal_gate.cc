// SPDX-License-Identifier: Apache-2.0
//
// See literal_gate.h.
#include "filters/literal_gate.h"

#include <bit>
#include <cstring>
#include <unordered_map>

namespace weir::filters {
namespace {

constexpr std::size_t kSlots = 65536;

std::uint32_t three_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t n) {
    return std::uint32_t{static_cast<unsigned char>(text[at + n])};
  };
  return byte(0) << 16 | byte(1) << 8 | byte(2);
}

// How often three bytes occur in the literals; those that nearly every URL has count as often.
using Counts = std::unordered_map<std::uint32_t, std::uint32_t>;

void count(std::string_view text, std::uint32_t times, Counts& counts) {
  for (std::size_t at = 0; at + kGateBytesLeast <= text.size(); ++at) {
    counts[three_at(text, at)] += times;
  }
}

std::size_t rarest(std::string_view literal, const Counts& counts) {
  std::size_t best = 0;
  for (std::size_t at = 1; at + kGateBytesLeast <= literal.size(); ++at) {
    if (counts.at(three_at(literal, at)) < counts.at(three_at(literal, best))) {
      best = at;
    }
  }
  return best;
}

}  // namespace

LiteralGate LiteralGate::Builder::build() && {
  LiteralGate gate;
  std::ranges::sort(literals_);
  literals_.erase(std::unique(literals_.begin(), literals_.end()), literals_.end());
  Counts counts;
  for (const auto* common :
       {"https://www.", "http://", ".com/", ".net/", ".org/", ".html", ".php?"}) {
    count(common, 1'000'000, counts);
  }
  for (const auto& [literal, id] : literals_) {
    count(literal, 1, counts);
  }
  for (std::size_t n = 0; n < literals_.size(); ++n) {
    const std::string& literal = literals_[n].first;
    gate.ids_.push_back(literals_[n].second);
    if (n > 0 && literals_[n - 1].first == literal) {
      ++gate.entries_.back().ids_end;
      continue;
    }
    const std::size_t at = rarest(literal, counts);
    gate.entries_.push_back({three_at(literal, at), static_cast<std::uint32_t>(gate.texts_.size()),
                             static_cast<std::uint16_t>(literal.size()),
                             static_cast<std::uint16_t>(at + kGateBytesLeast),
                             static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n + 1)});
    gate.texts_ += literal;
  }
  const auto bits =
      std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(gate.entries_.size())) + 1, 1, 16);
  gate.bucket_shift_ = 16 - bits;
  gate.buckets_.assign((std::size_t{1} << bits) + 1, 0);
  gate.present_.assign(kSlots / 64, 0);
  std::ranges::sort(gate.entries_, {}, [](const Entry& e) { return slot_of(e.three); });
  for (const Entry& entry : gate.entries_) {
    const std::uint32_t slot = slot_of(entry.three);
    gate.present_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    ++gate.buckets_[(slot >> gate.bucket_shift_) + 1];
  }
  for (std::size_t n = 1; n < gate.buckets_.size(); ++n) {
    gate.buckets_[n] += gate.buckets_[n - 1];
  }
  return gate;
}

bool LiteralGate::occurs(const Entry& entry, std::string_view text, std::size_t last) const {
  if (last + 1 < entry.before || text.size() - (last + 1 - entry.before) < entry.size) {
    return false;
  }
  const char* const there = text.data() + (last + 1 - entry.before);
  const char* const literal = texts_.data() + entry.literal;
  for (std::size_t n = 0; n < entry.size; ++n) {
    if (to_lower(there[n]) != literal[n]) {
      return false;
    }
  }
  return true;
}

bool LiteralGate::was_seen(char*& seen, std::uint32_t e, Arena& arena) const {
  if (seen == nullptr) {
    const std::size_t size = entries_.size() / 8 + 1;
    seen = arena.allocate(size);
    std::memset(seen, 0, size);
  }
  const char bit = static_cast<char>(1 << (e % 8));
  const bool was = (seen[e / 8] & bit) != 0;
  seen[e / 8] = static_cast<char>(seen[e / 8] | bit);
  return was;
}

std::size_t LiteralGate::memory() const {
  return texts_.capacity() + entries_.capacity() * sizeof(Entry) +
         (buckets_.capacity() + ids_.capacity()) * sizeof(std::uint32_t) +
         present_.capacity() * sizeof(std::uint64_t);
}

}  // namespace weir::filters
