// SPDX-License-Identifier: Apache-2.0
//
// See connect.h. A Race has a few places for attempts under way and one deadline, set for whatever
// comes first: an attempt's end, the next start, or the end of it all. step() is the only place
// that decides what to do next; it may be called at any time. A race is settled once, and then
// holds no descriptor but the winner's. Its coroutine is resumed by the loop, never from inside.
#include "proxy/net/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proxy/base/assert.h"

namespace weir {
namespace {

// Further addresses wait until a place is free.
constexpr std::size_t kMostAtOnce = 8;

Failure failure_of(int error, bool v4) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
      return Failure::ConnectRefused;
    case ETIMEDOUT:
      return Failure::ConnectTimeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:  // too many watches
      return Failure::Overloaded;
    case EADDRNOTAVAIL:
      // All local ports are in use; for IPv6 more often that the machine has no address to speak
      // from.
      return v4 ? Failure::Overloaded : Failure::ConnectFailed;
    default:
      return Failure::ConnectFailed;
  }
}

// Our own trouble first, then what the far end has said, then its silence.
Failure more_telling(Failure a, Failure b) {
  for (const Failure f : {Failure::Overloaded, Failure::ConnectRefused, Failure::ConnectTimeout}) {
    if (a == f || b == f) {
      return f;
    }
  }
  return Failure::ConnectFailed;
}

// A port of this machine that nobody listens on may be drawn as the local port of the very
// connection that dials it; TCP then connects the socket to itself (RFC 9293 3.5, simultaneous
// open).
bool connected_to_itself(int fd, const Endpoint& at) {
  if (!at.address.is_loopback()) {
    return false;
  }
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
         Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&own)) == at;
}

// The mark that firewall rules see, and the address that the far end sees.
bool speak_as_told(int fd, const Endpoint& at, const ConnectLimits& limits) {
  if (limits.mark != 0 &&
      ::setsockopt(fd, SOL_SOCKET, SO_MARK, &limits.mark, sizeof limits.mark) != 0) {
    return false;
  }
  if (!limits.from || limits.from->is_v4() != at.address.is_v4()) {
    return true;
  }
  const bool v4 = at.address.is_v4();
  const int on = 1;
  sockaddr_storage from{};
  const unsigned length = Endpoint{*limits.from, 0}.to_sockaddr(from);
  return ::setsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on,
                      sizeof on) == 0 &&
         ::bind(fd, reinterpret_cast<const sockaddr*>(&from), length) == 0;
}

int open_socket(const Endpoint& at, const ConnectLimits& limits) {
  const int fd = ::socket(at.address.is_v4() ? AF_INET : AF_INET6,
                          SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd >= 0) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const int idle_seconds = 120;
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  }
  if (fd >= 0 && !speak_as_told(fd, at, limits)) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

class Race final : private Deadline {
 public:
  Race(Loop& loop, std::span<const Endpoint> addresses, const ConnectLimits& limits)
      : loop_(loop),
        limits_(limits),
        addresses_(addresses),
        until_(loop.now() + limits.total),
        next_start_(loop.now()),
        take_v6_(limits.prefer_ipv6) {
    for (Attempt& attempt : attempts_) {
      attempt.race = this;
    }
    step();
  }
  ~Race() { close_all(); }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  // Awaiting: until the race is settled.
  bool await_ready() const { return settled_; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  Result<Connected> await_resume() const {
    return winner_.fd >= 0 ? Result<Connected>(winner_) : fail(failure_);
  }

 private:
  struct Attempt final : public Watch {
    void note(std::uint32_t events) override { seen |= events; }
    void act() override { race->progress(*this); }
    bool under_way() const { return fd >= 0; }

    Race* race = nullptr;
    int fd = -1;
    Endpoint at;
    Instant until;
    std::uint32_t seen = 0;
  };

  void due() override { step(); }
  void step();
  void end_overdue(Instant now);
  Attempt* free_place();
  const Endpoint* next_address();
  void start(Attempt& attempt, const Endpoint& at);
  void progress(Attempt& attempt);
  void lose(Attempt& attempt, Failure why);
  void win(Attempt& attempt, bool watched);
  void settle();
  void close_all();

  Loop& loop_;
  const ConnectLimits limits_;
  const std::span<const Endpoint> addresses_;
  const Instant until_;
  Instant next_start_;
  bool take_v6_;                       // the family whose turn it is
  std::array<std::size_t, 2> next_{};  // where to look for the next one, by family (IPv6 at 1)
  std::array<Attempt, kMostAtOnce> attempts_;
  Connected winner_;
  Failure failure_ = Failure::ConnectFailed;
  bool settled_ = false;
  std::coroutine_handle<> waiter_;
};

// RFC 8305 4: the families take turns while both have addresses left.
const Endpoint* Race::next_address() {
  for (int i = 0; i < 2; ++i) {
    const bool v6 = std::exchange(take_v6_, !take_v6_);
    std::size_t& at = next_[v6 ? 1 : 0];
    while (at < addresses_.size()) {
      const Endpoint& candidate = addresses_[at++];
      if (candidate.address.is_v4() != v6) {
        return &candidate;
      }
    }
  }
  return nullptr;
}

Race::Attempt* Race::free_place() {
  const auto found =
      std::ranges::find_if(attempts_, [](const Attempt& a) { return !a.under_way(); });
  return found == attempts_.end() ? nullptr : &*found;
}

void Race::step() {
  const Instant now = loop_.now();
  end_overdue(now);
  if (now >= until_) {
    failure_ = more_telling(failure_, Failure::ConnectTimeout);
    settle();
  }
  Attempt* place = nullptr;
  const Endpoint* at = nullptr;
  while (!settled_ && now >= next_start_ && (place = free_place()) != nullptr &&
         (at = next_address()) != nullptr) {
    next_start_ = now + limits_.stagger;
    start(*place, *at);  // may settle, or fail and allow the next start at once
  }
  if (settled_) {
    return;
  }
  Instant wake = until_;
  bool trying = false;
  for (const Attempt& attempt : attempts_) {
    if (attempt.under_way()) {
      trying = true;
      wake = std::min(wake, attempt.until);
    }
  }
  const bool more = next_[0] < addresses_.size() || next_[1] < addresses_.size();
  if (!trying && !more) {
    settle();
    return;
  }
  if (more && free_place() != nullptr) {
    wake = std::min(wake, next_start_);
  }
  set(loop_.wheel(), wake);
}

void Race::end_overdue(Instant now) {
  for (Attempt& attempt : attempts_) {
    if (attempt.under_way() && now >= attempt.until) {
      lose(attempt, Failure::ConnectTimeout);
    }
  }
}

void Race::start(Attempt& attempt, const Endpoint& at) {
  attempt.fd = open_socket(at, limits_);
  attempt.at = at;
  attempt.until = loop_.now() + limits_.per_address;
  attempt.seen = 0;
  if (attempt.fd < 0) {
    lose(attempt, failure_of(errno, at.address.is_v4()));
    return;
  }
  sockaddr_storage to{};
  const auto length = at.to_sockaddr(to);
  if (::connect(attempt.fd, reinterpret_cast<const sockaddr*>(&to), length) == 0) {
    win(attempt, false);
  } else if (errno != EINPROGRESS || !loop_.watch(attempt.fd, attempt, EPOLLOUT)) {
    lose(attempt, failure_of(errno, at.address.is_v4()));
  }
}

void Race::progress(Attempt& attempt) {
  int error = 0;
  if ((attempt.seen & (EPOLLERR | EPOLLHUP)) != 0) {
    socklen_t length = sizeof error;
    ::getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error != 0) {
    lose(attempt, failure_of(error, attempt.at.address.is_v4()));
    step();
  } else if (connected_to_itself(attempt.fd, attempt.at)) {
    lose(attempt, Failure::ConnectRefused);
    step();
  } else {
    win(attempt, true);
  }
}

void Race::lose(Attempt& attempt, Failure why) {
  failure_ = more_telling(failure_, why);
  if (attempt.fd >= 0) {
    loop_.forget(attempt);
    ::close(std::exchange(attempt.fd, -1));
  }
  next_start_ = loop_.now();  // RFC 8305 5: no need to wait for the stagger
}

void Race::win(Attempt& attempt, bool watched) {
  if (watched) {
    loop_.forget(attempt);
  }
  winner_ = Connected{std::exchange(attempt.fd, -1), attempt.at, watched};
  settle();
}

void Race::settle() {
  WEIR_ASSERT(!settled_);
  settled_ = true;
  clear();
  close_all();
  if (waiter_) {
    loop_.resume_soon(waiter_);
  }
}

void Race::close_all() {
  for (Attempt& attempt : attempts_) {
    if (attempt.under_way()) {
      loop_.forget(attempt);
      ::close(std::exchange(attempt.fd, -1));
    }
  }
}

}  // namespace

Task<Result<Connected>> connect_any(Loop& loop, std::span<const Endpoint> addresses,
                                    const ConnectLimits& limits) {
  Race race(loop, addresses, limits);
  co_return co_await race;
}

}  // namespace weir
