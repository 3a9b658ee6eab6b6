// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of rules: checked when a list is read, compiled again when one is first
// asked. Real traffic meets few of them, and a compiled one takes more memory than a hundred rules.
// Any number of threads may ask.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace weir::adblock {

class Expressions {
 public:
  Expressions() = default;
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;
  ~Expressions();

  // Whether RE2 understands it. Look-around and back references it does not.
  static bool valid(std::string_view source, bool ignore_case);

  std::uint32_t add(std::string_view source, bool ignore_case);
  std::string_view source(std::uint32_t id) const { return all_[id].source; }

  // Whether it is found anywhere in `text`; `end` is where the match ends.
  bool found(std::uint32_t id, std::string_view text, std::size_t* end = nullptr) const;

 private:
  struct Entry {
    std::string source;
    bool ignore_case;
    mutable std::atomic<re2::RE2*> compiled{nullptr};
    Entry(std::string_view text, bool fold) : source(text), ignore_case(fold) {}
  };
  const re2::RE2& compiled(const Entry& entry) const;

  std::deque<Entry> all_;
};

}  // namespace weir::adblock
