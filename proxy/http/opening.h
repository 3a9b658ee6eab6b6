// SPDX-License-Identifier: Apache-2.0
//
// Whether a connection whose purpose is not known opens with an HTTP/1 request (RFC 9112 3), or
// with what a lenient server might take for one. A pure function of the bytes received so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

enum class Opening : std::uint8_t {
  Unclear,  // may become a request or anything else; no server takes it for a whole line
  Begun,    // begins as only a request does; its first line is not whole
  Http,     // a request line, or a beginning of one that is too long: for the parser to judge
  Other,
};

// `in`: everything received; `longest`: the limit of a request line.
Opening opening_of(std::string_view in, std::size_t longest);

// The same where nothing follows: Http or Other.
Opening last_opening_of(std::string_view in);

}  // namespace weir::http
