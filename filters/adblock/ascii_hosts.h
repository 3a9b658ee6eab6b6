// SPDX-License-Identifier: Apache-2.0
//
// Host names in filters that are written in scripts other than Latin. On the wire, and so in every
// URL that is judged, such names stand as A-labels: a filter that keeps its author's spelling would
// count as loaded and never match. Paths are another matter: there, browsers percent-encode.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::adblock {

inline constexpr char kNoAsciiName[] = "a host name cannot be written in ASCII";

// Whether any byte is beyond ASCII.
bool has_foreign(std::string_view text);

// The name with each such label made ASCII, others as they are; nothing: a label is no IDNA label,
// or has a '*' in it, so that nobody can tell what it becomes.
std::optional<std::string> ascii_name(std::string_view name);

// One network filter, bare host or hosts-file line with the host that it names made ASCII. False:
// that cannot be done. Names in options are left to whoever reads those (host_sets.h).
bool ascii_host(std::string_view line, std::string& out);

}  // namespace weir::adblock
