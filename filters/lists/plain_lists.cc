// SPDX-License-Identifier: Apache-2.0
//
// See plain_lists.h.
#include "filters/lists/plain_lists.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <string>

#include "filters/lists/parse_list.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

// Collects what the lists name, list after list. Names are only told apart once all are sorted;
// there may be millions of them.
class Collector {
 public:
  Collector(std::span<ListReport> reports, std::vector<std::string>& errors)
      : reports_(reports), errors_(errors) {}

  void read(const List& list) {
    if (!out_.lines.add(list)) {
      errors_.push_back("list " + list.name + ": all lists together have too many lines");
      return;
    }
    report_ = &reports_[list.index];
    own_.clear();
    patterns_.begin_list();
    parse(list);
    report_->duplicates += static_cast<std::uint32_t>(names_.end_list());
    forget_pages(list);
  }

  PlainLists finish() && {
    out_.names = std::move(names_).build();
    out_.urls = std::move(urls_).build();
    out_.networks = std::move(networks_).build();
    auto patterns = std::move(patterns_).build();
    if (patterns) {
      out_.patterns = std::move(*patterns);
    } else {
      errors_.push_back("pattern lists: " + patterns.error());
    }
    count_names();
    return std::move(out_);
  }

 private:
  template <class Value>
  using Take = std::string (*)(void*, std::uint32_t, const Value&);

  void parse(const List& list) {
    const Taker<std::string_view> name{this, take_name};
    switch (list.format) {
      case ListFormat::Auto:
      case ListFormat::Adblock:
        return;
      case ListFormat::Domains:
        reserve_names(list.text);
        return parse_domains(list.text, *report_, name);
      case ListFormat::Hosts:
        reserve_names(list.text);
        return parse_hosts(list.text, *report_, name);
      case ListFormat::Patterns:
        return parse_patterns(list.text, *report_, {this, take_pattern});
      case ListFormat::Urls:
        return parse_urls(list.text, *report_, {this, take_url});
      case ListFormat::Networks:
        return parse_networks(list.text, *report_, {this, take_network});
    }
  }

  // As many as there are lines, if they are as long as names are.
  void reserve_names(std::string_view text) {
    constexpr std::size_t kShort = 12;
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    names_.reserve(names_.size() + std::min(lines, text.size() / kShort + 1));
  }

  // False when this list has named it already.
  bool is_new(std::string key) {
    if (!own_.insert(key).second) {
      ++report_->duplicates;
      return false;
    }
    report_->duplicates += all_.insert(std::move(key)).second ? 0 : 1;
    ++report_->rules;
    return true;
  }

  std::uint32_t number(std::uint32_t line) const { return out_.lines.base() + line; }

  static std::string take_name(void* to, std::uint32_t line, const std::string_view& name) {
    auto& self = *static_cast<Collector*>(to);
    self.names_.add(name, self.number(line));
    return {};
  }

  static std::string take_pattern(void* to, std::uint32_t line, const std::string_view& pattern) {
    auto& self = *static_cast<Collector*>(to);
    if (self.own_.contains(std::string(pattern))) {
      ++self.report_->duplicates;
      return {};
    }
    std::string fault = self.patterns_.add(pattern, self.number(line));
    if (fault.empty()) {
      self.is_new(std::string(pattern));
    }
    return fault;
  }

  static std::string take_url(void* to, std::uint32_t line, const UrlPrefix& url) {
    auto& self = *static_cast<Collector*>(to);
    std::string key(url.scheme);
    key.append("://")
        .append(url.host)
        .append(":")
        .append(std::to_string(url.port))
        .append(url.path);
    if (self.is_new(std::move(key))) {
      self.urls_.add(url, self.number(line));
    }
    return {};
  }

  static std::string take_network(void* to, std::uint32_t line, const Prefix& network) {
    auto& self = *static_cast<Collector*>(to);
    if (self.is_new(network.text())) {
      self.networks_.add(network, self.number(line));
    }
    return {};
  }

  // Rules and duplicates of the lists of names. Each list has a name once.
  void count_names() {
    out_.names.each_name([this](std::span<const DomainSet::Entry> entries) {
      std::uint16_t before = UINT16_MAX;
      for (const auto& entry : entries) {
        const std::uint16_t list = out_.lines.list_of(entry.value);
        reports_[list].rules += list != before ? 1 : 0;
        reports_[list].duplicates += before != UINT16_MAX ? 1 : 0;
        before = list;
      }
    });
  }

  PlainLists out_;
  DomainSet::Builder names_;
  UrlPrefixSet::Builder urls_;
  PatternSet::Builder patterns_;
  NetworkSet::Builder networks_;
  std::span<ListReport> reports_;
  std::vector<std::string>& errors_;
  ListReport* report_ = nullptr;
  absl::flat_hash_set<std::string> own_;  // patterns, URLs and networks of this list
  absl::flat_hash_set<std::string> all_;  // of all lists so far
};

}  // namespace

PlainLists compile_plain(std::span<const List> lists, std::span<ListReport> reports,
                         std::vector<std::string>& errors) {
  Collector collector(reports, errors);
  for (const List& list : lists) {
    if (list.format != ListFormat::Adblock) {
      collector.read(list);
    }
  }
  return std::move(collector).finish();
}

}  // namespace weir::filters
