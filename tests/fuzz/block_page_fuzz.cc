// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a template and as everything that is told of what was blocked. Whatever they are,
// the reply parses as a response with a body of the length it says and no field but ours, and what
// fills a gap holds nothing that could be markup, end a JSON string, forge a line or steer a
// terminal. Also any bytes as Accept-Language and as the name of a neutral resource.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/base/utf8.h"
#include "proxy/http/block_page.h"
#include "proxy/http/framing.h"
#include "proxy/http/neutral.h"
#include "proxy/http/parse.h"

namespace {

using namespace weir;
using namespace weir::http;

void check_escaped(std::string_view in, Escape how) {
  std::string out;
  put_escaped(out, in, how, 1000);
  WEIR_ASSERT(out.size() <= 6 * std::min<std::size_t>(in.size(), 1000) + 3);
  const std::string_view forbidden = how == Escape::Html ? "<>\"'" : "";
  WEIR_ASSERT(out.find_first_of(forbidden) == std::string::npos);
  bool slash = false;
  for (std::string_view at = out; !at.empty();) {
    const std::size_t length = utf8_length(at);
    WEIR_ASSERT(length > 0);
    const char32_t c = utf8_value(at, length);
    WEIR_ASSERT(c >= 0x20 && (c < 0x7F || c >= 0xA0) && c != 0x202E && c != 0x2028);
    WEIR_ASSERT(how != Escape::Json || slash || c != '"');
    slash = c == '\\' && !slash;
    at.remove_prefix(length);
  }
  WEIR_ASSERT(how != Escape::Json || !slash);
}

BlockNote note_of(std::string_view in) {
  const auto part = [&in](std::size_t i) {
    const std::size_t size = in.size() / 8;
    return in.substr(i * size, size + i);
  };
  BlockNote note;
  note.rule = part(0);
  note.description = part(1);
  note.message = part(2);
  note.host = part(3);
  note.url = part(4);
  note.list = part(5);
  note.line = part(6);
  note.ask = part(7);
  note.line_number = static_cast<std::uint32_t>(in.size());
  note.now.at.us = static_cast<Micros>(in.size()) << (in.size() % 60);
  if (in.size() % 2 == 0) {
    note.until = note.now;
  }
  return note;
}

void check_reply(std::string_view in, BlockPlan& plan) {
  Arena arena;
  plan.reply.pseudonym = "weir";
  plan.reply.date = "now";
  const std::string_view out = write_block(note_of(in), plan, arena);
  ResponseHead head;
  HeadScan scan;
  WEIR_ASSERT(take_response(out, scan, {}, head).progress == Progress::Done);
  WEIR_ASSERT(head.status == 403 && head.fields.lines.size() <= 12);
  const auto framing = response_framing(head, false);
  WEIR_ASSERT(framing && framing->length == out.size() - head.bytes);
}

void read_language(std::string_view in) {
  Fields fields;
  fields.lines.push_back({"Accept-Language", in, FieldId::AcceptLanguage});
  fields.lines.push_back({"Accept", in, FieldId::Accept});
  (void)preferred_language(fields);
  (void)preferred_page(fields);
  const int weight = weigh(in).thousandths;
  WEIR_ASSERT(weight >= 0 && weight <= 1000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  for (const Escape how : {Escape::Html, Escape::Json, Escape::Text}) {
    check_escaped(in, how);
  }
  read_language(in);
  (void)find_neutral(in);
  BlockPlan plan;
  const auto page = PageTemplate::compile(std::string(in));
  WEIR_ASSERT(page || !page.error().empty());
  plan.custom = page ? &*page : nullptr;
  for (const PageKind kind : {PageKind::Html, PageKind::Json, PageKind::Text}) {
    plan.reply.page = kind;
    plan.language = size % 3 == 0 ? Language::Chinese : Language::English;
    plan.to_connect = size % 5 == 0;
    check_reply(in, plan);
  }
  return 0;
}
