// SPDX-License-Identifier: Apache-2.0
//
// A stack of bits for the open conditionals, and a reader of their expressions by recursive descent
// with bounded depth.
#include "filters/adblock/preparse.h"

#include <array>
#include <optional>

namespace weir::adblock {
namespace {

constexpr std::array<std::string_view, 6> kTrue = {"ext_ublock",         "env_firefox",
                                                   "cap_html_filtering", "cap_user_stylesheet",
                                                   "cap_ipaddress",      "true"};
constexpr int kDeepest = 32;
constexpr std::uint32_t kMostOpen = 64;

class ConditionReader {
 public:
  explicit ConditionReader(std::string_view text) : text_(text) {}

  std::optional<bool> whole() {
    const auto value = either(0);
    skip();
    return text_.empty() ? value : std::nullopt;
  }

 private:
  void skip() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }
  bool take(std::string_view sign) {
    skip();
    if (!text_.starts_with(sign)) {
      return false;
    }
    text_.remove_prefix(sign.size());
    return true;
  }
  std::optional<bool> either(int depth) {
    auto value = both(depth);
    while (value && take("||")) {
      const auto right = both(depth);
      value = right ? std::optional(*value || *right) : std::nullopt;
    }
    return value;
  }
  std::optional<bool> both(int depth) {
    auto value = single(depth);
    while (value && take("&&")) {
      const auto right = single(depth);
      value = right ? std::optional(*value && *right) : std::nullopt;
    }
    return value;
  }
  std::optional<bool> single(int depth) {
    if (depth > kDeepest) {
      return std::nullopt;
    }
    if (take("!")) {
      const auto value = single(depth + 1);
      return value ? std::optional(!*value) : std::nullopt;
    }
    if (take("(")) {
      const auto value = either(depth + 1);
      return take(")") ? value : std::nullopt;
    }
    return token();
  }
  std::optional<bool> token() {
    std::size_t length = 0;
    while (length < text_.size() &&
           (text_[length] == '_' || (text_[length] >= 'a' && text_[length] <= 'z') ||
            (text_[length] >= 'A' && text_[length] <= 'Z') ||
            (text_[length] >= '0' && text_[length] <= '9'))) {
      ++length;
    }
    if (length == 0) {
      return std::nullopt;
    }
    const auto name = text_.substr(0, length);
    text_.remove_prefix(length);
    for (const auto known : kTrue) {
      if (name == known) {
        return true;
      }
    }
    return false;
  }

  std::string_view text_;
};

}  // namespace

bool condition_holds(std::string_view expression) {
  return ConditionReader(expression).whole().value_or(false);
}

bool Conditionals::take(std::string_view line) {
  if (line.starts_with("!#if") && line.substr(4).find_first_of(" \t(!") == 0) {
    const bool deep = depth_ >= kMostOpen;
    const bool off = deep || !condition_holds(line.substr(4));
    bits_ = deep ? bits_ : (bits_ << 1) | (off ? 1U : 0U);
    ++depth_;
    off_ += off ? 1U : 0U;
    return true;
  }
  if (line.starts_with("!#else")) {
    if (depth_ > 0 && depth_ <= kMostOpen) {
      off_ = (bits_ & 1) != 0 ? off_ - 1 : off_ + 1;
      bits_ ^= 1;
    }
    return true;
  }
  if (line.starts_with("!#endif")) {
    if (depth_ > 0) {
      // An !#if beyond the deepest was counted as off whatever its bit says by now.
      const bool off = depth_ > kMostOpen || (bits_ & 1) != 0;
      off_ -= off ? 1U : 0U;
      bits_ = depth_ > kMostOpen ? bits_ : bits_ >> 1;
      --depth_;
    }
    return true;
  }
  return false;
}

}  // namespace weir::adblock
