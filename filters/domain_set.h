// SPDX-License-Identifier: Apache-2.0
//
// Millions of host names, each with the lines that named it, asked "this name or a parent of it?"
// in one walk over the name's labels. Names are kept as hashes in flat arrays: no allocation per
// name, nothing to free but the arrays. Immutable once built; any number of threads may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::filters {

class DomainSet {
 public:
  class Builder {
   public:
    // `name` is normalised (base/host.h). It covers itself and everything below. The same name may
    // come with several values; all are kept.
    void add(std::string_view name, std::uint32_t value);
    std::size_t size() const;
    DomainSet build() &&;

   private:
    friend class DomainSet;
    struct Entry {
      std::uint64_t hash;
      std::uint32_t value;
    };
    std::vector<Entry> entries_;
  };

  // Calls `use(value, covered)` for every value of `host` and then of its parents; `covered` is the
  // part of `host` that is in the set. Stops when `use` returns false. An address matches only
  // itself when `whole_only`.
  template <class Use>
  void each(std::string_view host, bool whole_only, Use use) const;
  bool covers(std::string_view host, bool whole_only = false) const;
  std::size_t size() const;
  std::size_t memory() const;  // bytes
};

}  // namespace weir::filters
