// SPDX-License-Identifier: Apache-2.0
//
// A name server for tests: real sockets (UDP and TCP on one port of 127.0.0.1 that the kernel
// chose), its own thread, and answers by script. Each name has one script; what has none does not
// exist. It speaks just enough of RFC 1035 and makes the mistakes that it is told to make.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/base/address.h"

namespace weir {

struct DnsScript {
  std::vector<IpAddress> addresses{};
  std::uint32_t ttl = 60;
  // A chain from the name asked for to the last, which has the addresses.
  std::vector<std::string> cnames{};
  std::uint32_t cname_ttl = 60;
  unsigned rcode = 0;
  bool silent = false;          // never answers
  bool silent_v6 = false;       // answers questions for IPv4 only
  bool truncated = false;       // says over UDP that only TCP has the answer
  bool wrong_id_first = false;  // sends a forgery with another id and address before the answer
  bool wrong_question = false;  // answers something else than was asked
  bool mapped = false;          // gives its IPv4 addresses as mapped IPv6 ones only
  bool garbage = false;         // a proper header, then rubbish
};

class ScriptedDns {
 public:
  ScriptedDns();
  ~ScriptedDns();
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;

  Endpoint at() const { return at_; }
  void script(const std::string& name, DnsScript script);
  // Questions that arrived for the name, over both families and protocols.
  int asked(const std::string& name);
  int asked_over_tcp();

 private:
  void run();
  void serve_udp();
  void serve_tcp();
  std::string answer(const std::string& question, bool tcp, std::string* forgery);

  Endpoint at_;
  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::mutex mutex_;
  std::map<std::string, DnsScript> scripts_;
  std::map<std::string, int> asked_;
  int tcp_questions_ = 0;
  std::thread thread_;
};

}  // namespace weir
