// SPDX-License-Identifier: Apache-2.0
//
// The access log as one worker sees it: give it a record, and a line is on its way. It joins a
// buffer and a ring, and counts what the ring could not take. Without a ring (the log is
// off) a record costs one comparison.
//
// Owned by a worker, used on its thread only.
#pragma once

#include <memory>

#include "proxy/observe/access_format.h"
#include "proxy/observe/log_ring.h"
#include "proxy/observe/metrics.h"

namespace weir {

class AccessLog {
 public:
  // `ring` may be null; it and `metrics` outlive this.
  AccessLog(LogRing* ring, Metrics& metrics) : ring_(ring), metrics_(metrics) {}

  // No allocation, no waiting.
  void write(const Record& record, AccessFormat& format) {
    if (ring_ != nullptr && !ring_->push(format.write(record, {room_.get(), kRoom}))) {
      metrics_.add(metric::LogDropped);
    }
  }
  bool on() const { return ring_ != nullptr; }
  // Lines have the hardware address or name of clients.

 private:
  static constexpr std::size_t kRoom = AccessFormat::kMostLine;

  LogRing* ring_;
  Metrics& metrics_;
  std::unique_ptr<char[]> room_ = std::make_unique_for_overwrite<char[]>(kRoom);
};

}  // namespace weir
