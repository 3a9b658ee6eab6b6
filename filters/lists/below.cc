// SPDX-License-Identifier: Apache-2.0
//
// See below.h. Two passes over the names: what covers others is gathered, then each is asked about.
#include "filters/lists/below.h"

#include <string>
#include <utility>

#include "filters/domain_set.h"
#include "filters/lists/host_rules.h"
#include "filters/lists/names_of.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

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
