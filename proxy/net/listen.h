// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets: bound here, or handed over by a service manager (socket activation). Options
// that accepted connections inherit (no delay, keep-alive) are set once, on the listener.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/base/address.h"
#include "proxy/config/settings.h"

namespace weir {

struct Listening {
  Endpoint at;       // as bound: the real port
  std::string name;  // the setting's, or the service manager's
  ListenMode mode = ListenMode::Forward;
  std::vector<int> fds;  // one for each worker, non-blocking
};

// `count` sockets on one address, between which the kernel spreads connections (SO_REUSEPORT). Port
// 0 lets the kernel choose. Refuses an address on which somebody else listens already. The error is
// a sentence with the remedy; `setting` is what to change then. `begun`: those of them that there
// are already, which then belong to the answer; they are closed when it is an error. `beside_own`:
// this process listens at the port, with an address it is about to leave; nobody else is looked
// for.
tl::expected<Listening, std::string> listen_at(const Endpoint& at, unsigned count,
                                               const std::string& setting = "listen",
                                               std::vector<int> begun = {},
                                               bool beside_own = false);

// Lets a TPROXY listener take connections for other addresses than this machine's; does nothing for
// other modes. Needs CAP_NET_ADMIN.
tl::expected<void, std::string> make_transparent(const Listening& listening);

// A socket with a path in the file system, for this user and group alone (0660). A socket file that
// nobody listens on any more is replaced; any other file, or one that somebody listens on, is not.
// Whoever stops listening removes the file.
tl::expected<int, std::string> listen_at_path(const std::string& path, const std::string& setting);

// A descriptor that was open when the program began, and what whoever opened it calls it.
struct HandedOver {
  std::string name;
  int fd;
};

// Those of LISTEN_FDS, closed to children. Clears the variables, so that children do not see them.
tl::expected<std::vector<HandedOver>, std::string> read_handed_over();

bool is_listening(int fd);
// False also for one that another process has ended by shutdown(2).
bool still_listens(int fd);
Endpoint bound_address(int fd);

// Sockets from the service manager, each shared by `count` workers.
tl::expected<std::vector<Listening>, std::string> inherited_listeners(
    const std::vector<HandedOver>& sockets, unsigned count);

}  // namespace weir
