// SPDX-License-Identifier: Apache-2.0
//
// A request to the admin interface and the reply to it, as values: what handlers take and give. A
// reply may be text that is there, text made in pieces as the client takes it, or one that comes
// later. Knows no socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace weir::admin {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";

struct Request {
  http::Method method = http::Method::Get;  // Head has become Get
  std::string_view path;                    // without its query
  std::string_view query;                   // behind the question mark; percent-encoded
  std::string_view body;                    // whole; its type is JSON, by the word of the client

  // The first value of that name, decoded; nothing if there is none. "a" and "a=" have the empty
  // value. Requires well_encoded(query), which holds for every request that reaches a handler.
  std::optional<std::string> parameter(std::string_view name) const;
  // A parameter that is a plain number up to `most`; `fallback` when there is none. Nothing when
  // it is something else.
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t fallback,
                                      std::uint64_t most) const;
};

struct Reply {
  std::uint16_t status = 200;
  std::string_view media_type = kJson;  // static
  std::string body;
  std::string_view allow{};  // of a 405: the methods there are; static

  // Where a reply is long: called again and again behind `body`, whenever the client has taken what
  // was made before. Appends the next piece, some 64 KiB or less; false when it was the last.
  // Between two calls other requests are served, so it should do a bounded piece of work.
  std::function<bool(std::string&)> more;

  // Where a reply takes time: asked every few hundredths of a second until it gives the reply; what
  // stands here otherwise does not count then.
  std::function<std::optional<Reply>()> later;
};

// Whether every "%" is followed by two hexadecimal digits.
bool well_encoded(std::string_view query);

// {"error": "..."}, with a sentence.
Reply refuse(std::uint16_t status, std::string_view sentence);

}  // namespace weir::admin
