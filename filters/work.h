// SPDX-License-Identifier: Apache-2.0
//
// How much a question may still cost. Whoever writes a list chooses how many of its rules one URL
// meets, and how dear each is to try; what they may spend is bounded all the same. A step is about
// a byte compared or an entry looked at: a nanosecond or two. Counted and not timed, so that the
// same question always ends the same way.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::filters {

class Work {
 public:
  explicit constexpr Work(std::uint32_t most) : left_(most) {}

  // False once more was asked for than there was, and from then on.
  constexpr bool spend(std::size_t steps) {
    if (steps >= left_) {
      left_ = 0;
      return false;
    }
    left_ -= static_cast<std::uint32_t>(steps);
    return true;
  }
  constexpr bool spent() const { return left_ == 0; }
  constexpr std::uint32_t left() const { return left_; }

 private:
  std::uint32_t left_;
};

}  // namespace weir::filters
