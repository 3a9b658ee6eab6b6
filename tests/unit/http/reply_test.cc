// SPDX-License-Identifier: Apache-2.0
//
// Replies of our own: each row of the failure table in each kind of page parses as a response whose
// fields are right and whose body is as long as it says; and which page Accept prefers.
#include "proxy/http/reply.h"

#include "proxy/base/ascii.h"
#include "proxy/http/framing.h"
#include "tests/unit/http/heads.h"
#include "tests/unit/http/reply_reader.h"

namespace weir::test {
namespace {

using http::FieldId;
using http::PageKind;
using http::ReplyPlan;

TEST(Refusal, OfEachRowIsAValidResponseInEachKindOfPage) {
  for (const FailureRow& failure : failure_rows()) {
    if (failure.status == 0) {
      continue;
    }
    SCOPED_TRACE(failure.name);
    EXPECT_NE(http::reason_phrase(failure.status), "");
    for (const PageKind page : {PageKind::Html, PageKind::Json, PageKind::Text}) {
      Arena arena;
      ReplyPlan plan = usual_plan();
      plan.page = page;
      const Reply reply(http::write_refusal(failure.id, plan, arena));
      EXPECT_EQ(reply.head.status, failure.status);
      EXPECT_EQ(reply.head.reason, http::reason_phrase(failure.status));
      const auto framing = http::response_framing(reply.head, false);
      ASSERT_TRUE(framing);
      EXPECT_EQ(framing->length, reply.body.size());
      EXPECT_NE(reply.body.find(failure.sentence), std::string_view::npos);
      EXPECT_NE(reply.body.find(failure.word), std::string_view::npos);
      EXPECT_NE(reply.body.find("0123456789abcdef"), std::string_view::npos);
      EXPECT_EQ(reply.value("Date"), plan.date);
      EXPECT_EQ(reply.value("Via"), "1.1 weir-1");
      EXPECT_EQ(reply.value("Cache-Control"), "no-store");
      EXPECT_EQ(reply.value("Proxy-Status"), "weir-1; error=" + std::string(failure.proxy_status) +
                                                 "; details=\"" + std::string(failure.word) + "\"");
      EXPECT_EQ(reply.value("Proxy-Authenticate"),
                failure.status == 407 ? "Basic realm=\"Weir\", charset=\"UTF-8\"" : "(none)");
      EXPECT_EQ(reply.value("Allow") != "(none)", failure.status == 405);
      EXPECT_EQ(reply.value("Connection"), "close");

      plan.to_head = true;
      const Reply to_head(http::write_refusal(failure.id, plan, arena));
      EXPECT_EQ(to_head.body, "");
      EXPECT_EQ(to_head.value("Content-Length"), reply.value("Content-Length"));
    }
  }
}

// What goes into a page unescaped must need no escaping there.
TEST(Refusal, HasSentencesThatAreTheSameInHtmlAndJson) {
  for (const FailureRow& failure : failure_rows()) {
    EXPECT_EQ(failure.sentence.find_first_of("<>&\"\\"), std::string_view::npos)
        << failure.sentence;
    EXPECT_TRUE(all(failure.sentence, kFieldVchar)) << failure.sentence;
    EXPECT_EQ(failure.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos);
    EXPECT_EQ(failure.proxy_status.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos);
  }
}

TEST(Refusal, SaysWhatBecomesOfTheConnection) {
  Arena arena;
  ReplyPlan plan = usual_plan();
  plan.close = false;
  EXPECT_EQ(Reply(http::write_refusal(Failure::Blocked, plan, arena)).value("Connection"),
            "(none)");
  plan.keep_alive = true;
  EXPECT_EQ(Reply(http::write_refusal(Failure::Blocked, plan, arena)).value("Connection"),
            "keep-alive");
  plan.close = true;
  EXPECT_EQ(Reply(http::write_refusal(Failure::Blocked, plan, arena)).value("Connection"), "close");
}

TEST(Answer, IsAValidResponse) {
  Arena arena;
  ReplyPlan plan = usual_plan();
  plan.close = false;
  const Reply full(http::write_answer("text/plain", "hello", "Allow: GET\r\n", plan, arena));
  EXPECT_EQ(full.head.status, 200);
  EXPECT_EQ(full.body, "hello");
  EXPECT_EQ(full.value("Content-Type"), "text/plain");
  EXPECT_EQ(full.value("Content-Length"), "5");
  EXPECT_EQ(full.value("Allow"), "GET");
  EXPECT_EQ(full.value("Connection"), "(none)");
  const Reply empty(http::write_answer("", "", "", plan, arena));
  EXPECT_EQ(empty.value("Content-Type"), "(none)");
  EXPECT_EQ(empty.value("Content-Length"), "0");
  plan.to_head = true;
  EXPECT_EQ(Reply(http::write_answer("a/b", "hello", "", plan, arena)).body, "");
}

TEST(TraceBody, IsTheRequestWithoutItsSecrets) {
  const auto parsed = request(
      "TRACE http://a/ HTTP/1.1|Host: a|A:1|Authorization: Basic x|a: 2|COOKIE: y|"
      "Proxy-Authorization: Basic z|B:");
  Arena arena;
  EXPECT_EQ(http::trace_body(parsed.head, arena),
            "TRACE http://a/ HTTP/1.1\r\nHost: a\r\nA: 1\r\na: 2\r\nB: \r\n\r\n");
  EXPECT_EQ(http::trace_body(request("TRACE / HTTP/1.0").head, arena), "TRACE / HTTP/1.0\r\n\r\n");
}

TEST(PreferredPage, IsWhatAcceptWeighsHighest) {
  struct {
    std::string_view accept;
    PageKind want;
  } const rows[] = {
      {"", PageKind::Text},
      {"*/*", PageKind::Text},
      {"image/avif,image/webp,*/*;q=0.8", PageKind::Text},
      {"text/html", PageKind::Html},
      {"TEXT/HTML", PageKind::Html},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PageKind::Html},
      {"application/json", PageKind::Json},
      {"application/problem+json", PageKind::Json},
      {"application/json, text/plain, */*", PageKind::Json},
      {"application/json, text/html", PageKind::Html},
      {"application/json, text/html;q=0.9", PageKind::Json},
      {"text/plain, text/html;q=0.9", PageKind::Text},
      {"text/*, application/json;q=0.5", PageKind::Text},
      {"text/html;q=0, application/json;q=0", PageKind::Text},
      {"text/html ; level=1 ; q=0.2, application/json;q=0.3", PageKind::Json},
      {"text/html;q=x", PageKind::Html},  // no weight at all, rather than none
      {"text/html;q=-1", PageKind::Html},
      {"application/json;q=1.001, text/html;q=0.999", PageKind::Json},
      {"text/html;freq=0.1, application/json;q=0.5", PageKind::Html},
      {"text/html;q=0.000, application/json;q=0.001", PageKind::Json},
      {";;;,\"", PageKind::Text},
  };
  for (const auto& row : rows) {
    const auto parsed = request("GET / HTTP/1.1|Accept: " + std::string(row.accept));
    EXPECT_EQ(http::preferred_page(parsed.head.fields), row.want) << row.accept;
  }
  const auto two = request("GET / HTTP/1.1|Accept: application/json;q=0.1|accept: text/html;q=0.2");
  EXPECT_EQ(http::preferred_page(two.head.fields), PageKind::Html);
}

}  // namespace
}  // namespace weir::test
