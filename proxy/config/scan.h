// SPDX-License-Identifier: Apache-2.0
//
// Reads a JSON text once, without building anything, to say whether it is JSON (RFC 8259, plus //
// and /* */ comments and nothing else), what is wrong in words a person can act on, and where every
// value and every name stands. It runs before the JSON library and guards it: nothing deeper,
// larger or stranger than the caps below gets that far. No recursion; knows no setting.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

constexpr std::size_t kJsonBytesMost = 16 * 1024 * 1024;
constexpr std::size_t kJsonDepthMost = 32;
constexpr std::size_t kJsonValuesMost = 500'000;

struct Scan {
  std::vector<std::uint32_t> values;  // where each value starts, in the order of the text
  std::vector<std::uint32_t> names;   // where each member's name starts, likewise
  // The first error; `message` is empty if the text is JSON.
  std::size_t offset = 0;
  std::string message;
  std::string remedy;
};

Scan scan_json(std::string_view text);

// The offset of the first byte that is not valid UTF-8 (RFC 3629); npos if there is none.
std::size_t find_bad_utf8(std::string_view text);

}  // namespace weir
