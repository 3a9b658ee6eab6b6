// SPDX-License-Identifier: Apache-2.0
//
// See explanation.h. The phases are asked in the order in which the proxy asks them, as far as
// something is known for them.
#include "proxy/cli/explanation.h"

#include <algorithm>

#include "filters/declared.h"
#include "filters/file_names.h"
#include "filters/policy/schedule.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"
#include "proxy/cli/surroundings.h"
#include "proxy/http/framing.h"
#include "proxy/http/neutral.h"

namespace weir::cli {
namespace {

using filters::Phase;

std::vector<std::string_view> names_of_groups(const filters::PolicyDocument& policy,
                                              filters::GroupMask mask) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < policy.groups.size(); ++i) {
    if ((mask >> i & 1) != 0) {
      out.emplace_back(policy.groups[i].name);
    }
  }
  return out;
}

std::vector<std::string_view> schedules_that_hold(const filters::PolicyDocument& policy,
                                                  WallTime now) {
  std::vector<std::string_view> out;
  for (const filters::ScheduleDocument& document : policy.schedules) {
    const auto schedule = filters::Schedule::make(document);
    if (schedule && schedule->holds(now)) {
      out.emplace_back(document.name);
    }
  }
  return out;
}

void describe_response(const Question& question, Arena& arena, filters::Subject& subject) {
  subject.status = question.status;
  subject.response = look_up(question.response);
  subject.media_type = filters::declared_media_type(subject.response, arena);
  subject.response_length = http::bodiless(subject.method == "HEAD", question.status)
                                ? std::optional<std::uint64_t>(0)
                                : parse_decimal(subject.response.value("content-length"));
  filters::set_file_names(subject, arena);
}

// Rules whose conditions are not known yet and that stand before the one which decided.
void find_open(Explanation& out) {
  for (const filters::RuleTrace& trace : out.trace.rules) {
    const filters::RuleDocument& rule = out.rules->policy->rule(trace.rule);
    const bool decides = std::ranges::any_of(rule.actions, [](const filters::Action& action) {
      return action.kind <= filters::ActionKind::Close;  // decisions come first in actions.def
    });
    if (trace.result == filters::RuleTrace::Result::NotYet && decides && !rule.dry_run &&
        trace.rule < out.verdict.rule) {
      out.open.push_back(&trace);
    }
  }
}

void judge(const Question& question, Arena& arena, Explanation& out) {
  const filters::Policy& policy = *out.rules->policy;
  policy.judge(Phase::Request, out.subject, arena, out.verdict, &out.trace);
  out.subject.destination = question.destination ? question.destination : out.subject.host_address;
  if (out.subject.destination && !out.verdict.ends()) {
    policy.judge(Phase::Address, out.subject, arena, out.verdict, &out.trace);
  }
  if (question.status != 0 && !out.verdict.ends()) {
    describe_response(question, arena, out.subject);
    policy.judge(Phase::Response, out.subject, arena, out.verdict, &out.trace);
  }
  std::ranges::stable_sort(out.trace.rules, {}, &filters::RuleTrace::rule);
  find_open(out);
  out.onward = onward(policy, out.subject, out.verdict, arena);
  if (out.verdict.rule != UINT32_MAX || out.verdict.ends()) {
    out.ends = policy.ends(out.verdict, out.subject, arena);
  }
}

std::unique_ptr<Explanation> explain_one(const Rules& rules, const Question& question,
                                         Arena& arena) {
  auto out = std::make_unique<Explanation>();
  out->rules = &rules;
  filters::Subject& subject = out->subject;
  subject.client = question.client;
  subject.user = question.asked.user;
  subject.listener = question.asked.listener;
  subject.now = question.at;
  out->device = question.device;
  out->written_host = question.written_host;
  subject.groups =
      rules.policy->groups_of(subject.client, subject.user, subject.listener, question.device);
  if (!describe(question.asked, arena, subject)) {
    return nullptr;
  }
  out->groups = names_of_groups(rules.policy->document(), subject.groups);
  out->schedules = schedules_that_hold(rules.policy->document(), question.at);
  judge(question, arena, *out);
  out->before = facts_before_rules(rules.settings, subject);
  out->after = facts_behind_rules(*out);
  return out;
}

// A client that wants https asks for a tunnel first. Its CONNECT carries no field of the request
// but the host.
std::unique_ptr<Explanation> explain_tunnel(const Rules& rules, const Question& question,
                                            const filters::Subject& wanted, Arena& arena) {
  Question tunnel;
  tunnel.client = question.client;
  tunnel.device = question.device;
  tunnel.at = question.at;
  tunnel.destination = question.destination;
  tunnel.asked.method = "CONNECT";
  tunnel.asked.user = question.asked.user;
  tunnel.asked.listener = question.asked.listener;
  tunnel.asked.url = authority_text(wanted.host, wanted.port, 0, arena);
  tunnel.asked.fields.push_back({"Host", tunnel.asked.url});
  return explain_one(rules, tunnel, arena);
}

}  // namespace

Failure Explanation::refused() const {
  for (const auto* facts : {&before, &after}) {
    for (const Fact& fact : *facts) {
      if (fact.failure != Failure::None) {
        return fact.failure;
      }
    }
  }
  return Failure::None;
}

bool Explanation::refuses() const {
  return verdict.blocks() || refused() != Failure::None;
}

bool stands_in(const Explanation& explanation) {
  const std::string_view name = explanation.verdict.redirect;
  return !name.empty() && !explanation.subject.host_only && !http::find_neutral(name).none;
}

std::unique_ptr<Explanation> explain_request(const Rules& rules, const Question& question,
                                             Arena& arena) {
  auto out = explain_one(rules, question, arena);
  if (out != nullptr && out->subject.scheme == "https" && !out->subject.host_only) {
    out->tunnel = explain_tunnel(rules, question, out->subject, arena);
  }
  return out;
}

}  // namespace weir::cli
