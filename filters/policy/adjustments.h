// SPDX-License-Identifier: Apache-2.0
//
// What a verdict's adjustments come to, sorted by what has to be done: made by Policy::summarise
// for whoever carries it out. Points into the policy and the verdict, which outlive it. Where
// several rules speak of one thing: bandwidth limits, tags, fields and rewrites all apply, in
// order; the strictest log level and the stricter YouTube mode hold; of cache words the last.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "filters/verdict.h"

namespace weir::filters {

struct PreparedAction;  // what was compiled for an action; see apply.h

// At most as many as a verdict has adjustments.
template <class T>
class Few {
 public:
  Few() : size_(0) {}  // leaves the items as they are
  void add(const T& item) { items_[size_++] = item; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const T& operator[](std::size_t at) const { return items_[at]; }

 private:
  std::array<T, kAdjustmentsMost> items_;
  std::size_t size_;
};

struct Adjustments {
  struct One {
    std::uint32_t rule;
    const Action* action;
    const PreparedAction* prepared;
  };
  Few<One> request_fields;   // SetRequestField ... ReplaceRequestField
  Few<One> response_fields;  // SetResponseField ... ReplaceResponseField
  Few<One> strip_query;
  Few<One> bandwidth;
  Few<One> rewrites;
  Few<One> tags;
  std::uint32_t safe_search = 0;  // a bit per SearchEngine (safe_search.h)
  std::optional<Youtube> youtube;
  LogLevel log = LogLevel::Full;
  bool no_cache = false;
  std::optional<Micros> cache_for;
  const ListEdits* edits = nullptr;  // the verdict's; null when there are none
};

}  // namespace weir::filters
