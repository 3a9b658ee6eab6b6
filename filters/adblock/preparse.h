// SPDX-License-Identifier: Apache-2.0
//
// Conditional parts of a list: !#if expression, !#else, !#endif, nested. Weir answers the tokens as
// uBlock Origin on Firefox would, because that is whom the lists' authors have in mind.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::adblock {

class Conditionals {
 public:
  // Takes a line that begins with "!#". True when it was a conditional.
  bool take(std::string_view line);
  // Whether lines are in force here.
  bool active() const { return off_ == 0; }

 private:
  // One bit per open !#if, the innermost lowest: whether its lines are off. Deeper nesting than
  // there are bits is off.
  std::uint64_t bits_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t off_ = 0;  // how many of the open ones are off
};

// The value of `a && !(b || c)`. An expression that cannot be read is false.
bool condition_holds(std::string_view expression);

}  // namespace weir::adblock
