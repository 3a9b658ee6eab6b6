// SPDX-License-Identifier: Apache-2.0
//
// Reading lists: files, gzip and its bounds, what is refused, and formats found out.
#include "filters/lists/read_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace weir::filters {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in = text;
  std::string out(deflateBound(&stream, in.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string text_of(const tl::expected<List, std::string>& list) {
  return list ? std::string(list->text) : "refused: " + list.error();
}

std::string read(const std::string& bytes, std::uint64_t most = 1 << 20) {
  return text_of(read_list_text(bytes, ListFormat::Domains, most));
}

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / ("weir-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(ReadList, InflatesOneMemberOrSeveral) {
  EXPECT_EQ(read(gzip("a.test\n")), "a.test\n");
  EXPECT_EQ(read(gzip("a.test\n") + gzip("") + gzip("b.test\n")), "a.test\nb.test\n");
  EXPECT_EQ(read(gzip("a.test\n") + std::string(100, '\0')), "a.test\n");
  EXPECT_EQ(read(gzip("")), "");
}

TEST(ReadList, RefusesBrokenGzip) {
  const std::string whole = gzip("a.test\nb.test\n");
  for (std::size_t cut = 2; cut < whole.size(); ++cut) {
    EXPECT_EQ(read(whole.substr(0, cut)), "refused: its gzip data is cut short") << cut;
  }
  std::string wrong = whole;
  wrong[wrong.size() - 6] ^= 1;  // the checksum
  EXPECT_EQ(read(wrong), "refused: its gzip data is broken");
  EXPECT_EQ(read("\x1f\x8b nonsense"), "refused: its gzip data is broken");
  EXPECT_EQ(read(whole + whole.substr(0, 12)), "refused: its gzip data is cut short");
}

TEST(ReadList, KeepsToTheBoundBeforeAndAfterInflating) {
  const std::string text(5000, 'a');
  EXPECT_EQ(read(text, 5000), text);
  EXPECT_EQ(read(text, 4999), "refused: it is larger than 4999 bytes");
  EXPECT_EQ(read(gzip(text), 5000), text);
  EXPECT_EQ(read(gzip(text), 4999), "refused: it is larger than 4999 bytes when inflated");
  const std::string bomb = gzip(std::string(20 << 20, 'a'));
  EXPECT_EQ(read(bomb, 1 << 20), "refused: it is larger than 1 MiB when inflated");
  EXPECT_EQ(read(gzip(text) + gzip(text), 9000),
            "refused: it is larger than 9000 bytes when inflated");
}

TEST(ReadList, RefusesWhatIsNoText) {
  EXPECT_EQ(read(std::string("\xff\xfe"
                             "a\0",
                             4)),
            "refused: it is UTF-16; save it as UTF-8");
  EXPECT_EQ(read("a.example\rb.example\r"), "refused: its lines end in CR alone; end them with LF");
  EXPECT_EQ(read(std::string(100, '\0')), "refused: it is not text");
  EXPECT_EQ(read(""), "");
}

TEST(ReadList, ReadsFilesAndSaysWhyNot) {
  const Folder folder;
  std::ofstream(folder / "list") << "a.test\n";
  EXPECT_EQ(text_of(read_list_file(folder / "list", ListFormat::Auto, 100)), "a.test\n");
  EXPECT_EQ(text_of(read_list_file(folder / "list", ListFormat::Auto, 3)),
            "refused: it is larger than 3 bytes");
  EXPECT_EQ(text_of(read_list_file(folder / "none", ListFormat::Auto, 100)),
            "refused: it cannot be opened: No such file or directory");
  EXPECT_EQ(text_of(read_list_file(folder / ".", ListFormat::Auto, 100)),
            "refused: it is not a file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(text_of(read_list_file(folder / "pipe", ListFormat::Auto, 100)),
            "refused: it is not a file");
}

TEST(ReadList, OutlivesTheFileItWasReadFrom) {
  const Folder folder;
  std::string text;
  for (int n = 0; n < 50'000; ++n) {
    text += "name" + std::to_string(n) + ".test\n";
  }
  std::ofstream(folder / "list") << text;
  const auto list = read_list_file(folder / "list", ListFormat::Auto, 1 << 24);
  ASSERT_TRUE(list);
  std::ofstream(folder / "list", std::ios::trunc) << "short";
  EXPECT_EQ(list->text, text);
  forget_pages(*list);
  EXPECT_EQ(list->text, text);
}

TEST(DetectFormat, FindsAdblockRulesBehindThousandsOfAddressesAndNames) {
  std::string text = "! Title\n";
  for (int n = 0; n < 6000; ++n) {
    text += n % 3 == 0 ? "a" + std::to_string(n) + ".test\n"
                       : "192.0.2." + std::to_string(n % 256) + "\n";
  }
  EXPECT_EQ(detect_format(text), ListFormat::Domains);
  EXPECT_EQ(detect_format(text + "a.test ||b\n"), ListFormat::Domains);
  EXPECT_EQ(detect_format(text + "||b.test/x^$all\n"), ListFormat::Adblock);
}

TEST(DetectFormat, KnowsWhatMostLinesLookLike) {
  struct Case {
    const char* text;
    ListFormat format;
  };
  for (const auto& [text, format] : std::initializer_list<Case>{
           {"", ListFormat::Domains},
           {"# nothing\n! here\n", ListFormat::Domains},
           {"a.test\nb.test\n", ListFormat::Domains},
           {"! title\n*.a.test\n.b.test # x\n", ListFormat::Domains},
           {"0.0.0.0 a.test\n::1 b.test\n", ListFormat::Hosts},
           {"\xef\xbb\xbf"
            "127.0.0.1\ta.test\r\n",
            ListFormat::Hosts},
           {"a.test\n||b.test^\n", ListFormat::Adblock},
           {"[Adblock Plus 2.0]\na.test\n", ListFormat::Adblock},
           {"0.0.0.0 a.test\n@@||b.test^\n", ListFormat::Adblock},
           {"a.test##.x\n", ListFormat::Adblock},
           {"/ads/banner.\n-ad-300x250.\n", ListFormat::Adblock},
           {"/ads[0-9]+/\n", ListFormat::Adblock},
           {"^https?://a\\.test/\n", ListFormat::Patterns},
           {"ads\\.test\n.*tracker.*\n", ListFormat::Patterns},
           {"http://a.test/x\nhttps://b.test/\n", ListFormat::Urls},
           {"a.test/x\nb.test:8080/y/\n", ListFormat::Urls},
           {"10.0.0.0/8\n192.0.2.1\n", ListFormat::Networks},
           {"192.0.2.0/24 ; SBL1\n", ListFormat::Networks},
           {"2001:db8::/32\n", ListFormat::Networks},
           {"a.test\nb.test\n10.0.0.1\n", ListFormat::Domains},
       }) {
    EXPECT_EQ(format_name(detect_format(text)), format_name(format)) << text;
  }
}

}  // namespace
}  // namespace weir::filters
