// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a configuration, said so that it can be put right: where (file, line, column,
// path), what, and what to write instead. All problems are collected, not only the first. This
// file knows nothing of JSON or of any setting.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Problem {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1, in characters
  std::string path;          // "routes[0].parents[1]"; empty: the text itself
  std::string message;
  std::string remedy;

  // "weir.json:3:12: limits.head: must be ... Write ..." on one line.
  std::string text() const;
};

// What is wrong with an RE2 expression, or with the text that replaces what it finds, as one
// clause; empty: nothing. Given by those who can compile expressions: this layer cannot.
using ExpressionFault = std::string (*)(std::string_view expression, std::string_view with);

// A kind of thing that has names: "group", which stand in "policy.groups", and those that there
// are.
struct NameKind {
  std::string_view word;
  std::string_view where;
  const std::vector<std::string_view>& known;
};

// Collects problems by offset into a text; says lines and columns at the end, in one pass.
class Problems {
 public:
  static constexpr std::size_t kMost = 100;  // more than anybody reads; the rest is counted

  void add(std::size_t offset, std::string path, std::string message, std::string remedy);
  // That there is nothing of this name, with the nearest there is or where to describe it.
  void add_unknown(std::size_t offset, std::string path, std::string_view name,
                   const NameKind& kind);
  bool empty() const { return found_.empty(); }
  // Whether nothing was found at or below `path`: what stands there is what was meant.
  bool spares(std::string_view path) const;
  // In the order of the text. Leaves this empty.
  std::vector<Problem> take(std::string_view text, std::string_view file);

  ExpressionFault expression_fault = nullptr;  // null: expressions are not judged here

 private:
  struct Found {
    std::size_t offset;
    Problem problem;
  };
  std::vector<Found> found_;
  std::size_t beyond_ = 0;
};

// Text from a file, fit to be shown: quoted, control characters escaped, cut after some 60 bytes.
std::string quote(std::string_view text);

// As JSON: quoted, with everything escaped that must be.
std::string json_text(std::string_view text);

// `path` with one more step: `limits` + `head` is `limits.head`; names that are not plain words are
// put as ["a.example"].
std::string step(std::string_view path, std::string_view name);
std::string step(std::string_view path, std::size_t index);

// The candidate nearest to `word` by insertions, deletions, replacements and swaps of neighbours;
// empty when none is near enough to be meant.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace weir
