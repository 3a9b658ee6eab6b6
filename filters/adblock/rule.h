// SPDX-License-Identifier: Apache-2.0
//
// One network filter as plain data: what a line of an Adblock list says, understood wholly, not yet
// put anywhere. Views point into the line, or into the parser's buffer where the text had to be
// normalised; both live until the next line is parsed.
#pragma once

#include <cstdint>
#include <string_view>

#include "filters/subject.h"

namespace weir::adblock {

using filters::ResourceKind;

// One bit per resource kind, and one more.
using Kinds = std::uint16_t;
constexpr Kinds kind_bit(ResourceKind kind) {
  return static_cast<Kinds>(1U << static_cast<unsigned>(kind));
}
constexpr Kinds kEveryKind = (1U << (static_cast<unsigned>(ResourceKind::Other) + 1)) - 1;
constexpr Kinds kSubresources = kEveryKind & ~kind_bit(ResourceKind::Document);
// The rule names no type, so it concerns a top document only if its match ends where the host ends:
// following a link must not die of a rule meant for subresources.
constexpr Kinds kHostDocument = kEveryKind + 1;
constexpr Kinds kTypeless = kSubresources | kHostDocument;
// In an index, the party a filter is limited to stands beside its kinds.
constexpr Kinds kFirstOnly = kHostDocument << 1U;
constexpr Kinds kThirdOnly = kFirstOnly << 1U;

enum class Shape : std::uint8_t {
  Any,         // matches every URL
  Host,        // ||name^: the host is this name or below it
  Plain,       // literal characters and '^'
  Wild,        // with '*'
  Expression,  // a regular expression
};

enum class Modifier : std::uint8_t {
  None,          // blocks, or as an exception lifts blocks
  Redirect,      // blocks, and names a resource to answer with
  RedirectRule,  // names a resource for what another rule blocks
  RemoveParam,
  RemoveHeader,
  Csp,
  Permissions,
};

// FirstOtherHost: another host of the same party.
enum class PartyLimit : std::uint8_t { Any, First, Third, SameHost, OtherHost, FirstOtherHost };

struct Rule {
  bool exception = false;
  bool important = false;
  bool badfilter = false;
  bool match_case = false;
  bool start = false;       // |pattern: at the beginning of the URL
  bool host_start = false;  // ||pattern: where a label of the host begins
  bool end = false;         // pattern|: at the end of the URL
  Shape shape = Shape::Any;
  std::string_view pattern;  // lower case unless match_case; no anchors; an expression's inside
  Kinds kinds = kTypeless;
  PartyLimit party = PartyLimit::Any;
  std::uint16_t methods = 0;      // bits of kMethods; 0: any
  std::uint16_t not_methods = 0;  // likewise
  Modifier modifier = Modifier::None;
  std::string_view value;      // of the modifier
  std::string_view from;       // domain=
  std::string_view to;         // to=
  std::string_view denyallow;  // denyallow=
};

// What a line turned out to be.
enum class LineKind : std::uint8_t {
  Nothing,      // empty or a comment
  Cosmetic,     // about what a page shows: no proxy can do it
  Rule,         // `rule` holds it
  Silent,       // a rule that says nothing about requests, such as $popup or $generichide
  Unsupported,  // `why` is the option that is not known or not possible here
  Faulty,       // `why` is one clause
};

struct Line {
  LineKind kind = LineKind::Nothing;
  std::string_view why;
  Rule rule;
};

}  // namespace weir::adblock
