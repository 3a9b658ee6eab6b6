// SPDX-License-Identifier: Apache-2.0
//
// See pool.h. Invariants: `open` counts every connection and every granted place of a destination;
// a destination with nothing open and nobody waiting is forgotten; an idle connection is in both
// lists and its stream is kept by the pool.
#include "proxy/net/pool.h"

#include <absl/hash/hash.h>

#include "proxy/base/assert.h"

namespace weir {

std::size_t OriginPool::Hash::operator()(std::string_view text) const {
  return absl::Hash<std::string_view>{}(text);  // seeded per process
}

OriginPool::~OriginPool() {
  close_idle();
}

Destination& OriginPool::destination(std::string_view key) {
  const auto found = destinations_.find(key);
  if (found != destinations_.end()) {
    return *found->second;
  }
  auto made = std::make_unique<Destination>();
  made->key = key;
  Destination& out = *made;
  destinations_.emplace(out.key, std::move(made));
  return out;
}

void OriginPool::drop_if_unused(Destination& d) {
  if (d.open == 0 && d.waiting == 0) {
    destinations_.erase(destinations_.find(std::string_view(d.key)));
  }
}

PoolFigures OriginPool::figures() const {
  PoolFigures out;
  out.destinations = destinations_.size();
  out.idle = idle_;
  for (const auto& [key, destination] : destinations_) {
    out.open += destination->open;
    out.waiting += destination->waiting;
  }
  return out;
}

OriginPool::Place OriginPool::ask_place(Destination& d) {
  const std::uint32_t most = settings_.max_per_destination;
  if (most == 0 || d.open < most) {
    ++d.open;
    return Place::Granted;
  }
  // An idle connection that this client may not use still makes room for one that it may.
  if (d.newest_idle != nullptr) {
    OriginConnection* c = d.newest_idle;
    unlink_idle(*c);
    delete c;
    return Place::Granted;  // takes over the count of the one just closed
  }
  return d.waiting < settings_.queue ? Place::Wait : Place::Full;
}

void OriginPool::release_place(Destination& d) {
  WEIR_ASSERT(d.open > 0);
  --d.open;
  grant_next(d);
  drop_if_unused(d);
}

void OriginPool::pass_on(std::string_view key) {
  const auto found = destinations_.find(key);
  if (found != destinations_.end() && found->second->first_waiter != nullptr) {
    wake_waiter(*found->second->first_waiter, PlaceAnswer::TryAgain);
  }
}

OriginConnection* OriginPool::new_connection(Destination& d) {
  return new OriginConnection(loop_, *this, &d);
}

void OriginPool::give_back(OriginConnection* c, bool clean) {
  if (c->destination == nullptr) {
    delete c;
    return;
  }
  WEIR_ASSERT(!clean || !c->personal);
  Destination& d = *c->destination;
  if (!clean || !keeping_ || !c->stream.quiet() || d.idle >= settings_.max_idle_per_destination ||
      settings_.max_idle == 0) {
    free_connection(c);
    return;
  }
  if (idle_ >= settings_.max_idle) {
    close_oldest_idle();
  }
  c->idle = true;
  c->idle_since = loop_.now();
  c->older = d.newest_idle;
  c->newer = nullptr;
  if (d.newest_idle != nullptr) {
    d.newest_idle->newer = c;
  }
  d.newest_idle = c;
  c->pool_prev = newest_idle_;
  c->pool_next = nullptr;
  (newest_idle_ != nullptr ? newest_idle_->pool_next : oldest_idle_) = c;
  newest_idle_ = c;
  ++d.idle;
  ++idle_;
  c->stream.keep(c, loop_.now() + settings_.idle);
  if (d.first_waiter != nullptr) {
    wake_waiter(*d.first_waiter, PlaceAnswer::TryAgain);
  }
}

void OriginPool::unlink_idle(OriginConnection& c) {
  WEIR_ASSERT(c.idle);
  Destination& d = *c.destination;
  (c.newer != nullptr ? c.newer->older : d.newest_idle) = c.older;
  if (c.older != nullptr) {
    c.older->newer = c.newer;
  }
  (c.pool_prev != nullptr ? c.pool_prev->pool_next : oldest_idle_) = c.pool_next;
  (c.pool_next != nullptr ? c.pool_next->pool_prev : newest_idle_) = c.pool_prev;
  c.newer = c.older = c.pool_prev = c.pool_next = nullptr;
  c.idle = false;
  --d.idle;
  --idle_;
  c.stream.unkeep();
}

void OriginPool::free_connection(OriginConnection* c) {
  Destination& d = *c->destination;
  delete c;
  release_place(d);
}

void OriginPool::grant_next(Destination& d) {
  const std::uint32_t most = settings_.max_per_destination;
  while (d.first_waiter != nullptr && (most == 0 || d.open < most)) {
    ++d.open;
    wake_waiter(*d.first_waiter, PlaceAnswer::Granted);
  }
}

void OriginPool::wake_waiter(PlaceWaiter& w, PlaceAnswer answer) {
  remove_waiter(w);
  w.answer_ = answer;
  loop_.resume_soon(std::exchange(w.waiter_, nullptr));
}

void OriginPool::remove_waiter(PlaceWaiter& w) {
  Destination& d = *w.destination_;
  PlaceWaiter* before = nullptr;
  for (PlaceWaiter* at = d.first_waiter; at != &w; at = at->next_) {
    before = at;
  }
  (before != nullptr ? before->next_ : d.first_waiter) = w.next_;
  if (d.last_waiter == &w) {
    d.last_waiter = before;
  }
  --d.waiting;
  w.clear();
}

void PlaceWaiter::due() {
  Destination& d = *destination_;
  pool_.remove_waiter(*this);
  pool_.drop_if_unused(d);
  std::exchange(waiter_, nullptr).resume();
}

void OriginPool::PlaceFree::await_suspend(std::coroutine_handle<> h) {
  waiter_.destination_ = &destination_;
  waiter_.waiter_ = h;
  (destination_.last_waiter != nullptr ? destination_.last_waiter->next_
                                       : destination_.first_waiter) = &waiter_;
  destination_.last_waiter = &waiter_;
  ++destination_.waiting;
  waiter_.set(pool_.loop_.wheel(), until_);
}

void OriginPool::close_oldest_idle() {
  OriginConnection* c = oldest_idle_;
  unlink_idle(*c);
  free_connection(c);
}

void OriginPool::close_idle() {
  while (oldest_idle_ != nullptr) {
    close_oldest_idle();
  }
}

void OriginPool::use(const Settings::Origin& settings) {
  settings_ = settings;
  while (idle_ > settings_.max_idle) {
    close_oldest_idle();
  }
  for (const auto& [key, destination] : destinations_) {
    grant_next(*destination);
  }
}

void OriginPool::spoilt(OriginConnection& c) {
  unlink_idle(c);
  free_connection(&c);
}

void OriginConnection::stirred(Stream&) {
  pool.spoilt(*this);
}

}  // namespace weir
