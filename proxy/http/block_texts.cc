// SPDX-License-Identifier: Apache-2.0
//
// See block_texts.h. Only the words differ between languages; the page around them is one. Each is
// put together and compiled once, at first use.
#include "proxy/http/block_texts.h"

#include <array>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/http/reply.h"

namespace weir::http {
namespace {

using std::string_view;

// Whole lines where a gap is in them, since a line with an empty gap is left out.
struct Words {
  string_view title;
  string_view refused;
  string_view until;
  string_view ask;
  string_view address;
  string_view rule;
  string_view list;
  string_view time;
  string_view request;
};

constexpr Words kEnglish = {"Blocked",
                            "The rules of this network do not allow access to %{host}.",
                            "It is allowed again from %{until}.",
                            "If this seems wrong, ask: %{ask}",
                            "Address",
                            "Rule",
                            "List",
                            "Time",
                            "Request"};
constexpr Words kChinese = {"访问已被阻止",
                            "本网络的规则不允许访问 %{host}。",
                            "%{until} 起可以再次访问。",
                            "如有疑问，请联系：%{ask}",
                            "地址",
                            "规则",
                            "列表",
                            "时间",
                            "请求编号"};

const Words& words_of(Language language) {
  return language == Language::Chinese ? kChinese : kEnglish;
}

std::string joined(std::initializer_list<string_view> parts) {
  std::string out;
  for (const string_view part : parts) {
    out.append(part);
  }
  return out;
}

constexpr string_view kTableStyle =
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.3em 1em;font-size:.85em;"
    "border-top:1px solid;padding-top:1em}dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}";

std::string html_source(Language language) {
  const Words& w = words_of(language);
  return joined({"<!DOCTYPE html>\n<html lang=\"",
                 language_tag(language),
                 "\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width\">\n"
                 "<meta name=\"robots\" content=\"noindex\">\n<title>",
                 w.title,
                 "</title>\n<style>",
                 page_style(),
                 kTableStyle,
                 "</style>\n</head>\n<body>\n<main>\n<h1>",
                 w.title,
                 "</h1>\n<p>",
                 w.refused,
                 "</p>\n<p><strong>%{message}</strong></p>\n<p>%{description}</p>\n<p>",
                 w.until,
                 "</p>\n<p>",
                 w.ask,
                 "</p>\n<dl>\n<dt>",
                 w.address,
                 "</dt><dd>%{url}</dd>\n<dt>",
                 w.rule,
                 "</dt><dd>%{rule}</dd>\n<dt>",
                 w.list,
                 "</dt><dd>%{list} <code>%{line}</code></dd>\n<dt>",
                 w.time,
                 "</dt><dd>%{time}</dd>\n<dt>",
                 w.request,
                 "</dt><dd>%{id}</dd>\n</dl>\n</main>\n</body>\n</html>\n"});
}

std::string text_source(Language language) {
  const Words& w = words_of(language);
  return joined({w.title, "\n", w.refused, "\n%{message}\n%{description}\n", w.until, "\n", w.ask,
                 "\n", w.address, ": %{url}\n", w.rule, ": %{rule}\n", w.list,
                 ": %{list} %{line}\n", w.time, ": %{time}\n", w.request, ": %{id}\n"});
}

// Everything in one language.
struct Pages {
  explicit Pages(Language language)
      : source(html_source(language)),
        html(compiled(source, Escape::Html)),
        text(compiled(text_source(language), Escape::Text)) {}

  static PageTemplate compiled(std::string from, Escape how) {
    auto page = PageTemplate::compile(std::move(from), how);
    WEIR_ASSERT(page.has_value());
    return *std::move(page);
  }

  std::string source;
  PageTemplate html;
  PageTemplate text;
};

const Pages& pages(Language language) {
  static const std::array<Pages, 2> all = {Pages(Language::English), Pages(Language::Chinese)};
  return all[static_cast<std::size_t>(language)];
}

}  // namespace

const PageTemplate& block_html(Language language) {
  return pages(language).html;
}

const PageTemplate& block_text(Language language) {
  return pages(language).text;
}

const std::string& block_html_source(Language language) {
  return pages(language).source;
}

}  // namespace weir::http
