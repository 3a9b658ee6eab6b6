// SPDX-License-Identifier: Apache-2.0
//
// The ClientHello that opens a TLS connection (RFC 8446 4.1.2, RFC 6066 3), read without decrypting
// anything: which server the client names, and what else it shows. A pure function of the bytes
// received so far; however they are cut into segments and records, the answer is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"

namespace weir::tls {

// The largest ClientHello read, record headers included. Post-quantum key shares need some 2 KiB.
constexpr std::size_t kHelloMost = 16 * 1024;

enum class HelloProgress : std::uint8_t {
  NeedMore,  // so far it is a ClientHello
  Done,
  NotTls,  // the first bytes are no record of TLS
  Bad,     // it is TLS and no well-formed ClientHello, or larger than kHelloMost
};

struct Hello {
  std::string_view server_name;  // as sent; empty: none. In the input or the arena
  std::string_view alpn;         // the protocol list as on the wire, without its outer length
  bool encrypted_hello = false;  // has encrypted_client_hello (ECH, or GREASE of it)
};

// `in`: everything received. `arena` is used only when the hello spans several records.
HelloProgress take_hello(std::string_view in, Arena& arena, Hello& out);

// A fatal alert in a record of its own, as sent to a client whose server name is refused: what a
// browser shows at once instead of waiting. RFC 8446 6.2.
constexpr std::string_view kUnrecognizedName{"\x15\x03\x03\x00\x02\x02\x70", 7};
constexpr std::string_view kAccessDenied{"\x15\x03\x03\x00\x02\x02\x31", 7};

}  // namespace weir::tls
