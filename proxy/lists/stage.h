// SPDX-License-Identifier: Apache-2.0
//
// May a new version of a list come into use? It is compiled alone and measured, then judged by what
// its author's slips and a server's errors look like: nothing in it, mostly faults, a web page, far
// fewer or far more rules than before, another format, or a canary that it would block. Pure: knows
// no store and no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "filters/document.h"
#include "filters/lists/list.h"

namespace weir {

// What a version comes to.
struct ListMeasure {
  filters::ListFormat format = filters::ListFormat::Auto;
  std::uint32_t rules = 0;       // in force
  std::uint32_t understood = 0;  // lines that are rules of some kind, in force or not
  std::uint32_t faulty = 0;
  std::string first_fault;      // "line 3: ..."; empty: there is none
  std::string canary;           // the first one it blocks; empty: none
  std::string canary_line;      // the text of the line that does
  std::uint32_t canary_at = 0;  // its number
};

// Why the text cannot even be read or compiled, as one clause.
tl::expected<ListMeasure, std::string> measure_list(const filters::ListDocument& list,
                                                    std::string bytes);

// Which canary the list blocks, and by which line, as one clause; empty: it blocks none. For a list
// from a file, which has no versions to be held back.
std::string why_canary(const filters::ListDocument& list, const filters::List& read);

// The version in use, as far as it matters.
struct ListBefore {
  filters::ListFormat format = filters::ListFormat::Auto;
  std::uint32_t rules = 0;
};

// Why the version is to be held back, as one clause; empty: take it. `before` is empty for the
// first version.
std::string why_held_back(const filters::ListDocument& list, const ListMeasure& now,
                          const std::optional<ListBefore>& before);

// Both: nothing but the reason, or what the new version comes to.
tl::expected<ListMeasure, std::string> stage_list(const filters::ListDocument& list,
                                                  std::string bytes,
                                                  const std::optional<ListBefore>& before);

}  // namespace weir
