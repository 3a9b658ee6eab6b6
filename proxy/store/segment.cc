// SPDX-License-Identifier: Apache-2.0
//
// See segment.h.
#include "proxy/store/segment.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/store/bytes.h"
#include "proxy/store/crc32c.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr std::string_view kSegmentMagic = "WEIRSEG1";
constexpr std::size_t kWindow = 64 * 1024;  // read at once when walking
constexpr std::size_t kOpenFiles = 64;
// Offsets are kept in 32 bits, in eights.
constexpr std::uint64_t kFarthestOffset =
    std::uint64_t{std::numeric_limits<std::uint32_t>::max()} * 8;

// The bytes of a file around a place, for small steps forward.
class Window {
 public:
  Window(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  // At least `n` bytes from `at`, or fewer where the file ends.
  std::string_view at(std::uint64_t at, std::size_t n) {
    n = static_cast<std::size_t>(std::min<std::uint64_t>(n, size_ - std::min(at, size_)));
    if (at < start_ || at + n > start_ + bytes_.size()) {
      start_ = at;
      bytes_.resize(std::max(n, static_cast<std::size_t>(std::min<std::uint64_t>(
                                    kWindow, size_ - std::min(at, size_)))));
      const std::int64_t got = read_some(fd_, at, bytes_.data(), bytes_.size());
      bytes_.resize(static_cast<std::size_t>(std::max<std::int64_t>(got, 0)));
    }
    return std::string_view(bytes_).substr(static_cast<std::size_t>(at - start_));
  }

 private:
  int fd_;
  std::uint64_t size_;
  std::string bytes_;
  std::uint64_t start_ = 0;
};

// A whole head at that place; NeedMore: the file ends inside it.
http::Progress head_at(Window& window, std::uint64_t at, RecordHead& out) {
  std::size_t need = kRecordStart;
  for (;;) {
    const std::string_view bytes = window.at(at, need);
    const http::Taken taken = take_record(bytes, out);
    if (taken.progress != http::Progress::NeedMore || bytes.size() < need) {
      return taken.progress;
    }
    need = taken.used;
  }
}

}  // namespace

std::string put_segment_head(std::uint32_t number) {
  std::string out(kSegmentMagic);
  append_number(out, kSegmentVersion);
  append_number(out, number);
  append_number(out, static_cast<std::uint32_t>(sizeof(cache::Freshness)));
  append_number(out, crc32c(out));
  return out;
}

SegmentHead take_segment_head(std::string_view in, std::uint32_t number) {
  if (!in.starts_with(kSegmentMagic)) {
    return kSegmentMagic.starts_with(in) ? SegmentHead::Damaged : SegmentHead::Foreign;
  }
  if (in.size() < kSegmentHead) {
    return SegmentHead::Damaged;
  }
  in = in.substr(0, kSegmentHead);
  if (crc32c(in.substr(0, kSegmentHead - 4)) != number_at<std::uint32_t>(in, kSegmentHead - 4)) {
    return SegmentHead::Damaged;
  }
  if (number_at<std::uint32_t>(in, 8) != kSegmentVersion ||
      number_at<std::uint32_t>(in, 16) != sizeof(cache::Freshness)) {
    return SegmentHead::OtherVersion;
  }
  return number_at<std::uint32_t>(in, 12) == number ? SegmentHead::Ours : SegmentHead::Damaged;
}

std::uint64_t walk_segment(int fd, std::uint32_t number, std::uint64_t from, std::uint64_t size,
                           const std::function<void(const RecordHead&)>& use) {
  Window window(fd, size);
  RecordHead head;
  for (std::uint64_t at = from; at < size; at += head.total) {
    if (head_at(window, at, head) != http::Progress::Done || head.segment != number ||
        head.offset != at || head.total > size - at) {
      return at;
    }
    use(head);
  }
  return size;
}

Segments::Segments(const Directory& directory, std::uint64_t nominal)
    : directory_(directory), nominal_(nominal) {}

void Segments::adopt(const FoundFile& found) {
  sizes_[found.number] = found.size;
  bytes_ += found.size;
  skip(found.number);
}

void Segments::skip(std::uint32_t number) {
  last_ = std::max(last_, number);
}

bool Segments::begin() {
  if (last_ == std::numeric_limits<std::uint32_t>::max()) {
    errno = EOVERFLOW;
    return false;
  }
  const std::uint32_t number = last_ + 1;
  const int fd = directory_.open_file(segment_name(number), O_RDWR | O_CREAT | O_EXCL);
  if (fd < 0) {
    return false;
  }
  last_ = number;
  auto file = std::make_shared<const StoreFile>(fd);
  if (!write_whole(fd, 0, put_segment_head(number))) {
    const int why = errno;
    directory_.remove(segment_name(number));
    errno = why;
    return false;
  }
  current_ = number;
  outside_ = 0;
  sizes_[number] = kSegmentHead;
  bytes_ += kSegmentHead;
  keep_open(number, std::move(file));
  return true;
}

std::optional<Place> Segments::place() {
  if (current_ != 0 && sizes_[current_] + outside_ >= std::min(nominal_, kFarthestOffset)) {
    seal();
  }
  if (current_ == 0 && !begin()) {
    return std::nullopt;
  }
  return Place{current_, sizes_[current_]};
}

bool Segments::append(std::vector<iovec>& parts, std::uint64_t total) {
  const auto file = open(current_);
  std::uint64_t& size = sizes_[current_];
  if (file && write_parts(file->fd(), size, parts)) {
    size += total;
    bytes_ += total;
    return true;
  }
  const int why = errno;
  if (file) {
    // What was written of it would only be in the way of whoever walks; if it stays, the walk ends.
    [[maybe_unused]] const int cut = ::ftruncate(file->fd(), static_cast<off_t>(size));
  }
  seal();
  errno = why;
  return false;
}

std::shared_ptr<const StoreFile> Segments::open(std::uint32_t number) {
  const auto found = std::ranges::find(open_, number, [](const auto& each) { return each.first; });
  if (found != open_.end()) {
    return found->second;
  }
  if (!sizes_.contains(number)) {
    errno = ENOENT;
    return nullptr;
  }
  const int fd = directory_.open_file(segment_name(number), O_RDWR);
  if (fd < 0) {
    return nullptr;
  }
  auto file = std::make_shared<const StoreFile>(fd);
  keep_open(number, file);
  return file;
}

void Segments::keep_open(std::uint32_t number, std::shared_ptr<const StoreFile> file) {
  if (open_.size() >= kOpenFiles) {
    open_.pop_front();
  }
  open_.emplace_back(number, std::move(file));
}

bool Segments::erase(const Place& place) {
  std::string mark;
  append_number(mark, kErased);
  const auto file = open(place.segment);
  if (!file) {
    return errno == ENOENT;  // gone, and the entry with it
  }
  return place.offset + mark.size() > size_of_file(file->fd()) ||
         write_whole(file->fd(), place.offset, mark);
}

void Segments::cut(std::uint32_t number, std::uint64_t size) {
  const auto file = open(number);
  if (file && ::ftruncate(file->fd(), static_cast<off_t>(size)) == 0) {
    bytes_ -= sizes_[number] - size;
    sizes_[number] = size;
  }
}

void Segments::remove(std::uint32_t number) {
  std::erase_if(open_, [=](const auto& each) { return each.first == number; });
  directory_.remove(segment_name(number));
  if (const auto found = sizes_.find(number); found != sizes_.end()) {
    bytes_ -= found->second;
    sizes_.erase(found);
  }
  current_ = current_ == number ? 0 : current_;
}

}  // namespace weir::store
