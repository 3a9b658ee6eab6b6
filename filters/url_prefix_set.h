// SPDX-License-Identifier: Apache-2.0
//
// Many beginnings of URLs, each with the line that named it, asked which of them a URL begins with.
// A prefix ends where a part of the URL ends: "example.com/ads" covers "/ads", "/ads/x" and
// "/ads?x", but not "/adsense" ("example.com/ads/" and "example.com/?q=" cover whatever follows).
// The host is exact. Only hashes are kept (keyed_hash.h); a URL whose host is in no prefix costs
// one look-up of the host. Immutable once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/domain_set.h"

namespace weir::filters {

// The beginning of URLs. Without a scheme it means any, and then without a port any port.
struct UrlPrefix {
  std::string_view scheme;  // "http", "https" or empty
  std::string_view host;    // normalised
  std::uint16_t port = 0;   // 0: any
  std::string_view path;    // normalised, with the query; "/" at least
};

class UrlPrefixSet {
 public:
  class Builder {
   public:
    void add(const UrlPrefix& prefix, std::uint32_t value);
    std::size_t size() const { return entries_.size(); }
    UrlPrefixSet build() &&;

   private:
    friend class UrlPrefixSet;
    struct Entry {
      std::uint64_t hash;
      std::uint32_t value;
    };
    DomainSet::Builder hosts_;
    std::vector<Entry> entries_;
  };

  // Calls `use(value)` for each prefix that the URL made of these parts begins with; stops when
  // `use` returns false. `path` holds the query.
  template <class Use>
  void each(std::string_view scheme, std::string_view host, std::uint16_t port,
            std::string_view path, Use use) const {
    if (entries_.empty() || !hosts_.covers(host, true)) {
      return;
    }
    for (const std::uint64_t start : starts(scheme, host, port)) {
      std::uint64_t hash = start;
      for (std::size_t n = 0; n < path.size(); ++n) {
        hash = append(hash, path[n]);
        if (may_end(path, n + 1) && !each_of(hash, use)) {
          return;
        }
      }
    }
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t memory() const { return hosts_.memory() + entries_.capacity() * sizeof(Entry); }

 private:
  using Entry = Builder::Entry;
  struct Starts {
    std::uint64_t list[3];
    const std::uint64_t* begin() const { return list; }
    const std::uint64_t* end() const { return list + 3; }
  };

  // The hashes of the three ways in which a prefix may name where this URL leads.
  static Starts starts(std::string_view scheme, std::string_view host, std::uint16_t port);
  static std::uint64_t append(std::uint64_t hash, char c);
  // Whether a prefix of this length would end where a part of the path ends.
  static bool may_end(std::string_view path, std::size_t length) {
    constexpr std::string_view kOpen = "/?&=";
    return length == path.size() || kOpen.find(path[length - 1]) != std::string_view::npos ||
           std::string_view("/?&;").find(path[length]) != std::string_view::npos;
  }

  // The entries with that hash.
  const Entry* first_of(std::uint64_t hash) const;

  template <class Use>
  bool each_of(std::uint64_t hash, Use& use) const {
    const Entry* const end = entries_.data() + entries_.size();
    for (const Entry* entry = first_of(hash); entry != end && entry->hash == hash; ++entry) {
      if (!use(entry->value)) {
        return false;
      }
    }
    return true;
  }

  DomainSet hosts_;
  std::vector<Entry> entries_;  // by hash, then value
};

}  // namespace weir::filters
