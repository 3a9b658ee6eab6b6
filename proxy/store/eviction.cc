// SPDX-License-Identifier: Apache-2.0
//
// S3-FIFO: two queues and a memory of what left the first.
#include "proxy/store/eviction.h"

#include "proxy/base/assert.h"

namespace weir::store {

void EvictionQueue::push(EvictionNode& node) {
  node.older = newest_;
  node.newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = &node;
  newest_ = &node;
  bytes += node.weight;
}

void EvictionQueue::unlink(EvictionNode& node) {
  (node.older != nullptr ? node.older->newer : oldest_) = node.newer;
  (node.newer != nullptr ? node.newer->older : newest_) = node.older;
  node.older = nullptr;
  node.newer = nullptr;
  bytes -= node.weight;
}

void EvictionMemory::add(std::uint64_t fingerprint, std::uint64_t weight) {
  left_.push_back({fingerprint, weight, ++turn_});
  turns_[fingerprint] = turn_;
  bytes_ += weight;
}

bool EvictionMemory::take(std::uint64_t fingerprint) {
  return turns_.erase(fingerprint) != 0;
}

void EvictionMemory::shrink(std::uint64_t bytes) {
  while (bytes_ > bytes && !left_.empty()) {
    const Left& last = left_.front();
    const auto found = turns_.find(last.fingerprint);
    if (found != turns_.end() && found->second == last.turn) {
      turns_.erase(found);
    }
    bytes_ -= last.weight;
    left_.pop_front();
  }
}

void Eviction::insert(EvictionNode& node) {
  WEIR_ASSERT(node.place == EvictionNode::Place::Nowhere);
  const bool known = memory_.take(node.fingerprint);
  ++count_;
  node.uses = 0;
  node.place = known ? EvictionNode::Place::Main : EvictionNode::Place::Small;
  (known ? main_ : small_).push(node);
}

void Eviction::resize(EvictionNode& node, std::uint64_t weight) {
  WEIR_ASSERT(node.place != EvictionNode::Place::Nowhere);
  auto& queue = node.place == EvictionNode::Place::Main ? main_ : small_;
  queue.bytes += weight - node.weight;
  node.weight = weight;
}

void Eviction::remove(EvictionNode& node) {
  WEIR_ASSERT(node.place != EvictionNode::Place::Nowhere);
  (node.place == EvictionNode::Place::Main ? main_ : small_).unlink(node);
  node.place = EvictionNode::Place::Nowhere;
  --count_;
}

EvictionNode* Eviction::evict() {
  EvictionNode* node = nullptr;
  if (small_.bytes * kSmallPart >= bytes() || main_.oldest() == nullptr) {
    node = evict_small();
  }
  node = node != nullptr ? node : evict_main();
  count_ -= node != nullptr ? 1 : 0;
  return node;
}

// What was asked for while it waited moves on instead of leaving.
EvictionNode* Eviction::evict_small() {
  while (auto* node = small_.oldest()) {
    small_.unlink(*node);
    if (node->uses == 0) {
      node->place = EvictionNode::Place::Nowhere;
      memory_.add(node->fingerprint, node->weight);
      memory_.shrink(bytes() / 10 * kRemembered);
      return node;
    }
    node->uses = 0;
    node->place = EvictionNode::Place::Main;
    main_.push(*node);
  }
  return nullptr;
}

// What another round costs. Requires that there is something.
std::uint8_t Eviction::price(std::uint64_t weight) const {
  const std::uint64_t mean = bytes() / count_;
  return static_cast<std::uint8_t>(1 + (weight > mean ? 1 : 0) + (weight > 4 * mean ? 1 : 0));
}

// Uses buy another round.
EvictionNode* Eviction::evict_main() {
  while (auto* node = main_.oldest()) {
    const auto needed = price(node->weight);
    main_.unlink(*node);
    if (node->uses < needed) {
      node->place = EvictionNode::Place::Nowhere;
      return node;
    }
    node->uses = static_cast<std::uint8_t>(node->uses - needed);
    main_.push(*node);
  }
  return nullptr;
}

}  // namespace weir::store
