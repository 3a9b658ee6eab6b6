// SPDX-License-Identifier: Apache-2.0
//
// One core: a loop on a thread of its own, its listening sockets, and everything its sessions
// share: buffers, pipes, the origin pool, the resolver, the log ring, the counters. Nobody else
// touches them; other threads post. What is shared between workers is immutable (settings, own
// addresses, the log format) or counts atomically (clients).
#pragma once

#include <array>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "proxy/config/settings.h"
#include "proxy/http/date.h"
#include "proxy/net/buffer.h"
#include "proxy/net/devices.h"
#include "proxy/net/loop.h"
#include "proxy/net/pipe.h"
#include "proxy/net/pool.h"
#include "proxy/net/silence.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/listener_slots.h"
#include "proxy/observe/metrics.h"
#include "proxy/pipeline/client_count.h"
#include "proxy/pipeline/credentials.h"
#include "proxy/pipeline/exchange.h"
#include "proxy/pipeline/heartbeat.h"
#include "proxy/pipeline/relay.h"
#include "proxy/pipeline/setup.h"

namespace weir {

class Bandwidth;
class Fill;
class Resolver;
class Session;
class Worker;
struct Snapshot;
namespace store {
class Store;
}
namespace tls {
class Authority;
class Contexts;
class LeafCache;
}  // namespace tls

// What all workers use together. Lasts as long as they do.
struct Shared {
  ClientCount* clients = nullptr;
  Bandwidth* bandwidth = nullptr;
  store::Store* store = nullptr;   // null: nothing is cached
  ListenerSlots* slots = nullptr;  // null: all listeners count as one
  bool sockets_kept = false;       // somebody keeps copies of those we listen on
  // Null: no TLS is looked into.
  std::shared_ptr<const tls::Authority> authority;
  std::shared_ptr<const tls::Contexts> contexts;
};

// What a worker takes into use at once.
struct InForce {
  std::shared_ptr<const Setup> setup;
  std::shared_ptr<const Snapshot> rules;  // null: no rules

  // Copies whose counts no other core touches.
  InForce own_copy() const;
};

// One listening socket for a worker, which takes over the descriptor.
struct NewListener {
  std::uint32_t id = 0;  // of the listener, the same for all workers
  int fd = -1;           // non-blocking; -1: that of the listener `heir_of`
  std::uint32_t heir_of = 0;
  Endpoint at;
  std::string name;
  ListenMode mode = ListenMode::Forward;
};

// What a reload changes for a worker, all in one turn of its loop.
struct Adoption {
  InForce in_force;
  std::vector<NewListener> open;
  std::vector<std::uint32_t> close;  // listeners by their ids
  std::shared_ptr<std::promise<void>>
      done;  // kept when the worker has taken it; null: nobody waits
};

// One listening socket of one worker. Outlives its descriptor while sessions that came by it last.
struct ListenerState final : Watch {
  ListenerState(Worker& w, NewListener from)
      : worker(w),
        id(from.id),
        fd(from.fd),
        at(from.at),
        name(std::move(from.name)),
        mode(from.mode) {}
  void note(std::uint32_t) override {}
  void act() override;
  Worker& worker;
  const std::uint32_t id;
  int fd;  // -1: closed
  const Endpoint at;
  const std::string name;
  const ListenMode mode;
  std::uint32_t sessions = 0;
  ListenerSlot slot{};
};

class Worker {
 public:
  // `log_ring` may be null: no access log.
  Worker(const Shared& shared_state, const InForce& begin_with, LogRing* log_ring);
  ~Worker();

  // Before run().
  void add_listener(NewListener from);
  // The worker's thread: returns when drained or stopped.
  void run();
  // Any thread. drain: accept nothing more, let what runs finish, then return from run(). stop:
  // now.
  void drain();
  void stop();

  // Any thread: requests that begin from now on have this setup and these rules. What runs keeps
  // what it began with; connections waiting at a listener that goes are still accepted.
  void adopt(const Adoption& adoption);

  // Any thread: what DHCP servers know of clients.
  void adopt(std::shared_ptr<const LeaseTable> leases);

  std::unique_ptr<Exchange> take_exchange();
  void give_exchange(std::unique_ptr<Exchange> ex);
  void write_log(const Record& record, const Setup& by);
  std::uint64_t next_request_id() { return request_id_ += 0x9e3779b97f4a7c15U; }
  bool draining() const { return draining_; }

  const Shared& shared;
  std::shared_ptr<const Setup> setup;     // counted by this worker alone, as `rules`
  std::shared_ptr<const Snapshot> rules;  // null: no rules
  Loop loop;
  BufferPool buffers;
  PipePool pipes;
  RelayTools tools{loop, buffers, pipes};
  OriginPool pool;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<Authenticator> authenticator;  // null: nobody was ever asked
  std::unique_ptr<tls::LeafCache> leaves;        // null: no TLS is looked into
  Devices devices;
  Silence silence;  // of the name servers
  http::DateText date;
  Metrics metrics;
  Heartbeat heart{loop, metrics, [this] { publish_figures(); }};
  std::uint64_t judged = 0;  // requests

 private:
  friend class Fill;
  friend class Session;
  friend struct ListenerState;
  class AcceptPause final : public Deadline {
   public:
    explicit AcceptPause(Worker& w) : worker_(w) {}
    void due() override { worker_.resume_accepting(); }

   private:
    Worker& worker_;
  };
  void publish_figures();
  void publish_dns();
  // The look-ups that an earlier resolver was asked for end before it does.
  class OldResolvers final : public Deadline {
   public:
    explicit OldResolvers(Worker& w);
    ~OldResolvers();
    void add(std::unique_ptr<Resolver> old);
    void clear();
    void due() override;

   private:
    Worker& worker_;
    std::vector<std::unique_ptr<Resolver>> all_;
  };
  void take_over(const Adoption& adoption);
  void take_services(const Setup& before);
  void change_listeners(const Adoption& adoption);
  void close_listener(ListenerState& listener);
  void close_socket(ListenerState& listener);
  void forget_closed_listeners();
  bool accept_some(ListenerState& listener);
  void start_session(ListenerState& listener, int fd, const Endpoint& peer);
  void pause_accepting();
  void resume_accepting();
  void begin_drain();
  void enlist(Session& s);
  void retire(Session& s);
  void enlist(Fill& f);
  void retire(Fill& f);
  void cut_all();
  void stop_if_drained();
  void refuse_connection(const ListenerState& listener, int fd, const Endpoint& peer, Failure why);

  std::vector<std::unique_ptr<ListenerState>> listeners_;
  std::vector<std::unique_ptr<Exchange>> spare_;
  AccessLog log_;
  Session* sessions_ = nullptr;
  Fill* fills_ = nullptr;
  std::uint32_t session_count_ = 0;  // and fills
  AcceptPause accept_pause_{*this};
  OldResolvers old_resolvers_{*this};
  std::uint64_t request_id_;
  std::int64_t exchanges_ = 0;                  // borrowed
  std::array<std::uint64_t, 7> counted_dns_{};  // what the metrics know of the resolver
  bool draining_ = false;
};

}  // namespace weir
