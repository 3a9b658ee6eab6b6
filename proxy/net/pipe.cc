// SPDX-License-Identifier: Apache-2.0
//
// See pipe.h. Pipes are widened once, when made: a wider pipe means fewer trips per megabyte.
#include "proxy/net/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace weir {
namespace {
constexpr int kWidth = 1024 * 1024;
constexpr std::size_t kNarrowest = 64 * 1024;
}  // namespace

Pipe::Pipe(Pipe&& other) noexcept
    : read_end_(std::exchange(other.read_end_, -1)),
      write_end_(std::exchange(other.write_end_, -1)),
      filled_(std::exchange(other.filled_, 0)),
      capacity_(other.capacity_) {}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
  if (this != &other) {
    close();
    read_end_ = std::exchange(other.read_end_, -1);
    write_end_ = std::exchange(other.write_end_, -1);
    filled_ = std::exchange(other.filled_, 0);
    capacity_ = other.capacity_;
  }
  return *this;
}

Pipe::~Pipe() {
  close();
}

void Pipe::close() {
  if (read_end_ >= 0) {
    ::close(std::exchange(read_end_, -1));
    ::close(std::exchange(write_end_, -1));
  }
  filled_ = 0;
}

ssize_t Pipe::fill_from(int socket, std::size_t most) {
  const std::size_t room = std::min(most, capacity_ - filled_);
  ssize_t n = 0;
  do {
    n = ::splice(socket, nullptr, write_end_, nullptr, room, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    filled_ += static_cast<std::size_t>(n);
  }
  return n;
}

ssize_t Pipe::drain_to(int socket, bool more_follows) {
  const unsigned more = more_follows ? SPLICE_F_MORE : 0;
  ssize_t n = 0;
  do {
    n = ::splice(read_end_, nullptr, socket, nullptr, filled_,
                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK | more);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    filled_ -= static_cast<std::size_t>(n);
  }
  return n;
}

Pipe PipePool::take() {
  if (!kept_.empty()) {
    Pipe pipe = std::move(kept_.back());
    kept_.pop_back();
    return pipe;
  }
  std::array<int, 2> ends{};
  Pipe pipe;
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    return pipe;
  }
  pipe.read_end_ = ends[0];
  pipe.write_end_ = ends[1];
  int width = ::fcntl(ends[1], F_SETPIPE_SZ, kWidth);
  if (width < 0) {
    // The kernel refuses when this user's pipes take too much, and then makes new ones very narrow:
    // copying is better than those.
    width = ::fcntl(ends[1], F_GETPIPE_SZ);
  }
  pipe.capacity_ = width > 0 ? static_cast<std::size_t>(width) : 0;
  if (pipe.capacity_ < kNarrowest) {
    pipe.close();
  }
  return pipe;
}

void PipePool::give(Pipe pipe) {
  if (pipe.valid() && pipe.filled() == 0 && kept_.size() < kKept) {
    kept_.push_back(std::move(pipe));
  }
}

}  // namespace weir
