// SPDX-License-Identifier: Apache-2.0
//
// The hosts that one condition names: names, names and what is below them, wildcards within labels,
// and addresses. Names are found by hashing each suffix of the host, so a thousand of them cost
// what one does. Immutable once built; asking allocates nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "proxy/base/address.h"

namespace weir::filters {

class HostMatcher {
 public:
  // Adds one pattern as its author wrote it; what is wrong with it, with the remedy, or nothing.
  std::optional<std::string> add(std::string_view pattern);

  // `host` is normalised; `address` is set when it is one. An address that embeds an IPv4 address
  // is judged as that one too, since dialling it may reach it.
  bool matches(std::string_view host, const std::optional<IpAddress>& address) const;

 private:
  std::optional<std::string> add_name(std::string_view name, std::uint8_t how);
  bool matches_name(std::string_view host) const;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Names = absl::flat_hash_map<std::string, std::uint8_t, Hash, std::equal_to<>>;

  // What of the name is meant; 0 when it is none of ours.
  std::uint8_t meant(std::string_view name) const;

  Names names_;
  std::uint64_t sizes_ = 0;  // a bit for each size of a name, modulo 64: most are turned away by it
  std::vector<std::string> wildcards_;
  std::vector<IpAddress> addresses_;
  bool below_ = false;  // some name covers more than itself
};

}  // namespace weir::filters
