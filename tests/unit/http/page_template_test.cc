// SPDX-License-Identifier: Apache-2.0
//
// Templates: what compiles, what is said of what does not, which lines are left out, and that no
// value can get out of its gap.
#include "proxy/http/page_template.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

using http::Escape;
using http::Gap;
using http::GapValues;
using http::PageTemplate;

std::string rendered(std::string_view text, const GapValues& values, Escape how = Escape::Html) {
  const auto page = PageTemplate::compile(std::string(text), how);
  EXPECT_TRUE(page) << text;
  Arena arena;
  return page ? std::string(page->render(values, arena)) : "";
}

GapValues with_host(std::string_view host) {
  GapValues values{};
  values[static_cast<std::size_t>(Gap::Host)] = host;
  return values;
}

TEST(PageTemplate, FillsEachGapByItsName) {
  GapValues values{};
  constexpr std::array<std::string_view, http::kGaps> kTexts = {"a", "b", "c", "d", "e", "f",
                                                                "g", "h", "i", "j", "k"};
  values = kTexts;
  EXPECT_EQ(rendered("%{rule}%{description}%{message}%{host}%{url}%{list}%{line}%{until}%{id}"
                     "%{ask}%{time}",
                     values),
            "abcdefghijk");
}

TEST(PageTemplate, KeepsEverythingElseAsItIs) {
  for (const std::string_view text : {"", "plain", "100% sure %", "a\nb\r\n\nc", "%", "%%",
                                      "% {host}", "{host}", "<b>&amp;</b>\n"}) {
    EXPECT_EQ(rendered(text, {}), text);
  }
  EXPECT_EQ(rendered("%%{host} is %{host}, %%%{host}", with_host("a")), "%{host} is a, %%{host}");
}

TEST(PageTemplate, LeavesOutALineWhoseGapsAreAllEmpty) {
  const std::string_view text = "one\ntwo %{host}\n%{rule} %{host}\nthree %{rule}\nfour";
  EXPECT_EQ(rendered(text, {}), "one\nfour");
  EXPECT_EQ(rendered(text, with_host("h")), "one\ntwo h\n h\nfour");
  EXPECT_EQ(rendered("%{host}", {}), "");
}

TEST(PageTemplate, SaysWhatIsWrongAndWhere) {
  const auto complaint = [](std::string text) {
    const auto page = PageTemplate::compile(std::move(text));
    return page ? "it compiles" : page.error();
  };
  EXPECT_EQ(complaint("a\nb %{hots}\n"),
            "line 2: there is no %{hots}; there are rule, description, message, host, url, list, "
            "line, until, id, ask, time");
  EXPECT_EQ(complaint("%{host"), "line 1: %{ is not closed by }");
  EXPECT_EQ(complaint("\n\n%{host\n}"), "line 3: %{ is not closed by }");
  EXPECT_TRUE(complaint("%{}").starts_with("line 1: there is no %{};"));
  EXPECT_TRUE(complaint("%{\x1b[31m}").starts_with("line 1: there is no %{\xef\xbf\xbd[31m};"));
  EXPECT_TRUE(complaint("%{Host}").starts_with("line 1: there is no %{Host};"));
  EXPECT_EQ(complaint(std::string(PageTemplate::kMost + 1, 'a')),
            "the page is larger than 256 KiB");
  EXPECT_EQ(complaint(std::string(PageTemplate::kMost, 'a')), "it compiles");
}

TEST(Escaping, LeavesNothingOfAValueThatCouldMeanSomething) {
  struct {
    std::string_view in;
    std::string_view html;
    std::string_view json;
    std::string_view text;
  } const rows[] = {
      {"plain text", "plain text", "plain text", "plain text"},
      {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;",
       "<script>alert('x')</script>", "<script>alert('x')</script>"},
      {"a\" onload=\"b", "a&quot; onload=&quot;b", "a\\\" onload=\\\"b", "a\" onload=\"b"},
      {"a&amp;b\\", "a&amp;amp;b\\", "a&amp;b\\\\", "a&amp;b\\"},
      {"a\r\nb\tc", "a  b c", "a  b c", "a  b c"},
      {"\x1b[2J\x7f", "\xef\xbf\xbd[2J\xef\xbf\xbd", "\xef\xbf\xbd[2J\xef\xbf\xbd",
       "\xef\xbf\xbd[2J\xef\xbf\xbd"},
      {"\xc2\x9b", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd"},      // C1: CSI
      {"\xe2\x80\xae", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd"},  // writes back
      {"\xe2\x80\xa8", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd"},  // line end
      {"\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",           // no UTF-8
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe4\xbd\xa0\xf0\x9f\x98\x80", "\xe4\xbd\xa0\xf0\x9f\x98\x80",
       "\xe4\xbd\xa0\xf0\x9f\x98\x80", "\xe4\xbd\xa0\xf0\x9f\x98\x80"},
      {"%{rule}", "%{rule}", "%{rule}", "%{rule}"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(rendered("%{host}", with_host(row.in), Escape::Html), row.html);
    EXPECT_EQ(rendered("%{host}", with_host(row.in), Escape::Json), row.json);
    EXPECT_EQ(rendered("%{host}", with_host(row.in), Escape::Text), row.text);
  }
  const std::string_view nul("a\0b", 3);
  EXPECT_EQ(rendered("%{host}", with_host(nul)),
            "a\xef\xbf\xbd"
            "b");
}

TEST(Escaping, CutsWhatIsTooLongWhereACharacterEnds) {
  std::string out;
  http::put_escaped(out, "abcdef", Escape::Text, 6);
  http::put_escaped(out, "abcdef", Escape::Text, 5);
  http::put_escaped(out, "ab\xe4\xbd\xa0", Escape::Text, 4);
  http::put_escaped(out, "<<<", Escape::Html, 2);
  EXPECT_EQ(out,
            "abcdef"
            "abcde\xe2\x80\xa6"
            "ab\xe2\x80\xa6"
            "&lt;&lt;\xe2\x80\xa6");
  const std::string page = rendered("%{url}", [] {
    static const std::string long_url(1 << 20, '<');
    GapValues values{};
    values[static_cast<std::size_t>(Gap::Url)] = long_url;
    return values;
  }());
  EXPECT_EQ(page.size(), 300 * 4 + 3U);
}

}  // namespace
}  // namespace weir::test
