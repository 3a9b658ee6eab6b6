// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a list: the first byte says which format, the rest is the text, gzip or plain.
// Invariants: no line is lost (comments, faults and lines with rules are never more than lines);
// names that come out are canonical and are then found by the compiled list, with a line that
// exists; detection always decides; an inflated text keeps to its bound.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/lists/lines.h"
#include "filters/lists/list_set.h"
#include "filters/lists/parse_list.h"
#include "filters/lists/read_list.h"
#include "proxy/base/assert.h"
#include "proxy/base/host.h"

namespace {

using namespace weir;
using namespace weir::filters;

constexpr std::uint64_t kBound = 64 * 1024;

struct Seen {
  std::vector<std::string> names;
  std::uint32_t last = 0;
};

std::string see_name(void* to, std::uint32_t line, const std::string_view& name) {
  auto& seen = *static_cast<Seen*>(to);
  Arena arena;
  const bool six = name.find(':') != std::string_view::npos;
  const auto again = normalise_host(name, six, arena);
  WEIR_ASSERT(again && again->name == name && line >= seen.last && line > 0);
  seen.last = line;
  if (seen.names.size() < 50) {
    seen.names.emplace_back(name);
  }
  return {};
}

std::string see_url(void* to, std::uint32_t line, const UrlPrefix& url) {
  auto& seen = *static_cast<Seen*>(to);
  WEIR_ASSERT(!url.host.empty() && url.path.starts_with('/') && line >= seen.last);
  seen.last = line;
  return {};
}

void check_names(const ListSets& sets, const Seen& seen, std::uint32_t lines) {
  for (const std::string& name : seen.names) {
    Arena arena;
    Subject subject;
    subject.method = "CONNECT";
    subject.scheme = "https";
    subject.host = name;
    subject.host_address = IpAddress::parse(name);
    subject.port = 443;
    subject.url = arena.join({"https://", name, "/"});
    subject.path = "/";
    subject.host_only = true;
    ListVerdict verdict;
    sets.judge(0, subject, false, arena, verdict);
    WEIR_ASSERT(verdict.block && verdict.by.line >= 1 && verdict.by.line <= lines);
  }
}

void check_plain(const List& list) {
  Seen seen;
  ListReport report;
  switch (list.format) {
    case ListFormat::Domains:
      parse_domains(list.text, report, {&seen, see_name});
      break;
    case ListFormat::Hosts:
      parse_hosts(list.text, report, {&seen, see_name});
      break;
    case ListFormat::Urls:
      parse_urls(list.text, report, {&seen, see_url});
      break;
    default:
      break;
  }
  Lines lines(list.text);
  while (lines.next()) {
  }
  WEIR_ASSERT(report.comments + report.faulty <= lines.number());
  const auto built = ListSets::build({list}, {{0}}, false);
  WEIR_ASSERT(built.reports.size() == 1 && built.reports[0].faults.size() <= kListFaultsMost);
  if (built.sets != nullptr) {
    check_names(*built.sets, seen, lines.number());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto format = static_cast<ListFormat>(data[0] % 7);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  WEIR_ASSERT(detect_format(text) != ListFormat::Auto);
  const auto list = read_list_text(text, format, kBound);
  if (!list) {
    WEIR_ASSERT(!list.error().empty());
    return 0;
  }
  WEIR_ASSERT(list->text.size() <= kBound && list->format != ListFormat::Auto);
  if (list->format != ListFormat::Adblock) {  // which has a fuzzer of its own
    check_plain(*list);
  }
  return 0;
}
