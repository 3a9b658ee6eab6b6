// SPDX-License-Identifier: Apache-2.0
//
// Which tokens of a pattern are whole, and which are so common in URLs that they find too much.
#include "filters/adblock/tokens.h"

#include <algorithm>
#include <string>
#include <utility>

#include "filters/adblock/parse.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {

const TokenKeys& token_keys() {
  static const TokenKeys keys{filters::hash_spread(filters::hash_point()),
                              filters::hash_spread(filters::hash_point() + 1)};
  return keys;
}

std::uint64_t token_hash(std::string_view token, const TokenKeys& keys) {
  std::array<char, 8> ends{};  // of a short one
  if (token.size() >= ends.size()) {
    return words::hash_of(token.data(), token.size(), keys);
  }
  token.copy(ends.data(), token.size());
  return words::hash_of(ends.data(), token.size(), keys);
}

namespace {

constexpr TokenKeys kPlainKeys{0xd6e8feb86659fd93ULL, 0xbf58476d1ce4e5b9ULL};

struct Common {
  std::string_view token;
  std::uint32_t share;
};

// In how many of a thousand URLs of the web a token stands, about; one in fifty and more.
constexpr Common kCommon[] = {
    {"https", 800}, {"com", 680},   {"js", 360},     {"http", 300},  {"www", 220},
    {"1", 170},     {"net", 150},   {"0", 130},      {"3a", 90},     {"2f", 80},
    {"static", 80}, {"2", 70},      {"jpg", 70},     {"v", 70},      {"id", 60},
    {"de", 55},     {"css", 55},    {"cdn", 55},     {"s", 50},      {"a", 50},
    {"google", 50}, {"min", 50},    {"2fwww", 50},   {"images", 50}, {"cb", 45},
    {"html", 45},   {"ads", 40},    {"t", 40},       {"r", 40},      {"g", 40},
    {"ru", 35},     {"assets", 35}, {"en", 35},      {"u", 35},      {"png", 35},
    {"us", 30},     {"url", 30},    {"img", 30},     {"8", 30},      {"c", 30},
    {"i", 30},      {"php", 30},    {"5", 30},       {"d", 30},      {"w", 30},
    {"p", 25},      {"api", 25},    {"content", 25}, {"b", 25},      {"x", 20},
    {"v1", 20},     {"v2", 20},     {"co", 20},      {"uk", 20},     {"gif", 20},
    {"media", 20},  {"type", 20},   {"fr", 20},      {"org", 20},    {"fonts", 20},
    {"json", 20},   {"svg", 20},    {"webp", 20},    {"script", 20}, {"scripts", 20},
    {"ajax", 20},   {"upload", 20}, {"uploads", 20}, {"themes", 20}, {"plugins", 20},
    {"files", 20},  {"src", 20},    {"wp", 20},      {"io", 20},     {"image", 20},
};

// A token in one of a thousand URLs has about so many rules.
constexpr std::uint32_t kRulesAShare = 20;

using CommonHash = std::pair<std::uint64_t, std::uint32_t>;
const auto kCommonHashes = [] {
  std::array<CommonHash, std::size(kCommon)> out{};
  std::ranges::transform(kCommon, out.begin(), [](const Common& one) {
    return CommonHash(token_hash(one.token, kPlainKeys), one.share * kRulesAShare);
  });
  std::ranges::sort(out);
  return out;
}();

void pattern_tokens(const Rule& rule, std::vector<PatternToken>& out) {
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
      out.push_back({token_hash(token, token_keys()), token_hash(token, kPlainKeys),
                     static_cast<std::uint32_t>(begin)});
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

void rule_tokens(const Rule& rule, std::vector<PatternToken>& out) {
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

std::uint32_t commonness(std::uint64_t plain) {
  const auto at = std::ranges::lower_bound(kCommonHashes, plain, {}, &CommonHash::first);
  return at != kCommonHashes.end() && at->first == plain ? at->second : 0;
}

}  // namespace weir::adblock
