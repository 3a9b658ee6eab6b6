// SPDX-License-Identifier: Apache-2.0
//
// See below.h. Two passes over the names: what covers others is gathered, then each is asked about.
#include "filters/lists/below.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "filters/adblock/parse.h"
#include "filters/adblock/preparse.h"
#include "filters/domain_set.h"
#include "filters/lists/lines.h"
#include "filters/lists/names_of.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

using BadNames = std::set<std::string, std::less<>>;

// Rules that are in force as far as one list tells.
template <class Take>
void each_rule(const List& list, std::string_view holding, const Take& take) {
  adblock::LineParser parser;
  adblock::Conditionals conditionals;
  for (Lines lines(list.text); lines.next();) {
    const bool condition = lines.line().starts_with("!#") && conditionals.take(lines.line());
    if (condition || !conditionals.active() || lines.line().find(holding) == npos) {
      continue;
    }
    if (const auto line = parser.parse(lines.line()); line.kind == adblock::LineKind::Rule) {
      take(line.rule);
    }
  }
}

BadNames bad_names(std::span<const List> lists) {
  BadNames out;
  for (const List& list : lists) {
    if (list.format == ListFormat::Adblock) {
      each_rule(list, "badfilter", [&out](const adblock::Rule& rule) {
        if (rule.badfilter && rule.shape == adblock::Shape::Host) {
          out.emplace(rule.pattern);
        }
      });
    }
  }
  return out;
}

// Blocks the host, perhaps only for some, and does nothing else that a rule for a parent would not.
bool blocks_host(const adblock::Rule& rule) {
  return rule.shape == adblock::Shape::Host && !rule.exception && !rule.important &&
         !rule.badfilter && rule.modifier == adblock::Modifier::None;
}

bool blocks_whole(const adblock::Rule& rule) {
  return blocks_host(rule) && rule.kinds == adblock::kTypeless &&
         rule.party == adblock::PartyLimit::Any && rule.from.empty() && rule.to.empty() &&
         rule.denyallow.empty() && rule.methods == 0 && rule.not_methods == 0;
}

struct Below {
  DomainSet::Builder names;
  DomainSet all;
  DomainSet::Builder found;  // each once

  static std::string add(void* to, std::uint32_t /*line*/, const std::string_view& name) {
    static_cast<Below*>(to)->names.add(name, 0);
    return {};
  }
  static std::string ask(void* to, std::uint32_t /*line*/, const std::string_view& name) {
    auto& self = *static_cast<Below*>(to);
    const std::size_t dot = name.find('.');
    const bool address = IpAddress::parse(name).has_value();
    if (dot != npos && !address && self.all.covers(name.substr(dot + 1))) {
      self.found.add(name, 0);
    }
    return {};
  }
  void gathered() {
    names.end_list();
    all = std::move(names).build();
  }
  std::uint32_t count() {
    found.end_list();
    return static_cast<std::uint32_t>(found.size());
  }
};

}  // namespace

std::uint32_t count_below(std::span<const List> lists, std::size_t which) {
  const List& list = lists[which];
  Below below;
  if (lists_names(list)) {
    each_name(list, {&below, Below::add});
    below.gathered();
    each_name(list, {&below, Below::ask});
  } else if (list.format == ListFormat::Adblock) {
    const BadNames bad = bad_names(lists);
    each_rule(list, "", [&](const adblock::Rule& rule) {
      if (blocks_whole(rule) && !bad.contains(rule.pattern)) {
        Below::add(&below, 0, rule.pattern);
      }
    });
    below.gathered();
    each_rule(list, "", [&](const adblock::Rule& rule) {
      if (blocks_host(rule) && !bad.contains(rule.pattern)) {
        Below::ask(&below, 0, rule.pattern);
      }
    });
  }
  forget_pages(list);
  return below.count();
}

}  // namespace weir::filters
