// SPDX-License-Identifier: Apache-2.0
//
// Lines of arbitrary bytes: those before the first empty one are patterns of a set, the others are
// URLs. Invariant: of each pattern the set says what RE2 says of it alone.
#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/pattern_set.h"
#include "proxy/base/assert.h"

namespace {

using namespace weir::filters;

constexpr std::size_t kPatternsMost = 16;

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

RE2::Options plain() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  PatternSet::Builder builder;
  std::vector<std::unique_ptr<RE2>> alone;
  while (!rest.empty() && alone.size() < kPatternsMost) {
    const std::string_view line = take_line(rest);
    if (line.empty()) {
      break;
    }
    if (builder.add(line, static_cast<std::uint32_t>(alone.size())).empty()) {
      alone.push_back(std::make_unique<RE2>(re2::StringPiece(line.data(), line.size()), plain()));
    }
  }
  const auto set = std::move(builder).build();
  WEIR_ASSERT(set);
  while (!rest.empty()) {
    const std::string_view url = take_line(rest);
    for (std::uint32_t n = 0; n < alone.size(); ++n) {
      weir::Arena arena;
      weir::filters::Work work(UINT32_MAX);
      const auto only = [n](std::uint32_t value) { return value == n; };
      const bool expected = RE2::PartialMatch(re2::StringPiece(url.data(), url.size()), *alone[n]);
      WEIR_ASSERT((set->first(url, arena, work, only) == n) == expected);
    }
  }
  return 0;
}
