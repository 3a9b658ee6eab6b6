// SPDX-License-Identifier: Apache-2.0
//
// From a file or a downloaded body to a List: inflated within a bound where it is gzip, its format
// found out when nobody named it. Large texts are kept in a nameless file of our own and mapped, so
// that they cost no memory while nobody looks at them. The file that was read is never mapped
// itself: who edits it in place would change rules behind the index's back, and cutting it short
// would kill the process.
#pragma once

#include <cstdint>
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

// Lets go of the pages of a mapped text, which come back by themselves when they are looked at;
// nothing for a text that is not mapped.
void forget_pages(const List& list);

// The format that most of the first lines agree with. Never Auto; Domains for an empty text.
ListFormat detect_format(std::string_view text);

std::string_view format_name(ListFormat format);

}  // namespace weir::filters
