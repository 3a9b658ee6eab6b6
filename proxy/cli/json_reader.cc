// SPDX-License-Identifier: Apache-2.0
//
// See json_reader.h. RFC 8259; nesting is bounded, since skipping a value recurses.
#include "proxy/cli/json_reader.h"

#include "proxy/base/ascii.h"

namespace weir::cli {
namespace {

constexpr unsigned kDepthMost = 32;

// Writes `code` as UTF-8 to `out`; returns the place behind it.
char* put_utf8(char* out, unsigned code) {
  const auto byte = [&out](unsigned value) { *out++ = static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
  return out;
}

// What stands for the letter behind a backslash; NUL for none.
char short_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '/':
      return letter;
    default:
      return '\0';
  }
}

}  // namespace

bool JsonReader::fail(const char* why) {
  if (fault_ == nullptr) {
    fault_ = why;
    fault_at_ = at_;
  }
  return false;
}

std::string JsonReader::fault() const {
  return "at byte " + std::to_string(fault_at_ + 1) + ": " + (fault_ == nullptr ? "" : fault_);
}

void JsonReader::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) {
    ++at_;
  }
}

char JsonReader::kind() {
  skip_space();
  if (at_ == text_.size()) {
    return '\0';
  }
  const char c = text_[at_];
  return is(c, kDigit) || c == '-' ? '0' : c;
}

bool JsonReader::finished() {
  skip_space();
  return at_ == text_.size() || fail("something stands behind the value");
}

bool JsonReader::expect(char c) {
  if (failed() || kind() == '\0' || text_[at_] != c) {
    return fail(c == ':' ? "a colon is missing" : "another kind of value is expected here");
  }
  ++at_;
  return true;
}

bool JsonReader::open(char c) {
  if (depth_ == kDepthMost) {
    return fail("it is nested too deeply");
  }
  ++depth_;
  return expect(c);
}

// True at the end of the container, and after a fault. Otherwise a comma has been taken.
bool JsonReader::close(char c, bool first) {
  if (failed()) {
    return true;
  }
  skip_space();
  if (at_ < text_.size() && text_[at_] == c) {
    ++at_;
    --depth_;
    return true;
  }
  if (first) {
    return false;
  }
  if (at_ == text_.size() || text_[at_] != ',') {
    return !fail("a comma or the end is missing");
  }
  ++at_;
  return false;
}

std::optional<std::string_view> JsonReader::text() {
  if (!expect('"')) {
    return std::nullopt;
  }
  const std::size_t begin = at_;
  bool escaped = false;
  for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (static_cast<unsigned char>(text_[at_]) < 0x20) {
      fail("a control character stands in a string");
      return std::nullopt;
    }
    if (text_[at_] == '\\') {
      escaped = true;
      ++at_;
    }
  }
  if (at_ >= text_.size()) {
    at_ = text_.size();
    fail("a string has no end");
    return std::nullopt;
  }
  const std::size_t end = at_++;
  return escaped ? unescape(begin, end) : text_.substr(begin, end - begin);
}

bool JsonReader::read_hex(std::size_t at, unsigned& out) const {
  if (at + 4 > text_.size()) {
    return false;
  }
  out = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    if (!is(text_[i], kHexDigit)) {
      return false;
    }
    out = out << 4 | hex_value(text_[i]);
  }
  return true;
}

// The text never grows: six bytes of \uXXXX make at most three.
std::optional<std::string_view> JsonReader::unescape(std::size_t begin, std::size_t end) {
  char* const out = arena_.allocate(end - begin);
  char* put = out;
  for (std::size_t i = begin; i < end;) {
    if (text_[i] != '\\') {
      *put++ = text_[i++];
      continue;
    }
    const char letter = text_[i + 1];
    if (const char plain = short_escape(letter); plain != '\0') {
      *put++ = plain;
      i += 2;
      continue;
    }
    unsigned code = 0;
    if (letter != 'u' || !read_hex(i + 2, code)) {
      fail("a string has an unknown escape");
      return std::nullopt;
    }
    i += 6;
    unsigned low = 0;
    const bool high = code >= 0xd800 && code < 0xdc00;
    if (high && i + 6 <= end && text_[i] == '\\' && text_[i + 1] == 'u' && read_hex(i + 2, low) &&
        low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      i += 6;
    }
    put = put_utf8(put, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }
  return std::string_view(out, static_cast<std::size_t>(put - out));
}

std::optional<std::string_view> JsonReader::text_or_null() {
  if (kind() != 'n') {
    return text();
  }
  return skip_word("null") ? std::optional<std::string_view>("") : std::nullopt;
}

bool JsonReader::skip_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) {
    return fail("a word is not one of true, false and null");
  }
  at_ += word.size();
  return true;
}

bool JsonReader::skip_number() {
  at_ += text_[at_] == '-' ? 1U : 0U;
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t from = at_;
    while (at_ < text_.size() && is(text_[at_], kDigit)) {
      ++at_;
    }
    return at_ != from;
  };
  bool good = digits() && (text_[begin] != '0' || at_ == begin + 1);
  if (good && at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    good = digits();
  }
  if (good && at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    at_ += at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-') ? 1U : 0U;
    good = digits();
  }
  return good || fail("a number is malformed");
}

bool JsonReader::skip() {
  switch (kind()) {
    case '{':
      return members([this](std::string_view) { return skip(); });
    case '[':
      return items([this] { return skip(); });
    case '"':
      return text().has_value();
    case '0':
      return skip_number();
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    case '\0':
      return fail("it ends too early");
    default:
      return fail("no value begins like this");
  }
}

std::optional<std::string_view> JsonReader::raw() {
  skip_space();
  const std::size_t begin = at_;
  if (failed() || !skip()) {
    return std::nullopt;
  }
  return text_.substr(begin, at_ - begin);
}

}  // namespace weir::cli
