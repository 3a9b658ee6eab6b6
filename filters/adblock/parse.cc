// SPDX-License-Identifier: Apache-2.0
//
// What a line is (comment, cosmetic, host name, network filter), and a network filter's pattern.
// Its options are read in parse_options.cc.
#include "filters/adblock/parse.h"

#include <algorithm>

#include "filters/adblock/ascii_hosts.h"
#include "filters/adblock/parse_options.h"
#include "filters/url.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The separators between domains and what is done to a page: ##, #@#, #?#, #$#, #%# and their
// combinations, with something behind.
bool cosmetic(std::string_view text) {
  for (auto at = text.find('#'); at != npos; at = text.find('#', at + 1)) {
    auto next = at + 1;
    next += next < text.size() && text[next] == '@' ? 1U : 0U;
    if (text.substr(next).starts_with("$?")) {
      next += 2;
    } else if (next < text.size() &&
               (text[next] == '$' || text[next] == '%' || text[next] == '?')) {
      ++next;
    }
    if (next + 1 < text.size() && text[next] == '#') {
      return true;
    }
  }
  return false;
}

bool comment(std::string_view text) {
  return text.empty() || text.front() == '!' || text.front() == '#' ||
         (text.front() == '[' && text.back() == ']' &&
          (text.starts_with("[A") || text.starts_with("[u") ||
           starts_with_ignoring_case(text, "[adblock") ||
           starts_with_ignoring_case(text, "[adguard")));
}

// Where a comment at the end of a network filter begins.
std::string_view without_comment(std::string_view text) {
  for (auto at = text.find('#'); at != npos; at = text.find('#', at + 1)) {
    if (at > 0 && blank(text[at - 1])) {
      return trim(text.substr(0, at));
    }
  }
  return text;
}

bool is_expression(std::string_view pattern) {
  return pattern.size() > 2 && pattern.front() == '/' && pattern.back() == '/';
}

// Where the options begin: at the last '$' that can begin some. npos: there are none. '$' belongs
// to an expression before ')', '|' and '/', and escaped.
std::size_t options_at(std::string_view text) {
  for (auto at = text.rfind('$'); at != npos; at = at == 0 ? npos : text.rfind('$', at - 1)) {
    if (at + 1 == text.size()) {
      return npos;
    }
    const char after = text[at + 1];
    const char before = at == 0 ? '\0' : text[at - 1];
    if (after != ')' && after != '/' && after != '|' && before != '\\') {
      return at;
    }
  }
  return npos;
}

// Takes anchors and pointless wildcards off a pattern.
std::string_view strip_anchors(std::string_view pattern, Rule& rule) {
  const auto anchors_at = [](std::string_view rest) {
    return !rest.empty() && (letter_or_digit(rest.front()) || rest.front() == '%');
  };
  if (pattern.starts_with("||")) {
    pattern.remove_prefix(2);
    rule.host_start = anchors_at(pattern);
  } else if (pattern.starts_with("|")) {
    pattern.remove_prefix(1);
    rule.start = anchors_at(pattern);
  }
  if (pattern.ends_with("|")) {
    pattern.remove_suffix(1);
    rule.end = !pattern.ends_with("*");
  }
  if (pattern.starts_with("*")) {
    pattern.remove_prefix(std::min(pattern.find_first_not_of('*'), pattern.size()));
    rule.host_start = rule.start = false;
  }
  if (!rule.end) {
    while (pattern.ends_with("*") || pattern.ends_with("*^")) {
      pattern.remove_suffix(1);
    }
  }
  return pattern;
}

Shape shape_of(std::string_view pattern, const Rule& rule) {
  if (pattern.empty()) {
    return Shape::Any;
  }
  if (rule.host_start && !rule.end && pattern.back() == '^' &&
      plain_host(pattern.substr(0, pattern.size() - 1))) {
    return Shape::Host;
  }
  return pattern.find('*') == npos ? Shape::Plain : Shape::Wild;
}

// As URLs are when they are judged (see filters/url.h): every byte beyond ASCII percent-encoded,
// escapes of what needs none undone, the others in capitals; then all in lower case.
void normalise(std::string_view pattern, bool keep_case, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    auto byte = static_cast<unsigned char>(pattern[i]);
    const bool escape =
        byte == '%' && i + 2 < pattern.size() && all(pattern.substr(i + 1, 2), kHexDigit);
    if (escape) {
      byte = static_cast<unsigned char>(hex_value(pattern[i + 1]) * 16 + hex_value(pattern[i + 2]));
      i += 2;
    }
    if (byte >= 0x80 || (escape && !filters::unreserved(static_cast<char>(byte)))) {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += static_cast<char>(byte);
    }
  }
  if (!keep_case) {
    std::ranges::transform(out, out.begin(), to_lower);
  }
}

bool needs_normalising(std::string_view pattern, bool keep_case) {
  return std::ranges::any_of(pattern, [keep_case](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || c == '%' ||
           (!keep_case && c >= 'A' && c <= 'Z');
  });
}

Line faulty(std::string_view why) {
  Line out;
  out.kind = LineKind::Faulty;
  out.why = why;
  return out;
}

Line host_rule(std::string_view name) {
  Line out;
  out.kind = LineKind::Rule;
  out.rule.shape = Shape::Host;
  out.rule.host_start = true;
  out.rule.pattern = name;
  return out;
}

}  // namespace

bool plain_host(std::string_view text) {
  if (text.empty() || !letter_or_digit(text.back())) {
    return false;
  }
  char before = '.';
  for (const char c : text) {
    const bool dot = c == '.';
    if (before == '.' ? !letter_or_digit(c) && c != '_'
                      : !letter_or_digit(c) && c != '-' && c != '_' && !dot) {
      return false;
    }
    before = c;
  }
  return true;
}

std::string_view bare_host(std::string_view line) {
  if (plain_host(line)) {  // "_ad.js" is a pattern
    return line.find('.') == npos || line.front() == '_' ? std::string_view() : line;
  }
  const auto space = line.find_first_of(" \t");
  if (space == npos) {
    return {};
  }
  const auto sink = line.substr(0, space);
  const auto name = trim(line.substr(space));
  if (sink.find_first_not_of("0123456789abcdefABCDEF.:%[]") != npos || !plain_host(name)) {
    return {};
  }
  const bool itself = name == "0.0.0.0" || name == "broadcasthost" || name == "local" ||
                      name.starts_with("localhost") || name.starts_with("ip6-");
  return itself ? name.substr(0, 0) : name;
}

Line LineParser::parse(std::string_view text) {
  text = trim(text);
  if (comment(text)) {
    const bool hides = text.size() > 2 && text.front() == '#' && !blank(text[1]) &&
                       cosmetic(text) && !text.starts_with("####");
    Line out;
    out.kind = hides ? LineKind::Cosmetic : LineKind::Nothing;
    return out;
  }
  if (text.find('#') != npos) {
    if (cosmetic(text)) {
      Line out;
      out.kind = LineKind::Cosmetic;
      return out;
    }
    text = without_comment(text);
  }
  if (has_foreign(text)) {
    if (!ascii_host(text, ascii_)) {
      return faulty(kNoAsciiName);
    }
    text = ascii_;
  }
  // The commonest line of all, without a detour.
  if (text.starts_with("||") && text.back() == '^' && plain_host(text.substr(2, text.size() - 3))) {
    Line out = host_rule(text.substr(2, text.size() - 3));
    if (needs_normalising(out.rule.pattern, false)) {
      normalise(out.rule.pattern, false, pattern_);
      out.rule.pattern = pattern_;
    }
    return out;
  }
  if (const auto host = bare_host(text); host.data() != nullptr) {
    if (host.empty()) {
      return {};
    }
    normalise(host, false, pattern_);
    return host_rule(pattern_);
  }
  return network(text);
}

Line LineParser::network(std::string_view text) {
  Line out;
  out.kind = LineKind::Rule;
  Rule& rule = out.rule;
  if (text.starts_with("@@")) {
    rule.exception = true;
    text.remove_prefix(2);
  }
  auto options = options_at(text);
  if (options != npos && is_expression(text) && !looks_like_options(text.substr(options + 1))) {
    options = npos;  // the '$' is the expression's own
  }
  auto pattern = text.substr(0, options);
  if (pattern.ends_with("$") && options != npos) {
    out.kind = LineKind::Cosmetic;  // "$$": what AdGuard removes from pages
    return out;
  }
  if (options != npos) {
    read_options(text.substr(options + 1), out, value_);
    if (out.kind == LineKind::Faulty || out.kind == LineKind::Unsupported) {
      return out;
    }
  }
  if (is_expression(pattern)) {
    rule.shape = Shape::Expression;
    rule.pattern = pattern.substr(1, pattern.size() - 2);
    return rule.pattern.size() > kPatternLimit ? faulty("the expression is too long") : out;
  }
  const bool alone = options == npos && pattern.size() <= 1;
  if (alone || pattern.find_first_of(" \t") != npos || pattern.size() > kPatternLimit) {
    return faulty(alone ? "the pattern is too short" : "the pattern has a space or is too long");
  }
  if (static_cast<std::size_t>(std::ranges::count(pattern, '*')) > kWildcardLimit) {
    out.kind = LineKind::Unsupported;
    out.why = "more than 64 * in a pattern";
    return out;
  }
  pattern = strip_anchors(pattern, rule);
  if (needs_normalising(pattern, rule.match_case)) {
    normalise(pattern, rule.match_case, pattern_);
    pattern = pattern_;
  }
  rule.shape = shape_of(pattern, rule);
  rule.pattern = rule.shape == Shape::Host ? pattern.substr(0, pattern.size() - 1) : pattern;
  return out;
}

}  // namespace weir::adblock
