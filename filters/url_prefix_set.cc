// SPDX-License-Identifier: Apache-2.0
//
// See url_prefix_set.h. What is hashed: a number for scheme and port, the host, a zero, the path.
#include "filters/url_prefix_set.h"

#include <algorithm>
#include <tuple>

#include "filters/keyed_hash.h"

namespace weir::filters {
namespace {

constexpr std::uint64_t kAnyScheme = 1;

std::uint64_t start_of(std::string_view scheme, std::string_view host, std::uint16_t port) {
  std::uint64_t kind = kAnyScheme;
  for (const char c : scheme) {
    kind = kind << 8 | static_cast<unsigned char>(c);
    kind %= kHashPrime;
  }
  const std::uint64_t point = hash_point();
  std::uint64_t hash = hash_step(hash_step(kHashStart, point, kind), point, port);
  for (const char c : host) {
    hash = hash_step(hash, point, static_cast<unsigned char>(c));
  }
  return hash_step(hash, point, 0);
}

}  // namespace

std::uint64_t UrlPrefixSet::append(std::uint64_t hash, char c) {
  return hash_step(hash, hash_point(), static_cast<unsigned char>(c));
}

void UrlPrefixSet::Builder::add(const UrlPrefix& prefix, std::uint32_t value) {
  std::uint64_t hash = start_of(prefix.scheme, prefix.host, prefix.port);
  for (const char c : prefix.path) {
    hash = append(hash, c);
  }
  entries_.push_back({hash, value});
  hosts_.add(prefix.host, 0);
}

UrlPrefixSet UrlPrefixSet::Builder::build() && {
  UrlPrefixSet set;
  set.hosts_ = std::move(hosts_).build();
  set.entries_ = std::move(entries_);
  std::ranges::sort(set.entries_, {},
                    [](const Entry& e) { return std::make_tuple(e.hash, e.value); });
  set.entries_.shrink_to_fit();
  return set;
}

UrlPrefixSet::Starts UrlPrefixSet::starts(std::string_view scheme, std::string_view host,
                                          std::uint16_t port) {
  return {{start_of({}, host, 0), start_of({}, host, port), start_of(scheme, host, port)}};
}

const UrlPrefixSet::Entry* UrlPrefixSet::first_of(std::uint64_t hash) const {
  const auto found = std::ranges::lower_bound(entries_, hash, {}, &Entry::hash);
  return entries_.data() + (found - entries_.begin());
}

}  // namespace weir::filters
