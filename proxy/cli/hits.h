// SPDX-License-Identifier: Apache-2.0
//
// How often the lines of filter lists have decided, as an access log in Weir's JSON format tells.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace weir::cli {

class Hits {
 public:
  // What decided one request: "list:line". Anything else is passed over.
  void add(std::string_view hit);

  struct Of {
    std::uint64_t times = 0;
    std::map<std::uint32_t, std::uint64_t> lines;  // how often each line
    // The lines that hit most often, most first.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> most(std::size_t count) const;
  };
  const Of& of(const std::string& list) const;

 private:
  std::map<std::string, Of, std::less<>> lists_;
};

// The error is a sentence: a log that cannot be read, or has no line of the JSON format.
tl::expected<Hits, std::string> count_hits(const std::string& log);

}  // namespace weir::cli
