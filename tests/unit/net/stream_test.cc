// SPDX-License-Identifier: Apache-2.0
//
// Streams at rest: a reader that may not read yet is woken by its time and by the end of the
// stream, and by nothing that arrives.
#include "proxy/net/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "proxy/net/task.h"

namespace weir {
namespace {

struct Rester {
  Rester() : stream(loop) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    EXPECT_TRUE(stream.open(fds[0]));
    far = fds[1];
  }
  ~Rester() { ::close(far); }

  Loop loop;
  Stream stream;
  int far = -1;
  bool woken = false;
  Failure why = Failure::Internal;
};

Spawned rest(Rester& r, Instant until) {
  r.why = co_await r.stream.rest(until);
  r.woken = true;
}

TEST(RestingStream, SleepsUntilItsTimeWhateverArrives) {
  Rester r;
  const Instant until = r.loop.now() + 60 * kMillisecond;
  rest(r, until);
  EXPECT_FALSE(r.woken) << "although a new stream counts as ready";
  EXPECT_EQ(::write(r.far, "hello", 5), 5);
  while (!r.woken) {
    r.loop.turn(-1);
  }
  EXPECT_EQ(r.why, Failure::None);
  EXPECT_GE(r.loop.now(), until);
  std::array<char, 8> bytes{};
  EXPECT_EQ(r.stream.read(bytes.data(), bytes.size()).bytes, 5U);
}

TEST(RestingStream, WakesWhenItIsClosed) {
  Rester r;
  rest(r, r.loop.now() + 3600 * kSecond);
  r.stream.close(Failure::ClientGone);
  r.loop.turn(0);
  EXPECT_TRUE(r.woken);
  EXPECT_EQ(r.why, Failure::ClientGone);
}

TEST(RestingStream, WakesWhenItsReadsAreStopped) {
  Rester r;
  rest(r, r.loop.now() + 3600 * kSecond);
  r.stream.stop_reads(Failure::ClientCut);
  r.loop.turn(0);
  EXPECT_TRUE(r.woken);
  EXPECT_EQ(r.why, Failure::ClientCut);
}

TEST(RestingStream, HearsOfBytesAgainOnceItWaitsForThem) {
  Rester r;
  std::array<char, 8> bytes{};
  EXPECT_EQ(r.stream.read(bytes.data(), bytes.size()).what, Io::WouldBlock);
  rest(r, r.loop.now() + kMillisecond);
  while (!r.woken) {
    r.loop.turn(-1);
  }
  bool readable = false;
  struct Reader {
    static Spawned wait(Stream& stream, bool& out) {
      const Instant never;
      const Failure why = co_await stream.readable(never, Failure::None);
      out = why == Failure::None;
    }
  };
  Reader::wait(r.stream, readable);
  EXPECT_FALSE(readable);
  EXPECT_EQ(::write(r.far, "x", 1), 1);
  r.loop.turn(-1);
  EXPECT_TRUE(readable);
}

}  // namespace
}  // namespace weir
