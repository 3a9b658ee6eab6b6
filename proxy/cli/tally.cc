// SPDX-License-Identifier: Apache-2.0
//
// See tally.h.
#include "proxy/cli/tally.h"

#include <algorithm>

namespace weir::cli {

void Tally::add(std::string_view name) {
  if (const auto found = counts_.find(name); found != counts_.end()) {
    ++found->second;
  } else if (counts_.size() < kNamesMost) {
    counts_.emplace(name, 1);
  } else {
    ++beyond_;
  }
}

std::vector<Tally::Row> Tally::top(std::size_t limit) const {
  std::vector<Row> rows;
  rows.reserve(counts_.size());
  for (const auto& [name, count] : counts_) {
    rows.push_back({name, count});
  }
  std::ranges::stable_sort(rows, std::greater{}, &Row::count);
  rows.resize(std::min(rows.size(), limit));
  return rows;
}

}  // namespace weir::cli
