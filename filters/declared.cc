// SPDX-License-Identifier: Apache-2.0
//
// See declared.h.
#include "filters/declared.h"

#include <algorithm>

#include "filters/body/sniff.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// Cuts the first element off a list; commas within quotes are none.
std::string_view take_element(std::string_view& list) {
  const std::size_t end = find_unquoted(list, ',');
  const std::string_view element = trim_ows(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

}  // namespace

std::string_view declared_type(const FieldLookup& response) {
  std::string_view out = response.value("Content-Type");
  for (std::size_t nth = 0;; ++nth) {
    std::string_view line = response.value("Content-Type", nth);
    if (line.data() == nullptr) {
      return out;
    }
    while (!line.empty()) {
      const std::string_view element = take_element(line);
      const std::string_view type = bare_type(element);
      out = type.find('/') != npos && type != "*/*" ? element : out;
    }
  }
}

std::string_view declared_media_type(const FieldLookup& response, Arena& arena) {
  const std::string_view type = bare_type(declared_type(response));
  if (std::ranges::none_of(type, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return type;
  }
  char* const out = arena.allocate(type.size());
  std::ranges::transform(type, out, to_lower);
  return {out, type.size()};
}

}  // namespace weir::filters
