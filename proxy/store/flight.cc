// SPDX-License-Identifier: Apache-2.0
//
// See flight.h.
#include "proxy/store/flight.h"

#include <utility>

namespace weir::store {

Flight::News Flight::news(const std::shared_ptr<Knock>& knock) {
  const std::lock_guard lock(mutex_);
  if (news_.state == FlightState::Asking) {
    waiting_.push_back(knock);
  }
  return news_;
}

void Flight::publish(News news) {
  std::vector<std::shared_ptr<Knock>> to_ring;
  {
    const std::lock_guard lock(mutex_);
    news_ = std::move(news);
    state_.store(news_.state, std::memory_order_release);
    to_ring.swap(waiting_);
  }
  for (const auto& knock : to_ring) {
    Knock::ring(knock);
  }
}

void Flight::answered(EntryPtr entry, std::shared_ptr<Filling> filling) {
  publish({FlightState::Answered, std::move(entry), std::move(filling), Failure::None});
}

void Flight::over(FlightState state, Failure why) {
  publish({state, nullptr, nullptr, why});
}

Flights::Seat Flights::board(std::string_view key, std::uint64_t hash, Instant now, Micros patience,
                             std::uint64_t erasures) {
  Shard& s = shard(hash);
  const std::lock_guard lock(s.mutex);
  FlightPtr& place = s.flights[std::string(key)];
  if (place != nullptr) {
    const bool asking = place->state() == FlightState::Asking;
    if (place->erasures() >= erasures && (!asking || now - place->began() < patience)) {
      return {place, false};
    }
  }
  place = std::make_shared<Flight>(std::string(key), now, 0, erasures);
  return {place, true};
}

FlightPtr Flights::answered(std::string_view key, std::uint64_t hash,
                            std::uint64_t erasures) const {
  const Shard& s = shards_[hash % kShards];
  const std::lock_guard lock(s.mutex);
  const auto found = s.flights.find(std::string(key));
  const bool usable = found != s.flights.end() && found->second->erasures() >= erasures &&
                      found->second->state() == FlightState::Answered;
  return usable ? found->second : nullptr;
}

bool Flights::under_way(std::string_view key, std::uint64_t hash) const {
  const Shard& s = shards_[hash % kShards];
  const std::lock_guard lock(s.mutex);
  return s.flights.contains(std::string(key));
}

Flights::Seat Flights::board_after(const Flight& failed, std::uint64_t hash, Instant now) {
  Shard& s = shard(hash);
  const std::lock_guard lock(s.mutex);
  FlightPtr& place = s.flights[failed.key()];
  if (place != nullptr && place.get() != &failed) {
    return {place, false};
  }
  place = std::make_shared<Flight>(failed.key(), now, failed.attempt() + 1, failed.erasures());
  return {place, true};
}

void Flights::remove(const FlightPtr& flight, std::uint64_t hash) {
  Shard& s = shard(hash);
  const std::lock_guard lock(s.mutex);
  const auto found = s.flights.find(flight->key());
  if (found != s.flights.end() && found->second == flight) {
    s.flights.erase(found);
  }
}

// Keys are a URL, or a URL, a line feed and what tells variants apart.
void Flights::forget(std::string_view url, std::uint64_t hash) {
  Shard& s = shard(hash);
  const std::lock_guard lock(s.mutex);
  std::erase_if(s.flights, [url](const auto& flight) {
    const std::string_view key = flight.first;
    return key.starts_with(url) && (key.size() == url.size() || key[url.size()] == '\n');
  });
}

void Flights::forget_all() {
  for (Shard& s : shards_) {
    const std::lock_guard lock(s.mutex);
    s.flights.clear();
  }
}

void Flights::mark_alone(std::uint64_t hash, Instant until) {
  Mark& mark = marks_[hash % kMarks];
  mark.hash.store(hash, std::memory_order_relaxed);
  mark.until.store(until.us, std::memory_order_relaxed);
}

bool Flights::alone(std::uint64_t hash, Instant now) const {
  const Mark& mark = marks_[hash % kMarks];
  return mark.hash.load(std::memory_order_relaxed) == hash &&
         mark.until.load(std::memory_order_relaxed) > now.us;
}

std::size_t Flights::count() const {
  std::size_t n = 0;
  for (const Shard& s : shards_) {
    const std::lock_guard lock(s.mutex);
    n += s.flights.size();
  }
  return n;
}

}  // namespace weir::store
