// SPDX-License-Identifier: Apache-2.0
//
// The built-in formats read by a program that is not ours: GoAccess takes the lines as the formats
// they claim to be and must neither refuse one nor misread its parts.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

using test::line_of;

// Eight requests, among them a tunnel, a refusal and a stranger's worst.
std::string lines(std::string_view format) {
  std::string out;
  Record r = test::sample_record();
  for (int i = 0; i < 5; ++i) {
    r.started.us += 700'000;
    out += line_of(r, format);
  }
  out += line_of(test::sample_tunnel(), format);
  r.user = "mallory \"\r\n";
  r.url = "http://example.com/a\" 200 5 \"x\" \"\r\n";
  r.user_agent = "evil\" 200\r\n127.0.0.1 - - [";
  out += line_of(r, format);
  r = test::sample_record();
  r.failure = Failure::AuthRequired;
  r.status = 407;
  r.user = "";
  r.destination = {};
  r.content_type = "text/html";
  return out + line_of(r, format);
}

bool have_goaccess() {
  return std::system("command -v goaccess >/dev/null 2>&1") == 0;
}

// Each line with a beginning of its own.
std::string prefixed(std::string_view text, std::string_view prefix) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    out.append(prefix).append(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// GoAccess's summary of the lines. Its SQUID format wants them as syslog would hand them on.
nlohmann::json summary(std::string_view format, const std::string& name) {
  const test::TempDir dir;
  const std::string_view prefix = name == "SQUID" ? "Jan 02 03:04:05 gate squid[7]: " : "";
  std::ofstream(dir.file("access.log")) << prefixed(lines(format), prefix);
  const std::string command = "goaccess " + dir.file("access.log") +
                              " --no-global-config --log-format=" + name + " -o " +
                              dir.file("out.json") + " >" + dir.file("said") + " 2>&1 </dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << test::read_file(dir.file("said"));
  return nlohmann::json::parse(test::read_file(dir.file("out.json")), nullptr, false);
}

void expect_all_understood(const nlohmann::json& out) {
  ASSERT_TRUE(out.is_object());
  const auto& general = out["general"];
  EXPECT_EQ(general["total_requests"], 8);
  EXPECT_EQ(general["valid_requests"], 8);
  EXPECT_EQ(general["failed_requests"], 0);
}

TEST(Analyser, GoAccessUnderstandsTheSquidFormat) {
  if (!have_goaccess()) {
    GTEST_SKIP() << "goaccess is not installed; the squid format was not read by it";
  }
  const auto out = summary("squid", "SQUID");
  expect_all_understood(out);
  EXPECT_EQ(out["hosts"]["data"][0]["data"], "10.0.0.7");
}

TEST(Analyser, GoAccessUnderstandsTheCombinedFormat) {
  if (!have_goaccess()) {
    GTEST_SKIP() << "goaccess is not installed; the combined format was not read by it";
  }
  const auto out = summary("combined", "COMBINED");
  expect_all_understood(out);
  EXPECT_EQ(out["hosts"]["data"][0]["data"], "10.0.0.7");
  EXPECT_EQ(out["general"]["start_date"], "02/Jan/2026");
}

}  // namespace
}  // namespace weir
