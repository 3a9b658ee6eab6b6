// SPDX-License-Identifier: Apache-2.0
//
// Policies and subjects from arbitrary bytes: the first lines write rules, the last ones a request.
// Invariants: what compiles can be judged; a decision belongs to a rule that has it; a later phase
// moves it only to an earlier rule; asking again changes nothing; explaining changes nothing; a
// query that was stripped or forced stays as it is when that is done again.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/policy/apply.h"
#include "filters/policy/policy.h"
#include "filters/url.h"
#include "proxy/base/assert.h"

namespace {

using namespace weir::filters;  // NOLINT: a fuzzer is one file

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return out;
}

// A letter says which condition, what follows is its value.
Condition condition(std::string_view text) {
  constexpr ConditionKind kKinds[] = {
      ConditionKind::Host,       ConditionKind::Method,    ConditionKind::PathPrefix,
      ConditionKind::Url,        ConditionKind::Query,     ConditionKind::RequestField,
      ConditionKind::Extension,  ConditionKind::MediaType, ConditionKind::FileName,
      ConditionKind::ServerName, ConditionKind::Status,    ConditionKind::Destination,
      ConditionKind::List,       ConditionKind::Schedule,  ConditionKind::ResponseSize,
      ConditionKind::Kind};
  Condition out;
  const auto letter = static_cast<unsigned char>(text.empty() ? 'a' : text.front());
  const std::string value(text.substr(text.empty() ? 0 : 1));
  out.kind = kKinds[letter % std::size(kKinds)];
  out.texts = {value};
  out.ranges = {{value.size() * 40, letter > 'p' ? UINT64_MAX : value.size() * 40 + 100}};
  if (const auto prefix = weir::Prefix::parse(value)) {
    out.networks = {*prefix};
  }
  out.matches = {{"q", static_cast<ValueMatch::How>(letter / 16 % 4), value}};
  if (letter >= 'a') {
    return out;
  }
  Condition outer;
  outer.kind = letter % 2 == 0 ? ConditionKind::Not : ConditionKind::Any;
  outer.children = {out};
  return outer;
}

// "B": block, "A": allow, other letters adjust; then a condition; "+" joins it to the rule before.
void add_rule(std::string_view line, PolicyDocument& document) {
  if (line.starts_with('+') && !document.rules.empty()) {
    document.rules.back().when.children.push_back(condition(line.substr(1)));
    return;
  }
  RuleDocument rule;
  rule.id = std::to_string(document.rules.size());
  const char letter = line.empty() ? 'B' : line.front();
  Action action;
  action.kind = letter == 'A'   ? ActionKind::Allow
                : letter == 'S' ? ActionKind::StripQuery
                : letter == 'T' ? ActionKind::Tag
                                : ActionKind::Block;
  action.names = {"utm*"};
  rule.dry_run = letter == 'D';
  rule.when.children.push_back(condition(line.substr(line.empty() ? 0 : 1)));
  rule.actions = {action};
  document.rules.push_back(std::move(rule));
}

PolicyDocument some_document() {
  PolicyDocument out;
  ListDocument list;
  list.name = "ads";
  out.lists = {list};
  out.schedules = {{"night", "UTC", {{0x55, 1320, 360}}, {{2026, 12, 24}}}};
  return out;
}

std::vector<List> some_lists() {
  List list;
  list.name = "ads";
  list.format = ListFormat::Domains;
  list.text = "ads.test\n";
  return {list};
}

std::string_view field(const void* from, std::string_view, std::size_t nth) {
  return nth == 0 ? *static_cast<const std::string_view*>(from) : std::string_view();
}

void check(const Policy& policy, const Verdict& verdict) {
  const auto rules = policy.document().rules.size();
  WEIR_ASSERT(verdict.rule == UINT32_MAX || verdict.rule < rules);
  WEIR_ASSERT(verdict.adjustment_count <= kAdjustmentsMost);
  WEIR_ASSERT((verdict.action == nullptr) == (verdict.rule == UINT32_MAX));
  if (verdict.action != nullptr) {
    WEIR_ASSERT(verdict.action == policy.rule(verdict.rule).actions.data());
    WEIR_ASSERT(!policy.rule(verdict.rule).dry_run);
  }
  WEIR_ASSERT(verdict.would_rule == UINT32_MAX || verdict.would_rule < verdict.rule);
}

void check_query(const Adjustments& adjustments, std::string_view path, weir::Arena& arena) {
  const auto stripped = strip_query(path, adjustments, arena);
  WEIR_ASSERT(strip_query(stripped, adjustments, arena) == stripped);
  WEIR_ASSERT(stripped.size() <= path.size());
  const auto forced = force_parameter(path, "q", "1", arena);
  WEIR_ASSERT(force_parameter(forced, "q", "1", arena) == forced);
}

void judge(const Policy& policy, Subject& subject, weir::Arena& arena) {
  Verdict verdict;
  Verdict explained;
  Trace trace;
  for (const auto phase : {Phase::Request, Phase::Address, Phase::Response}) {
    const auto before = verdict.rule;
    policy.judge(phase, subject, arena, verdict);
    check(policy, verdict);
    WEIR_ASSERT(verdict.rule <= before);
    WEIR_ASSERT(!policy.judge(phase, subject, arena, verdict));
    policy.judge(phase, subject, arena, explained, &trace);
    WEIR_ASSERT(explained.rule == verdict.rule && explained.decision == verdict.decision);
  }
  WEIR_ASSERT(trace.rules.size() == policy.document().rules.size());
  (void)policy.size_limit(subject, verdict);
  (void)policy.ends(verdict, subject, arena);
  check_query(policy.summarise(verdict), subject.path, arena);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Subject subject;
  weir::Arena arena;
  const std::string_view first = take_line(text);
  subject.method = first.starts_with('C') ? "CONNECT" : "GET";
  subject.host_only = first.starts_with('C');
  PolicyDocument document = some_document();
  document.allow_by_default = !first.ends_with('b');
  const std::string_view url = take_line(text);
  const std::string_view value = take_line(text);
  for (int i = 0; i < 8 && !text.empty(); ++i) {
    add_rule(take_line(text), document);
  }
  const auto policy = Policy::compile(std::move(document), some_lists());
  if (!policy || !parse_url(url, subject, arena)) {
    return 0;
  }
  subject.server_name = subject.host_only ? std::string_view("sni.test") : std::string_view();
  subject.request = subject.response = {&value, field};
  subject.media_type = value;
  subject.file_names = {&value, 1};
  subject.status = static_cast<std::uint16_t>(value.size() * 10);
  subject.now.us = static_cast<weir::Micros>(size) * 3600 * weir::kSecond;
  subject.destination = subject.host_address;
  judge(**policy, subject, arena);
  return 0;
}
