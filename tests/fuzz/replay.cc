// SPDX-License-Identifier: Apache-2.0
//
// Feeds every file of the given folders to a fuzzer, for compilers without libFuzzer: an ordinary
// test that what was found once stays fixed. Fails when there is nothing to feed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** words) {
  std::vector<std::filesystem::path> inputs;
  for (const std::string& folder : std::vector<std::string>(words + 1, words + count)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        inputs.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(inputs);
  for (const auto& path : inputs) {
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);  // the last one named is the one that failed
    std::ifstream in(path, std::ios::binary);
    // A vector of exactly the right size, so that a sanitizer notices a look behind the end.
    const std::vector<char> read{std::istreambuf_iterator<char>(in), {}};
    const std::vector<std::uint8_t> bytes(read.begin(), read.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return inputs.empty() ? 1 : 0;
}
