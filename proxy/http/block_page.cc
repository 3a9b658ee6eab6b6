// SPDX-License-Identifier: Apache-2.0
//
// See block_page.h. Texts are gathered into the gaps of a template; the head is the one that all
// refusals have.
#include "proxy/http/block_page.h"

#include <chrono>
#include <cstdio>
#include <string>

#include "proxy/http/block_texts.h"
#include "proxy/http/neutral.h"

namespace weir::http {
namespace {

using std::string_view;

// "2026-11-21 22:00 Asia/Shanghai"; "" for a time beyond every calendar.
string_view time_text(const LocalTime& time, Arena& arena) {
  using namespace std::chrono;
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  const std::int64_t second = time.at.us / kSecond + time.utc_offset / kSecond;
  if (second < 0 || second > kYear9999) {
    return {};
  }
  const sys_seconds at{seconds{second}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  std::array<char, 32> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02u %02d:%02d ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()));
  return arena.join({{text.data(), static_cast<std::size_t>(size)}, time.zone});
}

// "easylist:1234", as tools that look for lines print it.
string_view list_text(const BlockNote& note, Arena& arena) {
  if (note.list.empty() || note.line_number == 0) {
    return note.list;
  }
  return arena.join({note.list, ":", std::to_string(note.line_number)});
}

GapValues gap_values(const BlockNote& note, const BlockPlan& plan, Arena& arena) {
  GapValues values{};
  const auto set = [&values](Gap gap, string_view value) {
    values[static_cast<std::size_t>(gap)] = value;
  };
  set(Gap::Rule, note.rule);
  set(Gap::Description, note.description);
  set(Gap::Message, note.message);
  set(Gap::Host, note.host);
  set(Gap::Url, note.url);
  set(Gap::List, list_text(note, arena));
  set(Gap::Line, note.line);
  set(Gap::Until, note.until ? time_text(*note.until, arena) : string_view());
  set(Gap::Id, request_id_text(plan.reply.request_id, arena));
  set(Gap::Ask, note.ask);
  set(Gap::Time, time_text(note.now, arena));
  return values;
}

void put_member(std::string& out, string_view name, string_view value) {
  constexpr std::size_t kMost = 4000;
  if (!value.empty()) {
    out.append(",\"").append(name).append("\":\"");
    put_escaped(out, value, Escape::Json, kMost);
    out.append("\"");
  }
}

// RFC 9457, with the note as extension members. English throughout, for programs.
string_view json_page(const BlockNote& note, const GapValues& values, Arena& arena) {
  const auto value = [&values](Gap gap) { return values[static_cast<std::size_t>(gap)]; };
  const string_view detail = !note.message.empty()       ? note.message
                             : !note.description.empty() ? note.description
                                                         : row(Failure::Blocked).sentence;
  std::string out = "{\"type\":\"about:blank\",\"title\":\"";
  out.append(reason_phrase(note.status)).append("\",\"status\":");
  out.append(std::to_string(note.status));
  put_member(out, "detail", detail);
  put_member(out, "failure", row(Failure::Blocked).word);
  put_member(out, "rule", note.rule);
  put_member(out, "description", note.description);
  put_member(out, "host", note.host);
  put_member(out, "url", note.url);
  put_member(out, "list", value(Gap::List));
  put_member(out, "line", note.line);
  put_member(out, "until", value(Gap::Until));
  put_member(out, "ask", note.ask);
  put_member(out, "request", value(Gap::Id));
  return arena.copy(out.append("}\n"));
}

constexpr string_view kSecurityPolicy =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n";
constexpr string_view kVary = "Vary: Accept, Accept-Language\r\n";

void set_page(const BlockNote& note, const BlockPlan& plan, PageKind kind, Refusal& out,
              Arena& arena) {
  const GapValues values = gap_values(note, plan, arena);
  const bool custom = kind == PageKind::Html && plan.custom != nullptr;
  out.media_type = media_type(kind);
  switch (kind) {
    case PageKind::Html:
      out.body = (custom ? *plan.custom : block_html(plan.language)).render(values, arena);
      break;
    case PageKind::Json:
      out.body = json_page(note, values, arena);
      break;
    case PageKind::Text:
      out.body = block_text(plan.language).render(values, arena);
      break;
  }
  // In which language an operator writes, only they know.
  const string_view language = custom                   ? string_view()
                               : kind == PageKind::Json ? "en"
                                                        : language_tag(plan.language);
  out.more_fields = arena.join({language.empty() ? "" : "Content-Language: ", language,
                                language.empty() ? "" : "\r\n", kVary, kSecurityPolicy});
}

}  // namespace

// RFC 8941 3.3.3: visible ASCII, two bytes escaped.
string_view blocked_details(string_view rule, Arena& arena) {
  std::string out;
  for (const char c : rule.substr(0, 128)) {
    const bool visible = c >= 0x20 && c < 0x7f;
    out.append(c == '"' || c == '\\' ? "\\" : "").append(1, visible ? c : '?');
  }
  return out.empty() ? row(Failure::Blocked).word : arena.copy(out);
}

string_view write_block(const BlockNote& note, const BlockPlan& plan, Arena& arena) {
  ReplyPlan reply = plan.reply;
  Refusal refusal;
  refusal.status = note.status;
  refusal.error = row(Failure::Blocked).proxy_status;
  refusal.details = blocked_details(note.rule, arena);
  refusal.more_fields = kSecurityPolicy;
  if (plan.to_connect || plan.shape == BlockShape::Page) {
    const bool html = plan.reply.page == PageKind::Html;
    reply.close = reply.close || plan.to_connect;
    set_page(note, plan, plan.to_connect && html ? PageKind::Text : plan.reply.page, refusal,
             arena);
  } else if (plan.shape == BlockShape::Pixel) {
    const Neutral pixel = find_neutral("1x1.gif");
    refusal.media_type = pixel.media_type;
    refusal.body = pixel.body;
  } else {
    refusal.media_type = plan.empty_type;
  }
  return write_refusal(refusal, reply, arena);
}

}  // namespace weir::http
