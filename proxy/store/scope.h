// SPDX-License-Identifier: Apache-2.0
//
// What an operator means by "these": one URL, a host, whatever begins alike, what carries a tag, or
// all. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/http/message.h"

namespace weir::store {

struct Scope {
  enum class Kind : std::uint8_t { Url, Host, Prefix, Tag, All };
  Kind kind = Kind::All;
  // Url and Prefix: in the spelling of cache/key.h. Host: normalised, ".example.com" with all
  // hosts below it, ":8080" behind it for one port. Tag: as it is.
  std::string text;
};

// From what somebody has written. The error is a sentence.
tl::expected<Scope, std::string> make_scope(Scope::Kind kind, std::string_view written);

// Is what is stored under that key, with these fields, meant?
bool covers(const Scope& scope, std::string_view key, const http::Fields& stored);

// The tags of a stored response: what Surrogate-Key and Cache-Tag list, between spaces or commas,
// each once.
std::vector<std::string_view> tags_of(const http::Fields& stored);

}  // namespace weir::store
