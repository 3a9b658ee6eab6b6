// SPDX-License-Identifier: Apache-2.0
//
// See limits.h. What shares a bucket is a text: a connection, a client, a group, or everybody whom
// the rule is about.
#include "proxy/pipeline/limits.h"

#include <algorithm>

#include "filters/policy/policy.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using filters::BandwidthPer;
using filters::Condition;
using filters::ConditionKind;

// The first of the client's groups that the rule names; of a rule that names none, the client's
// first.
std::string group_of(const Exchange& ex, const filters::RuleDocument& rule) {
  const auto names_groups = [](const Condition& c) { return c.kind == ConditionKind::Group; };
  const auto& asked = rule.when.children;
  const auto named = std::find_if(asked.begin(), asked.end(), names_groups);
  const auto& groups = ex.rules->policy->document().groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool counts = named == asked.end() ||
                        std::count(named->texts.begin(), named->texts.end(), groups[i].name) > 0;
    if (counts && (ex.subject.groups >> i & 1) != 0) {
      return groups[i].name;
    }
  }
  return {};
}

std::string key_of(const Exchange& ex, const Session& session, const filters::RuleDocument& rule,
                   BandwidthPer per) {
  switch (per) {
    case BandwidthPer::Connection:
      return "connection " + session.peer.text() + " " + session.listener.at.text();
    case BandwidthPer::Client:
      return "client " + session.peer.address.text();
    case BandwidthPer::Group:
      return "group " + group_of(ex, rule);
    case BandwidthPer::Rule:
      break;
  }
  return {};
}

}  // namespace

void limit_bandwidth(Exchange& ex, Session& session, const filters::Adjustments& adjustments) {
  Worker& worker = session.worker;
  const Instant now = worker.loop.now();
  for (const filters::Adjustments::One& one : adjustments.bandwidth) {
    const filters::RuleDocument& rule = ex.rules->policy->rule(one.rule);
    const filters::Action& action = *one.action;
    const std::string key = key_of(ex, session, rule, action.per);
    const Limit limit{action.rate, action.burst};
    const auto bucket = worker.shared.bandwidth->bucket(rule.id, key, limit, now);
    if (!ex.limits) {
      ex.limits = std::make_unique<Limits>();
      ex.limits->up.count_in(worker.metrics);
      ex.limits->down.count_in(worker.metrics);
    }
    if (!ex.limits->up.add(bucket) || !ex.limits->down.add(bucket)) {
      worker.metrics.add(metric::AdjustmentsLost);
    }
  }
}

}  // namespace weir
