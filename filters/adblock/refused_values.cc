// SPDX-License-Identifier: Apache-2.0
//
// See refused_values.h.
#include "filters/adblock/refused_values.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

// What AdGuard lets no $removeheader touch: what pages and their users are protected by, and what
// the message itself depends on.
constexpr auto kKeptFields = std::to_array<std::string_view>({"accept",
                                                              "accept-encoding",
                                                              "access-control-allow-credentials",
                                                              "access-control-allow-headers",
                                                              "access-control-allow-methods",
                                                              "access-control-allow-origin",
                                                              "access-control-expose-headers",
                                                              "access-control-max-age",
                                                              "access-control-request-headers",
                                                              "access-control-request-method",
                                                              "allow",
                                                              "connection",
                                                              "content-length",
                                                              "content-security-policy",
                                                              "content-security-policy-report-only",
                                                              "content-type",
                                                              "cross-origin-embedder-policy",
                                                              "cross-origin-opener-policy",
                                                              "cross-origin-resource-policy",
                                                              "expect-ct",
                                                              "feature-policy",
                                                              "host",
                                                              "origin",
                                                              "origin-isolation",
                                                              "p3p",
                                                              "public-key-pins",
                                                              "public-key-pins-report-only",
                                                              "referrer-policy",
                                                              "sec-fetch-dest",
                                                              "sec-fetch-mode",
                                                              "sec-fetch-site",
                                                              "sec-fetch-user",
                                                              "sec-websocket-accept",
                                                              "sec-websocket-extensions",
                                                              "sec-websocket-key",
                                                              "sec-websocket-protocol",
                                                              "sec-websocket-version",
                                                              "strict-transport-security",
                                                              "timing-allow-origin",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "upgrade-insecure-requests",
                                                              "x-content-type-options",
                                                              "x-download-options",
                                                              "x-frame-options",
                                                              "x-permitted-cross-domain-policies",
                                                              "x-powered-by",
                                                              "x-xss-protection"});

const char* refused_field(std::string_view name) {
  if (name.starts_with("request:")) {
    name.remove_prefix(8);
  }
  if (name.empty() || !all(name, kTchar)) {
    return "removeheader without a field's name";
  }
  const bool kept = std::ranges::any_of(
      kKeptFields, [name](std::string_view one) { return same_ignoring_case(one, name); });
  return kept ? "removeheader of a protecting field" : nullptr;
}

// Whether a directive that begins with `name` stands in the policy.
bool has_directive(std::string_view policy, std::string_view name) {
  while (!policy.empty()) {
    policy.remove_prefix(std::min(policy.find_first_not_of(" \t;,"), policy.size()));
    if (starts_with_ignoring_case(policy, name)) {
      return true;
    }
    policy.remove_prefix(std::min(policy.find_first_of(";,"), policy.size()));
  }
  return false;
}

}  // namespace

const char* refused_value(const Rule& rule) {
  if (rule.exception) {
    return nullptr;
  }
  switch (rule.modifier) {
    case Modifier::RemoveHeader:
      return refused_field(rule.value);
    case Modifier::Csp:
    case Modifier::Permissions:
      return has_directive(rule.value, "report-") ? "a policy that reports to somebody" : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace weir::adblock
