// SPDX-License-Identifier: Apache-2.0
//
// See address_map.h. The ends of all prefixes, sorted, cut the address space; a prefix then gives
// its bits to every run between its ends. Prefixes nest at most 128 deep, which bounds the work.
#include "filters/policy/address_map.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::filters {
namespace {

using AddressPlace = std::pair<std::uint64_t, std::uint64_t>;  // high, low

struct Span {
  AddressPlace first;
  AddressPlace last;
  std::uint64_t bits;
};

AddressPlace place_of(const IpAddress& address) {
  if (address.is_v4()) {
    return {0, address.v4_bits()};
  }
  AddressPlace out{0, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    out.first = out.first << 8 | address.bytes()[i];
    out.second = out.second << 8 | address.bytes()[i + 8];
  }
  return out;
}

// All ones below the first `length` of `width` bits, at most 64.
std::uint64_t tail(unsigned width, unsigned length) {
  const unsigned rest = width - std::min(width, length);
  return rest == 64 ? UINT64_MAX : (std::uint64_t{1} << rest) - 1;
}

Span span_of(const AddressMap::Entry& entry) {
  const unsigned length = entry.prefix.length;
  Span out{place_of(entry.prefix.base), place_of(entry.prefix.base), entry.bits};
  if (entry.prefix.base.is_v4()) {
    out.last.second |= tail(32, length);
    return out;
  }
  out.last.first |= tail(64, length);
  out.last.second |= tail(64, length > 64 ? length - 64 : 0);
  return out;
}

AddressPlace after(AddressPlace place) {
  return {place.first + (place.second == UINT64_MAX ? 1 : 0), place.second + 1};
}

template <class Run>
std::vector<Run> cut(const std::vector<Span>& spans) {
  std::vector<AddressPlace> ends;
  for (const auto& span : spans) {
    ends.push_back(span.first);
    if (const AddressPlace next = after(span.last); next != AddressPlace{0, 0}) {
      ends.push_back(next);
    }
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  std::vector<Run> runs;
  for (const auto& end : ends) {
    runs.push_back({end.first, end.second, 0});
  }
  for (const auto& span : spans) {
    auto at = std::ranges::lower_bound(ends, span.first) - ends.begin();
    for (auto i = static_cast<std::size_t>(at); i < ends.size() && ends[i] <= span.last; ++i) {
      runs[i].bits |= span.bits;
    }
  }
  return runs;
}

}  // namespace

AddressMap::AddressMap(const std::vector<Entry>& entries) {
  std::vector<Span> v4;
  std::vector<Span> v6;
  for (const auto& entry : entries) {
    (entry.prefix.base.is_v4() ? v4 : v6).push_back(span_of(entry));
  }
  runs_v4_ = cut<Run>(v4);
  runs_ = cut<Run>(v6);
}

std::uint64_t AddressMap::bits(const IpAddress& address) const {
  const auto& runs = address.is_v4() ? runs_v4_ : runs_;
  const AddressPlace place = place_of(address);
  const auto next = std::upper_bound(runs.begin(), runs.end(), place,
                                     [](const AddressPlace& wanted, const Run& run) {
                                       return wanted < AddressPlace{run.high, run.low};
                                     });
  return next == runs.begin() ? 0 : std::prev(next)->bits;
}

}  // namespace weir::filters
