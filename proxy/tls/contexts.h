// SPDX-License-Identifier: Apache-2.0
//
// What all TLS connections of one side have in common (RFC 8446, RFC 5246): towards clients, in
// the place of their servers, and towards servers, whose certificates are verified. TLS 1.2 at
// least, no renegotiation, no compression, ALPN http/1.1 alone.
//
// No session is resumed: what was shown to a client under one name must not let it in under
// another, and the keys of tickets would be one more secret. Immutable, shared by all workers.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

struct ssl_ctx_st;

namespace weir::tls {

class Contexts {
 public:
  // `more_roots`: a PEM file of authorities that servers may be certified by, beside those of the
  // system; empty: none. The error names the file.
  static tl::expected<std::shared_ptr<const Contexts>, std::string> make(
      const std::string& more_roots);
  ~Contexts();

  ssl_ctx_st* to_clients() const { return to_clients_; }
  ssl_ctx_st* to_origins() const { return to_origins_; }

 private:
  Contexts() = default;
  ssl_ctx_st* to_clients_ = nullptr;
  ssl_ctx_st* to_origins_ = nullptr;
};

}  // namespace weir::tls
