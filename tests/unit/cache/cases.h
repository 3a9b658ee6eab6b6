// SPDX-License-Identifier: Apache-2.0
//
// What tests of the cache's policy share: one moment, dates around it, and a response as it would
// be judged on arrival.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/cache/storage.h"
#include "proxy/http/date.h"
#include "tests/unit/http/heads.h"

namespace weir::test {

constexpr std::int64_t kNowSecond = 1'800'000'000;  // Fri, 15 Jan 2027 08:00:00 GMT
constexpr WallTime kNow{kNowSecond * kSecond};

constexpr WallTime later(std::int64_t seconds) {
  return WallTime{kNow.us + seconds * kSecond};
}

// The HTTP date of so many seconds from kNow.
inline std::string date(std::int64_t offset) {
  std::array<char, http::kDateLength> text;
  http::write_date(kNowSecond + offset, text.data());
  return {text.data(), text.size()};
}

// "@-10@" becomes the date ten seconds before kNow.
inline std::string dated(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    out.append(text.substr(0, at));
    if (at == std::string_view::npos || at + 1 == text.size()) {
      break;
    }
    if (text[at + 1] != '-' && !is(text[at + 1], kDigit)) {
      out += '@';
      text.remove_prefix(at + 1);
      continue;
    }
    const std::size_t end = text.find('@', at + 1);
    out += date(std::stoll(std::string(text.substr(at + 1, end - at - 1))));
    text.remove_prefix(end + 1);
  }
  return out;
}

// "200" and fields to a head; "@n@" are dates.
inline Parsed<http::ResponseHead> answer(std::string_view fields, int status = 200) {
  const std::string text = "HTTP/1.1 " + std::to_string(status) + " X";
  return response(fields.empty() ? text : text + "|" + dated(fields));
}

inline Parsed<http::RequestHead> ask(std::string_view fields, std::string_view method = "GET") {
  const std::string text = std::string(method) + " /path?query HTTP/1.1|Host: a.example";
  return request(fields.empty() ? text : text + "|" + dated(fields));
}

constexpr std::string_view kKey = "http://a.example:80/path?query";

// Everything may_store() is asked about, with the defaults of a plain GET a moment ago.
struct Arrival {
  std::string request = {};
  std::string response = {};
  int status = 200;
  std::string_view method = "GET";
  std::int64_t length = cache::kLengthUnknown;
  bool unknown_coding = false;
  cache::Rules rules = {};
  cache::Overrides overrides = {};
};

inline cache::StoreVerdict judge(const Arrival& arrival) {
  const auto request = ask(arrival.request, arrival.method);
  const auto response = answer(arrival.response, arrival.status);
  const cache::Asked asked = cache::read_asked(request.head);
  return cache::may_store({.asked = asked,
                           .key = kKey,
                           .response = response.head,
                           .directives = cache::read_response_directives(response.head.fields),
                           .exchanged = {kNow, kNow},
                           .length = arrival.length,
                           .unknown_coding = arrival.unknown_coding,
                           .rules = arrival.rules,
                           .overrides = arrival.overrides});
}

inline cache::Freshness freshness(std::string_view fields, int status = 200,
                                  const cache::Rules& rules = {},
                                  const cache::Overrides& overrides = {}) {
  const auto response = answer(fields, status);
  return cache::read_freshness(response.head, cache::read_response_directives(response.head.fields),
                               {kNow, kNow}, rules, overrides);
}

inline cache::Asked asked(std::string_view fields, std::string_view method = "GET") {
  return cache::read_asked(ask(fields, method).head);
}

}  // namespace weir::test

// Lets a failed comparison name the clause.
namespace weir::cache {
inline void PrintTo(Reason reason, std::ostream* out) {
  *out << word(reason);
}
}  // namespace weir::cache
