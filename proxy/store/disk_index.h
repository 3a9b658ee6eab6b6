// SPDX-License-Identifier: Apache-2.0
//
// Where each stored entry lies, in memory: one row of 32 bytes for each, in open-addressed tables
// keyed by the keyed hash of its URL. Several variants of a URL are several rows. It knows hashes
// only; who loads an entry compares the URL itself, and takes a collision for a miss.
//
// Any thread. 64 tables, each with a lock that is held for a short walk, or while a sixty-fourth of
// the whole is moved to a larger table.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace weir::store {

struct IndexRow {
  std::uint64_t hash = 0;
  std::uint32_t variant = 0;  // hash of the variant
  std::uint32_t segment = 0;  // 0: no row
  std::uint32_t offset = 0;   // of the record in its segment, in eights
  std::uint32_t head = 0;     // bytes of the record's head
  std::uint32_t large = 0;    // number of the large object's file; 0: none
  std::uint32_t read = 0;     // 1: has been read since it was written
  bool same_place(const IndexRow& other) const {
    return segment == other.segment && offset == other.offset;
  }
};
static_assert(sizeof(IndexRow) == 32);

class DiskIndex {
 public:
  DiskIndex();

  static constexpr unsigned kTables = 64;
  // Variants of one URL; storing one more puts out the oldest.
  static constexpr std::size_t kVariants = 64;

  bool any(std::uint64_t hash) const;
  // All rows of the hash are appended to `out`.
  void find(std::uint64_t hash, std::vector<IndexRow>& out) const;
  // In place of the row of the same hash and variant; that row, or the one put out for it.
  std::optional<IndexRow> put(const IndexRow& row);
  std::optional<IndexRow> take(std::uint64_t hash, std::uint32_t variant);
  // Only if the row still names the same place. False: it does not.
  bool take_exactly(const IndexRow& row);
  // Puts `with` in the place of a row of the same hash and variant. False: it is no longer there.
  bool replace(const IndexRow& row, const IndexRow& with);
  void take_all(std::uint64_t hash, std::vector<IndexRow>& out);
  // Notes that it was read, if it still names the same place.
  void touch(const IndexRow& row);
  // All rows of one table, or those in one segment.
  void rows(unsigned table, std::vector<IndexRow>& out) const;
  void rows_of(unsigned table, std::uint32_t segment, std::vector<IndexRow>& out) const;
  void clear();

  std::uint64_t size() const;
  std::uint64_t bytes() const;

 private:
  struct Table {
    mutable std::mutex mutex;
    std::vector<IndexRow> rows;  // guarded by mutex, as is the rest
    std::size_t used = 0;
    std::uint64_t salt = 1;

    std::size_t home(std::uint64_t hash) const;
    std::size_t next(std::size_t at) const { return at + 1 == rows.size() ? 0 : at + 1; }
    template <class Use>
    void each(std::uint64_t hash, Use use) const;
    void insert(const IndexRow& row);
    void remove(std::size_t at);
    void grow();
  };

  Table& table(std::uint64_t hash) { return tables_[hash >> 58]; }
  const Table& table(std::uint64_t hash) const { return tables_[hash >> 58]; }

  std::array<Table, kTables> tables_;
};

}  // namespace weir::store
