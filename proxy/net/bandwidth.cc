// SPDX-License-Identifier: Apache-2.0
//
// See bandwidth.h. All sums saturate: no configuration and no clock makes a limit wrap around.
#include "proxy/net/bandwidth.h"

#include <algorithm>
#include <utility>

#include "proxy/observe/metrics.h"

namespace weir {
namespace {

constexpr Micros kLongest = 365 * 86'400 * kSecond;  // a burst is worth at most this
constexpr std::uint64_t kLeastQuantum = 1024;        // bytes, or a second's worth if that is less
constexpr std::uint64_t kPerSecond = kSecond / Bucket::kLap;

Micros plus(Micros a, Micros b) {
  Micros out = 0;
  return __builtin_add_overflow(a, b, &out) ? (b < 0 ? INT64_MIN : INT64_MAX) : out;
}

Micros minus(Micros a, Micros b) {
  Micros out = 0;
  return __builtin_sub_overflow(a, b, &out) ? (b > 0 ? INT64_MIN : INT64_MAX) : out;
}

// How long `bytes` take, at most `longest`.
Micros time_for(std::uint64_t bytes, std::uint64_t rate, Micros longest) {
  const auto us = static_cast<long double>(bytes) * kSecond / static_cast<long double>(rate);
  return us >= static_cast<long double>(longest) ? longest : static_cast<Micros>(us);
}

}  // namespace

void Bucket::set(const Limit& limit, Micros paid) {
  const std::uint64_t rate = std::max<std::uint64_t>(limit.rate, 1);
  const std::uint64_t quantum = std::max(rate / kPerSecond, std::min(kLeastQuantum, rate));
  const std::uint64_t burst = limit.burst == 0 ? rate : limit.burst;
  const Micros depth = std::max(time_for(burst, rate, kLongest), kLeastDepth);
  quantum_.store(quantum, std::memory_order_relaxed);
  lap_.store(std::max<Micros>(time_for(quantum, rate, kSecond), 1), std::memory_order_relaxed);
  depth_.store(depth, std::memory_order_relaxed);
  paid_.store(minus(paid, depth), std::memory_order_relaxed);
}

Bucket::Booking Bucket::book(Instant now) {
  Booking out;
  out.age = age();
  out.bytes = quantum_.load(std::memory_order_relaxed);
  const Micros lap = lap_.load(std::memory_order_relaxed);
  const Micros longest_ago = minus(now.us, depth_.load(std::memory_order_relaxed));
  Micros paid = paid_.load(std::memory_order_relaxed);
  do {
    out.due.us = plus(std::max(paid, longest_ago), lap);
  } while (!paid_.compare_exchange_weak(paid, out.due.us, std::memory_order_relaxed));
  return out;
}

void Bucket::give_back(std::uint64_t bytes, std::uint32_t age) {
  const std::uint64_t quantum = quantum_.load(std::memory_order_relaxed);
  if (age != this->age() || bytes == 0 || bytes > quantum) {
    return;
  }
  const auto part = static_cast<double>(bytes) / static_cast<double>(quantum);
  const auto lap = static_cast<double>(lap_.load(std::memory_order_relaxed));
  paid_.fetch_sub(static_cast<Micros>(part * lap), std::memory_order_relaxed);
}

void Bucket::change(const Limit& limit, Instant now) {
  // What has been saved up is worth no more than before in time, and no less.
  const Micros saved = minus(now.us, std::min(paid_.load(std::memory_order_relaxed), now.us));
  age_.fetch_add(1, std::memory_order_relaxed);
  set(limit, now.us);
  const Micros depth = depth_.load(std::memory_order_relaxed);
  paid_.store(minus(now.us, std::min(saved, depth)), std::memory_order_relaxed);
}

bool Bucket::full(Instant now) const {
  return paid_.load(std::memory_order_relaxed) <=
         minus(now.us, depth_.load(std::memory_order_relaxed));
}

Share& Share::operator=(Share&& other) noexcept {
  if (this != &other) {
    give_back();
    bucket_ = std::move(other.bucket_);
    booking_ = other.booking_;
  }
  return *this;
}

void Share::give_back() {
  if (bucket_) {
    bucket_->give_back(booking_.bytes, booking_.age);
    bucket_.reset();
  }
}

std::uint64_t Share::allow(Instant now) {
  const bool waits = booking_.bytes > 0 && booking_.due > now;
  if (booking_.bytes == 0 || (waits && booking_.age != bucket_->age())) {
    booking_ = bucket_->book(now);
  }
  return booking_.due <= now ? booking_.bytes : 0;
}

void Share::spend(std::uint64_t bytes) {
  booking_.bytes -= std::min(bytes, booking_.bytes);
}

bool Throttle::add(std::shared_ptr<Bucket> bucket) {
  if (count_ == kMost) {
    return false;
  }
  shares_[count_++] = Share(std::move(bucket));
  return true;
}

void Throttle::clear() {
  for (; count_ > 0; --count_) {
    shares_[count_ - 1] = Share();
  }
}

std::size_t Throttle::allow(Instant now, std::size_t want) {
  std::uint64_t least = want;
  for (std::size_t i = 0; i < count_; ++i) {
    least = std::min(least, shares_[i].allow(now));
  }
  return static_cast<std::size_t>(least);
}

void Throttle::spend(std::size_t bytes) {
  for (std::size_t i = 0; i < count_; ++i) {
    shares_[i].spend(bytes);
  }
}

Instant Throttle::next(Instant now) const {
  Instant latest = Instant{plus(now.us, 1)};
  for (std::size_t i = 0; i < count_; ++i) {
    latest = std::max(latest, shares_[i].due());
  }
  const Instant until = std::min(latest, Instant{plus(now.us, kSecond)});
  if (metrics_ != nullptr) {
    metrics_->add(metric::BandwidthWaits);
    metrics_->add(metric::BandwidthWaitTime, static_cast<std::uint64_t>(until - now));
  }
  return until;
}

std::shared_ptr<Bucket> Bandwidth::bucket(std::string_view rule, std::string_view key,
                                          const Limit& limit, Instant now) {
  std::string name(rule);
  name.append(1, '\0').append(key);
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= sweep_at_ && now >= sweep_after_) {
    sweep(now);
  }
  if (entries_.size() >= kMost && !entries_.contains(name)) {
    name.resize(rule.size() + 1);
  }
  Entry& entry = entries_[name];
  if (!entry.bucket) {
    entry = {std::make_shared<Bucket>(limit, now), limit};
  } else if (entry.limit != limit) {
    entry.limit = limit;
    entry.bucket->change(limit, now);
  }
  return entry.bucket;
}

std::size_t Bandwidth::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

// A bucket that nobody uses is kept until it is full again, or closing a connection and opening
// another would be worth a burst. Sweeping costs little on the whole: what stays has to double
// first, or a second to pass where there is no more room.
void Bandwidth::sweep(Instant now) {
  absl::erase_if(entries_, [now](const auto& entry) {
    const std::shared_ptr<Bucket>& bucket = entry.second.bucket;
    return bucket.use_count() == 1 && bucket->full(now);
  });
  sweep_at_ = std::clamp<std::size_t>(entries_.size() * 2, kFewest, kMost);
  sweep_after_ = now + kSecond;
}

}  // namespace weir
