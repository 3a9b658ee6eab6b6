// SPDX-License-Identifier: Apache-2.0
//
// A hash map keyed by names that strangers choose: seeded per process, and asked with a view
// without making a string. One thread.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

#include <functional>
#include <string>
#include <string_view>

namespace weir {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return absl::Hash<std::string_view>{}(name);
  }
};

template <class T>
using NameMap = absl::flat_hash_map<std::string, T, NameHash, std::equal_to<>>;

}  // namespace weir
