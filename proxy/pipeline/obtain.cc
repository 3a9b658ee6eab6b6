// SPDX-License-Identifier: Apache-2.0
//
// See obtain.h.
#include "proxy/pipeline/obtain.h"

#include <array>
#include <charconv>

#include "proxy/net/connect.h"
#include "proxy/net/name_history.h"
#include "proxy/net/resolver.h"
#include "proxy/pipeline/handshake.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/route.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

// A request that may not be repeated rides only on a connection that was in use a moment ago, so
// that it does not meet an origin that is just closing it.
constexpr Micros kSurelyAlive = 2 * kSecond;
constexpr std::size_t kMostAddresses = 16;

// What kind of connection will do: a pooled one, a new one for the pool, or one outside it.
enum class Riding : std::uint8_t { Pooled, Fresh, Alone };

// Where to dial: the target itself, or a parent.
struct Hop {
  std::string_view name;
  std::optional<IpAddress> address;
  std::uint16_t port = 0;
  const Settings::Parent* parent = nullptr;
};

std::string_view port_text(std::uint16_t port, Arena& arena) {
  char* const text = arena.allocate(5);
  return {text, static_cast<std::size_t>(std::to_chars(text, text + 5, port).ptr - text)};
}

// Everything a pooled connection's use depends on but the address, which is judged at each use.
// With TLS that is also the server whose certificate was verified; through a parent it is a tunnel
// to that one server.
std::string_view pool_key(const Session& session, const Hop& hop, Arena& arena) {
  const std::string_view parent = hop.parent != nullptr ? hop.parent->name : std::string_view();
  const std::string_view at = arena.join({hop.name, ":", port_text(hop.port, arena)});
  // A reload may give the name of a parent to another host.
  const std::string_view place =
      hop.parent != nullptr ? arena.join({"parent ", parent, " ", at}) : at;
  return session.inside == nullptr ? place
                                   : arena.join({"tls ", session.inside->authority, " ", place});
}

// Servers are to see the client's own address. Behind a redirect their answers would not come back
// through here, nor do those of this very machine.
bool keeps_address(const Session& session) {
  if (!session.arrival || session.listener.mode != ListenMode::Tproxy ||
      !session.settings().transparent.keep_client_address) {
    return false;
  }
  const auto& own = session.setup().own.interfaces;
  return std::find(own.begin(), own.end(), session.arrival->address) == own.end();
}

DestinationVerdict judge(const Session& session, const IpAddress& address, std::uint16_t port) {
  const Setup& setup = session.setup();
  return judge_destination(address, port, ClientClass::of(session.peer.address),
                           setup.settings.destinations, setup.own);
}

// A parent is configured, hence allowed wherever it is, but never ourselves; rules about addresses
// are about origins.
Failure judge_hop(Exchange& ex, const Session& session, const Hop& hop, const IpAddress& address) {
  const Failure why = judge(session, address, hop.port).failure;
  if (hop.parent != nullptr) {
    return why == Failure::SelfDestination ? why : Failure::None;
  }
  return why == Failure::None ? police_address(ex, address) : why;
}

struct Candidates {
  std::array<Endpoint, kMostAddresses> at;
  std::size_t count = 0;
  Failure denied = Failure::None;
};

void consider(Exchange& ex, Candidates& out, const Session& session, const Hop& hop,
              const IpAddress& address) {
  const Failure why = judge_hop(ex, session, hop, address);
  if (why != Failure::None) {
    out.denied = why;
  } else if (out.count < kMostAddresses) {
    out.at[out.count++] = Endpoint{address, hop.port};
  }
}

Task<Failure> find_addresses(Exchange& ex, Session& session, Hop hop, Candidates& out) {
  if (hop.address) {
    consider(ex, out, session, hop, *hop.address);
    co_return out.denied;
  }
  Worker& worker = session.worker;
  const Instant asked = worker.loop.now();
  const auto answer = co_await worker.resolver->resolve(hop.name);
  ex.record.dns = worker.loop.now() - asked;
  if (!answer) {
    co_return answer.error();
  }
  if (session.setup().names != nullptr) {
    session.setup().names->learn(hop.name, *answer->addresses, worker.loop.now());
  }
  for (const IpAddress& address : *answer->addresses) {
    consider(ex, out, session, hop, address);
  }
  co_return out.count > 0 ? Failure::None : out.denied;
}

Task<Failure> dial(Exchange& ex, Session& session, Hop hop, OriginConnection& c) {
  Candidates candidates;
  const Failure why = co_await find_addresses(ex, session, hop, candidates);
  if (why != Failure::None) {
    co_return why;
  }
  Worker& worker = session.worker;
  ConnectLimits limits;
  limits.per_address = session.settings().timeouts.connect;
  limits.total = session.settings().timeouts.connect_total;
  limits.prefer_ipv6 = session.settings().dns.prefer_ipv6;
  limits.mark = session.settings().transparent.mark;
  if (keeps_address(session) && hop.parent == nullptr) {
    limits.from = session.peer.address;
  }
  const std::span<const Endpoint> addresses(candidates.at.data(), candidates.count);
  const Instant began = worker.loop.now();
  const auto connected = co_await connect_any(worker.loop, addresses, limits);
  ex.record.connect = worker.loop.now() - began;
  if (!connected) {
    co_return connected.error();
  }
  c.dialled = connected->at;
  worker.metrics.add(metric::OriginOpened);
  const bool us = ended_at_us(connected->fd, connected->at, session.setup().own);
  if (!c.stream.open(connected->fd, connected->watched)) {
    co_return Failure::Overloaded;
  }
  co_return us ? Failure::SelfDestination : Failure::None;
}

bool may_ride(Exchange& ex, const Session& session, const Hop& hop, const OriginConnection& c) {
  const bool repeatable =
      http::is_idempotent(ex.request.method_id) && ex.upload_framing.kind == http::BodyKind::None;
  if (!repeatable && session.worker.loop.now() - c.idle_since > kSurelyAlive) {
    return false;
  }
  return judge_hop(ex, session, hop, c.dialled.address) == Failure::None;
}

void note_origin(Exchange& ex, Session& session, const Hop& hop) {
  ex.parent = hop.parent;
  ex.record.destination = ex.origin->dialled;
  ex.record.origin_reused = ex.origin->reused;
  ex.record.parent = hop.parent != nullptr ? std::string_view(hop.parent->name) : "";
  const auto address =
      hop.parent == nullptr ? ex.origin->dialled.address : named_address(ex, session);
  if (address) {
    settle_address(ex, session, *address);
  }
}

// A place at the destination, or an idle connection that came free meanwhile (in ex.origin).
Task<Failure> wait_for_place(Exchange& ex, Session& session, Hop hop, bool fresh,
                             Destination*& place) {
  OriginPool& pool = session.worker.pool;
  Loop& loop = session.worker.loop;
  const std::string_view key = pool_key(session, hop, ex.arena);
  const Instant asked = loop.now();
  const Instant until = asked + session.settings().origin.queue_wait;
  for (;;) {
    Destination& d = pool.destination(key);
    place = &d;
    if (!fresh) {
      ex.origin = session.take_bound(key);
    }
    if (ex.origin != nullptr &&
        judge_hop(ex, session, hop, ex.origin->dialled.address) != Failure::None) {
      pool.give_back(std::exchange(ex.origin, nullptr), false);  // the rules see each request anew
    }
    if (!fresh && ex.origin == nullptr) {
      ex.origin = pool.take_idle(
          d, [&](const OriginConnection& c) { return may_ride(ex, session, hop, c); });
    }
    if (ex.origin != nullptr) {
      session.worker.metrics.add(metric::OriginReused);
      co_return Failure::None;
    }
    const OriginPool::Place answer = pool.ask_place(d);
    if (answer == OriginPool::Place::Granted) {
      co_return Failure::None;
    }
    if (answer == OriginPool::Place::Full) {
      co_return Failure::OriginQueueFull;
    }
    const PlaceAnswer came = co_await pool.place_free(d, until);
    ex.record.queue = loop.now() - asked;
    if (came == PlaceAnswer::TimedOut) {
      co_return Failure::OriginQueueTimeout;
    }
    const bool gone = session.gone();
    if (came == PlaceAnswer::Granted) {
      if (gone) {
        pool.release_place(pool.destination(key));
      }
      co_return gone ? Failure::ClientGone : Failure::None;
    }
    if (gone) {
      pool.pass_on(key);
      co_return Failure::ClientGone;
    }
  }
}

// Takes a new connection into use: through a parent, and with TLS, where the exchange wants that.
Task<Failure> begin_use(Exchange& ex, Session& session, Hop hop, OriginConnection* c) {
  ex.origin = c;
  note_origin(ex, session, hop);
  Failure why = Failure::None;
  if (ex.secure && hop.parent != nullptr) {
    why = co_await ask_parent(ex, session);
    if (why == Failure::None && !ex.origin_in.empty()) {
      why = Failure::OriginTlsFailed;  // no server speaks before it is greeted
    }
    ex.response.clear();
    session.worker.buffers.give(std::move(ex.origin_in));
  }
  if (why == Failure::None && ex.secure) {
    why = co_await secure_origin(ex, session, *c);
  }
  if (why != Failure::None) {
    ex.origin = nullptr;
    session.worker.pool.give_back(c, false);
  }
  co_return why;
}

Task<Failure> obtain_hop(Exchange& ex, Session& session, Hop hop, bool fresh) {
  Destination* place = nullptr;
  Failure why = co_await wait_for_place(ex, session, hop, fresh, place);
  if (why != Failure::None || ex.origin != nullptr) {
    if (ex.origin != nullptr) {
      note_origin(ex, session, hop);
    }
    co_return why;
  }
  OriginPool& pool = session.worker.pool;
  OriginConnection* c = pool.new_connection(*place);
  why = co_await dial(ex, session, hop, *c);
  if (why != Failure::None) {
    pool.give_back(c, false);
    co_return why;
  }
  co_return co_await begin_use(ex, session, hop, c);
}

Task<Failure> obtain_unpooled(Exchange& ex, Session& session, Hop hop) {
  OriginPool& pool = session.worker.pool;
  OriginConnection* c = pool.new_unpooled();
  const Failure why = co_await dial(ex, session, hop, *c);
  if (why != Failure::None) {
    pool.give_back(c, false);
    co_return why;
  }
  co_return co_await begin_use(ex, session, hop, c);
}

// Where a transparent client was going, whatever it calls that. Whoever is to see the client's own
// address needs connections of his own.
Hop hop_of_arrival(Exchange& ex, const Session& session) {
  const Endpoint& to = *session.arrival;
  const bool as_client = keeps_address(session);
  const std::string_view name =
      ex.arena.join({to.address.text(), as_client ? " from " : "",
                     as_client ? session.peer.address.text() : std::string()});
  return Hop{name, to.address, to.port, nullptr};
}

Hop hop_of(Exchange& ex, const Session& session, const Settings::Parent* parent) {
  if (parent != nullptr) {
    return Hop{parent->host, IpAddress::parse(parent->host), parent->port, parent};
  }
  if (session.arrival && ex.dial_name.empty()) {
    return hop_of_arrival(ex, session);
  }
  if (session.inside != nullptr) {
    return Hop{session.inside->dial_name, session.inside->dial_address, ex.port, nullptr};
  }
  if (!ex.dial_name.empty()) {
    return Hop{ex.dial_name, std::nullopt, ex.port, nullptr};
  }
  return Hop{ex.host.name, ex.host.address, ex.port, nullptr};
}

// Another parent may do better after this failure.
bool worth_another(Failure why) {
  return why != Failure::None && row(why).fault == Fault::Origin;
}

Task<Failure> obtain_one(Exchange& ex, Session& session, Hop hop, Riding riding) {
  if (riding == Riding::Alone) {
    co_return co_await obtain_unpooled(ex, session, hop);
  }
  co_return co_await obtain_hop(ex, session, hop, riding == Riding::Fresh);
}

// What must hold before a parent is asked, which would dial a literal address unjudged. A parent
// that gets a transparent client's request goes where its name leads: only a name that fits will
// do. (For a tunnel it is given the address.)
Failure judge_for_parent(Exchange& ex, const Session& session) {
  if (session.arrival && session.inside == nullptr && ex.course != Course::Tunnel &&
      ex.claim != Claim::Verified) {
    return Failure::NameContradicted;
  }
  const auto address = named_address(ex, session);
  const Failure denied = address ? judge(session, *address, ex.port).failure : Failure::None;
  return denied != Failure::None ? denied : police_address(ex, address);
}

// Goes through the route's parents until one answers.
Task<Failure> obtain_by_route(Exchange& ex, Session& session, Riding riding) {
  const Settings& settings = session.settings();
  if (ex.route == nullptr) {
    ex.route = find_route(settings, ex.host.name);
  }
  if (ex.route == nullptr) {
    const Hop direct = hop_of(ex, session, nullptr);
    co_return co_await obtain_one(ex, session, direct, riding);
  }
  Failure why = Failure::ConnectFailed;
  while (ex.next_parent < ex.route->size()) {
    const Settings::Parent* parent = find_parent(settings, (*ex.route)[ex.next_parent++]);
    const Failure denied = parent != nullptr ? judge_for_parent(ex, session) : Failure::None;
    if (denied != Failure::None) {
      co_return denied;
    }
    const Hop hop = hop_of(ex, session, parent);
    why = co_await obtain_one(ex, session, hop, riding);
    if (!worth_another(why)) {
      break;
    }
  }
  co_return why;
}

}  // namespace

Task<Failure> obtain(Exchange& ex, Session& session, bool fresh) {
  ex.next_parent = 0;
  return obtain_by_route(ex, session, fresh ? Riding::Fresh : Riding::Pooled);
}

Task<Failure> obtain_for_tunnel(Exchange& ex, Session& session) {
  return obtain_by_route(ex, session, Riding::Alone);
}

}  // namespace weir
