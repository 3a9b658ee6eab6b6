// SPDX-License-Identifier: Apache-2.0
//
// Every file in tests/golden/config is a case: a weir.json, a line of dashes, and what must come of
// it. That is either "ok" and some settings as they then are, or every problem, word for word. Run
// with WEIR_GOLDEN_WRITE=1 to write what came instead of comparing it; then read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "proxy/config/load.h"
#include "proxy/config/settings_table.h"

namespace weir {
namespace {

constexpr std::string_view kDashes = "\n-----\n";

std::filesystem::path folder() {
  return std::filesystem::path(WEIR_SOURCE_DIR) / "tests" / "golden" / "config";
}

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    out.push_back(entry.path().stem().string());
  }
  std::ranges::sort(out);
  return out;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The settings that `expected` asks about, as they are.
std::string describe(const Settings& settings, const std::string& expected) {
  std::string out = "ok\n";
  std::istringstream lines(expected);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t sign = line.find(" = ");
    if (const SettingRow* row = find_setting(line.substr(0, sign)); row != nullptr) {
      out += std::string(row->path) + " = " + row->show(*row, settings) + "\n";
    }
  }
  return out;
}

std::string describe(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) {
    out += problem.text() + "\n";
  }
  return out;
}

class GoldenConfig : public testing::TestWithParam<std::string> {};

TEST_P(GoldenConfig, ComesOutAsWritten) {
  const auto path = folder() / (GetParam() + ".txt");
  const std::string text = read(path);
  const std::size_t dashes = text.rfind(kDashes);
  ASSERT_NE(dashes, std::string::npos);
  const std::string input = text.substr(0, dashes);
  const std::string expected = text.substr(dashes + kDashes.size());
  const Loaded loaded = load_settings(input, "weir.json");
  const std::string came = loaded ? describe(*loaded, expected) : describe(loaded.error());
  if (std::getenv("WEIR_GOLDEN_WRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << input << kDashes << came;
  } else {
    EXPECT_EQ(came, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Config, GoldenConfig, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace weir
