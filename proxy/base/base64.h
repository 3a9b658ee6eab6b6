// SPDX-License-Identifier: Apache-2.0
//
// Base64 as RFC 4648 4 writes it, decoded strictly: one text for one sequence of bytes. Whoever
// compares or remembers the text may therefore compare the bytes, and the other way round. It knows
// nothing of what the bytes mean and keeps no copy of them: they may be a password.
//
// Pure; any thread; no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

// The most bytes that `characters` of Base64 can stand for.
constexpr std::size_t base64_bytes(std::size_t characters) {
  return characters / 4 * 3;
}

// Decodes `text` into the front of `out` and returns how many bytes that made. Nothing when `out`
// is too small or the text is not the one canonical spelling:
//   - any character outside A-Z a-z 0-9 + / is refused, white space and line ends too (RFC
//   4648 3.3);
//   - padding is required (3.2) and stands at the very end only;
//   - bits that padding leaves over must be zero (3.5).
// After a refusal `out` may hold some of the bytes. Cost: linear in `text`.
std::optional<std::size_t> decode_base64(std::string_view text, std::span<char> out);

}  // namespace weir
