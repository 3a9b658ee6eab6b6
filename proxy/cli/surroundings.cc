// SPDX-License-Identifier: Apache-2.0
//
// See surroundings.h. Decides nothing of its own: where the proxy has a function for it, that one
// is asked.
#include "proxy/cli/surroundings.h"

#include <algorithm>

#include "filters/policy/apply.h"
#include "proxy/cli/action_words.h"
#include "proxy/net/destination.h"
#include "proxy/pipeline/route.h"

namespace weir::cli {
namespace {

using filters::ActionKind;
using filters::Decision;

Fact about_client(const Settings& settings, const filters::Subject& subject) {
  for (const Prefix& prefix : settings.clients.allow) {
    if (prefix.contains(subject.client)) {
      return {"client", "may use the proxy: clients.allow has " + prefix.text()};
    }
  }
  return {"client", "may not use the proxy: " + subject.client.text() + " is not in clients.allow",
          Failure::ClientDenied};
}

Fact about_user(const Settings& settings, const filters::Subject& subject) {
  if (settings.auth.htpasswd_file.empty()) {
    return {"user", "no password is asked for"};
  }
  if (subject.user.empty()) {
    return {"user", "a user name and password are asked for", Failure::AuthRequired};
  }
  return {"user", "taken as authenticated"};
}

Fact about_method(const Settings& settings, const filters::Subject& subject) {
  const auto& denied = settings.http.deny_methods;
  if (std::find(denied.begin(), denied.end(), subject.method) != denied.end()) {
    return {"method", "http.deny_methods has " + std::string(subject.method),
            Failure::MethodDenied};
  }
  return {"method", "allowed"};
}

Fact about_port(const Settings& settings, const filters::Subject& subject) {
  const auto& ports = settings.connect.ports;
  const std::string port = std::to_string(subject.port);
  if (std::find(ports.begin(), ports.end(), subject.port) == ports.end()) {
    return {"port", port + " is not in connect.ports", Failure::PortDenied};
  }
  return {"port", port + " is in connect.ports"};
}

struct Way {
  const std::vector<std::string>* parents = nullptr;  // null: direct
  std::string why;
};

Way way_of(const Explanation& explanation) {
  const filters::Verdict& verdict = explanation.verdict;
  if (verdict.decision == Decision::Route && verdict.action != nullptr) {
    return {&verdict.action->names, "rule " + explanation.rules->policy->rule(verdict.rule).id};
  }
  return {find_route(explanation.rules->settings, explanation.subject.host), "routes"};
}

Fact about_route(const Way& way) {
  if (way.parents == nullptr || way.parents->empty()) {
    return {"route", "direct"};
  }
  std::string names;
  for (const std::string& name : *way.parents) {
    names += (names.empty() ? "" : ", then ") + name;
  }
  return {"route", names + " (" + way.why + ")"};
}

Fact about_destination(const Explanation& explanation, const Way& way) {
  const Settings& settings = explanation.rules->settings;
  const filters::Subject& subject = explanation.subject;
  if (!subject.destination) {
    const bool parent = way.parents != nullptr && !way.parents->empty() &&
                        find_parent(settings, way.parents->front()) != nullptr;
    return {"destination", parent ? "the parent proxy looks the name up and judges its address"
                                  : "its address is judged when the name has been looked up; "
                                    "--destination ADDRESS judges it now"};
  }
  const DestinationVerdict said = destination_verdict(settings, subject, *subject.destination);
  const std::string address = subject.destination->text();
  return {"destination",
          address + (said.allowed() ? " may be connected to (" : " is not connected to (") +
              std::string(said.reason) + ")",
          said.failure};
}

// Is the client in a group whose devices trust certificates of ours?
bool trusts_authority(const Explanation& explanation) {
  const auto& groups = explanation.rules->policy->document().groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].trusts_ca && (explanation.subject.groups >> i & 1) != 0) {
      return true;
    }
  }
  return false;
}

Fact about_interception(const Explanation& explanation) {
  const filters::Verdict& verdict = explanation.verdict;
  const auto rule = [&] { return "rule " + explanation.rules->policy->rule(verdict.rule).id; };
  if (verdict.decision == Decision::Tunnel) {
    return {"interception", "never, by " + rule()};
  }
  const bool trusts = trusts_authority(explanation);
  if (verdict.decision == Decision::Intercept) {
    return {"interception", trusts
                                ? "yes, by " + rule() + ": what the tunnel carries is judged anew"
                                : "wanted by " + rule() +
                                      "; but no group of this client has trusts_ca, so it "
                                      "passes unread"};
  }
  if (explanation.subject.scheme == "http") {
    return {"interception", "not needed: the request is not encrypted"};
  }
  if (!explanation.subject.host_only) {
    return {"interception", "rules see this request only where its tunnel, below, is intercepted"};
  }
  const bool page = trusts && verdict.decision == Decision::Block;
  return {"interception", page ? "only to show the block page: this client trusts the authority"
                               : "none: what the tunnel carries is not seen"};
}

std::string who_keeps(const Explanation& explanation) {
  const filters::Verdict& verdict = explanation.verdict;
  std::uint32_t by = 0;
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    const auto& [rule, action] = verdict.adjustments[i];
    by = action->kind == ActionKind::Cache ? rule : by;  // of several the last
  }
  return "rule " + explanation.rules->policy->rule(by).id;
}

// The rule whose doing it is that the cache is passed by; empty: none's.
std::string who_bypasses(const Explanation& explanation) {
  const filters::Verdict& verdict = explanation.verdict;
  const filters::Policy& policy = *explanation.rules->policy;
  const auto words = [&policy](std::uint32_t rule, std::string_view what) {
    return "rule " + policy.rule(rule).id + " (" + std::string(what) + ")";
  };
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    const auto& [rule, action] = verdict.adjustments[i];
    const bool youtube = action->kind == ActionKind::Youtube && !explanation.onward.field.empty();
    const bool field = action->kind == ActionKind::SetRequestField ||
                       action->kind == ActionKind::AddRequestField ||
                       action->kind == ActionKind::ReplaceRequestField;
    if ((action->kind == ActionKind::Cache && action->no_cache) || youtube || field) {
      return words(rule, action_name(action->kind));
    }
  }
  return verdict.decision == Decision::Route ? words(verdict.rule, "route") : std::string();
}

Fact about_cache(const Explanation& explanation) {
  const filters::Policy& policy = *explanation.rules->policy;
  const filters::Adjustments all = policy.summarise(explanation.verdict);
  const filters::Subject& subject = explanation.subject;
  if (subject.host_only) {
    return {"cache", "none: what the tunnel carries is not seen"};
  }
  if (all.no_cache || filters::asks_otherwise(explanation.verdict, all, subject.host)) {
    return {"cache", "neither answered from it nor kept, by " + who_bypasses(explanation) +
                         (all.no_cache ? "" : ": the answer is for those whom it means alone")};
  }
  const std::string_view method = subject.method;
  if (method != "GET" && method != "HEAD") {
    return {"cache", "not answered from it; what this method changes is forgotten"};
  }
  return {"cache", all.cache_for
                       ? "kept for " + std::to_string(*all.cache_for / kSecond) + " s, by " +
                             who_keeps(explanation)
                       : "answered from it and kept in it as the response allows; a running proxy "
                         "says more: weir cache why URL"};
}

Fact about_redirect(const Explanation& explanation) {
  const filters::Subject& subject = explanation.subject;
  if (subject.host_only) {
    return {"answer", "a CONNECT cannot be sent elsewhere: it is refused with status 403"};
  }
  const filters::Action& action = *explanation.verdict.action;
  return {"answer", "status " + std::to_string(action.status != 0 ? action.status : 302) +
                        " and Location: " + action.to + "; " + std::string(subject.host) +
                        " is not asked, and what the client asks then is judged anew"};
}

}  // namespace

DestinationVerdict destination_verdict(const Settings& settings, const filters::Subject& subject,
                                       const IpAddress& address) {
  OwnAddresses own;
  for (const Settings::Listener& listener : settings.listeners) {
    own.listeners.push_back(listener.at);
  }
  own.interfaces = read_interface_addresses();
  return judge_destination(address, subject.port, ClientClass::of(subject.client),
                           settings.destinations, own);
}

std::vector<Fact> facts_before_rules(const Settings& settings, const filters::Subject& subject) {
  std::vector<Fact> out = {about_client(settings, subject), about_user(settings, subject),
                           about_method(settings, subject)};
  if (subject.host_only) {
    out.push_back(about_port(settings, subject));
  }
  return out;
}

std::vector<Fact> facts_behind_rules(const Explanation& explanation) {
  if (explanation.verdict.decision == Decision::Redirect) {
    return {about_redirect(explanation)};
  }
  const Way way = way_of(explanation);
  return {about_route(way), about_destination(explanation, way), about_interception(explanation),
          about_cache(explanation)};
}

}  // namespace weir::cli
