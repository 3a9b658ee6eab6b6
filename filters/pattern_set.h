// SPDX-License-Identifier: Apache-2.0
//
// Thousands of RE2 expressions, each with the line that named it, asked which of them are found in
// a URL. Nearly every expression needs some literal text; one short piece of it stands in a table,
// and the expression itself is tried only on a URL with that piece and the whole literal.
// Expressions that need no literal are tried together (RE2::Set). Running out of memory makes a
// question slower and never a "no". What a question costs is bounded; who asks must look whether
// the work was spent. Immutable once built; any number of threads may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/work.h"
#include "proxy/base/arena.h"

namespace weir::filters {

constexpr std::size_t kPatternBytesMost = 2048;
// What one question may cost.
constexpr std::uint32_t kPatternWorkMost = 4'000'000;
// Of all expressions of a set together, once compiled.
constexpr std::size_t kPatternMemoryMost = std::size_t{512} << 20;

class PatternSet {
 public:
  class Builder {
   public:
    Builder();
    ~Builder();
    Builder(Builder&&) noexcept;
    // What is added next comes from another list: see expression_budget.h.
    void begin_list();
    // Returns why the expression cannot be used, or an empty text.
    std::string add(std::string_view pattern, std::uint32_t value);
    std::size_t size() const;
    // The error is one clause.
    tl::expected<PatternSet, std::string> build() &&;

   private:
    friend class PatternSet;
    struct Draft;
    std::unique_ptr<Draft> draft_;
  };

  PatternSet();
  ~PatternSet();
  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;

  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The least value among the expressions found in `url` whose value `wanted(value)` accepts, or
  // kNone. `arena` holds what has been tried already. Once the work is spent nobody knows.
  template <class Wanted>
  std::uint32_t first(std::string_view url, Arena& arena, Work& work, Wanted wanted) const {
    const auto call = [](const void* to, std::uint32_t value) {
      return (*static_cast<const Wanted*>(to))(value);
    };
    return size() == 0 ? kNone : first_of(url, arena, work, {&wanted, call});
  }

  std::size_t size() const;
  std::size_t memory() const;  // bytes, about: RE2 does not tell everything
  // How many have no literal and cost every URL something.
  std::size_t without_literal() const;

 private:
  struct Filter {
    const void* to;
    bool (*call)(const void* to, std::uint32_t value);
    bool operator()(std::uint32_t value) const { return call(to, value); }
  };
  struct Compiled;

  std::uint32_t first_of(std::string_view url, Arena& arena, Work& work, Filter wanted) const;

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace weir::filters
