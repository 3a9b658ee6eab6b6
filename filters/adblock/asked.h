// SPDX-License-Identifier: Apache-2.0
//
// One request, taken apart once: its URL, its words, its hosts, and where in an engine the filters
// lie that may concern it. Views point into the subject and the arena.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "filters/adblock/engine.h"
#include "filters/subject.h"
#include "filters/work.h"
#include "proxy/base/arena.h"

namespace weir::adblock {

// What one request may cost, all questions about it together. Real lists and URLs take some
// hundreds, at most a few thousand.
constexpr std::uint32_t kWorkMost = 500'000;

// Where the filters of each of a host's names lie.
struct Places {
  std::uint32_t count = 0;
  std::array<Place, Names::kMost> list;
  void set(const Engine& engine, const HashIndex<NameEntry>& index, const Names& names) {
    count = 0;
    for (std::uint32_t i = 0; i < names.count; ++i) {
      if (index.may_hold(names.hashes[i])) {
        list[count] = index.find(names.hashes[i], engine.filters.data());
        count += list[count].purposes != 0 ? 1U : 0U;
      }
    }
  }
};

// In Found::at: the token comes again, so its filters are looked for anywhere.
constexpr std::uint32_t kRepeated = 1U << 31U;

// A token of the URL that filters know.
struct Found {
  Place place;
  std::uint32_t at;  // where it begins
  std::uint32_t near;
};

struct Asked {
  UrlView url;           // lower case
  std::string_view raw;  // as sent
  AskedHost host;
  const AskedHost& page() const { return same_host ? host : page_; }
  Kinds kinds = 0;      // a filter must have one of these
  Kinds forbidden = 0;  // and none of these parties
  // Without a branch: which of many filters fit is beyond guessing.
  bool fits(Kinds filter) const {
    return ((filter & kinds) != 0) & static_cast<unsigned>((filter & forbidden) == 0);
  }
  std::uint16_t method = 0;
  bool third = false;
  bool same_host = false;
  bool host_only = false;
  bool from_any_page = false;  // domain= is taken to name the page, whatever it names
  mutable bool paired = false;
  mutable std::array<std::uint64_t, 16> pairs;  // bits: two characters that stand together
  Places by_host;
  std::span<const Found> tokens;  // each once
  mutable filters::Work work{kWorkMost};
  mutable const Filter* dearest = nullptr;  // the one at which it was spent
  bool gave_up_at(const Filter& filter) const {
    if (work.spent() && dearest == nullptr) {
      dearest = &filter;
    }
    return work.spent();
  }

  // False when the URL lacks two characters that stand together in the pattern, which settles
  // nearly all filters that no index can find. The first few are searched for by `pair` alone,
  // which is less work than noting all pairs of the URL.
  bool may_contain(std::string_view pattern, const RarePair& pair) const;

  // By the page's names, worked out when they are asked for.
  const Places& by_page(const Engine& engine) const;
  const Places& by_entity(const Engine& engine) const;

  // Not in the constructor: it is large, and must not be zeroed.
  void set(const Engine& engine, const filters::Subject& subject, Arena& arena);

  // Before each_match() of exceptions, and behind it: what a tunnel's unknown page may be is
  // another question for them.
  void ask_about(const Engine& engine, Purpose purpose);

 private:
  AskedHost page_;  // another host
  mutable Places pages_;
  mutable Places entities_;
  mutable bool has_pages_ = false;
  mutable bool has_entities_ = false;
  mutable unsigned searched_ = 0;
};

}  // namespace weir::adblock
