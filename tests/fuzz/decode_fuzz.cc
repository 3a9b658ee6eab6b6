// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes under one or two content codings (first byte), cut by a seed (second byte).
// Invariants: output, end and trouble are the same however the input comes and the output is taken,
// unless a cap on the ratio was met, which depends on how much has come; the cap on output holds;
// every step makes progress or asks for more.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/body/decode.h"
#include "proxy/base/assert.h"

namespace {

using namespace weir::filters;

constexpr std::uint64_t kOutput = 100'000;

struct Outcome {
  std::string text;
  BodyTrouble trouble = BodyTrouble::None;
  bool over = false;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(const CodingList& list, std::string_view body, std::size_t piece, std::size_t room) {
  const auto decoder = make_decoder(list, {.ratio = 0, .ratio_from = 0, .output = kOutput});
  Outcome out;
  std::vector<char> to(room);
  unsigned idle = 0;
  while (!decoder->over() && decoder->trouble() == BodyTrouble::None) {
    const std::string_view next = body.substr(0, piece);
    const std::vector<char> in(next.begin(), next.end());
    const BodyFlow flow = decoder->step({in.data(), in.size()}, next.size() == body.size(), to);
    WEIR_ASSERT(flow.used <= next.size() && flow.made <= room);
    idle = flow.used == 0 && flow.made == 0 ? idle + 1 : 0;
    WEIR_ASSERT(idle < 3);
    body.remove_prefix(flow.used);
    out.text.append(to.data(), flow.made);
  }
  out.trouble = decoder->trouble();
  out.over = decoder->over();
  WEIR_ASSERT(out.text.size() <= kOutput && out.over == (out.trouble == BodyTrouble::None));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  CodingList list;
  list.codings = {static_cast<ContentCoding>(data[0] % 4),
                  static_cast<ContentCoding>(data[0] / 4 % 4)};
  list.count = data[0] / 16 % 4 == 0 ? 2 : 1;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = decode(list, body, SIZE_MAX, 1 << 17);
  const Outcome pieces = decode(list, body, 1 + data[1] % 16, 1 + data[1] / 16 * 50);
  // Of a malformed body, how much came out before the fault was seen may differ.
  WEIR_ASSERT(whole.over == pieces.over);
  WEIR_ASSERT(!whole.over || whole == pieces);
  std::vector<char> start(1445);
  const std::string_view begins = decode_start(list, body, start).text;
  WEIR_ASSERT(!whole.over || whole.text.starts_with(begins));
  return 0;
}
