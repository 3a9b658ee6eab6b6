// SPDX-License-Identifier: Apache-2.0
//
// A shard is a table of nodes by hash and URL, the order in which they leave, and a list of them
// for visits. Changing what is kept under a URL: take the group that is there, make the next one
// without a lock, put it in its place if it is still the one.
#include "proxy/store/memory_tier.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <utility>

#include <absl/container/flat_hash_set.h>

#include "proxy/store/eviction.h"
#include "proxy/store/table_hash.h"

namespace weir::store {
namespace {

constexpr std::size_t kShardBits = 4;
constexpr std::size_t kShards = std::size_t{1} << kShardBits;
constexpr std::size_t kVisitAtOnce = 64;

// A number that one thread at a time changes, under its shard's lock, and any thread reads.
class Tally {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

bool has_variant(const std::vector<EntryPtr>& entries, std::string_view variant) {
  return std::ranges::any_of(entries, [&](const auto& e) { return e->variant == variant; });
}

// `first`, then what `old` has of other variants; all of them but `without`.
std::vector<EntryPtr> led_by(const EntryPtr& first, const GroupPtr& old, const Entry* without) {
  std::vector<EntryPtr> out;
  out.reserve(1 + (old ? old->entries.size() : 0));
  if (first) {
    out.push_back(first);
  }
  for (std::size_t n = 0; old && n < old->entries.size() && out.size() < kMostVariants; ++n) {
    const auto& each = old->entries[n];
    if (each.get() != without && !(first && each->variant == first->variant)) {
      out.push_back(each);
    }
  }
  return out;
}

}  // namespace

struct MemoryTier::Node : EvictionNode {
  GroupPtr group;
  std::size_t at = 0;  // in Shard::nodes
  std::uint64_t hits = 0;
};

struct alignas(64) MemoryTier::Shard {
  struct Key {
    std::uint64_t hash;
    std::string_view url;
  };
  struct Slot {
    std::uint64_t hash;  // here, too, so that growing the table touches no node
    Node* node;
  };
  struct HashOf {
    using is_transparent = void;
    std::size_t operator()(const Slot& slot) const { return slot.hash; }
    std::size_t operator()(const Key& key) const { return key.hash; }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const Slot& a, const Slot& b) const { return a.node == b.node; }
    bool operator()(const Slot& a, const Key& b) const {
      return a.hash == b.hash && a.node->group->url == b.url;
    }
    bool operator()(const Key& a, const Slot& b) const { return (*this)(b, a); }
  };

  Node* look(std::string_view url, std::uint64_t hash) const {
    const auto found = table.find(Key{hash, url});
    return found == table.end() ? nullptr : found->node;
  }
  void insert(std::unique_ptr<Node> node);
  // Takes a node that eviction has let go, or that it is to let go.
  std::unique_ptr<Node> extract(Node& node);
  // Adds up to kVisitAtOnce groups below that index; returns the index of the last.
  std::size_t some_below(std::size_t end, std::vector<GroupPtr>& out);
  GroupPtr exchange(Node& node, const GroupPtr& fresh, std::uint64_t charge);

  std::mutex lock;
  absl::flat_hash_set<Slot, HashOf, Same> table;
  Eviction eviction;
  std::vector<std::unique_ptr<Node>> nodes;
  Tally entries;
  Tally groups;
  Tally bytes;
  Tally hits;
  Tally misses;
  Tally evictions;
  // Divided finely: an erasure in one class keeps what is being fetched in it from being stored.
  static constexpr std::size_t kClasses = 256;
  Tally& erasures_of(std::uint64_t hash) { return erasures[hash >> 32 & (kClasses - 1)]; }
  std::array<Tally, kClasses> erasures;
};

void MemoryTier::Shard::insert(std::unique_ptr<Node> node) {
  node->at = nodes.size();
  table.insert(Slot{node->fingerprint, node.get()});
  eviction.insert(*node);
  entries.add(node->group->entries.size());
  groups.add(1);
  nodes.push_back(std::move(node));
  bytes.set(eviction.bytes());
}

std::unique_ptr<MemoryTier::Node> MemoryTier::Shard::extract(Node& node) {
  table.erase(Key{node.fingerprint, node.group->url});
  entries.add(-node.group->entries.size());
  groups.add(-std::uint64_t{1});
  bytes.set(eviction.bytes());
  auto out = std::move(nodes[node.at]);
  if (nodes.back() != nullptr) {
    nodes.back()->at = out->at;
    nodes[out->at] = std::move(nodes.back());
  }
  nodes.pop_back();
  return out;
}

// What was there before, for the caller to free without the lock.
GroupPtr MemoryTier::Shard::exchange(Node& node, const GroupPtr& fresh, std::uint64_t charge) {
  eviction.resize(node, charge);
  bytes.set(eviction.bytes());
  entries.add(fresh->entries.size() - node.group->entries.size());
  return std::exchange(node.group, fresh);
}

std::size_t MemoryTier::Shard::some_below(std::size_t end, std::vector<GroupPtr>& out) {
  const std::lock_guard hold(lock);
  end = std::min(end, nodes.size());
  const std::size_t begin = end - std::min(end, kVisitAtOnce);
  for (std::size_t n = end; n > begin; --n) {
    out.push_back(nodes[n - 1]->group);
  }
  return begin;
}

MemoryTier::MemoryTier(std::uint64_t bytes)
    : limit_(bytes), shards_(std::make_unique<Shard[]>(kShards)) {}

MemoryTier::~MemoryTier() = default;

std::uint64_t MemoryTier::hash(std::string_view url) {
  return table_hash(url);
}

MemoryTier::Shard& MemoryTier::shard(std::uint64_t hash) const {
  return shards_[hash >> (64 - kShardBits)];
}

std::uint64_t MemoryTier::charge_of(const Group& group) {
  // The table is at most seven eighths full and doubles when it grows.
  constexpr std::size_t kOwn = sizeof(Node) + 3 * sizeof(Shard::Slot) + 2 * sizeof(void*);
  return group.memory() + kOwn;
}

GroupPtr MemoryTier::find(std::string_view url, std::uint64_t hash) {
  auto& part = shard(hash);
  const std::lock_guard hold(part.lock);
  auto* node = part.look(url, hash);
  if (node == nullptr) {
    part.misses.add(1);
    return nullptr;
  }
  Eviction::use(*node);
  ++node->hits;
  part.hits.add(1);
  return node->group;
}

GroupPtr MemoryTier::peek(std::string_view url, std::uint64_t hash) const {
  auto& part = shard(hash);
  const std::lock_guard hold(part.lock);
  const auto* node = part.look(url, hash);
  return node == nullptr ? nullptr : node->group;
}

// A group of these, without the last ones if they are too many bytes. Null: the first alone is.
GroupPtr MemoryTier::fitting(std::string_view url, std::vector<EntryPtr> entries) const {
  auto group = std::make_shared<Group>();
  group->url = url;
  group->entries = std::move(entries);
  while (!group->entries.empty() && charge_of(*group) > largest()) {
    group->entries.pop_back();
  }
  return group->entries.empty() ? nullptr : std::move(group);
}

bool MemoryTier::put(EntryPtr entry, Since since) {
  const auto key = hash(entry->url);
  for (;;) {
    const auto old = peek(entry->url, key);
    const auto fresh = fitting(entry->url, led_by(entry, old, nullptr));
    const auto swapped = fresh ? swap(key, old, fresh, since) : Swap::Refused;
    if (swapped == Swap::Done) {
      return true;
    }
    if (swapped == Swap::Refused) {
      // What it was to replace is out of date all the same.
      filter(entry->url, [&](const EntryPtr& each) { return each->variant != entry->variant; });
      return false;
    }
  }
}

void MemoryTier::put_group(std::string url, std::vector<EntryPtr> entries, Since since) {
  const auto key = hash(url);
  for (auto swapped = Swap::Changed; swapped == Swap::Changed;) {
    const auto old = peek(url, key);
    auto all = led_by(nullptr, old, nullptr);
    const auto before = all.size();
    for (const auto& each : entries) {
      if (all.size() < kMostVariants && !has_variant(all, each->variant)) {
        all.push_back(each);
      }
    }
    if (all.size() == before) {
      return;
    }
    const auto fresh = fitting(url, std::move(all));
    swapped = fresh ? swap(key, old, fresh, since) : Swap::Refused;
  }
}

bool MemoryTier::replace(const EntryPtr& old, EntryPtr fresh) {
  const auto key = hash(fresh->url);
  for (;;) {
    const auto group = peek(fresh->url, key);
    if (!group || std::ranges::find(group->entries, old) == group->entries.end()) {
      return false;
    }
    const auto next = fitting(fresh->url, led_by(fresh, group, old.get()));
    const auto swapped = next ? swap(key, group, next, std::nullopt) : Swap::Refused;
    if (swapped != Swap::Changed) {
      return swapped == Swap::Done;
    }
  }
}

// Makes room for what `fresh` is larger than `old`, then puts it there.
MemoryTier::Swap MemoryTier::swap(std::uint64_t hash, const GroupPtr& old, const GroupPtr& fresh,
                                  Since since) {
  const auto before = old ? charge_of(*old) : 0;
  const auto after = charge_of(*fresh);
  const auto more = after > before ? after - before : 0;
  bytes_.fetch_add(more, std::memory_order_relaxed);
  const bool room = more == 0 || make_room(hash);
  const auto swapped = room ? place(hash, old, fresh, since) : Swap::Refused;
  const auto back = swapped != Swap::Done ? more : before + more - after;
  bytes_.fetch_sub(back, std::memory_order_relaxed);
  return swapped;
}

MemoryTier::Swap MemoryTier::place(std::uint64_t hash, const GroupPtr& old, const GroupPtr& fresh,
                                   Since since) {
  auto node = old ? nullptr : std::make_unique<Node>();
  if (node) {
    node->fingerprint = hash;
    node->weight = charge_of(*fresh);
    node->group = fresh;
  }
  GroupPtr gone;  // freed after the lock
  auto& part = shard(hash);
  const std::lock_guard hold(part.lock);
  if (since && *since != part.erasures_of(hash).read()) {
    return Swap::Refused;
  }
  auto* there = part.look(fresh->url, hash);
  if ((there != nullptr ? there->group : nullptr) != old) {
    return Swap::Changed;
  }
  if (node) {
    part.insert(std::move(node));
  } else {
    gone = part.exchange(*there, fresh, charge_of(*fresh));
  }
  return Swap::Done;
}

std::uint64_t MemoryTier::erasures(std::uint64_t hash) const {
  return shard(hash).erasures_of(hash).read();
}

bool MemoryTier::erase(std::string_view url) {
  const auto key = hash(url);
  auto& part = shard(key);
  {
    const std::lock_guard hold(part.lock);
    part.erasures_of(key).add(1);
  }
  return drop(url, key, nullptr);
}

bool MemoryTier::erase(const EntryPtr& entry) {
  return filter(entry->url, [&](const EntryPtr& each) { return each != entry; });
}

// Keeps what `keep` says. False: that is everything.
bool MemoryTier::filter(std::string_view url, const Keep& keep) {
  const auto key = hash(url);
  for (;;) {
    const auto old = peek(url, key);
    if (!old || std::ranges::all_of(old->entries, keep)) {
      return false;
    }
    std::vector<EntryPtr> rest;
    std::ranges::copy_if(old->entries, std::back_inserter(rest), keep);
    const bool done =
        rest.empty() ? drop(url, key, old)
                     : swap(key, old, fitting(url, std::move(rest)), std::nullopt) == Swap::Done;
    if (done) {
      return true;
    }
  }
}

// Forgets the URL; if `only` is given, only while that is what is kept.
bool MemoryTier::drop(std::string_view url, std::uint64_t hash, const GroupPtr& only) {
  std::unique_ptr<Node> gone;  // freed after the lock
  auto& part = shard(hash);
  {
    const std::lock_guard hold(part.lock);
    auto* node = part.look(url, hash);
    if (node == nullptr || (only && node->group != only)) {
      return false;
    }
    part.eviction.remove(*node);
    gone = part.extract(*node);
  }
  bytes_.fetch_sub(gone->weight, std::memory_order_relaxed);
  return true;
}

// Lets things go until what is kept and what is about to be keep within the bound: of this URL's
// shard as long as it has more than its share, else of all in turn. False: nothing is left to go.
bool MemoryTier::make_room(std::uint64_t hash) {
  auto& own = shard(hash);
  while (bytes_.load(std::memory_order_relaxed) > limit()) {
    bool evicted = own.bytes.read() > limit() / kShards && evict_from(own);
    for (std::size_t n = 0; !evicted && n < kShards; ++n) {
      evicted = evict_from(shards_[hand_.fetch_add(1, std::memory_order_relaxed) % kShards]);
    }
    if (!evicted) {
      return false;
    }
  }
  return true;
}

void MemoryTier::resize(std::uint64_t bytes) {
  limit_.store(bytes, std::memory_order_relaxed);
  make_room(0);
}

bool MemoryTier::evict_from(Shard& shard) {
  std::unique_ptr<Node> gone;  // freed after the lock
  {
    const std::lock_guard hold(shard.lock);
    auto* node = shard.eviction.evict();
    if (node == nullptr) {
      return false;
    }
    gone = shard.extract(*static_cast<Node*>(node));
    shard.evictions.add(1);
  }
  const auto weight = gone->weight;
  gone.reset();
  bytes_.fetch_sub(weight, std::memory_order_relaxed);
  return true;
}

// From the end of each shard: what is taken out is replaced by the last, which has been visited.
bool MemoryTier::next(Walk& walk, std::vector<GroupPtr>& out) const {
  out.clear();
  while (out.empty() && walk.shard < kShards) {
    walk.left = shards_[walk.shard].some_below(walk.left, out);
    if (walk.left == 0) {
      walk = {walk.shard + 1, SIZE_MAX};
    }
  }
  return !out.empty();
}

std::size_t MemoryTier::each(const std::function<bool(const GroupPtr&)>& visit) const {
  std::size_t visited = 0;
  std::vector<GroupPtr> some;
  for (Walk walk; next(walk, some);) {
    for (const auto& group : some) {
      ++visited;
      if (!visit(group)) {
        return visited;
      }
    }
  }
  return visited;
}

void MemoryTier::overtake() {
  for (std::size_t n = 0; n < kShards; ++n) {
    const std::lock_guard hold(shards_[n].lock);
    for (Tally& erasures : shards_[n].erasures) {
      erasures.add(1);
    }
  }
}

std::uint64_t MemoryTier::hits(std::string_view url) const {
  const auto key = hash(url);
  auto& part = shard(key);
  const std::lock_guard hold(part.lock);
  const auto* node = part.look(url, key);
  return node == nullptr ? 0 : node->hits;
}

MemoryStats MemoryTier::stats() const {
  MemoryStats out;
  out.limit = limit();
  for (std::size_t n = 0; n < kShards; ++n) {
    const auto& part = shards_[n];
    out.entries += part.entries.read();
    out.groups += part.groups.read();
    out.bytes += part.bytes.read();
    out.hits += part.hits.read();
    out.misses += part.misses.read();
    out.evictions += part.evictions.read();
  }
  return out;
}

}  // namespace weir::store
