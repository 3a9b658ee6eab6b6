// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of a policy's author: RE2, on bytes, found anywhere, of bounded memory. RE2
// may fill its own bounded cache on the first texts it meets; nothing else is allocated.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace weir::filters {

constexpr std::size_t kPatternLengthMost = 4096;

// The expression, or what is wrong with it.
tl::expected<std::unique_ptr<re2::RE2>, std::string> compile_pattern(std::string_view expression);
// What is wrong with it, or with the text that replaces what it finds; empty: nothing.
std::string expression_fault(std::string_view expression, std::string_view with);
bool pattern_found(const re2::RE2& pattern, std::string_view text);

// Many expressions, of which one has to be found.
class Patterns {
 public:
  Patterns();
  ~Patterns();
  Patterns(Patterns&&) noexcept;
  Patterns& operator=(Patterns&&) noexcept;

  // What is wrong with it, or an empty text.
  std::string add(const std::string& expression);
  // After the last add(): several become one automaton where that fits into its memory.
  void join();
  bool found(std::string_view text) const;

 private:
  std::vector<std::unique_ptr<re2::RE2>> each_;
  std::unique_ptr<re2::RE2> joined_;  // null: ask each
  bool joinable_ = true;
};

}  // namespace weir::filters
