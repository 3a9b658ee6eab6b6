// SPDX-License-Identifier: Apache-2.0
//
// A list of strangers' filters and a request, cut from one input: the first line is the URL, the
// second the page's host, the rest the list. Whatever it is, reading, compiling and judging end
// without a crash and in bounded memory; what blocks names a line of the list; and a filter whose
// exception says the same never blocks.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "filters/adblock/network_filters.h"
#include "filters/classify.h"
#include "filters/url.h"

namespace {

using namespace weir;
using namespace weir::filters;

void insist(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

ListVerdict judge(std::string_view text, const Subject& subject, Arena& arena,
                  std::unique_ptr<const NetworkFilters>& filters) {
  List list;
  list.name = "list";
  list.format = ListFormat::Adblock;
  list.text = text;
  ListReport report;
  const List* const lists[] = {&list};
  ListReport* const reports[] = {&report};
  filters = NetworkFilters::build(lists, reports, {});
  ListVerdict verdict;
  filters->judge(subject, {}, arena, verdict);
  return verdict;
}

// Each line of the list again, as an exception of its own.
std::string with_exceptions(std::string_view list) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";  // in front of a list it is no part of it
  std::string out(list);
  list.remove_prefix(list.starts_with(kMark) ? kMark.size() : 0);
  while (!list.empty()) {
    const auto line = take_line(list);
    if (!line.starts_with("@@")) {
      out += "\n@@" + std::string(line);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = take_line(text);
  const auto page = take_line(text);
  Arena arena;
  Subject subject;
  subject.method = page == "CONNECT" ? "CONNECT" : "GET";
  if (!parse_url(url, subject, arena)) {
    return 0;
  }
  insist(subject.url.ends_with(subject.path));
  subject.kind = page.size() % 2 == 0 ? ResourceKind::Script : ResourceKind::Document;
  subject.page_host = page;
  subject.party = page == subject.host ? Party::First : Party::Third;
  std::unique_ptr<const NetworkFilters> filters;
  const auto verdict = judge(text, subject, arena, filters);
  insist(!verdict.block || (verdict.by && text.find(verdict.by.text()) != std::string_view::npos));
  insist(!verdict.exception || verdict.exception.text().find("@@") != std::string_view::npos);
  const bool plain = text.find_first_of("$!#[ \t\r\v\f") == std::string_view::npos &&
                     !subject.host_only && subject.kind == ResourceKind::Script;
  if (plain && text.find("@@") == std::string_view::npos) {
    const auto both = with_exceptions(text);
    std::unique_ptr<const NetworkFilters> excepting;
    insist(!judge(both, subject, arena, excepting).block);
  }
  return 0;
}
