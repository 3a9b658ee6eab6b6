// SPDX-License-Identifier: Apache-2.0
//
// A URL as a person writes it, made into the one that a browser would send: a host in its own
// script becomes its IDNA form. What the proxy would refuse before any rule is asked is said in a
// sentence instead: other schemes, and numbers that are addresses in disguise.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/arena.h"

namespace weir::cli {

struct AsSent {
  std::string_view url;
  std::string_view written;  // the host as it was written, where that is another one
};

// http, https, and what a browser writes for an Upgrade to WebSocket.
bool is_proxied_scheme(std::string_view scheme);

// `connect`: the text is host:port. The error is a sentence.
tl::expected<AsSent, std::string> as_sent(std::string_view url, bool connect, Arena& arena);

}  // namespace weir::cli
