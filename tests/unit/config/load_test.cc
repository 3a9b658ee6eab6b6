// SPDX-License-Identifier: Apache-2.0
//
// The loader at its edges: texts cut anywhere, caps, bytes that are no text, files, secrets. What
// each problem says word for word is in tests/golden/config.
#include "proxy/config/load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/config/scan.h"
#include "proxy/config/schema.h"
// The fuzzer's invariant, on its seeds and on every cut below.
#include "tests/fuzz/config_fuzz.cc"

namespace weir {
namespace {

namespace fs = std::filesystem;

// A file that is gone at the end of its test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(fs::temp_directory_path() / ("weir_load_" + std::to_string(::getpid()))) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { fs::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string first_problem(std::string_view text) {
  const Loaded loaded = load_settings(text, "f");
  return loaded ? "ok" : loaded.error().front().text();
}

std::string full_config() {
  std::string text = default_config();
  const auto put = [&text](const std::string& old, const std::string& now) {
    const std::size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, old.size(), now);
  };
  put("\"parents\": []",
      R"("parents": [{"name": "up", "host": "p.example:1", "user": "u", "password": "p"}])");
  put("\"routes\": []", R"("routes": [{"hosts": [".example"], "parents": ["up", "direct"]}])");
  put("\"hosts\": {}", R"("hosts": {"a.example": ["10.0.0.1", "::1"]})");
  put("\"realm\": \"Weir\"", R"("realm": "W\u00e9ir \ud83d\ude00 ü")");
  return text;
}

TEST(Load, ReportsAProblemForEveryTextThatIsCutShort) {
  const std::string text = full_config();
  ASSERT_EQ(first_problem(text), "ok");
  const std::size_t end = text.rfind('}') + 1;
  for (std::size_t cut = 0; cut < end; ++cut) {
    const Loaded loaded = load_settings(std::string_view(text).substr(0, cut), "f");
    ASSERT_FALSE(loaded) << cut;
    ASSERT_FALSE(loaded.error().empty()) << cut;
    ASSERT_GE(loaded.error().front().line, 1u) << cut;
  }
}

TEST(Load, SurvivesEveryByteReplaced) {
  const std::string whole =
      "{\"parents\": [{\"name\": \"up\", \"host\": \"[::1]:1\"}], \"limits\": "
      "{\"head\": 8192}, \"dns\": {\"hosts\": {\"a\": [\"::1\"]}}} // x";
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char c : {'\0', '"', '\\', '{', '}', '[', ']', ',', '/', '*', '\n', '\x80', '9'}) {
      std::string changed = whole;
      changed[at] = c;
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(changed.data()), changed.size());
    }
  }
}

TEST(Load, KeepsTheInvariantOnTheSeedsOfTheFuzzer) {
  std::size_t seeds = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(WEIR_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / "config")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.str().data()),
                           text.str().size());
    ++seeds;
  }
  EXPECT_GT(seeds, 3u);
}

TEST(Load, TakesTheDepthThatIsAllowedAndNoMore) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(first_problem(nested(kJsonDepthMost)),
            "f:1:1: the configuration must be an object. Write { ... }.");
  EXPECT_EQ(first_problem(nested(kJsonDepthMost + 1)),
            "f:1:33: brackets are nested deeper than 32. No setting needs that many.");
  EXPECT_EQ(first_problem(std::string(1'000'000, '[')),
            "f:1:33: brackets are nested deeper than 32. No setting needs that many.");
}

TEST(Load, TakesTheSizeThatIsAllowedAndNoMore) {
  std::string text = "{}" + std::string(kJsonBytesMost - 2, ' ');
  EXPECT_EQ(first_problem(text), "ok");
  text += ' ';
  EXPECT_EQ(first_problem(text),
            "f:1:1: the configuration is larger than 16MiB. Move long lists out of the "
            "configuration.");
}

TEST(Load, TakesTheNumberOfValuesThatIsAllowedAndNoMore) {
  std::string text = "[0";
  for (std::size_t i = 2; i < kJsonValuesMost; ++i) {
    text += ",0";
  }
  EXPECT_EQ(scan_json(text + "]").message, "");
  EXPECT_EQ(scan_json(text + ",0]").message, "there are more than 500000 values.");
}

TEST(Load, StopsReportingAtSomePointAndSaysSo) {
  std::string text = "{";
  for (int i = 0; i < 150; ++i) {
    text += (i == 0 ? "\"x" : ", \"x") + std::to_string(i) + "\": 1";
  }
  const Loaded loaded = load_settings(text + "}", "f");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().size(), Problems::kMost + 1);
  EXPECT_EQ(loaded.error().back().message, "50 more problems are not shown.");
}

TEST(Load, NamesTheFirstByteThatIsNotUtf8) {
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_EQ(first_problem("{\n // " + std::string(bad) + "\n}"),
              "f:2:5: this is not valid UTF-8. Save the file as UTF-8.")
        << bad;
  }
  EXPECT_EQ(first_problem("{ /* \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf */ }"),
            "ok");
}

TEST(Load, RefusesZeroBytesEverywhere) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"{}\0"s, "\0"s, "{} // \0\n ["s, "{\"log\": {\"path\": \"\0\"}}"s}) {
    EXPECT_NE(first_problem(text).find("there is a zero byte here."), std::string::npos);
  }
  EXPECT_NE(first_problem(R"({"log": {"path": "a\u0000b"}})").find("must be text without control"),
            std::string::npos);
}

TEST(Load, PassesOverAByteOrderMark) {
  EXPECT_EQ(first_problem("\xef\xbb\xbf{}"), "ok");
}

TEST(Load, EndsALineCommentAtACarriageReturnToo) {
  EXPECT_EQ(first_problem("// x\r{}"), "ok");
  EXPECT_EQ(first_problem("{} // x\r]"),
            "f:1:9: something follows the end of the configuration. Keep one object { ... } and "
            "nothing after it.");
}

TEST(Load, PutsAPasswordIntoTheReadyAuthorization) {
  const Loaded loaded = load_settings(
      R"({"parents": [{"name": "a", "host": "[::1]:8080",
                       "user": "Aladdin", "password": "open sesame"}]})",
      "f");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->parents[0].authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(loaded->parents[0].host, "::1");
  EXPECT_EQ(loaded->parents[0].port, 8080);
}

std::string with_password_file(const std::string& path) {
  return R"({"parents": [{"name": "a", "host": "h:1", "user": "u", "password_file": )" +
         json_text(path) + "}]}";
}

TEST(Load, ReadsTheFirstLineOfAPasswordFile) {
  const TemporaryFile file("p\r\nsecond line\n");
  const Loaded loaded = load_settings(with_password_file(file.path()), "f");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->parents[0].authorization, "Basic dTpw");
}

TEST(Load, RefusesPasswordFilesThatHoldNoPassword) {
  for (const std::string& text : {std::string(), std::string("\nx"), std::string(5000, 'x')}) {
    const TemporaryFile file(text);
    EXPECT_NE(first_problem(with_password_file(file.path())), "ok");
  }
  EXPECT_NE(first_problem(with_password_file("/dev/zero")), "ok");
  EXPECT_NE(first_problem(with_password_file("/")), "ok");
}

TEST(Load, ReadsAFile) {
  const TemporaryFile file("{\"limits\": {\"head\": \"8KiB\"}}");
  const Loaded loaded = load_settings_file(file.path());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->limits.head, 8192u);
}

TEST(Load, SaysWhereASettingStands) {
  const TemporaryFile file(
      "{\n\"http\": {\"via\": \"x\"},\n\"listen\": [\":1\",\n {\"at\": \":2\"}]}");
  const std::string at = file.path();
  EXPECT_EQ(place_of(at, "http.via"), at + ":2:17");
  EXPECT_EQ(place_of(at, "listen"), at + ":3:11");
  EXPECT_EQ(place_of(at, "listen[0]"), at + ":3:12");
  EXPECT_EQ(place_of(at, "listen[1].at"), at + ":4:9");
  for (const char* none : {"log.path", "listen[2]", "listen[", "listen[x]", "listen[0].at",
                           "http[0]", "http.via.x", ".", "[", "[]", "cannot"}) {
    EXPECT_EQ(place_of(at, none), at) << none;
  }
  EXPECT_EQ(place_of("/no/such/file", "http.via"), "/no/such/file");
  EXPECT_EQ(placed(at, "listen[1]: taken: by another"), at + ":4:2: listen[1]: taken: by another");
  EXPECT_EQ(placed("", "listen[1]: taken"), "listen[1]: taken");
}

TEST(Load, SaysWhichFileCannotBeRead) {
  EXPECT_EQ(load_settings_file("/no/such/weir.json").error().front().text(),
            "/no/such/weir.json: there is no such file. Check the path.");
  EXPECT_EQ(load_settings_file("/").error().front().text(),
            "/: this is a directory. Name the file in it.");
  EXPECT_EQ(load_settings_file("/dev/zero").error().front().message,
            "the configuration is larger than 16MiB.");
}

}  // namespace
}  // namespace weir
