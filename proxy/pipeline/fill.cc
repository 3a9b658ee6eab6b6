// SPDX-License-Identifier: Apache-2.0
//
// See fill.h.
#include "proxy/pipeline/fill.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/pipeline/keep_entry.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

constexpr Micros kRoomWait = 20 * kMillisecond;  // then the disk's queue is looked at again
constexpr unsigned kBlocksPerTurn = 16;

}  // namespace

Fill::Fill(Worker& worker, FillPlan plan)
    : worker_(worker), setup_(worker.setup), plan_(std::move(plan)) {
  reader_.begin(plan_.framing);
  worker_.enlist(*this);
  plan_.filling->when_left([&worker, filling = plan_.filling.get()] {
    worker.loop.post([&worker, filling] { end_unwanted(worker, filling); });
  });
}

Fill::~Fill() {
  worker_.buffers.give(std::move(plan_.in));
  worker_.retire(*this);
}

Spawned Fill::run() {
  const Failure why = co_await bring();
  settle(why);
  delete this;
}

void Fill::cut() {
  plan_.origin->stream.close(Failure::ShuttingDown);
}

void Fill::drain() {
  if (plan_.filling->followers() == 0) {
    cut();
  }
}

// Is it worth going on? Somebody reads it, or the rest is small.
bool Fill::wanted() const {
  if (plan_.filling->followers() > 0) {
    return true;
  }
  if (plan_.background) {
    return plan_.filling->joinable();  // what is too large to keep is for nobody
  }
  const std::uint64_t left = reader_.counted() ? reader_.sure_payload() : plan_.filling->size();
  return plan_.filling->joinable() && left <= setup_->settings.cache.finish;
}

// Its origin may say nothing for long: nobody waits for that. By then the fill may have ended.
void Fill::end_unwanted(Worker& worker, const store::Filling* filling) {
  for (Fill* fill = worker.fills_; fill != nullptr; fill = fill->next_) {
    if (fill->plan_.filling.get() == filling && !fill->wanted() && fill->plan_.filling->give_up()) {
      fill->plan_.origin->stream.close(Failure::ClientGone);
      return;
    }
  }
}

// What lies in the buffer, decoded, into the body.
Failure Fill::take_buffered() {
  Buffer& in = plan_.in;
  while (!reader_.over() && in.valid() && !in.empty()) {
    const http::BodyStep step = reader_.next(in.unread());
    std::string_view payload = step.payload;
    while (!payload.empty()) {
      const std::span<char> to = plan_.filling->space();
      const std::size_t n = std::min(to.size(), payload.size());
      std::memcpy(to.data(), payload.data(), n);
      plan_.filling->grew(n);
      payload.remove_prefix(n);
    }
    in.use(step.used);
    if (step.bad) {
      return Failure::OriginBadBody;
    }
  }
  return Failure::None;
}

// One read from the origin, straight into the body where it is nothing but payload.
Task<Failure> Fill::read_some() {
  Stream& from = plan_.origin->stream;
  for (;;) {
    IoResult r;
    if (reader_.counted()) {
      const std::span<char> to = plan_.filling->space();
      const auto most =
          static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), reader_.sure_payload()));
      r = from.read(to.data(), most);
      if (r.what == Io::Bytes) {
        reader_.skip(r.bytes);
        plan_.filling->grew(r.bytes);
        co_return Failure::None;
      }
    } else {
      if (!plan_.in.valid()) {
        plan_.in = worker_.buffers.take_small();
      }
      plan_.in.clear();
      r = from.read(plan_.in.space(), plan_.in.room());
      if (r.what == Io::Bytes) {
        plan_.in.added(r.bytes);
        co_return Failure::None;
      }
    }
    if (r.what == Io::End && reader_.close()) {
      co_return Failure::None;
    }
    if (r.what != Io::WouldBlock) {
      co_return from.is_open() ? Failure::OriginCut : from.closed_why();
    }
    const Instant until = worker_.loop.now() + setup_->settings.timeouts.origin_body_idle;
    const Failure why = co_await from.readable(until, Failure::OriginBodyTimeout);
    if (why != Failure::None) {
      co_return why;
    }
    if (!wanted() && plan_.filling->give_up()) {
      co_return Failure::ClientGone;
    }
  }
}

Task<Failure> Fill::bring() {
  std::shared_ptr<Knock> knock;
  for (unsigned rounds = 1;; ++rounds) {
    if (const Failure why = take_buffered(); why != Failure::None || reader_.over()) {
      const bool wrong = plan_.size && plan_.filling->size() != *plan_.size;
      co_return why == Failure::None&& wrong ? Failure::OriginBadBody : why;
    }
    if (rounds > 1 && !wanted() && plan_.filling->give_up()) {
      co_return Failure::ClientGone;
    }
    if (knock == nullptr) {
      knock = std::make_shared<Knock>(worker_.loop);
    }
    if (!plan_.filling->has_room(knock)) {
      const Instant until = worker_.loop.now() + kRoomWait;
      co_await knock->wait(until);
      continue;
    }
    const Failure why = co_await read_some();
    if (why != Failure::None) {
      co_return why;
    }
    if (rounds % kBlocksPerTurn == 0) {
      co_await worker_.loop.yield();
    }
  }
}

// The entry with its body: into the store, at once or when the disk has all of it.
void Fill::keep() {
  store::Store* const store = worker_.shared.store;
  const store::EntryPtr entry = plan_.entry;
  const std::uint64_t first = plan_.first;
  const std::uint64_t since = plan_.erasures;
  plan_.filling->end([store, entry, first, since](std::shared_ptr<const store::Body> body) {
    if (body != nullptr) {
      keep_with_body(*store, *entry, first, std::move(body), since);
    }
  });
  if (auto body = plan_.filling->body()) {
    keep_with_body(*store, *entry, first, std::move(body), since);
  }
}

void Fill::settle(Failure why) {
  plan_.filling->when_left(nullptr);
  if (why == Failure::None) {
    keep();
  }
  if (plan_.flight != nullptr) {
    worker_.shared.store->flights.remove(plan_.flight, plan_.hash);
  }
  if (why != Failure::None) {
    plan_.filling->fail(why);
  }
  const bool clean = why == Failure::None && plan_.origin_stays && plan_.in.empty();
  worker_.pool.give_back(plan_.origin, clean);
}

}  // namespace weir
