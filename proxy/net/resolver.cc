// SPDX-License-Identifier: Apache-2.0
//
// See resolver.h. A Lookup is one name asked for in both families. It concludes once: when both
// families have answered, shortly after the first has brought addresses (RFC 8305 3), or when its
// deadline passes. It lives on until both questions have been answered, so that c-ares never calls
// into nothing, and an answer that comes late still goes to the cache. Nobody is resumed from
// inside c-ares: the loop does it, later in the same turn.
#include "proxy/net/resolver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/base/assert.h"

namespace weir {
namespace {

// How long the second family may keep addresses of the first waiting (RFC 8305 8).
constexpr Micros kResolutionDelay = 50 * kMillisecond;
// A failing server is asked again after this (RFC 2308 7 allows up to five minutes).
constexpr Micros kFailureTtl = kSecond;
// Beyond this many names at once we are being flooded; the DNS has 65,536 message ids.
constexpr std::size_t kMostUnderWay = 4096;
constexpr Instant kForever{INT64_MAX};

bool is_or_ends_in(std::string_view name, std::string_view domain) {
  return name.ends_with(domain) &&
         (name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.');
}

// The preferred family first, each otherwise in the order given; no duplicates.
std::shared_ptr<const AddressList> in_order(const AddressList& from, bool prefer_ipv6) {
  AddressList list;
  for (const bool v4 : {!prefer_ipv6, prefer_ipv6}) {
    for (const IpAddress& address : from) {
      if (address.is_v4() == v4 && std::ranges::find(list, address) == list.end()) {
        list.push_back(address);
      }
    }
  }
  return std::make_shared<const AddressList>(std::move(list));
}

// Of two families without addresses, the more telling failure.
Failure worse(Failure a, Failure b) {
  for (const Failure f : {Failure::ShuttingDown, Failure::DnsTimeout, Failure::DnsFailed}) {
    if (a == f || b == f) {
      return f;
    }
  }
  return Failure::DnsNotFound;
}

}  // namespace

class Resolver::Lookup final : public Deadline {
 public:
  Lookup(Resolver& resolver, std::string_view name)
      : resolver_(resolver), name_(name), result_(fail(Failure::DnsFailed)) {}

  // Asks for both families. `self` keeps the lookup alive until both have answered.
  void ask(std::shared_ptr<Lookup> self, Instant until) {
    self_ = std::move(self);
    set(resolver_.loop_.wheel(), until);
    // A name of one label may stand in one of the system's own domains; others are complete.
    const bool search = name_.find('.') == std::string::npos;
    resolver_.channel_.ask(name_, Family::V6, search, &Lookup::answered, this);
    resolver_.channel_.ask(name_, Family::V4, search, &Lookup::answered, this);
  }

  const std::string& name() const { return name_; }
  const AddressList& addresses() const { return addresses_; }
  Micros ttl() const { return ttl_; }
  bool done() const { return done_; }
  const Result<Answer>& result() const { return result_; }
  void add_waiter(std::coroutine_handle<> waiter) { waiters_.push_back(waiter); }

  void conclude(Result<Answer> result, Loop& loop) {
    WEIR_ASSERT(!done_);
    done_ = true;
    clear();
    result_ = std::move(result);
    for (const auto waiter : waiters_) {
      loop.resume_soon(waiter);
    }
    waiters_.clear();
  }

 private:
  void due() override {
    resolver_.conclude(*this, addresses_.empty() ? Failure::DnsTimeout : Failure::None);
  }

  static void answered(void* owner, DnsReply& reply) { static_cast<Lookup*>(owner)->take(reply); }

  void take(const DnsReply& reply) {
    --open_;
    if (reply.failure == Failure::None) {
      ttl_ = addresses_.empty() ? reply.ttl : std::min(ttl_, reply.ttl);
      addresses_.insert(addresses_.end(), reply.addresses.begin(), reply.addresses.end());
    } else {
      failure_ = worse(failure_, reply.failure);
    }
    if (open_ > 0) {
      const Instant soon = resolver_.loop_.now() + kResolutionDelay;
      if (!done_ && !addresses_.empty() && soon < at()) {
        set(resolver_.loop_.wheel(), soon);
      }
      return;
    }
    if (!done_) {
      resolver_.conclude(*this, addresses_.empty() ? failure_ : Failure::None);
    } else if (!addresses_.empty()) {
      resolver_.remember(*this);  // late, but worth it
    }
    const auto last = std::move(self_);  // *this may end with it
  }

  Resolver& resolver_;
  std::string name_;
  AddressList addresses_;
  Micros ttl_ = 0;
  Failure failure_ = Failure::DnsNotFound;
  int open_ = 2;
  bool done_ = false;
  Result<Answer> result_;
  std::vector<std::coroutine_handle<>> waiters_;
  std::shared_ptr<Lookup> self_;
};

// Until a lookup has concluded. Keeps it alive.
class Resolver::Wait {
 public:
  explicit Wait(std::shared_ptr<Lookup> lookup) : lookup_(std::move(lookup)) {}
  bool await_ready() const { return lookup_->done(); }
  void await_suspend(std::coroutine_handle<> waiter) { lookup_->add_waiter(waiter); }
  Result<Answer> await_resume() const { return lookup_->result(); }

 private:
  std::shared_ptr<Lookup> lookup_;
};

Resolver::Resolver(Loop& loop, const Settings::Dns& settings, Micros timeout,
                   std::string hosts_path)
    : loop_(loop),
      times_{timeout, settings.min_ttl, std::max(settings.min_ttl, settings.max_ttl),
             settings.negative_ttl},
      prefer_ipv6_(settings.prefer_ipv6),
      localhost_(in_order({*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")},
                          settings.prefer_ipv6)),
      cache_(settings.cache_entries),
      channel_(loop, settings.servers, timeout) {
  for (const auto& [name, addresses] : settings.hosts) {
    if (!addresses.empty()) {
      fixed_.emplace(name, in_order(addresses, prefer_ipv6_));
    }
  }
  if (settings.hosts_file) {
    hosts_.emplace(std::move(hosts_path));
    hosts_->find("", loop.now());  // reads the file now rather than during the first request
  }
}

Resolver::~Resolver() = default;

std::shared_ptr<const AddressList> Resolver::written_down(std::string_view name) {
  if (const auto found = fixed_.find(name); found != fixed_.end()) {
    return found->second;
  }
  if (is_or_ends_in(name, "localhost")) {
    return localhost_;  // RFC 6761 6.3: never asked for
  }
  return hosts_ ? hosts_->find(name, loop_.now()) : nullptr;
}

std::optional<Result<Answer>> Resolver::known(std::string_view name) {
  if (auto list = written_down(name)) {
    ++counters_.cached;
    return Answer{std::move(list), kForever};
  }
  if (const auto* found = cache_.find(name, loop_.now())) {
    ++counters_.cached;
    return *found;
  }
  if (is_or_ends_in(name, "onion")) {
    ++counters_.cached;
    return fail(Failure::DnsNotFound);  // RFC 7686 2: the DNS must not hear of it
  }
  return std::nullopt;
}

Task<Result<Answer>> Resolver::resolve(std::string_view name) {
  ++counters_.lookups;
  if (const auto answer = known(name)) {
    co_return *answer;
  }
  const auto lookup = join_or_ask(name);
  if (!lookup) {
    co_return fail(lookup.error());
  }
  Wait wait(*lookup);
  // From here on the resolver may be gone.
  co_return co_await wait;
}

Result<std::shared_ptr<Resolver::Lookup>> Resolver::join_or_ask(std::string_view name) {
  if (const auto found = under_way_.find(name); found != under_way_.end()) {
    ++counters_.joined;
    return found->second;
  }
  if (under_way_.size() >= kMostUnderWay || channel_.open_questions() >= 4 * kMostUnderWay) {
    return fail(Failure::Overloaded);
  }
  ++counters_.asked;
  auto lookup = std::make_shared<Lookup>(*this, name);
  under_way_.emplace(lookup->name(), lookup);
  lookup->ask(lookup, loop_.now() + times_.timeout);
  return lookup;
}

Answer Resolver::remember(const Lookup& lookup) {
  const Micros ttl = std::clamp(lookup.ttl(), times_.min_ttl, times_.max_ttl);
  Answer answer{in_order(lookup.addresses(), prefer_ipv6_), loop_.now() + ttl};
  cache_.store(lookup.name(), answer, answer.expires);
  return answer;
}

void Resolver::remember_failure(const Lookup& lookup, Failure failure) {
  Micros ttl = std::min(times_.negative_ttl, kFailureTtl);
  switch (failure) {
    case Failure::DnsNotFound:
      ++counters_.not_found;
      ttl = times_.negative_ttl;
      break;
    case Failure::DnsTimeout:
      ++counters_.timed_out;
      break;
    case Failure::ShuttingDown:
      return;
    default:
      ++counters_.failed;
  }
  cache_.store(lookup.name(), fail(failure), loop_.now() + ttl);
}

void Resolver::conclude(Lookup& lookup, Failure failure) {
  under_way_.erase(lookup.name());
  if (failure == Failure::None) {
    ++counters_.found;
    lookup.conclude(remember(lookup), loop_);
  } else {
    remember_failure(lookup, failure);
    lookup.conclude(fail(failure), loop_);
  }
}

}  // namespace weir
