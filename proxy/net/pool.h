// SPDX-License-Identifier: Apache-2.0
//
// Connections towards origins and parents: which are idle, how many are open, who waits. The key of
// a destination holds everything that policy depends on besides the address dialled: name, port,
// route. A connection comes back only from a proven clean state (the session decides); one that
// stirs while idle (bytes, end, error) is thrown away. The address an idle connection was dialled
// to is judged again by the taker, for this client.
//
// Bookkeeping only: it dials nothing and reads nothing. One per worker, used on its thread.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/base/address.h"
#include "proxy/config/settings.h"
#include "proxy/net/stream.h"

namespace weir {

struct Destination;
class OriginPool;

// One connection towards an origin or parent.
struct OriginConnection final : StreamKeeper {
  OriginConnection(Loop& loop, OriginPool& p, Destination* d)
      : stream(loop), pool(p), destination(d) {}
  void stirred(Stream&) override;  // while idle: it is spoilt
  Stream stream;
  OriginPool& pool;
  Destination* destination;  // nullptr: outside the pool
  Endpoint dialled;
  Instant idle_since;
  bool reused = false;
  bool personal = false;  // authenticated for one client (NTLM, Negotiate): never pooled
  // Lists of idle connections: of the destination (newest first) and of the pool (oldest first).
  OriginConnection* newer = nullptr;
  OriginConnection* older = nullptr;
  OriginConnection* pool_prev = nullptr;
  OriginConnection* pool_next = nullptr;
  bool idle = false;
};

// How waiting for a place ended. TryAgain: a connection became idle, or room may be had.
enum class PlaceAnswer : std::uint8_t { Granted, TryAgain, TimedOut };

// What the pool holds, over all destinations.
struct PoolFigures {
  std::uint64_t destinations = 0;
  std::uint64_t open = 0;
  std::uint64_t idle = 0;
  std::uint64_t waiting = 0;
};

// Someone waiting for a place at a destination.
class PlaceWaiter final : public Deadline {
 public:
  explicit PlaceWaiter(OriginPool& pool) : pool_(pool) {}
  void due() override;

 private:
  friend class OriginPool;
  OriginPool& pool_;
  Destination* destination_ = nullptr;
  PlaceWaiter* next_ = nullptr;
  std::coroutine_handle<> waiter_;
  PlaceAnswer answer_ = PlaceAnswer::TimedOut;
};

struct Destination {
  std::string key;
  std::uint32_t open = 0;  // idle and in use, and places granted for dialling
  std::uint32_t idle = 0;
  std::uint32_t waiting = 0;
  OriginConnection* newest_idle = nullptr;
  PlaceWaiter* first_waiter = nullptr;
  PlaceWaiter* last_waiter = nullptr;
};

class OriginPool final {
 public:
  OriginPool(Loop& loop, Settings::Origin settings) : loop_(loop), settings_(settings) {}
  ~OriginPool();
  OriginPool(const OriginPool&) = delete;
  OriginPool& operator=(const OriginPool&) = delete;

  // The destination of that key; lives as long as anything refers to it.
  Destination& destination(std::string_view key);

  // The freshest idle connection that `acceptable` says yes to, or nullptr. It is marked reused.
  template <class Acceptable>
  OriginConnection* take_idle(Destination& d, Acceptable acceptable) {
    for (OriginConnection* c = d.newest_idle; c != nullptr; c = c->older) {
      if (!c->stream.stirring() && acceptable(*c)) {
        unlink_idle(*c);
        c->reused = true;
        return c;
      }
    }
    return nullptr;
  }

  // A place for a new connection: Granted (dial, then new_connection or release_place), Wait (await
  // place_free first), or Full.
  enum class Place : std::uint8_t { Granted, Wait, Full };
  Place ask_place(Destination& d);
  void release_place(Destination& d);
  // A waiter that was told TryAgain does not try: the next one is told.
  void pass_on(std::string_view key);
  // Takes the granted place.
  OriginConnection* new_connection(Destination& d);

  // A connection outside all limits and lists, for a tunnel; give_back() closes it.
  OriginConnection* new_unpooled() { return new OriginConnection(loop_, *this, nullptr); }

  // Back from an exchange: `clean` keeps it for the next, otherwise it is closed and freed.
  void give_back(OriginConnection* c, bool clean);

  // Other limits from now on: what is idle beyond them is closed, and who waits for a place may get
  // one.
  void use(const Settings::Origin& settings);

  // Closes all idle connections.
  void close_idle();
  // Stops keeping connections (drain).
  void stop_keeping() { keeping_ = false; }

  std::uint32_t idle_count() const { return idle_; }
  // Goes through all destinations.
  PoolFigures figures() const;
  // An idle connection moved by itself: it is closed and freed.
  void spoilt(OriginConnection& c);

  // co_await place_free(...). After TimedOut the destination may be gone.
  class PlaceFree {
   public:
    PlaceFree(OriginPool& pool, Destination& d, Instant until)
        : pool_(pool), destination_(d), until_(until), waiter_(pool) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h);
    PlaceAnswer await_resume() const noexcept { return waiter_.answer_; }

   private:
    OriginPool& pool_;
    Destination& destination_;
    Instant until_;
    PlaceWaiter waiter_;
  };
  PlaceFree place_free(Destination& d, Instant until) { return {*this, d, until}; }

 private:
  friend class PlaceWaiter;
  void unlink_idle(OriginConnection& c);
  void free_connection(OriginConnection* c);
  void close_oldest_idle();
  void grant_next(Destination& d);
  void remove_waiter(PlaceWaiter& w);
  void wake_waiter(PlaceWaiter& w, PlaceAnswer answer);
  void drop_if_unused(Destination& d);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const;
  };
  Loop& loop_;
  Settings::Origin settings_;
  std::unordered_map<std::string, std::unique_ptr<Destination>, Hash, std::equal_to<>>
      destinations_;
  OriginConnection* oldest_idle_ = nullptr;
  OriginConnection* newest_idle_ = nullptr;
  std::uint32_t idle_ = 0;
  bool keeping_ = true;
};

}  // namespace weir
