// SPDX-License-Identifier: Apache-2.0
//
// A folder of a test's own, gone with it; and lists and versions to keep there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "filters/document.h"
#include "proxy/lists/kept.h"

namespace weir {

class Place {
 public:
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-lists-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string path() const { return path_.string(); }

  std::size_t files(const std::string& ending) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      count += entry.path().string().ends_with(ending) ? 1 : 0;
    }
    return count;
  }
  // The one file with that ending.
  std::string only(const std::string& ending) const {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.path().string().ends_with(ending)) {
        EXPECT_EQ(found, "");
        found = entry.path().string();
      }
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline filters::ListDocument a_list(const std::string& name = "ads") {
  filters::ListDocument list;
  list.name = name;
  list.url = "https://lists.example/" + name + ".txt";
  return list;
}

inline KeptVersion a_version(std::uint32_t rules, const std::string& etag = "") {
  KeptVersion version;
  version.rules = rules;
  version.format = filters::ListFormat::Domains;
  version.etag = etag;
  version.fetched = WallTime{1'700'000'000 * kSecond};
  return version;
}

}  // namespace weir
