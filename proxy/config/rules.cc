// SPDX-License-Identifier: Apache-2.0
//
// See rules.h. One function per contradiction. A rule is silent where one of its settings has a
// problem already: it would judge a default that nobody meant.
#include "proxy/config/rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "proxy/config/read.h"
#include "proxy/config/settings_table.h"
#include "proxy/config/text_rules.h"

namespace weir {
namespace {

// Everything a rule looks at.
struct Case {
  Settings& settings;
  const Value& root;
  Problems& problems;

  // "limits.head" as it was written; nothing if it was not.
  const Value* written(std::string_view path) const {
    const std::size_t dot = path.find('.');
    const Value* found = root.find(path.substr(0, dot));
    return found != nullptr && dot != std::string_view::npos ? found->find(path.substr(dot + 1))
                                                             : found;
  }
  // The place to point at: the value, or the nearest thing around it that was written.
  std::size_t place(std::string_view path) const {
    const Value* found = written(path);
    found = found != nullptr ? found : root.find(path.substr(0, path.find('.')));
    return found != nullptr ? found->offset : root.offset;
  }
  std::size_t place(std::string_view list, std::size_t index) const {
    const Value* found = written(list);
    const Value* item = found != nullptr ? found->item(index) : nullptr;
    return item != nullptr ? item->offset : place(list);
  }
};

// A value as JSON, for messages.
std::string shown(const Case& c, std::string_view path) {
  const SettingRow* row = find_setting(path);
  return row->show(*row, c.settings);
}

// `low` may not be more than `high`. A default follows; what was written is reported.
template <class T>
void check_order(const Case& c, T& low_value, T high_value, std::string_view low,
                 std::string_view high) {
  if (low_value <= high_value) {
    return;
  }
  if (c.written(low) == nullptr) {
    low_value = high_value;
  } else if (c.problems.spares(low) && c.problems.spares(high)) {
    c.problems.add(
        c.place(low), std::string(low),
        shown(c, low) + " is more than " + std::string(high) + ", which is " + shown(c, high) + ".",
        "Lower the first or raise the second.");
  }
}

void check_orders(const Case& c) {
  Settings& s = c.settings;
  check_order(c, s.dns.min_ttl, s.dns.max_ttl, "dns.min_ttl", "dns.max_ttl");
  check_order(c, s.limits.request_line, s.limits.head, "limits.request_line", "limits.head");
  check_order(c, s.timeouts.connect, s.timeouts.connect_total, "timeouts.connect",
              "timeouts.connect_total");
  if (s.clients.max_connections != 0) {
    check_order(c, s.clients.max_connections_per_client, s.clients.max_connections,
                "clients.max_connections_per_client", "clients.max_connections");
  }
}

void check_log(const Case& c) {
  const std::string& path = c.settings.access_log.path;
  if (c.settings.access_log.rotate_bytes != 0 && (path == "-" || path == "off")) {
    c.problems.add(c.place("access_log.rotate_bytes"), "access_log.rotate_bytes",
                   "only a file can be rotated, and access_log.path is " + quote(path) + ".",
                   "Set access_log.path to a file, or remove this.");
  }
}

void check_destinations(const Case& c) {
  const auto& deny = c.settings.destinations.deny;
  for (std::size_t i = 0; i < deny.size(); ++i) {
    if (std::ranges::find(c.settings.destinations.allow, deny[i]) !=
        c.settings.destinations.allow.end()) {
      c.problems.add(c.place("destinations.deny", i), step("destinations.deny", i),
                     deny[i].text() + " is both allowed and denied.",
                     "Remove it from one of the two lists.");
    }
  }
}

std::string taken_text(const Endpoint& at, const Settings::Listener& by, std::size_t index) {
  return at.text() + " is already " + step("listen", index) +
         (by.at == at ? "." : ", " + by.at.text() + ", which takes the same port.");
}

void check_listeners(const Case& c) {
  const auto& listeners = c.settings.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Endpoint& at = listeners[i].at;
    const auto first = std::ranges::find_if(
        listeners, [&](const Settings::Listener& one) { return contend(one.at, at); });
    const auto before = static_cast<std::size_t>(first - listeners.begin());
    if (before < i) {
      c.problems.add(c.place("listen", i), step("listen", i),
                     taken_text(at, listeners[before], before), "Remove one of the two.");
    }
  }
}

// With a redirect, servers' answers to the client's own address would not come back through here.
void check_client_address(const Case& c) {
  const auto& listeners = c.settings.listeners;
  const auto has = [&listeners](ListenMode mode) {
    return std::ranges::find(listeners, mode, &Settings::Listener::mode) != listeners.end();
  };
  if (c.settings.transparent.keep_client_address && has(ListenMode::Redirect) &&
      !has(ListenMode::Tproxy)) {
    c.problems.add(c.place("transparent.keep_client_address"), "transparent.keep_client_address",
                   "a client's address can be kept behind TPROXY only, and no listener has that "
                   "mode.",
                   "Set the listener's mode to \"tproxy\", or leave this out.");
  }
}

// Or nobody would be held to it, and nobody would say so.
void check_strict_groups(const Case& c) {
  std::vector<std::string_view> known;
  for (const auto& group : c.settings.policy.groups) {
    known.push_back(group.name);
  }
  const auto& strict = c.settings.transparent.strict_groups;
  for (std::size_t i = 0; i < strict.size(); ++i) {
    if (std::ranges::find(known, std::string_view(strict[i])) == known.end()) {
      c.problems.add_unknown(c.place("transparent.strict_groups", i),
                             step("transparent.strict_groups", i), strict[i],
                             {"group", "policy.groups", known});
    }
  }
}

void check_admin(const Case& c) {
  const auto admin = parse_admin_address(c.settings.admin.listen);
  if (!admin || admin->kind != AdminAddress::Kind::Tcp || admin->at.port == 0) {
    return;
  }
  const auto same = [&](const Settings::Listener& one) { return contend(one.at, admin->at); };
  const auto& listeners = c.settings.listeners;
  const auto taken = std::ranges::find_if(listeners, same);
  if (taken != listeners.end()) {
    const auto index = static_cast<std::size_t>(taken - listeners.begin());
    c.problems.add(c.place("admin.listen"), "admin.listen", taken_text(admin->at, *taken, index),
                   "Choose another port for one of the two.");
  }
}

void check_parents(const Case& c) {
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < c.settings.parents.size(); ++i) {
    const std::string& name = c.settings.parents[i].name;
    if (name == "direct") {
      c.problems.add(c.place("parents", i), step("parents", i),
                     "\"direct\" means no parent and cannot be the name of one.",
                     "Choose another name.");
    }
    const auto [first, fresh] = seen.try_emplace(name, i);
    if (!fresh) {
      c.problems.add(
          c.place("parents", i), step("parents", i),
          quote(name) + " is already the name of " + step("parents", first->second) + ".",
          "Give each parent its own name.");
    }
  }
}

// One name in the list of one route.
void check_hop(const Case& c, std::size_t route, std::size_t hop, const Value* list,
               const std::vector<std::string_view>& known) {
  const auto& names = c.settings.routes[route].parents;
  const std::string path = step(step("routes", route) + ".parents", hop);
  const Value* written = list != nullptr ? list->item(hop) : nullptr;
  const std::size_t place = written != nullptr ? written->offset : c.place("routes", route);
  if (std::ranges::find(known, std::string_view(names[hop])) == known.end()) {
    c.problems.add_unknown(place, path, names[hop], {"parent", "parents", known});
  } else if (names[hop] == "direct" && hop + 1 < names.size()) {
    c.problems.add(place, path, "nothing is tried after \"direct\".",
                   "Put \"direct\" last, or remove what follows it.");
  }
}

void check_routes(const Case& c) {
  std::vector<std::string_view> known{"direct"};
  for (const Settings::Parent& parent : c.settings.parents) {
    known.push_back(parent.name);
  }
  const Value* routes = c.root.find("routes");
  std::optional<std::size_t> last;  // the route that takes all that is left
  for (std::size_t i = 0; i < c.settings.routes.size(); ++i) {
    const Settings::Route& route = c.settings.routes[i];
    if (last) {
      c.problems.add(c.place("routes", i), step("routes", i),
                     "is never reached: " + step("routes", *last) + " takes every host.",
                     "Put the route for \"*\" last.");
    }
    const bool all = std::ranges::find(route.hosts, "*") != route.hosts.end();
    last = !last && all ? std::optional(i) : last;
    const Value* written = routes != nullptr ? routes->item(i) : nullptr;
    for (std::size_t j = 0; j < route.parents.size(); ++j) {
      check_hop(c, i, j, written != nullptr ? written->find("parents") : nullptr, known);
    }
  }
}

// Looking into TLS needs an authority, and somebody who trusts it.
void check_tls(const Case& c) {
  const Settings::Tls& tls = c.settings.tls;
  const auto& groups = c.settings.policy.groups;
  const bool trusted = std::ranges::any_of(groups, &filters::GroupDocument::trusts_ca);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].trusts_ca && tls.ca_certificate.empty()) {
      c.problems.add(c.place("policy"), step("policy.groups", i) + ".trusts_ca",
                     "there is no authority that it could trust.",
                     "Make one with \"weir ca create\" and name it in tls.ca_certificate.");
    }
  }
  const auto& rules = c.settings.policy.rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool intercepts =
        std::ranges::any_of(rules[i].actions, [](const filters::Action& action) {
          return action.kind == filters::ActionKind::Intercept;
        });
    if (intercepts && tls.ca_certificate.empty()) {
      c.problems.add(c.place("policy"), step("policy.rules", i) + ".then.intercept",
                     "there is no authority to make certificates with.",
                     "Make one with \"weir ca create\" and name it in tls.ca_certificate.");
    } else if (intercepts && !trusted) {
      c.problems.add(c.place("policy"), step("policy.rules", i) + ".then.intercept",
                     "no group trusts the authority, so this holds for nobody.",
                     "Write \"trusts_ca\": true for the groups on whose devices it is installed.");
    }
  }
}

// Whether every address of the prefix is loopback or belongs to a private or link-local network.
}  // namespace

bool is_inner_network(const Prefix& prefix) {
  static const std::vector<Prefix> ranges = [] {
    std::vector<Prefix> all = loopback_ranges();
    all.insert(all.end(), private_ranges().begin(), private_ranges().end());
    for (const char* text : {"100.64.0.0/10", "fec0::/10"}) {
      all.push_back(Prefix::parse(text).value_or(all.front()));
    }
    return all;
  }();
  return std::ranges::any_of(ranges, [&prefix](const Prefix& range) {
    return range.length <= prefix.length && range.contains(prefix.base);
  });
}

namespace {

bool is_public(const IpAddress& address) {
  return !address.is_loopback() && !address.is_private() && !address.is_link_local() &&
         !address.is_unspecified();
}

// A proxy that strangers can reach must know whom it serves: by address, by password, or because
// somebody wrote down that it serves everybody.
void check_open(const Case& c) {
  const Settings::Clients& clients = c.settings.clients;
  if (!c.settings.auth.htpasswd_file.empty() || clients.open_proxy) {
    return;
  }
  const auto& listeners = c.settings.listeners;
  const bool inside = std::ranges::all_of(listeners, [](const Settings::Listener& listener) {
    return listener.at.address.is_loopback();
  });
  const auto outer = std::ranges::find_if_not(clients.allow, is_inner_network);
  if (!inside && outer != clients.allow.end()) {
    c.problems.add(c.place("clients.allow"), "clients.allow",
                   "this would be an open proxy: " + outer->text() +
                       " holds public addresses, a listener can be reached from outside, and no "
                       "password is asked.",
                   "Set auth.htpasswd_file, allow only inner networks, or write "
                   "clients.open_proxy: true if it is meant.");
  }
  for (std::size_t i = 0; i < listeners.size() && c.written("clients.allow") == nullptr; ++i) {
    if (is_public(listeners[i].at.address)) {
      c.problems.add(c.place("listen", i), step("listen", i),
                     listeners[i].at.text() +
                         " is a public address, and nothing says who may use the proxy there.",
                     "Write clients.allow, even if only [\"loopback\", \"private\"], or set "
                     "auth.htpasswd_file.");
    }
  }
}

}  // namespace

void check_rules(Settings& settings, const Value& root, Problems& problems) {
  const Case c{settings, root, problems};
  check_orders(c);
  if (problems.spares("access_log")) {
    check_log(c);
  }
  if (problems.spares("destinations")) {
    check_destinations(c);
  }
  const bool listeners = problems.spares("listen");
  if (listeners) {
    check_listeners(c);
  }
  if (listeners && problems.spares("transparent")) {
    check_client_address(c);
  }
  if (problems.spares("transparent") && problems.spares("policy")) {
    check_strict_groups(c);
  }
  if (listeners && problems.spares("admin")) {
    check_admin(c);
  }
  if (problems.spares("tls") && problems.spares("policy")) {
    check_tls(c);
  }
  const bool parents = problems.spares("parents");
  if (parents) {
    check_parents(c);
  }
  if (parents && problems.spares("routes")) {
    check_routes(c);
  }
  if (listeners && problems.spares("clients.allow") && problems.spares("clients.open_proxy") &&
      problems.spares("auth")) {
    check_open(c);
  }
}

}  // namespace weir
