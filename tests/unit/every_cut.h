// SPDX-License-Identifier: Apache-2.0
//
// every_cut: a parser must say the same however its input arrives. Whole, split in two at each
// byte, byte by byte, followed by bytes that belong to somebody else, and cut short at each byte,
// where it must ask for more (or already know that nothing valid can follow) and never be done.
//
// `make` returns a fresh parser: a function from all the bytes received so far to a Verdict. Each
// call sees a new copy of exactly those bytes, so that a sanitizer notices a look behind the end
// and a view kept from an earlier call.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/parse.h"

namespace weir::test {

using http::Progress;

struct Verdict {
  Progress progress = Progress::NeedMore;
  std::size_t used = 0;  // bytes up to the end of the message, when Done
  std::string text;      // what was understood when Done, the failure's word when Bad
  bool operator==(const Verdict&) const = default;
};

inline Verdict bad(std::string_view word) {
  return {Progress::Bad, 0, std::string(word)};
}

// Text fit for a failure message: control characters escaped, long runs left out.
inline std::string shown(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 300)) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(c) & 0xffU);
      out += hex;
    } else {
      out += c;
    }
  }
  return bytes.size() > 300 ? out + "..." : out;
}

inline std::ostream& operator<<(std::ostream& to, const Verdict& v) {
  constexpr std::string_view kNames[] = {"needs more", "done", "bad"};
  return to << kNames[static_cast<std::size_t>(v.progress)] << ' ' << v.used << " '"
            << shown(v.text) << "'";
}

namespace detail {

template <class Parser>
Verdict feed(Parser& parser, std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return parser(std::string_view(exact.data(), exact.size()));
}

// What a parser may say of the first `n` bytes of an input whose verdict is `want`.
inline void expect_undecided(const Verdict& got, const Verdict& want, std::size_t n) {
  const bool early_bad = got.progress == Progress::Bad && want.progress == Progress::Bad;
  EXPECT_TRUE(got.progress == Progress::NeedMore || early_bad)
      << "after " << n << " bytes: " << got;
}

}  // namespace detail

// Expects `want` for `input` under every cut. A message that is Done must end with the input.
template <class Make>
void every_cut(Make make, std::string_view input, const Verdict& want) {
  SCOPED_TRACE(shown(input));
  {
    auto parser = make();
    ASSERT_EQ(detail::feed(parser, input), want) << "whole";
  }
  for (std::size_t n = 0; n < input.size(); ++n) {
    auto parser = make();
    const Verdict first = detail::feed(parser, input.substr(0, n));
    detail::expect_undecided(first, want, n);
    if (first.progress == Progress::NeedMore) {
      ASSERT_EQ(detail::feed(parser, input), want) << "split at " << n;
    }
  }
  auto drip = make();
  Verdict last;
  for (std::size_t n = 0; n <= input.size() && last.progress == Progress::NeedMore; ++n) {
    last = detail::feed(drip, input.substr(0, n));
    if (n < input.size()) {
      detail::expect_undecided(last, want, n);
    }
  }
  ASSERT_EQ(last.progress, want.progress) << "byte by byte: " << last;
  if (want.progress == Progress::Bad) {
    return;
  }
  ASSERT_EQ(last, want) << "byte by byte";
  if (want.progress == Progress::Done) {
    for (const std::string_view tail : {"\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\n\xff"}) {
      auto parser = make();
      ASSERT_EQ(detail::feed(parser, std::string(input) + std::string(tail)), want)
          << "with the tail " << shown(tail);
    }
    auto parser = make();
    ASSERT_EQ(detail::feed(parser, std::string(input) + '\0'), want) << "with the tail NUL";
  }
}

}  // namespace weir::test
