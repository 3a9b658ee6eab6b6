// SPDX-License-Identifier: Apache-2.0
//
// One list, one request, one answer: what the tables of the Adblock tests are written with.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/adblock/network_filters.h"
#include "filters/classify.h"
#include "filters/url.h"

namespace weir::filters {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string_view field_of(const void* from, std::string_view name, std::size_t nth) {
  for (const auto& [key, value] : *static_cast<const Fields*>(from)) {
    if (key == name && nth-- == 0) {
      return value;
    }
  }
  return {};
}

struct Request {
  std::string url;
  ResourceKind kind = ResourceKind::Script;
  std::string page = "page.example";  // empty: not known
  std::string method = "GET";
};

struct Answer {
  bool block = false;
  bool important = false;
  std::string by;
  std::string exception;
  std::string redirect;
  std::string url;
  std::vector<std::pair<ListEdits::What, std::string>> edits;
};

class Judging {
 public:
  explicit Judging(std::string text, bool third_party_hosts = false)
      : Judging(std::vector{std::move(text)}, third_party_hosts) {}
  explicit Judging(std::vector<std::string> texts, bool third_party_hosts = false)
      : texts_(std::move(texts)) {
    for (const auto& text : texts_) {
      List list;
      list.index = static_cast<std::uint16_t>(lists_.size());
      list.name = "list" + std::to_string(lists_.size());
      list.format = ListFormat::Adblock;
      list.text = text;
      lists_.push_back(std::move(list));
    }
    reports.resize(lists_.size());
    std::vector<const List*> lists;
    std::vector<ListReport*> out;
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      lists.push_back(&lists_[i]);
      out.push_back(&reports[i]);
    }
    NetworkFilterOptions options;
    options.third_party_hosts = third_party_hosts;
    filters = NetworkFilters::build(lists, out, options);
  }

  // Its edits are counted, but their texts are gone.
  ListVerdict verdict(const Request& request) const {
    ListVerdict out;
    judge(request, {}, [&out](const ListVerdict& said) { out = said; });
    return out;
  }
  Answer ask(const Request& request, ListHit host_hit = {}) const {
    Answer out;
    judge(request, host_hit, [&out](const ListVerdict& verdict) {
      out = {verdict.block,
             verdict.important,
             std::string(verdict.by.text()),
             std::string(verdict.exception.text()),
             std::string(verdict.redirect),
             std::string(verdict.edits.url),
             {}};
      for (std::uint32_t i = 0; i < verdict.edits.count; ++i) {
        out.edits.emplace_back(verdict.edits.edits[i].what, verdict.edits.edits[i].text);
      }
    });
    return out;
  }
  bool blocks(const Request& request) const { return ask(request).block; }

  std::vector<ListReport> reports;
  std::unique_ptr<const NetworkFilters> filters;

 private:
  template <class Use>
  void judge(const Request& request, ListHit host_hit, Use use) const {
    Arena arena;
    Subject subject;
    subject.method = request.method;
    if (!parse_url(request.url, subject, arena)) {
      ADD_FAILURE() << "not a URL: " << request.url;
      return;
    }
    const Fields fields = {{"referer", "https://" + request.page + "/"},
                           {"sec-fetch-dest", "script"}};
    subject.request = {&fields, field_of};
    if (request.page.empty()) {
      subject.party = Party::Third;
    } else {
      classify(subject, arena);
    }
    subject.kind = request.kind;
    if (request.kind == ResourceKind::Document) {
      subject.page_host = subject.host;
      subject.party = Party::First;
    }
    ListVerdict verdict;
    filters->judge(subject, host_hit, arena, verdict);
    use(verdict);
  }

  std::vector<std::string> texts_;
  std::vector<List> lists_;
};

}  // namespace weir::filters
