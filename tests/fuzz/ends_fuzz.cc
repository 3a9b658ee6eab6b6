// SPDX-License-Identifier: Apache-2.0
//
// The first line is an expression, each other line a text. Invariants: what the expression's ends
// turn away, RE2 does not find; where the ends say that they know all, RE2 finds what they let
// through, and its match ends where they say.
#include <re2/re2.h>

#include <cstdint>
#include <string_view>

#include "filters/adblock/ends.h"
#include "proxy/base/assert.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto source = take_line(rest);
  const bool ignore_case = size % 2 != 0;
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(1 << 20);
  const RE2 exact(re2::StringPiece(source.data(), source.size()), options);
  weir::adblock::EndsTable table;
  table.add(weir::adblock::ends_of(source, ignore_case));
  while (exact.ok() && !rest.empty()) {
    const auto text = take_line(rest);
    weir::filters::Work work(UINT32_MAX);
    std::size_t end = 0;
    const bool allowed = table.allow(0, text, work, &end);
    re2::StringPiece match;
    const re2::StringPiece piece(text.data(), text.size());
    const bool found = exact.Match(piece, 0, piece.size(), RE2::UNANCHORED, &match, 1);
    WEIR_ASSERT(allowed || !found);
    if (table.exact(0)) {
      WEIR_ASSERT(found == allowed);
      WEIR_ASSERT(!found || end == static_cast<std::size_t>(match.end() - piece.begin()));
    }
  }
  return 0;
}
