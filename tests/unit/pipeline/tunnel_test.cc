// SPDX-License-Identifier: Apache-2.0
//
// A tunnel under limits, between two socket pairs: the bytes come through whole, no faster than
// they may, each direction by its own limit, and a tunnel at rest can be cut.
#include "proxy/pipeline/tunnel.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "proxy/net/task.h"

namespace weir {
namespace {

struct Ends {
  explicit Ends(Stream& stream) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far = fds[1];
    int on = 1;  // for our end alone
    EXPECT_EQ(::ioctl(fds[0], FIONBIO, &on), 0);
    EXPECT_TRUE(stream.open(fds[0]));
  }
  ~Ends() { ::close(far); }

  void send(std::size_t size) const {
    const std::string bytes(size, 'x');
    for (std::size_t at = 0; at < size;) {
      const ssize_t n = ::send(far, bytes.data() + at, size - at, MSG_NOSIGNAL);
      if (n <= 0) {
        break;
      }
      at += static_cast<std::size_t>(n);
    }
    ::shutdown(far, SHUT_WR);
  }
  std::size_t receive() const {
    std::array<char, 65536> bytes;
    std::size_t sum = 0;
    for (ssize_t n = 0; (n = ::recv(far, bytes.data(), bytes.size(), 0)) > 0;) {
      sum += static_cast<std::size_t>(n);
    }
    return sum;
  }
  int far = -1;
};

struct Bench {
  Bench() {
    plan.client = &client_stream;
    plan.origin = &origin_stream;
    plan.idle = plan.write_idle = 10 * kSecond;
  }
  // Limits both directions together.
  void limit(const Limit& limit) {
    const auto bucket = std::make_shared<Bucket>(limit, loop.now());
    EXPECT_TRUE(up.add(bucket) && down.add(bucket));
    plan.throttle_up = &up;
    plan.throttle_down = &down;
  }

  Loop loop;
  BufferPool buffers;
  PipePool pipes;
  RelayTools tools{loop, buffers, pipes};
  Stream client_stream{loop};
  Stream origin_stream{loop};
  Ends client{client_stream};
  Ends origin{origin_stream};
  Throttle up;
  Throttle down;
  TunnelPlan plan;
  Buffer none_up;
  Buffer none_down;
  bool done = false;
  Failure why = Failure::Internal;
};

Spawned run(Bench& bench) {
  bench.why = co_await tunnel(bench.plan, bench.tools, bench.none_up, bench.none_down);
  bench.done = true;
}

constexpr std::size_t kUp = 200'000;
constexpr std::size_t kDown = 500'000;

// Both directions at once; returns how long it took.
Micros pass_all(Bench& bench) {
  std::size_t got_up = 0;
  std::size_t got_down = 0;
  std::thread client_sends([&] { bench.client.send(kUp); });
  std::thread origin_sends([&] { bench.origin.send(kDown); });
  std::thread client_reads([&] { got_down = bench.client.receive(); });
  std::thread origin_reads([&] { got_up = bench.origin.receive(); });
  const Instant began = bench.loop.now();
  run(bench);
  while (!bench.done) {
    bench.loop.turn(-1);
  }
  for (std::thread* each : {&client_sends, &origin_sends, &client_reads, &origin_reads}) {
    each->join();
  }
  EXPECT_EQ(bench.why, Failure::None);
  EXPECT_EQ(got_up, kUp);
  EXPECT_EQ(got_down, kDown);
  EXPECT_EQ(bench.plan.to_origin, kUp);
  EXPECT_EQ(bench.plan.to_client, kDown);
  return bench.loop.now() - began;
}

TEST(Tunnel, PassesAllAtOnceWithoutALimit) {
  Bench bench;
  EXPECT_LT(pass_all(bench), 5 * kSecond);
}

TEST(Tunnel, PassesAllNoFasterThanItsLimit) {
  Bench bench;
  bench.limit({2'000'000, 200'000});
  // 700 kB, of which 200 at once, at 2 MB/s.
  EXPECT_GE(pass_all(bench), 240 * kMillisecond);
}

TEST(Tunnel, LimitsOneDirectionAlone) {
  Bench bench;
  bench.limit({1'000'000, 100'000});
  bench.plan.throttle_down = nullptr;
  // The 200 kB to the origin, of which 100 at once; the other way would take longer.
  const Micros took = pass_all(bench);
  EXPECT_GE(took, 90 * kMillisecond);
}

TEST(Tunnel, AtRestIsCutAtOnce) {
  Bench bench;
  bench.limit({1, 1});
  run(bench);
  std::thread origin_sends([&] { bench.origin.send(100); });
  origin_sends.join();
  bench.loop.turn(0);
  bench.loop.turn(0);
  EXPECT_FALSE(bench.done);
  bench.client_stream.close(Failure::ShuttingDown);
  bench.origin_stream.close(Failure::ShuttingDown);
  bench.loop.turn(0);
  EXPECT_TRUE(bench.done);
  EXPECT_EQ(bench.why, Failure::ShuttingDown);
}

}  // namespace
}  // namespace weir
