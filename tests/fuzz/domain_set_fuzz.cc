// SPDX-License-Identifier: Apache-2.0
//
// Lines of arbitrary bytes: those before the first empty one are names of a set, the others are
// asked of it. Invariant: the answer is that of a naive walk over a std::map, for bytes that no
// host could have as well.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/domain_set.h"
#include "proxy/base/assert.h"
#include "proxy/base/host.h"

namespace {

using Names = std::map<std::string, std::set<std::uint32_t>, std::less<>>;

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

void check(const weir::filters::DomainSet& set, const Names& names, std::string_view host) {
  if (host.size() > weir::kHostNameLimit) {
    WEIR_ASSERT(!set.covers(host));
    return;
  }
  std::vector<std::pair<std::uint32_t, std::string_view>> expected;
  for (std::string_view rest = host;;) {
    if (const auto found = names.find(rest); found != names.end()) {
      for (const std::uint32_t value : found->second) {
        expected.emplace_back(value, rest);
      }
    }
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(dot + 1);
  }
  std::size_t next = 0;
  set.each(host, false, [&](std::uint32_t value, std::string_view covered) {
    WEIR_ASSERT(next < expected.size() && expected[next].first == value &&
                expected[next].second == covered);
    ++next;
    return true;
  });
  WEIR_ASSERT(next == expected.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  weir::filters::DomainSet::Builder builder;
  Names names;
  std::uint32_t value = 0;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) {
      break;
    }
    builder.add(line, ++value / 2);
    if (value % 2 == 1) {
      builder.end_list();
    }
    names[std::string(line)].insert(value / 2);
  }
  const auto set = std::move(builder).build();
  while (!rest.empty()) {
    check(set, names, take_line(rest));
  }
  return 0;
}
