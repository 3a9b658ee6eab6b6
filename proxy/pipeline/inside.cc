// SPDX-License-Identifier: Apache-2.0
//
// See inside.h.
#include "proxy/pipeline/inside.h"

#include <string>

#include "proxy/pipeline/handshake.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/contexts.h"
#include "proxy/tls/engine.h"
#include "proxy/tls/hello.h"

namespace weir {
namespace {

constexpr std::uint16_t kOwnPort = 443;  // of https

// Could the client be shown a certificate of ours?
bool may_enter(const Exchange& ex, const Session& session) {
  return session.client.is_open() && ex.rules && session.worker.leaves != nullptr &&
         session.inside == nullptr && ex.request.method_id == http::Method::Connect &&
         (!ex.unheard || ex.tls) && (ex.subject.groups & ex.rules->trusting) != 0;
}

std::shared_ptr<Inside> make_inside(Exchange& ex) {
  auto out = std::make_shared<Inside>();
  const std::string_view named = ex.subject.server_name;
  out->host = named.empty() ? ex.host.name : named;
  out->address = named.empty() ? ex.host.address : std::nullopt;
  out->port = ex.port;
  out->server_name = named;
  out->authority = authority_text(out->host, out->port, 0, ex.arena);
  out->host_field = authority_text(out->host, out->port, kOwnPort, ex.arena);
  out->dial_name = ex.host.name;
  out->dial_address = ex.host.address;
  out->user = ex.user;
  return out;
}

// The tunnel's verdict, without what it borrows from this exchange.
void keep_verdict(const Exchange& ex, Inside& inside) {
  inside.blocked_by = ex.rules;
  inside.verdict = ex.verdict;
  inside.verdict.redirect = {};
  inside.verdict.edits.clear();
}

Failure name_client_trouble(tls::Trouble trouble) {
  return trouble == tls::Trouble::Rejected ? Failure::CertificateRejected
         : trouble == tls::Trouble::Gone   ? Failure::ClientGone
                                           : Failure::ClientTlsFailed;
}

void count_shake(Session& session, Failure why) {
  session.worker.metrics.add(metric::TlsHandshakes, why == Failure::None ? TlsOutcome::ClientDone
                                                    : why == Failure::CertificateRejected
                                                        ? TlsOutcome::ClientRejected
                                                        : TlsOutcome::ClientFailed);
}

std::shared_ptr<const tls::Leaf> find_leaf(Session& session, const std::string& host) {
  Worker& worker = session.worker;
  bool minted = false;
  auto leaf = worker.leaves->find(host, worker.loop.wall(), minted);
  worker.metrics.add(metric::LeavesMinted, minted ? 1 : 0);
  return leaf;
}

// The handshake, as the server `host`.
Task<Failure> shake_client(Session& session, const std::string& host) {
  Worker& worker = session.worker;
  const auto leaf = find_leaf(session, host);
  if (leaf == nullptr) {
    co_return Failure::ClientTlsFailed;  // no certificate can name it
  }
  auto engine = tls::Engine::to_client(*worker.shared.contexts, *leaf, session.in.unread());
  if (engine == nullptr) {
    co_return Failure::Overloaded;
  }
  worker.buffers.give(std::move(session.in));
  session.client.secure(std::move(engine));
  const Instant until = worker.loop.now() + session.settings().timeouts.head;
  const Failure why =
      co_await shake_hands(session.client, until, Failure::HeadTimeout, name_client_trouble);
  count_shake(session, why);
  co_return why;
}

Task<void> enter(Exchange& ex, Session& session, std::shared_ptr<Inside> inside) {
  if (ex.origin != nullptr) {
    session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  }
  const Failure why = co_await shake_client(session, inside->host);
  ex.record.kind = RecordKind::Tunnel;
  ex.record.served_by = ServedBy::Us;
  ex.record.intercept = inside->blocked_by ? "block_page" : "intercepted";
  ex.stays = why == Failure::None;
  ex.course = Course::Drop;
  if (why == Failure::None) {
    session.inside = std::move(inside);
  } else {
    ex.failure = why;
  }
}

// A tunnel that was to be refused: its client is let speak first, so that TLS can begin.
Task<Failure> hear_greeting(Exchange& ex, Session& session) {
  if (!ex.unheard && !ex.established) {
    const Failure why = co_await establish(ex, session);
    if (why != Failure::None) {
      co_return why;
    }
  }
  tls::Hello hello;
  co_return co_await read_greeting(ex, session, hello);
}

}  // namespace

std::string prepare_inside(const Settings::Tls& settings, Shared& shared, WallTime now) {
  if (settings.ca_certificate.empty()) {
    return {};
  }
  auto authority = tls::Authority::load(settings.ca_certificate, settings.ca_key, now);
  if (!authority) {
    return authority.error();
  }
  auto contexts = tls::Contexts::make(settings.origin_ca);
  if (!contexts) {
    return contexts.error();
  }
  shared.authority = std::move(*authority);
  shared.contexts = std::move(*contexts);
  return {};
}

bool looks_inside(const Exchange& ex, const Session& session) {
  return ex.verdict.decision == filters::Decision::Intercept && may_enter(ex, session);
}

bool shows_page_inside(const Exchange& ex, const Session& session) {
  const bool blocked = ex.failure == Failure::Blocked || ex.course == Course::Drop;
  return blocked && may_enter(ex, session) &&
         (ex.verdict.decision == filters::Decision::Block ||
          ex.verdict.decision == filters::Decision::Redirect);
}

Task<void> enter_tls(Exchange& ex, Session& session) {
  auto inside = make_inside(ex);
  co_await enter(ex, session, std::move(inside));
}

Task<void> enter_blocked(Exchange& ex, Session& session) {
  const Failure why = co_await hear_greeting(ex, session);
  if (why != Failure::None) {
    ex.record.kind = RecordKind::Tunnel;
    ex.stays = false;
    ex.course = Course::Drop;
    co_return;
  }
  auto inside = make_inside(ex);
  keep_verdict(ex, *inside);
  co_await enter(ex, session, std::move(inside));
}

}  // namespace weir
