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
  if (name.size() > kHostNameLimit) {
    return;  // no host is so long
  }
  std::uint64_t whole = 0;
  each_suffix(name, name.size(), 0, [&whole](std::uint64_t hash, std::size_t) { whole = hash; });
  shortest_ = std::min(shortest_, name.size());
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
  set.shortest_ = shortest_;
  if (set.entries_.capacity() > set.entries_.size() + set.entries_.size() / 8) {
    set.entries_.shrink_to_fit();
  }
  set.make_groups();
  return set;
}

// Four to eight names in a group, about eight bits for a name.
void DomainSet::make_groups() {
  const auto width = static_cast<unsigned>(std::bit_width(entries_.size()));
  const unsigned group_bits = width > 3 ? width - 3 : 0;
  group_shift_ = 63 - group_bits;
  groups_.resize(std::size_t{1} << group_bits);
  std::size_t next = 0;
  for (std::size_t half = 0; half < 2 * groups_.size(); ++half) {
    Group& group = groups_[half / 2];
    group.begin[half % 2] = static_cast<std::uint32_t>(next);
    for (; next < entries_.size() && entries_[next].hash() >> group_shift_ == half; ++next) {
      group.present |= bits_of(entries_[next].hash());
    }
  }
}

void DomainSet::find_suffixes(std::string_view host, bool whole_only, Suffixes& out) const {
  if (host.size() > kHostNameLimit) {
    return;
  }
  std::size_t count = 0;
  each_suffix(host, shortest_, 0, [&](std::uint64_t hash, std::size_t at) {
    if (!whole_only || at == 0) {
      __builtin_prefetch(&group_of(hash));
      out.list[count++] = {hash, static_cast<std::uint32_t>(at)};
    }
  });
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint64_t bits = bits_of(out.list[n].hash);
    if ((group_of(out.list[n].hash).present & bits) == bits) {
      __builtin_prefetch(begin_of(out.list[n].hash));
      out.list[out.count++] = out.list[n];
    }
  }
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
  return entries_.capacity() * sizeof(Entry) + groups_.capacity() * sizeof(Group);
}

}  // namespace weir::filters
