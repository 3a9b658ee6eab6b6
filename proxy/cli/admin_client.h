// SPDX-License-Identifier: Apache-2.0
//
// Asks a running proxy through its admin interface, over TCP or a socket in the file system:
// blocking, with a deadline, one connection for each question. Speaks as much HTTP/1.1 as our own
// server needs, by the same parsers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"
#include "proxy/config/text_rules.h"

namespace weir::cli {

// How a command was told where the proxy is.
struct AdminSource {
  std::string admin;   // --admin: an address, as admin.listen takes it
  std::string config;  // else as this configuration says; empty: the default
};

// Why there is nobody to ask: a sentence with the remedy, and the exit code (sysexits.h).
struct AdminUnknown {
  std::string what;
  int exit_code;
};

// Where to connect to. A configuration that has faults is believed as far as it can be, with one
// line of warning on standard error.
tl::expected<AdminAddress, AdminUnknown> find_admin(const AdminSource& source);

struct AdminAnswer {
  std::uint16_t status = 0;
  std::string body;
};

struct AdminQuestion {
  std::string_view method = "GET";
  std::string_view target;
  std::string_view body{};              // JSON; empty: none
  Micros patience = 10 * kSecond;       // for the whole head, and then for each further piece
  std::size_t most = 16 * 1024 * 1024;  // of the body, unless pieces are taken
};

// The error is a sentence: who was asked, and why there is no answer.
tl::expected<AdminAnswer, std::string> ask_admin(const AdminAddress& at,
                                                 const AdminQuestion& question);

// The same for long answers: the body of a 200 goes to `take` piece by piece, until it says false;
// that of any other is in the answer.
tl::expected<AdminAnswer, std::string> ask_admin(const AdminAddress& at,
                                                 const AdminQuestion& question,
                                                 const std::function<bool(std::string_view)>& take);

// What {"error": "..."} says, or the status alone.
std::string error_of(const AdminAnswer& answer);

}  // namespace weir::cli
