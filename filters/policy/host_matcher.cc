// SPDX-License-Identifier: Apache-2.0
//
// See host_matcher.h. Patterns are normalised with the function that normalises hosts, so that a
// rule and a request cannot disagree about the spelling of a name.
#include "filters/policy/host_matcher.h"

#include <algorithm>

#include "filters/policy/wildcard.h"
#include "proxy/base/arena.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

constexpr std::uint8_t kItself = 1;
constexpr std::uint8_t kBelow = 2;

bool plausible_wildcard(std::string_view pattern) {
  std::string sample(pattern);
  std::ranges::replace(sample, '*', 'x');
  Arena arena;
  const auto host = normalise_host(sample, false, arena);
  return host && !host->address;
}

}  // namespace

std::optional<std::string> HostMatcher::add(std::string_view pattern) {
  const bool brackets = pattern.starts_with('[') && pattern.ends_with(']');
  const std::string_view bare = brackets ? pattern.substr(1, pattern.size() - 2) : pattern;
  if (const auto address = IpAddress::parse(bare)) {
    addresses_.push_back(*address);
    return std::nullopt;
  }
  if (pattern.find_first_of("/:@?#") != std::string_view::npos) {
    return "write the host alone, without scheme, port and path";
  }
  if (pattern.starts_with("*.") && pattern.find('*', 1) == std::string_view::npos) {
    return add_name(pattern.substr(2), kBelow);
  }
  if (pattern.starts_with('.')) {
    return add_name(pattern.substr(1), kItself | kBelow);
  }
  if (pattern.find('*') == std::string_view::npos) {
    return add_name(pattern, kItself);
  }
  if (pattern == "*") {
    return "it means every host; leave the condition out";
  }
  if (!plausible_wildcard(pattern)) {
    return "it is no host name; a * stands for a part of one label";
  }
  const std::string_view unrooted = pattern.substr(0, pattern.size() - pattern.ends_with('.'));
  wildcards_.push_back(lowered(unrooted));
  return std::nullopt;
}

std::optional<std::string> HostMatcher::add_name(std::string_view name, std::uint8_t how) {
  Arena arena;
  const auto host = normalise_host(name, false, arena);
  if (!host) {
    const bool ascii = std::ranges::all_of(name, [](char c) { return (c & 0x80) == 0; });
    return ascii ? "it is no host name; names have letters, digits, - and _ between dots"
                 : "write an international name in its ASCII form, which begins with xn--";
  }
  if (host->address) {
    return "an address has nothing below it; write the address or use `destination`";
  }
  names_[std::string(host->name)] |= how;
  sizes_ |= std::uint64_t{1} << (host->name.size() % 64);
  below_ = below_ || (how & kBelow) != 0;
  return std::nullopt;
}

bool HostMatcher::matches(std::string_view host, const std::optional<IpAddress>& address) const {
  if (!address) {
    return matches_name(host);
  }
  const auto named = [this](const IpAddress& a) {
    return std::ranges::find(addresses_, a) != addresses_.end();
  };
  if (addresses_.empty() || named(*address)) {
    return !addresses_.empty();
  }
  return std::ranges::any_of(address->embedded_all(), named);
}

std::uint8_t HostMatcher::meant(std::string_view name) const {
  if ((sizes_ >> (name.size() % 64) & 1) == 0) {
    return 0;
  }
  const auto found = names_.find(name);
  return found == names_.end() ? 0 : found->second;
}

bool HostMatcher::matches_name(std::string_view host) const {
  if ((meant(host) & kItself) != 0) {
    return true;
  }
  for (auto dot = host.find('.'); below_ && dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    if ((meant(host.substr(dot + 1)) & kBelow) != 0) {
      return true;
    }
  }
  return std::ranges::any_of(wildcards_, [host](const std::string& pattern) {
    return wildcard_match(pattern, host, false, '.');
  });
}

}  // namespace weir::filters
