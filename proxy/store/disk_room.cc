// SPDX-License-Identifier: Apache-2.0
//
// Making room, and the journal written anew: in small steps, so that a load never waits for long.
// See disk_store.h.
//
// The oldest segment goes first. Of what lies in it, an entry that has been read since it was
// written is carried over to the newest segment, as long as that is less than half of the segment,
// so that each pass frees something; to be carried over again it must be read again.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/store/disk_store.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kSpareRows = 1024;  // beyond which dead rows are worth removing
constexpr std::uint64_t kSyncBytes = 1024 * 1024;

}  // namespace

bool DiskStore::step() {
  larges_.sweep();
  const bool crowded = leaving_.segment != 0 || full_ || claimed() > capacity_;
  bool more = crowded && leave_step();
  if (!more && (next_.open() || journal_due())) {
    more = journal_step();
  }
  bytes_.store(bytes(), std::memory_order_relaxed);
  return more;
}

bool DiskStore::make_room(std::uint64_t bytes) {
  // Half a segment stays free for what is carried over.
  const std::uint64_t most = capacity_ + segments_.nominal() / 2;
  if (bytes > most) {
    return false;
  }
  while (claimed() + bytes > most) {
    if (leaving_.segment == 0 && !begin_leaving()) {
      return false;
    }
    leave_step();
    larges_.sweep();
  }
  return true;
}

bool DiskStore::begin_leaving() {
  if (segments_.sizes().empty()) {
    full_ = false;
    return false;
  }
  const auto& [number, size] = *segments_.sizes().begin();
  if (number == segments_.current()) {
    segments_.seal();
  }
  leaving_ = {number, 0, std::min(size, segments_.nominal()) / 2};
  return true;
}

// Whether there is more to be put out.
bool DiskStore::leave_step() {
  if (leaving_.segment == 0 && !begin_leaving()) {
    return false;
  }
  std::vector<IndexRow> rows;
  ledger_.index().rows_of(leaving_.table, leaving_.segment, rows);
  for (const IndexRow& row : rows) {
    leave(row);
  }
  if (++leaving_.table == DiskIndex::kTables) {
    segments_.remove(leaving_.segment);
    leaving_ = {};
    full_ = false;
  }
  return true;
}

void DiskStore::leave(const IndexRow& row) {
  if (row.read != 0 && !full_ && !pausing() && carry_over(row)) {
    return;
  }
  if (ledger_.index().take_exactly(row)) {
    // Its segment goes later, in steps: a record that outlived its large object would look spoilt.
    if (row.large != 0) {
      mark_erased(row);
    }
    larges_.drop_entry(row.large);
    evicted_.fetch_add(1, std::memory_order_relaxed);
  }
}

// Copies the record to the newest segment. False: not wanted, or not possible.
bool DiskStore::carry_over(const IndexRow& row) {
  std::string head;
  RecordHead record;
  if (read_head(row, head, record) != Outcome::Good || record.total > leaving_.may_stay) {
    return false;
  }
  std::string bytes(static_cast<std::size_t>(record.total), '\0');
  const auto file = segments_.open(row.segment);
  if (!file || !read_whole(file->fd(), record.offset, bytes.data(), bytes.size()) ||
      !bodies_whole(bytes, record)) {
    return false;
  }
  const auto place = segments_.place();
  if (!place) {
    refused("begin a segment");
    return false;
  }
  place_record(head, place->segment, place->offset);
  std::vector<iovec> parts = {{head.data(), head.size()},
                              {bytes.data() + head.size(), bytes.size() - head.size()}};
  if (!segments_.append(parts, record.total)) {
    refused("carry an entry over");
    return false;
  }
  segments_.weigh(record.bytes_in_large());
  leaving_.may_stay -= record.total;
  IndexRow moved = row;
  moved.segment = place->segment;
  moved.offset = static_cast<std::uint32_t>(place->offset / 8);
  moved.read = 0;
  if (ledger_.index().replace(row, moved)) {
    note_put(moved, record.total);
  } else {
    segments_.erase(*place);  // forgotten meanwhile; what is written down about it names the row
  }
  return true;
}

bool DiskStore::journal_due() const {
  if (pausing()) {
    return false;
  }
  return !journal_.open() || journal_.broken() ||
         journal_.rows() > 2 * ledger_.index().size() + kSpareRows;
}

// Whether there is more to be written.
bool DiskStore::journal_step() {
  if (!next_.open()) {
    flush_journal();
    next_table_ = 0;
    next_unsynced_ = 0;
    if (!next_.create(directory_.fd(), kNewJournalName, key_)) {
      refused("write the journal");
      next_ = Journal();
      return false;
    }
  }
  const bool filled = next_table_ == DiskIndex::kTables;
  if (filled ? finish_journal() : fill_journal()) {
    return !filled;
  }
  refused("write the journal");
  next_ = Journal();
  directory_.remove(kNewJournalName);
  return false;
}

// The rows of one table. What is stored or erased meanwhile is appended as it happens, so each row
// is in there as it is at the end, or followed by what has become of it.
bool DiskStore::fill_journal() {
  std::vector<IndexRow> rows;
  ledger_.index().rows(next_table_++, rows);
  std::string bytes;
  for (const IndexRow& row : rows) {
    // Without a length: such rows account for nothing until the rows Covered have come.
    append_row(bytes, {RowKind::Put, row.hash, row.variant, row.segment, row.offset, row.head, 0,
                       row.large});
  }
  next_unsynced_ += bytes.size();
  if (!bytes.empty() && !next_.append(bytes)) {
    return false;
  }
  if (next_unsynced_ < kSyncBytes) {
    return true;
  }
  next_unsynced_ = 0;
  return next_.sync();
}

bool DiskStore::finish_journal() {
  flush_journal();
  std::string bytes;
  for (const auto& [number, size] : segments_.sizes()) {
    JournalRow row;
    row.kind = RowKind::Covered;
    row.segment = number;
    row.offset = static_cast<std::uint32_t>(size / 8);
    append_row(bytes, row);
  }
  if (!next_.append(bytes) || !next_.sync() || !directory_.rename(kNewJournalName, kJournalName)) {
    return false;
  }
  journal_ = std::move(next_);
  next_ = Journal();
  return true;
}

}  // namespace weir::store
