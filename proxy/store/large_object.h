// SPDX-License-Identifier: Apache-2.0
//
// An object that is written to a file of its own while it is served. The file grows as it is
// appended to; what has been written can be read by its offset before the end has come. Checksums
// are computed as it is written. Made by DiskTier::begin_large.
//
// Calls other than the questions come from one thread at a time. An object that is let go of before
// it was finished is abandoned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "proxy/store/body.h"

namespace weir::store {

class DiskStore;
class DiskQueue;

class LargeObject {
 public:
  // For the tier.
  LargeObject(DiskStore& store, std::shared_ptr<DiskQueue> queue);
  ~LargeObject();
  LargeObject(const LargeObject&) = delete;
  LargeObject& operator=(const LargeObject&) = delete;

  // Any thread: queues a block; blocks come in order. The object fails when more waits than
  // DiskLimits::queue allows, so whoever appends looks at waiting() and holds back.
  void append(BlockPtr block);
  // Any thread: bytes on their way to the disk; how many have arrived there.
  std::uint64_t waiting() const;
  std::uint64_t written() const;
  bool failed() const;  // a write failed: nothing more arrives
  // Any thread: the file, once written() has been seen above 0; good for as long as this object or
  // its body lives. What has been written is read with pread or sendfile from offset 0.
  int fd() const;
  // Any thread: complete. `keep` gets, on the disk thread, the finished body, or null when it could
  // not be kept (also when it is empty); the entry made of it is then given to DiskTier::add.
  // When the tier is stopping it is called at once, with null.
  void finish(std::function<void(std::shared_ptr<const Body>)> keep);
  // Removes the file. What has been written can still be read through fd() for as long as somebody
  // holds this object. May be repeated, and may come from the disk's own failure.
  void abandon();

 private:
  struct State;
  std::shared_ptr<State> state_;  // the jobs', too
};

}  // namespace weir::store
