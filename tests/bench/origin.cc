// SPDX-License-Identifier: Apache-2.0
//
// The origin of the benchmark: a one-thread epoll HTTP/1.1 server that costs as little as it can.
//   GET  /1k, /size/N   N bytes of 'x' with Content-Length (1k: 1024)
//   GET  /cached/N      the same, fresh for an hour
//   GET  /chunked/N     the same in chunks of 16 KiB (to an HTTP/1.0 client: up to the close)
//   POST anything       reads the body, answers "received N\n"
//   CONNECT anything    200, then goes on as an origin: so a proxy that can only pass a CONNECT to
//                       the next hop, or a relay that understands nothing, can be measured as well
// Targets in origin or absolute form; keep-alive. It trusts its clients: no limits, loopback only.
// Usage: bench_origin [PORT]. Prints the port it listens on, then serves until killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kChunk = 16 * 1024;
constexpr std::size_t kBlock = 256 * 1024;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// What is still to be sent: a head, then `bulk` bytes of an endlessly repeated pattern, then a
// tail.
struct Output {
  std::string head;
  std::string_view pattern;
  std::uint64_t bulk = 0;
  std::uint64_t bulk_sent = 0;
  std::string tail;
  bool close = false;
};

struct Connection {
  int fd = -1;
  std::string input;            // the beginning of a head that has not ended yet
  std::uint64_t body_left = 0;  // of the request now being read
  std::uint64_t body_size = 0;
  bool in_body = false;
  bool last = false;  // the client wants no further answer on this connection
  bool waiting = false;
  bool broken = false;  // the client is gone
  Output out;
};

struct Server {
  int epoll = -1;
  int listener = -1;
  std::vector<std::unique_ptr<Connection>> connections;  // by descriptor
  std::string plain = std::string(kBlock, 'x');
  std::string chunks;  // whole chunks, framing included
  std::string small;   // the whole answer to /1k
  std::vector<char> buffer = std::vector<char>(kBlock);
};

std::string head_of(std::string_view framing, bool close, bool cached = false) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
  head += cached ? "Cache-Control: max-age=3600\r\n"  // without Date: it is fresh from now on
                 : "Date: Mon, 06 Jan 2025 10:00:00 GMT\r\nCache-Control: no-store\r\n";
  head.append(framing);
  if (close) head += "Connection: close\r\n";
  return head + "\r\n";
}

std::string length_field(std::uint64_t n) {
  return "Content-Length: " + std::to_string(n) + "\r\n";
}

// The value of a field in a complete head, or an empty view.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const std::string_view value = line.substr(name.size() + 1);
      const std::size_t start = value.find_first_not_of(' ');
      return start == std::string_view::npos
                 ? std::string_view()
                 : value.substr(start, value.find("\r\n") - std::min(start, value.find("\r\n")));
    }
  }
  return {};
}

// The path of a request target in origin or absolute form.
std::string_view path_of(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

std::uint64_t number(std::string_view text) {
  return std::strtoull(std::string(text).c_str(), nullptr, 10);
}

void answer_chunked(const Server& server, Output& out, std::uint64_t size, bool old, bool close) {
  if (old) {  // HTTP/1.0 knows no chunks: the end of the connection ends the body
    out.head = head_of("", true);
    out.pattern = server.plain;
    out.bulk = size;
    out.close = true;
    return;
  }
  out.head = head_of("Transfer-Encoding: chunked\r\n", close);
  out.pattern = server.chunks;
  const std::size_t frame = server.chunks.size() / (kBlock / kChunk);
  out.bulk = size / kChunk * frame;
  const std::size_t rest = size % kChunk;
  if (rest > 0) {
    std::array<char, 24> line{};
    std::snprintf(line.data(), line.size(), "%zx\r\n", rest);
    out.tail = line.data() + std::string(rest, 'x') + "\r\n";
  }
  out.tail += "0\r\n\r\n";
}

void answer(const Server& server, Connection& c, std::string_view head) {
  const std::size_t space = head.find(' ');
  const std::size_t end = head.find(' ', space + 1);
  const std::string_view method = head.substr(0, space);
  const std::string_view path = path_of(head.substr(space + 1, end - space - 1));
  const bool old = head.substr(end + 1, 8) == "HTTP/1.0";
  const std::string_view wish = field(head, "connection");
  c.last = old ? strncasecmp(wish.data(), "keep-alive", wish.size()) != 0 || wish.empty()
               : wish.size() == 5 && strncasecmp(wish.data(), "close", 5) == 0;
  Output& out = c.out;
  out.close = c.last;
  if (method == "CONNECT") {
    c.last = out.close = false;
    out.head = "HTTP/1.1 200 OK\r\n\r\n";
  } else if (method == "POST") {
    c.body_left = c.body_size = number(field(head, "content-length"));
    c.in_body = true;
  } else if (path == "/1k" && !c.last) {
    out.head = server.small;
  } else if (path.starts_with("/chunked/")) {
    answer_chunked(server, out, number(path.substr(9)), old, c.last);
  } else {
    const bool cached = path.starts_with("/cached/");
    out.bulk = path == "/1k"                ? 1024
               : path.starts_with("/size/") ? number(path.substr(6))
               : cached                     ? number(path.substr(8))
                                            : 0;
    out.head = head_of(length_field(out.bulk), c.last, cached);
    out.pattern = server.plain;
  }
}

void want_write(const Server& server, Connection& c, bool on) {
  if (c.waiting == on) return;
  c.waiting = on;
  epoll_event e{};
  e.events = on ? EPOLLOUT : EPOLLIN;
  e.data.fd = c.fd;
  epoll_ctl(server.epoll, EPOLL_CTL_MOD, c.fd, &e);
}

// Sends one piece. True if all of it went out.
bool push(Connection& c, std::string_view piece, std::size_t& sent) {
  const ssize_t n = send(c.fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  sent = n > 0 ? static_cast<std::size_t>(n) : 0;
  c.broken = n < 0 && errno != EAGAIN && errno != EINTR;
  return sent == piece.size();
}

// Sends what is to be sent. True if nothing is left.
bool flush(Connection& c) {
  Output& out = c.out;
  std::size_t sent = 0;
  if (out.bulk > 0 && out.bulk <= 4096 && out.bulk_sent == 0) {  // small: one packet with the head
    out.head.append(out.pattern.substr(0, out.bulk));
    out.bulk = 0;
  }
  if (!out.head.empty()) {
    const bool whole = push(c, out.head, sent);
    out.head.erase(0, sent);
    if (!whole) return false;
  }
  while (out.bulk_sent < out.bulk) {
    std::string_view piece = out.pattern.substr(out.bulk_sent % out.pattern.size());
    piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), out.bulk - out.bulk_sent));
    const bool whole = push(c, piece, sent);
    out.bulk_sent += sent;
    if (!whole) return false;
  }
  if (!out.tail.empty()) {
    const bool whole = push(c, out.tail, sent);
    out.tail.erase(0, sent);
    if (!whole) return false;
  }
  out.bulk = out.bulk_sent = 0;
  return true;
}

// Takes in what arrived. False if the connection is done with.
bool consume(const Server& server, Connection& c, std::string_view data) {
  if (!c.input.empty()) {
    c.input.append(data);
    data = c.input;
  }
  std::string rest;
  while (!data.empty()) {
    if (c.in_body) {
      const auto n = std::min<std::uint64_t>(c.body_left, data.size());
      c.body_left -= n;
      data.remove_prefix(n);
    } else {
      const std::size_t end = data.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      answer(server, c, data.substr(0, end + 2));
      data.remove_prefix(end + 4);
    }
    if (c.in_body && c.body_left == 0) {
      c.in_body = false;
      const std::string text = "received " + std::to_string(c.body_size) + "\n";
      c.out.head = head_of(length_field(text.size()), c.last) + text;
    }
    if (!c.in_body && !flush(c)) break;
    if (!c.in_body && c.out.close) return false;
  }
  rest.assign(data);
  c.input.swap(rest);
  if (c.broken) return false;
  want_write(server, c, c.out.bulk > 0 || !c.out.head.empty() || !c.out.tail.empty());
  return true;
}

bool readable(Server& server, Connection& c) {
  const ssize_t n = recv(c.fd, server.buffer.data(), server.buffer.size(), MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  return consume(server, c, {server.buffer.data(), static_cast<std::size_t>(n)});
}

bool writable(const Server& server, Connection& c) {
  if (!flush(c)) return !c.broken;
  if (c.out.close) return false;
  want_write(server, c, false);
  return c.input.empty() || consume(server, c, std::exchange(c.input, {}));
}

void accept_one(Server& server) {
  const int fd = accept4(server.listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const auto index = static_cast<std::size_t>(fd);
  if (server.connections.size() <= index) server.connections.resize(index + 1);
  server.connections[index] = std::make_unique<Connection>();
  server.connections[index]->fd = fd;
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.fd = fd;
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &e);
}

void listen_on(Server& server, std::uint16_t port) {
  server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  if (bind(server.listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) die("bind");
  if (listen(server.listener, 4096) != 0) die("listen");
  socklen_t size = sizeof at;
  getsockname(server.listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  server.epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.fd = server.listener;
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &e);
}

}  // namespace

int main(int argc, char** argv) {
  Server server;
  for (std::size_t i = 0; i < kBlock / kChunk; ++i) {
    server.chunks += "4000\r\n" + std::string(kChunk, 'x') + "\r\n";
  }
  server.small = head_of(length_field(1024), false) + std::string(1024, 'x');
  listen_on(server, argc > 1 ? static_cast<std::uint16_t>(std::atoi(argv[1])) : 0);
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int n = epoll_wait(server.epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == server.listener) {
        accept_one(server);
        continue;
      }
      auto& c = server.connections[static_cast<std::size_t>(event.data.fd)];
      const bool stays =
          (event.events & EPOLLOUT) != 0 ? writable(server, *c) : readable(server, *c);
      if (!stays) {
        close(c->fd);
        c.reset();
      }
    }
  }
}
