// SPDX-License-Identifier: Apache-2.0
//
// The published policies, from their papers.
#include "tests/bench/eviction_policies.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <utility>

namespace weir::bench {
namespace {

constexpr std::uint32_t kNone = 0xffffffffU;

// Several lists over the same things, each of which is in one of them at most.
class Lists {
 public:
  Lists(const Trace& trace, std::size_t lists)
      : size_(trace.size),
        older_(trace.size.size(), kNone),
        newer_(trace.size.size(), kNone),
        in_(trace.size.size(), 0),
        ends_(lists + 1) {}

  // Of 1 to `lists`; 0: in none.
  std::size_t of(std::uint32_t thing) const { return in_[thing]; }
  std::uint64_t bytes(std::size_t list) const { return ends_[list].bytes; }
  std::uint32_t oldest(std::size_t list) const { return ends_[list].oldest; }
  std::uint32_t newer(std::uint32_t thing) const { return newer_[thing]; }
  std::uint32_t size(std::uint32_t thing) const { return size_[thing]; }

  void leave(std::uint32_t thing) {
    auto& ends = ends_[in_[thing]];
    if (in_[thing] != 0) {
      (older_[thing] == kNone ? ends.oldest : newer_[older_[thing]]) = newer_[thing];
      (newer_[thing] == kNone ? ends.newest : older_[newer_[thing]]) = older_[thing];
      ends.bytes -= size_[thing];
      in_[thing] = 0;
    }
  }
  // As the newest of that list, wherever it was.
  void move(std::uint32_t thing, std::size_t list) {
    leave(thing);
    auto& ends = ends_[list];
    older_[thing] = ends.newest;
    newer_[thing] = kNone;
    (ends.newest == kNone ? ends.oldest : newer_[ends.newest]) = thing;
    ends.newest = thing;
    ends.bytes += size_[thing];
    in_[thing] = static_cast<std::uint8_t>(list);
  }
  void trim(std::size_t list, std::uint64_t bytes) {
    while (ends_[list].bytes > bytes) {
      leave(ends_[list].oldest);
    }
  }

 private:
  struct Ends {
    std::uint32_t oldest = kNone;
    std::uint32_t newest = kNone;
    std::uint64_t bytes = 0;
  };
  const std::vector<std::uint32_t>& size_;
  std::vector<std::uint32_t> older_;
  std::vector<std::uint32_t> newer_;
  std::vector<std::uint8_t> in_;
  std::vector<Ends> ends_;
};

class Lru : public Policy {
 public:
  Lru(const Trace& trace, std::uint64_t room) : lists_(trace, 1), room_(room) {}
  bool ask(std::uint32_t thing) override {
    const bool hit = lists_.of(thing) != 0;
    lists_.move(thing, 1);
    lists_.trim(1, room_);
    return hit;
  }

 private:
  Lists lists_;
  std::uint64_t room_;
};

// Zhang and others, NSDI 2024: a hand goes from the oldest to the newest and takes what was not
// asked for since it last came by.
class Sieve : public Policy {
 public:
  Sieve(const Trace& trace, std::uint64_t room)
      : lists_(trace, 1), asked_(trace.size.size(), false), room_(room) {}
  bool ask(std::uint32_t thing) override {
    if (lists_.of(thing) != 0) {
      asked_[thing] = true;
      return true;
    }
    while (lists_.bytes(1) + lists_.size(thing) > room_) {
      evict();
    }
    asked_[thing] = false;
    lists_.move(thing, 1);
    return false;
  }

 private:
  void evict() {
    hand_ = hand_ == kNone ? lists_.oldest(1) : hand_;
    while (asked_[hand_]) {
      asked_[hand_] = false;
      const auto next = lists_.newer(hand_);
      hand_ = next == kNone ? lists_.oldest(1) : next;
    }
    const auto next = lists_.newer(hand_);
    lists_.leave(hand_);
    hand_ = next;
  }
  Lists lists_;
  std::vector<bool> asked_;
  std::uint64_t room_;
  std::uint32_t hand_ = kNone;
};

// Johnson and Shasha, VLDB 1994, with the shares they recommend.
class TwoQueues : public Policy {
 public:
  TwoQueues(const Trace& trace, std::uint64_t room) : lists_(trace, 3), room_(room) {}
  bool ask(std::uint32_t thing) override {
    const auto where = lists_.of(thing);
    if (where == kMain) {
      lists_.move(thing, kMain);
    }
    if (where == kIn || where == kMain) {
      return true;
    }
    lists_.leave(thing);
    while (lists_.bytes(kIn) + lists_.bytes(kMain) + lists_.size(thing) > room_) {
      if (lists_.bytes(kIn) > room_ / 4 || lists_.bytes(kMain) == 0) {
        lists_.move(lists_.oldest(kIn), kOut);
        lists_.trim(kOut, room_ / 2);
      } else {
        lists_.leave(lists_.oldest(kMain));
      }
    }
    lists_.move(thing, where == kOut ? kMain : kIn);
    return false;
  }

 private:
  enum : std::size_t { kIn = 1, kMain, kOut };
  Lists lists_;
  std::uint64_t room_;
};

// Megiddo and Modha, FAST 2003.
class Arc : public Policy {
 public:
  Arc(const Trace& trace, std::uint64_t room) : lists_(trace, 4), room_(room) {}
  bool ask(std::uint32_t thing) override {
    const auto where = lists_.of(thing);
    if (where == kRecent || where == kOften) {
      lists_.move(thing, kOften);
      return true;
    }
    const auto size = lists_.size(thing);
    if (where == kWasRecent) {
      target_ = std::min(room_, target_ + size * ratio(kWasOften, kWasRecent));
    } else if (where == kWasOften) {
      target_ -= std::min(target_, size * ratio(kWasRecent, kWasOften));
    }
    lists_.leave(thing);
    while (lists_.bytes(kRecent) + lists_.bytes(kOften) + size > room_) {
      const bool recent = lists_.bytes(kRecent) > 0 &&
                          (lists_.bytes(kRecent) + (where == kWasOften ? 1 : 0) > target_ ||
                           lists_.bytes(kOften) == 0);
      lists_.move(lists_.oldest(recent ? kRecent : kOften), recent ? kWasRecent : kWasOften);
    }
    lists_.move(thing, where == 0 ? kRecent : kOften);
    lists_.trim(kWasRecent, room_ - std::min(room_, lists_.bytes(kRecent)));
    const auto all = lists_.bytes(kRecent) + lists_.bytes(kOften) + lists_.bytes(kWasRecent);
    lists_.trim(kWasOften, 2 * room_ - std::min(2 * room_, all));
    return false;
  }

 private:
  enum : std::size_t { kRecent = 1, kOften, kWasRecent, kWasOften };
  std::uint64_t ratio(std::size_t a, std::size_t b) const {
    return std::max<std::uint64_t>(1,
                                   lists_.bytes(a) / std::max<std::uint64_t>(1, lists_.bytes(b)));
  }
  Lists lists_;
  std::uint64_t room_;
  std::uint64_t target_ = 0;
};

// How often something was asked for lately: counters to 15, halved from time to time. Exact, where
// a sketch would be shared by several things: no worse than one.
class Frequencies {
 public:
  Frequencies(std::size_t things, std::uint64_t window) : counts_(things, 0), window_(window) {}
  void add(std::uint32_t thing) {
    counts_[thing] = static_cast<std::uint8_t>(std::min(counts_[thing] + 1, 15));
    if (++added_ >= window_) {
      added_ /= 2;
      for (auto& each : counts_) {
        each = static_cast<std::uint8_t>(each / 2);
      }
    }
  }
  int of(std::uint32_t thing) const { return counts_[thing]; }

 private:
  std::vector<std::uint8_t> counts_;
  std::uint64_t window_;
  std::uint64_t added_ = 0;
};

// Einziger, Friedman and Manes, ACM ToS 2017: a window by LRU, behind it SLRU, into which something
// comes only if it is asked for more often than what has to leave for it.
class WTinyLfu : public Policy {
 public:
  WTinyLfu(const Trace& trace, std::uint64_t room, std::uint64_t window_percent)
      : lists_(trace, 3),
        often_(trace.size.size(), 10 * room / 30'000),
        window_(room * window_percent / 100),
        main_(room - window_) {}
  bool ask(std::uint32_t thing) override {
    often_.add(thing);
    const auto where = lists_.of(thing);
    if (where == 0) {
      lists_.move(thing, kWindow);
      while (lists_.bytes(kWindow) > window_) {
        candidate(lists_.oldest(kWindow));
      }
      return false;
    }
    lists_.move(thing, where == kWindow ? kWindow : kProtected);
    while (lists_.bytes(kProtected) > main_ / 10 * 8) {
      lists_.move(lists_.oldest(kProtected), kProbation);
    }
    return true;
  }

 private:
  enum : std::size_t { kWindow = 1, kProbation, kProtected };
  void candidate(std::uint32_t thing) {
    lists_.leave(thing);
    while (lists_.bytes(kProbation) + lists_.bytes(kProtected) + lists_.size(thing) > main_) {
      const auto list = lists_.bytes(kProbation) > 0 ? kProbation : kProtected;
      if (lists_.bytes(list) == 0 || often_.of(thing) <= often_.of(lists_.oldest(list))) {
        return;
      }
      lists_.leave(lists_.oldest(list));
    }
    lists_.move(thing, kProbation);
  }
  Lists lists_;
  Frequencies often_;
  std::uint64_t window_;
  std::uint64_t main_;
};

// Of the things in the room the one with the least worth leaves first.
class ByWorth : public Policy {
 public:
  ByWorth(const Trace& trace, std::uint64_t room)
      : size_(trace.size), worth_(trace.size.size(), -1), room_(room) {}

 protected:
  bool has(std::uint32_t thing) const { return worth_[thing] >= 0; }
  std::uint32_t size(std::uint32_t thing) const { return size_[thing]; }
  void set(std::uint32_t thing, double worth) {
    remove(thing);
    worth_[thing] = worth;
    bytes_ += size_[thing];
    order_.emplace(worth, thing);
  }
  bool full() const { return bytes_ > room_; }
  std::pair<double, std::uint32_t> least() const { return *order_.begin(); }
  void remove(std::uint32_t thing) {
    if (has(thing)) {
      order_.erase({worth_[thing], thing});
      bytes_ -= size_[thing];
      worth_[thing] = -1;
    }
  }

 private:
  const std::vector<std::uint32_t>& size_;
  std::vector<double> worth_;
  std::set<std::pair<double, std::uint32_t>> order_;
  std::uint64_t room_;
  std::uint64_t bytes_ = 0;
};

// Cherkasova, 1998: frequency by size, above what has left. Favours the small without measure:
// good for hits, bad for bytes.
class Gdsf : public ByWorth {
 public:
  Gdsf(const Trace& trace, std::uint64_t room)
      : ByWorth(trace, room), asked_(trace.size.size(), 0) {}
  bool ask(std::uint32_t thing) override {
    const bool hit = has(thing);
    asked_[thing] = hit ? asked_[thing] + 1 : 1;
    set(thing, floor_ + asked_[thing] / static_cast<double>(size(thing)));
    while (full()) {
      floor_ = least().first;
      remove(least().second);
    }
    return hit;
  }

 private:
  std::vector<std::uint32_t> asked_;
  double floor_ = 0;
};

// Knows when each thing is asked for next.
class Belady : public ByWorth {
 public:
  Belady(const Trace& trace, std::uint64_t room, bool by_size)
      : ByWorth(trace, room), next_(trace.asked.size()), by_size_(by_size) {
    std::vector<std::size_t> last(trace.size.size(), std::numeric_limits<std::size_t>::max());
    for (std::size_t at = trace.asked.size(); at-- > 0;) {
      next_[at] = std::exchange(last[trace.asked[at]], at);
    }
  }
  bool ask(std::uint32_t thing) override {
    const bool hit = has(thing);
    const auto at = at_++;
    if (next_[at] == std::numeric_limits<std::size_t>::max()) {
      remove(thing);
      return hit;
    }
    // Larger is worse: the least of the reciprocals leaves.
    const double when = static_cast<double>(next_[at]);
    set(thing, by_size_ ? 1 / ((when - static_cast<double>(at)) * size(thing)) : 1 / when);
    while (full()) {
      remove(least().second);
    }
    return hit;
  }

 private:
  std::vector<std::size_t> next_;
  bool by_size_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<NamedPolicy> published(const Trace& trace, std::uint64_t room) {
  std::vector<NamedPolicy> out;
  out.push_back({"LRU", false, false, std::make_unique<Lru>(trace, room)});
  out.push_back({"SIEVE", false, false, std::make_unique<Sieve>(trace, room)});
  out.push_back({"2Q", false, false, std::make_unique<TwoQueues>(trace, room)});
  out.push_back({"ARC", false, false, std::make_unique<Arc>(trace, room)});
  out.push_back({"W-TinyLFU 1%", false, false, std::make_unique<WTinyLfu>(trace, room, 1)});
  out.push_back({"W-TinyLFU 20%", false, false, std::make_unique<WTinyLfu>(trace, room, 20)});
  out.push_back({"GDSF", false, true, std::make_unique<Gdsf>(trace, room)});
  out.push_back({"Belady", true, false, std::make_unique<Belady>(trace, room, false)});
  out.push_back({"Belady by size", true, false, std::make_unique<Belady>(trace, room, true)});
  return out;
}

}  // namespace weir::bench
