// SPDX-License-Identifier: Apache-2.0
//
// From a file to the tree of what stands in it. The one gate between the JSON library and the rest:
// no tree is built from a text that is too deep or too large, and nothing recurses. Knows no
// setting.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/config/problem.h"
#include "proxy/config/value.h"

namespace weir {

// Nothing, and a problem, for a text that is not JSON (RFC 8259, with // and /* */ comments). A
// member that stands twice is a problem too, but the tree is made.
std::optional<Value> read_tree(std::string_view text, Problems& problems);

struct FileFault {
  std::string message;
  std::string remedy;
};

// The whole text, but no more than one byte beyond what read_tree takes.
tl::expected<std::string, FileFault> read_text_file(const std::string& path);

}  // namespace weir
