// SPDX-License-Identifier: Apache-2.0
//
// One stored entry as bytes in a segment. Numbers are little-endian; a record begins and ends at a
// multiple of 8.
//
//    0  u64  kAlive; anything else: erased, by overwriting these 8 bytes. Not under the checksum.
//    8  u32  kRecordMagic
//   12  u32  CRC-32C of the head from byte 16 to its end
//   16  u32  bytes of the head: all before the bodies, a multiple of 8
//   20  u32  number of the segment         } a record found elsewhere
//   24  u64  offset in the segment         } is not believed
//   32  u64  bytes of the record, a multiple of 8
//   40  u64  serial: a later store has a higher one
//   48  u64  bytes of the complete representation
//   56  u32  number of the large object's file in which a run's bytes lie; 0: none
//   60  u32  bytes of the URL
//   64  u32  bytes of the variant
//   68  u32  bytes of the head text
//   72  u32  bytes of the freshness numbers
//   76  u32  bytes of the names of Vary
//   80  u32  runs
//   84  u32  0
//   88       URL, variant, head text, freshness, names of Vary, zeros up to a multiple of 8
//            for each run: u64 first byte in the representation, u64 bytes, u64 where they begin in
//            the record, or kInLarge
//            for each run: a u32 for each block of kExtentBlock bytes, its CRC-32C
//            zeros up to a multiple of 8
//   head     the bodies, then zeros up to a multiple of 8
//
// Erasing needs no room on the disk and no order among files: whoever finds the record later, by
// the journal or by walking the segment, finds it dead.
//
// Pure: bytes in, values out. The bytes may be anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cache/freshness.h"
#include "proxy/http/parse.h"

namespace weir::store {

constexpr std::uint64_t kAlive = 0x656c61726f737731;  // "1wsorale"
constexpr std::uint64_t kErased = 0;
constexpr std::uint32_t kRecordMagic = 0x44524357;  // "WCRD"
constexpr std::uint64_t kInLarge = ~std::uint64_t{0};
constexpr std::size_t kRecordStart = 88;                  // bytes before the texts
constexpr std::uint32_t kLongestHead = 64 * 1024 * 1024;  // an object of 1 TiB has as many sums
constexpr std::uint64_t kLongestRecord = std::uint64_t{1} << 32;

struct RecordRun {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  std::uint64_t at = 0;  // offset in the record, or kInLarge
  std::vector<std::uint32_t> sums;
};

struct RecordHead {
  bool erased = false;
  std::uint32_t head = 0;
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t total = 0;
  std::uint64_t serial = 0;
  std::uint64_t length = 0;
  std::uint32_t large = 0;
  std::string_view url;
  std::string_view vary;
  std::string_view variant;
  std::string_view head_text;
  cache::Freshness freshness;
  std::vector<RecordRun> runs;

  std::uint64_t bytes_in_large() const;
};

// The bytes of the head, `head`, `total` and where each run that is not in a large object begins
// filled in. Empty: the texts are longer than a record may hold.
std::string put_record(RecordHead& record);

// The head at the start of `in`. NeedMore: `used` is how many bytes are needed to get on. Done:
// `out` views `in`, and every length in it has been checked against the others; Bad: no whole head.
http::Taken take_record(std::string_view in, RecordHead& out);

// Writes another place and serial-keeping checksum into a whole head. Requires that it was Done.
void place_record(std::string& head, std::uint32_t segment, std::uint64_t offset);

// The checksums of a body given piece by piece.
class Sums {
 public:
  void add(std::string_view bytes);
  std::vector<std::uint32_t> take();

 private:
  std::vector<std::uint32_t> sums_;
  std::uint32_t sum_ = 0;
  std::uint32_t filled_ = 0;  // bytes of the block that is not yet full
};

// Whether the bodies that lie in the record are what their sums say. `bytes`: the whole record.
bool bodies_whole(std::string_view bytes, const RecordHead& record);

}  // namespace weir::store
