// SPDX-License-Identifier: Apache-2.0
//
// Who a client is, by Basic authentication to the proxy (RFC 7617; RFC 9110 11.7). A password seen
// lately costs one fingerprint; a new one is hashed on the offload pool, once however many requests
// bring it at the same time. What a stranger can learn from the answer or its timing is only
// whether name and password together are right.
//
// It knows nothing of connections or of what is asked for. One per worker, on the worker's thread;
// the password file (immutable) and the offload pool are shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/base/failure.h"
#include "proxy/base/instant.h"
#include "proxy/net/loop.h"
#include "proxy/net/offload.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/password_file.h"
#include "proxy/pipeline/remembered.h"

namespace weir {

namespace http {
class BasicCredentials;
}

// A user name that has been verified, by value: it outlives reloads and needs no heap.
class UserName {
 public:
  static constexpr std::size_t kMost = 255;
  UserName() = default;
  explicit UserName(std::string_view name);  // requires at most kMost bytes
  std::string_view view() const { return std::string_view(bytes_.data(), size_); }

 private:
  std::array<char, kMost> bytes_{};
  std::uint8_t size_ = 0;
};

struct AuthOutcome {
  // None: `user` is who asks. AuthRequired: no Basic credentials came. AuthFailed: malformed or
  // wrong. Overloaded: too many passwords wait to be hashed. ShuttingDown: the offload pool has
  // stopped.
  Failure failure = Failure::AuthRequired;
  UserName user;  // empty unless failure is None: a claimed name is nobody's
};

// How often checks ended in which way; each check that brought credentials counts once.
struct AuthCounters {
  std::uint64_t verified = 0;    // right, by hashing
  std::uint64_t cached = 0;      // right, without a hash of its own
  std::uint64_t failed = 0;      // malformed or wrong
  std::uint64_t overloaded = 0;  // not known: refused by the offload pool
};

class Authenticator {
 public:
  struct Limits {
    Micros remember = 300 * kSecond;  // a right password; 0: every check hashes
    Micros remember_failure =
        2 * kSecond;  // a wrong one: short, so that a reset password works soon
    std::size_t most_remembered = 4096;
    std::size_t most_failures = 1024;
  };

  // The loop and the pool must outlive it; the file must not be null.
  Authenticator(Loop& loop, Offload& offload, std::shared_ptr<const PasswordFile> file,
                const Limits& limits);
  ~Authenticator();  // requires that no check is under way
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // Judges the value of Proxy-Authorization (empty: the field was absent). `value` is read before
  // the first wait and not again. Cost when remembered: a decode and a fingerprint; no heap, no
  // wait.
  Task<AuthOutcome> check(std::string_view value);

  // From now on this file decides. Passwords remembered for hashes that changed are forgotten by
  // themselves, because the hash is part of the fingerprint.
  void use(std::shared_ptr<const PasswordFile> file);
  // The same, and how long a right password is remembered from now on; a shorter time than before
  // forgets what is remembered.
  void use(std::shared_ptr<const PasswordFile> file, Micros remember);

  const AuthCounters& counters() const { return counters_; }

 private:
  struct Flight;
  class Joined;
  struct Inquiry;
  Inquiry inquire(std::string_view value);
  void look_up(const http::BasicCredentials& claimed, Inquiry& found);
  std::shared_ptr<Flight> find_flight(const Fingerprint& print) const;
  std::shared_ptr<Flight> take_off(const http::BasicCredentials& claimed, std::string_view hash,
                                   const Fingerprint& print);
  static std::function<void()> job_of(std::shared_ptr<Flight> flight);
  void land(Flight& flight, Failure ran);
  AuthOutcome answer(const Flight& flight, bool led);

  Loop& loop_;
  Offload& offload_;
  std::shared_ptr<const PasswordFile> file_;
  Limits limits_;
  Fingerprinter fingerprinter_;
  Remembered right_;
  Remembered wrong_;
  std::vector<std::shared_ptr<Flight>> flights_;  // bounded by what the offload pool accepts
  AuthCounters counters_;
};

}  // namespace weir
