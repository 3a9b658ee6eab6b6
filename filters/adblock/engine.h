// SPDX-License-Identifier: Apache-2.0
//
// The compiled filters: flat records, the texts they need, and where they are found for each thing
// a request is asked: is it blocked, is it excepted, what is changed about it. compile.cc makes it,
// match.cc asks it, modifiers.cc applies what changes a request. Immutable once built.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/adblock/expressions.h"
#include "filters/adblock/hash_index.h"
#include "filters/adblock/host_sets.h"
#include "filters/adblock/pattern.h"
#include "filters/adblock/rule.h"
#include "filters/adblock/tokens.h"
#include "filters/lists/list.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"

namespace weir::adblock {

// One filter, ready to be matched: what matching asks for, four of them in a line of the cache.
struct Filter {
  std::uint32_t pattern_at = 0;  // in Engine::texts; of an expression, its outline
  std::uint32_t limits = 0;      // in Engine::limits; 0: none
  std::uint16_t pattern_size = 0;
  Kinds kinds = 0;
  Shape shape = Shape::Any;
  Modifier modifier = Modifier::None;
  PartyLimit party = PartyLimit::Any;
  bool exception : 1 = false;
  bool important : 1 = false;
  bool start : 1 = false;
  bool host_start : 1 = false;
  bool end : 1 = false;
  bool match_case : 1 = false;
  bool methods : 1 = false;  // its limits name some

  // Of every type, for the host's own pages and others.
  bool whatever_asks() const {
    return (kinds & kSubresources) == kSubresources && party == PartyLimit::Any;
  }
  // Of a ||host^: 48 bits of its name's hash. The index compares eleven of the others.
  void set_name(std::uint64_t hash) {
    pattern_at = static_cast<std::uint32_t>(hash);
    pattern_size = static_cast<std::uint16_t>(hash >> 32U);
  }
  std::uint64_t name() const { return std::uint64_t{pattern_size} << 32U | pattern_at; }
  bool is_named_one_of(const Names& names) const {
    for (std::uint32_t i = 0; i < names.count; ++i) {
      if ((names.hashes[i] & 0xffff'ffff'ffffULL) == name()) {
        return true;
      }
    }
    return false;
  }
};
static_assert(sizeof(Filter) == 16);

// Where a filter comes from.
struct Origin {
  std::uint32_t line_at = 0;  // offset of its line in the list's text
  std::uint32_t line = 0;     // from 1
};

// What only some filters ask for besides.
struct Limits {
  std::uint32_t from = HostSets::kNone;
  std::uint32_t to = HostSets::kNone;
  std::uint32_t denyallow = HostSets::kNone;
  std::uint16_t methods = 0;
  std::uint16_t not_methods = 0;
  std::uint32_t value_at = 0;  // in Engine::texts
  std::uint32_t value_size = 0;
  std::uint32_t expression = UINT32_MAX;        // of the pattern
  std::uint32_t value_expression = UINT32_MAX;  // $removeparam=/…/
};

// A filter that no index finds.
struct Unfiled {
  std::uint32_t filter;
  Kinds kinds;
  RarePair pair;  // of its pattern
};

// Of one purpose: what no index finds, and what may be found at all.
struct Rest {
  std::vector<Unfiled> always;
  Kinds kinds = 0;  // of any filter
};

struct Source {
  std::uint16_t list = 0;  // index into the policy's lists
  std::string_view name;
  std::string_view text;
  std::uint32_t first = 0;  // of its filters, which lie together
};

struct Engine {
  std::vector<Source> lists;
  std::vector<Filter> filters;
  std::vector<Origin> origins;           // of the filters
  std::vector<std::uint16_t> name_tops;  // of the filters: the hash's other bits, until it is filed
  std::vector<Limits> limits{1};
  std::string texts;
  Expressions expressions;
  HostSets hosts{expressions};
  HashIndex<NameEntry> by_host;    // ||name^ by the name, and what to= wants
  HashIndex<TokenEntry> by_token;  // of the pattern
  HashIndex<NameEntry> by_page;    // by a name that domain= wants
  bool page_entities = false;      // `by_page` holds names without their suffix
  std::array<Rest, kPurposes> rest;
  bool third_party_hosts = false;

  std::string_view text(std::uint32_t at, std::uint32_t size) const {
    return std::string_view(texts).substr(at, size);
  }
  std::string_view value(const Filter& filter) const {
    return text(limits[filter.limits].value_at, limits[filter.limits].value_size);
  }
  std::size_t list_of(std::size_t filter) const;  // in `lists`
  filters::ListHit hit(const Filter& filter) const;
  std::size_t memory() const;
};

}  // namespace weir::adblock
