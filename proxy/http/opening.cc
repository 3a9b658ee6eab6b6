// SPDX-License-Identifier: Apache-2.0
//
// See opening.h. What begins like a request is waited for much longer than what may be anything:
// or a request could be typed so slowly that it passes unread. Any token may be a method, so what
// is unclear stays so up to a byte that no request line has. What some server might take for a
// request, however wrong it is, goes to our parser, which refuses it: passed on, it would get round
// the rules.
#include "proxy/http/opening.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

// What RFC 9112 3 lets servers take for a blank, and what languages split text at besides; and with
// the line's end, where a request may begin only after empty lines. Of these, what every protocol
// of lines may begin with is not odd.
constexpr std::string_view kBetweenLines = "\n \t\v\f\r\x1c\x1d\x1e\x1f\x85\xa0";
constexpr std::string_view kBlanks = kBetweenLines.substr(1);
constexpr std::string_view kSpace = " \t\r\n";

// With which the PROXY protocol, version 2, begins.
constexpr std::string_view kProxy2("\r\n\r\n\0\r\nQUIT\n", 12);

bool is_blank(char c) {
  return kBlanks.find(c) != std::string_view::npos;
}

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
    if (before.size() == kName && is_blank(before.front()) &&
        same_ignoring_case(before.substr(1), "HTTP")) {
      return true;
    }
  }
  return false;
}

// "RTSP/1.0" at the end of the line, and such.
bool names_other_protocol(std::string_view line) {
  const std::string_view last = line.substr(line.find_last_of(kBlanks) + 1);
  const std::size_t slash = last.find('/');
  return slash != 0 && slash != last.npos && all(last.substr(0, slash), kAlpha) &&
         slash + 1 < last.size() && is(last[slash + 1], kDigit);
}

// As only HTTP writes them; "*" and "rtsp://a.test/" are others' as well.
bool is_web_target(std::string_view target) {
  return target.starts_with('/') || starts_with_ignoring_case(target, "http://") ||
         starts_with_ignoring_case(target, "https://");
}

// Or as servers take them that do not miss the version.
bool is_target(std::string_view target) {
  const std::string_view word = target.substr(0, target.find_first_of(kBetweenLines));
  return is_web_target(word) || word == "*" || word.find("://") != word.npos;
}

// HTTP/0.9 knows no version, and so does who forgets it: some servers (Node) then go on to read
// fields, and know many more methods than are in use. A version of something else is none to
// servers that look at its number only. What is said in front of a request to tell who sends it
// (the PROXY protocol) no client says, and some servers skip it.
bool is_request(std::string_view line, std::string_view method, std::string_view target) {
  line = line.substr(0, line.find_last_not_of("\r") + 1);
  if (names_http(line) || is_web_target(target) || same_ignoring_case(method, "PROXY")) {
    return true;
  }
  return !names_other_protocol(line) && (is_known(method) || is_target(target));
}

// RFC 9112 2.2; some servers leave out blanks as well.
std::string_view without_empty_lines(std::string_view in) {
  in.remove_prefix(std::min(in.find_first_not_of(kBetweenLines), in.size()));
  return in;
}

// Behind the method and the blanks that end it.
std::string_view target_of(std::string_view in, std::size_t blank) {
  in.remove_prefix(std::min(in.find_first_not_of(kBlanks, blank), in.size()));
  return in;
}

// A line that has not ended, up to here. No server takes a NUL in it for a request (git sends one).
Opening begins(std::string_view line, std::string_view method, std::string_view target) {
  if (line.find('\0') != line.npos) {
    return Opening::Other;
  }
  const bool begun =
      target.empty() || is_target(target) || may_be_method(method) || names_http(line);
  return begun ? Opening::Begun : Opening::Unclear;
}

}  // namespace

Opening opening_of(std::string_view in, std::size_t longest) {
  if (in.starts_with(kProxy2) || kProxy2.starts_with(in)) {
    return in.size() < kProxy2.size() ? Opening::Begun : Opening::Http;
  }
  const bool odd = !in.empty() && kSpace.find(in.front()) == std::string_view::npos;
  in = without_empty_lines(in);
  if (in.empty()) {
    return odd ? Opening::Unclear : Opening::Begun;
  }
  const std::size_t blank = in.find_first_of(kBetweenLines);
  const std::string_view method = in.substr(0, blank);
  if (!all(method, kTchar)) {
    return Opening::Other;
  }
  const bool too_long = in.size() >= longest;
  if (blank == std::string_view::npos) {
    return too_long ? Opening::Other : may_be_method(method) ? Opening::Begun : Opening::Unclear;
  }
  const std::string_view target = target_of(in, blank);
  if (const std::size_t end = in.find('\n'); end != std::string_view::npos) {
    return is_request(in.substr(0, end), method, target) ? Opening::Http : Opening::Other;
  }
  const Opening seen = begins(in, method, target);
  if (!too_long) {
    return seen;
  }
  return seen == Opening::Begun ? Opening::Http : Opening::Other;
}

Opening last_opening_of(std::string_view in) {
  in = without_empty_lines(in);
  const std::string_view line = in.substr(0, in.find('\n'));
  const std::size_t blank = line.find_first_of(kBlanks);
  const std::string_view method = line.substr(0, blank);
  if (blank == std::string_view::npos || !all(method, kTchar)) {
    return Opening::Other;
  }
  return is_request(line, method, target_of(line, blank)) ? Opening::Http : Opening::Other;
}

}  // namespace weir::http
