// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary rewrites of an arbitrary body, against the naive whole-body replacer. The first byte
// seeds the cuts; then lines: "lFIND|WITH" a literal, "eFIND|WITH" an expression; after an empty
// line, the body.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/body/rewrite.h"
#include "proxy/base/assert.h"
#include "tests/unit/filters/body/naive_rewrite.h"

namespace {

using namespace weir::filters;

constexpr std::size_t kBodyMost = 4096;  // the naive replacer is slow
constexpr std::size_t kFindMost = 40;    // counted repetitions of repetitions are slower still

bool take_rewrite(std::string_view& in, std::vector<BodyRewrite>& out) {
  const std::size_t end = in.find('\n');
  const std::string_view line = in.substr(0, end);
  in = end == std::string_view::npos ? std::string_view() : in.substr(end + 1);
  const std::size_t bar = line.find('|', 1);
  if (line.empty() || bar == std::string_view::npos || bar > kFindMost || out.size() == 4) {
    return false;
  }
  out.push_back(
      {std::string(line.substr(1, bar - 1)), line[0] == 'e', std::string(line.substr(bar + 1))});
  return true;
}

bool plain_ascii(const std::vector<BodyRewrite>& rewrites) {
  return std::ranges::all_of(rewrites, [](const BodyRewrite& rewrite) {
    return !rewrite.expression ||
           std::ranges::all_of(rewrite.find, [](char c) { return c > 0 && c != '\\'; });
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<BodyRewrite> rewrites;
  while (take_rewrite(in, rewrites)) {
  }
  const auto rewriter = Rewriter::compile(rewrites);
  if (!rewriter) {
    WEIR_ASSERT(!rewriter.error().empty());
    return 0;
  }
  const std::string_view body = in.substr(0, kBodyMost);
  const std::size_t piece = 1 + data[0] % 16 * 37;
  const std::size_t room = 1 + data[0] / 16 * 53;
  const RewriteLimits limits{.window = Rewriter::kWindowLeast, .growth = 1 << 20};
  const auto stage = (*rewriter)->start(limits);
  const std::string got = weir::test::run_stage(*stage, body, piece, room);
  WEIR_ASSERT(stage->over() != (stage->trouble() == BodyTrouble::TooMuchNew));
  const auto whole = (*rewriter)->start(limits);
  const std::string want = weir::test::run_stage(*whole, body, body.size() + 1, 1 << 16);
  WEIR_ASSERT(whole->over() == stage->over() && (!stage->over() || got == want));
  // Escapes may choose UTF-8, which the naive replacer is not told of.
  if (stage->over() && plain_ascii(rewrites)) {
    WEIR_ASSERT(got == weir::test::NaiveRewriter(rewrites).run(body, Rewriter::kWindowLeast));
  }
  return 0;
}
