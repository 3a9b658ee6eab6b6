// SPDX-License-Identifier: Apache-2.0
//
// See domain_set.h.
#include "filters/domain_set.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "filters/name_hash.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

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
