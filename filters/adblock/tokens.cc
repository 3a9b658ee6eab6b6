// SPDX-License-Identifier: Apache-2.0
//
// Which tokens of a pattern are whole, and what of a regular expression is literal enough to have
// any.
#include "filters/adblock/tokens.h"

#include <algorithm>

#include "filters/adblock/parse.h"

namespace weir::adblock {
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

constexpr std::uint32_t constexpr_hash(std::string_view token) {
  auto hash = kTokenSeed;
  for (const char c : token) {
    hash = token_step(hash, c);
  }
  return token_end(hash);
}

const auto kCommonHashes = [] {
  std::array<std::uint32_t, std::size(kCommon)> out{};
  std::ranges::transform(kCommon, out.begin(), constexpr_hash);
  std::ranges::sort(out);
  return out;
}();

void pattern_tokens(const Rule& rule, std::vector<Token>& out) {
  const auto text = rule.pattern;
  for (std::size_t i = 0; i < text.size();) {
    if (!token_char(lower(text[i]))) {
      ++i;
      continue;
    }
    const auto begin = i;
    auto hash = kTokenSeed;
    for (; i < text.size() && token_char(lower(text[i])); ++i) {
      hash = token_step(hash, lower(text[i]));
    }
    const bool left = begin == 0 ? rule.start || rule.host_start : text[begin - 1] != '*';
    const bool right = i == text.size() ? rule.end || rule.shape == Shape::Host : text[i] != '*';
    if (left && right) {
      out.push_back({token_end(hash), static_cast<std::uint32_t>(begin)});
    }
  }
}

// Reads an expression as far as it is plain: characters that must occur as they are, in one row,
// until something might repeat, choose or leave out. A run bounded by other literal characters on
// both sides is a token. Anything with a choice at its top has none.
class LiteralReader {
 public:
  LiteralReader(std::string_view source, std::vector<Token>& out) : text_(source), out_(out) {}

  void read() {
    if (choice_at_top()) {
      return;
    }
    while (at_ < text_.size()) {
      step();
    }
    flush(anchored_end_);
  }

 private:
  static bool quantifier(char c) { return c == '*' || c == '+' || c == '?' || c == '{'; }

  bool choice_at_top() const {
    int depth = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '[') {
        i = class_end(i) - 1;
      } else if (text_[i] == '(') {
        ++depth;
      } else if (text_[i] == ')') {
        --depth;
      } else if (text_[i] == '|' && depth == 0) {
        return true;
      }
    }
    return false;
  }
  std::size_t class_end(std::size_t at) const {
    ++at;
    at += at < text_.size() && text_[at] == '^' ? 1U : 0U;
    at += at < text_.size() && text_[at] == ']' ? 1U : 0U;
    for (; at < text_.size() && text_[at] != ']'; ++at) {
      at += text_[at] == '\\' ? 1U : 0U;
    }
    return std::min(at + 1, text_.size());
  }
  std::size_t group_end(std::size_t at) const {
    int depth = 0;
    for (; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '[') {
        at = class_end(at) - 1;
      } else if (text_[at] == '(') {
        ++depth;
      } else if (text_[at] == ')' && --depth == 0) {
        return at + 1;
      }
    }
    return text_.size();
  }
  // Behind a quantifier and its laziness.
  void skip_quantifier() {
    if (at_ < text_.size() && text_[at_] == '{') {
      at_ = std::min(text_.find('}', at_), text_.size() - 1);
    }
    ++at_;
    while (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '+')) {
      ++at_;
    }
  }
  // Something unknown: no token touches it.
  void gap(std::size_t next) {
    flush(false);
    at_ = next;
    if (at_ < text_.size() && quantifier(text_[at_])) {
      skip_quantifier();
    }
    bounded_ = false;
  }
  void literal(char c, std::size_t next) {
    if (next < text_.size() && quantifier(text_[next])) {
      gap(next);
      return;
    }
    at_ = next;
    c = lower(c);
    if (token_char(c)) {
      run_ += c;
      return;
    }
    flush(true);
    bounded_ = true;
  }
  void flush(bool right) {
    if (!run_.empty() && bounded_ && right) {
      out_.push_back({token_hash(run_), 0});
    }
    run_.clear();
  }
  void step() {
    const char c = text_[at_];
    switch (c) {
      case '^':
        flush(false);
        bounded_ = true;
        ++at_;
        return;
      case '$':
        anchored_end_ = at_ + 1 == text_.size();
        flush(true);
        ++at_;
        return;
      case '[':
        return gap(class_end(at_));
      case '(':
        return gap(group_end(at_));
      case '.':
      case '*':
      case '+':
      case '?':
      case '{':
      case ')':
        return gap(at_ + 1);
      case '\\':
        return escape();
      default:
        return literal(c, at_ + 1);
    }
  }
  void escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    const bool meaning = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (meaning || c == '\0') {
      return gap(at_ + 2);
    }
    literal(c, at_ + 2);
  }

  std::string_view text_;
  std::vector<Token>& out_;
  std::size_t at_ = 0;
  std::string run_;
  bool bounded_ = false;  // what stands before the run is no token character
  bool anchored_end_ = false;
};

}  // namespace

std::uint32_t token_hash(std::string_view token) {
  return constexpr_hash(token);
}

void rule_tokens(const Rule& rule, std::vector<Token>& out) {
  out.clear();
  switch (rule.shape) {
    case Shape::Any:
      return;
    case Shape::Expression:
      return LiteralReader(rule.pattern, out).read();
    case Shape::Host:
    case Shape::Plain:
    case Shape::Wild:
      return pattern_tokens(rule, out);
  }
}

std::uint32_t commonness(std::uint32_t hash) {
  return std::ranges::binary_search(kCommonHashes, hash) ? kHandicap : 0;
}

}  // namespace weir::adblock
