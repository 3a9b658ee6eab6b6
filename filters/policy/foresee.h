// SPDX-License-Identifier: Apache-2.0
//
// What a policy may decide about a request that is known only in part, as an access log tells it:
// every decision that fits what is known, and what would have to be known to tell them apart. It
// goes through the phases as the proxy does; a condition that nobody tells the answer of may hold
// and may not. For commands: it allocates as it likes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/document.h"
#include "filters/subject.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// What the proxy knew and the teller of a request does not.
struct Unknown {
  std::uint64_t answers = 0;                   // a bit per ConditionKind: any answer is possible
  std::uint64_t denials = 0;                   // likewise: that it does not hold may be wrong
  std::vector<std::string_view> fields_known;  // with RequestField in `answers`: not these
  GroupMask groups = 0;  // that the client may be in besides those of the subject
  bool kind = false;     // what the request was for, and so whether lists look at it so or so
  bool page = false;     // whose page it was made from

  static constexpr std::uint64_t bit(ConditionKind kind) {
    return std::uint64_t{1} << static_cast<unsigned>(kind);
  }
};

enum class Fate : std::uint8_t { Passes, Blocked, Redirected };

struct Foreseen {
  bool possible[3] = {false, false, false};  // by Fate
  bool retyped = false;  // a rule may have changed the answer's Content-Type on its way out
  std::uint32_t rule = UINT32_MAX;  // that decides, if one fate is possible
  // Else the first rule that may make the difference, and its condition that is not known.
  std::uint32_t open_rule = UINT32_MAX;
  std::string open_condition;

  // The only possible one; nothing when there are several.
  bool sure() const { return possible[0] + possible[1] + possible[2] == 1; }
  Fate fate() const {
    return possible[0] ? Fate::Passes : possible[1] ? Fate::Blocked : Fate::Redirected;
  }
};

}  // namespace weir::filters
