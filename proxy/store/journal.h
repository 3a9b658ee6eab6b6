// SPDX-License-Identifier: Apache-2.0
//
// The journal: what has been stored and erased, in order, in small rows, so that the index can be
// rebuilt without reading the segments. It only sums up what the segments say: whatever is lost of
// it, walking the segments finds again.
//
//   head (48 bytes): "WEIRJNL1", u32 version, u32 bytes of a row, the key of the URL hash (16),
//                    u32 bytes of the freshness numbers, 8 zeros, u32 CRC-32C of all before
//   row (40 bytes):  u32 CRC-32C of the other 36, u32 kind, u64 URL's hash, u32 variant's hash,
//                    u32 segment, u32 offset / 8, u32 bytes of the record's head,
//                    u32 bytes of the record / 8, u32 number of the large object
//
// Rows of the kind Covered say that all of a segment before an offset is accounted for.
//
// put_row and take_row are pure; the class belongs to the disk thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "proxy/store/url_hash.h"

namespace weir::store {

constexpr std::size_t kJournalHead = 48;
constexpr std::size_t kJournalRow = 40;
constexpr std::uint32_t kJournalVersion = 1;

enum class RowKind : std::uint32_t { Put = 1, Erase = 2, Covered = 3 };

struct JournalRow {
  RowKind kind = RowKind::Put;
  std::uint64_t hash = 0;
  std::uint32_t variant = 0;
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;  // in eights
  std::uint32_t head = 0;
  std::uint32_t total = 0;  // in eights
  std::uint32_t large = 0;
  bool operator==(const JournalRow&) const = default;
};

void append_row(std::string& out, const JournalRow& row);
// Requires kJournalRow bytes. False: they are no row.
bool take_row(std::string_view in, JournalRow& out);

std::string put_journal_head(const HashKey& key);
enum class JournalHead : std::uint8_t { Ours, OtherVersion, Damaged };
// `in`: the first bytes of a file, kJournalHead or fewer.
JournalHead take_journal_head(std::string_view in, HashKey& key);

enum class JournalState : std::uint8_t {
  Missing,
  OtherVersion,  // written by another Weir
  Damaged,       // the head or a row is not what was written: nothing of it can be relied on
  Torn,          // ends inside a row
  Whole,
};

// Reads a journal row by row. What `use` got is to be thrown away when the outcome is Damaged.
JournalState read_journal(int fd, HashKey& key, const std::function<void(const JournalRow&)>& use);

// A journal that is being written. What cannot be written stays away, and everything after it; the
// owner then writes a new one when it can.
class Journal {
 public:
  Journal() = default;
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal& operator=(Journal&& other) noexcept;

  // A new file of that name, with its head. False: errno says why.
  bool create(int directory, const char* name, const HashKey& key);
  // Goes on behind the rows of a file that has been read.
  void resume(int fd);

  bool open() const { return fd_ >= 0; }
  bool broken() const { return broken_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t size() const { return kJournalHead + rows_ * kJournalRow; }
  // Whole rows. False: broken, now or before.
  bool append(std::string_view rows);
  bool sync();

 private:
  int fd_ = -1;
  std::uint64_t rows_ = 0;
  bool broken_ = false;
};

}  // namespace weir::store
