// SPDX-License-Identifier: Apache-2.0
//
// Characters as HTTP sees them: bytes classified by table, never by locale. Every test here is
// total over 0..255 and allocates nothing. Numbers are parsed strictly: digits only, no sign, no
// white space, overflow refused.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

// Classes of byte, as bits in one table.
enum CharClass : std::uint8_t {
  kTchar = 1,       // RFC 9110 5.6.2: what a token (method, field name) is made of
  kFieldVchar = 2,  // RFC 9110 5.5: VCHAR, SP, HTAB and obs-text: what a field value may hold
  kTargetChar =
      4,  // what a request-target may hold: no control, space, DEL or '#'; obs-text passes
  kDigit = 8,
  kHexDigit = 16,
  kHostChar =
      32,  // what a registered name may hold after our own rule (letters, digits, - . _ ~ %)
  kAlpha = 64,
  kNameChar = 128,  // of a host name in normal form (host.h): kHostChar without capitals
};

namespace detail {
constexpr std::uint8_t classify(unsigned c) {
  const bool digit = c >= '0' && c <= '9';
  const bool upper = c >= 'A' && c <= 'Z';
  const bool lower = c >= 'a' && c <= 'z';
  const bool alpha = upper || lower;
  const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  bool mark = false;
  for (const char m : kTokenMarks) {
    mark = mark || static_cast<unsigned char>(m) == c;
  }
  unsigned bits = 0;
  const auto add = [&bits](bool holds, CharClass what) { bits |= holds ? unsigned{what} : 0u; };
  add(digit || alpha || mark, kTchar);
  add(c == 0x09 || (c >= 0x20 && c != 0x7f), kFieldVchar);
  add(c > 0x20 && c != 0x7f && c != 0x23, kTargetChar);
  add(digit, kDigit);
  add(hex, kHexDigit);
  add(digit || alpha || c == 0x2d || c == 0x2e || c == 0x5f, kHostChar);
  add(alpha, kAlpha);
  add(digit || lower || c == 0x2d || c == 0x2e || c == 0x5f, kNameChar);
  return static_cast<std::uint8_t>(bits);
}
constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    table[c] = classify(c);
  }
  return table;
}
constexpr std::array<char, 256> make_lower() {
  std::array<char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    table[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return table;
}
inline constexpr auto kClasses = make_classes();
inline constexpr auto kLower = make_lower();
}  // namespace detail

constexpr bool is(char c, CharClass what) {
  return (detail::kClasses[static_cast<unsigned char>(c)] & what) != 0;
}
constexpr char to_lower(char c) {
  return detail::kLower[static_cast<unsigned char>(c)];
}

inline constexpr auto npos = std::string_view::npos;

inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

// True when every byte of `text` is of the class; true for empty text.
constexpr bool all(std::string_view text, CharClass what) {
  for (const char c : text) {
    if (!is(c, what)) {
      return false;
    }
  }
  return true;
}

// Equal, ASCII letters compared without case. Other bytes must be identical.
constexpr bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) {
      return false;
    }
  }
  return true;
}

constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && same_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Removes optional white space (SP, HTAB; RFC 9110 5.6.3) from both ends.
constexpr std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// 1*DIGIT to a number; nothing for empty text, any other byte, or a value above `limit`.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text,
                                                     std::uint64_t limit = UINT64_MAX) {
  if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is(c, kDigit)) {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (limit - digit) / 10) {
      return std::nullopt;
    }
    value = value * 10 + digit;
  }
  return value;
}

// Where `mark` stands first outside of quoted strings (RFC 9110 5.6.4); the text's size: nowhere.
constexpr std::size_t find_unquoted(std::string_view text, char mark) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == mark && !quoted) {
      return i;
    }
    if (text[i] == '"') {
      quoted = !quoted;
    }
    i += quoted && text[i] == '\\' ? 1 : 0;
  }
  return text.size();
}

// The value of one hexadecimal digit. Requires is(c, kHexDigit).
constexpr unsigned hex_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : to_lower(c) - 'a' + 10);
}

}  // namespace weir
