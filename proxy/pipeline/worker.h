// SPDX-License-Identifier: Apache-2.0
//
// One core: a loop on a thread of its own, its listening sockets, and everything its sessions
// share: buffers, pipes, the origin pool, the resolver, the log ring, the counters. Nobody else
// touches them; other threads post. What is shared between workers is immutable (settings, own
// addresses, the log format) or counts atomically (clients).
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "proxy/cache/freshness.h"
#include "proxy/config/settings.h"
#include "proxy/http/date.h"
#include "proxy/net/buffer.h"
#include "proxy/net/destination.h"
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

namespace weir {

class Bandwidth;
class Fill;
class NameHistory;
class Resolver;
class Session;
class Worker;
struct Snapshot;
namespace store {
class Store;
}

// What every worker reads and none changes.
struct Shared {
  Settings settings;
  OwnAddresses own;
  std::string pseudonym;                          // in Via and Proxy-Status, unique to this process
  std::shared_ptr<const PasswordFile> passwords;  // null: no authentication
  std::shared_ptr<const Snapshot> rules;          // what workers begin with; null: no rules
  Offload* offload = nullptr;
  ClientCount* clients = nullptr;
  Bandwidth* bandwidth = nullptr;
  store::Store* store = nullptr;  // null: nothing is cached
  cache::Rules cache_rules;
  NameHistory* names = nullptr;    // of addresses; null: no listener is transparent
  ListenerSlots* slots = nullptr;  // null: all listeners count as one
};

// One listening socket of one worker.
struct ListenerState final : Watch {
  ListenerState(Worker& w, int descriptor, const Endpoint& address, std::string listener_name,
                ListenMode how)
      : worker(w), fd(descriptor), at(address), name(std::move(listener_name)), mode(how) {}
  void note(std::uint32_t) override {}
  void act() override;
  Worker& worker;
  int fd;
  Endpoint at;
  std::string name;
  ListenMode mode;
  ListenerSlot slot{};
};

class Worker {
 public:
  // `log_ring` may be null: no access log.
  Worker(const Shared& shared_state, AccessFormat format, LogRing* log_ring);
  ~Worker();

  // Before run(): takes over a listening, non-blocking descriptor.
  void add_listener(int fd, const Endpoint& at, const std::string& name, ListenMode mode);
  // The worker's thread: returns when drained or stopped.
  void run();
  // Any thread. drain: accept nothing more, let what runs finish, then return from run(). stop:
  // now.
  void drain();
  void stop();

  // Any thread: requests that begin from now on are judged by `rules` (null: no rules).
  void adopt(const std::shared_ptr<const Snapshot>& rules);

  // Any thread: what DHCP servers know of clients.
  void adopt(std::shared_ptr<const LeaseTable> leases);

  std::unique_ptr<Exchange> take_exchange();
  void give_exchange(std::unique_ptr<Exchange> ex);
  void write_log(const Record& record);
  std::uint64_t next_request_id() { return request_id_ += 0x9e3779b97f4a7c15U; }
  bool draining() const { return draining_; }
  bool logs_devices() const { return log_.names_devices(); }

  const Shared& shared;
  const Settings& settings;
  Loop loop;
  BufferPool buffers;
  PipePool pipes;
  RelayTools tools{loop, buffers, pipes};
  OriginPool pool;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<Authenticator> authenticator;
  Devices devices;
  Silence silence;  // of the name servers
  http::DateText date;
  Metrics metrics;
  Heartbeat heart{loop, metrics, [this] { publish_figures(); }};
  std::uint64_t judged = 0;               // requests
  std::shared_ptr<const Snapshot> rules;  // counted by this worker alone; null: no rules

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
  void accept_some(ListenerState& listener);
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
  std::uint64_t request_id_;
  std::int64_t exchanges_ = 0;                  // borrowed
  std::array<std::uint64_t, 7> counted_dns_{};  // what the metrics know of the resolver
  bool draining_ = false;
};

}  // namespace weir
