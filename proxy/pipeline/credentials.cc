// SPDX-License-Identifier: Apache-2.0
//
// See credentials.h. A check goes through these questions, cheapest first:
//   1. Is the value well formed?                                   http::parse_basic
//   2. Was exactly this found right, or wrong, a moment ago?       two tables of fingerprints
//   3. Is exactly this being verified now? Then wait for that.     flights
//   4. Does the password match the stored hash?                    crypt(3), on the offload pool
//
// The fingerprint is over  user NUL password NUL stored-hash.  Neither user nor password can hold a
// NUL (RFC 7617 2), so two different triples never read the same. For a name that does not exist
// the stored hash is empty, and what is verified in its place is a decoy whose result is not used.
//
// The flight is shared by the leader, its job and those who joined; the password in it is wiped on
// the pool's thread as soon as it has been hashed.
#include "proxy/pipeline/credentials.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/http/basic_auth.h"
#include "proxy/pipeline/password_hash.h"

namespace weir {

static_assert(http::kMaxBasicUser <= UserName::kMost);
static_assert(http::kMaxBasicPassword <= kMaxPassword);

UserName::UserName(std::string_view name) : size_(static_cast<std::uint8_t>(name.size())) {
  WEIR_ASSERT(name.size() <= kMost);
  name.copy(bytes_.data(), name.size());
}

// One password being verified. The job may touch password, hash and matches until the leader is
// resumed, nobody else; the rest is the worker's.
struct Authenticator::Flight {
  Fingerprint print{};
  UserName user;
  bool exists = false;  // no: the hash is a decoy
  Password password;
  std::string hash;
  bool matches = false;
  Failure outcome = Failure::None;  // once landed
  std::vector<std::coroutine_handle<>> waiting;
};

// Awaitable: until somebody else's flight has landed.
class Authenticator::Joined {
 public:
  explicit Joined(Flight& flight) : flight_(flight) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { flight_.waiting.push_back(waiter); }
  void await_resume() const noexcept {}

 private:
  Flight& flight_;
};

// What is known without waiting: the outcome, or the flight that will tell.
struct Authenticator::Inquiry {
  AuthOutcome outcome;
  std::shared_ptr<Flight> flight;
  bool leads = false;
};

Authenticator::Authenticator(Loop& loop, Offload& offload, std::shared_ptr<const PasswordFile> file,
                             const Limits& limits)
    : loop_(loop),
      offload_(offload),
      file_(std::move(file)),
      limits_(limits),
      right_(limits.most_remembered),
      wrong_(limits.most_failures) {
  WEIR_ASSERT(file_ != nullptr);
}

Authenticator::~Authenticator() {
  WEIR_ASSERT(flights_.empty());
}

void Authenticator::use(std::shared_ptr<const PasswordFile> file) {
  WEIR_ASSERT(file != nullptr);
  file_ = std::move(file);
}

void Authenticator::use(std::shared_ptr<const PasswordFile> file, Micros remember) {
  use(std::move(file));
  if (remember < limits_.remember) {
    right_ = Remembered(limits_.most_remembered);
  }
  limits_.remember = remember;
}

Task<AuthOutcome> Authenticator::check(std::string_view value) {
  const Inquiry inquiry = inquire(value);
  if (!inquiry.flight) {
    co_return inquiry.outcome;
  }
  Flight& flight = *inquiry.flight;
  if (inquiry.leads) {
    OffloadCall call(offload_, loop_, job_of(inquiry.flight));
    const Failure ran = co_await call;
    land(flight, ran);
  } else {
    Joined joined(flight);
    co_await joined;
  }
  co_return answer(flight, inquiry.leads);
}

Authenticator::Inquiry Authenticator::inquire(std::string_view value) {
  Inquiry found;
  if (value.empty()) {
    return found;  // AuthRequired
  }
  http::BasicCredentials claimed;
  const Failure malformed = http::parse_basic(value, claimed);
  if (malformed == Failure::None) {
    look_up(claimed, found);
    return found;
  }
  found.outcome.failure = malformed;
  counters_.failed += malformed == Failure::AuthFailed ? 1 : 0;
  return found;
}

void Authenticator::look_up(const http::BasicCredentials& claimed, Inquiry& found) {
  using namespace std::string_view_literals;
  const std::string_view hash = file_->hash_of(claimed.user());
  const Fingerprint print =
      fingerprinter_.of({claimed.user(), "\0"sv, claimed.password().reveal(), "\0"sv, hash});
  const Instant now = loop_.now();
  if (right_.holds(print, now)) {
    ++counters_.cached;
    found.outcome.failure = Failure::None;
    found.outcome.user = UserName(claimed.user());
    return;
  }
  if (file_->users() == 0 || wrong_.holds(print, now)) {
    ++counters_.failed;
    found.outcome.failure = Failure::AuthFailed;
    return;
  }
  found.flight = find_flight(print);
  if (!found.flight) {
    found.flight = take_off(claimed, hash, print);
    found.leads = true;
  }
}

std::shared_ptr<Authenticator::Flight> Authenticator::find_flight(const Fingerprint& print) const {
  const auto at = std::find_if(flights_.begin(), flights_.end(),
                               [&](const auto& flight) { return same(flight->print, print); });
  return at == flights_.end() ? nullptr : *at;
}

std::shared_ptr<Authenticator::Flight> Authenticator::take_off(
    const http::BasicCredentials& claimed, std::string_view hash, const Fingerprint& print) {
  auto flight = std::make_shared<Flight>();
  flight->print = print;
  flight->user = UserName(claimed.user());
  flight->password.assign(claimed.password());
  flight->exists = !hash.empty();
  if (!flight->exists) {
    // The same decoy each time for the same name, as if the name had a hash of its own; and over
    // all names the same spread of costs as the users have.
    std::uint64_t pick = 0;
    const Fingerprint of_name = fingerprinter_.of({claimed.user()});
    std::memcpy(&pick, of_name.data(), sizeof pick);
    hash = file_->decoy(pick);
  }
  flight->hash = hash;
  flights_.push_back(flight);
  return flight;
}

std::function<void()> Authenticator::job_of(std::shared_ptr<Flight> flight) {
  return [flight = std::move(flight)] {
    const bool matches = password_matches(flight->password, flight->hash);
    flight->password.wipe();
    flight->matches = flight->exists && matches;
  };
}

void Authenticator::land(Flight& flight, Failure ran) {
  std::erase_if(flights_, [&](const auto& listed) { return listed.get() == &flight; });
  const Instant now = loop_.now();
  if (ran != Failure::None) {
    flight.outcome = ran;  // nothing was learnt, so nothing is remembered
  } else if (flight.matches) {
    flight.outcome = Failure::None;
    right_.add(flight.print, now, now + limits_.remember);
  } else {
    flight.outcome = Failure::AuthFailed;
    wrong_.add(flight.print, now, now + limits_.remember_failure);
  }
  for (const auto waiter : flight.waiting) {
    loop_.resume_soon(waiter);
  }
}

AuthOutcome Authenticator::answer(const Flight& flight, bool led) {
  AuthOutcome outcome;
  outcome.failure = flight.outcome;
  if (flight.outcome == Failure::None) {
    outcome.user = flight.user;
    ++(led ? counters_.verified : counters_.cached);
  } else {
    ++(flight.outcome == Failure::AuthFailed ? counters_.failed : counters_.overloaded);
  }
  return outcome;
}

}  // namespace weir
