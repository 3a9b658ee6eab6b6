// SPDX-License-Identifier: Apache-2.0
//
// A reply of our own, parsed as a client would: head and body must fit together.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/http/heads.h"

namespace weir::test {

struct Reply {
  explicit Reply(std::string_view text) : bytes(std::make_unique<std::string>(text)) {
    http::HeadScan scan;
    const http::Taken taken = http::take_response(*bytes, scan, {}, head);
    EXPECT_EQ(taken.progress, Progress::Done) << text;
    body = std::string_view(*bytes).substr(taken.used);
  }
  std::string_view value(std::string_view name) const {
    for (const http::Field& line : head.fields.lines) {
      if (line.name == name) {
        return line.value;
      }
    }
    return "(none)";
  }
  std::unique_ptr<std::string> bytes;
  http::ResponseHead head;
  std::string_view body;
};

inline http::ReplyPlan usual_plan() {
  http::ReplyPlan plan;
  plan.realm = "Weir";
  plan.pseudonym = "weir-1";
  plan.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  plan.request_id = 0x0123456789abcdef;
  return plan;
}

}  // namespace weir::test
