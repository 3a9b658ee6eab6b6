// SPDX-License-Identifier: Apache-2.0
//
// See stream.h. Readiness is edge-triggered: a side is ready until a try comes back short. A short
// read proves that the socket is drained, so the next wait needs no failed read first; that is what
// keeps a forwarded request at four data system calls. A stream whose far end has sent FIN stays
// ready, because no further edge will come for it.
#include "proxy/net/stream.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/net/bandwidth.h"
#include "proxy/net/pipe.h"
#include "proxy/tls/engine.h"

namespace weir {
namespace {

constexpr std::size_t kFilePiece = 16 * 1024;  // what TLS makes one record of

}  // namespace

Stream::Stream(Loop& loop) : loop_(loop), read_side_(*this), write_side_(*this) {}

Stream::~Stream() {
  close();
}

bool Stream::open(int fd, bool watched) {
  WEIR_ASSERT(fd_ < 0);
  constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
  fd_ = fd;
  ended_ = broken_ = read_wants_write_ = write_wants_read_ = ending_ = false;
  throttle_ = nullptr;
  read_side_.ready = write_side_.ready = true;
  if (!(watched ? loop_.take_over(fd, *this, kEvents) : loop_.watch(fd, *this, kEvents))) {
    close();
    return false;
  }
  return true;
}

// What a try would yield where that is known without a system call; Bytes: only a try can tell.
IoResult Stream::foregone(const Side& side) const {
  if (fd_ < 0) {
    return {Io::Broken, 0};
  }
  return {side.ready ? Io::Bytes : Io::WouldBlock, 0};
}

std::size_t Stream::allowed(std::size_t most) {
  return throttle_ == nullptr ? most : throttle_->allow(loop_.now(), most);
}

void Stream::spend(std::size_t bytes) {
  if (throttle_ != nullptr) {
    throttle_->spend(bytes);
  }
}

IoResult Stream::failed(Side& side) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    side.ready = false;
    return {Io::WouldBlock, 0};
  }
  return {Io::Broken, 0};
}

void Stream::secure(std::unique_ptr<tls::Engine> engine) {
  WEIR_ASSERT(fd_ >= 0 && tls_ == nullptr);
  tls_ = std::move(engine);
  tls_->use(fd_);
  read_side_.ready = write_side_.ready = true;
}

Io Stream::shake() {
  if (fd_ < 0) {
    return Io::Broken;
  }
  const tls::Moved said = tls_->shake();
  shake_wants_write_ = said.what == tls::Move::WantsWrite;
  if (said.what == tls::Move::Done) {
    read_side_.ready = write_side_.ready = true;
    return Io::Bytes;
  }
  if (said.what == tls::Move::Broken) {
    return Io::Broken;
  }
  (shake_wants_write_ ? write_side_ : read_side_).ready = false;
  return Io::WouldBlock;
}

tls::Trouble Stream::shake_trouble() const {
  return tls_ != nullptr ? tls_->trouble() : tls::Trouble::Gone;
}

// What TLS came to, for the direction that tried.
IoResult Stream::moved(Side& side, const tls::Moved& moved) {
  const bool reads = &side == &read_side_;
  switch (moved.what) {
    case tls::Move::Done:
      return {Io::Bytes, moved.bytes};
    case tls::Move::WantsRead:
      write_wants_read_ = write_wants_read_ || !reads;
      side.ready = false;
      return {Io::WouldBlock, 0};
    case tls::Move::WantsWrite:
      read_wants_write_ = read_wants_write_ || reads;
      side.ready = false;
      return {Io::WouldBlock, 0};
    case tls::Move::End:
      return {Io::End, 0};
    case tls::Move::Broken:
      break;
  }
  return {Io::Broken, 0};
}

IoResult Stream::read(char* to, std::size_t most) {
  if (const IoResult known = foregone(read_side_); known.what != Io::Bytes) {
    return known;
  }
  most = allowed(most);
  if (most == 0) {
    return {Io::WouldBlock, 0};
  }
  if (tls_ != nullptr) {
    const IoResult r = moved(read_side_, tls_->read(to, most));
    if (r.what == Io::Bytes) {
      read_side_.ready = ended_ || !tls_->drained();
      spend(r.bytes);
    }
    return r;
  }
  for (;;) {
    const ssize_t n = ::recv(fd_, to, most, 0);
    if (n > 0) {
      const auto bytes = static_cast<std::size_t>(n);
      read_side_.ready = bytes == most || ended_;
      spend(bytes);
      return {Io::Bytes, bytes};
    }
    if (n == 0) {
      return {Io::End, 0};
    }
    if (errno != EINTR) {
      return failed(read_side_);
    }
  }
}

IoResult Stream::write(std::span<const iovec> parts) {
  if (const IoResult known = foregone(write_side_); known.what != Io::Bytes) {
    return known;
  }
  if (tls_ != nullptr) {
    return moved(write_side_, tls_->write(parts));
  }
  std::size_t wanted = 0;
  for (const iovec& part : parts) {
    wanted += part.iov_len;
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n >= 0) {
      const auto bytes = static_cast<std::size_t>(n);
      write_side_.ready = bytes == wanted;
      return {Io::Bytes, bytes};
    }
    if (errno != EINTR) {
      return failed(write_side_);
    }
  }
}

IoResult Stream::read_to(Pipe& pipe, std::size_t most) {
  if (const IoResult known = foregone(read_side_); known.what != Io::Bytes) {
    return known;
  }
  most = allowed(most);
  if (most == 0) {
    return {Io::WouldBlock, 0};
  }
  WEIR_ASSERT(tls_ == nullptr);
  const ssize_t n = pipe.fill_from(fd_, most);
  if (n > 0) {
    spend(static_cast<std::size_t>(n));
    return {Io::Bytes, static_cast<std::size_t>(n)};
  }
  return n == 0 ? IoResult{Io::End, 0} : failed(read_side_);
}

IoResult Stream::write_from(Pipe& pipe, bool more_follows) {
  if (const IoResult known = foregone(write_side_); known.what != Io::Bytes) {
    return known;
  }
  WEIR_ASSERT(tls_ == nullptr);
  const ssize_t n = pipe.drain_to(fd_, more_follows);
  return n > 0 ? IoResult{Io::Bytes, static_cast<std::size_t>(n)} : failed(write_side_);
}

IoResult Stream::write_file(int file, std::uint64_t at, std::size_t most) {
  if (const IoResult known = foregone(write_side_); known.what != Io::Bytes) {
    return known;
  }
  auto offset = static_cast<off_t>(at);
  if (tls_ != nullptr) {
    static thread_local std::array<char, kFilePiece> piece;
    const ssize_t got = ::pread(file, piece.data(), std::min(most, piece.size()), offset);
    const std::array<iovec, 1> part = {
        iovec{piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))}};
    return got > 0    ? moved(write_side_, tls_->write(part))
           : got == 0 ? IoResult{Io::End, 0}
                      : IoResult{Io::Broken, 0};
  }
  const ssize_t n = ::sendfile(fd_, file, &offset, most);
  if (n > 0) {
    write_side_.ready = static_cast<std::size_t>(n) == most;
    return {Io::Bytes, static_cast<std::size_t>(n)};
  }
  return n == 0 ? IoResult{Io::End, 0} : failed(write_side_);
}

bool Stream::quiet() {
  if (fd_ < 0 || ended_ || broken_) {
    return false;
  }
  if (!read_side_.ready) {
    return true;
  }
  if (tls_ != nullptr) {
    read_side_.ready = !tls_->quiet();
    return !read_side_.ready;
  }
  char byte = 0;
  if (::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
    read_side_.ready = false;
    return true;
  }
  return false;
}

void Stream::end_writing() {
  if (fd_ < 0) {
    return;
  }
  ending_ = tls_ != nullptr && tls_->end().what == tls::Move::WantsWrite;
  if (!ending_) {
    ::shutdown(fd_, SHUT_WR);
  }
}

void Stream::close(Failure why) {
  if (fd_ < 0) {
    return;
  }
  closed_why_ = why;
  loop_.forget(*this);
  ::close(fd_);
  fd_ = -1;
  tls_.reset();
  ending_ = false;
  tied_ = nullptr;
  read_side_.clear();
  write_side_.clear();
  wake_soon(read_side_, why);
  wake_soon(write_side_, why);
}

void Stream::reset(Failure why) {
  if (fd_ >= 0) {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(why);
}

void Stream::stop_reads(Failure why) {
  read_side_.stopped = why;
  wake_soon(read_side_, why);
}

void Stream::keep(StreamKeeper* keeper, Instant until) {
  throttle_ = nullptr;
  keeper_ = keeper;
  read_side_.set(loop_.wheel(), until);
}

void Stream::unkeep() {
  keeper_ = nullptr;
  read_side_.clear();
}

void Stream::wake_soon(Side& side, Failure outcome) {
  if (side.waiter) {
    side.outcome = outcome;
    side.clear();
    loop_.resume_soon(std::exchange(side.waiter, nullptr));
  }
}

void Stream::note(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    read_side_.ready = true;
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    write_side_.ready = true;
  }
  if (tls_ != nullptr) {
    const bool in = read_side_.ready;
    read_side_.ready = in || (write_side_.ready && std::exchange(read_wants_write_, false));
    write_side_.ready = write_side_.ready || (in && std::exchange(write_wants_read_, false));
    if (ending_ && write_side_.ready) {
      end_writing();
    }
  }
  ended_ = ended_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  broken_ = broken_ || (events & (EPOLLHUP | EPOLLERR)) != 0;
}

void Stream::act() {
  const bool wake_reader = read_side_.ready && read_side_.waiter && !read_side_.resting;
  const bool wake_writer = write_side_.ready && write_side_.waiter;
  // What TLS says to itself (tickets, keys) is nobody's business.
  if (keeper_ != nullptr && read_side_.ready && (tls_ == nullptr || !quiet())) {
    keeper_->stirred(*this);
    return;
  }
  if (broken_ && tied_ != nullptr && !read_side_.waiter) {
    Stream* other = std::exchange(tied_, nullptr);
    other->close(tied_why_);
  }
  if (wake_writer) {
    write_side_.outcome = Failure::None;
    write_side_.clear();
    const auto writer = std::exchange(write_side_.waiter, nullptr);
    if (wake_reader) {
      loop_.resume_soon(writer);
    } else {
      writer.resume();  // may destroy this stream
      return;
    }
  }
  if (wake_reader) {
    read_side_.outcome = Failure::None;
    read_side_.clear();
    std::exchange(read_side_.waiter, nullptr).resume();  // may destroy this stream
  }
}

void Stream::Side::due() {
  if (waiter) {
    outcome = timeout;
    std::exchange(waiter, nullptr).resume();  // may destroy the stream
  } else if (stream.keeper_ != nullptr) {
    stream.keeper_->stirred(stream);
  }
}

// Bytes that may not be read yet are waited for by the clock; those that have not come, by the
// socket.
Stream::Wait Stream::readable(Instant until, Failure timeout) {
  if (throttle_ != nullptr && read_side_.ready && throttle_->allow(loop_.now(), 1) == 0) {
    return {read_side_, throttle_->next(loop_.now()), Failure::None, true};
  }
  return {read_side_, until, timeout};
}

bool Stream::Wait::await_ready() const noexcept {
  return side_.stream.fd_ < 0 || side_.stopped != Failure::None || (side_.ready && !rests_);
}

void Stream::Wait::await_suspend(std::coroutine_handle<> waiter) {
  WEIR_ASSERT(!side_.waiter);
  side_.waiter = waiter;
  side_.resting = rests_;
  side_.timeout = timeout_;
  side_.outcome = Failure::None;
  if (until_.set()) {
    side_.set(side_.stream.loop_.wheel(), until_);
  }
}

Failure Stream::Wait::await_resume() noexcept {
  if (side_.stream.fd_ < 0) {
    return side_.stream.closed_why_;
  }
  if (side_.stopped != Failure::None) {
    return side_.stopped;
  }
  return std::exchange(side_.outcome, Failure::None);
}

}  // namespace weir
