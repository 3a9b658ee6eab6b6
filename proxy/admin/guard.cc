// SPDX-License-Identifier: Apache-2.0
//
// See guard.h.
#include "proxy/admin/guard.h"

#include <algorithm>

#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"
#include "proxy/http/target.h"

namespace weir::admin {
namespace {

// A page of ours has the origin that its requests have as Host.
bool is_own(std::string_view origin, const Claims& claims) {
  constexpr std::string_view kScheme = "http://";
  return claims.host && starts_with_ignoring_case(origin, kScheme) &&
         same_ignoring_case(origin.substr(kScheme.size()), *claims.host);
}

bool comes_from_elsewhere(const Claims& claims) {
  const bool sent_by_another_site = !claims.fetch_site.empty() &&
                                    claims.fetch_site != "same-origin" &&
                                    claims.fetch_site != "none";
  return sent_by_another_site || (claims.origin && !is_own(*claims.origin, claims));
}

// Forms cannot send this type, so a page of another site would have to ask us first.
bool is_json(std::string_view media_type) {
  return same_ignoring_case(trim_ows(media_type.substr(0, media_type.find(';'))), kJson);
}

}  // namespace

bool knows_host(const Site& site, std::string_view host) {
  if (!site.at) {
    return true;
  }
  Arena arena(512);
  const auto authority = http::parse_authority(host);
  if (!authority) {
    return false;
  }
  const auto found = normalise_host(authority->host, authority->bracketed, arena);
  if (!found) {
    return false;
  }
  const auto named = [&](std::string_view text) {
    return std::ranges::find(site.hosts, text) != site.hosts.end();
  };
  if (!found->address) {
    return found->name == "localhost" || named(found->name);
  }
  const IpAddress& address = *found->address;
  const IpAddress& ours = site.at->address;
  return address == IpAddress::v4(0x7f000001) || address == *IpAddress::parse("::1") ||
         address == ours || ours.is_unspecified() || named(address.text());
}

std::optional<Reply> object(const Site& site, const Claims& claims, bool changes) {
  if (claims.host && !knows_host(site, *claims.host)) {
    return refuse(421, "This is not a host of that name. Add it to admin.hosts if it is meant.");
  }
  if (changes && comes_from_elsewhere(claims)) {
    return refuse(403, "Pages of other sites may not change anything here.");
  }
  if (claims.has_body && !(claims.media_type && is_json(*claims.media_type))) {
    return refuse(415, "A body must be application/json.");
  }
  return std::nullopt;
}

}  // namespace weir::admin
