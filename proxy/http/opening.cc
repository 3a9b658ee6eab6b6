// SPDX-License-Identifier: Apache-2.0
//
// See opening.h. What begins like a request is waited for much longer than what may be anything:
// or a request could be typed so slowly that it passes unread. What some server might take for a
// request, however wrong it is, goes to our parser, which refuses it: passed on, it would get round
// the rules.
#include "proxy/http/opening.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

bool is_known(std::string_view method) {
  return std::ranges::any_of(
      kMethods, [method](std::string_view known) { return same_ignoring_case(known, method); });
}

// A method in use, or a beginning of one, in any case, as some servers read them; or what is
// written as methods are.
bool may_be_method(std::string_view text) {
  const auto begins = [text](std::string_view known) {
    return starts_with_ignoring_case(known, text);
  };
  const auto usual = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; };
  return std::ranges::any_of(kMethods, begins) || std::ranges::all_of(text, usual);
}

bool names_http(std::string_view line) {
  for (std::size_t at = line.find('/'); at != line.npos; at = line.find('/', at + 1)) {
    constexpr std::size_t kName = 5;  // a blank, and HTTP
    const std::string_view before = line.substr(at - std::min(at, kName), std::min(at, kName));
    if (before.size() == kName && (before.front() == ' ' || before.front() == '\t') &&
        same_ignoring_case(before.substr(1), "HTTP")) {
      return true;
    }
  }
  return false;
}

// "RTSP/1.0" at the end of the line, and such.
bool names_other_protocol(std::string_view line) {
  const std::string_view last = line.substr(line.find_last_of(" \t") + 1);
  const std::size_t slash = last.find('/');
  return slash != 0 && slash != last.npos && all(last.substr(0, slash), kAlpha) &&
         slash + 1 < last.size() && is(last[slash + 1], kDigit);
}

// HTTP/0.9 knows no version, and so does who forgets it.
bool is_request(std::string_view line, std::string_view method) {
  line = line.substr(0, line.find_last_not_of("\r") + 1);
  return names_http(line) || (is_known(method) && !names_other_protocol(line));
}

}  // namespace

Opening opening_of(std::string_view in, std::size_t longest) {
  // RFC 9112 2.2; some servers leave out blanks as well.
  in.remove_prefix(std::min(in.find_first_not_of(" \t\r\n"), in.size()));
  if (in.empty()) {
    return Opening::Begun;
  }
  const std::size_t blank = in.find_first_of(" \t\r\n");
  const std::string_view method = in.substr(0, blank);
  if (method.empty() || method.size() > kLongestMethod || !all(method, kTchar)) {
    return Opening::Other;
  }
  if (blank == std::string_view::npos) {
    return may_be_method(method) ? Opening::Begun : Opening::Unclear;
  }
  if (const std::size_t end = in.find('\n'); end != std::string_view::npos) {
    return is_request(in.substr(0, end), method) ? Opening::Http : Opening::Other;
  }
  const std::string_view target = in.substr(blank + 1);
  const bool path = target.empty() || target.front() == '/' || target.front() == '*';
  if (!path && !may_be_method(method)) {
    return in.size() < longest ? Opening::Unclear : Opening::Other;
  }
  return in.size() < longest ? Opening::Begun : Opening::Http;
}

}  // namespace weir::http
