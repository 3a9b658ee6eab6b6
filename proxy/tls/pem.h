// SPDX-License-Identifier: Apache-2.0
//
// Certificates and keys in PEM files: read with what is wrong said in a sentence, and written so
// that nobody else gets at them meanwhile.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"
#include "proxy/tls/handles.h"

namespace weir::tls {

// The first certificate of a file, and those behind it.
struct CertificateFile {
  CertificateHandle first;
  ChainHandle more;  // null: none
};
tl::expected<CertificateFile, std::string> read_certificates(const std::string& path);

// A key that only its owner may read; one that others may is refused, with the remedy.
tl::expected<KeyHandle, std::string> read_key(const std::string& path);

// Creates the file with these rights, in one go with its content; an existing one is an error.
tl::expected<void, std::string> write_new(const std::string& path, const std::string& text,
                                          unsigned mode);

std::string certificate_text(X509* certificate);
std::string key_text(EVP_PKEY* key);

KeyHandle make_key();  // P-256
// A random serial number of 127 bits (RFC 5280 4.1.2.2). False when there is no randomness.
bool set_random_serial(X509* certificate);
bool set_times(X509* certificate, WallTime from, WallTime to);
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value);
bool sign(X509* certificate, EVP_PKEY* key);
WallTime end_of(const X509* certificate);
WallTime start_of(const X509* certificate);

}  // namespace weir::tls
