// SPDX-License-Identifier: Apache-2.0
//
// What the disk thread does: writing entries, reading them back, erasing, making room, keeping the
// journal short, and finding everything again at the start. All of it blocks. DiskTier is the
// doorway for other threads; of what is here they may call only what says so.
//
//   disk_store.cc     writing, reading, erasing
//   disk_room.cc      making room; the journal written anew
//   disk_recover.cc   the start
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/directory.h"
#include "proxy/store/disk_tier.h"
#include "proxy/store/journal.h"
#include "proxy/store/large_files.h"
#include "proxy/store/ledger.h"
#include "proxy/store/segment.h"

namespace weir::store {

class Draft;

class DiskStore {
 public:
  DiskStore(const DiskLimits& limits, Directory directory);

  // Before the thread starts: the index from the journal, or from the segments where that fails.
  void recover();

  // Any thread.
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  const DiskLimits& limits() const { return limits_; }
  std::uint64_t hash_of(std::string_view url) const { return keyed_hash(key_, url); }
  std::uint32_t variant_of(std::string_view variant) const;
  bool pausing() const;  // the disk has refused something not long ago
  void count_dropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
  DiskStats stats() const;

  // The disk thread, from here on.
  //
  // Writes an entry that was announced with that ticket.
  void store(const Entry& entry, std::uint64_t ticket);
  // All variants of the URL, most recent first.
  std::vector<EntryPtr> load(std::string_view url);
  void each(const std::function<bool(const EntryPtr&)>& visit);
  // The entries from a place on, some milliseconds' worth; the place moves. Once it is at the end
  // there are no more. False: `visit` wants no more.
  struct Cursor {
    unsigned table = 0;
    std::vector<IndexRow> rows;  // of the table before, yet to be visited
    bool at_end() const { return table == DiskIndex::kTables && rows.empty(); }
  };
  bool each(Cursor& cursor, const std::function<bool(const EntryPtr&)>& visit);
  // Writes down what has been forgotten.
  void settle_forgotten();
  // Writes the rows of the journal that have been saved up; also when the thread has ended.
  void flush_journal();
  // Forgets this very entry.
  void erase(const Entry& entry);
  // A step of what goes on in the background; whether there is more.
  bool step();
  // Puts out the oldest until so many bytes more have room. False: they have none.
  bool make_room(std::uint64_t bytes);
  // The disk said no (errno): says so, stops storing for a while.
  void refused(const char* what);
  LargeFiles& larges() { return larges_; }

 private:
  // A loaded record, its entry and where it came from.
  struct Loaded {
    std::uint64_t serial = 0;
    EntryPtr entry;
  };
  enum class Outcome : std::uint8_t { Good, Gone, Spoilt };

  // What is being put out: the oldest segment, table by table of the index.
  struct Leaving {
    std::uint32_t segment = 0;  // 0: none
    unsigned table = 0;
    std::uint64_t may_stay = 0;  // bytes of it that may still be carried over
  };

  std::optional<IndexRow> write(const Entry& entry, std::uint64_t ticket);
  std::optional<Place> write(Draft& draft);
  void note_put(const IndexRow& row, std::uint64_t total);
  void note_erased(const IndexRow& row);
  bool mark_erased(const IndexRow& row);
  void append_journal(const JournalRow& row);

  Outcome read_head(const IndexRow& row, std::string& bytes, RecordHead& record);
  Outcome load_row(const IndexRow& row, Loaded& out);
  bool add_runs(const IndexRow& row, const RecordHead& record,
                const std::shared_ptr<const StoreFile>& file, Entry& entry);
  void spoiled(const IndexRow& row);
  void drop_row(const IndexRow& row, Outcome why);

  std::uint64_t bytes() const;
  std::uint64_t claimed() const;
  bool leave_step();
  bool begin_leaving();
  void leave(const IndexRow& row);
  bool carry_over(const IndexRow& row);
  bool journal_due() const;
  bool journal_step();
  bool fill_journal();
  bool finish_journal();

  using Covered = std::map<std::uint32_t, std::uint64_t>;  // how far each segment is accounted for

  void adopt_segments(const FoundFiles& found);
  JournalState recover_journal(Covered& covered);
  void use_row(const JournalRow& row, Covered& covered);
  bool accept_journal(JournalState state, Covered& covered);
  void walk(std::uint32_t segment, std::uint64_t from);
  void use_record(const RecordHead& record);
  void count_large_entries();
  void start_empty();

  const DiskLimits limits_;
  const std::uint64_t capacity_;  // beyond it the oldest segment is put out in the background
  Directory directory_;
  HashKey key_;
  Ledger ledger_;
  Segments segments_;
  LargeFiles larges_;
  Journal journal_;
  Journal next_;      // being written anew
  std::string rows_;  // for both, not yet written: the segments say the same
  unsigned next_table_ = 0;
  std::uint64_t next_unsynced_ = 0;
  std::uint64_t serial_ = 0;
  Leaving leaving_;
  bool full_ = false;  // the disk was: put out a segment, whatever the limits say

  std::atomic<std::int64_t> paused_until_us_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> evicted_{0};
  std::atomic<std::uint64_t> corrupt_{0};
  std::atomic<std::int64_t> start_us_{0};
};

}  // namespace weir::store
