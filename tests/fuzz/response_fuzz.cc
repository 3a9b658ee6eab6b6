// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a response head. Invariants: the verdict does not depend on where the input is
// cut (see pieces.h); every fault is an Origin row; what is understood holds no control character;
// an answer without a body by its nature is never framed with one, and both framings at once never
// pass.
#include <cstdint>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/http/framing.h"
#include "proxy/http/parse.h"
#include "tests/fuzz/pieces.h"

namespace {

using namespace weir;
using http::BodyKind;
using http::Progress;

void check_head(const http::ResponseHead& head) {
  WEIR_ASSERT(head.status >= 100 && head.status <= 999 && head.minor <= 1);
  WEIR_ASSERT(all(head.reason, kFieldVchar));
  for (const http::Field& line : head.fields.lines) {
    WEIR_ASSERT(all(line.name, kTchar) && !line.name.empty());
    WEIR_ASSERT(all(line.value, kFieldVchar) && trim_ows(line.value) == line.value);
  }
  for (const bool to_head : {false, true}) {
    const auto framing = http::response_framing(head, to_head);
    if (!framing) {
      WEIR_ASSERT(row(framing.error()).fault == Fault::Origin);
      continue;
    }
    const bool none = to_head || head.status < 200 || head.status == 204 || head.status == 304;
    WEIR_ASSERT((framing->kind == BodyKind::None) == none);
    WEIR_ASSERT(!head.fields.has(http::FieldId::TransferEncoding) ||
                !head.fields.has(http::FieldId::ContentLength));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const http::HeadLimits limits{64, 512, 8};
  http::ResponseHead head;
  http::HeadScan whole;
  const http::Taken taken = http::take_response(in, whole, limits, head);
  if (taken.progress == Progress::Done) {
    WEIR_ASSERT(taken.used <= in.size() && head.bytes == taken.used);
    check_head(head);
  } else if (taken.progress == Progress::Bad) {
    WEIR_ASSERT(row(taken.why).fault == Fault::Origin);
  }
  const std::size_t cut = size == 0 ? 0 : data[size - 1] % (size + 1);
  fuzz::check_pieces(in, cut, limits, taken, head);
  return 0;
}
