// SPDX-License-Identifier: Apache-2.0
//
// gzip (RFC 1952), one member or several, inflated whole and within a bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace weir::filters {

inline bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");
}

// Never produces more than `most` bytes. The error is one clause: "its gzip data is cut short".
tl::expected<std::string, std::string> inflate_gzip(std::string_view bytes, std::uint64_t most);

// "it is larger than 64 MiB", in the largest unit that fits.
std::string too_large(std::uint64_t most);

}  // namespace weir::filters
