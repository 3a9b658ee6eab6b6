// SPDX-License-Identifier: Apache-2.0
//
// See scan.h. The scanner is a stack of open brackets and one question: what may come next. Every
// place where a text can break off or go wrong has its own sentence, because "syntax error" helps
// nobody at three in the morning.
#include "proxy/config/scan.h"

#include <utility>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr auto kNone = std::string_view::npos;

// What the grammar expects at this place.
enum class Want : std::uint8_t { Value, ValueOrEnd, Name, NameOrEnd, CommaOrEnd, Nothing };

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  Scan run();

 private:
  struct Open {
    char bracket;
    std::size_t offset;
  };

  bool at_end() const { return at_ == text_.size(); }
  char now() const { return text_[at_]; }
  bool fail(std::size_t offset, std::string message, std::string remedy = {});
  bool skip_space();
  bool skip_comment();
  bool take_one();
  bool take_value();
  bool take_open(char bracket);
  bool take_close(char bracket);
  bool take_name();
  bool take_comma();
  bool take_string();
  bool take_escape();
  bool take_surrogate(unsigned first, std::size_t start);
  bool take_hex4(unsigned& out);
  bool take_number();
  bool take_word();
  bool fail_unfinished();
  bool fail_unexpected();
  void after_value() { want_ = open_.empty() ? Want::Nothing : Want::CommaOrEnd; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t comma_ = 0;  // where the last comma stood
  Want want_ = Want::Value;
  std::vector<Open> open_;
  Scan scan_;
};

bool Scanner::fail(std::size_t offset, std::string message, std::string remedy) {
  scan_.offset = offset;
  scan_.message = std::move(message);
  scan_.remedy = std::move(remedy);
  return false;
}

Scan Scanner::run() {
  if (text_.starts_with("\xef\xbb\xbf")) {
    at_ = 3;  // a byte order mark, as some editors leave it
  }
  bool good = skip_space();
  while (good && !at_end()) {
    good = take_one() && skip_space();
  }
  if (good && want_ != Want::Nothing) {
    fail_unfinished();
  }
  return std::move(scan_);
}

bool Scanner::skip_space() {
  while (!at_end()) {
    const char c = now();
    if (c == '/') {
      if (!skip_comment()) {
        return false;
      }
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else {
      return true;
    }
  }
  return true;
}

bool Scanner::skip_comment() {
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("//")) {
    const std::size_t end = text_.find_first_of("\r\n", at_);
    at_ = end == kNone ? text_.size() : end;
    return true;
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == kNone) {
      return fail(at_, "this comment is never closed.", "Close it with */.");
    }
    at_ = end + 2;
    return true;
  }
  return fail(at_, "a single / means nothing here.", "Comments start with // or /*.");
}

bool Scanner::take_one() {
  const char c = now();
  switch (want_) {
    case Want::Nothing:
      return fail(at_, "something follows the end of the configuration.",
                  "Keep one object { ... } and nothing after it.");
    case Want::CommaOrEnd:
      return c == ',' ? take_comma() : (c == '}' || c == ']') ? take_close(c) : fail_unexpected();
    case Want::Name:
    case Want::NameOrEnd:
      return c == '}' ? take_close(c) : take_name();
    case Want::Value:
    case Want::ValueOrEnd:
      return c == ']' || c == '}' ? take_close(c) : take_value();
  }
  return false;
}

bool Scanner::take_value() {
  if (scan_.values.size() == kJsonValuesMost) {
    return fail(at_, "there are more than " + std::to_string(kJsonValuesMost) + " values.",
                "Move long lists out of the configuration.");
  }
  scan_.values.push_back(static_cast<std::uint32_t>(at_));
  const char c = now();
  if (c == '{' || c == '[') {
    return take_open(c);
  }
  const bool good = c == '"'                    ? take_string()
                    : c == '-' || is(c, kDigit) ? take_number()
                                                : take_word();
  after_value();
  return good;
}

bool Scanner::take_open(char bracket) {
  if (open_.size() == kJsonDepthMost) {
    return fail(at_, "brackets are nested deeper than " + std::to_string(kJsonDepthMost) + ".",
                "No setting needs that many.");
  }
  open_.push_back({bracket, at_++});
  want_ = bracket == '{' ? Want::NameOrEnd : Want::ValueOrEnd;
  return true;
}

bool Scanner::take_close(char bracket) {
  const char expected = open_.empty() ? '\0' : open_.back().bracket == '{' ? '}' : ']';
  if (bracket != expected) {
    return fail_unexpected();
  }
  if (want_ == Want::Value || want_ == Want::Name) {
    return text_[comma_] == ','
               ? fail(comma_, std::string("a comma stands before the closing ") + bracket + ".",
                      "Remove this comma.")
               : fail_unexpected();
  }
  ++at_;
  open_.pop_back();
  after_value();
  return true;
}

bool Scanner::take_name() {
  if (now() != '"') {
    return fail_unexpected();
  }
  scan_.names.push_back(static_cast<std::uint32_t>(at_));
  if (!take_string() || !skip_space()) {
    return false;
  }
  if (at_end()) {
    return fail_unfinished();
  }
  if (now() != ':') {
    return fail(at_, "a : is missing after the name of a setting.", "Write \"name\": value.");
  }
  comma_ = at_++;
  want_ = Want::Value;
  return true;
}

bool Scanner::take_comma() {
  comma_ = at_++;
  want_ = open_.back().bracket == '{' ? Want::Name : Want::Value;
  return true;
}

bool Scanner::take_string() {
  const std::size_t start = at_++;
  while (!at_end()) {
    const char c = now();
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\n' || c == '\r') {
      break;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      return fail(at_, "a control character stands inside a string.",
                  "Write it as an escape such as \\t, or remove it.");
    }
    ++at_;
    if (c == '\\' && !take_escape()) {
      return false;
    }
  }
  return fail(start, "this string is not closed on its line.", "End it with \".");
}

bool Scanner::take_escape() {
  const std::size_t start = at_ - 1;
  const char c = at_end() ? '\0' : text_[at_++];
  if (c == 'u') {
    unsigned code = 0;
    if (!take_hex4(code)) {
      return fail(start, "\\u needs four hexadecimal digits.", "Write for example \\u00e9.");
    }
    return take_surrogate(code, start);
  }
  if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == kNone) {
    return fail(start, "this is not an escape of JSON.", "Write a backslash itself as \\\\.");
  }
  return true;
}

// Characters beyond U+FFFF are written as two escapes; one half alone is no character.
bool Scanner::take_surrogate(unsigned first, std::size_t start) {
  if (first < 0xd800 || first > 0xdfff) {
    return true;
  }
  unsigned second = 0;
  const bool pair = first < 0xdc00 && text_.substr(at_).starts_with("\\u");
  at_ += pair ? 2 : 0;
  if (!pair || !take_hex4(second) || second < 0xdc00 || second > 0xdfff) {
    return fail(start, "this escape is half of a character.", "Write the character itself.");
  }
  return true;
}

bool Scanner::take_hex4(unsigned& out) {
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_end() || !is(now(), kHexDigit)) {
      return false;
    }
    out = out * 16 + hex_value(now());
  }
  return true;
}

bool Scanner::take_number() {
  const std::size_t start = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (!at_end() && is(now(), kDigit)) {
      ++at_;
    }
    return at_ - first;
  };
  at_ += now() == '-' ? 1 : 0;
  const std::size_t lead = at_;
  bool good = digits() > 0 && (at_ - lead == 1 || text_[lead] != '0');
  if (good && !at_end() && now() == '.') {
    ++at_;
    good = digits() > 0;
  }
  if (good && !at_end() && (now() == 'e' || now() == 'E')) {
    ++at_;
    at_ += !at_end() && (now() == '+' || now() == '-') ? 1 : 0;
    good = digits() > 0;
  }
  if (!good || (!at_end() && (is(now(), kAlpha) || now() == '.' || now() == '_'))) {
    return fail(start, "this is not a number of JSON.",
                "Write digits without leading zeros; put values with a unit in quotes: \"30s\".");
  }
  return true;
}

bool Scanner::take_word() {
  const std::size_t start = at_;
  while (!at_end() && (is(now(), kAlpha) || is(now(), kDigit) || now() == '_')) {
    ++at_;
  }
  const std::string_view word = text_.substr(start, at_ - start);
  if (word == "true" || word == "false" || word == "null") {
    return true;
  }
  at_ = start;
  return fail_unexpected();
}

bool Scanner::fail_unfinished() {
  if (open_.empty() && scan_.values.empty()) {
    return fail(0, "there is no configuration in this file.", "The least that works is {}.");
  }
  const Open& last = open_.back();
  return fail(last.offset, std::string("this ") + last.bracket + " is never closed.",
              std::string("The file ends where a ") + (last.bracket == '{' ? '}' : ']') +
                  " is still missing.");
}

bool Scanner::fail_unexpected() {
  const char c = now();
  if (c == '\'') {
    return fail(at_, "strings are not written in single quotes.", "Use double quotes: \"...\".");
  }
  switch (want_) {
    case Want::CommaOrEnd:
      return c == '}' || c == ']'
                 ? fail(at_, std::string("this ") + c + " closes a " + open_.back().bracket + ".",
                        "Close brackets in the order they were opened.")
                 : fail(at_, "a comma is missing before this.", "Put a comma between two entries.");
    case Want::Name:
    case Want::NameOrEnd:
      return fail(at_, "the name of a setting is expected here.",
                  "Write it in double quotes: \"name\": value.");
    case Want::Value:
    case Want::ValueOrEnd:
    case Want::Nothing:
      break;
  }
  return fail(at_, "a value is expected here.",
              "Values are \"text\", numbers, true, false, [lists] and {objects}.");
}

// How many bytes of a character the first byte announces, and what the second may be (RFC 3629 4).
struct Lead {
  unsigned length;
  unsigned char second_least;
  unsigned char second_most;
};

struct LeadRange {
  unsigned char first;
  unsigned char last;
  Lead lead;
};

constexpr LeadRange kLeads[] = {
    {0x00, 0x7f, {1, 0, 0}},       {0xc2, 0xdf, {2, 0x80, 0xbf}}, {0xe0, 0xe0, {3, 0xa0, 0xbf}},
    {0xe1, 0xec, {3, 0x80, 0xbf}}, {0xed, 0xed, {3, 0x80, 0x9f}}, {0xee, 0xef, {3, 0x80, 0xbf}},
    {0xf0, 0xf0, {4, 0x90, 0xbf}}, {0xf1, 0xf3, {4, 0x80, 0xbf}}, {0xf4, 0xf4, {4, 0x80, 0x8f}},
};

Lead lead_of(unsigned char c) {
  for (const LeadRange& range : kLeads) {
    if (c >= range.first && c <= range.last) {
      return range.lead;
    }
  }
  return {0, 0, 0};
}

}  // namespace

Scan scan_json(std::string_view text) {
  return Scanner(text).run();
}

std::size_t find_bad_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    if (lead.length == 0 || at + lead.length > text.size()) {
      return at;
    }
    for (unsigned i = 1; i < lead.length; ++i) {
      const auto c = static_cast<unsigned char>(text[at + i]);
      if (c < (i == 1 ? lead.second_least : 0x80) || c > (i == 1 ? lead.second_most : 0xbf)) {
        return at;
      }
    }
    at += lead.length;
  }
  return kNone;
}

}  // namespace weir
