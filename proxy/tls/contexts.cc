// SPDX-License-Identifier: Apache-2.0
//
// See contexts.h.
#include "proxy/tls/contexts.h"

#include <openssl/err.h>

#include <cstring>
#include <string_view>

#include "proxy/tls/handles.h"

namespace weir::tls {
namespace {

constexpr std::string_view kAlpn{"\x08http/1.1", 9};

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A client that wants only other protocols cannot be served; one that names none speaks HTTP/1.1.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, bytes(kAlpn), kAlpn.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A buffer of a connection is given back when it is empty: an idle connection holds none.
void settle(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
}

ContextHandle make_to_clients() {
  ContextHandle out(SSL_CTX_new(TLS_server_method()));
  if (out != nullptr) {
    settle(out.get());
    SSL_CTX_set_num_tickets(out.get(), 0);
    SSL_CTX_set_alpn_select_cb(out.get(), choose_protocol, nullptr);
  }
  return out;
}

ContextHandle make_to_origins() {
  ContextHandle out(SSL_CTX_new(TLS_client_method()));
  if (out != nullptr) {
    settle(out.get());
    SSL_CTX_set_verify(out.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_alpn_protos(out.get(), bytes(kAlpn), kAlpn.size());
  }
  return out;
}

}  // namespace

tl::expected<std::shared_ptr<const Contexts>, std::string> Contexts::make(
    const std::string& more_roots) {
  ContextHandle to_clients = make_to_clients();
  ContextHandle to_origins = make_to_origins();
  std::string why;
  if (to_clients == nullptr || to_origins == nullptr) {
    why = "TLS cannot be set up; look at the configuration of OpenSSL";
  } else if (SSL_CTX_set_default_verify_paths(to_origins.get()) != 1) {
    why = "the system's certificate authorities cannot be read; install ca-certificates";
  } else if (!more_roots.empty() &&
             SSL_CTX_load_verify_file(to_origins.get(), more_roots.c_str()) != 1) {
    why = "tls.origin_ca: cannot read certificates in PEM form from " + more_roots;
  }
  ERR_clear_error();
  if (!why.empty()) {
    return tl::unexpected(std::move(why));
  }
  const auto out = std::shared_ptr<Contexts>(new Contexts());
  out->to_clients_ = to_clients.release();
  out->to_origins_ = to_origins.release();
  return out;
}

Contexts::~Contexts() {
  SSL_CTX_free(to_clients_);
  SSL_CTX_free(to_origins_);
}

}  // namespace weir::tls
