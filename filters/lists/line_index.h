// SPDX-License-Identifier: Apache-2.0
//
// One number for each line of several lists, and the way back: from the number to the list, the
// line and its text. Of the places where lines begin, only every fourth is kept, or fewer where
// lines are short, so that a list of empty lines takes no more memory than its text; the rest is
// counted when somebody asks, which is after a match.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "filters/lists/list.h"
#include "filters/verdict.h"

namespace weir::filters {

class LineIndex {
 public:
  // Numbers the lines of a list, which must come in the order of their index: its line n is
  // base() + n. False when the numbers do not suffice.
  bool add(const List& list);
  std::uint32_t base() const { return lists_.back().base; }

  // Requires a number of one of the lists.
  std::uint16_t list_of(std::uint32_t number) const { return find(number).list; }
  ListHit hit(std::uint32_t number, std::span<const List> lists) const;
  std::size_t memory() const;  // bytes

 private:
  struct Numbered {
    std::uint32_t base;  // one less than its first line's number
    std::uint16_t list;
    std::uint32_t stride;
    std::vector<std::uint32_t> starts;  // of every stride-th line, from the first
  };

  const Numbered& find(std::uint32_t number) const;

  std::vector<Numbered> lists_;
  std::uint32_t next_ = 0;
};

}  // namespace weir::filters
