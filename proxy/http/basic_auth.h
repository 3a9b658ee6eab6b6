// SPDX-License-Identifier: Apache-2.0
//
// Reading the credentials of Basic authentication (RFC 7617) from the value of Proxy-Authorization.
// Strict: what a well-behaved client never sends is refused, so that every pair of user and
// password has one spelling only. It judges form; whether the password is right is not known here.
//
// Pure; any thread; no allocation. The decoded bytes live in a Secret and are wiped with it.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/base/secret.h"

namespace weir::http {

constexpr std::size_t kMaxBasicToken = 1024;    // characters of Base64
constexpr std::size_t kMaxBasicUser = 255;      // bytes
constexpr std::size_t kMaxBasicPassword = 511;  // bytes: what crypt(3) takes

// What a user-id may be (RFC 7617 2): no colon, no control character, neither empty nor too long.
bool may_be_basic_user(std::string_view user);

class BasicCredentials {
 public:
  // The user-id, as may_be_basic_user() allows; empty before parse_basic(). A view into this
  // object. It is what a stranger claims, until the password has been verified.
  std::string_view user() const { return decoded_.view().reveal().substr(0, user_size_); }

  // The password: up to kMaxBasicPassword bytes without control characters (so no NUL); may be
  // empty.
  SecretView password() const {
    return SecretView(decoded_.view().reveal().substr(user_size_ + (decoded_.size() > 0 ? 1 : 0)));
  }

 private:
  friend Failure parse_basic(std::string_view value, BasicCredentials& out);
  Secret<kMaxBasicToken / 4 * 3> decoded_;  // user ":" password
  std::size_t user_size_ = 0;
};

// Reads `value`, a field value without surrounding white space. Failure::None: `out` is filled.
// AuthRequired: empty, or another scheme than Basic. AuthFailed: Basic, but malformed or oversized;
// then, as with AuthRequired, `out` is empty.
Failure parse_basic(std::string_view value, BasicCredentials& out);

}  // namespace weir::http
