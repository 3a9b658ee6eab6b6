// SPDX-License-Identifier: Apache-2.0
//
// Counts by name, in bounded memory: what would change by rule, host and client. Beyond a hundred
// thousand names only the sum is kept.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

class Tally {
 public:
  static constexpr std::size_t kNamesMost = 100'000;

  struct Row {
    std::string name;
    std::uint64_t count;
  };

  void add(std::string_view name);
  // The names counted most, at most `limit` of them; equal counts in the order of the names.
  std::vector<Row> top(std::size_t limit) const;
  std::size_t names() const { return counts_.size(); }
  std::uint64_t beyond() const { return beyond_; }  // counted without a name

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t beyond_ = 0;
};

}  // namespace weir::cli
