// SPDX-License-Identifier: Apache-2.0
//
// The load generator of the benchmark: one thread, epoll, a closed loop over a fixed number of
// connections. Every answer's status, length and first bytes are checked; a wrong one ends the run
// with a message and exit code 1, so that a figure is never made of errors. At both edges of the
// measured window it reads the CPU clocks of the proxy's processes (nanoseconds, threads that have
// ended included), so that CPU and answers are counted over the same span. The result is one line
// of JSON. --help tells the modes and options.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "response.h"

namespace {

using bench::die;
using bench::Response;

constexpr const char* kHelp =
    "usage: bench_load --proxy PORT --origin PORT [options]\n"
    "  --mode get|newconn|connect|tunnel|idle|idle-tunnel   (get)\n"
    "      get: kept-alive exchanges; newconn: a connection for each; connect: CONNECT, one "
    "exchange,\n"
    "      close; tunnel: CONNECT, then kept-alive exchanges inside; idle, idle-tunnel: open all, "
    "one\n"
    "      exchange on each, print READY, hold them until standard input ends\n"
    "  --path P --expect N   what to GET and the length of its body   (/1k, 1024)\n"
    "  --post N              POST a body of N bytes instead\n"
    "  --head short|browser  four or eleven request fields   (short)\n"
    "  --host NAME           ask for this host; the proxy finds it   (127.0.0.1)\n"
    "  --connections N (64)  --sources N client addresses (8)\n"
    "  --seconds S (3) --warmup S (0.5), or --requests N: N exchanges (one a connection at least)\n"
    "  --reconnect yes       the proxy keeps no client connection: a new one for each exchange\n"
    "  --pid P (repeatable)  a process whose CPU time is read; --counter FILE: a number also "
    "read\n";

constexpr std::size_t kBuffer = 256 * 1024;
constexpr double kDrainSeconds = 20;

struct Options {
  std::uint16_t proxy = 0;
  std::string authority;
  std::string path = "/1k";
  std::uint64_t expect = 1024;
  std::uint64_t post = 0;
  bool browser = false;
  std::size_t connections = 64;
  std::uint32_t sources = 8;
  double seconds = 3;
  double warmup = 0.5;
  std::uint64_t requests = 0;
  bool tunnel = false;
  bool one_shot = false;
  bool park = false;
  std::vector<pid_t> pids;
  std::string counter;
};

std::uint64_t now_ns(clockid_t clock = CLOCK_MONOTONIC) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) die("a measured process is gone");
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

struct Connection {
  int fd = -1;
  bool in_tunnel = false;
  bool parked = false;
  bool waits_to_write = false;
  const std::string* out = nullptr;
  std::size_t sent = 0;
  std::uint64_t began = 0;
  Response response;
};

class Load {
 public:
  explicit Load(Options options);
  void run();

 private:
  enum class Phase : std::uint8_t { Warmup, Measure, Drain };

  void open(Connection& c);
  void close_it(Connection& c);
  void begin(Connection& c, const std::string& request, bool no_body);
  void send_more(Connection& c);
  void receive(Connection& c);
  void finished(Connection& c);
  void check(const Connection& c) const;
  void next(Connection& c, bool closed);
  void add_interest(Connection& c, int operation);
  void tick();
  void turn_to(Phase phase);
  void hold();
  void report() const;
  std::uint64_t cpu() const;

  Options options_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::string connect_;
  std::string request_;
  std::string expected_;  // how the body begins
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
  const std::uint64_t* counter_ = nullptr;
  Phase phase_ = Phase::Warmup;
  std::size_t active_ = 0;
  std::size_t parked_ = 0;
  std::uint32_t opened_ = 0;
  std::uint64_t started_ = 0;  // exchanges, all phases
  std::uint64_t phase_began_ = 0;
  // Over the measured window:
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t reopened_ = 0;
  std::uint64_t wall_ = 0;
  std::uint64_t cpu_ = 0;
  std::uint64_t own_cpu_ = 0;
  std::uint64_t counted_ = 0;
  std::vector<std::uint32_t> latencies_;  // in units of 0.1 microseconds
};

std::string fields(const Options& o) {
  std::string text = "Host: " + o.authority + "\r\nUser-Agent: weir-bench/1\r\nAccept: */*\r\n";
  if (!o.browser) return text + "Accept-Encoding: gzip\r\n";
  return text +
         "Accept-Language: en-GB,en;q=0.8,de;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
         "Referer: http://" +
         o.authority +
         "/articles/2025/01/a-page-with-a-rather-long-name\r\n"
         "Cookie: session=6f1c8d3e5a7b90124cd8; theme=dark; consent=yes; visits=17\r\n"
         "Sec-Fetch-Dest: image\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Site: same-origin\r\n"
         "Priority: u=5, i\r\n";
}

Load::Load(Options options) : options_(std::move(options)) {
  const Options& o = options_;
  connect_ = "CONNECT " + o.authority + " HTTP/1.1\r\nHost: " + o.authority + "\r\n\r\n";
  const std::string target = (o.tunnel ? "" : "http://" + o.authority) + o.path;
  request_ = (o.post > 0 ? "POST " : "GET ") + target + " HTTP/1.1\r\n" + fields(o);
  if (o.post > 0) {
    request_ +=
        "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(o.post) +
        "\r\n\r\n" + std::string(o.post, 'p');
    expected_ = "received " + std::to_string(o.post) + "\n";
    options_.expect = expected_.size();
  } else {
    request_ += "\r\n";
    expected_ = std::string(std::min<std::uint64_t>(o.expect, 16), 'x');
  }
  if (o.counter.empty()) return;
  const int fd = ::open(o.counter.c_str(), O_RDONLY | O_CLOEXEC);
  void* page = mmap(nullptr, sizeof(std::uint64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) die("cannot read the counter %s", o.counter.c_str());
  counter_ = static_cast<const std::uint64_t*>(page);
}

void Load::add_interest(Connection& c, int operation) {
  epoll_event e{};
  e.events = c.waits_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
  e.data.ptr = &c;
  epoll_ctl(epoll_, operation, c.fd, &e);
}

// Connects (at once, on loopback) from one of several client addresses and sends the first request.
void Load::open(Connection& c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c.fd < 0) die("no socket: %s", std::strerror(errno));
  const int one = 1;
  const timeval patience{10, 0};
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(0x7f000002U + opened_++ % options_.sources);
  if (bind(c.fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    die("bind: %s", std::strerror(errno));
  }
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(options_.proxy);
  c.began = now_ns();
  if (connect(c.fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    die("connect: %s", std::strerror(errno));
  }
  c.in_tunnel = c.waits_to_write = false;
  add_interest(c, EPOLL_CTL_ADD);
  if (options_.tunnel) {
    begin(c, connect_, true);
  } else {
    begin(c, request_, false);
  }
}

void Load::close_it(Connection& c) {
  close(c.fd);
  c.fd = -1;
}

void Load::begin(Connection& c, const std::string& request, bool no_body) {
  c.response.restart(no_body);
  c.out = &request;
  c.sent = 0;
  if (!no_body) ++started_;
  send_more(c);
}

void Load::send_more(Connection& c) {
  const ssize_t n =
      send(c.fd, c.out->data() + c.sent, c.out->size() - c.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) c.sent += static_cast<std::size_t>(n);
  // A refusal may stand in the receive buffer already: leave a broken pipe to the reading side.
  const bool more = c.sent < c.out->size() && (n >= 0 || errno == EAGAIN);
  if (more != c.waits_to_write) {
    c.waits_to_write = more;
    add_interest(c, EPOLL_CTL_MOD);
  }
}

void Load::receive(Connection& c) {
  const std::uint64_t before = c.response.body();
  const std::uint64_t skip = c.response.skippable();
  // Long bodies are dropped inside the kernel, so that the generator does not become the brake.
  const bool drop = skip >= kBuffer;
  const ssize_t n = drop ? recv(c.fd, nullptr, std::min<std::uint64_t>(skip, 4 * kBuffer),
                                MSG_DONTWAIT | MSG_TRUNC)
                         : recv(c.fd, buffer_.data(), kBuffer, MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    die("receive: %s", std::strerror(errno));
  }
  if (c.parked) die(n == 0 ? "an idle connection was closed" : "an idle connection spoke");
  if (n == 0) {
    if (!c.response.end()) die("connection closed in the middle of an exchange");
  } else if (drop) {
    c.response.skipped(static_cast<std::uint64_t>(n));
  } else {
    c.response.feed({buffer_.data(), static_cast<std::size_t>(n)});
  }
  if (phase_ == Phase::Measure) bytes_ += c.response.body() - before;
  if (c.response.done()) finished(c);
}

void Load::check(const Connection& c) const {
  const Response& r = c.response;
  if (c.sent < c.out->size()) die("answered before the request had been sent");
  if (r.body() != options_.expect) {
    die("a body of %llu bytes instead of %llu", static_cast<unsigned long long>(r.body()),
        static_cast<unsigned long long>(options_.expect));
  }
  if (r.first().substr(0, expected_.size()) != expected_) {
    die("a body that begins \"%s\"", std::string(r.first()).c_str());
  }
}

void Load::finished(Connection& c) {
  if (options_.tunnel && !c.in_tunnel) {
    c.in_tunnel = true;
    begin(c, request_, false);
    return;
  }
  check(c);
  const std::uint64_t now = now_ns();
  if (phase_ == Phase::Measure) {
    ++requests_;
    latencies_.push_back(static_cast<std::uint32_t>((now - c.began) / 100));
  }
  c.began = now;
  next(c, c.response.closes() && !options_.tunnel);
}

void Load::next(Connection& c, bool closed) {
  const bool enough =
      phase_ == Phase::Drain || (options_.requests > 0 && started_ >= options_.requests);
  if (options_.park) {
    if (closed) die("the proxy does not keep connections");
    c.parked = true;
    ++parked_;
    --active_;
  } else if (enough) {
    close_it(c);
    --active_;
  } else if (options_.one_shot || closed) {
    close_it(c);
    if (phase_ == Phase::Measure) ++reopened_;
    open(c);
  } else {
    begin(c, request_, false);
  }
}

std::uint64_t Load::cpu() const {
  std::uint64_t total = 0;
  // The kernel's name for "the CPU clock of process P": the complement of P, shifted, and type 2.
  for (const pid_t pid : options_.pids) total += now_ns((~pid << 3) | 2);
  return total;
}

void Load::turn_to(Phase phase) {
  const std::uint64_t sign = phase == Phase::Measure ? 0 : 1;
  const auto edge = [sign](std::uint64_t& sum, std::uint64_t reading) {
    sum = sign == 0 ? reading : reading - sum;
  };
  if (phase == Phase::Drain && phase_ == Phase::Warmup) die("no window");
  edge(cpu_, cpu());
  edge(own_cpu_, now_ns(CLOCK_PROCESS_CPUTIME_ID));
  if (counter_ != nullptr) edge(counted_, __atomic_load_n(counter_, __ATOMIC_RELAXED));
  edge(wall_, now_ns());
  phase_ = phase;
  phase_began_ = now_ns();
}

// Moves from phase to phase when its time has come.
void Load::tick() {
  const double spent = static_cast<double>(now_ns() - phase_began_) / 1e9;
  if (options_.park || options_.requests > 0) {
    if (phase_ == Phase::Warmup) turn_to(Phase::Measure);
    if (spent > 120) die("still at it after two minutes");
  } else if (phase_ == Phase::Warmup) {
    if (spent >= options_.warmup) turn_to(Phase::Measure);
  } else if (phase_ == Phase::Measure) {
    if (spent >= options_.seconds) turn_to(Phase::Drain);
  } else if (spent > kDrainSeconds) {
    die("%zu exchanges hang", active_);
  }
}

// All connections are idle: say so, and hold them until told to end.
void Load::hold() {
  std::printf("READY %zu\n", parked_);
  std::fflush(stdout);
  std::array<pollfd, 2> both{{{STDIN_FILENO, POLLIN, 0}, {epoll_, POLLIN, 0}}};
  if (poll(both.data(), both.size(), 120'000) < 1) die("held for two minutes, nobody asked");
  if (both[1].revents != 0) die("an idle connection was closed or spoke");
}

void Load::run() {
  constexpr std::size_t kAtOnce = 64;  // connections being set up at the same time, for idle ones
  phase_began_ = now_ns();
  std::array<epoll_event, 256> events{};
  do {
    const std::size_t limit = options_.park ? kAtOnce : options_.connections;
    while (connections_.size() < options_.connections && active_ < limit) {
      connections_.push_back(std::make_unique<Connection>());
      ++active_;
      open(*connections_.back());
    }
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto& c = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0 && c.waits_to_write) send_more(c);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(c);
    }
    tick();
  } while (active_ > 0 || connections_.size() < options_.connections);
  if (options_.park) {
    hold();
    return;
  }
  if (phase_ == Phase::Measure) turn_to(Phase::Drain);
  report();
}

void Load::report() const {
  std::vector<std::uint32_t> sorted = latencies_;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&sorted](double q) {
    if (sorted.empty()) return 0.0;
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))] / 10.0;
  };
  const auto whole = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "{\"requests\": %llu, \"bytes\": %llu, \"reopened\": %llu, \"wall_ns\": %llu, "
      "\"cpu_ns\": %llu, \"own_cpu_ns\": %llu, \"counted\": %llu, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f, \"max_us\": %.1f}\n",
      whole(requests_), whole(bytes_), whole(reopened_), whole(wall_), whole(cpu_), whole(own_cpu_),
      whole(counted_), quantile(0.5), quantile(0.99), quantile(1));
}

void set_mode(Options& o, std::string_view mode) {
  o.tunnel = mode == "connect" || mode == "tunnel" || mode == "idle-tunnel";
  o.one_shot = mode == "newconn" || mode == "connect";
  o.park = mode == "idle" || mode == "idle-tunnel";
  if (!o.tunnel && !o.one_shot && !o.park && mode != "get") {
    die("unknown mode %s", std::string(mode).c_str());
  }
}

Options parse(int argc, char** argv) {
  Options o;
  std::uint64_t proxy = 0, origin = 0, sources = o.sources;
  bool reconnect = false;
  std::string host = "127.0.0.1";
  const std::array<std::pair<std::string_view, std::uint64_t*>, 7> numbers{
      {{"--proxy", &proxy},
       {"--origin", &origin},
       {"--expect", &o.expect},
       {"--post", &o.post},
       {"--connections", &o.connections},
       {"--sources", &sources},
       {"--requests", &o.requests}}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    const auto* number = std::find_if(numbers.begin(), numbers.end(),
                                      [name](const auto& entry) { return entry.first == name; });
    // clang-format off
    if (number != numbers.end()) *number->second = std::strtoull(value, nullptr, 10);
    else if (name == "--mode") set_mode(o, value);
    else if (name == "--host") host = value;
    else if (name == "--path") o.path = value;
    else if (name == "--head") o.browser = std::string_view(value) == "browser";
    else if (name == "--seconds") o.seconds = std::atof(value);
    else if (name == "--warmup") o.warmup = std::atof(value);
    else if (name == "--pid") o.pids.push_back(std::atoi(value));
    else if (name == "--counter") o.counter = value;
    else if (name == "--reconnect") reconnect = std::string_view(value) == "yes";
    else die("unknown option %s\n%s", argv[i], kHelp);
    // clang-format on
  }
  if (argc % 2 == 0 || proxy == 0 || origin == 0 || sources == 0) die("%s", kHelp);
  o.one_shot = o.one_shot || (reconnect && !o.tunnel);
  o.proxy = static_cast<std::uint16_t>(proxy);
  o.authority = host + ":" + std::to_string(origin);
  o.sources = static_cast<std::uint32_t>(sources);
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  Load load(parse(argc, argv));
  load.run();
  return 0;
}
