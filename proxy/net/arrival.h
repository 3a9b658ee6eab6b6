// SPDX-License-Identifier: Apache-2.0
//
// Where a connection that the kernel turned aside was really going: REDIRECT keeps the original
// destination in connection tracking, TPROXY delivers the connection under it. Nothing is decided
// here.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/base/address.h"
#include "proxy/config/settings.h"

namespace weir {

// The original destination of an accepted connection on a transparent listener. Nothing when the
// kernel knows of none: the client connected to us of its own accord. `listener`: where we listen.
std::optional<Endpoint> original_destination(int fd, ListenMode mode, const Endpoint& listener);

}  // namespace weir
