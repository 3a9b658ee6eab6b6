// SPDX-License-Identifier: Apache-2.0
//
// A line being written into memory that somebody else owns: a cursor that never passes the end.
// Numbers are printed by hand because this runs once per exchange. Nothing is escaped here
// (escape.h does) and nothing is allocated; what does not fit is left out, and left() says so
// beforehand.
//
// A value on the stack of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

class Line {
 public:
  // `room` must outlive the line.
  explicit Line(std::span<char> room)
      : begin_(room.data()), at_(room.data()), end_(room.data() + room.size()) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view text() const { return {begin_, size()}; }

  void put(char c) {
    if (at_ != end_) {
      *at_++ = c;
    }
  }
  void put(std::string_view bytes);

  // Decimal digits.
  void number(std::uint64_t value);
  // Exactly `width` decimal digits, zeros in front; higher digits are lost. `width` is at most 20.
  void digits(std::uint64_t value, unsigned width);
  // Sixteen hexadecimal digits.
  void hex16(std::uint64_t value);
  // Right-aligns what was written since `start` (an earlier size()) in a column of `width`.
  void pad_left(std::size_t start, std::size_t width);
  // Forgets everything written after `size`, which must not exceed size().
  void shorten(std::size_t size) { at_ = begin_ + size; }

 private:
  char* begin_;
  char* at_;
  char* end_;
};

}  // namespace weir
