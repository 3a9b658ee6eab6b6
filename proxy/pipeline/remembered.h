// SPDX-License-Identifier: Apache-2.0
//
// Remembering that a password was right (or wrong) without keeping the password. What is kept is a
// fingerprint: HMAC-SHA-256 under a random key that exists only in this process's memory, so that
// the table is worth nothing to whoever reads it without the key, and no choice of passwords can be
// made to collide. Time is a parameter; nothing here waits.
//
// Owned by an Authenticator, used on its worker's thread. No allocation after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/base/instant.h"

namespace weir {

using Fingerprint = std::array<std::uint8_t, 32>;

// In constant time: it does not tell how much of them agrees.
bool same(const Fingerprint& a, const Fingerprint& b);

// HMAC-SHA-256 (RFC 2104, FIPS 180-4) with the key already absorbed. A fingerprint copies two small
// states and allocates nothing.
class Fingerprinter {
 public:
  static constexpr std::size_t kBlock = 64;  // of SHA-256

  Fingerprinter();  // under a key from the system's random source; aborts when there is none
  // Under this key, of 1 to kBlock bytes. For tests with known answers.
  explicit Fingerprinter(std::span<const std::uint8_t> key);
  ~Fingerprinter();
  Fingerprinter(const Fingerprinter&) = delete;
  Fingerprinter& operator=(const Fingerprinter&) = delete;

  // Of the parts one after the other. Whoever calls makes the seams unambiguous.
  Fingerprint of(std::initializer_list<std::string_view> parts) const;

 private:
  struct Keyed;  // names OpenSSL's types, which no includer needs
  std::unique_ptr<Keyed> keyed_;
};

// A bounded set of fingerprints, each until its time. Places are in small groups; a full group
// gives up the member that would have ended first. Both operations cost one group, whatever the
// size.
class Remembered {
 public:
  static constexpr std::size_t kGroup = 8;

  // Room for `capacity` fingerprints, rounded up to whole groups; at least one group.
  explicit Remembered(std::size_t capacity);

  bool holds(const Fingerprint& print, Instant now) const;
  // Until `until`, exclusively; remembering again sets a new end.
  void add(const Fingerprint& print, Instant now, Instant until);
  std::size_t capacity() const { return places_.size(); }

 private:
  struct Place {
    Fingerprint print{};
    Instant until;  // unset: free
  };
  std::size_t group_of(const Fingerprint& print) const;

  std::vector<Place> places_;
};

}  // namespace weir
