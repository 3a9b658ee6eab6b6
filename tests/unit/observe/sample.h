// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the access log share: an ordinary record, a directory that vanishes, files as
// text, and a count of heap allocations made by the calling thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/observe/access_format.h"
#include "proxy/observe/record.h"

namespace weir::test {

// A browser's GET for a page, answered by the origin: no failure, every field filled that such a
// request fills. Its time is 2026-01-02 03:04:05.678 UTC.
Record sample_record();
// A CONNECT tunnel that was used.
Record sample_tunnel();

// One line in the format, which must compile.
std::string line_of(const Record& record, std::string_view format);

// A directory below the system's temporary one, removed with all it holds.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The text of a file; empty when there is none.
std::string read_file(const std::string& path);

// Calls of operator new on this thread so far.
std::uint64_t allocations();

}  // namespace weir::test
