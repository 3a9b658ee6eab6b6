// SPDX-License-Identifier: Apache-2.0
//
// The persistent tier: append-only segments with checksums for what is small, a file of its own for
// each large object, and a journal from which the index is rebuilt at start without reading bodies.
// Everything that touches the disk runs on the tier's own thread; what other threads call here
// takes a short lock and returns.
//
// kill -9, a full disk, a truncated or altered file: an entry is either what was stored, byte for
// byte, or gone with a line in the operator's log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/store/entry.h"

namespace weir::store {

struct DiskLimits {
  std::string directory;
  std::uint64_t bytes = 0;                 // on disk, all files together
  std::uint64_t largest = 0;               // bytes of one object
  std::uint64_t queue = 64 * 1024 * 1024;  // bytes that may wait to be written
};

struct DiskStats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;        // on disk
  std::uint64_t index_bytes = 0;  // in memory
  std::uint64_t written = 0;      // entries since the start
  std::uint64_t dropped = 0;      // not written: queue full, disk full
  std::uint64_t evicted = 0;
  std::uint64_t corrupt = 0;  // found not to be what was written
  std::int64_t start_us = 0;  // what rebuilding the index took
};

// An object that is written while it is served. The file grows as it is appended to; what has been
// written can be read by its offset before the end has come.
class LargeObject {
 public:
  virtual ~LargeObject() = default;
  // Any thread: queues a block; blocks come in order.
  virtual void append(BlockPtr block) = 0;
  // Any thread: bytes on their way to the disk; how many have arrived there.
  virtual std::uint64_t waiting() const = 0;
  virtual std::uint64_t written() const = 0;
  virtual bool failed() const = 0;  // a write failed: nothing more arrives
  virtual int fd() const = 0;
  // Any thread: complete. `keep` gets, on the disk thread, the finished body, or null when it could
  // not be kept; the entry made of it is then given to DiskTier::add_large.
  virtual void finish(std::function<void(std::shared_ptr<const Body>)> keep) = 0;
  // Removes the file. What has been written can still be read through fd() for as long as somebody
  // holds this object. May be repeated, and may come from the disk's own failure.
  virtual void abandon() = 0;
};

class DiskTier {
 public:
  // Locks the directory, rebuilds the index. An error is a sentence for the operator.
  static tl::expected<std::unique_ptr<DiskTier>, std::string> open(const DiskLimits& limits);
  virtual ~DiskTier() = default;  // writes what is queued, then stops its thread

  // Any thread: whether something may be stored under that URL. False is certain.
  virtual bool may_have(std::string_view url) const = 0;
  // Any thread: `done` is called on the disk thread with all variants stored under the URL (their
  // bodies stay on the disk), most recent first; empty when there are none or they are unreadable.
  virtual void load(std::string url, std::function<void(std::vector<EntryPtr>)> done) = 0;
  // Any thread: runs `job` on the disk thread, in order with everything else. False: stopping.
  virtual bool run(std::function<void()> job) = 0;
  // Any thread: queues the entry to be written, in place of an earlier one of the same variant. Its
  // body is in memory, or lies in this tier already.
  virtual void add(EntryPtr entry) = 0;
  virtual std::shared_ptr<LargeObject> begin_large(std::uint64_t expected_length) = 0;
  // Any thread: forgets what is stored under the URL; certain once it returns, also after a crash
  // that follows a later flush.
  virtual void erase(std::string_view url) = 0;
  // Any thread: forgets this very entry (found to be corrupt).
  virtual void erase(const EntryPtr& entry) = 0;
  // The disk thread: each entry's head, in no order; `visit` returns false to stop.
  virtual void each(const std::function<bool(const EntryPtr&)>& visit) = 0;
  virtual DiskStats stats() const = 0;
};

}  // namespace weir::store
