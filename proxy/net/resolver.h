// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses, with memory: fixed answers of the settings, localhost, /etc/hosts, then the
// cache, then the DNS, where IPv4 and IPv6 are asked for together and whoever asks for the same
// name meanwhile waits for the same answer. It judges no address and opens no connection.
//
// Owned by a worker; one thread. Must be destroyed before its loop; whoever waits then is resumed
// by the loop's next turn with ShuttingDown and must not touch the resolver again.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/config/settings.h"
#include "proxy/net/answer.h"
#include "proxy/net/answer_cache.h"
#include "proxy/net/dns_channel.h"
#include "proxy/net/hosts_file.h"
#include "proxy/net/loop.h"
#include "proxy/net/name_map.h"
#include "proxy/net/task.h"

namespace weir {

class Resolver {
 public:
  // `timeout`: the longest that anyone waits. The settings may go away afterwards.
  Resolver(Loop& loop, const Settings::Dns& settings, Micros timeout,
           std::string hosts_path = "/etc/hosts");
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Requires a normalised name (base/host.h) that is not an address; `name` need not outlive the
  // call. Fails with DnsNotFound, DnsFailed, DnsTimeout, ShuttingDown, or Overloaded when too many
  // look-ups are under way. What is known already neither waits nor allocates. The addresses of the
  // preferred family come first.
  Task<Result<Answer>> resolve(std::string_view name);

  // What resolve() would say without waiting, or nothing when it would have to ask. Counted as
  // cached.
  std::optional<Result<Answer>> known(std::string_view name);

  // Forgets what the DNS has said.
  void forget() { cache_.clear(); }

  struct Counters {
    std::uint64_t lookups = 0;    // calls of resolve()
    std::uint64_t cached = 0;     // answered from memory, fixed answers or files
    std::uint64_t joined = 0;     // waited for a question that somebody else had asked
    std::uint64_t asked = 0;      // put to the DNS (both families together count as one)
    std::uint64_t found = 0;      // of those asked
    std::uint64_t not_found = 0;  // of those asked
    std::uint64_t failed = 0;     // of those asked
    std::uint64_t timed_out = 0;  // of those asked
  };
  const Counters& counters() const { return counters_; }
  std::size_t cached_names() const { return cache_.size(); }
  std::size_t lookups_under_way() const { return under_way_.size(); }

 private:
  class Lookup;
  class Wait;
  struct Times {
    Micros timeout;
    Micros min_ttl;
    Micros max_ttl;
    Micros negative_ttl;
  };

  std::shared_ptr<const AddressList> written_down(std::string_view name);
  Result<std::shared_ptr<Lookup>> join_or_ask(std::string_view name);
  Answer remember(const Lookup& lookup);
  void remember_failure(const Lookup& lookup, Failure failure);
  void conclude(Lookup& lookup, Failure failure);

  Loop& loop_;
  const Times times_;
  const bool prefer_ipv6_;
  NameMap<std::shared_ptr<const AddressList>> fixed_;
  std::shared_ptr<const AddressList> localhost_;
  std::optional<HostsFile> hosts_;
  AnswerCache cache_;
  NameMap<std::shared_ptr<Lookup>> under_way_;  // those that can be joined
  Counters counters_;
  DnsChannel channel_;  // last: its end concludes what is under way
};

}  // namespace weir
