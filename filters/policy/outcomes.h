// SPDX-License-Identifier: Apache-2.0
//
// What a condition may turn out to be, as a set: it holds, it does not, or nobody will ever know (a
// tunnel's path). A set of one is an answer; a larger one waits for a later phase. Combining the
// sets member by member makes `not`, `any` and `all` exact without a case for each pair.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::filters {

class Outcomes {
 public:
  static constexpr Outcomes no() { return Outcomes(1); }
  static constexpr Outcomes never() { return Outcomes(2); }  // not to be known of this subject
  static constexpr Outcomes yes() { return Outcomes(4); }
  static constexpr Outcomes open() { return Outcomes(7); }  // a later phase tells
  static constexpr Outcomes of(bool holds) { return holds ? yes() : no(); }

  constexpr bool holds() const { return bits_ == 4; }
  constexpr bool fails() const { return bits_ == 1; }
  constexpr bool may_hold() const { return (bits_ & 4) != 0; }
  constexpr bool operator==(const Outcomes&) const = default;

  constexpr Outcomes operator!() const {
    return Outcomes(
        static_cast<std::uint8_t>((bits_ & 2) | ((bits_ & 1) << 2) | ((bits_ & 4) >> 2)));
  }
  // No < never < yes: the lesser of both decides `and`, the greater `or`.
  constexpr Outcomes operator&(Outcomes other) const { return each(other, true); }
  constexpr Outcomes operator|(Outcomes other) const { return each(other, false); }

 private:
  explicit constexpr Outcomes(std::uint8_t bits) : bits_(bits) {}
  constexpr Outcomes each(Outcomes other, bool lesser) const {
    unsigned out = 0;
    for (unsigned a = 0; a < 3; ++a) {
      for (unsigned b = 0; b < 3; ++b) {
        const bool both = ((bits_ >> a) & 1) != 0 && ((other.bits_ >> b) & 1) != 0;
        out |= both ? 1U << (lesser ? std::min(a, b) : std::max(a, b)) : 0U;
      }
    }
    return Outcomes(static_cast<std::uint8_t>(out));
  }

  std::uint8_t bits_;
};

}  // namespace weir::filters
