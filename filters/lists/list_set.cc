// SPDX-License-Identifier: Apache-2.0
//
// See list_set.h. A set is two sides, the lists in force and those in dry run; a side is a mark for
// each list and the Adblock filters of its lists. Sides with equal Adblock lists share the filters.
#include "filters/lists/list_set.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "filters/adblock/network_filters.h"
#include "filters/lists/overlaps.h"
#include "filters/lists/plain_lists.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

constexpr std::uint32_t kNone = PatternSet::kNone;

// The lists of a set that speak together.
struct Side {
  std::vector<bool> lists;  // by index: is it one of these?
  bool any = false;
  bool names = false;
  bool urls = false;
  bool patterns = false;
  bool networks = false;
  std::shared_ptr<const NetworkFilters> filters;  // null: none of them is in Adblock syntax

  void add(const List& list) {
    lists[list.index] = true;
    any = true;
    names = names || list.format == ListFormat::Domains || list.format == ListFormat::Hosts;
    urls = urls || list.format == ListFormat::Urls;
    patterns = patterns || list.format == ListFormat::Patterns;
    networks = networks || list.format == ListFormat::Networks;
  }
};

using Indices = std::vector<std::uint16_t>;

// Builds each combination of Adblock lists once; reports come from the first.
class FilterBuilder {
 public:
  FilterBuilder(std::span<const List> lists, std::span<ListReport> reports, bool third_party_hosts)
      : lists_(lists), reports_(reports), reported_(lists.size()) {
    options_.third_party_hosts = third_party_hosts;
  }

  std::shared_ptr<const NetworkFilters> build(const Indices& which) {
    if (which.empty()) {
      return nullptr;
    }
    auto& filters = built_[which];
    if (filters == nullptr) {
      filters = make(which);
    }
    return filters;
  }

  // The reports of lists that no set names.
  void report_rest() {
    Indices rest;
    for (const List& list : lists_) {
      if (list.format == ListFormat::Adblock && !reported_[list.index]) {
        rest.push_back(list.index);
      }
    }
    if (!rest.empty()) {
      make(rest);
    }
  }

  std::size_t memory() const {
    std::size_t out = 0;
    for (const auto& [which, filters] : built_) {
      out += filters->memory();
    }
    return out;
  }

 private:
  std::shared_ptr<const NetworkFilters> make(const Indices& which) {
    std::vector<const List*> lists;
    std::vector<ListReport> spare(which.size());
    std::vector<ListReport*> reports;
    for (std::size_t n = 0; n < which.size(); ++n) {
      lists.push_back(&lists_[which[n]]);
      reports.push_back(reported_[which[n]] ? &spare[n] : &reports_[which[n]]);
      reported_[which[n]] = true;
    }
    return NetworkFilters::build(lists, reports, options_);
  }

  std::span<const List> lists_;
  std::span<ListReport> reports_;
  std::vector<bool> reported_;
  NetworkFilterOptions options_;
  std::map<Indices, std::shared_ptr<const NetworkFilters>> built_;
};

}  // namespace

struct ListSets::Compiled {
  struct Set {
    Side live;
    Side dry;
  };

  std::vector<List> lists;
  PlainLists plain;
  std::vector<Set> sets;
  std::size_t filter_memory = 0;

  Side make_side(const Indices& which, bool dry_run, FilterBuilder& builder) const {
    Side side;
    side.lists.assign(lists.size(), false);
    Indices adblock;
    for (const std::uint16_t index : which) {
      if (index < lists.size() && lists[index].dry_run == dry_run && !side.lists[index]) {
        side.add(lists[index]);
        if (lists[index].format == ListFormat::Adblock) {
          adblock.push_back(index);
        }
      }
    }
    side.filters = builder.build(adblock);
    return side;
  }

  // The first line that names the host, or an address that it spells or embeds.
  std::uint32_t find_name(const Side& side, const Subject& subject) const {
    std::uint32_t found = kNone;
    const auto use = [&](std::uint32_t number, std::string_view) {
      found = side.lists[plain.lines.list_of(number)] ? number : kNone;
      return found == kNone;
    };
    plain.names.each(subject.host, subject.host_address.has_value(), use);
    if (found == kNone && subject.host_address) {
      for (const IpAddress& embedded : subject.host_address->embedded_all()) {
        std::array<char, 46> text;
        plain.names.each({text.data(), embedded.write(text.data())}, true, use);
        if (found != kNone) {
          break;
        }
      }
    }
    return found;
  }

  std::uint32_t find_url(const Side& side, const Subject& subject) const {
    std::uint32_t found = kNone;
    const std::string_view path = subject.path.empty() ? "/" : subject.path;
    plain.urls.each(subject.scheme, subject.host, subject.port, path, [&](std::uint32_t number) {
      found = side.lists[plain.lines.list_of(number)] ? number : kNone;
      return found == kNone;
    });
    return found;
  }

  std::uint32_t find_network(const Side& side, const Subject& subject) const {
    std::uint32_t found = kNone;
    const auto use = [&](std::uint32_t number) {
      found = side.lists[plain.lines.list_of(number)] ? number : kNone;
      return found == kNone;
    };
    for (const auto& address : {subject.destination, subject.host_address}) {
      if (address && found == kNone) {
        plain.networks.each(*address, use);
      }
    }
    return found;
  }

  // The line of a plain list that covers the subject, the cheapest sort of list first.
  std::uint32_t find(const Side& side, const Subject& subject, Arena& arena, Work& work) const {
    std::uint32_t found = side.names ? find_name(side, subject) : kNone;
    if (found == kNone && side.networks) {
      found = find_network(side, subject);
    }
    if (found == kNone && side.urls) {
      found = find_url(side, subject);
    }
    if (found == kNone && side.patterns && !subject.host_only) {
      found = plain.patterns.first(subject.url, arena, work, [&](std::uint32_t number) {
        return side.lists[plain.lines.list_of(number)];
      });
    }
    return found;
  }
};

ListSets::ListSets(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
ListSets::~ListSets() = default;

ListSets::Built ListSets::build(std::vector<List> lists, const std::vector<Indices>& sets,
                                bool third_party_hosts) {
  Built built;
  auto compiled = std::make_unique<Compiled>();
  compiled->lists = std::move(lists);
  for (std::size_t n = 0; n < compiled->lists.size(); ++n) {
    List& list = compiled->lists[n];
    list.index = static_cast<std::uint16_t>(n);
    built.reports.emplace_back();
    built.reports.back().name = list.name;
    built.reports.back().format = list.format;
  }
  compiled->plain = compile_plain(compiled->lists, built.reports, built.errors);
  FilterBuilder builder(compiled->lists, built.reports, third_party_hosts);
  for (const Indices& which : sets) {
    compiled->sets.push_back(
        {compiled->make_side(which, false, builder), compiled->make_side(which, true, builder)});
  }
  builder.report_rest();
  compiled->filter_memory = builder.memory();
  std::ranges::for_each(compiled->lists, forget_pages);
  if (built.errors.empty()) {
    built.sets.reset(new ListSets(std::move(compiled)));
  }
  return built;
}

void ListSets::judge(std::uint32_t set, const Subject& subject, bool dry_run, Arena& arena,
                     ListVerdict& out) const {
  const Side& side = dry_run ? compiled_->sets[set].dry : compiled_->sets[set].live;
  Work work(kPatternWorkMost);
  const std::uint32_t number = compiled_->find(side, subject, arena, work);
  const ListHit hit =
      number == kNone ? ListHit() : compiled_->plain.lines.hit(number, compiled_->lists);
  out.gave_up = work.spent();
  if (side.filters != nullptr && !out.gave_up) {
    side.filters->judge(subject, hit, arena, out);
  } else if (hit || out.gave_up) {
    out.block = true;
    out.by = hit;
  }
}

bool ListSets::needs_address(std::uint32_t set) const {
  return compiled_->sets[set].live.networks || compiled_->sets[set].dry.networks;
}

bool ListSets::has_dry_run(std::uint32_t set) const {
  return compiled_->sets[set].dry.any;
}

bool ListSets::needs_page(std::uint32_t set) const {
  return compiled_->sets[set].live.filters != nullptr ||
         compiled_->sets[set].dry.filters != nullptr;
}

bool ListSets::some_page_is_excepted(std::uint32_t set, const Subject& subject,
                                     Arena& arena) const {
  const auto& filters = compiled_->sets[set].live.filters;
  return filters != nullptr && filters->some_page_is_excepted(subject, arena);
}

std::span<const List> ListSets::lists() const {
  return compiled_->lists;
}

void ListSets::forget_texts() const {
  std::ranges::for_each(compiled_->lists, forget_pages);
}

std::size_t ListSets::memory() const {
  return compiled_->plain.memory() + compiled_->filter_memory;
}

std::vector<ListOverlap> ListSets::overlaps() const {
  return find_overlaps(compiled_->lists);
}

}  // namespace weir::filters
