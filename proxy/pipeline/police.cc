// SPDX-License-Identifier: Apache-2.0
//
// Stages 2b and 3d: the exchange is shown to the rules, and their verdict is carried out. Judging
// is pure and lies in filters/; here is only what it means for this exchange. The verdict grows
// from phase to phase: request, address, response.
#include "proxy/pipeline/police.h"

#include <algorithm>

#include "filters/policy/policy.h"
#include "proxy/base/ascii.h"
#include "proxy/pipeline/adjust.h"
#include "proxy/pipeline/block.h"
#include "proxy/pipeline/body_rules.h"
#include "proxy/pipeline/describe.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/sniff_answer.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using filters::Decision;
using filters::Phase;

std::string_view where(const filters::ListHit& hit, Arena& arena) {
  return hit ? arena.join({hit.list_name, ":", std::to_string(hit.line)}) : std::string_view();
}

// A verdict that waits has decided nothing yet.
Decision decision_of(const filters::Verdict& verdict) {
  return verdict.waits ? Decision::Default : verdict.decision;
}

// What rules in dry run would have done: "block:the-rest:ads:1,adjust:safe".
std::string_view trial_words(const filters::Policy& policy, const filters::Verdict& verdict,
                             Arena& arena) {
  std::string_view out;
  if (verdict.would_rule != UINT32_MAX) {
    const std::string_view list = where(verdict.would_hit, arena);
    out = arena.join({filters::decision_name(verdict.would), ":",
                      policy.rule(verdict.would_rule).id, list.empty() ? "" : ":", list});
  }
  for (std::uint32_t i = 0; i < verdict.trial_count; ++i) {
    const std::string_view id = policy.rule(verdict.trials[i]).id;
    out = arena.join({out, out.empty() ? "adjust:" : ",adjust:", id});
  }
  return out;
}

// Measured now and then: reading the clock twice is dear beside an easy judgement.
void judge_request(Exchange& ex, Session& session) {
  constexpr std::uint64_t kEach = 16;
  const filters::Policy& policy = *ex.rules->policy;
  if (session.worker.judged++ % kEach != 0) {
    policy.judge(Phase::Request, ex.subject, ex.arena, ex.verdict);
    return;
  }
  const Instant began = Loop::clock();
  policy.judge(Phase::Request, ex.subject, ex.arena, ex.verdict);
  session.worker.metrics.observe(metric::StepTime, Loop::clock() - began, Step::Judge);
}

// The verdict with the subject's destination. Where another was settled on before (a request that
// is repeated may go elsewhere), that one must have no say: the request is judged anew.
filters::Verdict judge_address(Exchange& ex, const filters::Subject& subject) {
  filters::Verdict out;
  if (ex.subject.destination && ex.subject.destination != subject.destination) {
    filters::Subject before = ex.subject;
    before.destination.reset();
    ex.rules->policy->judge(Phase::Request, before, ex.arena, out);
  } else {
    out = ex.verdict;
  }
  ex.rules->policy->judge(Phase::Address, subject, ex.arena, out);
  return out;
}

// What is decided is as it says now; adjustments that have been carried out stay.
void take_over(Exchange& ex, const filters::Verdict& now) {
  filters::Verdict all = now;
  std::copy_n(ex.verdict.adjustments.begin(), ex.verdict.adjustment_count, all.adjustments.begin());
  all.adjustment_count = ex.verdict.adjustment_count;
  all.edits = ex.verdict.edits;
  all.add_adjustments(now);
  ex.verdict = all;
}

// The origin's connection, whose answer nobody will read. One that fills the cache goes on by
// itself.
Task<void> abandon_origin(Exchange& ex, Session& session) {
  if (ex.origin == nullptr) {
    ex.cache.follower.reset();
    co_return;
  }
  if (ex.upload_lane.valid()) {
    ex.origin->stream.close(Failure::Blocked);
    session.client.stop_reads(Failure::ClientCut);
    co_await std::move(ex.upload_lane);
    session.client.allow_reads();
  }
  session.client.tie(nullptr, Failure::None);
  session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
}

}  // namespace

// Whatever an earlier phase has noted: a later one may have overruled it.
void note_verdict(Exchange& ex) {
  const filters::Policy& policy = *ex.rules->policy;
  const filters::Verdict& verdict = ex.verdict;
  const bool decided = verdict.rule != UINT32_MAX && !verdict.waits;
  ex.record.rule = decided ? std::string_view(policy.rule(verdict.rule).id) : std::string_view();
  ex.record.list = decided ? where(verdict.hit, ex.arena) : std::string_view();
  ex.record.decision = filters::decision_name(decision_of(verdict));
  ex.record.would_have = trial_words(policy, verdict, ex.arena);
}

void count_verdict(const Exchange& ex, Session& session) {
  if (!ex.rules || (session.inside != nullptr && session.inside->blocked_by != nullptr)) {
    return;
  }
  Metrics& metrics = session.worker.metrics;
  metrics.add(metric::Decisions, static_cast<RuleDecision>(decision_of(ex.verdict)));
  if (ex.verdict.gave_up) {
    metrics.add(metric::DecisionsGivenUp);
  }
  if (ex.verdict.would_rule != UINT32_MAX) {
    metrics.add(metric::TrialDecisions, static_cast<RuleDecision>(ex.verdict.would));
  }
}

// Of a tunnel that was blocked, and taken only to say so.
static void repeat_verdict(Exchange& ex, Session& session) {
  ex.rules = session.inside->blocked_by;
  describe_request_to_rules(ex, session);
  ex.verdict = session.inside->verdict;
  ex.record.intercept = "block_page";
  note_verdict(ex);
  answer_by_rule(ex, session);
}

void police_request(Exchange& ex, Session& session) {
  if (ex.ends_here) {
    return;
  }
  if (session.inside != nullptr && session.inside->blocked_by != nullptr) {
    repeat_verdict(ex, session);
    return;
  }
  ex.rules = ex.in_force;
  describe_request_to_rules(ex, session);
  ex.verdict.clear();
  judge_request(ex, session);
  note_verdict(ex);
  if (ex.verdict.decision == Decision::Intercept && !looks_inside(ex, session)) {
    ex.record.intercept = "untrusting";
  }
  if (ex.verdict.ends()) {
    answer_by_rule(ex, session);
    return;
  }
  if (ex.verdict.decision == Decision::Route) {
    ex.route = &ex.verdict.action->names;
  }
  adjust_request(ex, session);
  foresee_response(ex);
}

std::optional<IpAddress> named_address(const Exchange& ex, const Session& session) {
  return session.arrival ? session.arrival->address : ex.host.address;
}

Failure police_address(Exchange& ex, const std::optional<IpAddress>& address) {
  if (!ex.rules || !ex.rules->policy->has_phase(Phase::Address)) {
    return Failure::None;
  }
  filters::Subject subject = ex.subject;
  subject.destination = address;
  const filters::Verdict verdict = judge_address(ex, subject);
  if (!verdict.ends()) {
    return Failure::None;
  }
  ex.verdict = verdict;
  note_verdict(ex);
  return Failure::Blocked;
}

Failure police_failure(Exchange& ex, Failure why) {
  const bool nameless = row(why).proxy_status.starts_with("dns_");
  return nameless && police_address(ex, std::nullopt) != Failure::None ? Failure::Blocked : why;
}

void settle_address(Exchange& ex, Session& session, const IpAddress& settled) {
  if (!ex.rules || ex.subject.destination == settled) {
    return;
  }
  const bool again = ex.subject.destination.has_value();
  filters::Subject subject = ex.subject;
  subject.destination = settled;
  if (ex.rules->policy->has_phase(Phase::Address)) {
    if (again) {
      take_over(ex, judge_address(ex, subject));
    } else {
      ex.rules->policy->judge(Phase::Address, subject, ex.arena, ex.verdict);
    }
    note_verdict(ex);
    adjust_request(ex, session);
  }
  ex.subject.destination = settled;
}

bool rules_await_response(const Exchange& ex) {
  return ex.rules && (ex.rules->policy->has_phase(Phase::Response) ||
                      ex.verdict.adjustment_count > 0 || ex.verdict.edits.count > 0);
}

// Whether a body is to be rewritten if it is text, and only its bytes can tell.
static bool is_text_by_its_bytes(const Exchange& ex) {
  const bool typeless = ex.subject.media_type.find('/') == npos && ex.subject.sniffed_type.empty();
  return typeless && shows_type(ex) && !ex.rules->policy->summarise(ex.verdict).rewrites.empty();
}

// The body's types by its first bytes. Leaves a Reply where they cannot be had.
static Task<void> sniff_or_refuse(Exchange& ex, Session& session) {
  const Failure why = co_await sniff_answer(ex, session);
  if (why != Failure::None) {
    co_await abandon_origin(ex, session);
    refuse(ex, session, why);
  }
}

// What the rules change about an answer that passes.
static Task<void> change_response(Exchange& ex, Session& session) {
  if (is_text_by_its_bytes(ex)) {
    co_await sniff_or_refuse(ex, session);
    if (ex.course == Course::Reply) {
      co_return;
    }
  }
  adjust_response(ex, session);
  if (const Failure why = plan_body_rules(ex, session); why != Failure::None) {
    co_await abandon_origin(ex, session);
    refuse(ex, session, why);
  }
}

Task<void> police_response(Exchange& ex, Session& session) {
  const filters::Policy& policy = *ex.rules->policy;
  describe_response_to_rules(ex);
  if (policy.has_phase(Phase::Response)) {
    if (policy.wants_sniffing() && shows_type(ex)) {
      co_await sniff_or_refuse(ex, session);
      if (ex.course == Course::Reply) {
        co_return;
      }
    }
    policy.judge(Phase::Response, ex.subject, ex.arena, ex.verdict);
    note_verdict(ex);
    if (ex.verdict.ends()) {
      co_await abandon_origin(ex, session);
      answer_by_rule(ex, session);
      co_return;
    }
  }
  co_await change_response(ex, session);
}

}  // namespace weir
