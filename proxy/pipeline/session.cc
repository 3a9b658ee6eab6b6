// SPDX-License-Identifier: Apache-2.0
//
// See session.h. What a connection on a transparent listener speaks is found out in arrive.cc.
#include "proxy/pipeline/session.h"

#include <sys/socket.h>

#include "proxy/pipeline/admit.h"
#include "proxy/pipeline/arrive.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/purge.h"
#include "proxy/pipeline/record.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/stored_wait.h"
#include "proxy/pipeline/tunnel.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

constexpr std::uint32_t kExchangesPerTurn = 16;

TunnelKind kind_of_tunnel(const Exchange& ex) {
  if (ex.unheard) {
    return ex.tls ? TunnelKind::Tls : TunnelKind::Unknown;
  }
  return ex.response.status == 101 ? TunnelKind::Upgrade : TunnelKind::Connect;
}

}  // namespace

Session::Session(Worker& w, ListenerState& l, const Endpoint& client_address, Entered how,
                 std::optional<Endpoint> destination)
    : worker(w),
      listener(l),
      peer(client_address),
      arrival(destination),
      client(w.loop),
      setup_(w.setup),
      entered_(how) {
  worker.enlist(*this);
}

Session::Session(Worker& w, ListenerState& l, const Endpoint& client_address, NoClient)
    : worker(w), listener(l), peer(client_address), client(w.loop), setup_(w.setup), nobody_(true) {
  worker.enlist(*this);
}

Session::~Session() {
  unbind();
  worker.buffers.give(std::move(in));
  worker.retire(*this);
}

const Settings& Session::settings() const {
  return setup_->settings;
}

void Session::adopt() {
  if (idle_) {
    setup_ = worker.setup;
  }
}

void Session::drain() {
  if (idle_) {
    client.close(Failure::ShuttingDown);
  }
}

void Session::cut() {
  client.close(Failure::ShuttingDown);
  if (knock_) {
    Knock::ring(knock_);
  }
  if (ex_ != nullptr && ex_->origin != nullptr) {
    ex_->origin->stream.close(Failure::ShuttingDown);
  } else if (ex_ != nullptr && (ex_->course == Course::Open || ex_->course == Course::Tunnel)) {
    // Waiting for a name, a place or a connection, which may outlast us: it is recorded now.
    ex_->failure = Failure::ShuttingDown;
    record_exchange(*ex_, *this);
  }
}

const std::shared_ptr<Knock>& Session::knock() {
  if (!knock_) {
    knock_ = std::make_shared<Knock>(worker.loop);
  }
  return knock_;
}

bool Session::gone() const {
  const bool shared = ex_ != nullptr && ex_->cache.leads && ex_->cache.flight->waiting() > 0;
  return client.broken() && !nobody_ && !shared;
}

void Session::heed_client(Exchange& ex) {
  if (nobody_) {
    return;
  }
  if (ex.cache.leads) {
    constexpr Micros kFar = 24 * 3600 * kSecond;
    client.keep(this, worker.loop.now() + kFar);
  } else {
    client.tie(&ex.origin->stream, Failure::ClientGone);
  }
}

void Session::unheed_client() {
  client.tie(nullptr, Failure::None);
  if (ex_->cache.leads) {
    client.unkeep();
  }
}

// The client of a fetch that others may share.
void Session::stirred(Stream& stream) {
  if (stream.broken()) {
    stream.unkeep();
    if (gone() && ex_->origin != nullptr) {
      ex_->origin->stream.close(Failure::ClientGone);
    }
  }
}

void Session::bind(OriginConnection* c) {
  unbind();
  bound_ = c;
}

OriginConnection* Session::take_bound(std::string_view key) {
  if (bound_ != nullptr && bound_->stream.stirring()) {
    unbind();
  }
  if (bound_ == nullptr || bound_->destination->key != key) {
    return nullptr;
  }
  bound_->reused = true;
  return std::exchange(bound_, nullptr);
}

void Session::unbind() {
  if (bound_ != nullptr) {
    worker.pool.give_back(std::exchange(bound_, nullptr), false);
  }
}

// The life of one client connection.
Spawned Session::run(int fd) {
  bool speaks_http = client.open(fd);
  if (speaks_http && arrival) {
    speaks_http = co_await arrive();
  }
  if (speaks_http) {
    for (;;) {
      const bool more = co_await next_request();
      if (!more) {
        break;
      }
      if (served_ % kExchangesPerTurn == kExchangesPerTurn - 1) {
        co_await worker.loop.yield();  // a client that pipelines without end is not alone here
      }
      co_await serve();
      if (!client.is_open() || !ex_->stays) {
        break;
      }
      finish_exchange();
    }
    if (linger_) {
      co_await farewell();
    } else if (client.is_secure()) {
      client.end_writing();
    }
  }
  if (ex_ != nullptr) {
    finish_exchange();
  }
  delete this;
}

// A connection turned aside, up to where it is clear that it speaks HTTP. What speaks something
// else is carried through, and false is returned when that is over.
Task<bool> Session::arrive() {
  bool first = true;
  for (bool again = true; again;) {
    Arena arena;
    tls::Hello hello;
    const Spoken spoken = co_await find_spoken(*this, hello, arena);
    if (first) {
      worker.metrics.add(metric::Transparent, static_cast<SpokenFirst>(spoken));
    }
    first = false;
    if (spoken == Spoken::Http || spoken == Spoken::Gone) {
      co_return spoken == Spoken::Http;
    }
    begin_exchange();
    make_tunnel(*ex_, *this, spoken, hello);
    co_await serve();
    if (inside != nullptr) {
      finish_exchange();
      co_return true;  // within TLS it speaks HTTP
    }
    again = ex_ != nullptr && ex_->spoke_late;
    if (again) {
      drop_exchange();
      linger_ = false;
    }
  }
  co_return false;
}

// The life of one exchange. Everything else in this program serves this function.
Task<void> Session::serve() {
  Exchange& ex = *ex_;
  if (ex.course == Course::Open) {
    identify(ex, *this);  // who, what, by which road
  }
  if (arrival || setup_->passwords) {
    co_await find_client(ex);  // who asks, where that takes time to say
  }
  if ((ex.course == Course::Open || ex.course == Course::Tunnel) && judges()) {
    police_request(ex, *this);  // may it be asked at all, and in which words
  }
  if ((ex.course == Course::Open || ex.course == Course::Tunnel) && arrival && !inside &&
      ex.rules) {
    police_other_names(ex, *this);
  }
  if (ex.course == Course::Open && is_purge(ex, *this)) {
    purge(ex, *this);
  }
  if (ex.course == Course::Open && worker.shared.store != nullptr) {
    const LookUp found = look_up(ex, *this);  // what is stored may do
    if (found != LookUp::Decided || stored_needs_check(ex)) {
      co_await wait_for_cache(ex, *this, found);
    }
  }
  if (ex.course == Course::Open && ex.ends_here) {
    answer_here(ex, *this);
  } else if (ex.course == Course::Open) {
    co_await ask_origin(ex);  // the answer, up to the end of its head
  } else if (ex.course == Course::Tunnel) {
    co_await reach_tunnel(ex);
  }
  if (nobody_) {
    leave_to_store(ex);
    co_return;
  }
  const bool answered = ex.course == Course::Relay || ex.course == Course::Stored;
  if (answered && rules_await_response(ex)) {
    co_await police_response(ex, *this);  // may the answer pass, and how changed
  }
  if (ex.course == Course::Reply && shows_page_inside(ex, *this)) {
    co_await enter_blocked(ex, *this);
  }
  if (ex.course == Course::Reply && ex.unheard) {
    co_await end_unheard(ex, *this);
  }
  if (ex.course == Course::Relay || ex.course == Course::Stored || ex.course == Course::Reply) {
    co_await deliver(ex, *this);  // head, then body, as they come
  }
  if (ex.course == Course::Tunnel) {
    co_await run_tunnel();
    co_return;
  }
  const bool unread = ex.upload.from != nullptr && !ex.upload_reader.over();
  linger_ = !ex.stays && (ex.course == Course::Reply || unread || client.stirring());
  record_exchange(ex, *this);  // once, whatever happened
}

// Are there rules to ask, or is it settled what they say?
bool Session::judges() const {
  return ex_->in_force != nullptr || (inside != nullptr && inside->blocked_by != nullptr);
}

// What can be said of the client only after waiting. Whoever speaks inside TLS has been through
// this before.
Task<void> Session::find_client(Exchange& ex) {
  const bool goes_on = ex.course == Course::Open || ex.course == Course::Tunnel;
  if (goes_on && arrival && !inside) {
    co_await verify_claim(ex, *this);  // nobody logs in to a proxy that he does not know of
  } else if (goes_on && setup_->passwords && !arrival && !inside) {
    co_await authenticate(ex, *this);
  }
}

// What a tunnel leads to: its server, or, where a rule looks into it, the exchanges inside.
Task<void> Session::reach_tunnel(Exchange& ex) {
  if (!looks_inside(ex, *this)) {
    co_await open_tunnel(ex, *this);
  } else if (!ex.unheard) {
    const Failure why = co_await establish(ex, *this);
    if (why != Failure::None) {
      refuse(ex, *this, why);
    }
  }
  if (ex.course == Course::Tunnel && ex.unheard && in.empty()) {
    co_await await_speaker(ex, *this);
  }
  if (ex.course == Course::Tunnel && ex.rules) {
    co_await inspect_hello(ex, *this);  // the name behind the name
  }
  if (ex.course == Course::Tunnel && looks_inside(ex, *this)) {
    co_await enter_tls(ex, *this);
  } else if (ex.course == Course::Tunnel && ex.origin == nullptr) {
    co_await open_tunnel(ex, *this);  // the greeting has changed the rules' mind
  }
  if (ex.course == Course::Tunnel && ex.unheard && !ex.tls && !in.empty()) {
    co_await guard_opening(ex, *this);
  }
}

// The origin's answer, and what it means to the cache: it may have to be asked a second time, when
// it calls something current that we do not have.
Task<void> Session::ask_origin(Exchange& ex) {
  for (int round = 0; round < 2 && ex.course == Course::Open; ++round) {
    co_await fetch(ex, *this);
    if (ex.course == Course::Relay && ex.cache.takes_part) {
      admit(ex, *this);
    }
  }
  end_flight(ex, *this, store::FlightState::LookAgain);
  if (ex.course == Course::Open) {
    refuse(ex, *this, Failure::OriginBadFraming);
  }
}

// A refreshment has been started, or there is nothing to keep.
void Session::leave_to_store(Exchange& ex) {
  ex.cache.follower.reset();
  if (ex.origin != nullptr) {
    worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  }
  ex.recorded = true;
}

Spawned Session::run_for_nobody(std::string request) {
  in = Buffer(request.size());
  std::copy(request.begin(), request.end(), in.space());
  in.added(request.size());
  const http::Taken taken = take_head();
  if (taken.progress == http::Progress::Done) {
    describe_request(*ex_, *this);
    co_await serve();
  }
  finish_exchange();
  delete this;
}

void Session::finish_exchange() {
  drop_exchange();
  ++served_;
}

// Waits until a byte of the next request is there, holding nothing meanwhile. False when the
// connection is over.
Task<bool> Session::first_byte() {
  const Settings::Timeouts& timeouts = settings().timeouts;
  const Instant until = worker.loop.now() + (served_ == 0 ? timeouts.head : timeouts.client_idle);
  while (!in.valid() || in.empty()) {
    worker.buffers.give(std::move(in));
    if (worker.draining()) {
      co_return false;
    }
    idle_ = true;
    const Failure why = co_await client.readable(until, Failure::HeadTimeout);
    idle_ = false;
    if (why != Failure::None) {
      co_return false;
    }
    in = worker.buffers.take_small();
    const IoResult r = client.read(in.space(), in.room());
    if (r.what == Io::Bytes) {
      in.added(r.bytes);
    } else if (r.what != Io::WouldBlock) {
      co_return false;
    }
  }
  co_return true;
}

// The head of the next request. False when the connection is over; a head that arrived broken is an
// exchange whose answer is already decided.
Task<bool> Session::next_request() {
  const bool begun = co_await first_byte();
  if (!begun) {
    co_return false;
  }
  scan_ = http::HeadScan();
  const Failure why = co_await read_head();
  if (ex_ == nullptr) {
    co_return false;
  }
  describe_request(*ex_, *this);
  if (why != Failure::None) {
    ex_->record.kind = RecordKind::BadRequest;
    refuse(*ex_, *this, why);
  }
  co_return true;
}

// True for a connection that ended with nothing but the empty lines that may precede a request.
bool Session::nothing_begun() const {
  return in.unread().find_first_not_of("\r\n") == std::string_view::npos;
}

// Reads until a head is complete or cannot become one. Leaves ex_ empty when no request had begun.
Task<Failure> Session::read_head() {
  const Instant until = worker.loop.now() + settings().timeouts.head;
  for (;;) {
    if (!in.empty()) {
      const http::Taken taken = take_head();
      if (taken.progress != http::Progress::NeedMore) {
        co_return taken.why;
      }
    }
    make_room_for_head();
    const IoResult r = client.read(in.space(), in.room());
    if (r.what == Io::Bytes) {
      in.added(r.bytes);
      continue;
    }
    Failure why = Failure::ClientCut;
    if (r.what == Io::WouldBlock) {
      why = co_await client.readable(until, Failure::HeadTimeout);
      if (why == Failure::None) {
        continue;
      }
    }
    if (nothing_begun()) {
      drop_exchange();
    }
    co_return why;
  }
}

// It keeps what is in force now, whatever is taken into use while it runs.
void Session::begin_exchange() {
  setup_ = worker.setup;
  ex_ = worker.take_exchange();
  ex_->in_force = worker.rules;
  ex_->began = worker.loop.now();
  ex_->client_reused = served_ > 0;
  begin_record(*ex_, *this);
}

http::Taken Session::take_head() {
  if (ex_ == nullptr) {
    begin_exchange();
  }
  const Settings::Limits& limits = settings().limits;
  const http::HeadLimits head_limits{limits.request_line, limits.head, limits.fields};
  const http::Taken taken = http::take_request(in.unread(), scan_, head_limits, ex_->request);
  ex_->head_bytes = taken.progress == http::Progress::Done ? taken.used : in.unread().size();
  in.use(taken.used);
  return taken;
}

void Session::make_room() {
  if (!in.valid()) {
    in = worker.buffers.take_small();
  } else if (in.room() == 0) {
    Buffer larger(in.unread().size() + BufferPool::kSmall);
    in.move_unread_to(larger);
    worker.buffers.give(std::move(in));
    in = std::move(larger);
  }
}

void Session::make_room_for_head() {
  if (in.room() > 0) {
    return;
  }
  const std::size_t most = settings().limits.head + BufferPool::kSmall;
  Buffer larger(std::max(std::min(2 * in.unread().size(), most), BufferPool::kSmall));
  in.move_unread_to(larger);
  worker.buffers.give(std::move(in));
  in = std::move(larger);
}

void Session::drop_exchange() {
  if (ex_ != nullptr) {
    // The heads live as long as the exchange that views them.
    for (Buffer* buffer : {&ex_->pinned_request, &ex_->origin_in, &ex_->pinned_response}) {
      worker.buffers.give(std::move(*buffer));
    }
    worker.give_exchange(std::move(ex_));
  }
}

// Early bytes of either side go first, then the two streams are joined. The exchange is given back
// before: an open tunnel keeps its record and its two streams, nothing else.
Task<void> Session::run_tunnel() {
  Exchange& ex = *ex_;
  complete_record(ex, *this);
  const auto owned = std::make_unique<OwnedRecord>(ex.record);
  OwnedRecord& kept = *owned;
  kept.record.kind = ex.response.status == 101 ? RecordKind::Upgrade : RecordKind::Tunnel;
  const TunnelKind what_for = kind_of_tunnel(ex);
  const Instant began = ex.began;
  OriginConnection* origin = std::exchange(ex.origin, nullptr);
  Buffer early_down = std::move(ex.origin_in);
  const std::unique_ptr<Limits> limits = std::move(ex.limits);
  finish_exchange();
  worker.metrics.add(metric::Tunnels, what_for);
  worker.metrics.add(metric::TunnelsActive, 1, what_for);
  TunnelPlan plan;
  plan.client = &client;
  plan.origin = &origin->stream;
  plan.throttle_up = limits ? &limits->up : nullptr;
  plan.throttle_down = limits ? &limits->down : nullptr;
  plan.idle = settings().timeouts.tunnel_idle;
  plan.write_idle = settings().timeouts.tunnel_idle;  // a paused download is no fault
  const Failure why = co_await tunnel(plan, worker.tools, in, early_down);
  kept.record.bytes_from_client += plan.to_origin;
  kept.record.bytes_to_client += plan.to_client;
  kept.record.bytes_to_origin += plan.to_origin;
  kept.record.bytes_from_origin += plan.to_client;
  kept.record.total = worker.loop.now() - began;
  if (why != Failure::None) {
    kept.record.failure = why;
  }
  worker.metrics.add(metric::TunnelsActive, -1, what_for);
  worker.pool.give_back(origin, false);
  worker.write_log(kept.record, setup());
}

// After a refusal the rest of the request is read and thrown away for a little while, so that the
// client gets to see our answer instead of a reset (RFC 9112 9.6).
Task<void> Session::farewell() {
  constexpr std::size_t kMost = 4 * 1024 * 1024;
  client.end_writing();
  if (!in.valid()) {
    in = worker.buffers.take_small();
  }
  const Instant until = worker.loop.now() + settings().timeouts.linger;
  std::size_t seen = 0;
  while (client.is_open() && seen < kMost) {
    const IoResult r = client.read(in.data(), in.capacity());
    seen += r.bytes;
    if (r.what == Io::End || r.what == Io::Broken) {
      break;
    }
    if (r.what == Io::WouldBlock) {
      const Failure why = co_await client.readable(until, Failure::ClientStalled);
      if (why != Failure::None) {
        break;
      }
    }
  }
}

}  // namespace weir
