// SPDX-License-Identifier: Apache-2.0
//
// Streams under a limit: a reader that may not read yet is woken by the clock and by the end of the
// stream, and by nothing that arrives.
#include "proxy/net/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "proxy/net/bandwidth.h"
#include "proxy/net/task.h"

namespace weir {
namespace {

// A kilobyte at a time, worth 205 ms, of which the first 100 are there from the start.
constexpr Limit kSlow{5'000, 1};
constexpr Micros kFirstRest = 104 * kMillisecond;

struct Reader {
  Reader() : stream(loop) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    EXPECT_TRUE(stream.open(fds[0]));
    far = fds[1];
    EXPECT_TRUE(throttle.add(std::make_shared<Bucket>(kSlow, loop.now())));
    stream.limit_reads(&throttle);
  }
  ~Reader() { ::close(far); }

  void send(std::size_t size) const {
    const std::string text(size, 'x');
    EXPECT_EQ(::write(far, text.data(), size), static_cast<ssize_t>(size));
  }
  IoResult read() { return stream.read(bytes.data(), bytes.size()); }
  void turn_until_woken() {
    while (!woken) {
      loop.turn(-1);
    }
  }

  Loop loop;
  Throttle throttle;
  Stream stream;
  std::array<char, 4096> bytes{};
  int far = -1;
  bool woken = false;
  Failure why = Failure::Internal;
};

Spawned wait(Reader& r, Instant until) {
  r.woken = false;
  r.why = co_await r.stream.readable(until, Failure::TunnelIdle);
  r.woken = true;
}

// Reads what it may at once and waits for more.
void rest(Reader& r, Instant until) {
  r.send(4000);
  for (IoResult got; (got = r.read()).what == Io::Bytes;) {
    EXPECT_LE(got.bytes, 1024U);
  }
  wait(r, until);
  EXPECT_FALSE(r.woken) << "although more could be read";
}

TEST(LimitedStream, IsReadableWhenMoreMayBeReadWhateverItsDeadline) {
  Reader r;
  const Instant began = r.loop.now();
  rest(r, began + kMillisecond);
  r.send(5);
  r.turn_until_woken();
  EXPECT_EQ(r.why, Failure::None);
  EXPECT_GE(r.loop.now() - began, kFirstRest);
  EXPECT_EQ(r.read().bytes, 1024U);
}

TEST(LimitedStream, WakesWhenItIsClosed) {
  Reader r;
  rest(r, r.loop.now() + 3600 * kSecond);
  r.stream.close(Failure::ClientGone);
  r.loop.turn(0);
  EXPECT_TRUE(r.woken);
  EXPECT_EQ(r.why, Failure::ClientGone);
}

TEST(LimitedStream, WakesWhenItsReadsAreStopped) {
  Reader r;
  rest(r, r.loop.now() + 3600 * kSecond);
  r.stream.stop_reads(Failure::ClientCut);
  r.loop.turn(0);
  EXPECT_TRUE(r.woken);
  EXPECT_EQ(r.why, Failure::ClientCut);
}

TEST(LimitedStream, StillHearsOfBytesAndOfItsDeadlineWhileItIsEmpty) {
  Reader r;
  wait(r, Instant{});  // a new stream counts as ready
  r.turn_until_woken();
  while (r.read().what == Io::Bytes) {
  }
  wait(r, r.loop.now() + kMillisecond);
  r.turn_until_woken();
  EXPECT_EQ(r.why, Failure::TunnelIdle);
  wait(r, r.loop.now() + 3600 * kSecond);
  EXPECT_FALSE(r.woken);
  r.send(1);
  r.turn_until_woken();
  EXPECT_EQ(r.why, Failure::None);
}

TEST(LimitedStream, IsFreeAgainWithoutItsLimit) {
  Reader r;
  r.send(4000);
  while (r.read().what == Io::Bytes) {
  }
  r.stream.limit_reads(nullptr);
  std::size_t sum = 0;
  for (IoResult got; (got = r.read()).what == Io::Bytes;) {
    sum += got.bytes;
  }
  EXPECT_GE(sum, 2900U);
}

}  // namespace
}  // namespace weir
