// SPDX-License-Identifier: Apache-2.0
//
// See pem.h.
#include "proxy/tls/pem.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace weir::tls {
namespace {

tl::unexpected<std::string> fault(std::string what) {
  ERR_clear_error();
  return tl::unexpected(std::move(what));
}

std::string trouble(const std::string& path) {
  return "cannot read " + path + ": " + std::strerror(errno);
}

// Keys with a pass phrase have nobody here who could type it.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

WallTime time_of(const ASN1_TIME* at) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(at, &parts) != 1) {
    return {};
  }
  return {static_cast<Micros>(::timegm(&parts)) * kSecond};
}

std::string text_of(BIO* from) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(from, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

tl::expected<CertificateFile, std::string> read_certificates(const std::string& path) {
  const BioHandle file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) {
    return fault(trouble(path));
  }
  CertificateFile out;
  out.first.reset(PEM_read_bio_X509(file.get(), nullptr, no_pass_phrase, nullptr));
  if (out.first == nullptr) {
    return fault(path + " holds no certificate in PEM form");
  }
  while (X509* next = PEM_read_bio_X509(file.get(), nullptr, no_pass_phrase, nullptr)) {
    if (out.more == nullptr) {
      out.more.reset(sk_X509_new_null());
    }
    sk_X509_push(out.more.get(), next);
  }
  ERR_clear_error();  // the end of the file
  return out;
}

tl::expected<KeyHandle, std::string> read_key(const std::string& path) {
  const BioHandle file(BIO_new_file(path.c_str(), "r"));
  FILE* opened = nullptr;
  struct stat about {};
  if (file == nullptr || BIO_get_fp(file.get(), &opened) != 1 ||
      ::fstat(::fileno(opened), &about) != 0) {
    return fault(trouble(path));
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fault("others than its owner may use the key " + path + "; run: chmod 600 " + path);
  }
  KeyHandle key(PEM_read_bio_PrivateKey(file.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) {
    return fault(path + " holds no private key in PEM form, or one with a pass phrase");
  }
  return key;
}

tl::expected<void, std::string> write_new(const std::string& path, const std::string& text,
                                          unsigned mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) {
    return fault("cannot create " + path + ": " + std::strerror(errno));
  }
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = written && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!kept) {
    ::unlink(path.c_str());
    return fault("cannot write " + path + ": " + std::strerror(error));
  }
  return {};
}

std::string certificate_text(X509* certificate) {
  const BioHandle to(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(to.get(), certificate);
  return text_of(to.get());
}

std::string key_text(EVP_PKEY* key) {
  const BioHandle to(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PrivateKey(to.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(to.get());
}

KeyHandle make_key() {
  return KeyHandle(EVP_EC_gen("P-256"));
}

bool set_random_serial(X509* certificate) {
  const BignumHandle number(BN_new());
  return number != nullptr && BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, WallTime from, WallTime to) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from.us / kSecond) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), to.us / kSecond) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool sign(X509* certificate, EVP_PKEY* key) {
  const bool own_digest = EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1;
  return X509_sign(certificate, key, own_digest ? nullptr : EVP_sha256()) > 0;
}

WallTime end_of(const X509* certificate) {
  return time_of(X509_get0_notAfter(certificate));
}

WallTime start_of(const X509* certificate) {
  return time_of(X509_get0_notBefore(certificate));
}

}  // namespace weir::tls
