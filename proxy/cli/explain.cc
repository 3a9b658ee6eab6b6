// SPDX-License-Identifier: Apache-2.0
//
// See explain.h. From words to a question; the rest is explanation.h.
#include "proxy/cli/explain.h"

#include <sysexits.h>

#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/base/clock.h"
#include "proxy/cli/as_sent.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"
#include "proxy/net/devices.h"
#include "proxy/net/lease_files.h"

namespace weir::cli {
namespace {

using Problem = std::string;

// "example.com:443" names a tunnel, "example.com/path" is short for an http URL.
void take_url(const ExplainOptions& options, Arena& arena, Asked& asked) {
  const bool whole = options.url.find("://") != std::string::npos;
  const std::size_t colon = options.url.rfind(':');
  const bool port = colon != std::string::npos && colon + 1 < options.url.size() &&
                    all(std::string_view(options.url).substr(colon + 1), kDigit);
  asked.method = !options.method.empty() ? std::string_view(options.method)
                 : !whole && port        ? "CONNECT"
                                         : "GET";
  const bool as_it_is = whole || asked.method == "CONNECT";
  asked.url = as_it_is ? std::string_view(options.url) : arena.join({"http://", options.url});
}

// Every request names its host, also where nobody wrote that field.
void add_host_field(Asked& asked) {
  const auto named = [](const AskedField& field) { return same_ignoring_case(field.name, "host"); };
  if (std::ranges::any_of(asked.fields, named)) {
    return;
  }
  const std::size_t scheme = asked.url.find("://");
  std::string_view authority = asked.url.substr(scheme == npos ? 0 : scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t user = authority.rfind('@');
  asked.fields.push_back({"Host", user == npos ? authority : authority.substr(user + 1)});
}

bool take_fields(const std::vector<std::string>& lines, AskedFields& out) {
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !all(line.substr(0, colon), kTchar)) {
      return false;
    }
    out.push_back({line.substr(0, colon), trim_ows(line.substr(colon + 1))});
  }
  return true;
}

Problem take_addresses(const ExplainOptions& options, Question& question) {
  if (!options.client.empty()) {
    const auto client = IpAddress::parse(options.client);
    if (!client && plain_name(options.client).empty() && !parse_mac(options.client)) {
      return "--as: write a client's address such as 192.168.1.20, or the name or hardware address "
             "of a device; --user names a user.";
    }
    question.client = client.value_or(question.client);
  }
  if (!options.destination.empty()) {
    question.destination = IpAddress::parse(options.destination);
    if (!question.destination) {
      return "--destination: write an address such as 93.184.216.34.";
    }
  }
  return {};
}

// Who asks, as this machine knows its network. A device that is named by anything but its address
// must be known here, or nobody could say which groups its address is in.
Problem find_device(const std::string& as, const Settings& settings, Arena& arena,
                    Question& question) {
  if (as.empty()) {
    return {};
  }
  const WallTime now = wall_now();  // the network is known as it is, whatever --at says
  LeaseFiles files(settings.clients.leases);
  const auto leases = files.look(now);
  const auto neighbours = read_neighbours();
  const auto mac = parse_mac(as);
  const auto lent = mac ? leases->of(*mac, now) : nullptr;
  const bool address = IpAddress::parse(as).has_value();
  const auto named = leases->named(address ? "" : as, now);
  const auto near = std::ranges::find_if(
      neighbours, [&mac](const Neighbour& each) { return mac && each.second == *mac; });
  if (near != neighbours.end()) {
    question.client = near->first;
  } else if (lent != nullptr || !named.empty()) {
    question.client = lent != nullptr ? lent->address : named.front()->address;
  } else if (!address) {
    return "--as: no lease or neighbour of this machine is " + as + "; write its address.";
  }
  const auto at = std::ranges::find(neighbours, question.client, &Neighbour::first);
  const auto own = at != neighbours.end() ? std::optional(at->second) : mac;
  question.device = identify(question.client, own, *leases, now);
  question.device.name = arena.copy(question.device.name);
  return {};
}

Problem take(const ExplainOptions& options, Arena& arena, Question& question) {
  take_url(options, arena, question.asked);
  question.asked.user = options.user;
  question.asked.listener = options.listener;
  const auto at = options.at.empty() ? wall_now() : parse_time(options.at);
  if (!at) {
    return "--at: write a time such as 2026-11-21T15:00:00Z, or without the Z in local time.";
  }
  question.at = *at;
  if (!take_fields(options.fields, question.asked.fields) ||
      !take_fields(options.response_fields, question.response)) {
    return "a header is written 'Name: value'.";
  }
  if (options.status != 0 && (options.status < 100 || options.status > 999)) {
    return "--response-status: write a status from 100 to 999.";
  }
  question.status = static_cast<std::uint16_t>(options.status);
  if (question.status == 0 && !question.response.empty()) {
    question.status = 200;
  }
  return take_addresses(options, question);
}

// Why --listener cannot be that; empty: it can, or was left out.
Problem no_listener(std::string_view name, const Settings& settings) {
  std::string names;
  for (const Settings::Listener& listener : settings.listeners) {
    if (name.empty() || listener.name == name) {
      return {};
    }
    names += (names.empty() ? "" : ", ") + listener.name;
  }
  return "--listener: none is named " + printable(name) + "; there are: " + names + ".";
}

}  // namespace

int explain(const ExplainOptions& options) {
  Arena arena;
  Question question;
  if (const Problem problem = take(options, arena, question); !problem.empty()) {
    return fail(problem, EX_USAGE);
  }
  const auto sent = as_sent(question.asked.url, question.asked.method == "CONNECT", arena);
  if (!sent) {
    return fail(sent.error(), EX_USAGE);
  }
  question.asked.url = sent->url;
  add_host_field(question.asked);
  question.written_host = sent->written;
  const auto rules = load_rules(options.source);
  if (!rules) {
    complain(rules.error());
    return EX_CONFIG;
  }
  complain(rules->warnings);
  if (const Problem problem = no_listener(options.listener, rules->settings); !problem.empty()) {
    return fail(problem, EX_USAGE);
  }
  if (options.listener.empty() && rules->settings.listeners.size() == 1) {
    question.asked.listener = rules->settings.listeners.front().name;
  }
  if (const Problem problem = find_device(options.client, rules->settings, arena, question);
      !problem.empty()) {
    return fail(problem, EX_USAGE);
  }
  const auto explanation = explain_request(*rules, question, arena);
  if (explanation == nullptr) {
    return fail(question.asked.method == "CONNECT"
                    ? "for a CONNECT write host:port, such as example.com:443."
                    : "write a URL such as http://example.com/path.",
                EX_USAGE);
  }
  return print(options.json ? explanation_json(*explanation)
                            : explanation_text(*explanation, wants_colour()));
}

}  // namespace weir::cli
