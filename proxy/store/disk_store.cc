// SPDX-License-Identifier: Apache-2.0
//
// Writing, reading and erasing. See disk_store.h.
#include "proxy/store/disk_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <tuple>
#include <utility>

#include "proxy/base/diag.h"
#include "proxy/store/draft.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr Micros kSayAgain = 60 * kSecond;
constexpr std::uint64_t kSmallestSegment = 64 * 1024;
constexpr std::uint64_t kLargestSegment = 256 * 1024 * 1024;
constexpr std::size_t kSlice = 256;  // entries visited at a time
constexpr std::size_t kSavedUp = 64 * kJournalRow;
constexpr std::uint64_t kSegments = 64;  // about so many, so that a little goes at a time

std::int64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// Later stores have higher numbers, also after a restart, unless the clock was set back.
std::uint64_t wall_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

std::uint64_t nominal_segment(const DiskLimits& limits) {
  return std::clamp(limits.bytes / kSegments, kSmallestSegment, kLargestSegment);
}

std::uint64_t inline_bytes(const Entry& entry) {
  std::uint64_t bytes = 0;
  for (const Run& run : entry.runs) {
    bytes += run.body->size();
  }
  return bytes;
}

JournalRow journal_row(RowKind kind, const IndexRow& row, std::uint64_t total) {
  return {kind,
          row.hash,
          row.variant,
          row.segment,
          row.offset,
          row.head,
          static_cast<std::uint32_t>(total / 8),
          row.large};
}

}  // namespace

DiskStore::DiskStore(const DiskLimits& limits, Directory directory)
    : limits_(limits),
      capacity_(limits.bytes - nominal_segment(limits)),
      directory_(std::move(directory)),
      segments_(directory_, nominal_segment(limits)),
      larges_(directory_, this) {}

std::uint32_t DiskStore::variant_of(std::string_view variant) const {
  return static_cast<std::uint32_t>(keyed_hash(key_, variant) >> 32);
}

bool DiskStore::pausing() const {
  const std::int64_t until = paused_until_us_.load(std::memory_order_relaxed);
  return until != 0 && now_us() < until;
}

std::uint64_t DiskStore::bytes() const {
  return segments_.bytes() + larges_.bytes() + journal_.size() + (next_.open() ? next_.size() : 0);
}

// The journal may have to be written anew at any time, beside the old one.
std::uint64_t DiskStore::claimed() const {
  return segments_.bytes() + larges_.bytes() + 2 * journal_.size();
}

DiskStats DiskStore::stats() const {
  DiskStats out;
  out.entries = ledger_.index().size();
  out.bytes = bytes_.load(std::memory_order_relaxed);
  out.index_bytes = ledger_.index().bytes();
  out.written = written_.load(std::memory_order_relaxed);
  out.dropped = dropped_.load(std::memory_order_relaxed);
  out.evicted = evicted_.load(std::memory_order_relaxed);
  out.corrupt = corrupt_.load(std::memory_order_relaxed);
  out.start_us = start_us_.load(std::memory_order_relaxed);
  return out;
}

void DiskStore::refused(const char* what) {
  const int why = errno;
  full_ = full_ || why == ENOSPC || why == EDQUOT;
  paused_until_us_.store(now_us() + limits_.pause, std::memory_order_relaxed);
  diag_limited("cache.disk", kSayAgain, Level::Warning,
               "cache: cannot " + std::string(what) + " in " + limits_.directory + ": " +
                   (why == 0 ? "a file is shorter than it was" : std::strerror(why)) +
                   "; storing nothing on disk for a while");
}

// --- writing

void DiskStore::store(const Entry& entry, std::uint64_t ticket) {
  const std::uint64_t hash = hash_of(entry.url);
  if (ledger_.erased(hash, ticket)) {
    ledger_.withdraw(hash);
    return;
  }
  const auto displaced = write(entry, ticket);
  if (displaced) {
    // So that it cannot come back when both the journal and its successor are damaged.
    mark_erased(*displaced);
    larges_.drop_entry(displaced->large);
  }
}

// The row it took the place of. When it cannot be written, what it was to replace is forgotten.
std::optional<IndexRow> DiskStore::write(const Entry& entry, std::uint64_t ticket) {
  IndexRow row;
  row.hash = hash_of(entry.url);
  row.variant = variant_of(entry.variant);
  Draft draft;
  const auto place =
      !pausing() && inline_bytes(entry) <= limits_.largest && draft.gather(entry, this)
          ? write(draft)
          : std::nullopt;
  if (!place) {
    count_dropped();
    ledger_.withdraw(row.hash);
    ledger_.forget(row.hash, row.variant);
    return std::nullopt;
  }
  row.segment = place->segment;
  row.offset = static_cast<std::uint32_t>(place->offset / 8);
  row.head = draft.record.head;
  row.large = draft.record.large;
  const auto settled = ledger_.settle(ticket, row);
  larges_.add_entry(row.large);
  if (!settled.stored) {
    note_erased(row);
    return std::nullopt;
  }
  note_put(row, draft.record.total);
  written_.fetch_add(1, std::memory_order_relaxed);
  return settled.displaced;
}

std::optional<Place> DiskStore::write(Draft& draft) {
  draft.record.serial = serial_ = std::max(serial_ + 1, wall_us());
  if (!draft.encode() || !make_room(draft.record.total)) {
    return std::nullopt;
  }
  const auto place = segments_.place();
  if (!place) {
    refused("begin a segment");
    return std::nullopt;
  }
  draft.place(place->segment, place->offset);
  auto parts = draft.parts();
  if (!segments_.append(parts, draft.record.total)) {
    refused("write an entry");
    return std::nullopt;
  }
  segments_.weigh(draft.record.bytes_in_large());
  return place;
}

void DiskStore::note_put(const IndexRow& row, std::uint64_t total) {
  append_journal(journal_row(RowKind::Put, row, total));
}

void DiskStore::append_journal(const JournalRow& row) {
  append_row(rows_, row);
  if (rows_.size() >= kSavedUp) {
    flush_journal();
  }
}

void DiskStore::flush_journal() {
  if (journal_.open() && !journal_.broken() && !journal_.append(rows_)) {
    refused("write the journal");
  }
  if (next_.open()) {
    next_.append(rows_);
  }
  rows_.clear();
}

// --- erasing

void DiskStore::settle_forgotten() {
  for (const IndexRow& row : ledger_.take_forgotten()) {
    note_erased(row);
  }
}

bool DiskStore::mark_erased(const IndexRow& row) {
  return !segments_.sizes().contains(row.segment) ||
         segments_.erase({row.segment, std::uint64_t{row.offset} * 8});
}

// The mark in the record is what counts; the row spares the next start from keeping what is dead.
void DiskStore::note_erased(const IndexRow& row) {
  append_journal(journal_row(RowKind::Erase, row, 0));
  if (!mark_erased(row)) {
    diag_limited("cache.erase", kSayAgain, Level::Error,
                 "cache: cannot write down that an entry was erased in " + limits_.directory +
                     ": " + std::strerror(errno) + "; it may be back after a restart");
    flush_journal();
  }
  larges_.drop_entry(row.large);
}

void DiskStore::erase(const Entry& entry) {
  std::vector<IndexRow> rows;
  ledger_.index().find(hash_of(entry.url), rows);
  for (const IndexRow& row : rows) {
    std::string bytes;
    RecordHead record;
    if (row.variant != variant_of(entry.variant)) {
      continue;
    }
    const Outcome outcome = read_head(row, bytes, record);
    if (outcome != Outcome::Good || record.head_text == entry.head_text) {
      spoiled(row);
    }
  }
}

// Called where bytes turned out not to be what was written, and when a reader says so.
void DiskStore::spoiled(const IndexRow& row) {
  drop_row(row, Outcome::Spoilt);
}

void DiskStore::drop_row(const IndexRow& row, Outcome why) {
  const int error = errno;
  if (!ledger_.index().take_exactly(row)) {
    return;
  }
  note_erased(row);
  if (why == Outcome::Spoilt) {
    corrupt_.fetch_add(1, std::memory_order_relaxed);
    diag_limited("cache.spoilt", kSayAgain, Level::Error,
                 "cache: an entry in " + segment_name(row.segment) + " of " + limits_.directory +
                     " is not what was stored; erased" +
                     (error == EIO ? " (input/output error)" : ""));
  }
}

// --- reading

DiskStore::Outcome DiskStore::read_head(const IndexRow& row, std::string& bytes,
                                        RecordHead& record) {
  errno = 0;
  const auto file = segments_.open(row.segment);
  const std::uint64_t at = std::uint64_t{row.offset} * 8;
  if (!file || row.head < kRecordStart || row.head > kLongestHead) {
    return segments_.sizes().contains(row.segment) ? Outcome::Spoilt : Outcome::Gone;
  }
  bytes.resize(row.head);
  if (!read_whole(file->fd(), at, bytes.data(), bytes.size())) {
    return Outcome::Spoilt;
  }
  const http::Taken taken = take_record(bytes, record);
  if (taken.progress != http::Progress::Done || record.segment != row.segment ||
      record.offset != at || record.large != row.large) {
    return Outcome::Spoilt;
  }
  const bool meant = hash_of(record.url) == row.hash && variant_of(record.variant) == row.variant;
  return record.erased ? Outcome::Gone : meant ? Outcome::Good : Outcome::Spoilt;
}

DiskStore::Outcome DiskStore::load_row(const IndexRow& row, Loaded& out) {
  std::string bytes;
  RecordHead record;
  const Outcome outcome = read_head(row, bytes, record);
  if (outcome != Outcome::Good) {
    return outcome;
  }
  auto entry = std::make_shared<Entry>();
  entry->url = record.url;
  entry->vary = record.vary;
  entry->variant = record.variant;
  entry->head_text = record.head_text;
  entry->freshness = record.freshness;
  entry->length = record.length;
  if (!parse_head(*entry) || !add_runs(row, record, segments_.open(row.segment), *entry)) {
    return Outcome::Spoilt;
  }
  out = {record.serial, std::move(entry)};
  return Outcome::Good;
}

bool DiskStore::add_runs(const IndexRow& row, const RecordHead& record,
                         const std::shared_ptr<const StoreFile>& file, Entry& entry) {
  for (const RecordRun& run : record.runs) {
    const bool large = run.at == kInLarge;
    const auto from = large ? larges_.open(record.large, run.size) : file;
    if (!from || (!large && record.offset + record.total > size_of_file(from->fd()))) {
      return false;
    }
    const std::uint64_t base = large ? 0 : record.offset + run.at;
    auto extent =
        std::make_shared<Extent>(from, base, run.size, run.sums, [this, row] { spoiled(row); });
    entry.runs.push_back({run.first, std::make_shared<const Body>(std::move(extent))});
  }
  return true;
}

std::vector<EntryPtr> DiskStore::load(std::string_view url) {
  std::vector<IndexRow> rows;
  ledger_.index().find(hash_of(url), rows);
  std::vector<Loaded> found;
  for (const IndexRow& row : rows) {
    Loaded loaded;
    const Outcome outcome = load_row(row, loaded);
    if (outcome != Outcome::Good) {
      drop_row(row, outcome);
    } else if (loaded.entry->url == url) {
      ledger_.index().touch(row);
      found.push_back(std::move(loaded));
    }
  }
  std::ranges::sort(found, std::ranges::greater{}, &Loaded::serial);
  std::vector<EntryPtr> out;
  for (Loaded& each : found) {
    out.push_back(std::move(each.entry));
  }
  return out;
}

void DiskStore::each(const std::function<bool(const EntryPtr&)>& visit) {
  for (Cursor cursor; !cursor.at_end() && each(cursor, visit);) {
  }
}

bool DiskStore::each(Cursor& cursor, const std::function<bool(const EntryPtr&)>& visit) {
  if (cursor.rows.empty() && cursor.table != DiskIndex::kTables) {
    ledger_.index().rows(cursor.table++, cursor.rows);
    // From the back, in the order in which they lie on the disk.
    std::ranges::sort(cursor.rows, [](const IndexRow& a, const IndexRow& b) {
      return std::tie(a.segment, a.offset) > std::tie(b.segment, b.offset);
    });
  }
  for (std::size_t n = 0; n < kSlice && !cursor.rows.empty(); ++n) {
    const IndexRow row = cursor.rows.back();
    cursor.rows.pop_back();
    Loaded loaded;
    const Outcome outcome = load_row(row, loaded);
    if (outcome != Outcome::Good) {
      drop_row(row, outcome);
    } else if (!visit(loaded.entry)) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::store
