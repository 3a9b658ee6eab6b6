// SPDX-License-Identifier: Apache-2.0
//
// The certificate authority of this proxy, with which it stands in for servers towards devices that
// trust it: loaded and checked once, and a certificate for one host made at need (a leaf). A leaf
// names exactly that host, in subjectAltName alone (RFC 6125 6.4.4), and holds for 90 days, never
// beyond the authority. All leaves of a process have one key, which is written nowhere.
//
// Immutable, shared by all workers; each has a LeafCache of its own. Time is a parameter.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"

namespace weir::tls {

// A certificate that names one host, with what is sent beside it.
class Leaf {
 public:
  struct Parts;  // for the files of this folder
  explicit Leaf(std::unique_ptr<const Parts> parts);
  ~Leaf();
  const Parts& parts() const { return *parts_; }
  WallTime until() const;

 private:
  std::unique_ptr<const Parts> parts_;
};

class Authority {
 public:
  // From two PEM files: the certificate, behind it what is to be sent with every leaf (where it is
  // no root), and its key, which nobody but its owner may read. The error names the file, and what
  // to do.
  static tl::expected<std::shared_ptr<const Authority>, std::string> load(
      const std::string& certificate_file, const std::string& key_file, WallTime now);
  ~Authority();

  // A certificate for `host`: a host name as normalise_host leaves it, or an address. Null when
  // no certificate can name that. Costs one signature of the authority's key; any thread.
  std::shared_ptr<const Leaf> mint(std::string_view host, WallTime now) const;

  // The end of its own certificate.
  WallTime until() const;

 private:
  struct Parts;
  explicit Authority(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

// Whether a certificate can name `host`: an address, or dot-separated labels of letters, digits,
// "-" and "_" within the bounds of DNS (RFC 1035 2.3.4). No wildcard, no other byte.
bool may_certify(std::string_view host);

// The leaves made last, by host; the one not used for longest goes first. One thread's.
class LeafCache {
 public:
  static constexpr std::size_t kMost = 1024;
  LeafCache(std::shared_ptr<const Authority> authority, std::size_t most = kMost)
      : authority_(std::move(authority)), most_(most) {}

  // Null when no certificate can name that. `minted` is set when it had to be made.
  std::shared_ptr<const Leaf> find(std::string_view host, WallTime now, bool& minted);
  std::size_t size() const { return by_host_.size(); }

 private:
  struct Slot {
    std::shared_ptr<const Leaf> leaf;
    std::list<std::string_view>::iterator place;
  };
  std::shared_ptr<const Authority> authority_;
  std::size_t most_;
  std::map<std::string, Slot, std::less<>> by_host_;
  std::list<std::string_view> used_;  // the latest first; views of the keys above
};

}  // namespace weir::tls
