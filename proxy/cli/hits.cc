// SPDX-License-Identifier: Apache-2.0
//
// See hits.h.
#include "proxy/cli/hits.h"

#include <algorithm>
#include <functional>

#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/cli/lines.h"
#include "proxy/cli/log_record.h"

namespace weir::cli {

void Hits::add(std::string_view hit) {
  const std::size_t colon = hit.rfind(':');
  if (colon == std::string_view::npos) {
    return;
  }
  const auto line = parse_decimal(hit.substr(colon + 1), UINT32_MAX);
  if (!line) {
    return;
  }
  const std::string_view name = hit.substr(0, colon);
  auto at = lists_.find(name);
  if (at == lists_.end()) {
    at = lists_.emplace(name, Of{}).first;
  }
  ++at->second.times;
  ++at->second.lines[static_cast<std::uint32_t>(*line)];
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> Hits::Of::most(std::size_t count) const {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> out(lines.begin(), lines.end());
  std::ranges::stable_sort(out, std::greater{}, [](const auto& line) { return line.second; });
  out.resize(std::min(count, out.size()));
  return out;
}

const Hits::Of& Hits::of(const std::string& list) const {
  static const Of kNone;
  const auto at = lists_.find(list);
  return at == lists_.end() ? kNone : at->second;
}

tl::expected<Hits, std::string> count_hits(const std::string& log) {
  auto in = LineReader::open(log);
  if (!in) {
    return tl::unexpected(in.error());
  }
  Hits out;
  Arena arena;
  std::string_view line;
  std::uint64_t read = 0;
  LineReader::Got got = in->next(line);
  for (; got == LineReader::Got::Line || got == LineReader::Got::TooLong; got = in->next(line)) {
    arena.reset();
    LogRecord record;
    if (got == LineReader::Got::Line && read_log_line(LogFormat::Json, line, arena, record)) {
      ++read;
      out.add(record.list);
    }
  }
  if (got == LineReader::Got::Failed) {
    return tl::unexpected(in->error());
  }
  if (read == 0) {
    return tl::unexpected(log + ": no line of it is a record in Weir's JSON format; set " +
                          "access_log.format to \"json\" to count hits");
  }
  return out;
}

}  // namespace weir::cli
