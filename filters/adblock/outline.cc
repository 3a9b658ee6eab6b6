// SPDX-License-Identifier: Apache-2.0
//
// Reads an expression as far as it is plain: characters that must occur as they are, in that order.
// Whatever may repeat, choose or be left out becomes a '*'. A choice at the top leaves nothing.
#include "filters/adblock/outline.h"

#include <algorithm>

#include "filters/adblock/parse.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

class OutlineReader {
 public:
  explicit OutlineReader(std::string_view source) : text_(source) {}

  Outline read() {
    if (choice_at_top() || text_.find("\\Q") != npos) {
      return {};  // behind \Q a bracket or a bar is text
    }
    while (at_ < text_.size()) {
      step();
    }
    while (!out_.end && out_.pattern.ends_with('*')) {
      out_.pattern.pop_back();
    }
    return out_;
  }

 private:
  // The place behind a class, an escape or a group that begins at `at`, or behind one character.
  std::size_t unit_end(std::size_t at) const {
    switch (text_[at]) {
      case '\\':
        return escape_end(at);
      case '[':
        return class_end(at);
      case '(':
        return group_end(at);
      default:
        return at + 1;
    }
  }
  // "\x61", "\x{61}", "\pL", "\p{Greek}" and "\141" are longer than other escapes.
  std::size_t escape_end(std::size_t at) const {
    const char c = at + 1 < text_.size() ? text_[at + 1] : '\0';
    at = std::min(at + 2, text_.size());
    const bool property = c == 'p' || c == 'P';
    if ((property || c == 'x') && text_.substr(at).starts_with('{')) {
      return std::min(text_.find('}', at), text_.size() - 1) + 1;
    }
    if (is(c, kDigit)) {
      return std::min(text_.find_first_not_of("01234567", at), std::min(at + 2, text_.size()));
    }
    return std::min(at + (c == 'x' ? 2U : property ? 1U : 0U), text_.size());
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
    while (at < text_.size()) {
      if (text_[at] == '(') {
        ++depth;
        ++at;
      } else if (text_[at] == ')') {
        ++at;
        if (--depth == 0) {
          return at;
        }
      } else {
        at = unit_end(at);
      }
    }
    return text_.size();
  }
  bool choice_at_top() const {
    for (std::size_t at = 0; at < text_.size(); at = unit_end(at)) {
      if (text_[at] == '|') {
        return true;
      }
    }
    return false;
  }
  void gap() {
    if (!out_.pattern.ends_with('*') && (out_.start || !out_.pattern.empty())) {
      out_.pattern += '*';
    }
  }
  // Passes a quantifier, if there is one here. True when there was.
  bool quantified() {
    if (at_ >= text_.size() || !quantifier(text_[at_])) {
      return false;
    }
    if (text_[at_] == '{') {
      at_ = std::min(text_.find('}', at_), text_.size() - 1);
    }
    ++at_;
    while (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '+')) {
      ++at_;
    }
    return true;
  }
  void literal(char c) {
    const bool special = c == '*' || c == '^' || static_cast<unsigned char>(c) >= 0x80;
    if (quantified() || special) {
      return gap();
    }
    out_.pattern += to_lower(c);
  }
  void step() {
    const auto begin = at_;
    const char c = text_[at_];
    at_ = unit_end(at_);
    const std::size_t size = at_ - begin;
    if (c == '^' && begin == 0) {
      out_.start = !quantified();  // "^*" may be nothing
    } else if (c == '$' && at_ == text_.size()) {
      out_.end = true;
    } else if ((c == '\\' && size == 2 && !word(text_[begin + 1])) ||
               (c == '[' && size == 3 && text_[begin + 1] != '\\')) {
      literal(text_[begin + 1]);
    } else if (c == '\\' || c == '[' || c == '(' || c == ')' || c == '.' || c == '^' || c == '$' ||
               quantifier(c)) {
      quantified();
      gap();
    } else {
      literal(c);
    }
  }
  static bool word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Outline out_;
};

}  // namespace

Outline outline_of(std::string_view expression) {
  return OutlineReader(expression).read();
}

}  // namespace weir::adblock
