// SPDX-License-Identifier: Apache-2.0
//
// What a filter may see: one request, later its destination and its response, as views. The caller
// fills it; whoever owns the bytes keeps them alive while a verdict is made. The same type serves
// the proxy, `weir explain`, `weir check` and the tests. Knows no socket and no HTTP parser.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"

namespace weir::filters {

// What a browser wants the resource for (Fetch, "request destination"), in the words of filter
// lists.
enum class ResourceKind : std::uint8_t {
  Document,
  Subdocument,
  Script,
  Stylesheet,
  Image,
  Font,
  Media,
  Object,
  Xhr,
  Ping,
  Websocket,
  CspReport,
  Other,
};

// The request's registrable domain against its page's. Unknown: another site, but not which.
enum class Party : std::uint8_t { First, Third };

// The fields of a head, wherever they live: `get` gives the nth value (from 0) of that name, ASCII
// case ignored; a view with a null data() when there is none.
struct FieldLookup {
  const void* from = nullptr;
  std::string_view (*get)(const void* from, std::string_view name, std::size_t nth) = nullptr;

  std::string_view value(std::string_view name, std::size_t nth = 0) const {
    return get == nullptr ? std::string_view() : get(from, name, nth);
  }
  bool has(std::string_view name) const { return value(name).data() != nullptr; }
};

// One bit per group or schedule of a policy; a policy has at most 64 of each.
using GroupMask = std::uint64_t;
using ScheduleMask = std::uint64_t;

struct Subject {
  // Who asks, and when.
  IpAddress client;
  GroupMask groups = 0;  // Policy::groups_of
  std::string_view user;
  std::string_view listener;
  WallTime now;

  // What for.
  std::string_view method;  // as received
  std::string_view scheme;  // "http", "https"; "tunnel" for a CONNECT to another port than 443
  std::string_view host;    // normalised (base/host.h): lower case, no trailing dot, no brackets
  std::optional<IpAddress> host_address;  // set when the host is an address
  std::uint16_t port = 0;
  // The absolute URL, normalised by url.h: scheme, host, port unless it is the scheme's, path and
  // query. "https://host/" for a CONNECT.
  std::string_view url;
  std::string_view path;         // of `url`, from the first '/', with the query; points into `url`
  bool host_only = false;        // CONNECT, or a server name: path, kind and page are not known
  std::string_view server_name;  // from a ClientHello (RFC 6066 3), normalised; empty: none seen
  bool greeting_seen = false;    // a tunnel's first bytes are known: server_name is final
  ResourceKind kind = ResourceKind::Other;
  std::string_view page_host;  // the page's host; empty: not known
  Party party = Party::First;
  FieldLookup request;
  std::optional<std::uint64_t> request_length;  // bytes of the body, where declared

  // After resolution.
  std::optional<IpAddress> destination;

  // After the response head, and the body's first bytes.
  std::uint16_t status = 0;
  FieldLookup response;
  std::string_view media_type;    // declared: "type/subtype", lower case, no parameters
  std::string_view sniffed_type;  // computed from the first bytes; empty when they were not seen
  std::string_view bytes_type;    // what those bytes show whatever was declared; empty: no sign
  std::optional<std::uint64_t> response_length;
  bool response_counted = false;  // response_length is what has passed so far; more may come
  std::span<const std::string_view> file_names;  // see file_names.h
  bool more_file_names = false;                  // there are others, of which nothing is known
};

}  // namespace weir::filters
