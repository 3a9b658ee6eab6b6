// SPDX-License-Identifier: Apache-2.0
//
// See send.h.
#include "proxy/pipeline/send.h"

#include <array>

namespace weir {

Task<Failure> send_text(Stream& to, std::string_view text, Micros idle, Failure broken,
                        Failure timeout) {
  while (!text.empty()) {
    const std::array<iovec, 1> part = {iovec{const_cast<char*>(text.data()), text.size()}};
    const IoResult r = to.write(part);
    if (r.what == Io::Bytes) {
      text.remove_prefix(r.bytes);
    } else if (r.what == Io::WouldBlock) {
      const Instant until = to.loop().now() + idle;
      const Failure why = co_await to.writable(until, timeout);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return to.is_open() ? broken : to.closed_why();
    }
  }
  co_return Failure::None;
}

}  // namespace weir
