// SPDX-License-Identifier: Apache-2.0
//
// From a file or a downloaded body to a List: mapped or, where it is gzip, inflated within a bound;
// its format found out when nobody named it.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/lists/list.h"

namespace weir::filters {

// An error is one clause with what was wrong, such as "it is larger than 64 MiB".
tl::expected<List, std::string> read_list_file(const std::string& path, ListFormat format,
                                               std::uint64_t max_bytes);
tl::expected<List, std::string> read_list_text(std::string text, ListFormat format,
                                               std::uint64_t max_bytes);

// The format that most of the first lines agree with. Never Auto; Domains for an empty text.
ListFormat detect_format(std::string_view text);

std::string_view format_name(ListFormat format);

}  // namespace weir::filters
