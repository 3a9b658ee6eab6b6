// SPDX-License-Identifier: Apache-2.0
//
// The query of a URL as name=value pairs between '&' (WHATWG URL, form-urlencoded): walked in
// place, decoded only where it has to be compared.
#pragma once

#include <string_view>
#include <vector>

#include "proxy/base/arena.h"

namespace weir::filters {

struct Parameter {
  std::string_view whole;  // "name=value" as written
  std::string_view name;
  std::string_view value;  // empty also when there is no '='
};

// The part behind the first '?'; a view with a null data() when there is none.
std::string_view query_of(std::string_view path);
std::string_view path_alone(std::string_view path);

// Escapes and '+' undone. The text itself when it has none, else a copy in the arena.
std::string_view decode_query(std::string_view text, Arena& arena);

// Calls `use(parameter)` for each, empty ones too; stops when it returns false.
template <class Use>
void each_parameter(std::string_view query, Use use) {
  while (true) {
    const auto end = query.find('&');
    const std::string_view whole = query.substr(0, end);
    const auto equals = whole.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : whole.substr(equals + 1);
    if (!use(Parameter{whole, whole.substr(0, equals), value}) || end == std::string_view::npos) {
      return;
    }
    query.remove_prefix(end + 1);
  }
}

// Two copies of `url` from each of which parameters were taken out: what both still have. `one`
// itself when that is all of it.
std::string_view left_by_both(std::string_view url, std::string_view one, std::string_view other,
                              Arena& arena);

// The parameters of `url` that `left`, a copy from which some were taken out, lacks; sorted.
std::vector<std::string_view> taken_out(std::string_view url, std::string_view left);

// The path without dot segments (RFC 3986 5.2.4), as an origin reads it; the path itself when it
// has none. The query is left out.
std::string_view resolved_path(std::string_view path, Arena& arena);
// The same of the path in which runs of slashes are one slash, as many origins read it.
// resolved_path's own result when there is no such run and there are no dots.
std::string_view merged_path(std::string_view path, Arena& arena);

}  // namespace weir::filters
