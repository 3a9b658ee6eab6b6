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

#include "proxy/base/instant.h"
#include "proxy/store/entry.h"
#include "proxy/store/large_object.h"

namespace weir::store {

struct DiskLimits {
  std::string directory;
  std::uint64_t bytes = 0;                 // on disk, all files together; at least 1 MiB
  std::uint64_t largest = 0;               // bytes of one object; never more than half of `bytes`
  std::uint64_t queue = 64 * 1024 * 1024;  // bytes that may wait to be written
  Micros pause = 10 * kSecond;             // nothing is stored for so long after the disk refused
};

struct DiskStats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;        // on disk
  std::uint64_t limit = 0;        // of them
  std::uint64_t index_bytes = 0;  // in memory
  std::uint64_t waiting = 0;      // bytes queued to be written
  std::uint64_t written = 0;      // entries since the start
  std::uint64_t dropped = 0;      // not written: queue full, disk full
  std::uint64_t evicted = 0;
  std::uint64_t corrupt = 0;  // found not to be what was written
  std::int64_t start_us = 0;  // what rebuilding the index took
};

class DiskTier {
 public:
  // Locks the directory (made when it is missing), rebuilds the index. An error is a sentence for
  // the operator; a directory in use by another process is one.
  static tl::expected<std::unique_ptr<DiskTier>, std::string> open(const DiskLimits& limits);
  // Writes what is queued, then stops the thread; afterwards nothing is taken any more. The owner
  // alone calls it; while it runs others, the disk thread among them, may still ask.
  void close();
  // Closes. Large objects may outlive it and fail.
  ~DiskTier();
  DiskTier(const DiskTier&) = delete;
  DiskTier& operator=(const DiskTier&) = delete;

  // Any thread: whether something may be stored under that URL, or is queued to be. False is
  // certain.
  bool may_have(std::string_view url) const;
  // Any thread: `done` is called on the disk thread with all variants stored under the URL (their
  // bodies stay on the disk), most recent first; empty when there are none or they are unreadable.
  // When the tier is stopping it is called at once, with nothing.
  void load(std::string url, std::function<void(std::vector<EntryPtr>)> done);
  // Any thread: runs `job` on the disk thread, in order with everything else. False: stopping.
  bool run(std::function<void()> job);
  // Any thread: queues the entry to be written, in place of an earlier one of the same variant. Its
  // body is in memory, or lies in this tier already. When it cannot be written the earlier one goes
  // all the same, for it is out of date.
  void add(EntryPtr entry);
  // Any thread: a file for an object of which all is known is its length, 0 when not even that.
  // Null: it is too large, or nothing is being stored just now.
  std::shared_ptr<LargeObject> begin_large(std::uint64_t expected_length);
  // Any thread: forgets what is stored under the URL. Once it returns no load that begins later
  // finds any of it. The disk thread writes that down before its next job, without fsync: from then
  // on it holds after kill -9, and after a loss of power once the kernel has written it out. A job
  // given to run() after this call finds it written.
  void erase(std::string_view url);
  // Any thread: forgets this very entry (found to be corrupt), if it is still stored.
  void erase(const EntryPtr& entry);
  // The disk thread: each entry's head, in no order; `visit` returns false to stop. Entries that
  // are stored or erased meanwhile may be seen or not. Nothing else is done meanwhile: about 10 us
  // for each entry.
  void each(const std::function<bool(const EntryPtr&)>& visit);
  // Any thread: the same in slices, on the disk thread between other jobs; then `done`, told
  // whether all was visited. When the tier is stopping it is called on whichever thread finds out.
  void scan(std::function<bool(const EntryPtr&)> visit, std::function<void(bool)> done);
  // Any thread.
  DiskStats stats() const;

 private:
  struct Impl;
  struct Scan;
  void scan_on(const std::shared_ptr<Scan>& all);
  explicit DiskTier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::store
