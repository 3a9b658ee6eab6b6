// SPDX-License-Identifier: Apache-2.0
//
// See evaluate.h. Each condition is a few lines; the switches below are the whole dispatch.
#include "filters/policy/evaluate.h"

#include <algorithm>
#include <span>

#include "filters/body/sniff.h"
#include "filters/policy/query.h"
#include "filters/policy/wildcard.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// What may come under `by` again when a phase is asked twice is taken once. `url`: as it was asked.
void merge(const ListEdits& from, std::string_view url, Arena& arena, ListEdits& to) {
  if (to.url.empty()) {
    to.url = from.url;
    to.url_by = from.url_by;
  } else if (!from.url.empty()) {
    to.url = left_by_both(url, to.url, from.url, arena);
  }
  for (std::uint32_t i = 0; i < from.count; ++i) {
    const auto& edit = from.edits[i];
    const std::span have(to.edits.data(), to.count);
    const bool known = std::ranges::any_of(have, [&edit](const ListEdits::Edit& e) {
      return e.what == edit.what && e.text == edit.text && e.by.list == edit.by.list;
    });
    if (!known && to.count < kListEditsMost) {
      to.edits[to.count++] = edit;
    }
  }
}

bool fits(const CompiledMatch& match, std::string_view value) {
  return match.author->how == ValueMatch::How::Expression
             ? pattern_found(*match.expression, value)
             : wildcard_match(match.author->text, value);
}

// `each(use)` gives every value of the name; any of them may be the one that is asked for.
template <class Each>
bool satisfied(const CompiledMatch& match, Each each) {
  using How = ValueMatch::How;
  const How how = match.author->how;
  bool present = false;
  bool fitting = false;
  each([&](std::string_view value) {
    present = true;
    fitting = (how == How::Wildcard || how == How::Expression) && fits(match, value);
    return !fitting && how != How::Present && how != How::Absent;
  });
  switch (how) {
    case How::Present:
      return present;
    case How::Absent:
      return !present;
    case How::Wildcard:
    case How::Expression:
      return fitting;
  }
  return false;
}

// At the end of a segment, unless the text itself ends one.
bool path_begins(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/');
}

unsigned scheme_bit(std::string_view scheme) {
  return scheme == "http" ? 1U : scheme == "https" ? 2U : scheme == "tunnel" ? 4U : 0U;
}

}  // namespace

Evaluator::Answer Evaluator::ask(const CompiledRule& rule, bool with_dry, ListEdits* edits) {
  with_dry_ = with_dry;
  hit_ = {};
  redirect_ = {};
  gave_up_ = false;
  Answer answer;
  // Whether it may still hold matters.
  const bool exact = rule.may_open || !policy_.document.allow_by_default;
  for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
    const Node& node = tables_.nodes[i];
    if (node.kind == ConditionKind::List && !answer.outcome.holds() && !exact) {
      return answer;
    }
    if (node.kind == ConditionKind::List && edits != nullptr && answer.outcome.holds()) {
      take_edits(rule, *edits);
      edits = nullptr;
    }
    answer.outcome = answer.outcome & condition(node);
    if (gave_up_) {
      answer.gave_up = true;
      answer.hit = gave_up_at_;
      return answer;
    }
    if (!answer.outcome.may_hold()) {
      return answer;
    }
  }
  answer.hit = hit_;
  answer.redirect = redirect_;
  return answer;
}

Outcomes Evaluator::ask(const Node& node, bool with_dry) {
  with_dry_ = with_dry;
  return condition(node);
}

void Evaluator::take_edits(const CompiledRule& rule, ListEdits& edits) {
  for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
    if (tables_.nodes[i].kind == ConditionKind::List) {
      merge(list_verdict(tables_.nodes[i].first, false).edits, subject_.url, arena_, edits);
    }
  }
}

Outcomes Evaluator::condition(const Node& node) {
  using Kind = ConditionKind;
  switch (node.kind) {
    case Kind::Any:
    case Kind::Not:
    case Kind::All:
      return group(node);
    case Kind::Group:
      return Outcomes::of((subject_.groups & node.mask) != 0);
    case Kind::User:
      return Outcomes::of(!subject_.user.empty() && word(node, subject_.user, false));
    case Kind::Listener:
      return Outcomes::of(word(node, subject_.listener, false));
    case Kind::Client:
      return Outcomes::of(tables_.networks[node.first].bits(subject_.client) != 0);
    case Kind::Schedule:
      return scheduled(node);
    case Kind::Method:
      return Outcomes::of(word(node, subject_.method, true));
    case Kind::Scheme:
      return Outcomes::of((scheme_bit(subject_.scheme) & node.mask) != 0);
    case Kind::Port:
      return Outcomes::of(in_ranges(node, subject_.port));
    case Kind::Host:
      return Outcomes::of(host(node));
    case Kind::List:
      return list(node);
    case Kind::ServerName:
      return server_name(node);
    case Kind::Destination:
      return destination(node);
    case Kind::RequestField:
      return Outcomes::of(fields(node, subject_.request));
    case Kind::Url:
    case Kind::PathPrefix:
    case Kind::Query:
    case Kind::Kind:
    case Kind::RequestSize:
    case Kind::Extension:
      return subject_.host_only ? Outcomes::never() : of_request(node);
    case Kind::Status:
    case Kind::MediaType:
    case Kind::ResponseField:
    case Kind::ResponseSize:
    case Kind::FileName:
      return subject_.host_only          ? Outcomes::never()
             : phase_ != Phase::Response ? Outcomes::open()
                                         : of_response(node);
  }
  return Outcomes::never();
}

// What only a request has that is seen.
Outcomes Evaluator::of_request(const Node& node) {
  using Kind = ConditionKind;
  switch (node.kind) {  // NOLINT: the others do not come here
    case Kind::Url:
      return Outcomes::of(tables_.patterns[node.first].found(subject_.url));
    case Kind::PathPrefix:
      return Outcomes::of(path(node));
    case Kind::Query:
      return Outcomes::of(query(node));
    case Kind::Kind:
      return Outcomes::of((node.mask >> static_cast<unsigned>(subject_.kind) & 1) != 0);
    case Kind::Extension:
      return Outcomes::of(word(node, extension(), true));
    case Kind::RequestSize:
      return subject_.request_length ? Outcomes::of(in_ranges(node, *subject_.request_length))
                                     : Outcomes::never();
    default:
      return Outcomes::never();
  }
}

Outcomes Evaluator::of_response(const Node& node) {
  using Kind = ConditionKind;
  switch (node.kind) {  // NOLINT: the others do not come here
    case Kind::Status:
      return Outcomes::of(in_ranges(node, subject_.status));
    case Kind::MediaType:
      return Outcomes::of(media(node));
    case Kind::ResponseField:
      return Outcomes::of(fields(node, subject_.response));
    case Kind::ResponseSize:
      return size(node);
    case Kind::FileName:
      return Outcomes::of(file_name(node));
    default:
      return Outcomes::never();
  }
}

Outcomes Evaluator::group(const Node& node) {
  const bool any = node.kind == ConditionKind::Any;
  const ListHit hit = hit_;
  const std::string_view redirect = redirect_;
  Outcomes out = Outcomes::of(!any);
  for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
    const Outcomes one = condition(tables_.nodes[i]);
    out = any ? out | one : out & one;
    if (any ? out.holds() : out.fails()) {
      break;
    }
  }
  if (node.kind == ConditionKind::Not || !out.holds()) {  // then no list line is the reason
    hit_ = hit;
    redirect_ = redirect;
  }
  return node.kind == ConditionKind::Not ? !out : out;
}

Outcomes Evaluator::scheduled(const Node& node) {
  for (std::size_t i = 0; i < policy_.schedules.size(); ++i) {
    const ScheduleMask bit = ScheduleMask{1} << i;
    if ((node.mask & bit & ~looked_) != 0) {
      looked_ |= bit;
      on_ |= policy_.schedules[i].holds(subject_.now) ? bit : 0;
    }
  }
  return Outcomes::of((node.mask & on_) != 0);
}

bool Evaluator::word(const Node& node, std::string_view text, bool ignore_case) const {
  std::array<char, 64> lower;
  if (ignore_case) {
    if (text.size() > lower.size()) {
      return false;
    }
    std::ranges::transform(text, lower.begin(), to_lower);
    text = {lower.data(), text.size()};
  }
  const std::span run(tables_.words.data() + node.first, node.count);
  return std::binary_search(run.begin(), run.end(), text, std::less<>());
}

bool Evaluator::in_ranges(const Node& node, std::uint64_t value) const {
  const std::span run(tables_.ranges.data() + node.first, node.count);
  return std::ranges::any_of(
      run, [value](const Range& r) { return value >= r.at_least && value < r.below; });
}

bool Evaluator::host(const Node& node) const {
  const HostMatcher& hosts = tables_.hosts[node.first];
  return hosts.matches(subject_.host, subject_.host_address) ||
         (subject_.host_only && !subject_.server_name.empty() &&
          hosts.matches(subject_.server_name, std::nullopt));
}

Outcomes Evaluator::server_name(const Node& node) const {
  if (subject_.server_name.empty()) {
    return subject_.host_only && !subject_.greeting_seen ? Outcomes::open() : Outcomes::no();
  }
  return Outcomes::of(tables_.hosts[node.first].matches(subject_.server_name, std::nullopt));
}

// A tunnel that has been greeted is connected.
bool Evaluator::address_due() const {
  return phase_ != Phase::Request || (subject_.host_only && subject_.greeting_seen);
}

// An IPv6 address that embeds an IPv4 address may reach that one, so it is judged as both.
Outcomes Evaluator::destination(const Node& node) const {
  if (!address_due()) {
    return Outcomes::open();
  }
  if (!subject_.destination) {
    return Outcomes::never();
  }
  const AddressMap& networks = tables_.networks[node.first];
  const auto within = [&networks](const IpAddress& a) { return networks.bits(a) != 0; };
  return Outcomes::of(within(*subject_.destination) ||
                      std::ranges::any_of(subject_.destination->embedded_all(), within));
}

const Subject& Evaluator::by_server_name() {
  if (!by_server_name_) {
    by_server_name_ = subject_;
    by_server_name_->host = subject_.server_name;
    by_server_name_->host_address.reset();
    by_server_name_->url = arena_.join({"https://", subject_.server_name, "/"});
    by_server_name_->path = by_server_name_->url.substr(by_server_name_->url.size() - 1);
  }
  return *by_server_name_;
}

const ListVerdict& Evaluator::list_verdict(std::uint32_t set, bool dry) {
  const std::uint32_t key = set * 2 + (dry ? 1 : 0);
  Slot& slot = slots_[key % slots_.size()];
  if (slot.key == key) {
    return *slot.verdict;
  }
  slot.key = key;
  ListVerdict& out = slot.verdict.emplace();
  policy_.lists->judge(set, subject_, dry, arena_, out);
  const bool two_names =
      subject_.host_only && !subject_.server_name.empty() && subject_.server_name != subject_.host;
  if (two_names && !out.block) {
    ListVerdict other;
    policy_.lists->judge(set, by_server_name(), dry, arena_, other);
    if (other.block || !out.by) {
      out = other;
    }
  }
  return out;
}

Outcomes Evaluator::list(const Node& node) {
  for (const bool dry : {false, true}) {
    if (dry && (!with_dry_ || !policy_.lists->has_dry_run(node.first))) {
      break;
    }
    const ListVerdict& said = list_verdict(node.first, dry);
    if (said.block) {
      if (said.gave_up && !dry) {
        gave_up_ = true;
        gave_up_at_ = said.by;
      }
      hit_ = hit_ ? hit_ : said.by;
      redirect_ = redirect_.empty() ? said.redirect : redirect_;
      return Outcomes::yes();
    }
  }
  if (subject_.destination && address_due()) {
    return Outcomes::no();
  }
  if (!policy_.lists->needs_address(node.first)) {
    return Outcomes::no();
  }
  return address_due() ? Outcomes::never() : Outcomes::open();
}

// Many origins take "//" for "/", so a path that has it is read both ways.
bool Evaluator::path(const Node& node) {
  if (resolved_.empty()) {
    resolved_ = resolved_path(subject_.path, arena_);
    merged_ = merged_path(subject_.path, arena_);
  }
  const std::span run(tables_.words.data() + node.first, node.count);
  const auto fits = [run](std::string_view path) {
    return std::ranges::any_of(
        run, [path](const std::string& prefix) { return path_begins(path, prefix); });
  };
  const bool one = fits(resolved_);
  if (merged_.data() == resolved_.data() || one != node.strict) {
    return one;
  }
  return fits(merged_);
}

bool Evaluator::query(const Node& node) {
  const std::string_view query = query_of(subject_.path);
  const std::span run(tables_.matches.data() + node.first, node.count);
  return std::ranges::all_of(run, [&](const CompiledMatch& match) {
    return satisfied(match, [&](auto use) {
      if (query.data() == nullptr) {
        return;
      }
      each_parameter(query, [&](const Parameter& parameter) {
        return decode_query(parameter.name, arena_) != match.author->name ||
               use(decode_query(parameter.value, arena_));
      });
    });
  });
}

bool Evaluator::fields(const Node& node, const FieldLookup& lookup) const {
  const std::span run(tables_.matches.data() + node.first, node.count);
  return std::ranges::all_of(run, [&lookup](const CompiledMatch& match) {
    return satisfied(match, [&](auto use) {
      for (std::size_t nth = 0;; ++nth) {
        const std::string_view value = lookup.value(match.author->name, nth);
        if (value.data() == nullptr || !use(value)) {
          return;
        }
      }
    });
  });
}

bool Evaluator::media(const Node& node) const {
  const std::span run(tables_.words.data() + node.first, node.count);
  const auto fits = [run](std::string_view type) {
    return std::ranges::any_of(
        run, [type](const std::string& wanted) { return wildcard_match(wanted, type, true); });
  };
  const Subject& s = subject_;
  const bool said = fits(s.media_type) || (!s.sniffed_type.empty() && fits(s.sniffed_type));
  if (s.bytes_type.empty() || (node.strict ? !said || is_wrapping(s.bytes_type) : said)) {
    return said;
  }
  return fits(s.bytes_type);
}

// More names than there is room for may be any names.
bool Evaluator::file_name(const Node& node) const {
  const std::span run(tables_.words.data() + node.first, node.count);
  const auto fits = [run](std::string_view name) {
    return std::ranges::any_of(
        run, [name](const std::string& wanted) { return wildcard_match(wanted, name, true); });
  };
  const auto& names = subject_.file_names;
  if (node.strict) {
    return !names.empty() && !subject_.more_file_names && std::ranges::all_of(names, fits);
  }
  return subject_.more_file_names || std::ranges::any_of(names, fits);
}

// A size that is still growing is within a range once it is past the start of one without an end,
// and outside once it is past the end.
Outcomes Evaluator::size(const Node& node) const {
  if (!subject_.response_length) {
    return Outcomes::open();
  }
  const std::uint64_t value = *subject_.response_length;
  if (!subject_.response_counted) {
    return Outcomes::of(in_ranges(node, value));
  }
  Outcomes out = Outcomes::no();
  for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
    const Range& range = tables_.ranges[i];
    const bool past = value >= range.below;
    const bool sure = value >= range.at_least && range.below == UINT64_MAX;
    out = out | (past ? Outcomes::no() : sure ? Outcomes::yes() : Outcomes::open());
  }
  return out;
}

// Of the path's last segment, path parameters (";v=1") left out.
std::string_view Evaluator::extension() const {
  std::string_view name = path_alone(subject_.path);
  name = name.substr(name.rfind('/') + 1);
  name = name.substr(0, name.find(';'));
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

}  // namespace weir::filters
