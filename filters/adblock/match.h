// SPDX-License-Identifier: Apache-2.0
//
// One request, taken apart once, and the question whether a filter matches it. Views point into the
// subject and the arena.
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

struct Asked {
  UrlView url;           // lower case
  std::string_view raw;  // as sent
  AskedHost host;
  AskedHost page;
  Kinds kinds = 0;      // a filter must have one of these
  Kinds forbidden = 0;  // and none of these parties
  bool fits(Kinds filter) const { return (filter & kinds) != 0 && (filter & forbidden) == 0; }
  std::uint16_t method = 0;
  bool third = false;
  bool same_host = false;
  bool host_only = false;
  bool document = false;
  mutable bool paired = false;
  mutable std::array<std::uint64_t, 16> pairs;  // bits: two characters that stand together
  std::span<const Token> tokens;                // each once, those that filters know
  mutable filters::Work work{kWorkMost};
  mutable const Filter* dearest = nullptr;  // the one at which it was spent
  bool gave_up_at(const Filter& filter) const {
    if (work.spent() && dearest == nullptr) {
      dearest = &filter;
    }
    return work.spent();
  }

  // False when the URL lacks two characters that stand together in the pattern, which settles
  // nearly all filters that no index can find.
  bool may_contain(std::string_view pattern) const;

  // Not in the constructor: it is large, and must not be zeroed.
  void set(const Engine& engine, const filters::Subject& subject, Arena& arena);
};
// In Token::at: the token comes again, so its filters are looked for anywhere.
constexpr std::uint32_t kRepeated = 1U << 31U;

// Whether the filter matches. `token_at`: where the token by which it was found begins in the URL,
// and `at` in the pattern; kNoMatch: it was found otherwise.
bool matches(const Engine& engine, const Filter& filter, const Asked& asked,
             std::size_t token_at = kNoMatch, std::uint16_t at = 0);

constexpr std::size_t kTryCost = 8;  // of a filter that is looked at, besides searching

// Calls `use(filter)` for each filter of `index` that matches and that `wants(filter)`, until it
// returns true. A filter may come twice. True when `use` did, or when the work was spent before all
// were asked: asked.work tells.
template <class Wants, class Use>
bool each_match(const Engine& engine, const Index& index, const Asked& asked, Wants&& wants,
                Use&& use) {
  if ((index.kinds & asked.kinds) == 0) {
    return false;
  }
  const auto ask = [&](const IndexEntry& entry, bool fits, std::size_t token_at) {
    const Filter& filter = engine.filters[entry.filter];
    const bool yes = asked.work.spend(fits ? kTryCost : 1) && fits && wants(filter) &&
                     matches(engine, filter, asked, token_at, entry.place()) && use(filter);
    return yes || asked.gave_up_at(filter);
  };
  const auto plain = [&](const IndexEntry& entry) {
    return ask(entry, asked.fits(entry.kinds), kNoMatch);
  };
  const auto under = [&](const HashIndex& part, const Names& names) {
    for (std::uint32_t i = 0; i < names.count; ++i) {
      if (part.each(names.hashes[i], plain)) {
        return true;
      }
    }
    return false;
  };
  if (!index.hosts.empty() && under(index.hosts, asked.host.names())) {
    return true;
  }
  for (const Token& token : asked.tokens) {
    const bool once = (token.at & kRepeated) == 0;
    const auto at = once ? token.at : kNoMatch;
    const auto by_token = [&](const IndexEntry& entry) {
      const bool fits = asked.fits(entry.kinds) && (!once || entry.may_be_near(token.near));
      return ask(entry, fits, at);
    };
    if (index.tokens.each(token_key(token.hash), by_token)) {
      return true;
    }
  }
  if (!index.pages.empty() && !asked.host_only &&
      (under(index.pages, asked.page.names()) ||
       (index.page_entities && under(index.pages, asked.page.entities(engine.hosts))))) {
    return true;
  }
  for (const auto& entry : index.always) {
    const Filter& filter = engine.filters[entry.filter];
    if (!asked.work.spend(2) || !asked.fits(entry.kinds)) {
      if (asked.gave_up_at(filter)) {
        return true;
      }
    } else if (asked.may_contain(engine.text(filter.pattern_at, filter.pattern_size)) &&
               plain(entry)) {
      return true;
    }
  }
  return false;
}

}  // namespace weir::adblock
