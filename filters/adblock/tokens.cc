// SPDX-License-Identifier: Apache-2.0
//
// Which tokens of a pattern are whole, and which are so common in URLs that they find too much.
#include "filters/adblock/tokens.h"

#include <algorithm>
#include <string>

#include "filters/adblock/parse.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {

std::uint64_t token_hash(std::string_view token) {
  std::array<char, 8> ends{};  // of a short one
  if (token.size() >= ends.size()) {
    return words::hash_of(token.data(), token.size());
  }
  token.copy(ends.data(), token.size());
  return words::hash_of(ends.data(), token.size());
}

namespace {

constexpr std::string_view kCommon[] = {
    "http",   "https", "www",     "com",    "net",     "org",    "js",      "css",    "html",
    "php",    "png",   "jpg",     "gif",    "svg",     "img",    "image",   "images", "static",
    "assets", "cdn",   "content", "api",    "min",     "js",     "id",      "de",     "co",
    "uk",     "ru",    "fr",      "io",     "v1",      "v2",     "en",      "us",     "wp",
    "0",      "1",     "2",       "media",  "files",   "script", "scripts", "json",   "ajax",
    "type",   "fonts", "webp",    "upload", "uploads", "themes", "plugins", "src",    "url",
    "s",      "p",     "a",       "c",      "b",       "i",      "t",       "v",      "x",
};

constexpr std::uint32_t kHandicap = 400;

const auto kCommonHashes = [] {
  std::array<std::uint64_t, std::size(kCommon)> out{};
  std::ranges::transform(kCommon, out.begin(), token_hash);
  std::ranges::sort(out);
  return out;
}();

void pattern_tokens(const Rule& rule, std::vector<Token>& out) {
  const auto text = rule.pattern;
  for (std::size_t i = 0; i < text.size();) {
    if (!token_char(to_lower(text[i]))) {
      ++i;
      continue;
    }
    const auto begin = i;
    while (i < text.size() && token_char(to_lower(text[i]))) {
      ++i;
    }
    const bool left = begin == 0 ? rule.start || rule.host_start : text[begin - 1] != '*';
    const bool right = i == text.size() ? rule.end || rule.shape == Shape::Host : text[i] != '*';
    if (left && right) {
      std::string token(text.substr(begin, i - begin));
      std::ranges::transform(token, token.begin(), to_lower);
      out.push_back({token_hash(token), static_cast<std::uint32_t>(begin),
                     static_cast<std::uint32_t>(token.size())});
    }
  }
}

}  // namespace

Near near_of(std::string_view pattern, std::size_t at) {
  Near out;
  const auto add = [&out](char c, unsigned shift) {
    if (c != '^' && c != '*') {
      out.bytes |= static_cast<std::uint32_t>(static_cast<unsigned char>(to_lower(c))) << shift;
      out.mask |= 0xffU << shift;
    }
  };
  if (at > 0) {
    add(pattern[at - 1], 0);
  }
  auto end = at;
  while (end < pattern.size() && token_char(to_lower(pattern[end]))) {
    ++end;
  }
  for (unsigned i = 0; i < 3 && end + i < pattern.size() && pattern[end + i] != '*'; ++i) {
    add(pattern[end + i], 8 + 8 * i);
  }
  return out;
}

namespace {

// How common a character is in URLs, roughly; 0: seldom.
std::size_t commonness_of(char c) {
  constexpr std::string_view kCommonFirst = "/.-eaotsirncldmpuhgbfwvy1k20x=_34589?&67jzq";
  const auto at = kCommonFirst.find(c);
  return at == std::string_view::npos ? 0 : kCommonFirst.size() - at;
}

}  // namespace

RarePair rare_pair(std::string_view pattern) {
  RarePair out{};
  auto least = SIZE_MAX;
  for (std::size_t i = 1; i < pattern.size(); ++i) {
    const RarePair pair{to_lower(pattern[i - 1]), to_lower(pattern[i])};
    const bool literal = std::ranges::none_of(pair, [](char c) { return c == '*' || c == '^'; });
    // The first counts more: it is what is searched for.
    const auto common = 2 * commonness_of(pair[0]) + commonness_of(pair[1]);
    if (literal && common < least) {
      least = common;
      out = pair;
    }
  }
  return out;
}

void rule_tokens(const Rule& rule, std::vector<Token>& out) {
  out.clear();
  switch (rule.shape) {
    case Shape::Any:
      return;
    case Shape::Host:
    case Shape::Plain:
    case Shape::Wild:
    case Shape::Expression:  // by its outline
      return pattern_tokens(rule, out);
  }
}

std::uint32_t commonness(std::uint64_t hash) {
  return std::ranges::binary_search(kCommonHashes, hash) ? kHandicap : 0;
}

}  // namespace weir::adblock
