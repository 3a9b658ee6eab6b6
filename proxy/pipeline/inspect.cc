// SPDX-License-Identifier: Apache-2.0
//
// Stage 3c: the name behind the name. CONNECT names a host, and the TLS greeting that follows names
// the server that is really meant; both must pass the rules. The greeting is read, judged and then
// passed on untouched. A server that speaks first speaks no TLS: then nothing is waited for.
#include "filters/classify.h"
#include "filters/policy/policy.h"
#include "filters/policy/safe_search.h"
#include "filters/url.h"
#include "proxy/base/host.h"
#include "proxy/pipeline/adjust.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"
#include "proxy/tls/hello.h"

namespace weir {
namespace {

using tls::HelloProgress;

// How long the client is waited for before the server is looked at again.
constexpr Micros kGlance = 200 * kMillisecond;

// The buffer of the request's head stays with the exchange, whose record views it.
void pin_head(Exchange& ex, Session& session) {
  Buffer& in = session.in;
  if (ex.pinned_request.valid() || !in.valid()) {
    return;
  }
  Buffer next;
  if (!in.empty()) {
    next = in.unread().size() < BufferPool::kSmall ? session.worker.buffers.take_small()
                                                   : Buffer(2 * in.unread().size());
    in.move_unread_to(next);
  }
  ex.pinned_request = std::exchange(in, std::move(next));
}

// Has the server something to say? Not before it has been connected to.
bool server_spoke(const Exchange& ex) {
  return ex.origin != nullptr && !ex.origin->stream.quiet();
}

// More bytes of the client's, or None with nothing new when the server has begun to speak.
Task<Failure> read_client(Exchange& ex, Session& session, bool& server_first) {
  const Settings::Timeouts& timeouts = session.settings().timeouts;
  const Micros patience = ex.origin != nullptr ? timeouts.tunnel_idle : timeouts.head;
  const Instant until = session.worker.loop.now() + patience;
  for (;;) {
    server_first = ex.unheard && session.in.empty() && server_spoke(ex);
    if (server_first) {
      co_return Failure::None;  // it has been waited for
    }
    session.make_room();
    const IoResult r = session.client.read(session.in.space(), session.in.room());
    if (r.what == Io::Bytes) {
      session.in.added(r.bytes);
      co_return Failure::None;
    }
    if (r.what != Io::WouldBlock) {
      server_first = r.what == Io::End && ex.unheard;  // it will not speak, and may want to hear
      co_return server_first ? Failure::None : Failure::ClientGone;
    }
    if (session.in.empty()) {
      session.worker.buffers.give(std::move(session.in));  // a silent client holds none
    }
    const Instant glance = session.worker.loop.now() + kGlance;
    const Failure why = co_await session.client.readable(glance, Failure::HeadTimeout);
    if (why == Failure::HeadTimeout) {
      server_first = session.in.empty() && (server_spoke(ex) || !ex.origin_in.empty());
      if (server_first || session.worker.loop.now() > until) {
        co_return server_first ? Failure::None : Failure::TunnelIdle;
      }
    } else if (why != Failure::None) {
      co_return why;
    }
  }
}

// Reads until the greeting is whole, or it is clear that there is none.
Task<HelloProgress> read_hello(Exchange& ex, Session& session, tls::Hello& hello, Failure& why) {
  bool server_first = false;
  for (;;) {
    if (!session.in.empty()) {
      const HelloProgress progress = tls::take_hello(session.in.unread(), ex.arena, hello);
      if (progress != HelloProgress::NeedMore) {
        co_return progress;
      }
    }
    why = co_await read_client(ex, session, server_first);
    if (why != Failure::None || server_first) {
      co_return HelloProgress::NotTls;
    }
  }
}

// The tunnel as its greeting shows it: one to the server named. False for a name that is no host
// name: it could be read as one name here and as another behind us.
bool describe_greeting(Exchange& ex, std::string_view server_name, filters::Subject& seen) {
  seen = ex.subject;
  seen.greeting_seen = true;
  if (server_name.empty()) {
    return true;
  }
  if (const auto address = IpAddress::parse(server_name)) {
    return address == ex.host.address;  // devices write there what they have connected to
  }
  const auto name = normalise_host(server_name, false, ex.arena);
  if (!name || name->address) {
    return false;
  }
  seen.server_name = ex.subject.server_name = name->name;
  seen.host = name->name;
  seen.host_address.reset();
  filters::set_url(seen, {}, ex.arena);
  filters::classify(seen, ex.arena);
  return true;
}

// Whether the server named should have been reached by another name, which was not dialled: the
// CONNECT asked for something else, such as the server's address.
bool dodges_safe_search(const Exchange& ex, const filters::Subject& seen,
                        const filters::Verdict& verdict) {
  const filters::Adjustments all = ex.rules->policy->summarise(verdict);
  const std::string_view safe =
      filters::safe_search_for(seen.host, all.safe_search, all.youtube).connect_to;
  return !safe.empty() && safe != ex.dial_name && safe != ex.subject.host;
}

// The greeting may name any server, but the tunnel goes to the one that was asked for: what spares
// the former from being looked into does not spare the latter.
bool dodges_interception(const Exchange& ex, const filters::Subject& seen,
                         const filters::Verdict& now) {
  return ex.verdict.decision == filters::Decision::Intercept &&
         now.decision != filters::Decision::Intercept && seen.host != ex.host.name;
}

// What the rules say now is what is recorded, and their adjustments that are new are carried out.
void take_over(Exchange& ex, Session& session, const filters::Subject& seen,
               const filters::Verdict& now) {
  filters::Verdict& all = ex.verdict;
  all.add_adjustments(now);
  if (now.rule != UINT32_MAX && !dodges_interception(ex, seen, now)) {
    all.decision = now.decision;
    all.rule = now.rule;
    all.action = now.action;
    all.hit = now.hit;
  }
  if (now.would_rule < all.would_rule) {
    all.would = now.would;
    all.would_rule = now.would_rule;
    all.would_hit = now.would_hit;
  }
  for (std::uint32_t i = 0; i < now.trial_count; ++i) {
    all.add_trial(now.trials[i]);
  }
  note_verdict(ex);
  adjust_request(ex, session);
}

// Judges the tunnel again, now that there is nothing left to wait for: also one without a name.
bool may_pass(Exchange& ex, Session& session, std::string_view server_name) {
  filters::Subject seen;
  if (!describe_greeting(ex, server_name, seen)) {
    return false;
  }
  filters::Verdict verdict;
  ex.rules->policy->judge(filters::Phase::Request, seen, ex.arena, verdict);
  if (verdict.ends()) {
    ex.verdict = verdict;
    return false;
  }
  if (dodges_safe_search(ex, seen, verdict)) {
    return false;
  }
  take_over(ex, session, seen, verdict);
  return true;
}

// A refused tunnel: its client is shown why where it can be, else by an alert.
Task<void> refuse_tunnel(Exchange& ex, Session& session, Failure why, bool tls) {
  if (why == Failure::Blocked) {
    note_verdict(ex);
    take_words(ex);
  }
  end_tunnel(ex, session, why);
  if (why == Failure::Blocked && tls && shows_page_inside(ex, session)) {
    co_await enter_blocked(ex, session);
  } else if (why == Failure::Blocked && tls) {
    const Micros idle = session.settings().timeouts.client_write;
    ex.record.bytes_to_client += tls::kUnrecognizedName.size();
    co_await send_text(session.client, tls::kUnrecognizedName, idle, Failure::ClientGone,
                       Failure::ClientStalled);
  }
}

}  // namespace

Task<Failure> read_greeting(Exchange& ex, Session& session, tls::Hello& hello) {
  pin_head(ex, session);
  Failure why = Failure::None;
  const HelloProgress progress = co_await read_hello(ex, session, hello, why);
  if (why == Failure::None && progress != HelloProgress::Done) {
    why = Failure::NotTls;
  }
  co_return why;
}

Task<void> inspect_hello(Exchange& ex, Session& session) {
  if (ex.request.method_id != http::Method::Connect) {
    co_return;  // an upgraded connection speaks what was agreed
  }
  pin_head(ex, session);
  tls::Hello hello;
  Failure why = Failure::None;
  const HelloProgress progress = co_await read_hello(ex, session, hello, why);
  const bool refused = why == Failure::None && (progress == HelloProgress::Bad ||
                                                !may_pass(ex, session, hello.server_name));
  if (refused) {
    why = Failure::Blocked;
  } else if (why == Failure::None && progress == HelloProgress::NotTls &&
             looks_inside(ex, session)) {
    why = Failure::NotTls;
  }
  if (why != Failure::None) {
    co_await refuse_tunnel(ex, session, why, progress != HelloProgress::NotTls);
  }
}

}  // namespace weir
