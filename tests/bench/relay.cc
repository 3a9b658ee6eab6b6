// SPDX-License-Identifier: Apache-2.0
//
// The floor under every figure: a one-thread epoll relay that copies bytes both ways between each
// client and one connection to a fixed origin, and parses and logs nothing. It has two listeners:
// "pooled" keeps the origin connection for the next client when a client goes away between two
// exchanges (as a proxy's pool would), "direct" opens and closes one with each client.
// Usage: bench_relay ORIGIN_PORT POOLED_PORT DIRECT_PORT, all on 127.0.0.1. Serves until killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBuffer = 64 * 1024;

enum class Kind : std::uint8_t { PooledListener, DirectListener, Client, Upstream };

// One socket. `pending` waits to be written to it; while any does, its peer is not read.
struct End {
  int fd = -1;
  Kind kind = Kind::Client;
  bool pooled = false;  // a client whose upstream may serve another afterwards
  bool ended = false;   // nothing more will be read from it
  bool dead = false;
  std::uint32_t interest = EPOLLIN;
  End* peer = nullptr;
  std::string pending;
};

struct Relay {
  int epoll = -1;
  sockaddr_in origin{};
  std::vector<End*> pool;   // upstreams without a client
  std::vector<End*> grave;  // closed at the end of the batch, as later events may name them
  std::vector<char> buffer = std::vector<char>(kBuffer);
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void watch(const Relay& relay, End& end, int operation) {
  epoll_event e{};
  e.events = end.interest;
  e.data.ptr = &end;
  epoll_ctl(relay.epoll, operation, end.fd, &e);
}

void set_interest(const Relay& relay, End& end, std::uint32_t interest) {
  if (end.interest == interest) return;
  end.interest = interest;
  watch(relay, end, EPOLL_CTL_MOD);
}

void kill_end(Relay& relay, End* end) {
  if (end == nullptr || end->dead) return;
  end->dead = true;
  relay.grave.push_back(end);
}

void kill_pair(Relay& relay, End& end) {
  kill_end(relay, end.peer);
  kill_end(relay, &end);
}

void no_delay(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

End* open_upstream(Relay& relay, bool pooled) {
  while (pooled && !relay.pool.empty()) {
    End* end = relay.pool.back();
    relay.pool.pop_back();
    if (!end->dead) return end;
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  if (connect(fd, reinterpret_cast<sockaddr*>(&relay.origin), sizeof relay.origin) != 0) {
    close(fd);
    return nullptr;
  }
  no_delay(fd);
  auto* end = new End;
  end->fd = fd;
  end->kind = Kind::Upstream;
  watch(relay, *end, EPOLL_CTL_ADD);
  return end;
}

void accept_client(Relay& relay, const End& listener) {
  const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  no_delay(fd);
  const bool pooled = listener.kind == Kind::PooledListener;
  End* upstream = open_upstream(relay, pooled);
  if (upstream == nullptr) {
    close(fd);
    return;
  }
  auto* client = new End;
  client->fd = fd;
  client->pooled = pooled;
  client->peer = upstream;
  upstream->peer = client;
  watch(relay, *client, EPOLL_CTL_ADD);
}

// `from` said it will send no more.
void pass_end(Relay& relay, End& from) {
  End& to = *from.peer;
  from.ended = true;
  if (from.kind == Kind::Client && from.pooled && !to.ended && to.pending.empty() &&
      from.pending.empty()) {
    to.peer = nullptr;
    relay.pool.push_back(&to);
    from.peer = nullptr;
    kill_end(relay, &from);
    return;
  }
  if (to.ended && to.pending.empty()) {
    kill_pair(relay, from);
    return;
  }
  set_interest(relay, from, from.interest & ~static_cast<std::uint32_t>(EPOLLIN));
  if (to.pending.empty()) shutdown(to.fd, SHUT_WR);
}

void on_readable(Relay& relay, End& from) {
  if (from.peer == nullptr) {  // a pooled upstream: closed, or it spoke out of turn
    std::erase(relay.pool, &from);
    kill_end(relay, &from);
    return;
  }
  const ssize_t got = recv(from.fd, relay.buffer.data(), kBuffer, MSG_DONTWAIT);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) kill_pair(relay, from);
    return;
  }
  if (got == 0) {
    pass_end(relay, from);
    return;
  }
  End& to = *from.peer;
  const auto size = static_cast<std::size_t>(got);
  const ssize_t put = send(to.fd, relay.buffer.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) {
    kill_pair(relay, from);
    return;
  }
  const std::size_t done = put > 0 ? static_cast<std::size_t>(put) : 0;
  if (done == size) return;
  to.pending.assign(relay.buffer.data() + done, size - done);
  set_interest(relay, to, to.interest | EPOLLOUT);
  set_interest(relay, from, from.interest & ~static_cast<std::uint32_t>(EPOLLIN));
}

void on_writable(Relay& relay, End& to) {
  const ssize_t put =
      send(to.fd, to.pending.data(), to.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) {
    kill_pair(relay, to);
    return;
  }
  if (put > 0) to.pending.erase(0, static_cast<std::size_t>(put));
  if (!to.pending.empty()) return;
  to.pending.shrink_to_fit();  // an idle pair holds no buffer
  set_interest(relay, to, to.interest & ~static_cast<std::uint32_t>(EPOLLOUT));
  End& from = *to.peer;
  if (!from.ended) {
    set_interest(relay, from, from.interest | EPOLLIN);
  } else if (to.ended) {
    kill_pair(relay, to);
  } else {
    shutdown(to.fd, SHUT_WR);
  }
}

void handle(Relay& relay, End& end, std::uint32_t events) {
  if (end.dead) return;
  if (end.kind == Kind::PooledListener || end.kind == Kind::DirectListener) {
    accept_client(relay, end);
    return;
  }
  if ((events & EPOLLERR) != 0 || (end.ended && (events & EPOLLHUP) != 0)) {
    std::erase(relay.pool, &end);
    kill_pair(relay, end);
    return;
  }
  if ((events & EPOLLOUT) != 0 && !end.pending.empty()) on_writable(relay, end);
  const bool reads = (end.interest & EPOLLIN) != 0;
  if (!end.dead && reads && (events & (EPOLLIN | EPOLLHUP)) != 0) on_readable(relay, end);
}

void bury(Relay& relay) {
  for (End* end : relay.grave) {
    close(end->fd);
    delete end;
  }
  relay.grave.clear();
}

sockaddr_in loopback(const char* port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  return at;
}

void listen_on(const Relay& relay, End& listener, Kind kind, const char* port) {
  listener.kind = kind;
  listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in at = loopback(port);
  if (bind(listener.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) die("bind");
  if (listen(listener.fd, 4096) != 0) die("listen");
  watch(relay, listener, EPOLL_CTL_ADD);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_relay ORIGIN_PORT POOLED_PORT DIRECT_PORT\n", stderr);
    return 64;
  }
  Relay relay;
  relay.epoll = epoll_create1(EPOLL_CLOEXEC);
  relay.origin = loopback(argv[1]);
  End pooled;
  End direct;
  listen_on(relay, pooled, Kind::PooledListener, argv[2]);
  listen_on(relay, direct, Kind::DirectListener, argv[3]);
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int n = epoll_wait(relay.epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      handle(relay, *static_cast<End*>(event.data.ptr), event.events);
    }
    bury(relay);
  }
}
