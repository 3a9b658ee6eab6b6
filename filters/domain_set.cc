// SPDX-License-Identifier: Apache-2.0
//
// See domain_set.h. A name is hashed from its end, label by label, so that the hashes of all its
// parents come out on the way.
#include "filters/domain_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "filters/keyed_hash.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

constexpr std::size_t kPiece = 7;  // bytes that fit into one number of the hash
constexpr std::uint64_t kLabelEnds = std::uint64_t{1} << 59;

// The bytes of a piece as one number, and how many they are.
std::uint64_t piece_of(const char* text, std::size_t size) {
  const auto byte = [text](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(text[i])};
  };
  std::uint64_t out = std::uint64_t{size} << 56;
  if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, text, sizeof(first));
    std::memcpy(&last, text + size - sizeof(last), sizeof(last));
    return out | first | std::uint64_t{last} << (8 * (size - sizeof(last)));  // they overlap
  }
  return size == 0 ? out : out | byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
}

// Appends a label to what stands right of it. Pieces carry their length and whether they end the
// label, so that two different names are always two different sequences.
std::uint64_t append_label(std::uint64_t hash, std::string_view label, std::uint64_t at) {
  do {
    const std::size_t size = std::min(label.size(), kPiece);
    const std::uint64_t piece = piece_of(label.data(), size);
    label.remove_prefix(size);
    hash = hash_step(hash, at, piece | (label.empty() ? kLabelEnds : 0));
  } while (!label.empty());
  return hash;
}

// Calls use(hash, where it begins) for every suffix of whole labels, the shortest first.
template <class Use>
void each_suffix(std::string_view name, Use use) {
  const std::uint64_t at = hash_point();
  std::uint64_t hash = kHashStart;
  for (std::size_t end = name.size();;) {
    std::size_t begin = end;
    while (begin > 0 && name[begin - 1] != '.') {
      --begin;
    }
    hash = append_label(hash, name.substr(begin, end - begin), at);
    use(hash_spread(hash), begin);
    if (begin == 0) {
      return;
    }
    end = begin - 1;
  }
}

bool before(const DomainSet::Entry& a, const DomainSet::Entry& b) {
  return a.hash() != b.hash() ? a.hash() < b.hash() : a.value < b.value;
}

}  // namespace

void DomainSet::Builder::add(std::string_view name, std::uint32_t value) {
  std::uint64_t whole = 0;
  each_suffix(name, [&whole](std::uint64_t hash, std::size_t) { whole = hash; });
  entries_.push_back(
      {static_cast<std::uint32_t>(whole >> 32), static_cast<std::uint32_t>(whole), value});
  if (entries_.size() - list_begin_ >= settle_at_) {
    settle_list();
    settle_at_ = std::max(kSettleFirst, 2 * (entries_.size() - list_begin_));
  }
}

// Sorts what has come of the list and keeps each name once, with its least value.
void DomainSet::Builder::settle_list() {
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(list_begin_);
  std::sort(begin, entries_.end(), before);
  const auto same = [](const Entry& a, const Entry& b) { return a.hash() == b.hash(); };
  const auto end = std::unique(begin, entries_.end(), same);
  dropped_ += static_cast<std::size_t>(entries_.end() - end);
  entries_.erase(end, entries_.end());
}

std::size_t DomainSet::Builder::end_list() {
  settle_list();
  // The lists before are in order already.
  std::inplace_merge(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(list_begin_),
                     entries_.end(), before);
  list_begin_ = entries_.size();
  settle_at_ = kSettleFirst;
  return std::exchange(dropped_, 0);
}

DomainSet DomainSet::Builder::build() && {
  DomainSet set;
  end_list();
  set.entries_ = std::move(entries_);
  auto& entries = set.entries_;
  if (entries.capacity() > entries.size() + entries.size() / 8) {
    entries.shrink_to_fit();
  }
  // About four names in a bucket, about eight bits for a name.
  const auto width = static_cast<unsigned>(std::bit_width(entries.size()));
  const unsigned bucket_bits = width > 3 ? width - 2 : 1;
  set.bucket_shift_ = 64 - bucket_bits;
  set.buckets_.assign((std::size_t{1} << bucket_bits) + 1, 0);
  set.present_.assign(std::size_t{1} << (width > 3 ? width - 3 : 0), 0);
  set.present_mask_ = set.present_.size() - 1;
  for (const Entry& entry : entries) {
    ++set.buckets_[static_cast<std::size_t>(entry.hash() >> set.bucket_shift_) + 1];
    set.present_[set.word_of(entry.hash())] |= bits_of(entry.hash());
  }
  for (std::size_t n = 1; n < set.buckets_.size(); ++n) {
    set.buckets_[n] += set.buckets_[n - 1];
  }
  return set;
}

void DomainSet::find_suffixes(std::string_view host, bool whole_only, Suffixes& out) const {
  if (host.size() > kHostNameLimit) {
    return;
  }
  each_suffix(host, [&](std::uint64_t hash, std::size_t at) {
    if ((!whole_only || at == 0) && out.count < out.list.size()) {
      __builtin_prefetch(&present_[word_of(hash)]);
      out.list[out.count++] = {hash, static_cast<std::uint32_t>(at)};
    }
  });
  std::size_t kept = 0;
  for (std::size_t n = 0; n < out.count; ++n) {
    const std::uint64_t bits = bits_of(out.list[n].hash);
    if ((present_[word_of(out.list[n].hash)] & bits) == bits) {
      __builtin_prefetch(&buckets_[static_cast<std::size_t>(out.list[n].hash >> bucket_shift_)]);
      out.list[kept++] = out.list[n];
    }
  }
  out.count = kept;
}

bool DomainSet::covers(std::string_view host, bool whole_only) const {
  bool found = false;
  each(host, whole_only, [&found](std::uint32_t, std::string_view) {
    found = true;
    return false;
  });
  return found;
}

std::size_t DomainSet::memory() const {
  return entries_.capacity() * sizeof(Entry) + buckets_.capacity() * sizeof(std::uint32_t) +
         present_.capacity() * sizeof(std::uint64_t);
}

}  // namespace weir::filters
