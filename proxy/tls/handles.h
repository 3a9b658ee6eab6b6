// SPDX-License-Identifier: Apache-2.0
//
// Owners for what OpenSSL hands out as bare pointers, for the files of this folder that know that
// library. Nothing here decides anything.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace weir::tls {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, FreeBy<Free>>;

using BioHandle = Handle<BIO, BIO_free_all>;
using BignumHandle = Handle<BIGNUM, BN_free>;
using CertificateHandle = Handle<X509, X509_free>;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

// Certificates that belong to the stack.
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using ChainHandle = std::unique_ptr<STACK_OF(X509), FreeChain>;

// Another count on the same object.
inline CertificateHandle share(X509* certificate) {
  X509_up_ref(certificate);
  return CertificateHandle(certificate);
}
inline KeyHandle share(EVP_PKEY* key) {
  EVP_PKEY_up_ref(key);
  return KeyHandle(key);
}

}  // namespace weir::tls
