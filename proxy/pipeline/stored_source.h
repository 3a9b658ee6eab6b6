// SPDX-License-Identifier: Apache-2.0
//
// The body of an answer out of the store, piece after piece: texts of ours, blocks in memory, runs
// of a file, or what a fetch in progress has brought so far. It finds bytes; it neither waits nor
// sends.
//
// Belongs to its exchange, whose pieces and entry it reads.
#pragma once

#include <memory>

#include "proxy/pipeline/cache_use.h"

namespace weir {

struct StoredPart : store::Part {
  store::Extent* extent =
      nullptr;  // File of the disk tier: must be ready() for [extent_at, +length)
  std::uint64_t extent_at = 0;
};

class StoredSource {
 public:
  explicit StoredSource(CacheUse& use) : use_(use) {}

  // What comes next, at most `most` bytes of it. End: the answer is complete. `knock` is rung when
  // a Wait is over.
  StoredPart next(std::uint64_t most, const std::shared_ptr<Knock>& knock);
  // That many bytes of it have gone.
  void used(std::uint64_t n);

 private:
  StoredPart from_entry(std::uint64_t at, std::uint64_t most) const;
  StoredPart from_filling(std::uint64_t at, std::uint64_t most,
                          const std::shared_ptr<Knock>& knock);

  CacheUse& use_;
  std::size_t piece_ = 0;
  std::uint64_t done_ = 0;  // of this piece
};

}  // namespace weir
