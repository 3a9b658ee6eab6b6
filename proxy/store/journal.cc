// SPDX-License-Identifier: Apache-2.0
//
// See journal.h.
#include "proxy/store/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "proxy/cache/freshness.h"
#include "proxy/store/bytes.h"
#include "proxy/store/crc32c.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr std::string_view kJournalMagic = "WEIRJNL1";
constexpr std::size_t kChunk = kJournalRow * 25'000;  // 1 MB
constexpr mode_t kMode = 0600;

// False at the first row that is none.
bool read_rows(std::string_view bytes, const std::function<void(const JournalRow&)>& use) {
  JournalRow row;
  for (; bytes.size() >= kJournalRow; bytes.remove_prefix(kJournalRow)) {
    if (!take_row(bytes, row)) {
      return false;
    }
    use(row);
  }
  return true;
}

}  // namespace

void append_row(std::string& out, const JournalRow& row) {
  const std::size_t start = out.size();
  append_number(out, std::uint32_t{0});
  append_number(out, static_cast<std::uint32_t>(row.kind));
  append_number(out, row.hash);
  append_number(out, row.variant);
  append_number(out, row.segment);
  append_number(out, row.offset);
  append_number(out, row.head);
  append_number(out, row.total);
  append_number(out, row.large);
  put_number(out, start, crc32c(std::string_view(out).substr(start + 4, kJournalRow - 4)));
}

bool take_row(std::string_view in, JournalRow& out) {
  const auto kind = number_at<std::uint32_t>(in, 4);
  if (crc32c(in.substr(4, kJournalRow - 4)) != number_at<std::uint32_t>(in, 0) || kind < 1 ||
      kind > 3) {
    return false;
  }
  out.kind = static_cast<RowKind>(kind);
  out.hash = number_at<std::uint64_t>(in, 8);
  out.variant = number_at<std::uint32_t>(in, 16);
  out.segment = number_at<std::uint32_t>(in, 20);
  out.offset = number_at<std::uint32_t>(in, 24);
  out.head = number_at<std::uint32_t>(in, 28);
  out.total = number_at<std::uint32_t>(in, 32);
  out.large = number_at<std::uint32_t>(in, 36);
  return true;
}

std::string put_journal_head(const HashKey& key) {
  std::string out(kJournalMagic);
  append_number(out, kJournalVersion);
  append_number(out, static_cast<std::uint32_t>(kJournalRow));
  append_number(out, key.low);
  append_number(out, key.high);
  append_number(out, static_cast<std::uint32_t>(sizeof(cache::Freshness)));
  out.resize(kJournalHead - 4);
  append_number(out, crc32c(out));
  return out;
}

JournalHead take_journal_head(std::string_view in, HashKey& key) {
  if (in.size() < kJournalHead || !in.starts_with(kJournalMagic)) {
    return JournalHead::Damaged;
  }
  in = in.substr(0, kJournalHead);
  if (crc32c(in.substr(0, kJournalHead - 4)) != number_at<std::uint32_t>(in, kJournalHead - 4)) {
    return JournalHead::Damaged;
  }
  if (number_at<std::uint32_t>(in, 8) != kJournalVersion ||
      number_at<std::uint32_t>(in, 12) != kJournalRow ||
      number_at<std::uint32_t>(in, 32) != sizeof(cache::Freshness)) {
    return JournalHead::OtherVersion;
  }
  key = {number_at<std::uint64_t>(in, 16), number_at<std::uint64_t>(in, 24)};
  return JournalHead::Ours;
}

JournalState read_journal(int fd, HashKey& key, const std::function<void(const JournalRow&)>& use) {
  const std::uint64_t whole = (size_of_file(fd) / kJournalRow + 2) * kJournalRow;
  std::string buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, whole)), '\0');
  std::int64_t got = read_some(fd, 0, buffer.data(), kJournalHead);
  const auto head =
      std::string_view(buffer).substr(0, static_cast<std::size_t>(std::max<std::int64_t>(got, 0)));
  switch (take_journal_head(head, key)) {
    case JournalHead::OtherVersion:
      return JournalState::OtherVersion;
    case JournalHead::Damaged:
      return JournalState::Damaged;
    case JournalHead::Ours:
      break;
  }
  for (std::uint64_t at = kJournalHead;; at += static_cast<std::uint64_t>(got)) {
    got = read_some(fd, at, buffer.data(), buffer.size());
    if (got < 0 || !read_rows({buffer.data(), static_cast<std::size_t>(got)}, use)) {
      return JournalState::Damaged;
    }
    if (static_cast<std::size_t>(got) < buffer.size()) {
      const bool torn = static_cast<std::size_t>(got) % kJournalRow != 0;
      return torn ? JournalState::Torn : JournalState::Whole;
    }
  }
}

Journal::~Journal() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(rows_, other.rows_);
  std::swap(broken_, other.broken_);
  return *this;
}

bool Journal::create(int directory, const char* name, const HashKey& key) {
  Journal old;
  std::swap(fd_, old.fd_);
  fd_ = ::openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode);
  rows_ = 0;
  broken_ = fd_ < 0 || !write_whole(fd_, 0, put_journal_head(key));
  return !broken_;
}

void Journal::resume(int fd) {
  Journal old;
  old.fd_ = std::exchange(fd_, fd);
  rows_ = (size_of_file(fd) - kJournalHead) / kJournalRow;
  broken_ = false;
}

bool Journal::append(std::string_view rows) {
  if (broken_ || fd_ < 0) {
    return false;
  }
  if (!write_whole(fd_, size(), rows)) {
    broken_ = true;  // what was written of it is torn or whole: both are understood
    return false;
  }
  rows_ += rows.size() / kJournalRow;
  return true;
}

bool Journal::sync() {
  return !broken_ && fd_ >= 0 && ::fdatasync(fd_) == 0;
}

}  // namespace weir::store
