// SPDX-License-Identifier: Apache-2.0
//
// See lines.h. The reader's buffer grows only for a line that needs it.
#include "proxy/cli/lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t kBufferFirst = std::size_t{64} << 10;
constexpr std::size_t kWriteAt = std::size_t{64} << 10;

std::string cannot(std::string_view what, const std::string& path, int error) {
  const std::string name = path == "-" ? "the standard stream" : path;
  return "cannot " + std::string(what) + " " + name + ": " + std::strerror(error) + ".";
}

struct Packed {
  std::string_view begins;
  std::string_view unpacker;
};
constexpr std::array kPacked = {Packed{"\x1f\x8b", "zcat"}, Packed{"\xfd\x37zXZ", "xzcat"},
                                Packed{"\x28\xb5\x2f\xfd", "zstdcat"}};

// What makes text of a compressed file; empty: it is none.
std::string_view unpacker(std::string_view bytes) {
  for (const Packed& one : kPacked) {
    if (bytes.starts_with(one.begins)) {
      return one.unpacker;
    }
  }
  return {};
}

void close_own(int fd) {
  if (fd > STDERR_FILENO) {
    ::close(fd);
  }
}

}  // namespace

tl::expected<LineReader, std::string> LineReader::open(const std::string& path) {
  if (path == "-") {
    return LineReader(STDIN_FILENO, path);
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return tl::unexpected(cannot("read", path, errno));
  }
  return LineReader(fd, path);
}

LineReader::LineReader(int fd, std::string path)
    : fd_(fd),
      path_(std::move(path)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferFirst)),
      room_(kBufferFirst) {
  struct stat found {};
  if (::fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
    size_ = static_cast<std::uint64_t>(found.st_size);
  }
}

LineReader::LineReader(LineReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      error_(std::move(other.error_)),
      buffer_(std::move(other.buffer_)),
      room_(other.room_),
      begin_(other.begin_),
      end_(other.end_),
      ended_(other.ended_),
      number_(other.number_),
      bytes_(other.bytes_),
      size_(other.size_) {}

LineReader::~LineReader() {
  close_own(fd_);
}

// Moves what is left to the front, makes room when there is none, and reads once.
bool LineReader::refill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == room_) {
    auto larger = std::make_unique_for_overwrite<char[]>(room_ * 2);
    std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    room_ *= 2;
  }
  ssize_t got = 0;
  do {
    got = ::read(fd_, buffer_.get() + end_, room_ - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    error_ = cannot("read", path_, errno);
    return false;
  }
  ended_ = got == 0;
  end_ += static_cast<std::size_t>(got);
  if (const auto by = bytes_ == 0 ? unpacker({buffer_.get(), end_}) : std::string_view();
      !by.empty()) {
    error_ = (path_ == "-" ? "the standard stream" : path_) + " is compressed. Give what " +
             std::string(by) + " makes of it to standard input.";
    return false;
  }
  bytes_ += static_cast<std::uint64_t>(got);
  return true;
}

LineReader::Got LineReader::next(std::string_view& line) {
  bool too_long = false;
  std::size_t seen = 0;  // bytes behind begin_ that hold no end of line
  while (true) {
    const char* const from = buffer_.get() + begin_;
    const auto* const found =
        static_cast<const char*>(std::memchr(from + seen, '\n', end_ - begin_ - seen));
    if (found != nullptr || (ended_ && begin_ != end_)) {
      const char* const stop = found != nullptr ? found : buffer_.get() + end_;
      line = {from, static_cast<std::size_t>(stop - from)};
      begin_ += line.size() + (found != nullptr ? 1U : 0U);
      line.remove_suffix(line.ends_with('\r') ? 1 : 0);
      ++number_;
      return too_long ? Got::TooLong : Got::Line;
    }
    if (ended_) {
      number_ += too_long ? 1U : 0U;
      return too_long ? Got::TooLong : Got::End;
    }
    seen = end_ - begin_;
    if (seen > kLineMost) {
      too_long = true;
      begin_ = end_;
      seen = 0;
    }
    if (!refill()) {
      return Got::Failed;
    }
  }
}

tl::expected<LineWriter, std::string> LineWriter::open(const std::string& path) {
  if (path == "-") {
    return LineWriter(STDOUT_FILENO, path);
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return tl::unexpected(cannot("write", path, errno));
  }
  return LineWriter(fd, path);
}

LineWriter::LineWriter(LineWriter&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      waiting_(std::move(other.waiting_)),
      error_(other.error_) {}

LineWriter::~LineWriter() {
  close_own(fd_);
}

void LineWriter::put(std::string_view line) {
  waiting_ += line;
  waiting_ += '\n';
  if (waiting_.size() >= kWriteAt) {
    flush();
  }
}

void LineWriter::flush() {
  for (std::string_view left = waiting_; !left.empty() && error_ == 0;) {
    const ssize_t wrote = ::write(fd_, left.data(), left.size());
    if (wrote >= 0) {
      left.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  waiting_.clear();
}

tl::expected<void, std::string> LineWriter::finish() {
  flush();
  if (error_ == 0) {
    return {};
  }
  return tl::unexpected(cannot("write", path_, error_));
}

}  // namespace weir::cli
