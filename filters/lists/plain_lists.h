// SPDX-License-Identifier: Apache-2.0
//
// All lists of a policy that are not in Adblock syntax, compiled into one structure for each sort
// of thing they name. A line is known by one number (LineIndex); who asks says by it which lists
// count.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "filters/domain_set.h"
#include "filters/lists/line_index.h"
#include "filters/lists/list.h"
#include "filters/network_set.h"
#include "filters/pattern_set.h"
#include "filters/url_prefix_set.h"

namespace weir::filters {

struct PlainLists {
  LineIndex lines;
  DomainSet names;
  UrlPrefixSet urls;
  PatternSet patterns;
  NetworkSet networks;

  std::size_t memory() const {
    return lines.memory() + names.memory() + urls.memory() + patterns.memory() + networks.memory();
  }
};

// Completes the reports of these lists; lists in Adblock syntax are passed over. What makes all of
// it unusable goes to `errors`.
PlainLists compile_plain(std::span<const List> lists, std::span<ListReport> reports,
                         std::vector<std::string>& errors);

}  // namespace weir::filters
