// SPDX-License-Identifier: Apache-2.0
//
// See worker.h. Accepting stops for a moment when descriptors run out, instead of spinning on a
// listener that stays readable; idle origin connections are given up first.
#include "proxy/pipeline/worker.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/base/diag.h"
#include "proxy/http/reply.h"
#include "proxy/net/arrival.h"
#include "proxy/net/kept_sockets.h"
#include "proxy/net/resolver.h"
#include "proxy/pipeline/fill.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/tls/authority.h"

namespace weir {
namespace {

constexpr int kAcceptsPerTurn = 16;
constexpr std::size_t kSpareExchanges = 128;
constexpr Micros kAcceptPause = 100 * kMillisecond;
constexpr Micros kOldResolverLook = 1 * kSecond;

std::uint64_t random_start() {
  std::uint64_t start = 0;
  [[maybe_unused]] const auto n = ::getrandom(&start, sizeof start, 0);
  return start;
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::unique_ptr<Resolver> make_resolver(Loop& loop, const Settings& settings) {
  return std::make_unique<Resolver>(loop, settings.dns, settings.timeouts.dns);
}

std::unique_ptr<Authenticator> make_authenticator(Loop& loop, const Setup& setup) {
  if (setup.passwords == nullptr) {
    return nullptr;
  }
  Authenticator::Limits limits;
  limits.remember = setup.settings.auth.remember;
  return std::make_unique<Authenticator>(loop, *setup.offload, setup.passwords, limits);
}

}  // namespace

InForce InForce::own_copy() const {
  InForce out;
  out.setup = setup == nullptr ? nullptr : setup->own_copy();
  out.rules = rules == nullptr ? nullptr : std::make_shared<const Snapshot>(*rules);
  return out;
}

Worker::Worker(const Shared& shared_state, const InForce& begin_with, LogRing* log_ring)
    : shared(shared_state),
      setup(begin_with.setup->own_copy()),
      rules(begin_with.own_copy().rules),
      pool(loop, setup->settings.origin),
      resolver(make_resolver(loop, setup->settings)),
      authenticator(make_authenticator(loop, *setup)),
      leaves(shared_state.authority == nullptr
                 ? nullptr
                 : std::make_unique<tls::LeafCache>(shared_state.authority)),
      log_(log_ring, metrics),
      request_id_(random_start()) {}

Worker::~Worker() {
  // Who still waits for a name (nobody but what learns for others) is told in a last turn.
  resolver.reset();
  old_resolvers_.clear();
  loop.turn(0);
  for (const auto& listener : listeners_) {
    if (listener->fd >= 0) {
      ::close(listener->fd);
    }
  }
}

void Worker::add_listener(NewListener from) {
  listeners_.push_back(std::make_unique<ListenerState>(*this, std::move(from)));
  if (shared.slots != nullptr) {
    listeners_.back()->slot = shared.slots->slot(listeners_.back()->name);
  }
}

void Worker::adopt(const Adoption& adoption) {
  Adoption own = adoption;
  own.in_force = adoption.in_force.own_copy();
  loop.post([this, own = std::move(own)] { take_over(own); });
}

void Worker::take_over(const Adoption& adoption) {
  rules = adoption.in_force.rules;
  if (adoption.in_force.setup != nullptr) {
    const auto before = std::exchange(setup, adoption.in_force.setup);
    take_services(*before);
    for (Session* s = sessions_; s != nullptr; s = s->next_) {
      s->adopt();
    }
  }
  change_listeners(adoption);
  if (adoption.done != nullptr) {
    adoption.done->set_value();
  }
}

// What was made from the settings before and goes on from one exchange to the next.
void Worker::take_services(const Setup& before) {
  const Settings& now = setup->settings;
  pool.use(now.origin);
  if (now.dns != before.settings.dns || now.timeouts.dns != before.settings.timeouts.dns) {
    old_resolvers_.add(std::exchange(resolver, make_resolver(loop, now)));
  }
  if (authenticator == nullptr) {
    authenticator = make_authenticator(loop, *setup);
  } else if (setup->passwords != nullptr) {
    authenticator->use(setup->passwords, now.auth.remember);
  }
}

void Worker::change_listeners(const Adoption& adoption) {
  for (const NewListener& opened : adoption.open) {
    if (draining_) {
      if (opened.fd >= 0) {
        ::close(opened.fd);
      }
      continue;
    }
    NewListener one = opened;
    for (const auto& before : listeners_) {
      if (one.fd < 0 && before->id == one.heir_of) {
        loop.unwatch(before->fd, *before);
        one.fd = std::exchange(before->fd, -1);
      }
    }
    add_listener(std::move(one));
  }
  for (const auto& listener : listeners_) {
    const auto& gone = adoption.close;
    if (listener->fd >= 0 && std::find(gone.begin(), gone.end(), listener->id) != gone.end()) {
      close_listener(*listener);
    }
  }
  forget_closed_listeners();
  if (!adoption.open.empty() && !draining_ && !accept_pause_.pending()) {
    resume_accepting();
  }
}

// Whoever is connected already, and only waits to be accepted, is served.
void Worker::close_listener(ListenerState& listener) {
  while (accept_some(listener)) {
  }
  close_socket(listener);
}

// Whoever keeps a copy of it would let clients wait for nobody.
void Worker::close_socket(ListenerState& listener) {
  loop.unwatch(listener.fd, listener);
  const int fd = std::exchange(listener.fd, -1);
  shared.sockets_kept ? KeptSockets::end(fd) : static_cast<void>(::close(fd));
}

void Worker::forget_closed_listeners() {
  std::erase_if(listeners_,
                [](const auto& listener) { return listener->fd < 0 && listener->sessions == 0; });
}

Worker::OldResolvers::OldResolvers(Worker& w) : worker_(w) {}
Worker::OldResolvers::~OldResolvers() = default;

void Worker::OldResolvers::clear() {
  Deadline::clear();
  all_.clear();
}

void Worker::OldResolvers::add(std::unique_ptr<Resolver> old) {
  all_.push_back(std::move(old));
  set(worker_.loop.wheel(), worker_.loop.now() + kOldResolverLook);
}

void Worker::OldResolvers::due() {
  // Not here: they own deadlines, and this is the wheel's turn.
  worker_.loop.post([this] {
    std::erase_if(all_, [](const auto& old) { return old->lookups_under_way() == 0; });
    if (!all_.empty()) {
      set(worker_.loop.wheel(), worker_.loop.now() + kOldResolverLook);
    }
  });
}

void Worker::adopt(std::shared_ptr<const LeaseTable> leases) {
  loop.post([this, now = std::move(leases)]() mutable { devices.adopt(std::move(now)); });
}

void Worker::run() {
  heart.begin();
  resume_accepting();
  loop.run();
  heart.end();
}

void ListenerState::act() {
  worker.accept_some(*this);
}

void Worker::resume_accepting() {
  for (const auto& listener : listeners_) {
    if (listener->fd >= 0 && !loop.watch_level(listener->fd, *listener, EPOLLIN)) {
      accept_pause_.set(loop.wheel(), loop.now() + kAcceptPause);  // no room for a watch: again
    }
  }
}

void Worker::pause_accepting() {
  for (const auto& listener : listeners_) {
    if (listener->fd >= 0) {
      loop.unwatch(listener->fd, *listener);
    }
  }
  accept_pause_.set(loop.wheel(), loop.now() + kAcceptPause);
}

// True when more may wait.
bool Worker::accept_some(ListenerState& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = ::accept4(listener.fd, reinterpret_cast<sockaddr*>(&from), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      start_session(listener, fd, Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&from)));
      continue;
    }
    if (out_of_resources(errno)) {
      diag_limited("accept", 10 * kSecond, Level::Warning,
                   "out of file descriptors or socket memory; accepting again in a moment. Raise "
                   "LimitNOFILE or ulimit -n, or set clients.max_connections");
      pool.close_idle();
      pause_accepting();
    }
    if (errno != EINTR && errno != ECONNABORTED) {
      return false;
    }
  }
  return true;
}

void Worker::start_session(ListenerState& listener, int fd, const Endpoint& peer) {
  const Entered how = shared.clients->enter(peer.address, setup->settings.clients);
  if (how == Entered::Refused) {
    refuse_connection(listener, fd, peer, Failure::TooManyConnections);
    return;
  }
  std::optional<Endpoint> destination;
  if (listener.mode != ListenMode::Forward) {
    destination = original_destination(fd, listener.mode, listener.at);
    if (!destination) {
      shared.clients->leave(peer.address, how);
      refuse_connection(listener, fd, peer, Failure::NotRedirected);
      return;
    }
  }
  metrics.add(metric::ClientAccepted);
  metrics.add(metric::ClientActive, 1);
  auto* session = new Session(*this, listener, peer, how, destination);  // deletes itself
  session->run(fd);
}

// Too many connections: one short answer, if the socket takes it, and a record.
void Worker::refuse_connection(const ListenerState& listener, int fd, const Endpoint& peer,
                               Failure why) {
  Arena arena;
  Record record;
  record.kind = RecordKind::BadRequest;
  record.id = next_request_id();
  record.started = loop.wall();
  record.client = peer;
  record.listener = listener.at;
  record.listener_name = listener.name;
  record.listener_slot = static_cast<std::uint8_t>(listener.slot);
  record.failure = why;
  record.status = row(record.failure).status;
  record.served_by = ServedBy::Us;
  http::ReplyPlan plan;
  plan.pseudonym = setup->pseudonym;
  plan.date = date.at(loop.wall());
  plan.request_id = record.id;
  const std::string_view text =
      record.status == 0 ? std::string_view() : http::write_refusal(record.failure, plan, arena);
  const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  record.bytes_to_client = sent > 0 ? static_cast<std::uint64_t>(sent) : 0;
  ::shutdown(fd, SHUT_WR);
  // What has arrived is read, or the close would be a reset that overtakes the answer.
  std::array<char, 4096> unread;
  [[maybe_unused]] const ssize_t n = ::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT);
  ::close(fd);
  metrics.add(metric::ClientRefused);
  write_log(record, *setup);
}

std::unique_ptr<Exchange> Worker::take_exchange() {
  ++exchanges_;
  if (spare_.empty()) {
    return std::make_unique<Exchange>();
  }
  auto out = std::move(spare_.back());
  spare_.pop_back();
  return out;
}

void Worker::give_exchange(std::unique_ptr<Exchange> ex) {
  --exchanges_;
  ex->reset();
  if (spare_.size() < kSpareExchanges) {
    spare_.push_back(std::move(ex));
  }
}

void Worker::write_log(const Record& record, const Setup& by) {
  metrics.count(record);
  if (!record.unlogged && by.format != nullptr) {
    log_.write(record, *by.format);
  }
}

// What other threads cannot look at: once a second.
void Worker::publish_figures() {
  const auto set = [this](Gauge<NoLabel> gauge, std::uint64_t value) {
    metrics.set(gauge, static_cast<std::int64_t>(value));
  };
  const PoolFigures held = pool.figures();
  set(metric::OriginPlaces, held.open);
  set(metric::OriginIdle, held.idle);
  set(metric::OriginQueued, held.waiting);
  set(metric::OriginDestinations, held.destinations);
  set(metric::ExchangesActive, static_cast<std::uint64_t>(exchanges_));
  set(metric::BuffersKept, buffers.kept());
  set(metric::DnsNames, resolver->cached_names());
  set(metric::DnsWaiting, resolver->lookups_under_way());
  publish_dns();
}

// What has come since the last time. A resolver that is new counts from 0.
void Worker::publish_dns() {
  const Resolver::Counters& dns = resolver->counters();
  std::size_t place = 0;
  const auto since = [&](std::uint64_t now) {
    const std::uint64_t before = std::exchange(counted_dns_[place++], now);
    return now < before ? now : now - before;
  };
  metrics.add(metric::DnsLookups, DnsLookup::Cached, since(dns.cached));
  metrics.add(metric::DnsLookups, DnsLookup::Joined, since(dns.joined));
  metrics.add(metric::DnsLookups, DnsLookup::Asked, since(dns.asked));
  metrics.add(metric::DnsAnswers, DnsAnswer::Found, since(dns.found));
  metrics.add(metric::DnsAnswers, DnsAnswer::NotFound, since(dns.not_found));
  metrics.add(metric::DnsAnswers, DnsAnswer::Failed, since(dns.failed));
  metrics.add(metric::DnsAnswers, DnsAnswer::TimedOut, since(dns.timed_out));
}

void Worker::enlist(Session& s) {
  s.next_ = sessions_;
  if (sessions_ != nullptr) {
    sessions_->prev_ = &s;
  }
  sessions_ = &s;
  ++session_count_;
  ++s.listener.sessions;
}

void Worker::retire(Session& s) {
  (s.prev_ != nullptr ? s.prev_->next_ : sessions_) = s.next_;
  if (s.next_ != nullptr) {
    s.next_->prev_ = s.prev_;
  }
  --session_count_;
  if (!s.for_nobody()) {
    metrics.add(metric::ClientActive, -1);
    shared.clients->leave(s.peer.address, s.entered_);
  }
  if (--s.listener.sessions == 0 && s.listener.fd < 0) {
    forget_closed_listeners();
  }
  stop_if_drained();
}

void Worker::enlist(Fill& f) {
  f.next_ = fills_;
  if (fills_ != nullptr) {
    fills_->prev_ = &f;
  }
  fills_ = &f;
  ++session_count_;
}

void Worker::retire(Fill& f) {
  (f.prev_ != nullptr ? f.prev_->next_ : fills_) = f.next_;
  if (f.next_ != nullptr) {
    f.next_->prev_ = f.prev_;
  }
  --session_count_;
  stop_if_drained();
}

void Worker::drain() {
  loop.post([this] { begin_drain(); });
}

void Worker::stop() {
  loop.post([this] {
    begin_drain();
    cut_all();
  });
}

void Worker::begin_drain() {
  if (!draining_) {
    draining_ = true;
    accept_pause_.clear();
    for (const auto& listener : listeners_) {
      if (listener->fd >= 0) {
        close_socket(*listener);
      }
    }
    pool.stop_keeping();
    pool.close_idle();
    for (Session* s = sessions_; s != nullptr; s = s->next_) {
      s->drain();
    }
    for (Fill* f = fills_; f != nullptr; f = f->next_) {
      f->drain();
    }
  }
  stop_if_drained();
}

void Worker::cut_all() {
  for (Session* s = sessions_; s != nullptr; s = s->next_) {
    s->cut();
  }
  for (Fill* f = fills_; f != nullptr; f = f->next_) {
    f->cut();
  }
}

void Worker::stop_if_drained() {
  if (draining_ && session_count_ == 0) {
    loop.stop();
  }
}

}  // namespace weir
