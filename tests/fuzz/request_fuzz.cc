// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a request head. Invariants: the verdict does not depend on where the input is
// cut (see pieces.h); everything understood lies inside the bytes used, holds no control character,
// and is judged by framing, target and Host without a fault.
#include <cstdint>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/http/forward.h"
#include "proxy/http/parse.h"
#include "proxy/http/target.h"
#include "tests/fuzz/pieces.h"

namespace {

using namespace weir;
using http::Progress;

void check_head(const http::RequestHead& head) {
  WEIR_ASSERT(all(head.method, kTchar) && !head.method.empty());
  WEIR_ASSERT(all(head.target, kTargetChar) && !head.target.empty());
  for (const http::Field& line : head.fields.lines) {
    WEIR_ASSERT(all(line.name, kTchar) && !line.name.empty());
    WEIR_ASSERT(all(line.value, kFieldVchar) && trim_ows(line.value) == line.value);
    WEIR_ASSERT(line.id == http::field_id(line.name));
  }
  const auto framing = http::request_framing(head);
  if (framing) {
    WEIR_ASSERT(framing->kind != http::BodyKind::UntilClose);
    WEIR_ASSERT(framing->kind != http::BodyKind::Chunked ||
                (head.minor == 1 && !head.fields.has(http::FieldId::ContentLength)));
  }
  WEIR_ASSERT(http::check_host(head) != Failure::None ||
              head.fields.count(http::FieldId::Host) <= 1);
  Arena arena;
  (void)http::parse_target(head, arena);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const http::HeadLimits limits{64, 512, 8};
  http::RequestHead head;
  http::HeadScan whole;
  const http::Taken taken = http::take_request(in, whole, limits, head);
  WEIR_ASSERT(taken.progress != Progress::Done || taken.used <= in.size());
  if (taken.progress == Progress::Done) {
    WEIR_ASSERT(head.bytes == taken.used && head.fields.lines.size() <= limits.fields);
    check_head(head);
  }
  const std::size_t cut = size == 0 ? 0 : data[size - 1] % (size + 1);
  fuzz::check_pieces(in, cut, limits, taken, head);
  return 0;
}
