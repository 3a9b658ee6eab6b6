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
#include "proxy/base/ascii.h"

namespace weir::adblock {

struct Token {
  std::uint32_t hash;
  std::uint32_t at;    // where it begins
  std::uint32_t near;  // the byte before it and the three behind, in lower case; see Near
};

// What stands around a token of a pattern, where it is plain text: enough to turn most filters of a
// bucket away without looking at them. A byte of `mask` is 0 where any will do.
struct Near {
  std::uint32_t bytes = 0;
  std::uint32_t mask = 0;
};
// Of the token of `pattern` that begins at `at`.
Near near_of(std::string_view pattern, std::size_t at);

// The same of a URL's token, which ends at `end`; 0 beyond the URL.
constexpr std::uint32_t near_in(std::string_view url, std::size_t at, std::size_t end) {
  const auto byte = [url](std::size_t i) {
    return i < url.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(to_lower(url[i])))
                          : 0U;
  };
  return (at > 0 ? byte(at - 1) : 0U) | byte(end) << 8U | byte(end + 1) << 16U |
         byte(end + 2) << 24U;
}

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
