// SPDX-License-Identifier: Apache-2.0
//
// Who may speak to the admin interface. It asks for no password: whoever reaches it is trusted, and
// by default only this machine does. But browsers of this machine run the programs of strangers:
// a site can give its own name our address and then read us as its own (DNS rebinding), and any
// page can send us requests whose answer it does not see (CSRF). So the Host must be a name of ours
// and what changes anything must not come from a page that is not ours. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/request.h"
#include "proxy/base/address.h"

namespace weir::admin {

// Where we are, as far as requests can tell.
struct Site {
  std::optional<Endpoint> at;      // none: a socket in the file system, which no browser reaches
  std::vector<std::string> hosts;  // further names and addresses, canonical
};

// What a request says of where it comes from and goes to. Views of its head.
struct Claims {
  std::optional<std::string_view> host;        // none: HTTP/1.0 without Host, no browser's
  std::optional<std::string_view> origin;      // the page it comes from
  std::string_view fetch_site{};               // Sec-Fetch-Site: the browser's own word for that
  std::optional<std::string_view> media_type;  // of its body
  bool has_body = false;
};

// Whether the name is one of ours: localhost, the loopback addresses, the address we listen on, or
// one of `hosts`; behind an unspecified address, any address in numbers, which no name server can
// forge. The port is not compared, as forwarding changes it.
bool knows_host(const Site& site, std::string_view host);

// The refusal of a request that may not be; nothing: it may. `changes`: it would change something.
std::optional<Reply> object(const Site& site, const Claims& claims, bool changes);

}  // namespace weir::admin
