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
  constexpr Outcomes operator&(Outcomes other) const;
  constexpr Outcomes operator|(Outcomes other) const;

 private:
  explicit constexpr Outcomes(std::uint8_t bits) : bits_(bits) {}
  std::uint8_t bits_;
};

namespace detail {
using OutcomeTable = std::array<std::array<std::uint8_t, 8>, 8>;

constexpr OutcomeTable combine_outcomes(bool lesser) {
  OutcomeTable out{};
  for (unsigned bits = 0; bits < 8 * 8 * 9; ++bits) {
    const unsigned left = bits / 9 / 8;
    const unsigned right = bits / 9 % 8;
    const unsigned a = bits % 9 / 3;
    const unsigned b = bits % 3;
    const bool both = (left >> a & 1) != 0 && (right >> b & 1) != 0;
    const unsigned bit = both ? 1U << (lesser ? std::min(a, b) : std::max(a, b)) : 0U;
    out[left][right] = static_cast<std::uint8_t>(out[left][right] | bit);
  }
  return out;
}
inline constexpr OutcomeTable kBothOutcomes = combine_outcomes(true);
inline constexpr OutcomeTable kEitherOutcome = combine_outcomes(false);
}  // namespace detail

constexpr Outcomes Outcomes::operator&(Outcomes other) const {
  return Outcomes(detail::kBothOutcomes[bits_][other.bits_]);
}

constexpr Outcomes Outcomes::operator|(Outcomes other) const {
  return Outcomes(detail::kEitherOutcome[bits_][other.bits_]);
}

}  // namespace weir::filters
