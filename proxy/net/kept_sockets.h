// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets that live longer than this process. Whoever starts us again after a crash
// (`weir run --supervise`, or systemd with FileDescriptorStoreMax=) is given a copy of each socket
// that is opened here and hands all of them to the next process. Between the two, clients are not
// refused: the kernel completes their connections and queues them. The very sockets must come back,
// all of them: with SO_REUSEPORT every socket has a queue of its own, and what waits in one that
// nobody reads any more waits for ever.
//
// For the same reason a socket is never just closed while somebody else keeps it: end() ends it
// for all who hold it. Owned by main; one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/base/address.h"
#include "proxy/net/listen.h"
#include "proxy/net/notify.h"

namespace weir {

class KeptSockets {
 public:
  // `notifier` outlives this.
  explicit KeptSockets(const Notifier& notifier) : notifier_(notifier) {}

  // Takes over what was handed down: ours is put aside, what others opened (socket activation) is
  // in strangers().
  tl::expected<void, std::string> take_over();
  const std::vector<HandedOver>& strangers() const { return strangers_; }

  // As listen_at() and listen_at_path(): those that were handed down first, and what is new is
  // given away for keeping. Those handed down for another address that contends with this one are
  // ended: the configuration has changed meanwhile, and they would be in the way.
  tl::expected<Listening, std::string> listen(const Endpoint& at, unsigned count,
                                              const std::string& setting = "listen",
                                              bool beside_own = false);
  tl::expected<int, std::string> listen_path(const std::string& path, const std::string& setting);

  // Ends those handed down that nobody has asked for: the configuration has changed meanwhile.
  void end_unclaimed();
  // Closes the socket, and ends listening for everybody else who holds it; keepers see a hang-up
  // and forget it.
  static void end(int fd);

 private:
  std::vector<int> claim(const std::string& name, std::size_t most);
  void end_contending(const Endpoint& at);
  void keep(const std::string& name, const std::vector<int>& descriptors, std::size_t from);

  const Notifier& notifier_;
  std::vector<HandedOver> ours_;  // not asked for yet
  std::vector<HandedOver> strangers_;
};

// What the keeper calls the sockets of a setting: no colon and nothing unprintable may be in it.
std::string kept_name(const std::string& setting, const std::string& at);

}  // namespace weir
