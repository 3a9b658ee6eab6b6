// SPDX-License-Identifier: Apache-2.0
//
// See explain.h. From words to a question; the rest is explanation.h.
#include "proxy/cli/explain.h"

#include <sysexits.h>

#include "proxy/base/ascii.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"

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
    if (!client) {
      return "--as: write a client's address such as 192.168.1.20; --user names a user.";
    }
    question.client = *client;
  }
  if (!options.destination.empty()) {
    question.destination = IpAddress::parse(options.destination);
    if (!question.destination) {
      return "--destination: write an address such as 93.184.216.34.";
    }
  }
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

}  // namespace

int explain(const ExplainOptions& options) {
  Arena arena;
  Question question;
  if (const Problem problem = take(options, arena, question); !problem.empty()) {
    return fail(problem, EX_USAGE);
  }
  const auto rules = load_rules(options.source);
  if (!rules) {
    complain(rules.error());
    return EX_CONFIG;
  }
  complain(rules->warnings);
  if (options.listener.empty() && rules->settings.listeners.size() == 1) {
    question.asked.listener = rules->settings.listeners.front().name;
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
