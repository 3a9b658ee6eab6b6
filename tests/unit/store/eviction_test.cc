// SPDX-License-Identifier: Apache-2.0
//
// S3-FIFO: what stays, what goes, and the same order as a naive one.
#include "proxy/store/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace weir::store {
namespace {

std::unique_ptr<EvictionNode> node(std::uint64_t fingerprint, std::uint64_t weight = 1) {
  auto out = std::make_unique<EvictionNode>();
  out->fingerprint = fingerprint;
  out->weight = weight;
  return out;
}

// A room of fixed size in which each thing weighs one, asked for by number.
struct Room {
  explicit Room(std::size_t most) : room(most) {}
  bool ask(std::uint64_t number) {
    const auto found = std::ranges::find(nodes, number, [](auto& n) { return n->fingerprint; });
    if (found != nodes.end()) {
      Eviction::use(**found);
      return true;
    }
    while (eviction.bytes() >= room) {
      const auto* gone = eviction.evict();
      std::erase_if(nodes, [&](auto& n) { return n.get() == gone; });
    }
    nodes.push_back(node(number));
    eviction.insert(*nodes.back());
    return false;
  }
  bool has(std::uint64_t number) const {
    return std::ranges::any_of(nodes, [&](auto& n) { return n->fingerprint == number; });
  }
  std::size_t room;
  Eviction eviction;
  std::vector<std::unique_ptr<EvictionNode>> nodes;
};

TEST(Eviction, WhatWasNeverAskedForAgainLeavesInTheOrderItCame) {
  Eviction eviction;
  std::vector<std::unique_ptr<EvictionNode>> all;
  for (std::uint64_t n = 0; n < 20; ++n) {
    all.push_back(node(n));
    eviction.insert(*all.back());
  }
  for (std::uint64_t n = 0; n < 20; ++n) {
    EXPECT_EQ(eviction.evict(), all[n].get());
  }
  EXPECT_EQ(eviction.evict(), nullptr);
  EXPECT_EQ(eviction.bytes(), 0U);
}

TEST(Eviction, AScanLongerThanTheRoomDisplacesNothingThatIsAskedForAgain) {
  Room room(100);
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t n = 0; n < 50; ++n) {
      room.ask(n);
    }
  }
  for (std::uint64_t n = 1000; n < 3000; ++n) {
    room.ask(n);
  }
  for (std::uint64_t n = 0; n < 50; ++n) {
    EXPECT_TRUE(room.has(n)) << n;
  }
}

TEST(Eviction, WhatComesAgainSoonAfterItLeftIsTakenForGood) {
  Room room(100);
  for (std::uint64_t n = 0; n < 110; ++n) {
    room.ask(n);  // 0 to 9 leave
  }
  ASSERT_FALSE(room.has(3));
  room.ask(3);
  for (std::uint64_t n = 1000; n < 2000; ++n) {
    room.ask(n);
  }
  EXPECT_TRUE(room.has(3));
  EXPECT_FALSE(room.has(50));
}

TEST(Eviction, ItRemembersLittleMoreThanTheRoomHolds) {
  Room room(100);
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    room.ask(n);
    EXPECT_LE(room.eviction.remembered(), 160U);
  }
}

TEST(Eviction, WhatIsTakenOutIsNotRemembered) {
  Eviction eviction;
  const auto one = node(7, 10);
  eviction.insert(*one);
  eviction.remove(*one);
  EXPECT_EQ(eviction.bytes(), 0U);
  EXPECT_EQ(eviction.remembered(), 0U);
  EXPECT_EQ(eviction.evict(), nullptr);
}

TEST(Eviction, OfWhatIsAskedForEquallyOftenTheLargeGoesFirst) {
  Eviction eviction;
  std::vector<std::unique_ptr<EvictionNode>> all;
  for (std::uint64_t n = 0; n < 20; ++n) {
    all.push_back(node(n, n == 10 ? 100 : 10));
    eviction.insert(*all.back());
    Eviction::use(*all.back());  // out of the small queue
  }
  const auto newcomer = node(99, 1);
  eviction.insert(*newcomer);
  for (auto& each : all) {
    Eviction::use(*each);
    Eviction::use(*each);
  }
  EXPECT_EQ(eviction.evict(), newcomer.get());
  for (auto& each : all) {
    Eviction::use(*each);
  }
  EXPECT_EQ(eviction.evict(), all[10].get());
}

TEST(Eviction, ANewWeightCountsAtOnce) {
  Eviction eviction;
  const auto one = node(1, 10);
  const auto two = node(2, 20);
  eviction.insert(*one);
  eviction.insert(*two);
  eviction.resize(*one, 5);
  EXPECT_EQ(eviction.bytes(), 25U);
  eviction.resize(*one, 500);
  EXPECT_EQ(eviction.bytes(), 520U);
  EXPECT_EQ(eviction.evict(), one.get());
  EXPECT_EQ(eviction.bytes(), 20U);
}

// The same policy, told with plain lists.
struct Naive {
  struct Thing {
    EvictionNode* node;
    int uses;
  };
  struct Left {
    std::uint64_t fingerprint;
    std::uint64_t weight;
    bool there;
  };
  static std::uint64_t sum(const std::deque<Thing>& queue) {
    std::uint64_t out = 0;
    for (const auto& each : queue) {
      out += each.node->weight;
    }
    return out;
  }
  void insert(EvictionNode* node) {
    const auto found = std::find_if(left.rbegin(), left.rend(), [&](const Left& l) {
      return l.there && l.fingerprint == node->fingerprint;
    });
    (found != left.rend() ? main : small).push_back({node, 0});
    for (auto& each : left) {
      each.there = each.there && each.fingerprint != node->fingerprint;
    }
  }
  void use(EvictionNode* node) {
    for (auto* queue : {&small, &main}) {
      for (auto& each : *queue) {
        each.uses = each.node == node ? std::min(each.uses + 1, 6) : each.uses;
      }
    }
  }
  void remove(EvictionNode* node) {
    for (auto* queue : {&small, &main}) {
      std::erase_if(*queue, [&](const Thing& t) { return t.node == node; });
    }
  }
  void remember(const EvictionNode* node) {
    left.push_back({node->fingerprint, node->weight, true});
    std::uint64_t weight = 0;
    for (const auto& each : left) {
      weight += each.weight;
    }
    while (weight > (sum(small) + sum(main)) / 10 * 16) {
      weight -= left.front().weight;
      left.pop_front();
    }
  }
  EvictionNode* evict() {
    bool from_small = sum(small) * 10 >= sum(small) + sum(main) || main.empty();
    while (from_small && !small.empty()) {
      const auto oldest = small.front();
      small.pop_front();
      if (oldest.uses == 0) {
        remember(oldest.node);
        return oldest.node;
      }
      main.push_back({oldest.node, 0});
    }
    while (!main.empty()) {
      const auto oldest = main.front();
      const auto mean = (sum(small) + sum(main)) / (small.size() + main.size());
      const auto weight = oldest.node->weight;
      const int price = weight > 4 * mean ? 3 : weight > mean ? 2 : 1;
      main.pop_front();
      if (oldest.uses < price) {
        return oldest.node;
      }
      main.push_back({oldest.node, oldest.uses - price});
    }
    return nullptr;
  }
  std::deque<Thing> small;
  std::deque<Thing> main;
  std::deque<Left> left;
};

TEST(Eviction, EverythingLeavesInTheOrderOfANaiveOne) {
  std::mt19937_64 random(1);
  Eviction eviction;
  Naive naive;
  std::vector<std::unique_ptr<EvictionNode>> all;
  const auto forget = [&](const EvictionNode* gone) {
    std::erase_if(all, [&](auto& n) { return n.get() == gone; });
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto what = random() % 100;
    auto* any = all.empty() ? nullptr : all[random() % all.size()].get();
    if (what < 35 && all.size() < 60) {
      // Now and then the fingerprint of one that has left.
      all.push_back(node(random() % 200, 1 + random() % 50));
      eviction.insert(*all.back());
      naive.insert(all.back().get());
    } else if (what < 65 && any != nullptr) {
      Eviction::use(*any);
      naive.use(any);
    } else if (what < 70 && any != nullptr) {
      eviction.resize(*any, 1 + random() % 100);
    } else if (what < 75 && any != nullptr) {
      eviction.remove(*any);
      naive.remove(any);
      forget(any);
    } else {
      const auto* gone = eviction.evict();
      ASSERT_EQ(gone, naive.evict()) << step;
      forget(gone);
    }
    ASSERT_EQ(eviction.bytes(), Naive::sum(naive.small) + Naive::sum(naive.main));
  }
}

}  // namespace
}  // namespace weir::store
