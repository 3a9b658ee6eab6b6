// SPDX-License-Identifier: Apache-2.0
//
// The resolver's memory: names with their addresses, or with why they have none, each until it
// expires, bounded in number; the least recently used goes first. It asks nobody and reads no
// clock. Owned by a worker's resolver; one thread. A hit allocates nothing.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <list>
#include <string>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/net/answer.h"

namespace weir {

class AnswerCache {
 public:
  // Keeps at most `most` names; 0 keeps none.
  explicit AnswerCache(std::size_t most) : most_(most) {}

  // What is known and not expired, or null. Valid until the next store().
  const Result<Answer>* find(std::string_view name, Instant now);

  // Replaces what was known of `name`.
  void store(std::string_view name, Result<Answer> what, Instant expires);

  void clear();
  std::size_t size() const { return index_.size(); }

 private:
  struct Entry {
    std::string name;
    Result<Answer> what;
    Instant expires;
  };
  std::size_t most_;
  std::list<Entry> recent_;  // most recently used first
  absl::flat_hash_map<std::string_view, std::list<Entry>::iterator> index_;  // keys in recent_
};

}  // namespace weir
