// SPDX-License-Identifier: Apache-2.0
//
// A body on its way from an origin: one writer appends it as it arrives, any number of followers on
// any thread read it, each at its own pace, from its first byte or from the middle. It is kept in
// memory up to a bound; beyond it goes to the disk tier while it is served, or, where there is
// none, it is only passed on: then what all followers have had is dropped, and the writer waits for
// the slowest.
//
// Counted. One mutex; bytes are copied outside of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/base/failure.h"
#include "proxy/net/knock.h"
#include "proxy/store/body.h"

namespace weir::store {

class LargeObject;

// What a reader of a body gets: bytes in memory, bytes in a file, or the reason why not now.
struct Part {
  enum class What : std::uint8_t { Bytes, File, Wait, End, Failed };
  What what = What::Wait;
  std::string_view bytes;       // Bytes
  BlockPtr keep;                // Bytes: holds them; null when the reader's body does
  int fd = -1;                  // File
  std::uint64_t at = 0;         // File: offset in it
  std::uint64_t length = 0;     // File: how many bytes
  Failure why = Failure::None;  // Failed
};

// How much memory bodies on their way take together; beyond the limit they are only passed on.
struct FillBudget {
  std::atomic<std::uint64_t> used{0};
  std::atomic<std::uint64_t> limit{0};
};

class Filling {
 public:
  struct Plan {
    std::optional<std::uint64_t> length;  // of the whole, where it was declared
    std::uint64_t keep_most = 0;          // bytes in memory that may be kept
    std::uint64_t window = 1024 * 1024;   // bytes that may wait for the disk or for followers
    std::function<std::shared_ptr<LargeObject>(std::uint64_t expected)> begin_large;  // may be null
    std::uint64_t large_most = 0;  // bytes of one object on disk
    FillBudget* budget = nullptr;  // shared by all; null: none
  };
  explicit Filling(Plan plan);
  ~Filling();
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  // The writer, one thread. Room to write into, at least one byte; then how much was written.
  std::span<char> space();
  void grew(std::size_t n);
  // May more be read from the origin? False: wait until `knock` is rung or a moment has passed.
  bool has_room(const std::shared_ptr<Knock>& knock);
  // All of it has come. Afterwards body() tells what can be kept in memory; null: too large, or on
  // its way to the disk, which `kept` is told about on the disk thread (null when it failed).
  void end(std::function<void(std::shared_ptr<const Body>)> kept);
  void fail(Failure why);

  std::shared_ptr<const Body> body() const;
  // True while newcomers can still read it from its start.
  bool joinable() const;
  std::uint64_t size() const;                       // bytes so far
  std::optional<std::uint64_t> final_size() const;  // nothing before its end has come
  bool over() const;                                // ended or failed
  unsigned followers() const;
  // When nobody follows: true, and nobody will, as whoever still tries finds it lost.
  bool give_up();
  // `tell` is called, on any thread and briefly, when the last follower has left; empty: nobody is.
  void when_left(std::function<void()> tell);

 private:
  friend class Follower;
  struct Place {
    std::uint64_t at;
  };
  void ring_all(std::vector<std::shared_ptr<Knock>>& to_ring);
  void charge(std::uint64_t bytes);
  void discharge(std::uint64_t bytes);
  void outgrow_memory();
  void drop_passed();
  Part part_at(std::uint64_t at, const std::shared_ptr<Knock>& knock);

  const Plan plan_;
  mutable std::mutex mutex_;
  std::vector<BlockPtr> blocks_;  // what is in memory, in order; guarded, as all below
  std::uint64_t dropped_ = 0;     // bytes before blocks_.front()
  std::uint64_t size_ = 0;
  std::uint64_t charged_ = 0;      // to the budget
  std::uint64_t given_large_ = 0;  // blocks handed to the disk end here
  std::shared_ptr<LargeObject> large_;
  std::shared_ptr<const Body> body_;
  std::vector<Place*> places_;  // where each follower is
  std::vector<std::shared_ptr<Knock>> waiting_;
  std::shared_ptr<Knock> writer_;
  std::function<void()> left_;
  Failure why_ = Failure::None;
  bool ended_ = false;
  bool passing_ = false;  // not kept: only passed on
  bool given_up_ = false;
};

// One follower's way through it.
class Follower {
 public:
  Follower(std::shared_ptr<Filling> filling, std::uint64_t at);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // What there is at its place; `knock` is rung when a Wait is over.
  Part next(const std::shared_ptr<Knock>& knock) { return filling_->part_at(place_.at, knock); }
  void used(std::uint64_t n);
  // What lies at its place has been dropped already, or nothing more will come.
  bool lost() const;
  // On to another place, ahead or behind; behind only while nothing has been dropped.
  void move_to(std::uint64_t at);

 private:
  void settle(std::uint64_t at);
  const std::shared_ptr<Filling> filling_;
  Filling::Place place_;
};

}  // namespace weir::store
