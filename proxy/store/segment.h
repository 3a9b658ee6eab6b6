// SPDX-License-Identifier: Apache-2.0
//
// Segments: files to which records are appended until they are large enough, and which go as a
// whole when room is needed, the oldest first.
//
//   head (24 bytes): "WEIRSEG1", u32 version, u32 number of the segment, u32 bytes of the
//                    freshness numbers, u32 CRC-32C of all before
//   records, one behind the other: record.h
//
// Nothing is appended to a segment of an earlier process: its end may be torn. The disk thread's.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/directory.h"
#include "proxy/store/extent.h"
#include "proxy/store/record.h"

namespace weir::store {

constexpr std::size_t kSegmentHead = 24;
// To be raised with every change to what a record or cache::Freshness means: whatever else is found
// is given up. (A Freshness of another size is noticed without.)
constexpr std::uint32_t kSegmentVersion = 1;

std::string put_segment_head(std::uint32_t number);
enum class SegmentHead : std::uint8_t {
  Ours,
  OtherVersion,
  Damaged,  // ours, once
  Foreign,  // not written by Weir
};
SegmentHead take_segment_head(std::string_view in, std::uint32_t number);

// Walks the records of a segment from an offset, reading heads only; `use` gets each with where it
// lies. Ends at the first place where there is no whole record: nothing behind it can be told from
// what strangers may have put into a body. Returns where it ended.
std::uint64_t walk_segment(int fd, std::uint32_t number, std::uint64_t from, std::uint64_t size,
                           const std::function<void(const RecordHead&)>& use);

struct Place {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
};

class Segments {
 public:
  // A segment is full at `nominal` bytes; its last record may reach beyond.
  Segments(const Directory& directory, std::uint64_t nominal);

  // One that was found at the start, and a number that must not be given again.
  void adopt(const FoundFile& found);
  void skip(std::uint32_t number);

  // Where the next record would go; nothing: no segment can be begun, errno says why.
  std::optional<Place> place();
  // Appends a record where place() said. False: errno says why; the place is void.
  bool append(std::vector<iovec>& parts, std::uint64_t total);
  // Counts the bytes of a large object for the segment that holds its record, so that what goes
  // with one segment is never much.
  void weigh(std::uint64_t bytes) { outside_ += bytes; }
  // The next record goes into a new segment.
  void seal() { current_ = 0; }
  std::uint32_t current() const { return current_; }

  // Null: it is gone or cannot be opened.
  std::shared_ptr<const StoreFile> open(std::uint32_t number);
  // Marks a record as erased. False: errno says why.
  bool erase(const Place& place);
  // Cuts off the end of a segment that was found, behind its last whole record.
  void cut(std::uint32_t number, std::uint64_t size);
  void remove(std::uint32_t number);

  std::uint64_t nominal() const { return nominal_; }
  std::uint64_t bytes() const { return bytes_; }
  const std::map<std::uint32_t, std::uint64_t>& sizes() const { return sizes_; }

 private:
  bool begin();
  void keep_open(std::uint32_t number, std::shared_ptr<const StoreFile> file);

  const Directory& directory_;
  const std::uint64_t nominal_;
  std::map<std::uint32_t, std::uint64_t> sizes_;  // bytes of each segment, oldest first
  std::uint64_t bytes_ = 0;
  std::uint32_t current_ = 0;  // what is appended to; 0: none yet
  std::uint64_t outside_ = 0;  // bytes of large objects that belong to it
  std::uint32_t last_ = 0;     // the highest number ever seen
  // The files used last.
  std::deque<std::pair<std::uint32_t, std::shared_ptr<const StoreFile>>> open_;
};

}  // namespace weir::store
