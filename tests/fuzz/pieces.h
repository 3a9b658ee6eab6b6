// SPDX-License-Identifier: Apache-2.0
//
// What holds for a head however it is cut, for the fuzzers of heads. Done in one piece is Done in
// two, with the same bytes used and the same understanding; Bad in one piece is Bad in two. The
// reverse has one gap on purpose: a bare CR is refused as soon as it is seen at the end of the
// input, but one in a line that has ended already is only noticed with the whole head. So a head
// that is Bad in two pieces may still need more in one, but it is Bad once it is complete.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/http/parse.h"

namespace weir::fuzz {

inline http::Taken take(std::string_view in, http::HeadScan& scan, const http::HeadLimits& limits,
                        http::RequestHead& out) {
  return http::take_request(in, scan, limits, out);
}

inline http::Taken take(std::string_view in, http::HeadScan& scan, const http::HeadLimits& limits,
                        http::ResponseHead& out) {
  return http::take_response(in, scan, limits, out);
}

inline void check_same_fields(const http::Fields& a, const http::Fields& b) {
  WEIR_ASSERT(a.lines.size() == b.lines.size());
  for (std::size_t i = 0; i < a.lines.size(); ++i) {
    WEIR_ASSERT(a.lines[i].name == b.lines[i].name && a.lines[i].value == b.lines[i].value &&
                a.lines[i].id == b.lines[i].id);
  }
}

inline void check_same(const http::RequestHead& a, const http::RequestHead& b) {
  WEIR_ASSERT(a.method == b.method && a.method_id == b.method_id && a.target == b.target);
  WEIR_ASSERT(a.minor == b.minor && a.bytes == b.bytes);
  check_same_fields(a.fields, b.fields);
}

inline void check_same(const http::ResponseHead& a, const http::ResponseHead& b) {
  WEIR_ASSERT(a.status == b.status && a.reason == b.reason);
  WEIR_ASSERT(a.minor == b.minor && a.bytes == b.bytes);
  check_same_fields(a.fields, b.fields);
}

// `head` and `taken` are what the whole of `in` gave; `cut` is where the second piece begins.
template <class Head>
void check_pieces(std::string_view in, std::size_t cut, const http::HeadLimits& limits,
                  const http::Taken& taken, const Head& head) {
  using http::Progress;
  const std::string first(in.substr(0, cut));  // a copy, so that a view kept of it is noticed
  Head pieced;
  http::HeadScan scan;
  http::Taken last = take(first, scan, limits, pieced);
  WEIR_ASSERT(last.progress != Progress::Done || taken.used <= cut);
  if (last.progress == Progress::NeedMore) {
    last = take(in, scan, limits, pieced);
    WEIR_ASSERT(last.progress != Progress::Done || scan.looked_at == last.used);
  }
  if (last.progress == Progress::Bad && taken.progress == Progress::NeedMore) {
    http::HeadScan complete;
    WEIR_ASSERT(take(std::string(in) + "\r\n\r\n", complete, limits, pieced).progress ==
                Progress::Bad);
    return;
  }
  WEIR_ASSERT(last.progress == taken.progress && last.used == taken.used);
  if (last.progress == Progress::Done) {
    check_same(head, pieced);
  }
}

}  // namespace weir::fuzz
