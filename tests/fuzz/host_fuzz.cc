// SPDX-License-Identifier: Apache-2.0
//
// Hosts and addresses from arbitrary bytes. Invariants: what is accepted is canonical (normalising
// it again changes nothing and allocates nothing new), consists of the allowed bytes, and an
// address prints to text that reads back as the same address; a prefix and an endpoint do the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/base/host.h"

namespace {

void check_host(std::string_view text, bool bracketed) {
  weir::Arena arena;
  const auto host = weir::normalise_host(text, bracketed, arena);
  if (!host) {
    return;
  }
  const bool again_bracketed = host->address && !host->address->is_v4();
  const auto again = weir::normalise_host(host->name, again_bracketed, arena);
  WEIR_ASSERT(again && again->name.data() == host->name.data());
  WEIR_ASSERT(again->name == host->name && again->address == host->address);
  if (host->address) {
    WEIR_ASSERT(host->name == host->address->text());
    return;
  }
  WEIR_ASSERT(weir::all(host->name, weir::kHostChar) && !host->name.ends_with('.'));
  WEIR_ASSERT(host->name.size() <= weir::kHostNameLimit && !weir::IpAddress::parse(host->name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_host(text, false);
  check_host(text, true);
  if (const auto address = weir::IpAddress::parse(text)) {
    WEIR_ASSERT(weir::IpAddress::parse(address->text()) == address);
    for (const auto& embedded : address->embedded_all()) {
      WEIR_ASSERT(embedded.is_v4());
    }
  }
  if (const auto prefix = weir::Prefix::parse(text)) {
    WEIR_ASSERT(weir::Prefix::parse(prefix->text()) == prefix && prefix->contains(prefix->base));
  }
  if (const auto endpoint = weir::Endpoint::parse(text)) {
    WEIR_ASSERT(weir::Endpoint::parse(endpoint->text()) == endpoint);
  }
  return 0;
}
