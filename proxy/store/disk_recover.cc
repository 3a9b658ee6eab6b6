// SPDX-License-Identifier: Apache-2.0
//
// The start: what is on the disk, found again. See disk_store.h.
//
// The journal is read when it is whole, or merely ends too early; what was stored after its last
// row is found by walking the segments from where it ends. When any of its rows is damaged nothing
// of it is believed, because what stood there may have been an erasure or a replacement: all
// segments are walked. Either way no body is read.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "proxy/base/diag.h"
#include "proxy/store/disk_store.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

std::string count_of(std::uint64_t n, const char* noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

bool later(const IndexRow& row, const IndexRow& than) {
  return row.segment != than.segment ? row.segment > than.segment : row.offset > than.offset;
}

}  // namespace

void DiskStore::recover() {
  const auto start = std::chrono::steady_clock::now();
  directory_.remove(kNewJournalName);
  const FoundFiles found = directory_.list();
  adopt_segments(found);
  for (const FoundFile& large : found.larges) {
    larges_.adopt(large);
  }
  Covered covered;
  if (accept_journal(recover_journal(covered), covered)) {
    for (const auto& [number, size] : Covered(segments_.sizes())) {
      const auto known = covered.find(number);
      walk(number, known == covered.end() ? kSegmentHead : known->second);
    }
  }
  count_large_entries();
  while (journal_due() && journal_step()) {
  }
  while (next_.open() && journal_step()) {
  }
  bytes_.store(bytes(), std::memory_order_relaxed);
  const auto took = std::chrono::steady_clock::now() - start;
  start_us_.store(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  diag(Level::Info, "cache: " + count_of(ledger_.index().size(), "object") + " on disk in " +
                        limits_.directory + ", found in " + std::to_string(start_us_ / 1000) +
                        " ms");
}

void DiskStore::adopt_segments(const FoundFiles& found) {
  for (const FoundFile& file : found.segments) {
    std::array<char, kSegmentHead> bytes;
    const StoreFile open(directory_.open_file(segment_name(file.number), O_RDONLY));
    const std::int64_t got = read_some(open.fd(), 0, bytes.data(), bytes.size());
    const std::string_view text(bytes.data(),
                                static_cast<std::size_t>(std::max<std::int64_t>(got, 0)));
    const SegmentHead head = got < 0 ? SegmentHead::Foreign : take_segment_head(text, file.number);
    segments_.skip(file.number);
    if (head == SegmentHead::Ours) {
      segments_.adopt(file);
      continue;
    }
    const bool foreign = head == SegmentHead::Foreign;
    if (!foreign) {
      directory_.remove(segment_name(file.number));
    }
    if (file.size > kSegmentHead) {
      diag(Level::Warning,
           "cache: " + segment_name(file.number) + " in " + limits_.directory +
               (got < 0                             ? " cannot be read: left alone"
                : foreign                           ? " is not a segment: left alone"
                : head == SegmentHead::OtherVersion ? " is of another version: removed"
                                                    : " is damaged: removed"));
    }
  }
}

JournalState DiskStore::recover_journal(Covered& covered) {
  const int fd = directory_.open_file(kJournalName, O_RDWR);
  if (fd < 0) {
    return errno == ENOENT ? JournalState::Missing : JournalState::Damaged;
  }
  bool complete = true;  // a journal written anew accounts for the segments in its last rows
  JournalState state = read_journal(fd, key_, [&](const JournalRow& row) {
    complete = row.kind == RowKind::Covered || (complete && row.total != 0) ||
               (complete && row.kind == RowKind::Erase);
    use_row(row, covered);
  });
  state = complete || state == JournalState::OtherVersion ? state : JournalState::Damaged;
  if (state == JournalState::Whole || state == JournalState::Torn) {
    journal_.resume(fd);
  } else {
    ::close(fd);
  }
  return state;
}

void DiskStore::use_row(const JournalRow& row, Covered& covered) {
  const IndexRow place{row.hash, row.variant, row.segment, row.offset, row.head, row.large, 0};
  const bool there = segments_.sizes().contains(row.segment);
  if (row.kind == RowKind::Erase) {
    ledger_.index().take_exactly(place);
    return;
  }
  if (row.kind == RowKind::Put && there) {
    ledger_.index().put(place);
  } else if (row.kind == RowKind::Put) {
    ledger_.index().take(row.hash, row.variant);
  }
  if (there) {
    std::uint64_t& end = covered[row.segment];
    end = std::max({end, std::uint64_t{row.offset} * 8 + std::uint64_t{row.total} * 8,
                    std::uint64_t{kSegmentHead}});
  }
}

// Whether the segments are to be walked from where they are covered.
bool DiskStore::accept_journal(JournalState state, Covered& covered) {
  switch (state) {
    case JournalState::OtherVersion:
      start_empty();
      return false;
    case JournalState::Whole:
      return true;
    case JournalState::Torn:
      diag(Level::Info, "cache: the journal in " + limits_.directory + " ends inside a row");
      return true;
    case JournalState::Missing:
    case JournalState::Damaged:
      break;
  }
  covered.clear();
  ledger_.index().clear();
  key_ = new_hash_key();
  if (state == JournalState::Damaged || !segments_.sizes().empty()) {
    diag(Level::Warning, "cache: the journal in " + limits_.directory +
                             (state == JournalState::Damaged ? " is damaged" : " is missing") +
                             ": reading " + count_of(segments_.sizes().size(), "segment"));
  }
  return true;
}

void DiskStore::walk(std::uint32_t segment, std::uint64_t from) {
  const std::uint64_t size = segments_.sizes().at(segment);
  if (from >= size) {
    return;
  }
  const auto file = segments_.open(segment);
  const std::uint64_t end =
      file ? walk_segment(file->fd(), segment, from, size,
                          [this](const RecordHead& record) { use_record(record); })
           : from;
  if (end < size) {
    diag(Level::Warning, "cache: " + segment_name(segment) + " in " + limits_.directory +
                             " holds no whole entry in its last " + count_of(size - end, "byte") +
                             ": cut off");
    segments_.cut(segment, end);
  }
}

void DiskStore::use_record(const RecordHead& record) {
  const IndexRow row{hash_of(record.url),
                     variant_of(record.variant),
                     record.segment,
                     static_cast<std::uint32_t>(record.offset / 8),
                     record.head,
                     record.large,
                     0};
  std::vector<IndexRow> known;
  ledger_.index().find(row.hash, known);
  const bool newer = std::ranges::any_of(
      known, [&](const IndexRow& each) { return each.variant == row.variant && later(each, row); });
  serial_ = std::max(serial_, record.serial);
  if (newer) {
    return;
  }
  if (record.erased) {
    ledger_.index().take(row.hash, row.variant);
  } else {
    ledger_.index().put(row);
    note_put(row, record.total);
  }
}

void DiskStore::count_large_entries() {
  std::vector<IndexRow> rows;
  for (unsigned table = 0; table < DiskIndex::kTables; ++table) {
    rows.clear();
    ledger_.index().rows(table, rows);
    for (const IndexRow& row : rows) {
      larges_.add_entry(row.large);
    }
  }
  larges_.sweep();
}

void DiskStore::start_empty() {
  diag(Level::Warning,
       "cache: what is in " + limits_.directory + " was stored by another version: starting empty");
  ledger_.index().clear();
  key_ = new_hash_key();
  for (const auto& [number, size] : Covered(segments_.sizes())) {
    segments_.remove(number);
  }
}

}  // namespace weir::store
