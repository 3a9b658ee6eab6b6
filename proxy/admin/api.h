// SPDX-License-Identifier: Apache-2.0
//
// The admin interface: one table of routes, from which requests are answered and the documentation
// is made. To add a route: a handler in a file of its own kind, declared in handlers.h, and a row
// in api.cc. Does no I/O but what the callbacks of the state do.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/admin/guard.h"
#include "proxy/admin/request.h"
#include "proxy/admin/state.h"

namespace weir::admin {

struct Route {
  http::Method method;  // Get answers HEAD, too
  std::string_view path;
  Reply (*answer)(const Request&, AdminState&);
  std::string_view about;  // for the documentation: one sentence or two
};

std::span<const Route> routes();

// A request as it came: its parts in the words of the client.
struct Asked {
  http::Method method = http::Method::Other;
  std::string_view target;
  Claims claims;
  std::string_view body;
};

// Whoever may not ask is refused first; then the route decides. GET and HEAD change nothing; every
// other method does.
Reply answer(const Asked& asked, const Site& site, AdminState& state);

// The table as Markdown.
std::string api_reference();

}  // namespace weir::admin
