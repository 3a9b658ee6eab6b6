// SPDX-License-Identifier: Apache-2.0
//
// Which of the things in a bounded room has to leave next: S3-FIFO (Yang and others, SOSP 2023),
// with weights in bytes. What is new waits in a small queue, a tenth of the room; only what is
// asked for again while it waits there comes into the main queue, and what leaves the main queue
// unasked for goes. So a scan, however long, passes through the small queue and displaces nothing.
// What left the small queue is remembered by its fingerprint for somewhat longer than it would have
// stayed in the main one, and enters that at once when it comes again.
//
// Ours, beyond the paper: to stay in the main queue for another round, what is larger than the mean
// pays with two uses and what is larger than four times that with three. The same room then answers
// more requests for about as many bytes.
//
// Pure: no lock, no clock, and of what it orders it knows nothing but the nodes, which belong to
// the caller. tests/bench/bench_eviction.cc compares it with other policies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include <absl/container/flat_hash_map.h>

namespace weir::store {

struct EvictionNode {
  std::uint64_t fingerprint = 0;  // of what it stands for; set before it is inserted
  std::uint64_t weight = 0;       // bytes; while inserted changed by Eviction::resize only

 private:
  friend class Eviction;
  friend class EvictionQueue;
  enum class Place : std::uint8_t { Nowhere, Small, Main };
  EvictionNode* older = nullptr;
  EvictionNode* newer = nullptr;
  Place place = Place::Nowhere;
  std::uint8_t uses = 0;
};

// First in, first out; linked through its nodes.
class EvictionQueue {
 public:
  void push(EvictionNode& node);
  void unlink(EvictionNode& node);
  EvictionNode* oldest() const { return oldest_; }
  std::uint64_t bytes = 0;

 private:
  EvictionNode* oldest_ = nullptr;
  EvictionNode* newest_ = nullptr;
};

// Fingerprints of what left lately, oldest out first. Some 50 bytes each.
class EvictionMemory {
 public:
  void add(std::uint64_t fingerprint, std::uint64_t weight);
  // Whether it is remembered; it no longer is afterwards.
  bool take(std::uint64_t fingerprint);
  // Forgets the oldest until what is remembered weighed no more than that.
  void shrink(std::uint64_t bytes);
  std::size_t size() const { return turns_.size(); }

 private:
  struct Left {
    std::uint64_t fingerprint;
    std::uint64_t weight;
    std::uint64_t turn;
  };
  std::deque<Left> left_;  // with those taken since
  absl::flat_hash_map<std::uint64_t, std::uint64_t> turns_;
  std::uint64_t turn_ = 0;
  std::uint64_t bytes_ = 0;
};

class Eviction {
 public:
  void insert(EvictionNode& node);
  // It was asked for. Cost: a compare and a store.
  static void use(EvictionNode& node) {
    if (node.uses < kMostUses) {
      ++node.uses;
    }
  }
  // It weighs something else now; it keeps its place.
  void resize(EvictionNode& node, std::uint64_t weight);
  // Takes it out without remembering it.
  void remove(EvictionNode& node);
  // Takes out what has to leave next; null when nothing is left. Amortised constant.
  EvictionNode* evict();

  std::uint64_t bytes() const { return small_.bytes + main_.bytes; }
  std::size_t remembered() const { return memory_.size(); }

 private:
  static constexpr std::uint8_t kMostUses = 6;
  static constexpr std::uint64_t kSmallPart = 10;  // of the room: one in so many bytes
  // Remembered for each ten bytes in the room. Longer costs more among what is asked for seldom
  // than it wins where long scans return.
  static constexpr std::uint64_t kRemembered = 16;

  EvictionNode* evict_small();
  EvictionNode* evict_main();
  std::uint8_t price(std::uint64_t weight) const;

  EvictionQueue small_;
  EvictionQueue main_;
  EvictionMemory memory_;
  std::uint64_t count_ = 0;
};

}  // namespace weir::store
