// SPDX-License-Identifier: Apache-2.0
//
// See make_authority.h.
#include "proxy/tls/make_authority.h"

#include <openssl/err.h>
#include <unistd.h>

#include <array>

#include "proxy/tls/pem.h"

namespace weir::tls {
namespace {

constexpr Micros kOneDay = 24 * 3600 * kSecond;
constexpr Micros kLife = 3652 * kOneDay;  // ten years
constexpr unsigned kForOwner = 0600;
constexpr unsigned kForAll = 0644;

bool set_name(X509* certificate, const std::string& name) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* const text = reinterpret_cast<const unsigned char*>(name.data());
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text,
                                    static_cast<int>(name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

CertificateHandle make_certificate(EVP_PKEY* key, const std::string& name, WallTime now) {
  CertificateHandle out(X509_new());
  X509* const made = out.get();
  const WallTime from{now.us - kOneDay};
  const WallTime until{now.us + kLife};
  const bool done =
      key != nullptr && made != nullptr && X509_set_version(made, X509_VERSION_3) == 1 &&
      set_random_serial(made) && set_times(made, from, until) && set_name(made, name) &&
      X509_set_pubkey(made, key) == 1 &&
      add_extension(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(made, made, NID_subject_key_identifier, "hash") && sign(made, key);
  ERR_clear_error();
  return done ? std::move(out) : nullptr;
}

}  // namespace

tl::expected<void, std::string> make_authority(const std::string& certificate_file,
                                               const std::string& key_file, std::string_view name,
                                               WallTime now) {
  const KeyHandle key = make_key();
  const CertificateHandle certificate = make_certificate(key.get(), std::string(name), now);
  if (certificate == nullptr) {
    return tl::unexpected(std::string("no certificate can be made; is there randomness?"));
  }
  if (auto written = write_new(key_file, key_text(key.get()), kForOwner); !written) {
    return written;
  }
  auto written = write_new(certificate_file, certificate_text(certificate.get()), kForAll);
  if (!written) {
    ::unlink(key_file.c_str());
  }
  return written;
}

tl::expected<AboutCertificate, std::string> about_certificate(const std::string& file) {
  const auto read = read_certificates(file);
  if (!read) {
    return tl::unexpected(read.error());
  }
  X509* const certificate = read->first.get();
  AboutCertificate out;
  std::array<char, 512> name{};
  X509_NAME_oneline(X509_get_subject_name(certificate), name.data(), name.size());
  out.name = name.data();
  out.from = start_of(certificate);
  out.until = end_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (unsigned i = 0; i < size; ++i) {
      out.fingerprint += i == 0 ? "" : ":";
      out.fingerprint += kHex[digest[i] >> 4];
      out.fingerprint += kHex[digest[i] & 15];
    }
  }
  ERR_clear_error();
  return out;
}

}  // namespace weir::tls
