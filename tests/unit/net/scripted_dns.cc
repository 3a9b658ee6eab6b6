// SPDX-License-Identifier: Apache-2.0
//
// See scripted_dns.h. A message is a header of twelve bytes, the question, and records that name
// their owner in full (no compression), as RFC 1035 4.1 draws them.
#include "tests/unit/net/scripted_dns.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr unsigned kTypeA = 1;
constexpr unsigned kTypeCname = 5;
constexpr unsigned kTypeAaaa = 28;

void put16(std::string& out, unsigned v) {
  out += static_cast<char>(v >> 8);
  out += static_cast<char>(v);
}

void put_name(std::string& out, std::string name) {
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name = label.size() == name.size() ? "" : name.substr(label.size() + 1);
  }
  out += '\0';
}

void put_record(std::string& out, const std::string& owner, unsigned type, std::uint32_t ttl,
                const std::string& content) {
  put_name(out, owner);
  put16(out, type);
  put16(out, 1);
  put16(out, ttl >> 16);
  put16(out, ttl & 0xffff);
  put16(out, static_cast<unsigned>(content.size()));
  out += content;
}

std::string raw(const IpAddress& a) {
  const auto& b = a.bytes();
  return a.is_v4() ? std::string(b.begin() + 12, b.end()) : std::string(b.begin(), b.end());
}

struct Asked {
  std::string name;
  unsigned type = 0;
  std::string section;  // as it stood in the message
};

Asked read_question(const std::string& message) {
  Asked asked;
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<unsigned char>(message[at]);
    asked.name += (asked.name.empty() ? "" : ".") + message.substr(at + 1, length);
    at += 1u + length;
  }
  WEIR_ASSERT(at + 5 <= message.size());
  asked.type = static_cast<unsigned char>(message[at + 2]);
  asked.section = message.substr(12, at + 5 - 12);
  return asked;
}

std::string header(const std::string& id, unsigned flags, unsigned answers) {
  std::string out = id;
  put16(out, flags);
  put16(out, 1);
  put16(out, answers);
  put16(out, 0);
  put16(out, 0);
  return out;
}

unsigned put_answers(std::string& out, const Asked& asked, const DnsScript& script) {
  unsigned count = 0;
  std::string owner = asked.name;
  for (const auto& next : script.cnames) {
    std::string target;
    put_name(target, next);
    put_record(out, owner, kTypeCname, script.cname_ttl, target);
    owner = next;
    ++count;
  }
  for (const auto& address : script.addresses) {
    if (script.mapped) {
      if (asked.type == kTypeAaaa) {
        const auto& bytes = address.bytes();
        put_record(out, owner, kTypeAaaa, script.ttl, std::string(bytes.begin(), bytes.end()));
        ++count;
      }
    } else if (address.is_v4() == (asked.type == kTypeA)) {
      put_record(out, owner, address.is_v4() ? kTypeA : kTypeAaaa, script.ttl, raw(address));
      ++count;
    }
  }
  return count;
}

int bound_socket(int type, std::uint16_t port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_storage to{};
  const auto length = Endpoint{IpAddress::v4(0x7f000001), port}.to_sockaddr(to);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&to), length) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

ScriptedDns::ScriptedDns() {
  // The port that UDP gets may be taken for TCP; then another one is drawn.
  for (int i = 0; i < 100 && tcp_ < 0; ++i) {
    ::close(udp_);
    udp_ = bound_socket(SOCK_DGRAM, 0);
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    ::getsockname(udp_, reinterpret_cast<sockaddr*>(&from), &length);
    at_ = Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&from));
    tcp_ = bound_socket(SOCK_STREAM, at_.port);
  }
  WEIR_ASSERT(tcp_ >= 0 && ::listen(tcp_, 16) == 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

ScriptedDns::~ScriptedDns() {
  const std::uint64_t one = 1;
  WEIR_ASSERT(::write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(udp_);
  ::close(tcp_);
  ::close(stop_);
}

void ScriptedDns::script(const std::string& name, DnsScript script) {
  const std::lock_guard lock(mutex_);
  scripts_[name] = std::move(script);
}

int ScriptedDns::asked(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return asked_[name];
}

int ScriptedDns::asked_over_tcp() {
  const std::lock_guard lock(mutex_);
  return tcp_questions_;
}

void ScriptedDns::run() {
  for (;;) {
    std::array<pollfd, 3> fds{pollfd{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[2].revents != 0) {
      return;
    }
    if (fds[0].revents != 0) {
      serve_udp();
    }
    if (fds[1].revents != 0) {
      serve_tcp();
    }
  }
}

void ScriptedDns::serve_udp() {
  std::array<char, 2048> in;
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  auto* to = reinterpret_cast<sockaddr*>(&from);
  const auto n = ::recvfrom(udp_, in.data(), in.size(), 0, to, &length);
  if (n < 12) {
    return;
  }
  std::string forgery;
  const auto out = answer(std::string(in.data(), static_cast<std::size_t>(n)), false, &forgery);
  for (const auto& message : {forgery, out}) {
    if (!message.empty()) {
      ::sendto(udp_, message.data(), message.size(), 0, to, length);
    }
  }
}

// One question per connection; the client closes.
void ScriptedDns::serve_tcp() {
  const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  std::string in(2, '\0');
  if (::recv(fd, in.data(), 2, MSG_WAITALL) == 2) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(in[0]) << 8 |
                                               static_cast<unsigned char>(in[1]));
    in.resize(size);
    if (::recv(fd, in.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size)) {
      const auto message = answer(in, true, nullptr);
      std::string out;
      put16(out, static_cast<unsigned>(message.size()));
      out += message;
      ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    }
  }
  ::close(fd);
}

std::string ScriptedDns::answer(const std::string& question, bool tcp, std::string* forgery) {
  const Asked asked = read_question(question);
  const std::lock_guard lock(mutex_);
  ++asked_[asked.name];
  tcp_questions_ += tcp ? 1 : 0;
  const auto found = scripts_.find(asked.name);
  std::string id = question.substr(0, 2);
  if (found == scripts_.end()) {
    return header(id, 0x8183, 0) + asked.section;  // no such name
  }
  const DnsScript& script = found->second;
  if (script.silent || (script.silent_v6 && asked.type == kTypeAaaa)) {
    return {};
  }
  if (script.truncated && !tcp) {
    return header(id, 0x8380, 0) + asked.section;
  }
  if (script.garbage) {
    return header(id, 0x8180, 3) + asked.section + "\xff\x07rubbish";
  }
  std::string records;
  const unsigned count = put_answers(records, asked, script);
  std::string section = asked.section;
  if (script.wrong_question) {
    section[1] = static_cast<char>(section[1] ^ 1);
  }
  if (script.wrong_id_first && forgery != nullptr) {
    std::string other = id;
    other[1] = static_cast<char>(other[1] ^ 1);
    DnsScript forged;
    forged.addresses = {*IpAddress::parse("6.6.6.6"), *IpAddress::parse("2606::6")};
    std::string forged_records;
    const unsigned forged_count = put_answers(forged_records, asked, forged);
    *forgery = header(other, 0x8180, forged_count) + asked.section + forged_records;
  }
  return header(id, 0x8180 | script.rcode, count) + section + records;
}

}  // namespace weir
