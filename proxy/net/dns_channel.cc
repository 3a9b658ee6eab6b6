// SPDX-License-Identifier: Apache-2.0
//
// See dns_channel.h. c-ares tells by callback which sockets it wants watched; we watch them
// level-triggered, because it reads and writes as much as it likes. A Socket may be destroyed while
// c-ares works on its behalf, so act() touches nothing of itself afterwards. Only one timer exists:
// it is set for the earliest moment an attempt can time out and asks c-ares for the next one then.
#include "proxy/net/dns_channel.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr int kAttempts = 3;
constexpr int kClassIn = 1;  // RFC 1035 3.2.4
constexpr int kTypeA = 1;
constexpr int kTypeAaaa = 28;  // RFC 3596 2.1
constexpr int kMostRecords = 32;

// What a status of c-ares means to us. Not found covers both a name that does not exist and one
// without addresses of the family (RFC 2308 2).
Failure failure_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return Failure::None;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return Failure::DnsNotFound;
    case ARES_ETIMEOUT:
      return Failure::DnsTimeout;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
      return Failure::ShuttingDown;
    default:
      return Failure::DnsFailed;
  }
}

// RFC 2181 8: a TTL with the top bit set is zero.
Micros ttl_of(int seconds) {
  return std::max(seconds, 0) * kSecond;
}

IpAddress address_of(const ares_addrttl& record) {
  return IpAddress::v4(ntohl(record.ipaddr.s_addr));
}
IpAddress address_of(const ares_addr6ttl& record) {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &record.ip6addr, bytes.size());
  return IpAddress::v6(bytes);
}

template <class Record>
void take_records(int status, const Record* records, int count, DnsReply& reply) {
  reply.failure = failure_of(status);
  if (status != ARES_SUCCESS) {
    return;
  }
  for (const Record& record : std::span(records, static_cast<std::size_t>(count))) {
    const Micros ttl = ttl_of(record.ttl);
    reply.ttl = reply.addresses.empty() ? ttl : std::min(reply.ttl, ttl);
    reply.addresses.push_back(address_of(record));
  }
  if (reply.addresses.empty()) {
    reply.failure = Failure::DnsNotFound;
  }
}

void read_reply(Family family, const unsigned char* bytes, int length, DnsReply& reply) {
  int count = kMostRecords;
  if (family == Family::V4) {
    std::array<ares_addrttl, kMostRecords> records;
    const int status = ::ares_parse_a_reply(bytes, length, nullptr, records.data(), &count);
    take_records(status, records.data(), count, reply);
  } else {
    std::array<ares_addr6ttl, kMostRecords> records;
    const int status = ::ares_parse_aaaa_reply(bytes, length, nullptr, records.data(), &count);
    take_records(status, records.data(), count, reply);
  }
}

// c-ares counts who initialises it, without a lock; it is never taken down.
void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] { ::ares_library_init(ARES_LIB_INIT_ALL); });
}

bool set_servers(ares_channel channel, const std::vector<Endpoint>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto& node = nodes[i];
    const IpAddress& address = servers[i].address;
    node.next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    node.udp_port = node.tcp_port = servers[i].port;
    if (address.is_v4()) {
      node.family = AF_INET;
      node.addr.addr4.s_addr = htonl(address.v4_bits());
    } else {
      node.family = AF_INET6;
      std::memcpy(&node.addr.addr6, address.bytes().data(), address.bytes().size());
    }
  }
  return ::ares_set_servers_ports(channel, nodes.data()) == ARES_SUCCESS;
}

}  // namespace

struct DnsChannel::Question {
  DnsChannel& channel;
  Family family;
  Done done;
  void* owner;
};

DnsChannel::DnsChannel(Loop& loop, const std::vector<Endpoint>& servers, Micros timeout)
    : loop_(loop),
      servers_(servers),
      // Attempts take 1, 2 and 4 times this.
      attempt_(std::max(timeout / ((1 << kAttempts) - 1), kMillisecond)),
      system_file_("/etc/resolv.conf"),
      timer_(*this) {
  initialise_once();
  system_file_.changed(loop.now());
  open();
}

DnsChannel::~DnsChannel() {
  shutting_ = true;
  shut();
  WEIR_ASSERT(open_ == 0);
}

void DnsChannel::open() {
  ares_options options{};
  options.flags = ARES_FLAG_NOALIASES;
  options.timeout = static_cast<int>(std::min<Micros>(attempt_ / kMillisecond, 60'000));
  options.tries = kAttempts;
  char dns_only[] = "b";
  options.lookups = dns_only;
  options.sock_state_cb = [](void* self, int fd, int readable, int writable) {
    static_cast<DnsChannel*>(self)->socket_state(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int which = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                    ARES_OPT_SOCK_STATE_CB;
  if (::ares_init_options(&channel_, &options, which) != ARES_SUCCESS) {
    channel_ = nullptr;
    return;
  }
  if (!servers_.empty() && !set_servers(channel_, servers_)) {
    shut();
  }
}

void DnsChannel::shut() {
  if (channel_ != nullptr) {
    ::ares_destroy(std::exchange(channel_, nullptr));
  }
  timer_.clear();
}

void DnsChannel::ask(const std::string& name, Family family, bool search, Done done, void* owner) {
  if (open_ == 0 && servers_.empty() && system_file_.changed(loop_.now())) {
    shut();
    open();
  }
  if (channel_ == nullptr || shutting_) {
    DnsReply reply{shutting_ ? Failure::ShuttingDown : Failure::DnsFailed, {}, 0};
    done(owner, reply);
    return;
  }
  ++open_;
  auto* question = new Question{*this, family, done, owner};
  const int type = family == Family::V4 ? kTypeA : kTypeAaaa;
  if (search) {
    ::ares_search(channel_, name.c_str(), kClassIn, type, &DnsChannel::answered, question);
  } else {
    ::ares_query(channel_, name.c_str(), kClassIn, type, &DnsChannel::answered, question);
  }
  if (open_ > 0) {
    arm_by(loop_.now() + attempt_);
  }
}

void DnsChannel::answered(void* question, int status, int /*timeouts*/, unsigned char* bytes,
                          int length) {
  const std::unique_ptr<Question> q(static_cast<Question*>(question));
  --q->channel.open_;
  DnsReply reply;
  if (status == ARES_SUCCESS) {
    read_reply(q->family, bytes, length, reply);
  } else {
    reply.failure = failure_of(status);
  }
  q->done(q->owner, reply);
}

void DnsChannel::socket_state(int fd, bool readable, bool writable) {
  const auto found =
      std::ranges::find_if(sockets_, [fd](const auto& socket) { return socket->fd() == fd; });
  if (!readable && !writable) {
    if (found != sockets_.end()) {
      loop_.unwatch(fd, **found);
      sockets_.erase(found);
    }
    return;
  }
  Socket* socket = found == sockets_.end() ? nullptr : found->get();
  if (socket == nullptr) {
    socket = sockets_.emplace_back(std::make_unique<Socket>(*this, fd)).get();
  }
  const std::uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  // Should this fail, the question times out.
  loop_.watch_level(fd, *socket, events);
}

void DnsChannel::Socket::act() {
  DnsChannel& channel = channel_;
  const int fd = fd_;
  const std::uint32_t events = std::exchange(events_, 0);
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool readable = broken || (events & EPOLLIN) != 0;
  const bool writable = broken || (events & EPOLLOUT) != 0;
  // From here on *this may be gone.
  ::ares_process_fd(channel.channel_, readable ? fd : ARES_SOCKET_BAD,
                    writable ? fd : ARES_SOCKET_BAD);
}

void DnsChannel::Timer::due() {
  ::ares_process_fd(channel.channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  channel.arm_next();
}

void DnsChannel::arm_by(Instant at) {
  if (!timer_.pending() || timer_.at() > at) {
    timer_.set(loop_.wheel(), at);
  }
}

void DnsChannel::arm_next() {
  timeval next{};
  if (open_ > 0 && ::ares_timeout(channel_, nullptr, &next) != nullptr) {
    arm_by(loop_.now() + next.tv_sec * kSecond + next.tv_usec);
  }
}

}  // namespace weir
