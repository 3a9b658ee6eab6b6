// SPDX-License-Identifier: Apache-2.0
//
// One filter list as text, and the report of what was made of it. The text stays for as long as
// the policy lives, so that a verdict can show the very line that decided; a line is found by its
// offset. Texts read from files are mapped, not copied.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/document.h"

namespace weir::filters {

struct List {
  std::uint16_t index = 0;  // position in the policy's lists
  std::string name;
  ListFormat format = ListFormat::Auto;  // never Auto once read
  bool dry_run = false;
  std::string_view text;              // whole, decompressed, UTF-8 not guaranteed
  std::shared_ptr<const void> owner;  // keeps `text` alive
  bool mapped = false;  // `text` lies in a file of our own: see forget_pages in read_list.h
};

struct ListFault {
  std::uint32_t line = 0;
  std::string reason;  // one clause: "a host name has an empty label"
};

constexpr std::size_t kListFaultsMost = 100;  // kept; all are counted

struct ListReport {
  std::string name;
  ListFormat format = ListFormat::Auto;
  std::uint32_t lines = 0;
  std::uint32_t comments = 0;
  std::uint32_t rules = 0;                           // in force
  std::uint32_t cosmetic = 0;                        // what a proxy cannot do
  std::map<std::string, std::uint32_t> unsupported;  // by option or kind
  std::uint32_t faulty = 0;                          // lines that are no rule at all
  std::uint32_t duplicates = 0;                      // already given by this or another list
  std::uint32_t disabled = 0;                        // by $badfilter or a conditional
  std::vector<ListFault> faults;                     // the first ones
};

}  // namespace weir::filters
