// SPDX-License-Identifier: Apache-2.0
//
// See engine.h. OpenSSL reads and writes through a BIO of our own: recv and send on the socket,
// without signals, and the early bytes in front.
#include "proxy/tls/engine.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/base/address.h"
#include "proxy/tls/contexts.h"
#include "proxy/tls/leaf_parts.h"

namespace weir::tls {

namespace {

// Records are 16 KiB at most, so that one read of what is carried needs little more.
constexpr std::size_t kReadMost = 64 * 1024;
constexpr std::size_t kHandshakeMost = 512 * 1024;
constexpr unsigned kMostAsides = 256;

constexpr std::size_t kRecord = 16 * 1024;

// What is written as one record: what lies at `parts[at] + offset`, or, where that is little, as
// much as fits of it and what follows, copied together. The same bytes for the same question: a
// write that had to wait is repeated with them.
std::string_view piece(std::span<const iovec> parts, std::size_t at, std::size_t offset) {
  static thread_local std::array<char, kRecord> together;
  const auto rest = [&](std::size_t i) {
    const std::size_t skip = i == at ? offset : 0;
    return std::string_view(static_cast<const char*>(parts[i].iov_base) + skip,
                            parts[i].iov_len - skip);
  };
  if (rest(at).size() >= kRecord || at + 1 == parts.size()) {
    return rest(at).substr(0, kRecord);
  }
  std::size_t size = 0;
  for (std::size_t i = at; i < parts.size() && size < kRecord; ++i) {
    if (!rest(i).empty()) {
      size += rest(i).copy(together.data() + size, kRecord - size);
    }
  }
  return {together.data(), size};
}

// Steps `n` bytes on, over empty parts, too.
void step_on(std::span<const iovec> parts, std::size_t& at, std::size_t& offset, std::size_t n) {
  while (at < parts.size() && n >= parts[at].iov_len - offset) {
    n -= parts[at].iov_len - offset;
    ++at;
    offset = 0;
  }
  offset += n;
}

bool refuses_certificate(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE:
      return true;
    default:
      return false;
  }
}

Trouble trouble_of(long verified) {
  switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Trouble::Expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Trouble::WrongName;
    default:
      return Trouble::Untrusted;
  }
}

}  // namespace

// Tickets and new keys are a handful in an honest connection. One that sends nothing else would
// keep this worker from everybody else.
void hear_message(int written, int, int type, const void*, std::size_t, SSL*, void* to) {
  auto& raw = *static_cast<Engine::Raw*>(to);
  if (written == 0 && type == SSL3_RT_HANDSHAKE && raw.shaken) {
    ++raw.asides;
  }
}

int raw_read(BIO* bio, char* to, int most) {
  auto& raw = *static_cast<Engine::Raw*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (raw.budget == 0 || raw.asides > kMostAsides) {
    return -1;  // not to be tried again: the connection is broken
  }
  const auto room = std::min(static_cast<std::size_t>(most), raw.budget);
  if (raw.early_used < raw.early.size()) {
    const std::size_t n = raw.early.copy(to, room, raw.early_used);
    raw.early_used += n;
    if (raw.early_used == raw.early.size()) {
      raw.early = std::string();
      raw.early_used = 0;
    }
    raw.short_read = false;
    return static_cast<int>(n);
  }
  for (;;) {
    const ssize_t n = ::recv(raw.fd, to, room, 0);
    if (n >= 0) {
      raw.short_read = static_cast<std::size_t>(n) < room;
      raw.ended = n == 0;
      raw.budget -= static_cast<std::size_t>(n);
      return static_cast<int>(n);
    }
    if (errno == EAGAIN) {
      raw.short_read = true;
      BIO_set_retry_read(bio);
    }
    if (errno != EINTR) {
      return -1;
    }
  }
}

int raw_write(BIO* bio, const char* from, int size) {
  auto& raw = *static_cast<Engine::Raw*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  for (;;) {
    const ssize_t n = ::send(raw.fd, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (n >= 0) {
      return static_cast<int>(n);
    }
    if (errno == EAGAIN) {
      BIO_set_retry_write(bio);
    }
    if (errno != EINTR) {
      return -1;
    }
  }
}

long raw_control(BIO* bio, int what, long, void*) {
  const auto& raw = *static_cast<Engine::Raw*>(BIO_get_data(bio));
  return what == BIO_CTRL_FLUSH ? 1 : what == BIO_CTRL_EOF ? static_cast<long>(raw.ended) : 0;
}

namespace {

// One for the process, for as long as it lives.
const BIO_METHOD* raw_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
    if (made != nullptr) {
      BIO_meth_set_read(made, raw_read);
      BIO_meth_set_write(made, raw_write);
      BIO_meth_set_ctrl(made, raw_control);
    }
    return made;
  }();
  return method;
}

}  // namespace

Engine::Engine(SSL* ssl) : ssl_(ssl) {}

Engine::~Engine() {
  SSL_free(ssl_);
}

std::unique_ptr<Engine> Engine::wrap(SSL* ssl) {
  if (ssl == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  auto out = std::unique_ptr<Engine>(new Engine(ssl));
  BIO* const bio = BIO_new(raw_method());
  if (bio == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  BIO_set_data(bio, &out->raw_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_msg_callback(ssl, hear_message);
  SSL_set_msg_callback_arg(ssl, &out->raw_);
  return out;
}

std::unique_ptr<Engine> Engine::to_client(const Contexts& contexts, const Leaf& leaf,
                                          std::string_view early) {
  auto out = wrap(SSL_new(contexts.to_clients()));
  const Leaf::Parts& parts = leaf.parts();
  if (out == nullptr || SSL_use_cert_and_key(out->ssl_, parts.certificate.get(), parts.key.get(),
                                             parts.chain.get(), 1) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  out->raw_.early = early;
  SSL_set_accept_state(out->ssl_);
  return out;
}

std::unique_ptr<Engine> Engine::to_origin(const Contexts& contexts, std::string_view host) {
  auto out = wrap(SSL_new(contexts.to_origins()));
  if (out == nullptr) {
    return nullptr;
  }
  const std::string name(host);
  X509_VERIFY_PARAM* const expected = SSL_get0_param(out->ssl_);
  X509_VERIFY_PARAM_set_hostflags(
      expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool set = IpAddress::parse(host)
                       ? X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1 &&
                             SSL_set_tlsext_host_name(out->ssl_, name.c_str()) == 1;
  if (!set) {
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_connect_state(out->ssl_);
  return out;
}

// Of a call that did not succeed.
Moved Engine::stopped(int result) {
  const int why = SSL_get_error(ssl_, result);
  starved_ = why == SSL_ERROR_WANT_READ;
  switch (why) {
    case SSL_ERROR_WANT_READ:
      return {Move::WantsRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Move::WantsWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Move::End, 0};
    default:
      return {Move::Broken, 0};
  }
}

void Engine::note_trouble() {
  const long verified = SSL_get_verify_result(ssl_);
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  if (verified != X509_V_OK) {
    trouble_ = trouble_of(verified);
  } else if (refuses_certificate(reason)) {
    trouble_ = Trouble::Rejected;
  } else if (raw_.ended || error == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    trouble_ = Trouble::Gone;
  } else {
    trouble_ = Trouble::Protocol;
  }
}

Moved Engine::shake() {
  ERR_clear_error();
  raw_.budget = kHandshakeMost;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    raw_.shaken = true;
    return {Move::Done, 0};
  }
  Moved out = stopped(result);
  if (out.what == Move::End || out.what == Move::Broken) {
    note_trouble();
    out.what = Move::Broken;
  }
  ERR_clear_error();
  return out;
}

bool Engine::shaken() const {
  return SSL_is_init_finished(ssl_) == 1;
}

bool Engine::drained() const {
  return !over_ &&
         (starved_ || (raw_.short_read && raw_.early.empty() && SSL_has_pending(ssl_) == 0));
}

Moved Engine::read(char* to, std::size_t most) {
  ERR_clear_error();
  starved_ = false;
  std::size_t total = 0;
  for (;;) {
    std::size_t n = 0;
    raw_.budget = kReadMost;
    const int result = SSL_read_ex(ssl_, to + total, most - total, &n);
    if (result != 1) {
      const Moved why = stopped(result);
      ERR_clear_error();
      over_ = total > 0 && (why.what == Move::End || why.what == Move::Broken);
      return total > 0 ? Moved{Move::Done, total} : why;
    }
    total += n;
    if (total == most || drained()) {
      return {Move::Done, total};
    }
  }
}

Moved Engine::write(std::span<const iovec> parts) {
  ERR_clear_error();
  std::size_t total = 0;
  std::size_t at = 0;
  std::size_t offset = 0;
  step_on(parts, at, offset, 0);
  while (at < parts.size()) {
    const std::string_view next = piece(parts, at, offset);
    std::size_t n = 0;
    const int result = SSL_write_ex(ssl_, next.data(), next.size(), &n);
    if (result != 1) {
      const Moved why = stopped(result);
      ERR_clear_error();
      return total > 0 ? Moved{Move::Done, total} : why;
    }
    total += n;
    step_on(parts, at, offset, n);
  }
  return {Move::Done, total};
}

Moved Engine::end() {
  if (!shaken() || (SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0) {
    return {Move::Done, 0};
  }
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  const Moved why = result >= 0 ? Moved{Move::Done, 0} : stopped(result);
  ERR_clear_error();
  return why.what == Move::WantsWrite ? why : Moved{Move::Done, 0};
}

bool Engine::quiet() {
  ERR_clear_error();
  char byte = 0;
  std::size_t n = 0;
  raw_.budget = kReadMost;
  const int result = SSL_peek_ex(ssl_, &byte, 1, &n);
  const bool nothing = result != 1 && stopped(result).what == Move::WantsRead;
  ERR_clear_error();
  return nothing;
}

}  // namespace weir::tls
