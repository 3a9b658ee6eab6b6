// SPDX-License-Identifier: Apache-2.0
//
// See arrive.h.
#include "proxy/pipeline/arrive.h"

#include <algorithm>
#include <string>

#include "filters/classify.h"
#include "filters/policy/policy.h"
#include "filters/url.h"
#include "proxy/net/name_history.h"
#include "proxy/net/resolver.h"
#include "proxy/pipeline/block.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/record.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

// The host that the client claims, or the address itself: no name is an address (RFC 6066 3), but
// devices put one there. False: a name that is no host name.
bool find_host(Exchange& ex, Session& session, std::string_view name) {
  if (name.empty() || IpAddress::parse(name)) {
    ex.host.name = ex.arena.copy(session.arrival->address.text());
    ex.host.address = session.arrival->address;
    return true;
  }
  const auto host = normalise_host(ex.arena.copy(name), false, ex.arena);
  if (!host || host->address) {
    return false;
  }
  ex.host = *host;
  return true;
}

// What came of asking the resolver, for somebody who may have stopped waiting.
struct Asked {
  bool done = false;
  std::vector<IpAddress> addresses;
};

Spawned ask(Worker& worker, std::string name, std::shared_ptr<Asked> asked,
            std::shared_ptr<Knock> knock) {
  const Instant began = worker.loop.now();
  const auto answer = co_await worker.resolver->resolve(name);
  const Instant now = worker.loop.now();
  const bool in_time = now - began <= worker.setup->settings.transparent.verify_wait;
  if (now > began && in_time && (answer || answer.error() != Failure::DnsTimeout)) {
    worker.silence.heard(now);
  }
  if (answer) {
    asked->addresses.assign(answer->addresses->begin(), answer->addresses->end());
    worker.setup->names->learn(name, asked->addresses, worker.loop.now());
  }
  asked->done = true;
  Knock::ring(knock);
}

Claim compare(const std::vector<IpAddress>& addresses, const IpAddress& with) {
  if (addresses.empty()) {
    return Claim::Unverified;
  }
  return std::find(addresses.begin(), addresses.end(), with) != addresses.end()
             ? Claim::Verified
             : Claim::Contradicted;
}

Task<Claim> ask_resolver(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  const IpAddress& address = session.arrival->address;
  if (session.setup().names->knows(ex.host.name, address, worker.loop.now())) {
    co_return Claim::Verified;
  }
  const auto asked = std::make_shared<Asked>();
  const std::shared_ptr<Knock> knock = session.knock();
  std::string name(ex.host.name);
  const Instant began = worker.loop.now();
  ask(worker, std::move(name), asked, knock);
  const bool strict = session.settings().transparent.host_verify == HostVerify::Strict ||
                      !session.settings().transparent.strict_groups.empty();
  if (!asked->done && !strict && worker.silence.lasts(began)) {
    co_return Claim::Unverified;  // its answer is kept for those who come later
  }
  const Instant until = began + session.settings().transparent.verify_wait;
  while (!asked->done && worker.loop.now() < until && !session.client.broken()) {
    knock->heed(session.client);
    co_await knock->wait(until);
    session.client.unkeep();
  }
  worker.metrics.observe(metric::StepTime, worker.loop.now() - began, Step::VerifyName);
  if (!asked->done && worker.loop.now() >= until) {
    worker.silence.missed(began, worker.loop.now());
  }
  co_return compare(asked->addresses, address);
}

constexpr std::string_view kClaimWords[] = {"", "verified", "unverified", "contradicted"};

ClaimOutcome outcome_of(Claim claim) {
  return claim == Claim::Verified     ? ClaimOutcome::Verified
         : claim == Claim::Unverified ? ClaimOutcome::Unverified
                                      : ClaimOutcome::Contradicted;
}

bool strict_for(const Exchange& ex, const Session& session) {
  const Settings::Transparent& settings = session.settings().transparent;
  if (settings.host_verify == HostVerify::Strict) {
    return true;
  }
  if (!ex.rules || settings.strict_groups.empty()) {
    return false;
  }
  const auto& groups = ex.rules->policy->document().groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool in_it = (ex.subject.groups >> i & 1) != 0;
    const auto& strict = settings.strict_groups;
    if (in_it && std::find(strict.begin(), strict.end(), groups[i].name) != strict.end()) {
      return true;
    }
  }
  return false;
}

// The request as if it had named this host.
filters::Verdict judge_as(Exchange& ex, const std::string& name, const IpAddress& address) {
  filters::Subject seen = ex.subject;
  seen.host = ex.arena.copy(name);
  seen.host_address.reset();
  filters::set_url(seen, ex.subject.host_only ? std::string_view() : ex.target.path, ex.arena);
  filters::classify(seen, ex.arena);
  filters::Verdict verdict;
  ex.rules->policy->judge(filters::Phase::Request, seen, ex.arena, verdict);
  if (verdict.waits) {
    seen.destination = address;
    ex.rules->policy->judge(filters::Phase::Address, seen, ex.arena, verdict);
  }
  return verdict;
}

}  // namespace

void make_tunnel(Exchange& ex, Session& session, Spoken spoken, const tls::Hello& hello) {
  const Settings::Transparent& settings = session.settings().transparent;
  ex.course = Course::Tunnel;
  ex.unheard = true;
  ex.tls = spoken == Spoken::Tls || spoken == Spoken::BadTls;
  ex.request.method = "CONNECT";
  ex.request.method_id = http::Method::Connect;
  ex.port = session.arrival->port;
  const bool readable = spoken == Spoken::Tls;
  const bool named = find_host(ex, session, readable ? hello.server_name : std::string_view());
  if (!named) {
    ex.host.name = ex.arena.copy(session.arrival->address.text());
    ex.host.address = session.arrival->address;
  }
  ex.authority = authority_text(ex.host.name, ex.port, 0, ex.arena);
  ex.request.target = ex.authority;
  describe_request(ex, session);
  const bool refused =
      spoken == Spoken::BadTls ||
      (spoken == Spoken::Other && settings.unknown == Unnamed::Refuse) || (ex.tls && !named) ||
      (ex.tls && ex.host.address && settings.no_name == Unnamed::Refuse) ||
      (ex.tls && hello.encrypted_hello && settings.encrypted_hello == Unnamed::Refuse);
  if (refused) {
    ex.record.kind = RecordKind::Tunnel;
    ex.failure = Failure::UnnamedRefused;
    ex.course = Course::Reply;
  }
}

Task<void> verify_claim(Exchange& ex, Session& session) {
  const IpAddress& address = session.arrival->address;
  if (ex.host.address) {
    ex.claim = *ex.host.address == address ? Claim::Verified : Claim::Contradicted;
  } else {
    ex.claim = co_await ask_resolver(ex, session);
  }
  ex.record.claim = kClaimWords[static_cast<std::size_t>(ex.claim)];
  session.worker.metrics.add(metric::Claims, outcome_of(ex.claim));
  if (ex.claim == Claim::Contradicted && strict_for(ex, session)) {
    refuse(ex, session, Failure::NameContradicted);
  }
}

void police_other_names(Exchange& ex, Session& session) {
  if (ex.claim == Claim::Contradicted && strict_for(ex, session)) {  // by its group, known only now
    refuse(ex, session, Failure::NameContradicted);
    return;
  }
  if (ex.claim == Claim::Verified && !ex.host.address) {
    return;
  }
  const auto names =
      session.setup().names->names_of(session.arrival->address, session.worker.loop.now());
  if (names.empty()) {
    return;
  }
  filters::Verdict verdict;
  for (const std::string& name : names) {
    verdict = judge_as(ex, name, session.arrival->address);
    if (!verdict.blocks()) {
      return;
    }
  }
  ex.verdict = verdict;
  note_verdict(ex);
  answer_by_rule(ex, session);
}

Task<void> end_unheard(Exchange& ex, Session& session) {
  const bool refused = ex.failure == Failure::None || row(ex.failure).fault == Fault::Policy;
  ex.record.status = 0;
  ex.record.kind = RecordKind::Tunnel;
  if (ex.failure == Failure::None) {
    ex.failure = Failure::Blocked;
  }
  if (ex.tls && refused) {
    ex.record.bytes_to_client += tls::kUnrecognizedName.size();
    const Micros idle = session.settings().timeouts.client_write;
    co_await send_text(session.client, tls::kUnrecognizedName, idle, Failure::ClientGone,
                       Failure::ClientStalled);
  }
  ex.stays = false;
  ex.course = Course::Drop;
}

}  // namespace weir
