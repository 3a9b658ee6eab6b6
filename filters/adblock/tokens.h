// SPDX-License-Identifier: Apache-2.0
//
// Tokens: the longest runs of letters and digits in a URL. A rule is found by one token that
// every URL it matches must have as a whole: bounded in the pattern by a separator or an anchor on
// each side, never by '*'.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "filters/adblock/names.h"
#include "filters/adblock/rule.h"
#include "proxy/base/ascii.h"
#include "proxy/base/vector.h"

namespace weir::adblock {

struct Token {
  std::uint64_t hash;
  std::uint32_t at;  // where it begins
  std::uint32_t size;
};

// What stands around a token of a pattern, where it is plain text: enough to turn most filters of a
// bucket away without looking at them. A byte of `mask` is 0 where any will do.
struct Near {
  std::uint32_t bytes = 0;
  std::uint32_t mask = 0;
};
// Of the token of `pattern` that begins at `at`.
Near near_of(std::string_view pattern, std::size_t at);
// The same of a URL's token: the byte before it and the three behind, in lower case. `text` is what
// each_token() has left behind the first byte of its room.
inline std::uint32_t near_in(const char* text, const Token& token) {
  const char* const begin = text + token.at;
  const char* const end = begin + token.size;
  const auto byte = [](char c) { return std::uint32_t{static_cast<unsigned char>(c)}; };
  return byte(begin[-1]) | byte(end[0]) << 8U | byte(end[1]) << 16U | byte(end[2]) << 24U;
}

constexpr bool token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// What tokens are hashed with. It is drawn anew in each process: who writes a list or a URL cannot
// have its words fall together.
struct TokenKeys {
  std::uint64_t first;
  std::uint64_t last;
};
const TokenKeys& token_keys();

std::uint64_t token_hash(std::string_view token, const TokenKeys& keys);

// Calls `use(token)` for each token of `url`, in order. `room`, of room_for(url.size()) bytes,
// takes the URL in lower case, which begins behind its first byte.
constexpr std::size_t kTokenBlock = 64;  // bytes taken at a time
constexpr std::size_t room_for(std::size_t url) {
  return 1 + (url / kTokenBlock + 1) * kTokenBlock + sizeof(std::uint64_t);
}
template <class Use>
void each_token(std::string_view url, char* room, Use use);

// Two characters that stand together in a pattern, in lower case, those that URLs have most seldom;
// NULs if there are none.
using RarePair = std::array<char, 2>;
RarePair rare_pair(std::string_view pattern);

// A token of a pattern. `plain` is the same in every process, for what must not hang on chance.
struct PatternToken {
  std::uint64_t hash;
  std::uint64_t plain;
  std::uint32_t at;  // where it begins
};

// The tokens by which a rule may be found; empty: none.
void rule_tokens(const Rule& rule, std::vector<PatternToken>& out);

// How common a token is in URLs of the web, as a handicap in rules: 0 for most.
std::uint32_t commonness(std::uint64_t plain);

// A token is hashed by its first eight bytes, its last eight and its length: what else it holds is
// left to the comparison with the pattern.
namespace words {

inline std::uint64_t hash(std::uint64_t first, std::uint64_t last, std::uint64_t size,
                          const TokenKeys& keys) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{first ^ keys.first} * ((last + (size << 56U)) ^ keys.last);
  const auto folded =
      static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  return folded * 0x9e3779b97f4a7c15ULL ^ folded >> 32U;
}
// Of the token there; eight bytes can be read from its beginning on.
inline std::uint64_t hash_of(const char* token, std::size_t size, const TokenKeys& keys) {
  const bool whole = size >= 8;
  const std::uint64_t mask = whole ? ~0ULL : (1ULL << (8 * (size & 7U))) - 1;
  return hash(load_word(token) & mask, load_word(token + (whole ? size - 8 : 0)) & mask, size,
              keys);
}

}  // namespace words

// Makes the bytes lower case. Where they are those of tokens.
inline Vector lower_tokens(char* bytes) {
  Vector all = load_vector(bytes);
  all |= in_range(all, 'A', 'Z') & static_cast<std::uint8_t>('a' - 'A');
  store_vector(all, bytes);
  return in_range(all, 'a', 'z') | in_range(all, '0', '9');
}

template <class Use>
void each_token(std::string_view url, char* room, Use use) {
  char* const text = room + 1;
  room[0] = '\0';
  url.copy(text, url.size());
  std::memset(text + url.size(), 0, room_for(url.size()) - 1 - url.size());
  const TokenKeys keys = token_keys();
  std::uint64_t before = 0;  // 1: the last byte of the block before is one of a token
  std::size_t begin = 0;
  for (std::size_t block = 0; block <= url.size(); block += kTokenBlock) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < kTokenBlock && block + i < url.size(); i += sizeof(Vector)) {
      bits |= bit_mask(lower_tokens(text + block + i)) << i;
    }
    // A bit where a token begins, and one where it ends.
    for (auto edges = bits ^ (bits << 1U | before); edges != 0; edges &= edges - 1) {
      const std::size_t at = block + static_cast<std::size_t>(std::countr_zero(edges));
      if ((bits >> (at - block) & 1U) != 0) {
        begin = at;
      } else {
        use(Token{words::hash_of(text + begin, at - begin, keys), static_cast<std::uint32_t>(begin),
                  static_cast<std::uint32_t>(at - begin)});
      }
    }
    before = bits >> 63U;
  }
}

}  // namespace weir::adblock
