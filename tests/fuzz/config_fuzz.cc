// SPDX-License-Identifier: Apache-2.0
//
// Whatever the bytes of a configuration: loading ends, throws nothing, and gives either settings or
// at least one problem, each on one line and with a place inside the text. What loads can be
// written out, and what was written out loads again to the same.
#include <cstdint>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/config/load.h"
#include "proxy/config/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const weir::Loaded loaded = weir::load_settings(text, "fuzz");
  if (!loaded) {
    WEIR_ASSERT(!loaded.error().empty());
    for (const weir::Problem& problem : loaded.error()) {
      WEIR_ASSERT(problem.line >= 1 && problem.column >= 1 && problem.column <= size + 1);
      WEIR_ASSERT(!problem.message.empty() && problem.text().find('\n') == std::string::npos);
    }
    return 0;
  }
  const std::string written = weir::effective_config(*loaded);
  const weir::Loaded again = weir::load_settings(written, "again");
  WEIR_ASSERT(again.has_value());
  WEIR_ASSERT(weir::effective_config(*again) == written);
  return 0;
}
