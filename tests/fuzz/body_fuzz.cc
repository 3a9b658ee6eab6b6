// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a body. The first byte chooses the framing, the second seeds the cuts.
// Invariants: payload, trailers and end are the same whether the body comes whole, in pieces, or
// with payload passing by unseen; each step makes progress and stays inside its input; nothing is
// taken once the body is over or bad; extensions and trailers stay within their bounds.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/http/body.h"

namespace {

using namespace weir::http;

struct Outcome {
  std::string payload;
  std::string trailers;
  std::size_t used = 0;
  bool over = false;
  bool bad = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read(const Framing& framing, std::string_view in, std::uint32_t seed, bool skipping) {
  BodyReader reader;
  reader.begin(framing);
  Outcome out;
  while (out.used < in.size() && !reader.over() && !out.bad) {
    // A seed of 0: all at once.
    const std::size_t most = seed == 0 ? in.size() : 1 + (seed >> 24) % 29;
    seed = seed == 0 ? 0 : seed * 1664525 + 1013904223;
    const std::string_view piece = in.substr(out.used, most);
    if (const std::uint64_t sure = reader.sure_payload(); skipping && sure > 0) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(sure, piece.size()));
      reader.skip(n);
      out.payload += piece.substr(0, n);
      out.used += n;
      continue;
    }
    const BodyStep step = reader.next(piece);
    WEIR_ASSERT(step.used > 0 && step.used <= piece.size() && step.over == reader.over());
    WEIR_ASSERT(step.payload.empty() ||
                (step.payload.data() >= piece.data() &&
                 step.payload.data() + step.payload.size() == piece.data() + step.used));
    out.payload += step.payload;
    out.used += step.used;
    out.bad = step.bad;
  }
  out.over = reader.over();
  out.trailers = reader.trailers();
  WEIR_ASSERT(out.trailers.size() <= BodyReader::kMaxTrailers + 2);
  WEIR_ASSERT((!out.over && !out.bad) || reader.next("0\r\n").used == 0);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  // Two in four chunked, and a length of 0 to 63 bytes.
  constexpr BodyKind kKinds[] = {BodyKind::Chunked, BodyKind::Chunked, BodyKind::Length,
                                 BodyKind::UntilClose};
  const Framing framing{kKinds[data[0] % 4], data[0] % 4U == 2U ? data[0] / 4U : 0U};
  const std::string_view in(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::uint32_t seed = data[1] * 65537U;
  const Outcome whole = read(framing, in, 0, false);
  WEIR_ASSERT(whole == read(framing, in, seed + 1, false));
  WEIR_ASSERT(whole == read(framing, in, seed + 2, true));
  if (framing.kind == BodyKind::Length) {
    WEIR_ASSERT(whole.payload == in.substr(0, framing.length));
  }
  return 0;
}
