// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary first bytes under an arbitrary declared type: the first line is the type, the rest the
// body. Invariants: bytes behind kSniffBytes change nothing; a script or page is never found where
// sniffing was forbidden; the answer is the declared type or a type this code knows.
#include <cstdint>
#include <string>
#include <string_view>

#include "filters/body/sniff.h"
#include "proxy/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::filters::sniff;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const std::size_t end = in.find('\n');
  const std::string_view declared = end == std::string_view::npos ? "" : in.substr(0, end);
  const std::string body(end == std::string_view::npos ? in : in.substr(end + 1));
  const std::string_view type = sniff(body, declared, false);
  WEIR_ASSERT(!type.empty() && type.find('/') != std::string_view::npos);
  WEIR_ASSERT(sniff(body.substr(0, weir::filters::kSniffBytes), declared, false) == type);
  const std::string_view calm = sniff(body, declared, true);
  const bool scriptable = calm == "text/html" || calm == "text/xml" || calm == "application/pdf";
  WEIR_ASSERT(!scriptable || declared.find(calm) != std::string_view::npos);
  return 0;
}
