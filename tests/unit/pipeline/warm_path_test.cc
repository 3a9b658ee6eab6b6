// SPDX-License-Identifier: Apache-2.0
//
// The warm path takes nothing from the heap: a real worker on its thread, a real origin and a real
// client over loopback, with the access log on. Allocations are counted on the worker's thread.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <coroutine>
#include <future>
#include <string>
#include <thread>

#include "proxy/net/listen.h"
#include "proxy/observe/log_writer.h"
#include "proxy/pipeline/worker.h"
#include "proxy/store/store.h"
#include "tests/unit/counted_new.h"

namespace weir {
namespace {

int dial(const Endpoint& at) {
  sockaddr_storage to{};
  const unsigned size = at.to_sockaddr(to);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), size), 0);
  return fd;
}

// Answers each head on one connection with the same bytes, until the connection ends.
void serve_one(int listener, const std::string& answer) {
  pollfd waits{listener, POLLIN, 0};
  ::poll(&waits, 1, 10'000);
  const int fd = ::accept(listener, nullptr, nullptr);
  std::array<char, 4096> head;
  while (::recv(fd, head.data(), head.size(), 0) > 0) {
    ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  ::close(fd);
}

class WarmPath : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "frames are not pooled under a sanitizer";
#endif
    auto setup = std::make_shared<weir::Setup>();
    setup->settings.clients.allow = {*Prefix::parse("127.0.0.0/8")};
    setup->pseudonym = "weir-test";
    setup->format = std::make_shared<AccessFormat>(*AccessFormat::compile("squid"));
    shared_.clients = &clients_;
    writer_ = std::make_unique<LogWriter>(LogWriter::Options{.path = "/dev/null"});
    LogRing* ring = writer_->add_ring(1 << 20);
    worker_ = std::make_unique<Worker>(shared_, InForce{setup, nullptr}, ring);
    ASSERT_TRUE(writer_->start());
    auto proxy = listen_at({IpAddress::v4(0x7f000001), 0}, 1);
    auto origin = listen_at({IpAddress::v4(0x7f000001), 0}, 1);
    ASSERT_TRUE(proxy && origin);
    proxy_ = proxy->at;
    origin_ = origin->at;
    origin_fd_ = origin->fds[0];
    worker_->add_listener({1, proxy->fds[0], 0, proxy->at, "", ListenMode::Forward});
    worker_thread_ = std::thread([this] { worker_->run(); });
  }
  void TearDown() override {
    if (!worker_) {
      return;
    }
    worker_->drain();
    worker_thread_.join();
    worker_.reset();  // closes the origin's connection
    origin_thread_.join();
    ::close(origin_fd_);
    writer_->stop();
  }

  std::size_t worker_allocations() {
    std::promise<std::size_t> count;
    worker_->loop.post([&count] { count.set_value(test::allocations()); });
    return count.get_future().get();
  }

  // One request, and the whole answer of a known length back.
  void exchange(int fd, const std::string& request, std::size_t answer) {
    ASSERT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::array<char, 8192> bytes;
    for (std::size_t got = 0; got < answer;) {
      const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
      ASSERT_GT(n, 0);
      got += static_cast<std::size_t>(n);
    }
  }

  std::size_t allocations_of(const std::string& body_head, const std::string& body,
                             std::size_t wire_answer) {
    constexpr int kWarm = 50;
    constexpr int kCounted = 500;
    origin_thread_ =
        std::thread(serve_one, origin_fd_, "HTTP/1.1 200 OK\r\nDate: x\r\n" + body_head + body);
    const std::string request =
        "GET http://" + origin_.text() + "/ HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
    const int fd = dial(proxy_);
    for (int i = 0; i < kWarm; ++i) {
      exchange(fd, request, wire_answer);
    }
    const std::size_t before = worker_allocations();
    for (int i = 0; i < kCounted; ++i) {
      exchange(fd, request, wire_answer);
    }
    const std::size_t after = worker_allocations();
    ::close(fd);
    return after - before;
  }

  Shared shared_;
  ClientCount clients_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<Worker> worker_;
  std::thread worker_thread_;
  std::thread origin_thread_;
  Endpoint proxy_;
  Endpoint origin_;
  int origin_fd_ = -1;
};

constexpr std::string_view kForwardedHead = "HTTP/1.1 200 OK\r\nDate: x\r\n";
constexpr std::string_view kVia = "Via: 1.1 weir-test\r\n";

TEST_F(WarmPath, TakesNothingFromTheHeapForABodyWithALength) {
  const std::string head = "Content-Length: 1024\r\n\r\n";
  const std::string body(1024, 'x');
  EXPECT_EQ(
      allocations_of(head, body, kForwardedHead.size() + kVia.size() + head.size() + body.size()),
      0U);
}

TEST_F(WarmPath, TakesNothingFromTheHeapForAChunkedBody) {
  const std::string head = "Transfer-Encoding: chunked\r\n\r\n";
  const std::string body = "400\r\n" + std::string(1024, 'x') + "\r\n0\r\n\r\n";
  EXPECT_EQ(
      allocations_of(head, body, kForwardedHead.size() + kVia.size() + head.size() + body.size()),
      0U);
}

// The same with a store: the first answer is kept, all others come out of it.
class WarmStore : public WarmPath {
 protected:
  void SetUp() override {
    store::StoreLimits limits;
    limits.memory = std::uint64_t{64} << 20;
    limits.memory_object = std::uint64_t{1} << 20;
    store_ = std::make_unique<store::Store>(limits);
    shared_.store = store_.get();
    WarmPath::SetUp();
  }

  // One request, and an answer of whatever head with that much of a body back.
  void exchange_stored(int fd, const std::string& request, std::size_t body) {
    ASSERT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string got;
    std::array<char, 8192> bytes;
    for (std::size_t end = std::string::npos;
         end == std::string::npos || got.size() < end + body;) {
      const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
      ASSERT_GT(n, 0);
      got.append(bytes.data(), static_cast<std::size_t>(n));
      end = got.find("\r\n\r\n");
      end += end == std::string::npos ? 0 : 4;
    }
  }

  std::unique_ptr<store::Store> store_;
};

TEST_F(WarmStore, TakesNothingFromTheHeapForAHit) {
  constexpr int kWarm = 50;
  constexpr int kCounted = 500;
  constexpr std::size_t kBody = 1024;
  origin_thread_ = std::thread(serve_one, origin_fd_,
                               "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nETag: \"1\"\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" +
                                   std::string(kBody, 'x'));
  const std::string request =
      "GET http://" + origin_.text() + "/ HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
  const int fd = dial(proxy_);
  for (int i = 0; i < kWarm; ++i) {
    exchange_stored(fd, request, kBody);
  }
  const std::size_t before = worker_allocations();
  for (int i = 0; i < kCounted; ++i) {
    exchange_stored(fd, request, kBody);
  }
  EXPECT_EQ(worker_allocations() - before, 0U);
  EXPECT_GE(store_->memory.stats().hits, static_cast<std::uint64_t>(kCounted));
  ::close(fd);
}

// A session yields every few exchanges. Which of the loop's two lists that falls upon depends on
// how many turns there were, so both have to be ready.
TEST(WarmLoop, TakesNothingFromTheHeapToResumeInAnyTurn) {
  Loop loop;
  const std::size_t before = test::allocations();
  for (int turns = 0; turns < 3; ++turns) {
    loop.resume_soon(std::noop_coroutine());
    loop.turn(0);
  }
  EXPECT_EQ(test::allocations(), before);
}

}  // namespace
}  // namespace weir
