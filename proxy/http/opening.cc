// SPDX-License-Identifier: Apache-2.0
//
// See opening.h. What begins like a request is waited for much longer than what may be anything:
// or a request could be typed so slowly that it passes unread.
#include "proxy/http/opening.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

// A method in use, or a beginning of one; in any case, as some servers read them.
bool known_so_far(std::string_view method) {
  return std::any_of(kMethods.begin(), kMethods.end(), [method](std::string_view known) {
    return starts_with_ignoring_case(known, method);
  });
}

bool ends_in_version(std::string_view line) {
  return line.find(" HTTP/1.") != std::string_view::npos;
}

}  // namespace

Opening opening_of(std::string_view in, std::size_t longest) {
  while (!in.empty() && (in.front() == '\r' || in.front() == '\n')) {
    in.remove_prefix(1);  // RFC 9112 2.2
  }
  if (in.empty()) {
    return Opening::Begun;
  }
  const std::size_t space = in.find(' ');
  const std::string_view method = in.substr(0, space);
  if (method.empty() || method.size() > kLongestMethod || !all(method, kTchar)) {
    return Opening::Other;
  }
  if (space == std::string_view::npos) {
    return known_so_far(method) ? Opening::Begun : Opening::Unclear;
  }
  if (const std::size_t end = in.find('\n'); end != std::string_view::npos) {
    return ends_in_version(in.substr(0, end)) ? Opening::Http : Opening::Other;
  }
  const std::string_view target = in.substr(space + 1);
  const bool path = target.empty() || target.front() == '/' || target.front() == '*';
  if (!path && !known_so_far(method)) {
    return in.size() < longest ? Opening::Unclear : Opening::Other;
  }
  return in.size() < longest ? Opening::Begun : Opening::Http;
}

}  // namespace weir::http
