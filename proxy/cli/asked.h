// SPDX-License-Identifier: Apache-2.0
//
// A request somebody asks about, as a command line, a line of JSON or an access log tells it, and
// the way from there to the subject that filters judge. The same way for every command, so that
// `explain`, `check` and `replay` cannot differ. Views point into what was read and the arena.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/subject.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"

namespace weir::cli {

struct AskedField {
  AskedField(std::string_view its_name, std::string_view its_value)
      : name(its_name), value(its_value), mark(mark_of(its_name)) {}

  std::string_view name;  // any case
  std::string_view value;
  std::uint32_t mark;  // mark_of(name)

  // Length and last letter, in which names differ most often: "sec-fetch-dest", "sec-fetch-mode".
  static std::uint32_t mark_of(std::string_view name) {
    const auto last = static_cast<unsigned char>(name.empty() ? '\0' : to_lower(name.back()));
    return static_cast<std::uint32_t>(name.size() << 8U | last);
  }
};

using AskedFields = std::vector<AskedField>;

// `fields` must outlive it.
filters::FieldLookup look_up(const AskedFields& fields);

struct Asked {
  std::string_view index;  // "i", as it is written in JSON; empty: none
  std::string_view url;    // absolute, or host:port for a CONNECT
  std::string_view method = "GET";
  std::string_view client;  // an address; empty: 127.0.0.1
  std::string_view user;
  std::string_view listener;
  AskedFields fields;

  void clear();  // keeps memory
};

// One object: {"i":0,"url":"…","method":"GET","client":"…","user":"…","headers":{"name":"value"}}.
// Other members are passed over. Also sets `asked.index` when the line turns out wrong behind it.
// The error is a clause.
tl::expected<void, std::string> read_asked(std::string_view line, Arena& arena, Asked& asked);

// The subject's part that a request gives: method, URL, what it is for, its fields and declared
// length. Who asks and when is left alone. False when the URL is none.
bool describe(const Asked& asked, Arena& arena, filters::Subject& subject);

// Of that what only the fields tell, once URL and method are known.
void describe_fields(Arena& arena, filters::Subject& subject);

}  // namespace weir::cli
