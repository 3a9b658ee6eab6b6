// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a request target and as an authority. Invariants: an accepted authority holds
// only host characters, or brackets around an IPv6 address, and its text reads back as the same;
// a port is what its digits say; the path is the end of the target, with at most a '/' put before
// it; CONNECT gets a port.
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/base/host.h"
#include "proxy/http/target.h"

namespace {

using namespace weir;
using namespace weir::http;

void check_authority(const Authority& a) {
  WEIR_ASSERT(a.bracketed ? IpAddress::parse(a.host).has_value() : all(a.host, kHostChar));
  WEIR_ASSERT(!a.host.empty() && !a.text.empty() && !a.text.ends_with(':'));
  const auto again = parse_authority(a.text);
  WEIR_ASSERT(again && again->host == a.host && again->port == a.port && again->text == a.text);
  const std::string host = a.bracketed ? "[" + std::string(a.host) + "]" : std::string(a.host);
  WEIR_ASSERT(a.text.starts_with(host));
  const std::string_view port = a.text.substr(host.size());
  WEIR_ASSERT(a.port == 0 ? port.empty() : parse_decimal(port.substr(1)) == a.port);
  Arena arena;
  (void)normalise_host(a.host, a.bracketed, arena);
}

void check_target(std::string_view text, Method method) {
  RequestHead head;
  head.method_id = method;
  head.target = text;
  Arena arena;
  const auto target = parse_target(head, arena);
  if (!target) {
    WEIR_ASSERT(row(target.error()).status >= 400);
    return;
  }
  const bool has_authority =
      target->form == TargetForm::Absolute || target->form == TargetForm::Authority;
  if (has_authority) {
    check_authority(target->authority);
  }
  if (target->form == TargetForm::Authority) {
    WEIR_ASSERT(method == Method::Connect && target->authority.port != 0);
    return;
  }
  const std::string_view path = target->path;
  WEIR_ASSERT(path == "*" || path.starts_with('/'));
  WEIR_ASSERT(path == "*" || path == "/" || text.ends_with(path) || text.ends_with(path.substr(1)));
  WEIR_ASSERT(path != "*" || method == Method::Options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto authority = parse_authority(text)) {
    check_authority(*authority);
  }
  if (const auto authority = parse_authority_form(text)) {
    check_authority(*authority);
    WEIR_ASSERT(authority->port != 0);
  }
  if (!text.empty() && all(text, kTargetChar)) {
    for (const Method method : {Method::Get, Method::Options, Method::Connect, Method::Other}) {
      check_target(text, method);
    }
  }
  return 0;
}
