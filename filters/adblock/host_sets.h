// SPDX-License-Identifier: Apache-2.0
//
// The host lists that options carry (domain=, to=, denyallow=): names, "name.*" for any public
// suffix, expressions, and each of these negated by '~'. All sets live in two flat arrays; sets
// with the same text are kept once.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "filters/adblock/expressions.h"
#include "filters/adblock/names.h"
#include "filters/work.h"

namespace weir::adblock {

// Entries of one option; real ones have hundreds.
constexpr std::size_t kHostEntriesMost = 10'000;

class HostSets;

// A host that sets are asked about. Its entity (the name without its public suffix) costs a look
// into the public suffix list, so it is worked out when a set needs it.
class AskedHost {
 public:
  void set(std::string_view name) {
    name_ = name;
    has_entity_ = false;
    names_.set(name);
  }
  std::string_view name() const { return name_; }
  const Names& names() const { return names_; }
  // `sets` tells which hosts could have one that is asked for.
  const Names& entities(const HostSets& sets) const;

 private:
  std::string_view name_;
  Names names_;
  mutable Names entities_;
  mutable bool has_entity_ = false;
};

// The labels that end an entity of any set. It may say yes of others, never no of these.
class EntityLabels {
 public:
  void add(std::string_view label) { bits_[bit_of(label) / 64] |= 1ULL << (bit_of(label) % 64); }
  bool may_hold(std::string_view label) const {
    return ((bits_[bit_of(label) / 64] >> (bit_of(label) % 64)) & 1U) != 0;
  }

 private:
  // Length and three letters tell most apart; who makes labels that look the same gains nothing but
  // a look into the public suffix list.
  static std::size_t bit_of(std::string_view label) {
    const auto letter = [label](std::size_t i) {
      return std::size_t{static_cast<unsigned char>(label[i])};
    };
    const std::size_t size = label.size();
    return size == 0 ? 0
                     : (((size * 37 + letter(0)) * 41 + letter(size / 2)) * 43 + letter(size - 1)) %
                           kBits;
  }
  static constexpr std::size_t kBits = 32768;
  std::array<std::uint64_t, kBits / 64> bits_{};
};

class HostSets {
 public:
  static constexpr std::uint32_t kNone = 0;  // no set: every host is in it

  explicit HostSets(Expressions& expressions);

  // Reads "a.com|~b.a.com|c.*|/d/". Otherwise why not: an entry cannot be read, or is negated or
  // not a plain name where that is not `rich`; or there are too many.
  tl::expected<std::uint32_t, const char*> add(std::string_view text, bool rich);
  static constexpr char kUnreadable[] = "a host list has an entry that cannot be read";

  // In the set: named by one of its entries (or it has only negated ones), and by no negated one.
  bool holds(std::uint32_t set, const AskedHost& host, filters::Work& work) const;
  // A host must be named; false for a set of negated entries.
  bool needs_one(std::uint32_t set) const { return set != kNone && sets_[set].any_yes; }
  // Named by a plain entry; for denyallow=.
  bool names(std::uint32_t set, const AskedHost& host, filters::Work& work) const;

  // The hashes of the plain and entity entries that are not negated, sorted, when a host must be
  // one of them; empty when it need not. For finding the rule by the host.
  std::span<const std::uint64_t> wanted(std::uint32_t set) const;
  bool has_entities(std::uint32_t set) const { return sets_[set].entities; }
  // The same for sets that mean the same.
  std::uint64_t key(std::uint32_t set) const { return sets_[set].key; }

  // Whether a label of `name` but the last ends an entity of any set.
  bool may_be_entity(std::string_view name) const;

  void finish();
  std::size_t memory() const;

 private:
  struct Set {
    std::uint32_t begin = 0;
    std::uint32_t yes = 0;  // hashes of names wanted, sorted; behind them
    std::uint32_t no = 0;   // those not wanted, sorted
    std::uint32_t expressions = 0;
    std::uint32_t expressions_count = 0;
    bool entities = false;
    bool any_yes = false;
    std::uint64_t key = 0;
  };
  struct Pattern {
    std::uint32_t expression;
    bool negated;
  };
  const char* add_entry(std::string_view entry, bool rich, Set& set);
  const char* add_expression(std::string_view entry, bool negated, Set& set);
  bool has_any(std::span<const std::uint64_t> hashes, const Set& set, const AskedHost& host) const;
  void settle(Set& set);
  static std::size_t cost_of(const Set& set, const AskedHost& host);

  Expressions& expressions_;
  std::vector<Set> sets_;
  std::vector<std::uint64_t> hashes_;
  std::vector<Pattern> patterns_;
  EntityLabels entity_labels_;
  std::vector<std::uint64_t> yes_, no_;  // of the set being read
  // By the text's hash; those that cannot be used are not.
  absl::flat_hash_map<std::uint64_t, std::uint32_t> known_;
};

}  // namespace weir::adblock
