// SPDX-License-Identifier: Apache-2.0
//
// A host name as the author of a list wrote it, made into the one spelling that hosts have here
// (base/host.h). Lists may use scripts other than Latin; such labels become A-labels (IDNA 2008
// with the mapping of UTS 46, non-transitional, as browsers do).
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/arena.h"

namespace weir::filters {

struct ListName {
  std::string_view name;  // an address without brackets; points into the text or the arena
  bool address = false;
  bool dotted = false;  // was written ".name" or "*.name"
};

// A name or label as A-labels, in the arena, or why there is none.
tl::expected<std::string_view, std::string> to_ascii(std::string_view text, Arena& arena);

// The error is one clause: "a host name has an empty label".
tl::expected<ListName, std::string> read_name(std::string_view text, Arena& arena);

}  // namespace weir::filters
