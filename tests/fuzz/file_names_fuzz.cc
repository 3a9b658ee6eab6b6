// SPDX-License-Identifier: Apache-2.0
//
// Two Content-Disposition fields and a path, a line each. Invariants: at most eight names, none
// empty, with a folder before it or a dot or blank behind it, none twice.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "filters/file_names.h"
#include "proxy/base/assert.h"

namespace {

using Lines = std::array<std::string_view, 3>;

std::string_view field(const void* from, std::string_view, std::size_t nth) {
  return nth < 2 ? (*static_cast<const Lines*>(from))[nth] : std::string_view();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Lines lines;
  for (auto& line : lines) {
    line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  weir::Arena arena;
  weir::filters::Subject subject;
  subject.path = lines[2];
  subject.response = {&lines, field};
  weir::filters::set_file_names(subject, arena);
  const auto names = subject.file_names;
  WEIR_ASSERT(names.size() <= 8);
  for (std::size_t i = 0; i < names.size(); ++i) {
    WEIR_ASSERT(!names[i].empty() && names[i].find_first_of("/\\") == std::string_view::npos);
    WEIR_ASSERT(names[i].back() != '.' && names[i].back() != ' ' && names[i].front() != ' ');
    WEIR_ASSERT(i == 7 || std::ranges::count(names.first(i), names[i]) == 0);
  }
  return 0;
}
