// SPDX-License-Identifier: Apache-2.0
//
// See overlaps.h. A name is contradicted when the Adblock lists, told that the name is listed, lift
// that for a tunnel to it.
#include "filters/lists/overlaps.h"

#include <utility>

#include "filters/adblock/network_filters.h"
#include "filters/domain_set.h"
#include "filters/lists/host_rules.h"
#include "filters/lists/names_of.h"
#include "filters/lists/parse_list.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

// The names that a list blocks whatever asks, with the list's number.
struct Names {
  DomainSet::Builder all;
  std::uint32_t list = 0;

  static std::string take(void* to, std::uint32_t /*line*/, const std::string_view& name) {
    auto& self = *static_cast<Names*>(to);
    self.all.add(name, self.list);
    return {};
  }
  void add(const List& from, const BadNames& bad) {
    list = from.index;
    if (lists_names(from)) {
      each_name(from, {this, take});
    } else if (from.format == ListFormat::Adblock) {
      each_rule(from, "", [&](const adblock::Rule& rule) {
        if (blocks_whole(rule) && !bad.contains(rule.pattern)) {
          all.add(rule.pattern, list);
        }
      });
    }
    all.end_list();
  }
};

void count_shared(std::span<const List> lists, std::vector<ListOverlap>& out) {
  const BadNames bad = bad_names(lists);
  Names names;
  for (const List& list : lists) {
    names.add(list, bad);
  }
  std::move(names.all).build().each_name([&out](std::span<const DomainSet::Entry> entries) {
    for (const auto& entry : entries) {
      ++out[entry.value].names;
      out[entry.value].elsewhere += entries.size() > 1 ? 1 : 0;
    }
  });
}

// Asks the filters about each name of one list.
struct Asker {
  const NetworkFilters& filters;
  const List& list;
  std::uint32_t lifted = 0;
  Arena arena = Arena();

  static std::string take(void* to, std::uint32_t line, const std::string_view& name) {
    auto& self = *static_cast<Asker*>(to);
    self.arena.reset();
    Subject subject;
    subject.method = "CONNECT";
    subject.scheme = "https";
    subject.host = name;
    subject.host_address = IpAddress::parse(name);
    subject.port = 443;
    subject.url = self.arena.join({"https://", name, "/"});
    subject.path = subject.url.substr(subject.url.size() - 1);
    subject.host_only = true;
    ListVerdict verdict;
    self.filters.judge(subject, {self.list.index, line, self.list.name, name}, self.arena, verdict);
    self.lifted += verdict.exception && verdict.exception.list != self.list.index ? 1 : 0;
    return {};
  }
};

std::uint32_t count_contradicted(const List& list, const NetworkFilters& filters) {
  Asker asker{filters, list};
  each_name(list, {&asker, Asker::take});
  return asker.lifted;
}

std::size_t share_of(const List& list, const ListOverlap& overlap) {
  // Twelve bytes and two of indexes for a name; a number for every fourth line.
  return overlap.names * std::size_t{14} + (lists_names(list) ? list.text.size() / 16 : 0);
}

}  // namespace

std::vector<ListOverlap> find_overlaps(std::span<const List> lists) {
  std::vector<ListOverlap> out(lists.size());
  count_shared(lists, out);
  std::vector<const List*> adblock;
  std::vector<ListReport> reports(lists.size());
  std::vector<ListReport*> to;
  for (const List& list : lists) {
    if (list.format == ListFormat::Adblock) {
      adblock.push_back(&list);
      to.push_back(&reports[list.index]);
      // On its own, to tell its own memory.
      ListReport unused;
      const List* const one[] = {&list};
      ListReport* const into[] = {&unused};
      out[list.index].memory = NetworkFilters::build(one, into, {})->memory();
    }
  }
  const auto filters = NetworkFilters::build(adblock, to, {});
  for (const List& list : lists) {
    if (lists_names(list)) {
      out[list.index].memory = share_of(list, out[list.index]);
      out[list.index].contradicted = adblock.empty() ? 0 : count_contradicted(list, *filters);
    }
    forget_pages(list);
  }
  return out;
}

}  // namespace weir::filters
