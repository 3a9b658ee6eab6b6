// SPDX-License-Identifier: Apache-2.0
//
// Where the admin interface is, according to a configuration that may be faulty: a file that the
// proxy refuses must keep nobody from asking the proxy, least of all the reload that is to tell it
// of that file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/problem.h"

namespace weir {

struct AdminOfFile {
  std::string listen;             // as admin.listen has it
  std::vector<Problem> problems;  // of the whole file, which does not keep it from saying that
};

// The problems alone when that setting is one of them, or cannot be told from what is there. Where
// the text is no JSON, one section "admin" that is JSON by itself is believed, and none at all
// leaves the default.
using FoundAdmin = tl::expected<AdminOfFile, std::vector<Problem>>;
FoundAdmin admin_of(std::string_view text, std::string_view file_name);
FoundAdmin admin_of_file(const std::string& path);

}  // namespace weir
