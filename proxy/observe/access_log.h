// SPDX-License-Identifier: Apache-2.0
//
// The access log as one worker sees it: give it a record, and a line is on its way. It joins a
// format, a buffer and a ring, and counts what the ring could not take. Without a ring (the log is
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
  AccessLog(AccessFormat format, LogRing* ring, Metrics& metrics)
      : format_(std::move(format)),
        ring_(ring),
        metrics_(metrics),
        names_devices_(ring != nullptr &&
                       (format_.has("client_mac") || format_.has("client_name"))) {}

  // No allocation, no waiting.
  void write(const Record& record) {
    if (ring_ != nullptr && !ring_->push(format_.write(record, {room_.get(), kRoom}))) {
      metrics_.add(metric::LogDropped);
    }
  }
  bool on() const { return ring_ != nullptr; }
  // Lines have the hardware address or name of clients.
  bool names_devices() const { return names_devices_; }

 private:
  static constexpr std::size_t kRoom = AccessFormat::kMostLine;

  AccessFormat format_;
  LogRing* ring_;
  Metrics& metrics_;
  const bool names_devices_;
  std::unique_ptr<char[]> room_ = std::make_unique_for_overwrite<char[]>(kRoom);
};

}  // namespace weir
