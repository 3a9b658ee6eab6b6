// SPDX-License-Identifier: Apache-2.0
//
// A complete length, then a Range field and perhaps a Content-Range behind a line feed. Invariants:
// what is to be sent lies within the content and, of a stored part, within that; nothing asks for
// more than the limit; the framing of several parts has the length it says; a Content-Range that is
// read is written and read back as the same.
#include <cstdint>
#include <cstring>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/cache/ranges.h"

namespace {

using namespace weir;
using namespace weir::cache;

void check_set(const RangeSet& set, std::uint64_t complete) {
  WEIR_ASSERT(set.count > 0 && set.count <= kRangeLimit);
  for (const ByteRange& range : set.all()) {
    WEIR_ASSERT(range.first <= range.last && range.last < complete);
  }
}

void check_multipart(const RangeSet& set, std::uint64_t complete) {
  Arena arena;
  const Multipart plan = plan_multipart(set, complete, "a/b", complete, arena);
  std::uint64_t length = plan.closing.size();
  for (std::size_t i = 0; i < set.count; ++i) {
    length += plan.heads[i].size() + set.ranges[i].size();
  }
  WEIR_ASSERT(length == plan.length);
}

void check_range(std::string_view text, std::uint64_t complete) {
  RangeSet set;
  if (resolve_ranges(text, complete, set) == RangeAnswer::Parts) {
    check_set(set, complete);
    check_multipart(set, complete);
  }
}

void check_part(std::string_view text, std::string_view place) {
  const auto stored = parse_content_range(place);
  if (!stored) {
    return;
  }
  Arena arena;
  const auto again =
      parse_content_range(content_range_text(stored->range, stored->complete, arena));
  WEIR_ASSERT(again && again->complete == stored->complete &&
              again->range.first == stored->range.first && again->range.last == stored->range.last);
  RangeSet set;
  const RangeAnswer answer = resolve_in_part(text, *stored, set);
  WEIR_ASSERT(answer != RangeAnswer::Whole);
  if (answer == RangeAnswer::Parts) {
    check_set(set, stored->complete);
    for (const ByteRange& range : set.all()) {
      WEIR_ASSERT(range.first >= stored->range.first && range.last <= stored->range.last);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t complete = 0;
  if (size < sizeof complete) {
    return 0;
  }
  std::memcpy(&complete, data, sizeof complete);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof complete,
                              size - sizeof complete);
  const std::size_t line = text.find('\n');
  const std::string_view range = text.substr(0, line);
  check_range(range, complete);
  check_range(range, complete % 64);
  if (line != std::string_view::npos) {
    check_part(range, text.substr(line + 1));
  }
  return 0;
}
