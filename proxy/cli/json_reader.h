// SPDX-License-Identifier: Apache-2.0
//
// JSON read value by value, in place: the lines of `weir check` and of JSON access logs come by the
// hundred thousand, and no tree is needed to take five texts out of each. Strict about grammar,
// lenient about what it does not know: the caller skips members by name. Texts without escapes are
// views into the line, others live in the arena. Never throws; after the first fault everything
// answers "no", and `fault` says what was wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"

namespace weir::cli {

class JsonReader {
 public:
  JsonReader(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

  // Reads an object; `use(name)` is called behind each name and must read the value.
  template <class Use>
  bool members(Use use) {
    if (!open('{')) {
      return false;
    }
    for (bool first = true; !close('}', first); first = false) {
      const auto name = text();
      if (!name || !expect(':') || !use(*name) || failed()) {
        return fail("a member cannot be read");
      }
    }
    return !failed();
  }

  // Reads a list; `use()` must read each item.
  template <class Use>
  bool items(Use use) {
    if (!open('[')) {
      return false;
    }
    for (bool first = true; !close(']', first); first = false) {
      if (!use() || failed()) {
        return fail("an item cannot be read");
      }
    }
    return !failed();
  }

  // A string, its escapes undone. Half a surrogate pair becomes U+FFFD.
  std::optional<std::string_view> text();
  // A string, or null, which counts as empty.
  std::optional<std::string_view> text_or_null();
  // Any value, as it is written.
  std::optional<std::string_view> raw();
  // What begins here: one of { [ " t f n 0 (a number), or NUL at the end.
  char kind();
  // True when nothing but white space is left.
  bool finished();

  bool failed() const { return fault_ != nullptr; }
  // One clause, with the place: "at byte 12: a string has no end".
  std::string fault() const;

 private:
  bool fail(const char* why);
  void skip_space();
  bool expect(char c);
  bool open(char c);
  bool close(char c, bool first);
  bool skip();
  bool skip_word(std::string_view word);
  bool skip_number();
  std::optional<std::string_view> unescape(std::size_t begin, std::size_t end);
  bool read_hex(std::size_t at, unsigned& out) const;

  std::string_view text_;
  Arena& arena_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  const char* fault_ = nullptr;
  std::size_t fault_at_ = 0;
};

}  // namespace weir::cli
