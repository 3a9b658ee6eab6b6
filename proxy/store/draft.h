// SPDX-License-Identifier: Apache-2.0
//
// An entry on its way into a segment: its record's head as values, and the pieces of memory that
// make up its bodies. Bodies that lie in another file of the tier are read in; those that are a
// large object's file stay there and are referred to. The disk thread's.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/store/entry.h"
#include "proxy/store/record.h"

namespace weir::store {

class Draft {
 public:
  // False: a body cannot be read. The entry outlives the draft.
  bool gather(const Entry& entry, const void* owner);

  RecordHead record;  // the serial is the writer's to fill in

  // Encodes the head. False: too large for a record.
  bool encode();
  // Says where it will lie. Requires encode().
  void place(std::uint32_t segment, std::uint64_t offset) { place_record(head_, segment, offset); }
  // Head, bodies and padding.
  std::vector<iovec> parts() const;

 private:
  bool gather_run(const Run& run, const void* owner);
  void gather_block(BlockPtr block, Sums& sums);

  std::string head_;
  std::vector<BlockPtr> blocks_;  // also keeps those that were read in
  std::uint64_t bodies_ = 0;
};

}  // namespace weir::store
