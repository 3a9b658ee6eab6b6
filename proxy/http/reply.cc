// SPDX-License-Identifier: Apache-2.0
//
// See reply.h. Pages are small, need no script and no other resource, and read well in a terminal.
#include "proxy/http/reply.h"

#include <array>
#include <charconv>
#include <string>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"

namespace weir::http {
namespace {

using std::string_view;

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

Digits request_id(std::uint64_t id) {
  constexpr string_view kHex = "0123456789abcdef";
  Digits out;
  out.size = 16;
  for (std::size_t i = 0; i < 16; ++i) {
    out.text[i] = kHex[id >> (60 - 4 * i) & 15];
  }
  return out;
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
  double html = 0;
  double json = 0;
  double text = 0;
};

// A weight like "q=0.5" among the parameters of a media range; 1 when there is none.
double weight(string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == string_view::npos) {
    return 1;
  }
  double q = 1;
  const string_view text = parameters.substr(at + 2);
  std::from_chars(text.data(), text.data() + text.size(), q);
  return q;
}

void weigh(string_view element, Preference& out) {
  const std::size_t semicolon = std::min(element.find(';'), element.size());
  const string_view range = trim_ows(element.substr(0, semicolon));
  const double q = weight(element.substr(semicolon));
  if (same_ignoring_case(range, "text/html") ||
      same_ignoring_case(range, "application/xhtml+xml")) {
    out.html = std::max(out.html, q);
  } else if (same_ignoring_case(range, "application/json") ||
             same_ignoring_case(range, "application/problem+json")) {
    out.json = std::max(out.json, q);
  } else if (same_ignoring_case(range, "text/plain") || same_ignoring_case(range, "text/*")) {
    out.text = std::max(out.text, q);
  }
}

}  // namespace

PageKind preferred_page(const Fields& fields) {
  Preference preference;
  for (const Field& line : fields.lines) {
    if (line.id == FieldId::Accept) {
      each_element(line.value, [&preference](string_view element) {
        weigh(element, preference);
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

string_view write_refusal(Failure why, const ReplyPlan& plan, Arena& arena) {
  const FailureRow& r = row(why);
  WEIR_ASSERT(r.status != 0);
  const string_view body = page(plan.page, r, request_id(plan.request_id), arena);
  const string_view head =
      arena.join({"HTTP/1.1 ",
                  decimal(r.status),
                  " ",
                  reason_phrase(r.status),
                  "\r\nContent-Type: ",
                  media_type(plan.page),
                  "\r\nContent-Length: ",
                  decimal(body.size()),
                  "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nDate: ",
                  plan.date,
                  "\r\nProxy-Status: ",
                  plan.pseudonym,
                  "; error=",
                  r.proxy_status,
                  "; details=\"",
                  r.word,
                  "\"\r\nVia: 1.1 ",
                  plan.pseudonym,
                  "\r\n",
                  challenge(r.status, plan.realm, arena),
                  connection_field(plan),
                  "\r\n"});
  return plan.to_head ? head : arena.join({head, body});
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
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "";
  }
}

}  // namespace weir::http
