// SPDX-License-Identifier: Apache-2.0
//
// Tokens: the longest runs of letters and digits in a URL. A rule is found by one token that
// every URL it matches must have as a whole: bounded in the pattern by a separator or an anchor on
// each side, never by '*'.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/adblock/names.h"
#include "filters/adblock/rule.h"

namespace weir::adblock {

struct Token {
  std::uint32_t hash;
  std::uint32_t at;  // where it begins
};

constexpr bool token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr std::uint32_t kTokenSeed = 0x811c9dc5U;
constexpr std::uint32_t token_step(std::uint32_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
}
constexpr std::uint32_t token_end(std::uint32_t hash) {
  hash ^= hash >> 15U;
  hash *= 0x2c1b3c6dU;
  return hash ^ (hash >> 12U);
}
// The key of a token in an index.
constexpr std::uint64_t token_key(std::uint32_t hash) {
  return name_end(hash);
}
std::uint32_t token_hash(std::string_view token);

// The tokens by which a rule may be found; empty: none.
void rule_tokens(const Rule& rule, std::vector<Token>& out);

// How common a token is in URLs of the web, as a handicap in rules: 0 for most.
std::uint32_t commonness(std::uint32_t hash);

}  // namespace weir::adblock
