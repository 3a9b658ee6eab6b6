// SPDX-License-Identifier: Apache-2.0
//
// The names of a domains or hosts list, read once more from its text.
#pragma once

#include "filters/lists/parse_list.h"

namespace weir::filters {

inline bool lists_names(const List& list) {
  return list.format == ListFormat::Domains || list.format == ListFormat::Hosts;
}

inline void each_name(const List& list, const Taker<std::string_view>& take) {
  ListReport unused;
  if (list.format == ListFormat::Hosts) {
    parse_hosts(list.text, unused, take);
  } else {
    parse_domains(list.text, unused, take);
  }
}

}  // namespace weir::filters
