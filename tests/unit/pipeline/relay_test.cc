// SPDX-License-Identifier: Apache-2.0
//
// Bodies that rules change, watch or look into on their way, over socket pairs and a real loop: an
// origin's end that writes in pieces, a client's end that reads slowly or quickly.
#include "proxy/pipeline/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "proxy/pipeline/peek.h"
#include "proxy/pipeline/transform.h"

namespace weir {
namespace {

using http::BodyKind;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\n\r\n";

// One response body from `origin` through a relay to `client`.
struct Scene {
  Scene() : from(loop), to(loop) {
    origin = connect(from);
    client = connect(to);
    plan.from = &from;
    plan.to = &to;
    plan.in = &in;
    plan.pinned = &pinned;
    plan.reader = &reader;
    plan.arena = &arena;
    plan.prefix = kHead;
    plan.read_idle = plan.write_idle = 5 * kSecond;
    plan.read_timeout = Failure::OriginBodyTimeout;
    plan.cut = Failure::OriginCut;
    plan.bad_body = plan.bad_trailer = plan.too_large = Failure::OriginBadBody;
    plan.write_broken = Failure::ClientGone;
    plan.write_timeout = Failure::ClientStalled;
    in = buffers.take_small();
    in.added(100);  // the origin's head
    in.use(100);
  }
  ~Scene() {
    ::close(origin);
    ::close(client);
  }
  static int connect(Stream& stream) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    EXPECT_TRUE(stream.open(fds[0]));
    return fds[1];
  }
  void frame(BodyKind kind, std::uint64_t length = 0) {
    framing = {kind, length};
    reader.begin(framing);
    plan.chunked = kind != BodyKind::Length;
  }
  void rewrite(std::string find, std::string with, bool expression = false,
               const filters::CodingList& codings = {}) {
    const std::vector<filters::BodyRewrite> rewrites = {
        {std::move(find), expression, std::move(with)}};
    const std::vector<std::shared_ptr<const filters::Rewriter>> rewriters = {
        *filters::Rewriter::compile(rewrites)};
    transform = make_transform(codings, {}, rewriters, {});
    plan.transform = transform.get();
    plan.chunked = true;
  }
  void came_with_the_head(std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), in.space());
    in.added(bytes.size());
  }

  Loop loop;
  BufferPool buffers;
  PipePool pipes;
  RelayTools tools{loop, buffers, pipes};
  Stream from;
  Stream to;
  int origin = -1;
  int client = -1;
  Buffer in;
  Buffer pinned;
  http::Framing framing;
  http::BodyReader reader;
  Arena arena;
  RelayPlan plan;
  std::unique_ptr<BodyTransform> transform;
  std::size_t least = 1;   // of a peek
  std::string_view first;  // what it saw
  bool full = false;
  bool done = false;
  Failure why = Failure::Internal;
};

Spawned relay_all(Scene& s) {
  s.why = co_await relay(s.plan, s.tools);
  s.done = true;
}

Spawned peek(Scene& s, std::size_t want, Micros most) {
  PeekParts parts{&s.from, &s.in, &s.pinned, &s.buffers, s.framing, s.arena.allocate(want)};
  const Instant until = s.loop.now() + most;
  Peeked seen;
  s.why = co_await peek_body(parts, {.least = s.least, .want = want}, until, seen);
  s.first = seen.first;
  s.full = seen.full;
  s.done = true;
}

// What the client has to read now.
std::string taken(int fd) {
  static std::array<char, 256 * 1024> bytes;
  const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
  return {bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

// Feeds `body` to the relay in pieces and returns all that the client got.
std::string run(Scene& s, std::string_view body, std::size_t piece, bool ends = false) {
  std::string got;
  relay_all(s);
  while (!s.done) {
    if (!body.empty()) {
      const ssize_t n = ::send(s.origin, body.data(), std::min(piece, body.size()), MSG_NOSIGNAL);
      body.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    } else if (ends) {
      ::shutdown(s.origin, SHUT_WR);
    }
    s.loop.turn(kMillisecond);
    got += taken(s.client);
  }
  for (std::string more = taken(s.client); !more.empty(); more = taken(s.client)) {
    got += more;
  }
  return got;
}

// Chunked bytes back to payload; trailers to `trailers`.
std::string unchunked(std::string_view bytes, std::string* trailers = nullptr) {
  http::BodyReader reader;
  reader.begin({BodyKind::Chunked, 0});
  std::string out;
  while (!reader.over() && !bytes.empty()) {
    const http::BodyStep step = reader.next(bytes);
    EXPECT_FALSE(step.bad);
    out += step.payload;
    bytes.remove_prefix(step.used);
  }
  EXPECT_TRUE(reader.over());
  EXPECT_TRUE(bytes.empty());
  if (trailers != nullptr) {
    *trailers = reader.trailers();
  }
  return out;
}

std::string body_of(const std::string& got) {
  EXPECT_TRUE(got.starts_with(kHead));
  return got.substr(std::min(kHead.size(), got.size()));
}

std::string chunked(std::string_view payload, std::size_t size, std::string_view trailers = "") {
  std::string out;
  for (; !payload.empty(); payload.remove_prefix(std::min(size, payload.size()))) {
    const std::string_view chunk = payload.substr(0, size);
    char line[20];
    std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
    out += line + std::string(chunk) + "\r\n";
  }
  return out + "0\r\n" + std::string(trailers) + "\r\n";
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string cats(std::size_t n) {
  std::string out;
  while (out.size() < n) {
    out += "a cat " + std::to_string(out.size() * 7919 % 1013) + ", ";
  }
  return out;
}

std::string dogs(std::string text) {
  for (std::size_t at = 0; (at = text.find("cat", at)) != std::string::npos; at += 6) {
    text.replace(at, 3, "poodle");
  }
  return text;
}

TEST(ChangedRelay, RewritesBodiesOfEveryFraming) {
  for (const std::size_t size : {0U, 40U, 3000U, 400'000U}) {
    for (const std::size_t piece : {7U, 5000U, 200'000U}) {
      if (size / piece > 1000) {
        continue;
      }
      const std::string text = size == 0 ? "" : cats(size);
      const std::string want = dogs(text);
      {
        Scene s;
        s.frame(BodyKind::Length, text.size());
        s.rewrite("cat", "poodle");
        EXPECT_EQ(unchunked(body_of(run(s, text, piece))), want);
        EXPECT_EQ(s.why, Failure::None);
        EXPECT_EQ(s.plan.payload, text.size());
      }
      {
        Scene s;
        s.frame(BodyKind::UntilClose);
        s.rewrite("cat", "poodle", true);
        EXPECT_EQ(unchunked(body_of(run(s, text, piece, true))), want);
        EXPECT_EQ(s.why, Failure::None);
      }
      {
        Scene s;
        s.frame(BodyKind::Chunked);
        s.rewrite("cat", "poodle");
        EXPECT_EQ(unchunked(body_of(run(s, chunked(text, 11), piece))), want);
        EXPECT_EQ(s.why, Failure::None);
      }
    }
  }
}

TEST(ChangedRelay, RewritesWhatCameWithTheHead) {
  Scene s;
  s.frame(BodyKind::Length, 9);
  s.came_with_the_head("a cat, no");
  s.rewrite("cat", "poodle");
  EXPECT_EQ(unchunked(body_of(run(s, "", 1))), "a poodle, no");
}

TEST(ChangedRelay, SendsNoChunksToAClientThatKnowsNone) {
  Scene s;
  s.frame(BodyKind::Chunked);
  s.rewrite("cat", "poodle");
  s.plan.chunked = false;
  EXPECT_EQ(body_of(run(s, chunked("a cat", 2), 3)), "a poodle");
}

TEST(ChangedRelay, KeepsTrailersThatAreStillTrue) {
  Scene s;
  s.frame(BodyKind::Chunked);
  s.rewrite("cat", "poodle");
  std::string trailers;
  const std::string body = chunked("a cat", 5, "X-Time: 3\r\nRepr-Digest: x\r\nX-Other: 4\r\n");
  EXPECT_EQ(unchunked(body_of(run(s, body, 1000)), &trailers), "a poodle");
  EXPECT_EQ(trailers, "X-Time: 3\r\nX-Other: 4\r\n");
}

TEST(ChangedRelay, DecodesBeforeItRewrites) {
  const std::string text = cats(300'000);
  const std::string body = gzipped(text);
  Scene s;
  s.frame(BodyKind::Length, body.size());
  s.rewrite("cat", "poodle", true, {{filters::ContentCoding::Gzip}, 1});
  EXPECT_EQ(unchunked(body_of(run(s, body, 1000))), dogs(text));
  EXPECT_EQ(s.why, Failure::None);
}

TEST(ChangedRelay, FailsWhenTheCodingIsCutShort) {
  const std::string body = gzipped(cats(3000));
  Scene s;
  s.frame(BodyKind::Length, body.size() - 9);
  s.rewrite("cat", "poodle", false, {{filters::ContentCoding::Gzip}, 1});
  const std::string got = run(s, body.substr(0, body.size() - 9), 100);
  EXPECT_EQ(s.why, Failure::OriginBadBody);
  EXPECT_EQ(s.transform->trouble(), filters::BodyTrouble::Truncated);
  EXPECT_FALSE(got.ends_with("0\r\n\r\n"));
}

TEST(ChangedRelay, FailsWhenTheOriginIsCutShort) {
  Scene s;
  s.frame(BodyKind::Length, 1000);
  s.rewrite("cat", "poodle");
  run(s, "a cat", 100, true);
  EXPECT_EQ(s.why, Failure::OriginCut);
}

TEST(ChangedRelay, PassesOnAtOnceWhatIsDecided) {
  Scene s;
  s.frame(BodyKind::UntilClose);
  s.rewrite("cat", "poodle");
  relay_all(s);
  ASSERT_EQ(::send(s.origin, "a cat, a c", 10, 0), 10);
  std::string got;
  while (got.find("poodle") == std::string::npos) {
    s.loop.turn(kMillisecond);
    got += taken(s.client);
  }
  EXPECT_TRUE(got.ends_with("a poodle, a \r\n")) << got;
  EXPECT_FALSE(s.done);
  s.from.close(Failure::ShuttingDown);
  while (!s.done) {
    s.loop.turn(kMillisecond);
  }
  EXPECT_EQ(s.why, Failure::ShuttingDown);
}

// A body that grows a thousandfold for a client that takes it slowly: memory is what the buffers
// hold, and the origin has to wait.
TEST(ChangedRelay, MakesTheOriginWaitForTheClient) {
  Scene s;
  const std::string text(20'000, 'a');
  s.frame(BodyKind::Length, text.size());
  s.came_with_the_head(std::string(10'000, 'a'));
  s.rewrite("a", std::string(1000, 'b'));
  relay_all(s);
  for (int i = 0; i < 200; ++i) {
    s.loop.turn(0);
  }
  EXPECT_LT(s.plan.sent, 1'000'000U);  // what a socket's buffer holds
  EXPECT_FALSE(s.done);
  std::string got;
  std::string_view rest = std::string_view(text).substr(10'000);
  while (!s.done) {
    if (!rest.empty()) {
      const ssize_t n = ::send(s.origin, rest.data(), rest.size(), MSG_NOSIGNAL);
      rest.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    s.loop.turn(kMillisecond);
    got += taken(s.client);
  }
  for (std::string more = taken(s.client); !more.empty(); more = taken(s.client)) {
    got += more;
  }
  EXPECT_EQ(s.why, Failure::None);
  EXPECT_EQ(unchunked(body_of(got)).size(), 20'000'000U);
}

class Limit final : public BodyWatch {
 public:
  explicit Limit(std::uint64_t most) : most_(most) {}
  Failure grown(std::uint64_t payload, std::uint64_t& check_at) override {
    asked.push_back(payload);
    check_at = most_;
    return payload >= most_ ? Failure::Blocked : Failure::None;
  }
  std::vector<std::uint64_t> asked;

 private:
  std::uint64_t most_;
};

TEST(WatchedRelay, EndsABodyThatGrowsTooLarge) {
  for (const bool changed : {false, true}) {
    for (const auto kind : {BodyKind::UntilClose, BodyKind::Chunked}) {
      for (const std::size_t size : {299'999U, 300'000U, 900'000U}) {
        Scene s;
        s.frame(kind);
        Limit limit(300'000);
        s.plan.watch = &limit;
        s.plan.check_at = 1000;
        if (changed) {
          s.rewrite("cat", "poodle");
        }
        const std::string text(size, 'x');
        const std::string body = kind == BodyKind::Chunked ? chunked(text, 250'000) : text;
        const std::string got = run(s, body, 100'000, kind == BodyKind::UntilClose);
        ASSERT_GE(limit.asked.size(), 1U);
        EXPECT_GE(limit.asked[0], 1000U);
        EXPECT_EQ(s.why, size >= 300'000 ? Failure::Blocked : Failure::None);
        EXPECT_EQ(got.ends_with("\r\n0\r\n\r\n"), size < 300'000);
        EXPECT_LE(got.size(), kHead.size() + 300'000 + 4000);
      }
    }
  }
}

void until_done(Scene& s) {
  while (!s.done) {
    s.loop.turn(kMillisecond);
  }
}

TEST(Peek, ShowsTheFirstBytesAndLeavesThemToTheRelay) {
  const std::string text = cats(30'000);
  for (const auto kind : {BodyKind::Length, BodyKind::UntilClose, BodyKind::Chunked}) {
    Scene s;
    const std::string body = kind == BodyKind::Chunked ? chunked(text, 5) : text;
    s.frame(kind, text.size());
    s.came_with_the_head(body.substr(0, 20));
    ASSERT_GT(::send(s.origin, body.data() + 20, 2000, 0), 0);
    peek(s, 700, 5 * kSecond);
    until_done(s);
    EXPECT_EQ(s.why, Failure::None);
    EXPECT_EQ(s.first, text.substr(0, 700));
    s.done = false;
    s.plan.chunked = true;
    EXPECT_EQ(unchunked(body_of(run(s, body.substr(2020), 9000, kind == BodyKind::UntilClose))),
              text);
    EXPECT_EQ(s.why, Failure::None);
    EXPECT_EQ(s.plan.payload, text.size());
  }
}

TEST(Peek, IsContentWithAShortBody) {
  for (const auto kind : {BodyKind::Length, BodyKind::UntilClose, BodyKind::Chunked}) {
    Scene s;
    s.frame(kind, 5);
    const std::string body = kind == BodyKind::Chunked ? chunked("hello", 2) : "hello";
    ASSERT_GT(::send(s.origin, body.data(), body.size(), 0), 0);
    if (kind == BodyKind::UntilClose) {
      ::shutdown(s.origin, SHUT_WR);
    }
    peek(s, 1445, 100 * kSecond);
    until_done(s);
    EXPECT_EQ(s.why, Failure::None);
    EXPECT_EQ(s.first, "hello");
    s.done = false;
    s.plan.chunked = true;
    EXPECT_EQ(unchunked(body_of(run(s, "", 1))), "hello");
  }
}

TEST(Peek, DoesNotReadBehindTheBody) {
  Scene s;
  s.frame(BodyKind::Length, 3);
  ASSERT_GT(::send(s.origin, "abcdef", 6, 0), 0);
  peek(s, 1445, 100 * kSecond);
  until_done(s);
  EXPECT_EQ(s.first, "abc");
  EXPECT_EQ(s.in.unread(), "abc");
}

TEST(Peek, DoesNotHoldUpABodyThatPauses) {
  Scene s;
  s.frame(BodyKind::UntilClose);
  ASSERT_GT(::send(s.origin, "slow", 4, 0), 0);
  const Instant began = s.loop.now();
  peek(s, 1445, 100 * kSecond);
  until_done(s);
  EXPECT_EQ(s.why, Failure::None);
  EXPECT_EQ(s.first, "slow");
  EXPECT_LT(s.loop.now() - began, 5 * kSecond);
}

TEST(Peek, GivesUpWhenNothingComes) {
  Scene s;
  s.frame(BodyKind::Chunked);
  peek(s, 1445, 50 * kMillisecond);
  until_done(s);
  EXPECT_EQ(s.why, Failure::None);
  EXPECT_EQ(s.first, "");
}

// Sends it while a peek is under way; returns what is left.
std::string_view feed(Scene& s, std::string_view body) {
  while (!s.done) {
    const ssize_t n = ::send(s.origin, body.data(), body.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    body.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    s.loop.turn(kMillisecond);
  }
  return body;
}

TEST(Peek, TakesALargerBufferAndKeepsTheHead) {
  Scene s;
  const std::string text = cats(8000);
  const std::string body = chunked(text, 1);  // six bytes for each
  s.frame(BodyKind::Chunked);
  s.came_with_the_head(body.substr(0, 20));
  const char* const head = s.in.data();
  peek(s, text.size(), 100 * kSecond);
  const std::string_view rest = feed(s, std::string_view(body).substr(20));
  EXPECT_TRUE(s.first == text);
  EXPECT_FALSE(s.full);
  EXPECT_EQ(s.pinned.data(), head);
  s.done = false;
  s.plan.chunked = true;
  s.plan.in_holds_head = false;
  EXPECT_TRUE(unchunked(body_of(run(s, rest, 1000))) == text);
}

TEST(Peek, StopsWhenTheBufferIsFull) {
  Scene s;
  s.frame(BodyKind::Chunked);
  peek(s, 80'000, 100 * kSecond);
  feed(s, chunked(std::string(80'000, 'x'), 1));
  EXPECT_TRUE(s.full);
  EXPECT_EQ(s.in.room(), 0U);
  EXPECT_GT(s.first.size(), 20'000U);
  EXPECT_LT(s.first.size(), 80'000U);
}

TEST(Peek, WaitsThroughAPauseForWhatIsNeededAtLeast) {
  Scene s;
  s.frame(BodyKind::UntilClose);
  ASSERT_GT(::send(s.origin, "slow", 4, 0), 0);
  s.least = 5;
  peek(s, 1445, 100 * kSecond);
  const Instant began = s.loop.now();
  while (!s.done && s.loop.now() - began < 3 * kPeekPause) {
    s.loop.turn(kMillisecond);
  }
  EXPECT_FALSE(s.done);
  ASSERT_GT(::send(s.origin, "er", 2, 0), 0);
  until_done(s);
  EXPECT_EQ(s.first, "slower");
}

TEST(Peek, TellsWhenSomebodyClosesTheStream) {
  Scene s;
  s.frame(BodyKind::UntilClose);
  peek(s, 1445, 100 * kSecond);
  s.from.close(Failure::ClientGone);
  until_done(s);
  EXPECT_EQ(s.why, Failure::ClientGone);
}

}  // namespace
}  // namespace weir
