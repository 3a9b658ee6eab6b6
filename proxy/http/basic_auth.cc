// SPDX-License-Identifier: Apache-2.0
//
// See basic_auth.h. The grammar, from the outside in:
//   credentials = auth-scheme [ 1*SP ( token68 / ... ) ]      RFC 9110 11.4; the scheme without
//   case token68     = Base64 of user-pass, padded                 RFC 7617 2, RFC 4648 4 user-pass
//   = user-id ":" password                        RFC 7617 2; the first colon divides
#include "proxy/http/basic_auth.h"

#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/base/base64.h"

namespace weir::http {
namespace {

constexpr std::string_view kScheme = "Basic";

// RFC 7617 2: neither part may contain control characters (RFC 5234 CTL).
bool has_control(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool may_be_basic_user(std::string_view user) {
  return !user.empty() && user.size() <= kMaxBasicUser && !has_control(user) &&
         user.find(':') == std::string_view::npos;
}

Failure parse_basic(std::string_view value, BasicCredentials& out) {
  out.decoded_.wipe();
  out.user_size_ = 0;
  const std::string_view scheme = value.substr(0, value.find(' '));
  if (!same_ignoring_case(scheme, kScheme)) {
    return Failure::AuthRequired;
  }
  std::string_view token = value.substr(scheme.size());
  while (token.starts_with(' ')) {
    token.remove_prefix(1);
  }
  if (token.empty() || token.size() > kMaxBasicToken) {
    return Failure::AuthFailed;
  }
  const auto size = decode_base64(token, out.decoded_.room());
  out.decoded_.resize(size.value_or(0));
  // RFC 7617 2: the first colon divides, further ones belong to the password.
  const std::string_view pair = out.decoded_.view().reveal();
  const std::size_t colon = std::min(pair.find(':'), pair.size());
  const std::string_view password = pair.substr(std::min(colon + 1, pair.size()));
  if (colon == pair.size() || !may_be_basic_user(pair.substr(0, colon)) ||
      password.size() > kMaxBasicPassword || has_control(password)) {
    out.decoded_.wipe();  // also what a refused token left behind
    return Failure::AuthFailed;
  }
  out.user_size_ = colon;
  return Failure::None;
}

}  // namespace weir::http
