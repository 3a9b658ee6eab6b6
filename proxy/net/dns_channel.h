// SPDX-License-Identifier: Apache-2.0
//
// One question to the DNS at a time, as many at once as one likes: c-ares on a worker's loop. This
// is the only place that knows c-ares, its sockets and its timers. It remembers no answers, joins
// no questions and knows no policy; the resolver does.
//
// Answers come by callback, from inside the loop's passes or from within ask() itself. A callback
// must not destroy the channel. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/base/failure.h"
#include "proxy/net/answer.h"
#include "proxy/net/file_stamp.h"
#include "proxy/net/loop.h"

struct ares_channeldata;

namespace weir {

enum class Family : std::uint8_t { V4, V6 };

struct DnsReply {
  Failure failure = Failure::None;  // DnsNotFound, DnsFailed, DnsTimeout, ShuttingDown
  AddressList addresses;            // not empty when there is no failure
  Micros ttl = 0;                   // the shortest of all records used, CNAMEs included
};

class DnsChannel {
 public:
  // `servers`: whom to ask; none: as /etc/resolv.conf says, which is read again when it has changed
  // and no question is open. `timeout`: after which the last attempt of a question has failed,
  // roughly.
  DnsChannel(Loop& loop, const std::vector<Endpoint>& servers, Micros timeout);
  // Open questions are answered with ShuttingDown.
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  // Calls `done(owner, reply)` exactly once. `search`: try the search list of the system, too.
  using Done = void (*)(void* owner, DnsReply& reply);
  void ask(const std::string& name, Family family, bool search, Done done, void* owner);

  std::size_t open_questions() const { return open_; }

 private:
  struct Question;
  class Socket final : public Watch {
   public:
    Socket(DnsChannel& channel, int fd) : channel_(channel), fd_(fd) {}
    int fd() const { return fd_; }

   private:
    void note(std::uint32_t events) override { events_ |= events; }
    void act() override;

    DnsChannel& channel_;
    int fd_;
    std::uint32_t events_ = 0;
  };
  struct Timer final : Deadline {
    explicit Timer(DnsChannel& c) : channel(c) {}
    void due() override;
    DnsChannel& channel;
  };

  void open();
  void shut();
  void arm_by(Instant at);
  void arm_next();
  void socket_state(int fd, bool readable, bool writable);
  static void answered(void* question, int status, int timeouts, unsigned char* bytes, int length);

  Loop& loop_;
  std::vector<Endpoint> servers_;
  Micros attempt_;  // the first attempt's timeout; c-ares doubles it for each that follows
  StampedFile system_file_;
  ares_channeldata* channel_ = nullptr;  // null when c-ares could not be set up
  bool shutting_ = false;
  std::size_t open_ = 0;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Timer timer_;
};

}  // namespace weir
