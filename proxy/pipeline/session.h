// SPDX-License-Identifier: Apache-2.0
//
// One client connection: read a head, serve the exchange, and again while both sides want to.
// `serve` is the life of a request; everything else in this program serves that function. While it
// waits for the next request, a session holds no buffer and no exchange.
//
// A session deletes itself when its connection is over. The worker keeps a list of sessions only to
// close them when draining. Used on its worker's thread.
#pragma once

#include <memory>
#include <optional>

#include "proxy/http/parse.h"
#include "proxy/net/buffer.h"
#include "proxy/net/knock.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/client_count.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Worker;
struct Inside;
struct ListenerState;
struct Setup;

// Marks a session that has no client.
struct NoClient {};

class Session final : private StreamKeeper {
 public:
  // Takes over an accepted descriptor. Call run() once; afterwards the session is on its own.
  // `destination`: where the kernel turned the connection aside from; nothing on a forward
  // listener.
  // `how`: what the count of clients said of it.
  Session(Worker& w, ListenerState& l, const Endpoint& client_address, Entered how,
          std::optional<Endpoint> destination);
  // Without a client: `client_address` stands for whom the request is made.
  Session(Worker& w, ListenerState& l, const Endpoint& client_address, NoClient);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Spawned run(int fd);
  // One request that nobody waits for, to bring the cache up to date.
  Spawned run_for_nobody(std::string request);
  bool for_nobody() const { return nobody_; }

  // Other settings are in force: an idle session takes them now, a busy one with its next exchange.
  void adopt();
  // Draining: an idle session closes now, a busy one after its exchange.
  void drain();
  // Ends whatever runs, now. It is still recorded.
  void cut();

  // Makes room in `in` for what the client sends before anything of it can be decided. Its callers
  // bound how much that may be.
  void make_room();
  // Has the client gone for good, and nobody else waits for what it asked?
  bool gone() const;
  // While the origin is waited for: a client that leaves ends that, unless others share the fetch.
  void heed_client(Exchange& ex);
  void unheed_client();
  // What other threads ring to wake this session. One, made at first need.
  const std::shared_ptr<Knock>& knock();

  // Keeps an origin connection that authenticated this client (NTLM, Negotiate) for its later
  // requests; any earlier one is closed. take_bound() gives it out for the same destination.
  void bind(OriginConnection* c);
  OriginConnection* take_bound(std::string_view key);
  bool is_bound() const { return bound_ != nullptr; }

  // What is in force for the exchange that runs, or for the next one.
  const Setup& setup() const { return *setup_; }
  const Settings& settings() const;

  Worker& worker;
  ListenerState& listener;
  const Endpoint peer;
  const std::optional<Endpoint> arrival;  // the only address that is dialled for this client
  Stream client;
  Buffer in;  // received and not yet used
  // Of a client whose TLS ends here: whom it believes to speak to. Null: it is in the clear.
  std::shared_ptr<const Inside> inside;

 private:
  friend class Worker;
  void stirred(Stream& stream) override;
  Task<bool> arrive();
  Task<bool> first_byte();
  Task<bool> next_request();
  Task<Failure> read_head();
  Task<void> serve();
  Task<void> ask_origin(Exchange& ex);
  Task<void> find_client(Exchange& ex);
  Task<void> reach_tunnel(Exchange& ex);
  bool judges() const;
  void leave_to_store(Exchange& ex);
  Task<void> run_tunnel();
  Task<void> farewell();
  http::Taken take_head();
  bool nothing_begun() const;
  void begin_exchange();
  void drop_exchange();
  void unbind();
  void make_room_for_head();
  void finish_exchange();

  std::shared_ptr<const Setup> setup_;
  std::unique_ptr<Exchange> ex_;
  OriginConnection* bound_ = nullptr;
  Session* prev_ = nullptr;
  Session* next_ = nullptr;
  std::uint32_t served_ = 0;
  bool idle_ = false;
  const Entered entered_ = Entered::InAll;
  bool linger_ = false;
  const bool nobody_ = false;
  std::shared_ptr<Knock> knock_;
  http::HeadScan scan_;
};

}  // namespace weir
