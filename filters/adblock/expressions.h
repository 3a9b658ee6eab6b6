// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of rules: checked when a list is read, compiled again when one is first
// asked. Real traffic meets few of them, and a compiled one takes more memory than a hundred rules.
// Any number of threads may ask. How large one may be, and all of a list together, is bounded: else
// a few lines with large counts ("{1,900}") would hold up loading for minutes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/expression_budget.h"
#include "filters/work.h"

namespace re2 {
class RE2;
}

namespace weir::adblock {

class Expressions {
 public:
  Expressions() = default;
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;
  ~Expressions();

  // What is added next comes from another list.
  void begin_list() { budget_ = {}; }
  // Its number, or why it cannot be used: RE2 knows no look-around and no back references.
  tl::expected<std::uint32_t, const char*> add(std::string_view source, bool ignore_case);

  // Whether it is found anywhere in `text`; `end` is where the match ends. No, once the work is
  // spent.
  bool found(std::uint32_t id, std::string_view text, filters::Work& work,
             std::size_t* end = nullptr) const;

 private:
  struct Entry {
    std::string source;
    bool ignore_case;
    int size;  // of its program
    mutable std::atomic<re2::RE2*> compiled{nullptr};
    Entry(std::string_view text, bool fold, int instructions)
        : source(text), ignore_case(fold), size(instructions) {}
  };
  const re2::RE2& compiled(const Entry& entry) const;

  std::deque<Entry> all_;
  filters::ExpressionBudget budget_;
};

}  // namespace weir::adblock
