// SPDX-License-Identifier: Apache-2.0
//
// The rules of an Adblock list that block hosts, read once more from its text, for the command
// line.
#pragma once

#include <set>
#include <span>
#include <string>

#include "filters/adblock/parse.h"
#include "filters/adblock/preparse.h"
#include "filters/lists/lines.h"

namespace weir::filters {

using BadNames = std::set<std::string, std::less<>>;

// The hosts whose rules a $badfilter of any of the lists names.
BadNames bad_names(std::span<const List> lists);

// Blocks the host, perhaps only for some, and does nothing else that a rule for a parent would not.
bool blocks_host(const adblock::Rule& rule);

// Blocks the host for all.
bool blocks_whole(const adblock::Rule& rule);

// Calls `take(rule)` for the rules whose line has `holding` in it and that are in force as far as
// one list tells.
template <class Take>
void each_rule(const List& list, std::string_view holding, const Take& take) {
  adblock::LineParser parser;
  adblock::Conditionals conditionals;
  for (Lines lines(list.text); lines.next();) {
    const bool directive = list.text.substr(lines.offset()).starts_with("!#");
    const bool condition = directive && conditionals.take(lines.line());
    if (condition || !conditionals.active() || lines.line().find(holding) == npos) {
      continue;
    }
    if (const auto line = parser.parse(lines.line()); line.kind == adblock::LineKind::Rule) {
      take(line.rule);
    }
  }
}

}  // namespace weir::filters
