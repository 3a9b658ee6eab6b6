// SPDX-License-Identifier: Apache-2.0
//
// What a blocked client is told: every form is a valid response, says what there is to say in the
// client's language, and holds nothing unescaped of what a stranger sent.
#include "proxy/http/block_page.h"

#include "tests/unit/http/reply_reader.h"

namespace weir::test {
namespace {

using http::BlockNote;
using http::BlockPlan;
using http::BlockShape;
using http::Language;
using http::PageKind;

constexpr Micros kHour = 3600 * kSecond;

BlockNote full_note() {
  BlockNote note;
  note.rule = "no-games";
  note.description = "Games only after homework";
  note.message = "Read a book instead.";
  note.host = "games.example";
  note.url = "http://games.example/a?b=<c>";
  note.list = "games";
  note.line_number = 12;
  note.line = "||games.example^";
  note.now = {WallTime{1'795'000'000 * kSecond}, 8 * kHour, "Asia/Shanghai"};
  note.until = {{WallTime{1'795'010'000 * kSecond}, 8 * kHour, "Asia/Shanghai"}};
  note.ask = "Mum & Dad";
  return note;
}

BlockPlan plan_of(PageKind page, Language language = Language::English) {
  BlockPlan plan;
  plan.reply = usual_plan();
  plan.reply.page = page;
  plan.language = language;
  return plan;
}

std::string written(const BlockNote& note, const BlockPlan& plan) {
  Arena arena;
  return std::string(http::write_block(note, plan, arena));
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(BlockPage, TellsAPersonEverythingThereIsToTell) {
  for (const Language language : {Language::English, Language::Chinese}) {
    const Reply reply(written(full_note(), plan_of(PageKind::Html, language)));
    EXPECT_EQ(reply.head.status, 403);
    EXPECT_EQ(reply.head.reason, "Forbidden");
    EXPECT_EQ(reply.value("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(reply.value("Content-Length"), std::to_string(reply.body.size()));
    EXPECT_EQ(reply.value("Content-Language"), http::language_tag(language));
    EXPECT_EQ(reply.value("Vary"), "Accept, Accept-Language");
    EXPECT_EQ(reply.value("Cache-Control"), "no-store");
    EXPECT_EQ(reply.value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.value("Content-Security-Policy"),
              "default-src 'none'; style-src 'unsafe-inline'");
    EXPECT_EQ(reply.value("Proxy-Status"),
              "weir-1; error=http_request_denied; details=\"no-games\"");
    for (const std::string_view part :
         {"no-games", "Games only after homework", "Read a book instead.", "games.example",
          "http://games.example/a?b=&lt;c&gt;", "games:12 <code>||games.example^</code>",
          "2026-11-18 19:06 Asia/Shanghai", "2026-11-18 21:53 Asia/Shanghai", "Mum &amp; Dad",
          "0123456789abcdef"}) {
      EXPECT_TRUE(holds(reply.body, part)) << part << "\n" << reply.body;
    }
    EXPECT_FALSE(holds(reply.body, "src=") || holds(reply.body, "href="))
        << "needs other resources";
    EXPECT_LT(reply.body.size(), 3000U);
  }
}

TEST(BlockPage, IsInTheLanguageAskedFor) {
  const std::string english = written(full_note(), plan_of(PageKind::Html));
  const std::string chinese = written(full_note(), plan_of(PageKind::Html, Language::Chinese));
  EXPECT_TRUE(holds(english, "<html lang=\"en\">") && holds(english, "<h1>Blocked</h1>"));
  EXPECT_TRUE(holds(chinese, "<html lang=\"zh-Hans\">") && holds(chinese, "<h1>访问已被阻止</h1>"));
}

TEST(BlockPage, SaysNothingOfWhatItDoesNotKnow) {
  BlockNote note;
  note.host = "a.example";
  note.now = {WallTime{1'795'000'000 * kSecond}};
  const Reply reply(written(note, plan_of(PageKind::Html)));
  for (const std::string_view part :
       {"allowed again", "ask:", "Rule", "List", "<code>", "<strong>", "Address", "<p></p>"}) {
    EXPECT_FALSE(holds(reply.body, part)) << part << "\n" << reply.body;
  }
  EXPECT_TRUE(holds(reply.body, "access to a.example"));
  EXPECT_TRUE(holds(reply.body, "2026-11-18 11:06 UTC"));
  EXPECT_EQ(reply.value("Proxy-Status"), "weir-1; error=http_request_denied; details=\"blocked\"");
}

TEST(BlockPage, TellsAProgramTheSame) {
  const Reply json(written(full_note(), plan_of(PageKind::Json, Language::Chinese)));
  EXPECT_EQ(json.value("Content-Type"), "application/problem+json");
  EXPECT_EQ(json.value("Content-Language"), "en");
  EXPECT_EQ(json.body,
            "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
            "\"detail\":\"Read a book instead.\",\"failure\":\"blocked\",\"rule\":\"no-games\","
            "\"description\":\"Games only after homework\",\"host\":\"games.example\","
            "\"url\":\"http://games.example/a?b=<c>\",\"list\":\"games:12\","
            "\"line\":\"||games.example^\",\"until\":\"2026-11-18 21:53 Asia/Shanghai\","
            "\"ask\":\"Mum & Dad\",\"request\":\"0123456789abcdef\"}\n");
  const Reply text(written(full_note(), plan_of(PageKind::Text)));
  EXPECT_EQ(text.value("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(text.body,
            "Blocked\nThe rules of this network do not allow access to games.example.\n"
            "Read a book instead.\nGames only after homework\n"
            "It is allowed again from 2026-11-18 21:53 Asia/Shanghai.\n"
            "If this seems wrong, ask: Mum & Dad\nAddress: http://games.example/a?b=<c>\n"
            "Rule: no-games\nList: games:12 ||games.example^\n"
            "Time: 2026-11-18 19:06 Asia/Shanghai\nRequest: 0123456789abcdef\n");
}

TEST(BlockPage, HoldsNothingUnescapedOfWhatAStrangerSent) {
  const std::string_view evil = "\"><script>x</script>\r\nSet-Cookie: a=b\r\n\r\n\\\x1b[2J\xff'";
  BlockNote note = full_note();
  note.rule = note.description = note.message = note.host = note.url = evil;
  note.list = note.line = note.ask = evil;
  for (const PageKind page : {PageKind::Html, PageKind::Json, PageKind::Text}) {
    const Reply reply(written(note, plan_of(page)));
    EXPECT_EQ(reply.value("Set-Cookie"), "(none)");
    EXPECT_EQ(reply.value("Content-Length"), std::to_string(reply.body.size()));
    EXPECT_EQ(reply.value("Proxy-Status"),
              "weir-1; error=http_request_denied; "
              "details=\"\\\"><script>x</script>??Set-Cookie: a=b????\\\\?[2J?'\"");
    EXPECT_FALSE(holds(reply.body, "\r") || holds(reply.body, "\x1b") || holds(reply.body, "\xff"));
    EXPECT_FALSE(holds(reply.body, "\nSet-Cookie"));
    EXPECT_FALSE(page == PageKind::Html && holds(reply.body, "<script"));
    EXPECT_FALSE(page == PageKind::Json && holds(reply.body, ":\"\"><"));
  }
}

TEST(BlockPage, MayBeTheOperatorsOwn) {
  const auto page = http::PageTemplate::compile("<title>%{host}</title>\n<p>%{ask}\n<p>%{rule}");
  ASSERT_TRUE(page);
  BlockPlan plan = plan_of(PageKind::Html, Language::Chinese);
  plan.custom = &*page;
  BlockNote note;
  note.host = "<a>";
  note.rule = "r";
  note.status = 451;
  const Reply reply(written(note, plan));
  EXPECT_EQ(reply.head.status, 451);
  EXPECT_EQ(reply.head.reason, "Unavailable For Legal Reasons");
  EXPECT_EQ(reply.body, "<title>&lt;a&gt;</title>\n<p>r");
  EXPECT_EQ(reply.value("Content-Language"), "(none)");
  plan.reply.page = PageKind::Text;
  EXPECT_TRUE(holds(written(note, plan), "访问已被阻止\n"));
}

TEST(BlockPage, IsAsLittleAsPossibleWhereAPageEmbedsWhatIsBlocked) {
  BlockPlan plan = plan_of(PageKind::Html);
  plan.shape = BlockShape::Pixel;
  const Reply pixel(written(full_note(), plan));
  EXPECT_EQ(pixel.head.status, 403);
  EXPECT_EQ(pixel.value("Content-Type"), "image/gif");
  EXPECT_EQ(pixel.body.substr(0, 6), "GIF89a");
  EXPECT_EQ(pixel.value("Cache-Control"), "no-store");
  EXPECT_EQ(pixel.value("Proxy-Status"), "weir-1; error=http_request_denied; details=\"no-games\"");
  plan.shape = BlockShape::Empty;
  plan.empty_type = "text/javascript";
  const Reply script(written(full_note(), plan));
  EXPECT_EQ(script.head.status, 403);
  EXPECT_EQ(script.value("Content-Type"), "text/javascript");
  EXPECT_EQ(script.value("Content-Length"), "0");
  EXPECT_EQ(script.body, "");
  plan.empty_type = "";
  EXPECT_EQ(Reply(written(full_note(), plan)).value("Content-Type"), "(none)");
}

TEST(BlockPage, AnswersConnectForProgramsAndEndsTheConnection) {
  for (const PageKind page : {PageKind::Html, PageKind::Text, PageKind::Json}) {
    BlockPlan plan = plan_of(page);
    plan.reply.close = false;
    plan.shape = BlockShape::Pixel;
    plan.to_connect = true;
    const Reply reply(written(full_note(), plan));
    EXPECT_EQ(reply.head.status, 403);
    EXPECT_EQ(reply.value("Content-Type"),
              page == PageKind::Json ? "application/problem+json" : "text/plain; charset=utf-8");
    EXPECT_EQ(reply.value("Connection"), "close");
    EXPECT_TRUE(holds(reply.body, "games.example"));
  }
}

TEST(BlockPage, HasNoBodyInAnswerToHead) {
  BlockPlan plan = plan_of(PageKind::Html);
  const Reply full(written(full_note(), plan));
  plan.reply.to_head = true;
  const Reply reply(written(full_note(), plan));
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.value("Content-Length"), full.value("Content-Length"));
}

TEST(BlockPage, SurvivesTimesBeyondTheCalendar) {
  BlockNote note = full_note();
  for (const Micros at : {INT64_MIN, INT64_MAX, -kSecond}) {
    note.now = {WallTime{at}};
    note.until->at.us = at;
    note.until->utc_offset = at;
    const Reply reply(written(note, plan_of(PageKind::Text)));
    EXPECT_FALSE(holds(reply.body, "Time:"));
    EXPECT_FALSE(holds(reply.body, "allowed again"));
  }
}

}  // namespace
}  // namespace weir::test
