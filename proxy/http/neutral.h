// SPDX-License-Identifier: Apache-2.0
//
// What a filter list's $redirect or $empty answers with in place of a blocked resource: the
// smallest valid file of its kind, so that the page goes on as if it had loaded. All are made by
// us. The scripts that some engines put in place of well-known trackers are not imitated; a script
// that does nothing stands for them.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/reply.h"

namespace weir::http {

struct Neutral {
  std::string_view media_type;  // empty for the resource that is nothing at all
  std::string_view body;
  bool none = false;   // "none": the rule asks that nothing be put in place; just block
  bool exact = false;  // the name is known; else the nearest was taken
};

// The resource that lists call `name`, under any of the names that uBlock Origin, AdGuard and
// Adblock Plus know it by; a priority behind it ("noop.js:100") is passed over. An unknown name
// that ends in ".js" is a script that does nothing, any other nothing at all. What it views lives
// as long as the program.
Neutral find_neutral(std::string_view name);

// 200 with that resource, which every site may read and nobody keeps.
std::string_view write_neutral(const Neutral& neutral, const ReplyPlan& plan, Arena& arena);

}  // namespace weir::http
