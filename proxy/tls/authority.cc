// SPDX-License-Identifier: Apache-2.0
//
// See authority.h.
#include "proxy/tls/authority.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstdint>

#include "proxy/base/address.h"
#include "proxy/tls/leaf_parts.h"
#include "proxy/tls/pem.h"

namespace weir::tls {
namespace {

constexpr Micros kDay = 24 * 3600 * kSecond;
constexpr Micros kLeafLife = 90 * kDay;
constexpr Micros kClocksBehind = 1 * kDay;  // of devices
constexpr std::size_t kNameMost = 253;
constexpr std::size_t kLabelMost = 63;

bool label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelMost && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), label_byte);
}

// What subjectAltName says. `host` has passed may_certify, so nothing in it can end the value or
// begin another.
std::string alternative_name(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return std::string("critical,") + (address ? "IP:" : "DNS:") + std::string(host);
}

// Why it cannot sign for others; empty when it can.
std::string unfit(X509* certificate, EVP_PKEY* key, WallTime now) {
  if (X509_check_ca(certificate) == 0) {
    return "is not the certificate of an authority (CA:TRUE); make one with: weir ca create";
  }
  const std::uint32_t usage = X509_get_key_usage(certificate);
  if ((usage & KU_KEY_CERT_SIGN) == 0) {
    return "may not sign certificates (keyUsage); make one with: weir ca create";
  }
  if (end_of(certificate) <= now) {
    return "has expired; make a new one with weir ca create, and install it on the devices";
  }
  if (start_of(certificate) > now) {
    return "is not valid yet; look at the clock of this machine";
  }
  if (X509_check_private_key(certificate, key) != 1) {
    return "does not belong to the key in tls.ca_key; name two files that were made together";
  }
  return {};
}

bool is_root(X509* certificate) {
  return X509_check_issued(certificate, certificate) == X509_V_OK;
}

}  // namespace

struct Authority::Parts {
  CertificateHandle certificate;
  KeyHandle key;
  ChainHandle chain;  // null for a root, which devices have
  KeyHandle leaf_key;
  WallTime until;
};

Leaf::Leaf(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Leaf::~Leaf() = default;
WallTime Leaf::until() const {
  return parts_->until;
}

Authority::Authority(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Authority::~Authority() = default;
WallTime Authority::until() const {
  return parts_->until;
}

tl::expected<std::shared_ptr<const Authority>, std::string> Authority::load(
    const std::string& certificate_file, const std::string& key_file, WallTime now) {
  if (key_file.empty()) {
    return tl::unexpected(std::string("tls.ca_key: is not set; name the file with the key of ") +
                          certificate_file);
  }
  auto certificates = read_certificates(certificate_file);
  if (!certificates) {
    return tl::unexpected("tls.ca_certificate: " + certificates.error() +
                          "; make one with: weir ca create");
  }
  auto key = read_key(key_file);
  if (!key) {
    return tl::unexpected("tls.ca_key: " + key.error());
  }
  auto parts = std::make_unique<Parts>();
  parts->certificate = std::move(certificates->first);
  parts->key = std::move(*key);
  const std::string why = unfit(parts->certificate.get(), parts->key.get(), now);
  ERR_clear_error();
  if (!why.empty()) {
    return tl::unexpected("tls.ca_certificate: " + certificate_file + " " + why);
  }
  if (!is_root(parts->certificate.get())) {
    parts->chain = std::move(certificates->more);
    if (parts->chain == nullptr) {
      parts->chain.reset(sk_X509_new_null());
    }
    sk_X509_unshift(parts->chain.get(), share(parts->certificate.get()).release());
  }
  parts->until = end_of(parts->certificate.get());
  parts->leaf_key = make_key();
  if (parts->leaf_key == nullptr) {
    return tl::unexpected(std::string("no key can be made for certificates; is there randomness?"));
  }
  return std::shared_ptr<const Authority>(new Authority(std::move(parts)));
}

std::shared_ptr<const Leaf> Authority::mint(std::string_view host, WallTime now) const {
  if (!may_certify(host) || now >= parts_->until) {
    return nullptr;
  }
  auto out = std::make_unique<Leaf::Parts>();
  out->certificate.reset(X509_new());
  X509* const leaf = out->certificate.get();
  X509* const issuer = parts_->certificate.get();
  const WallTime from{std::max(now.us - kClocksBehind, start_of(issuer).us)};
  out->until = WallTime{std::min(now.us + kLeafLife, parts_->until.us)};
  const bool made =
      leaf != nullptr && X509_set_version(leaf, X509_VERSION_3) == 1 && set_random_serial(leaf) &&
      set_times(leaf, from, out->until) &&
      X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
      X509_set_pubkey(leaf, parts_->leaf_key.get()) == 1 &&
      add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth") &&
      add_extension(leaf, issuer, NID_authority_key_identifier, "keyid") &&
      add_extension(leaf, issuer, NID_subject_alt_name, alternative_name(host).c_str()) &&
      sign(leaf, parts_->key.get());
  ERR_clear_error();
  if (!made) {
    return nullptr;
  }
  out->key = share(parts_->leaf_key.get());
  if (parts_->chain != nullptr) {
    out->chain.reset(X509_chain_up_ref(parts_->chain.get()));
  }
  return std::make_shared<const Leaf>(std::move(out));
}

bool may_certify(std::string_view host) {
  if (IpAddress::parse(host)) {
    return true;
  }
  if (host.size() > kNameMost) {
    return false;
  }
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!is_label(host.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    host.remove_prefix(dot + 1);
  }
}

std::shared_ptr<const Leaf> LeafCache::find(std::string_view host, WallTime now, bool& minted) {
  minted = false;
  const auto found = by_host_.find(host);
  if (found != by_host_.end() && now.us + kDay < found->second.leaf->until().us) {
    used_.splice(used_.begin(), used_, found->second.place);
    return found->second.leaf;
  }
  auto leaf = authority_->mint(host, now);
  minted = leaf != nullptr;
  if (!minted || found != by_host_.end()) {
    if (minted) {
      found->second.leaf = leaf;
    }
    return leaf;
  }
  if (by_host_.size() >= most_) {
    by_host_.erase(by_host_.find(used_.back()));
    used_.pop_back();
  }
  const auto at = by_host_.emplace(std::string(host), Slot{leaf, {}}).first;
  used_.push_front(at->first);
  at->second.place = used_.begin();
  return leaf;
}

}  // namespace weir::tls
