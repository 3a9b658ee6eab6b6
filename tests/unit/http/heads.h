// SPDX-License-Identifier: Apache-2.0
//
// Heads for tests: parsers in the shape every_cut wants, a one-line picture of what was understood,
// and a head that owns the bytes it views.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/parse.h"
#include "tests/unit/every_cut.h"

namespace weir::test {

// "[Name: value]" for each line, in order.
inline std::string picture(const http::Fields& fields) {
  std::string out;
  for (const http::Field& line : fields.lines) {
    out.append(" [").append(line.name).append(": ").append(line.value).append("]");
  }
  return out;
}

inline std::string picture(const http::RequestHead& head) {
  return std::string(head.method) + " " + std::string(head.target) + " 1." +
         std::to_string(head.minor) + picture(head.fields);
}

inline std::string picture(const http::ResponseHead& head) {
  return "1." + std::to_string(head.minor) + " " + std::to_string(head.status) + " '" +
         std::string(head.reason) + "'" + picture(head.fields);
}

inline http::Taken take(std::string_view in, http::HeadScan& scan, const http::HeadLimits& limits,
                        http::RequestHead& out) {
  return http::take_request(in, scan, limits, out);
}

inline http::Taken take(std::string_view in, http::HeadScan& scan, const http::HeadLimits& limits,
                        http::ResponseHead& out) {
  return http::take_response(in, scan, limits, out);
}

// A factory of head parsers for every_cut.
template <class Head>
auto head_parser(http::HeadLimits limits = {}) {
  return [limits] {
    return [limits, scan = http::HeadScan()](std::string_view in) mutable {
      Head head;
      const http::Taken taken = take(in, scan, limits, head);
      if (taken.progress == Progress::Bad) {
        return bad(word(taken.why));
      }
      const bool done = taken.progress == Progress::Done;
      EXPECT_EQ(taken.why, Failure::None);
      EXPECT_EQ(taken.used, done ? head.bytes : 0U);
      return Verdict{taken.progress, taken.used, done ? picture(head) : std::string()};
    };
  };
}

// A parsed head together with its bytes. Requires a valid head.
template <class Head>
struct Parsed {
  explicit Parsed(std::string_view text) : bytes(std::make_unique<std::string>(text)) {
    http::HeadScan scan;
    const http::Taken taken = take(*bytes, scan, {}, head);
    EXPECT_EQ(taken.progress, Progress::Done) << shown(text) << ": " << word(taken.why);
  }
  std::unique_ptr<std::string> bytes;
  Head head;
};

// Start line and field lines, each line separated by '|', to a head: "GET / HTTP/1.1|Host: a".
inline std::string lines(std::string_view text) {
  std::string out;
  for (const char c : text) {
    c == '|' ? out.append("\r\n") : out.append(1, c);
  }
  return out + "\r\n\r\n";
}

inline Parsed<http::RequestHead> request(std::string_view text) {
  return Parsed<http::RequestHead>(lines(text));
}

inline Parsed<http::ResponseHead> response(std::string_view text) {
  return Parsed<http::ResponseHead>(lines(text));
}

}  // namespace weir::test
