// SPDX-License-Identifier: Apache-2.0
//
// What vary.cc and variant_text.cc share: walking over names and lines, and writing into the arena.
#pragma once

#include <algorithm>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/http/message.h"

namespace weir::cache::parts {

// Writes into one block of the arena whose size is known to suffice.
class Writer {
 public:
  Writer(Arena& arena, std::size_t size) : begin_(arena.allocate(size)), to_(begin_) {}
  void add(char c) { *to_++ = c; }
  void add(std::string_view text) { to_ += text.copy(to_, text.size()); }
  void add_lower(std::string_view text) { to_ = std::ranges::transform(text, to_, to_lower).out; }
  char* at() const { return to_; }
  std::string_view since(const char* from) const {
    return {from, static_cast<std::size_t>(to_ - from)};
  }
  std::string_view whole() const { return since(begin_); }

 private:
  char* begin_;
  char* to_;
};

// Is this a line of the field? `id` is that of `name`, in lower case.
inline bool line_matches(const http::Field& line, http::FieldId id, std::string_view name) {
  return id == http::FieldId::Other ? line.id == id && same_ignoring_case(line.name, name)
                                    : line.id == id;
}

// Calls `use` with the value of each line of the field.
template <class Use>
void each_line(const http::Fields& fields, http::FieldId id, std::string_view name, Use use) {
  for (const http::Field& line : fields.lines) {
    if (line_matches(line, id, name)) {
      use(line.value);
    }
  }
}

// Calls `use` with each name of a vary text.
template <class Use>
void each_name(std::string_view vary, Use use) {
  for (std::size_t at = 0; at < vary.size();) {
    const std::size_t end = std::min(vary.find(',', at), vary.size());
    use(vary.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace weir::cache::parts
