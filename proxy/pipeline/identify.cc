// SPDX-License-Identifier: Apache-2.0
//
// Stage 1: who asks, for what, and whether that can be answered at all. The checks run in a fixed
// order, cheapest and most basic first: framing before anything is believed, then the target, then
// whether this client may ask for it. Nothing here waits.
#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/http/forward.h"
#include "proxy/pipeline/answer.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::FieldId;
using http::Method;
using http::TargetForm;

constexpr std::uint16_t kHttpPort = 80;

// RFC 9112 9.3, and Proxy-Connection as old clients use it.
bool wants_to_stay(const http::RequestHead& request) {
  const auto lists = [&request](std::string_view token) {
    return lists_token(request.fields, FieldId::Connection, token) ||
           lists_token(request.fields, FieldId::ProxyConnection, token);
  };
  return request.minor >= 1 ? !lists("close") : lists("keep-alive") && !lists("close");
}

bool client_allowed(const IpAddress& client, const Settings::Clients& clients) {
  return std::any_of(clients.allow.begin(), clients.allow.end(),
                     [&client](const Prefix& p) { return p.contains(client); });
}

Failure check_connect(Exchange& ex, const Settings& settings) {
  // CONNECT has no body (RFC 9110 9.3.6); bytes behind the head belong to the tunnel.
  if (has_body(ex)) {
    return Failure::BadContentLength;
  }
  const auto& ports = settings.connect.ports;
  return std::find(ports.begin(), ports.end(), ex.port) == ports.end() ? Failure::PortDenied
                                                                       : Failure::None;
}

// Whom the request names: in its target, or, on a connection turned aside, in Host; where there is
// none, by its address.
Result<http::Authority> named_authority(Exchange& ex, const Session& session) {
  const http::TargetForm form = ex.target.form;
  if (form == TargetForm::Absolute || form == TargetForm::Authority || !session.arrival) {
    return ex.target.authority;
  }
  const http::Field* host = ex.request.fields.find(FieldId::Host);
  if (host == nullptr || host->value.empty()) {
    return http::parse_authority(ex.arena.copy(session.arrival->text()));
  }
  return http::parse_authority(host->value);
}

// Does this form of target belong on this listener? A proxy's forms do not on a connection that was
// meant for the server itself, but for the absolute one, which every server takes (RFC 9112 3.2.2).
Failure check_form(const Exchange& ex, const Session& session) {
  const TargetForm form = ex.target.form;
  const bool wrong = session.arrival ? form == TargetForm::Authority : form == TargetForm::Origin;
  return wrong ? Failure::Misdirected : Failure::None;
}

// Inside TLS everything is asked of the server that the handshake named, in the form that servers
// are asked in; another name is for another connection (RFC 9110 7.4).
Failure find_target_inside(Exchange& ex, const Session& session) {
  const Inside& inside = *session.inside;
  const http::Field* host = ex.request.fields.find(FieldId::Host);
  ex.host = Host{inside.host, inside.address};
  ex.port = inside.port;
  ex.authority = inside.host_field;
  ex.secure = true;
  ex.record.intercept = "intercepted";
  if (ex.target.form != TargetForm::Origin && ex.target.form != TargetForm::Asterisk) {
    return Failure::WrongHost;
  }
  if (host == nullptr || host->value.empty()) {
    return Failure::None;
  }
  const auto named = http::parse_authority(host->value);
  if (!named) {
    return named.error();
  }
  const auto name = normalise_host(named->host, named->bracketed, ex.arena);
  const bool same = name && name->name == ex.host.name && name->address == ex.host.address &&
                    (named->port == 0 || named->port == ex.port);
  return same ? Failure::None : Failure::WrongHost;
}

// Target, Host, and the normalised host and port.
Failure find_target(Exchange& ex, const Session& session) {
  if (const Failure why = http::check_host(ex.request); why != Failure::None) {
    return why;
  }
  const auto target = http::parse_target(ex.request, ex.arena);
  if (!target) {
    return target.error();
  }
  ex.target = *target;
  if (session.inside != nullptr) {
    return find_target_inside(ex, session);
  }
  if (const Failure why = check_form(ex, session); why != Failure::None) {
    return why;
  }
  if (target->form == TargetForm::Asterisk && !session.arrival) {
    return Failure::None;
  }
  const auto named = named_authority(ex, session);
  if (!named) {
    return named.error();
  }
  const auto host = normalise_host(named->host, named->bracketed, ex.arena);
  if (!host) {
    return Failure::BadTarget;
  }
  ex.host = *host;
  ex.port = named->port != 0 ? named->port : kHttpPort;
  // Wherever it claims to go, a connection that was turned aside went to that port.
  const std::uint16_t claimed = ex.port;
  if (session.arrival) {
    ex.port = session.arrival->port;
  }
  // However the client spells it, the server hears one name: what is stored is for all (cache/key).
  const bool connects = target->form == TargetForm::Authority;
  ex.authority = authority_text(ex.host.name, ex.port, connects ? 0 : kHttpPort, ex.arena);
  const bool elsewhere = target->form == TargetForm::Absolute && ex.port != claimed;
  return elsewhere ? Failure::Misdirected : Failure::None;
}

Failure check_method(const Exchange& ex, const Settings& settings) {
  const auto& denied = settings.http.deny_methods;
  if (std::find(denied.begin(), denied.end(), ex.request.method) != denied.end()) {
    return Failure::MethodDenied;
  }
  return ex.request.method_id == Method::Trace && has_body(ex) ? Failure::BodyOnTrace
                                                               : Failure::None;
}

Failure check_request(Exchange& ex, const Setup& setup) {
  const Settings& settings = setup.settings;
  if (http::expectation(ex.request) == http::Expectation::Unknown) {
    return Failure::ExpectationFailed;
  }
  if (http::via_names(ex.request.fields, setup.pseudonym)) {
    return Failure::Loop;
  }
  if (!http::max_forwards(ex.request).valid) {
    return Failure::BadMaxForwards;
  }
  const std::uint64_t most = settings.limits.request_body;
  if (most != 0 && ex.upload_framing.length > most) {
    return Failure::BodyTooLarge;
  }
  return check_method(ex, settings);
}

Failure first_fault(Exchange& ex, Session& session) {
  const Setup& setup = session.setup();
  // Whom the firewall turns aside is the operator's choice, made there, and not one of a proxy's.
  if (!session.arrival && !client_allowed(session.peer.address, setup.settings.clients)) {
    return Failure::ClientDenied;
  }
  const auto framing = http::request_framing(ex.request);
  if (!framing) {
    return framing.error();
  }
  ex.upload_framing = *framing;
  if (const Failure why = find_target(ex, session); why != Failure::None) {
    return why;
  }
  if (const Failure why = check_request(ex, setup); why != Failure::None) {
    return why;
  }
  return ex.request.method_id == Method::Connect ? check_connect(ex, setup.settings)
                                                 : Failure::None;
}

}  // namespace

void identify(Exchange& ex, Session& session) {
  ex.client_wants_to_stay = wants_to_stay(ex.request);
  if (session.inside != nullptr) {
    ex.user = session.inside->user;
  }
  if (const Failure why = first_fault(ex, session); why != Failure::None) {
    refuse(ex, session, why);
    return;
  }
  const http::MaxForwards hops = http::max_forwards(ex.request);
  const bool about_us = ex.target.form == TargetForm::Asterisk && !session.arrival && !ex.secure;
  if (about_us || (hops.present && hops.value == 0)) {
    ex.ends_here = true;
    return;
  }
  if (ex.request.method_id == Method::Connect) {
    ex.course = Course::Tunnel;
  } else if (ex.upload_framing.kind == http::BodyKind::None) {
    ex.upgrade = http::wanted_upgrade(ex.request, session.settings().http.upgrades, ex.arena);
  }
}

namespace {

// What a check came to, by the counter that moved. Exact enough: another check that ends while this
// one waits counts once as well.
void count_check(Session& session, const AuthCounters& before) {
  const AuthCounters& now = session.worker.authenticator->counters();
  Metrics& metrics = session.worker.metrics;
  if (now.cached != before.cached) {
    metrics.add(metric::AuthChecks, AuthResult::Cached);
  } else if (now.verified != before.verified) {
    metrics.add(metric::AuthChecks, AuthResult::Verified);
  } else if (now.failed != before.failed) {
    metrics.add(metric::AuthChecks, AuthResult::Failed);
  }
}

}  // namespace

Task<void> authenticate(Exchange& ex, Session& session) {
  const bool one = ex.request.fields.count(FieldId::ProxyAuthorization) == 1;
  const std::string_view value =
      one ? ex.request.fields.value(FieldId::ProxyAuthorization) : std::string_view();
  const AuthCounters before = session.worker.authenticator->counters();
  const Instant began = session.worker.loop.now();
  const AuthOutcome outcome = co_await session.worker.authenticator->check(value);
  const Micros took = session.worker.loop.now() - began;
  if (took > 0) {  // it was not remembered
    session.worker.metrics.observe(metric::StepTime, took, Step::Authenticate);
  }
  count_check(session, before);
  if (outcome.failure != Failure::None) {
    refuse(ex, session, outcome.failure);
    co_return;
  }
  ex.user = outcome.user;
}

}  // namespace weir
