// SPDX-License-Identifier: Apache-2.0
//
// A filter goes under its host name if it is ||name^, else under the rarest whole token of its
// pattern, else under each page that domain= names, else under each host that to= names; what has
// none of these is asked every time. A token that a fifth of all URLs have is worth less than a
// page or a host.
#include "filters/adblock/file_filters.h"

#include <algorithm>
#include <bit>

namespace weir::adblock {
namespace {

constexpr std::size_t kCounters = 1 << 16;
// Rules under a token, or as much as its commonness counts, from which on another key is better.
constexpr std::uint32_t kPageIsBetter = 60;
constexpr std::uint32_t kHostIsBetter = 4000;  // of to=, which often is as wide as "com"
// Rules of one list that every request has to be asked about; real lists have a few dozen.
constexpr std::uint32_t kAlwaysMost = 2000;

Purpose purpose_of(const Filter& filter) {
  switch (filter.modifier) {
    case Modifier::None:
    case Modifier::Redirect:
      return filter.exception ? Purpose::Except : Purpose::Block;
    case Modifier::RedirectRule:
      return Purpose::Redirect;
    case Modifier::RemoveParam:
      return Purpose::Param;
    case Modifier::RemoveHeader:
    case Modifier::Csp:
    case Modifier::Permissions:
      return Purpose::Field;
  }
  return Purpose::Block;
}

Kinds entry_kinds(const Filter& filter) {
  switch (filter.party) {
    case PartyLimit::First:
    case PartyLimit::SameHost:
    case PartyLimit::FirstOtherHost:
      return filter.kinds | kFirstOnly;
    case PartyLimit::Third:
      return filter.kinds | kThirdOnly;
    case PartyLimit::Any:
    case PartyLimit::OtherHost:
      break;
  }
  return filter.kinds;
}

// A parameter's name, not an expression or a negation.
bool plain_param(std::string_view value) {
  return !value.empty() && value.find_first_of("~/|*^%") == std::string_view::npos;
}

class Filer {
 public:
  Filer(Engine& engine, std::span<filters::ListReport* const> reports)
      : engine_(engine), reports_(reports), counts_(kCounters, 0), always_(reports.size(), 0) {}

  void run();

 private:
  Rule rule_of(const Filter& filter) const;
  void count();
  bool file(std::uint32_t id, Purpose purpose);
  bool file_always(const NameEntry& entry, Purpose purpose);
  Rest& rest_of(Purpose purpose) { return engine_.rest[static_cast<std::size_t>(purpose)]; }
  std::uint32_t& counter(std::uint64_t plain) { return counts_[plain % kCounters]; }

  Engine& engine_;
  std::span<filters::ListReport* const> reports_;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> always_;  // by list
  std::vector<PatternToken> tokens_;
  std::vector<HashIndex<NameEntry>::Keyed> hosts_, pages_;
  std::vector<HashIndex<TokenEntry>::Keyed> by_token_;
};

// As much of the rule as tokens need.
Rule Filer::rule_of(const Filter& filter) const {
  Rule rule;
  rule.shape = filter.shape;
  rule.start = filter.start;
  rule.host_start = filter.host_start;
  rule.end = filter.end;
  rule.pattern = engine_.text(filter.pattern_at, filter.pattern_size);
  if (filter.modifier == Modifier::RemoveParam && filter.shape == Shape::Any &&
      plain_param(engine_.value(filter))) {
    rule.shape = Shape::Plain;  // a URL with the parameter has its name, as a whole
    rule.start = rule.end = true;
    rule.pattern = engine_.value(filter);
  }
  return rule;
}

void Filer::count() {
  for (const auto& filter : engine_.filters) {
    if (filter.shape != Shape::Host) {
      rule_tokens(rule_of(filter), tokens_);
      for (const auto& token : tokens_) {
        ++counter(token.plain);
      }
    }
  }
}

// False when the list has too many of these; the rule is then reported, and dropped.
bool Filer::file_always(const NameEntry& entry, Purpose purpose) {
  const auto list = engine_.list_of(entry.filter);
  if (++always_[list] > kAlwaysMost) {
    ++reports_[list]->unsupported["too many rules without a whole word"];
    --reports_[list]->rules;
    return false;
  }
  const Filter& filter = engine_.filters[entry.filter];
  const auto pattern = engine_.text(filter.pattern_at, filter.pattern_size);
  rest_of(purpose).always.push_back({entry.filter, entry.kinds, rare_pair(pattern)});
  return true;
}

// False when the rule is dropped.
bool Filer::file(std::uint32_t id, Purpose purpose) {
  const Filter& filter = engine_.filters[id];
  const Kinds kinds = entry_kinds(filter);
  rest_of(purpose).kinds |= filter.kinds;
  const NameEntry entry(id, kinds);
  if (filter.shape == Shape::Host) {
    const auto hash = std::uint64_t{engine_.name_tops[id]} << 48U | filter.name();
    hosts_.push_back({hash, purpose, entry});
    return true;
  }
  const Rule rule = rule_of(filter);
  rule_tokens(rule, tokens_);
  const auto cost = [this](const PatternToken& token) {
    return counter(token.plain) + commonness(token.plain);
  };
  const auto best = std::ranges::min_element(tokens_, {}, cost);
  const Limits& limits = engine_.limits[filter.limits];
  const auto pages = engine_.hosts.wanted(limits.from);
  const auto hosts = engine_.hosts.has_entities(limits.to) ? std::span<const std::uint64_t>()
                                                           : engine_.hosts.wanted(limits.to);
  const auto most = !pages.empty() ? kPageIsBetter : !hosts.empty() ? kHostIsBetter : UINT32_MAX;
  if (best != tokens_.end() && cost(*best) < most) {
    by_token_.push_back(
        {best->hash, purpose, {id, kinds, best->at, near_of(rule.pattern, best->at)}});
    return true;
  }
  for (const auto page : pages) {
    pages_.push_back({page, purpose, entry});
  }
  engine_.page_entities =
      engine_.page_entities || (!pages.empty() && engine_.hosts.has_entities(limits.from));
  for (const auto host : pages.empty() ? hosts : std::span<const std::uint64_t>()) {
    hosts_.push_back({host, purpose, entry});
  }
  return !pages.empty() || !hosts.empty() || file_always(entry, purpose);
}

void Filer::run() {
  count();
  for (std::uint32_t id = 0; id < engine_.filters.size(); ++id) {
    const Filter& filter = engine_.filters[id];
    const bool filed = file(id, purpose_of(filter));
    if (filed && filter.modifier == Modifier::Redirect) {
      file(id, Purpose::Redirect);  // it also names a resource for what others block
    }
  }
  std::vector<std::uint16_t>().swap(engine_.name_tops);
  engine_.by_host.build(hosts_);
  engine_.by_token.build(by_token_);
  engine_.by_page.build(pages_);
  for (Rest& rest : engine_.rest) {
    rest.always.shrink_to_fit();
  }
}

}  // namespace

void file_filters(Engine& engine, std::span<filters::ListReport* const> reports) {
  Filer(engine, reports).run();
}

}  // namespace weir::adblock
