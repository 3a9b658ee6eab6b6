// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of rules. They are checked as lists are read and compiled when all are, so
// that the first request to meet one does not pay for it, and that what compiling needs leaves no
// holes in memory. Their automata grow with use, each within kExpressionMemory, or kMemoryAStep for
// each step of a large program; those that ends.h knows whole have none. How large one may be, and
// all of a list together, is bounded: else a few lines with large counts ("{1,900}") would hold up
// loading for minutes. Any number of threads may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/adblock/ends.h"
#include "filters/expression_budget.h"
#include "filters/work.h"

namespace re2 {
class RE2;
}

namespace weir::adblock {

class Expressions {
 public:
  Expressions();
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;
  ~Expressions();

  // What is added next comes from another list.
  void begin_list() { budget_ = {}; }
  // Its number, or why it cannot be used: RE2 knows no look-around and no back references.
  tl::expected<std::uint32_t, const char*> add(std::string_view source, bool ignore_case);

  // After the last one.
  void finish();

  // False, at a small part of the cost of found(), when that would be false.
  bool may_be_found(std::uint32_t id, std::string_view text, filters::Work& work) const {
    return ends_.allow(id, text, work);
  }

  // Whether it is found anywhere in `text`; `end` is where the match ends. No, once the work is
  // spent.
  bool found(std::uint32_t id, std::string_view text, filters::Work& work,
             std::size_t* end = nullptr) const;

  // Without RE2's own.
  std::size_t memory() const { return ends_.memory(); }

 private:
  struct Source {
    std::string text;
    bool ignore_case;
    int size;  // of its program
  };
  std::vector<Source> sources_;
  EndsTable ends_;
  std::vector<std::unique_ptr<const re2::RE2>> all_;  // null: EndsTable knows it whole
  filters::ExpressionBudget budget_;
};

}  // namespace weir::adblock
