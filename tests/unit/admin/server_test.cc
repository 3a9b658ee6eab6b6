// SPDX-License-Identifier: Apache-2.0
//
// The admin interface over a real connection, with replies of every kind: there at once, made in
// pieces, later, and while others are being served.
#include "proxy/admin/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

namespace weir::admin {
namespace {

constexpr std::size_t kPiece = 60'000;
constexpr int kPieces = 200;

std::atomic<int> looks{0};
std::atomic<bool> ready{false};

Reply in_pieces() {
  Reply reply;
  reply.body = "first ";
  reply.more = [left = kPieces](std::string& piece) mutable {
    piece.append(kPiece, 'x');
    return --left > 0;
  };
  return reply;
}

Reply in_time() {
  Reply reply;
  reply.later = []() -> std::optional<Reply> {
    ++looks;
    return ready ? std::optional(in_pieces()) : std::nullopt;
  };
  return reply;
}

Reply answer_tests(const Asked& asked, const Site&, AdminState&) {
  if (asked.target == "/pieces") {
    return in_pieces();
  }
  if (asked.target == "/later") {
    return in_time();
  }
  Reply reply;
  reply.body = std::string(asked.target) + " " + std::string(asked.body);
  return reply;
}

class Running : public testing::Test {
 protected:
  Running() {
    looks = 0;
    ready = false;
    Settings::Admin settings;
    settings.listen = "127.0.0.1:0";
    server = std::move(*AdminServer::open(settings, sockets));
    server->start(state, &answer_tests);
  }
  // A connection on which that has been sent.
  int send(std::string_view text) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    const unsigned size = server->at()->to_sockaddr(address);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return fd;
  }
  // Everything until the other end closes.
  static std::string receive(int fd) {
    std::string out;
    char room[65536];
    for (ssize_t n = 1; n > 0;) {
      n = ::recv(fd, room, sizeof room, 0);
      out.append(room, static_cast<std::size_t>(n > 0 ? n : 0));
    }
    ::close(fd);
    return out;
  }
  std::string ask(std::string_view text) { return receive(send(text)); }

  AdminState state;
  Notifier nobody;
  KeptSockets sockets{nobody};
  std::unique_ptr<AdminServer> server;
};

// What stands behind the head; chunks joined.
std::string body_of(const std::string& answer, bool chunked) {
  std::string rest = answer.substr(answer.find("\r\n\r\n") + 4);
  if (!chunked) {
    return rest;
  }
  std::string out;
  for (std::size_t at = 0; at < rest.size();) {
    const std::size_t line = rest.find("\r\n", at);
    const auto size = std::stoul(rest.substr(at, line - at), nullptr, 16);
    out += rest.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
  return out;
}

std::string whole() {
  return "first " + std::string(kPiece * kPieces, 'x');
}

TEST_F(Running, SendsLongRepliesInPieces) {
  const std::string answer =
      ask("GET /pieces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n0\r\n\r\n"));
  EXPECT_TRUE(body_of(answer, true) == whole());
}

TEST_F(Running, EndsLongRepliesToOldClientsByClosing) {
  const std::string answer = ask("GET /pieces HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(body_of(answer, false) == whole());
}

TEST_F(Running, SendsNoBodyToHead) {
  const std::string answer =
      ask("HEAD /pieces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_LT(answer.size(), 500u);
}

TEST_F(Running, AnswersOneBehindAnother) {
  const std::string answer =
      ask("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
          "POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
          "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
          "GET /d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::size_t at = 0;
  for (const char* part : {"/a ", "/b body", "/c body", "/d "}) {
    at = answer.find(std::string("\r\n\r\n") + part, at);
    EXPECT_NE(at, std::string::npos) << part;
  }
}

TEST_F(Running, ServesOthersWhileAReplyTakesTimeOrIsNotRead) {
  const int later = send("GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const int unread = send("GET /pieces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const int seen = looks;
  while (looks < seen + 3) {
    EXPECT_NE(ask("GET /a HTTP/1.0\r\n\r\n").find("\r\n\r\n/a "), std::string::npos);
  }
  ready = true;
  EXPECT_TRUE(body_of(receive(later), true) == whole());
  EXPECT_TRUE(body_of(receive(unread), true) == whole());
}

TEST_F(Running, StopsWhateverRuns) {
  const int later = send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const int unread = send("GET /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const int idle = send("");
  const int half = send("GET /a HTT");
  while (looks == 0) {
    EXPECT_NE(ask("GET /a HTTP/1.0\r\n\r\n"), "");
  }
  server->stop();
  EXPECT_EQ(receive(later), "");
  EXPECT_FALSE(receive(unread).ends_with("0\r\n\r\n"));
  EXPECT_EQ(receive(idle), "");
  EXPECT_EQ(receive(half), "");
}

}  // namespace
}  // namespace weir::admin
