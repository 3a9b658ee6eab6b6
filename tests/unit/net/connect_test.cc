// SPDX-License-Identifier: Apache-2.0
//
// Connecting against real sockets. An address that never answers is a listener on loopback whose
// queue is full; one that refuses is a bound socket that does not listen; one that cannot be
// reached lies in a network namespace without any route. Ports are chosen by the kernel.
#include "proxy/net/connect.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <list>
#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) {
      ::close(fd);
    }
  }
  int fd;
};

// A bound socket; `backlog` < 0: it does not listen, and refuses.
class Server {
 public:
  explicit Server(int backlog, std::string_view ip = "127.0.0.1")
      : socket_(
            ::socket(ip.find(':') == ip.npos ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage address{};
    const auto length = Endpoint{*IpAddress::parse(ip), 0}.to_sockaddr(address);
    works_ = ::bind(socket_.fd, reinterpret_cast<sockaddr*>(&address), length) == 0;
    if (backlog >= 0) {
      ::listen(socket_.fd, backlog);
    }
    socklen_t size = sizeof address;
    ::getsockname(socket_.fd, reinterpret_cast<sockaddr*>(&address), &size);
    at_ = Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address));
  }
  bool works() const { return works_; }
  Endpoint at() const { return at_; }
  int accept() { return ::accept4(socket_.fd, nullptr, nullptr, SOCK_CLOEXEC); }
  // Returns once a connection waits to be accepted.
  void wait_for_one() {
    pollfd waits{socket_.fd, POLLIN, 0};
    ::poll(&waits, 1, 10'000);
  }

 private:
  Descriptor socket_;
  Endpoint at_;
  bool works_ = false;
};

// Listens, but its queue is full, so that further SYNs are dropped.
class SilentServer : public Server {
 public:
  SilentServer() : Server(0) {
    sockaddr_storage address{};
    const auto length = at().to_sockaddr(address);
    for (int i = 0; i < 3; ++i) {
      Descriptor& filler =
          fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(filler.fd, reinterpret_cast<sockaddr*>(&address), length);
      wait_for_one();  // the queue, not a half-open connection that may overtake it, turns away
    }
  }

 private:
  std::list<Descriptor> fillers_;
};

struct Outcome {
  bool done = false;
  Result<Connected> result = fail(Failure::Internal);
  Descriptor held;

  std::string_view failure() const { return result ? "connected" : word(result.error()); }
};

Spawned go(Loop& loop, std::vector<Endpoint> addresses, ConnectLimits limits, Outcome& out) {
  const std::span<const Endpoint> view(addresses);
  out.result = co_await connect_any(loop, view, limits);
  if (out.result) {
    out.held.fd = out.result->fd;
  }
  out.done = true;
}

class Connecting : public testing::Test {
 protected:
  void connect(std::vector<Endpoint> addresses, Outcome& out) {
    loop.turn(0);  // so that now is now
    begun = loop.now();
    go(loop, std::move(addresses), limits, out);
    while (!out.done) {
      loop.turn(-1);
    }
    took = loop.now() - begun;
  }

  Loop loop;
  ConnectLimits limits{20 * kSecond, 40 * kSecond, 10 * kSecond, true, 0, std::nullopt};
  Instant begun;
  Micros took = 0;
};

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  ::getsockopt(fd, level, name, &value, &length);
  return value;
}

TEST_F(Connecting, HandsOverAReadyDescriptorThatNobodyWatches) {
  Server server(5);
  Outcome out;
  connect({server.at()}, out);
  ASSERT_TRUE(out.result);
  const int fd = out.result->fd;
  EXPECT_EQ(out.result->at, server.at());
  EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  const Descriptor accepted(server.accept());
  EXPECT_EQ(::send(fd, "x", 1, MSG_NOSIGNAL), 1);
  char c = 0;
  EXPECT_EQ(::recv(accepted.fd, &c, 1, 0), 1);
  struct Probe final : Watch {
    void note(std::uint32_t) override {}
    void act() override {}
  } probe;
  EXPECT_TRUE(out.result->watched);
  EXPECT_TRUE(loop.take_over(fd, probe, EPOLLIN));  // would fail if it were watched no more
  loop.unwatch(fd, probe);
}

TEST_F(Connecting, TellsThatTheServerRefused) {
  Server closed(-1);
  Outcome out;
  connect({closed.at()}, out);
  EXPECT_EQ(out.failure(), "connect_refused");
}

TEST_F(Connecting, ToNothingFails) {
  Outcome out;
  connect({}, out);
  EXPECT_EQ(out.failure(), "connect_failed");
}

TEST_F(Connecting, TriesTheNextAddressAtOnceWhenOneRefuses) {
  Server closed(-1);
  Server also_closed(-1);
  Server open(5);
  Outcome out;
  connect({closed.at(), also_closed.at(), open.at()}, out);
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->at, open.at());
  EXPECT_LT(took, limits.stagger);
}

TEST_F(Connecting, TriesTheNextAddressAfterTheStaggerWhenOneIsSilent) {
  limits.stagger = 50 * kMillisecond;
  SilentServer silent;
  Server open(5);
  Outcome out;
  connect({silent.at(), open.at()}, out);
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->at, open.at());
  EXPECT_GE(took, limits.stagger);
  EXPECT_LT(took, limits.per_address);
}

TEST_F(Connecting, DoesNotWaitForTheStaggerWhenALaterOneRefuses) {
  limits.stagger = 50 * kMillisecond;
  SilentServer silent;
  Server closed(-1);
  Server open(5);
  Outcome out;
  connect({silent.at(), closed.at(), open.at()}, out);
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->at, open.at());
}

TEST_F(Connecting, GivesUpOnAnAddressAfterItsTimeout) {
  limits.per_address = 40 * kMillisecond;
  SilentServer silent;
  Outcome out;
  connect({silent.at()}, out);
  EXPECT_EQ(out.failure(), "connect_timeout");
  EXPECT_GE(took, limits.per_address);
  EXPECT_LT(took, limits.stagger);
}

TEST_F(Connecting, GoesOnToTheNextAddressWhenOneHasTimedOut) {
  limits.per_address = 40 * kMillisecond;
  SilentServer silent;
  Server open(5);
  Outcome out;
  connect({silent.at(), open.at()}, out);
  ASSERT_TRUE(out.result);
  EXPECT_GE(took, limits.per_address);
  EXPECT_LT(took, limits.stagger);
}

TEST_F(Connecting, GivesUpOnAllAddressesAfterTheTotalTimeout) {
  limits.total = 60 * kMillisecond;
  limits.stagger = 10 * kMillisecond;
  SilentServer first;
  SilentServer second;
  Outcome out;
  connect({first.at(), second.at()}, out);
  EXPECT_EQ(out.failure(), "connect_timeout");
  EXPECT_GE(took, limits.total);
  EXPECT_LT(took, limits.per_address);
}

TEST_F(Connecting, SaysThatItWasRefusedRatherThanThatItTimedOut) {
  limits.per_address = 40 * kMillisecond;
  limits.stagger = kMillisecond;
  SilentServer silent;
  Server closed(-1);
  Outcome out;
  connect({silent.at(), closed.at()}, out);
  EXPECT_EQ(out.failure(), "connect_refused");
  Outcome other_way;
  connect({closed.at(), silent.at()}, other_way);
  EXPECT_EQ(other_way.failure(), "connect_refused");
}

TEST_F(Connecting, ReachesTheLastOfMoreAddressesThanItTriesAtOnce) {
  limits.per_address = 40 * kMillisecond;
  limits.stagger = kMillisecond;
  std::list<SilentServer> silent(20);
  Server open(5);
  std::vector<Endpoint> addresses;
  for (const auto& server : silent) {
    addresses.push_back(server.at());
  }
  addresses.push_back(open.at());
  Outcome out;
  connect(addresses, out);
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->at, open.at());
}

TEST_F(Connecting, LetsTheFamiliesTakeTurns) {
  Server six(5, "::1");
  if (!six.works()) {
    GTEST_SKIP() << "no IPv6 here";
  }
  Server four(5);
  Server closed_six(-1, "::1");
  Server closed_four(-1);
  const auto winner = [&](bool prefer_ipv6, std::vector<Endpoint> addresses) {
    limits.prefer_ipv6 = prefer_ipv6;
    Outcome out;
    connect(std::move(addresses), out);
    return out.result ? out.result->at : Endpoint{};
  };
  EXPECT_EQ(winner(true, {four.at(), six.at()}), six.at());
  EXPECT_EQ(winner(false, {six.at(), four.at()}), four.at());
  EXPECT_EQ(winner(true, {four.at()}), four.at());
  EXPECT_EQ(winner(false, {six.at()}), six.at());
  // After the first of one family comes the first of the other, not the second of the same.
  EXPECT_EQ(winner(true, {closed_six.at(), six.at(), four.at()}), four.at());
  EXPECT_EQ(winner(false, {closed_four.at(), four.at(), six.at()}), six.at());
  EXPECT_EQ(winner(true, {closed_six.at(), closed_six.at(), closed_four.at(), four.at()}),
            four.at());
}

// In a thread that has moved to a namespace of its own, with loopback down: no address has a route.
TEST_F(Connecting, ToWhereNoRouteLeadsFails) {
  bool moved = false;
  std::string failure;
  std::thread([&] {
    moved = ::unshare(CLONE_NEWNET) == 0;
    if (!moved) {
      return;
    }
    Loop other;
    Outcome out;
    std::vector<Endpoint> addresses{*Endpoint::parse("127.0.0.1:80"),
                                    *Endpoint::parse("192.0.2.1:80"),
                                    *Endpoint::parse("[2001:db8::1]:80")};
    go(other, addresses, limits, out);
    EXPECT_TRUE(out.done);  // all of them fail at once
    failure = out.failure();
  }).join();
  if (!moved) {
    GTEST_SKIP() << "may not make a network namespace";
  }
  EXPECT_EQ(failure, "connect_failed");
}

TEST_F(Connecting, SaysThatItIsOverloadedWhenThereAreNoDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need descriptors for their own checks";
#endif
  Server open(5);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  Outcome out;
  connect({open.at(), open.at()}, out);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(out.failure(), "overloaded");
}

TEST_F(Connecting, OpensManyConnectionsAtOnce) {
  Server server(1000);
  std::list<Outcome> outcomes(300);
  for (auto& out : outcomes) {
    go(loop, {server.at()}, limits, out);
  }
  for (auto& out : outcomes) {
    while (!out.done) {
      loop.turn(-1);
    }
    EXPECT_TRUE(out.result);
  }
}

std::size_t open_files() {
  const std::filesystem::directory_iterator list("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

TEST_F(Connecting, LeavesNoDescriptorBehind) {
  SilentServer silent;
  Server closed(-1);
  Server open(5);
  limits.stagger = kMillisecond;
  limits.per_address = 40 * kMillisecond;
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) {
    Outcome won;
    connect({silent.at(), closed.at(), silent.at(), open.at(), silent.at()}, won);
    Outcome lost;
    connect({silent.at(), closed.at(), silent.at()}, lost);
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace weir
