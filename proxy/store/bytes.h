// SPDX-License-Identifier: Apache-2.0
//
// Numbers in files: little-endian, wherever they lie. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::store {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

// Requires that the number lies inside.
template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number out{};
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

template <class Number>
void put_number(std::string& bytes, std::size_t at, Number value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class Number>
void append_number(std::string& bytes, Number value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

constexpr std::uint64_t eights(std::uint64_t n) {
  return (n + 7) / 8 * 8;
}

}  // namespace weir::store
