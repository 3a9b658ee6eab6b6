// SPDX-License-Identifier: Apache-2.0
//
// Which names our resolver has given which addresses for: what a claimed name is held against, and
// what else is known of an address behind a claim. Bounded; the oldest goes first.
//
// Shared by the workers: what one of them has learned all must know, or rules would depend on
// chance. Any thread; a short lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"

namespace weir {

class NameHistory {
 public:
  static constexpr std::size_t kAddresses = 8192;
  static constexpr std::size_t kNamesEach = 16;
  static constexpr Micros kRemembered = 24 * 3600 * kSecond;

  // The resolver has said that `name` has these addresses.
  void learn(std::string_view name, std::span<const IpAddress> addresses, Instant now);
  // Has it ever, within the last day?
  bool knows(std::string_view name, const IpAddress& address, Instant now) const;
  // The names known for an address, most recent last.
  std::vector<std::string> names_of(const IpAddress& address, Instant now) const;
  std::size_t size() const;

 private:
  struct Name {
    std::string text;
    Instant seen;
  };
  using Names = std::vector<Name>;  // of one address, the most recent last
  const Names* find(const IpAddress& address) const;
  void make_room();
  mutable std::mutex mutex_;
  absl::flat_hash_map<IpAddress, Names> known_;  // guarded
};

}  // namespace weir
