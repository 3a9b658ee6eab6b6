// SPDX-License-Identifier: Apache-2.0
//
// Every file in tests/golden/lists is a case: a list, a line of dashes, and what must come of it:
// its format, the counts of its report, each thing it names with its line, and each fault. The
// first word of a file's name is the format it is read as, "auto" to have it found out. Run with
// WEIR_GOLDEN_WRITE=1 to write what came instead of comparing it; then read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "filters/lists/list_set.h"
#include "filters/lists/parse_list.h"
#include "filters/lists/read_list.h"

namespace weir::filters {
namespace {

constexpr std::string_view kDashes = "\n-----\n";

std::filesystem::path folder() {
  return std::filesystem::path(WEIR_SOURCE_DIR) / "tests" / "golden" / "lists";
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

ListFormat format_of(const std::string& name) {
  const std::string word = name.substr(0, name.find('_'));
  for (int n = 0; n <= static_cast<int>(ListFormat::Networks); ++n) {
    if (format_name(static_cast<ListFormat>(n)) == word) {
      return static_cast<ListFormat>(n);
    }
  }
  ADD_FAILURE() << word << " is no format";
  return ListFormat::Auto;
}

std::string put(void* to, std::uint32_t line, const std::string& what) {
  *static_cast<std::string*>(to) += "rule " + std::to_string(line) + ": " + what + "\n";
  return {};
}
std::string put_text(void* to, std::uint32_t line, const std::string_view& text) {
  return put(to, line, std::string(text));
}
std::string put_url(void* to, std::uint32_t line, const UrlPrefix& url) {
  return put(to, line,
             "scheme=" + std::string(url.scheme) + " host=" + std::string(url.host) +
                 " port=" + std::to_string(url.port) + " path=" + std::string(url.path));
}
std::string put_network(void* to, std::uint32_t line, const Prefix& network) {
  return put(to, line, network.text());
}

std::string rules_of(const List& list) {
  std::string out;
  ListReport unused;
  switch (list.format) {
    case ListFormat::Domains:
      parse_domains(list.text, unused, {&out, put_text});
      break;
    case ListFormat::Hosts:
      parse_hosts(list.text, unused, {&out, put_text});
      break;
    case ListFormat::Urls:
      parse_urls(list.text, unused, {&out, put_url});
      break;
    case ListFormat::Networks:
      parse_networks(list.text, unused, {&out, put_network});
      break;
    default:
      break;
  }
  return out;
}

std::string describe(const ListReport& report) {
  const auto row = [](const char* name, std::uint32_t value) {
    return value == 0 ? std::string() : std::string(" ") + name + "=" + std::to_string(value);
  };
  std::string out = "format " + std::string(format_name(report.format)) + "\ncounts" +
                    row("lines", report.lines) + row("comments", report.comments) +
                    row("rules", report.rules) + row("cosmetic", report.cosmetic) +
                    row("faulty", report.faulty) + row("duplicates", report.duplicates) +
                    row("disabled", report.disabled) + "\n";
  for (const auto& [kind, count] : report.unsupported) {
    out += "unsupported " + kind + ": " + std::to_string(count) + "\n";
  }
  for (const ListFault& fault : report.faults) {
    out += "fault " + std::to_string(fault.line) + ": " + fault.reason + "\n";
  }
  return out;
}

class GoldenLists : public testing::TestWithParam<std::string> {};

TEST_P(GoldenLists, ComeOutAsWritten) {
  const auto path = folder() / (GetParam() + ".txt");
  const std::string text = read(path);
  const std::size_t dashes = text.rfind(kDashes);
  ASSERT_NE(dashes, std::string::npos);
  const std::string input = text.substr(0, dashes + 1);
  const std::string expected = text.substr(dashes + kDashes.size());
  std::string came;
  if (auto list = read_list_text(input, format_of(GetParam()), 1 << 20)) {
    const std::string rules = rules_of(*list);
    const auto built = ListSets::build({std::move(*list)}, {{0}}, false);
    ASSERT_EQ(built.reports.size(), 1U);
    came = describe(built.reports[0]) + rules;
  } else {
    came = "refused: " + list.error() + "\n";
  }
  if (std::getenv("WEIR_GOLDEN_WRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << text.substr(0, dashes) << kDashes << came;
  } else {
    EXPECT_EQ(came, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Lists, GoldenLists, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace weir::filters
