// SPDX-License-Identifier: Apache-2.0
//
// See answer_cache.h. Invariant: index_ and recent_ hold the same names, and the keys of index_
// point into the entries of recent_, which never move.
#include "proxy/net/answer_cache.h"

#include <utility>

namespace weir {

const Result<Answer>* AnswerCache::find(std::string_view name, Instant now) {
  const auto found = index_.find(name);
  if (found == index_.end() || found->second->expires <= now) {
    return nullptr;  // an expired entry is replaced by whoever looks the name up now
  }
  recent_.splice(recent_.begin(), recent_, found->second);
  return &found->second->what;
}

void AnswerCache::store(std::string_view name, Result<Answer> what, Instant expires) {
  if (most_ == 0) {
    return;
  }
  if (const auto found = index_.find(name); found != index_.end()) {
    Entry& entry = *found->second;
    entry.what = std::move(what);
    entry.expires = expires;
    recent_.splice(recent_.begin(), recent_, found->second);
    return;
  }
  if (index_.size() >= most_) {
    index_.erase(recent_.back().name);
    recent_.pop_back();
  }
  recent_.push_front(Entry{std::string(name), std::move(what), expires});
  index_.emplace(recent_.front().name, recent_.begin());
}

void AnswerCache::clear() {
  index_.clear();
  recent_.clear();
}

}  // namespace weir
