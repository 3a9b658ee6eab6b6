// SPDX-License-Identifier: Apache-2.0
//
// See reply.h. Pages are small, need no script and no other resource, and read well in a terminal.
#include "proxy/http/reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/http/language.h"

namespace weir::http {
namespace {

using std::string_view;

struct Phrase {
  std::uint16_t status;
  string_view text;
};

constexpr std::array kPhrases = std::to_array<Phrase>({
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
});

struct Digits {
  std::array<char, 24> text{};
  std::size_t size = 0;
  operator string_view() const { return {text.data(), size}; }
};

Digits decimal(std::uint64_t value) {
  Digits out;
  out.size = static_cast<std::size_t>(
      std::to_chars(out.text.data(), out.text.data() + out.text.size(), value).ptr -
      out.text.data());
  return out;
}

constexpr string_view kPageTop =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
constexpr string_view kStyle =
    "body{font:1.1em/1.5 sans-serif;max-width:36em;margin:3em auto;padding:0 1em;color:#222;"
    "background:#fff}small{color:#555}@media(prefers-color-scheme:dark){body{color:#ddd;"
    "background:#181818}small{color:#aaa}}";

string_view html_page(const FailureRow& row, string_view status, string_view id, Arena& arena) {
  const string_view phrase = reason_phrase(row.status);
  return arena.join({kPageTop, status, " ", phrase, "</title>\n<style>", kStyle,
                     "</style>\n</head>\n<body>\n<main>\n<h1>", phrase, "</h1>\n<p>", row.sentence,
                     "</p>\n<p><small>Weir &middot; ", status, " &middot; ", row.word,
                     " &middot; request ", id, "</small></p>\n</main>\n</body>\n</html>\n"});
}

string_view page(PageKind kind, const FailureRow& row, string_view id, Arena& arena) {
  const Digits status = decimal(row.status);
  switch (kind) {
    case PageKind::Html:
      return html_page(row, status, id, arena);
    case PageKind::Json:
      return arena.join({"{\"type\":\"about:blank\",\"title\":\"", reason_phrase(row.status),
                         "\",\"status\":", status, ",\"detail\":\"", row.sentence,
                         "\",\"failure\":\"", row.word, "\",\"request\":\"", id, "\"}\n"});
    case PageKind::Text:
      return arena.join({status, " ", reason_phrase(row.status), "\n", row.sentence, "\nfailure ",
                         row.word, ", request ", id, "\n"});
  }
  return {};
}

string_view connection_field(const ReplyPlan& plan) {
  return plan.close ? "Connection: close\r\n" : plan.keep_alive ? "Connection: keep-alive\r\n" : "";
}

string_view challenge(std::uint16_t status, string_view realm, Arena& arena) {
  if (status == 407) {
    return arena.join({"Proxy-Authenticate: Basic realm=\"", realm, "\", charset=\"UTF-8\"\r\n"});
  }
  // RFC 9110 15.5.6: what would be allowed. The list is the methods every proxy relays.
  return status == 405 ? string_view("Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, CONNECT\r\n")
                       : "";
}

struct Preference {
  int html = 0;
  int json = 0;
  int text = 0;
};

void note_range(string_view element, Preference& out) {
  const Weighed weighed = weigh(element);
  const auto names = [&weighed](string_view range) {
    return same_ignoring_case(weighed.range, range);
  };
  if (names("text/html") || names("application/xhtml+xml")) {
    out.html = std::max(out.html, weighed.thousandths);
  } else if (names("application/json") || names("application/problem+json")) {
    out.json = std::max(out.json, weighed.thousandths);
  } else if (names("text/plain") || names("text/*")) {
    out.text = std::max(out.text, weighed.thousandths);
  }
}

}  // namespace

PageKind preferred_page(const Fields& fields) {
  Preference preference;
  for (const Field& line : fields.lines) {
    if (line.id == FieldId::Accept) {
      each_element(line.value, [&preference](string_view element) {
        note_range(element, preference);
        return true;
      });
    }
  }
  if (preference.html > 0 && preference.html >= preference.json &&
      preference.html >= preference.text) {
    return PageKind::Html;
  }
  return preference.json > 0 && preference.json >= preference.text ? PageKind::Json
                                                                   : PageKind::Text;
}

string_view media_type(PageKind kind) {
  switch (kind) {
    case PageKind::Html:
      return "text/html; charset=utf-8";
    case PageKind::Json:
      return "application/problem+json";
    case PageKind::Text:
      return "text/plain; charset=utf-8";
  }
  return {};
}

string_view request_id_text(std::uint64_t id, Arena& arena) {
  constexpr string_view kHex = "0123456789abcdef";
  constexpr std::size_t kDigits = 16;
  char* const out = arena.allocate(kDigits);
  for (std::size_t i = 0; i < kDigits; ++i) {
    out[i] = kHex[id >> (60 - 4 * i) & 15];
  }
  return {out, kDigits};
}

string_view page_style() {
  return kStyle;
}

string_view write_refusal(const Refusal& refusal, const ReplyPlan& plan, Arena& arena) {
  constexpr std::uint16_t kNoContent = 204;  // ends with its head (RFC 9112 6.3)
  const bool bodiless = refusal.status == kNoContent;
  const string_view type = refusal.media_type.empty() || bodiless
                               ? ""
                               : arena.join({"Content-Type: ", refusal.media_type, "\r\n"});
  const string_view length =
      bodiless ? "" : arena.join({"Content-Length: ", decimal(refusal.body.size()), "\r\n"});
  const string_view head =
      arena.join({"HTTP/1.1 ",
                  decimal(refusal.status),
                  " ",
                  reason_phrase(refusal.status),
                  "\r\n",
                  type,
                  length,
                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nDate: ",
                  plan.date,
                  "\r\nProxy-Status: ",
                  plan.pseudonym,
                  "; error=",
                  refusal.error,
                  "; details=\"",
                  refusal.details,
                  "\"\r\nVia: 1.1 ",
                  plan.pseudonym,
                  "\r\n",
                  refusal.more_fields,
                  connection_field(plan),
                  "\r\n"});
  return plan.to_head || bodiless ? head : arena.join({head, refusal.body});
}

string_view write_refusal(Failure why, const ReplyPlan& plan, Arena& arena) {
  const FailureRow& r = row(why);
  WEIR_ASSERT(r.status != 0);
  Refusal refusal;
  refusal.status = r.status;
  refusal.media_type = media_type(plan.page);
  refusal.body = page(plan.page, r, request_id_text(plan.request_id, arena), arena);
  refusal.error = r.proxy_status;
  refusal.details = r.word;
  refusal.more_fields = challenge(r.status, plan.realm, arena);
  return write_refusal(refusal, plan, arena);
}

string_view write_answer(string_view media_type_name, string_view body, string_view more_fields,
                         const ReplyPlan& plan, Arena& arena) {
  const string_view type =
      media_type_name.empty() ? "" : arena.join({"Content-Type: ", media_type_name, "\r\n"});
  return arena.join({"HTTP/1.1 200 OK\r\n", type, "Content-Length: ", decimal(body.size()),
                     "\r\nDate: ", plan.date, "\r\nVia: 1.1 ", plan.pseudonym, "\r\n", more_fields,
                     connection_field(plan), "\r\n", plan.to_head ? string_view() : body});
}

string_view trace_body(const RequestHead& head, Arena& arena) {
  std::string text;
  text.append(head.method).append(" ").append(head.target);
  text.append(head.minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const Field& line : head.fields.lines) {
    const bool secret = line.id == FieldId::Authorization ||
                        line.id == FieldId::ProxyAuthorization ||
                        same_ignoring_case(line.name, "cookie");
    if (!secret) {
      text.append(line.name).append(": ").append(line.value).append("\r\n");
    }
  }
  text.append("\r\n");
  return arena.copy(text);
}

string_view reason_phrase(std::uint16_t status) {
  const auto* const found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == kPhrases.end() ? string_view() : found->text;
}

}  // namespace weir::http
