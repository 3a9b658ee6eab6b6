// SPDX-License-Identifier: Apache-2.0
//
// A ClientHello: whatever the bytes, the views lie within what was given or the arena, nothing is
// decided differently when more bytes follow, and a prefix never knows more than the whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/tls/hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::tls::Hello;
  using weir::tls::HelloProgress;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  weir::Arena arena;
  Hello whole;
  const HelloProgress progress = weir::tls::take_hello(in, arena, whole);
  if (progress == HelloProgress::Done && whole.server_name.size() > size) {
    std::abort();
  }
  Hello part;
  const HelloProgress early = weir::tls::take_hello(in.substr(0, size / 2), arena, part);
  if (early != HelloProgress::NeedMore && early != progress) {
    std::abort();
  }
  if (early == HelloProgress::Done && part.server_name != whole.server_name) {
    std::abort();
  }
  return 0;
}
