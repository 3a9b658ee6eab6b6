// SPDX-License-Identifier: Apache-2.0
//
// Search and replace in a body while it passes. All rewrites of one Rewriter are searched for at
// the same time: the match that begins first wins, of several that begin at the same byte the one
// of the earliest rewrite. Matches do not overlap, and what was put in is not searched again.
// (Rewriters one after another, see chain.h, do see what the earlier ones made.)
//
// A literal is found wherever it lies, however the body was cut on its way. An expression (RE2,
// leftmost-first) looks at the body in blocks of `window` bytes: a match begins in one block and
// ends in it or the next. So every match of up to `window` bytes is found; a longer one may come
// out shorter or not at all. Until both blocks are there, nothing behind the last match passes:
// with expressions up to two windows are held back, with literals only what may become one.
//
// An expression of ASCII characters is matched byte by byte (RE2's Latin-1): no byte of a body is
// beyond it. One that holds other characters, \p or \x{ is matched as UTF-8; there "." does not
// match bytes that are not UTF-8. Bodies in UTF-16 are not understood. An empty match is none.
//
// An expression costs time in proportion to the body, unless it may match both a little and much
// more, as "a(.*b)?" does: then each match may cost a look through two windows.
//
// Compiled once, shared by all threads; RE2 stays out of this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "filters/body/stage.h"
#include "filters/document.h"

namespace weir::filters {

struct RewriteLimits {
  std::size_t window = 64 << 10;       // bytes; at least kWindowLeast
  std::uint64_t growth = 32ULL << 20;  // bytes by which replacements may outgrow what they replace
};

class Rewriter : public std::enable_shared_from_this<Rewriter> {
 public:
  static constexpr std::size_t kRewritesMost = 256;
  static constexpr std::size_t kFindMost = 4096;       // bytes of a literal or an expression
  static constexpr std::size_t kWithMost = 64 * 1024;  // bytes of a replacement
  static constexpr std::size_t kWindowLeast = 256;

  // In the replacement of an expression \0 is the whole match, \1 to \9 are its groups and \\ is a
  // backslash; that of a literal is taken as it is. An error is one sentence with the remedy.
  static tl::expected<std::shared_ptr<const Rewriter>, std::string> compile(
      std::span<const BodyRewrite> rewrites);
  ~Rewriter();

  // The change of one body. Keeps this rewriter alive. Memory: two windows if there is an
  // expression, else four times the longest literal or 16 KiB.
  std::unique_ptr<BodyStage> start(const RewriteLimits& limits) const;

  struct Compiled;  // rewrite_rules.h
  explicit Rewriter(std::unique_ptr<const Compiled> compiled);

 private:
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace weir::filters
