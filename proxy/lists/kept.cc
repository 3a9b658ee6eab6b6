// SPDX-License-Identifier: Apache-2.0
//
// See kept.h. One "name value" a line; the last line says that it is the last, so that a file that
// was cut is noticed. Names that are not known are left to later versions of Weir.
#include "proxy/lists/kept.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/base/diag.h"

namespace weir {
namespace {

constexpr std::string_view kFirst = "weir list 1";
constexpr std::string_view kLast = "end";
constexpr std::array<std::string_view, 7> kFormats = {"auto",     "domains", "hosts",   "adblock",
                                                      "patterns", "urls",    "networks"};

void put(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    // No line break may come in with a server's words.
    out.append(name).append(" ").append(printable(value)).append("\n");
  }
}

void put(std::string& out, const std::string& name, std::int64_t value) {
  put(out, name, std::to_string(value));
}

void put_version(std::string& out, const std::string& which, const KeptVersion& version) {
  if (!version) {
    return;
  }
  put(out, which + ".sha256", version.sha256);
  put(out, which + ".bytes", static_cast<std::int64_t>(version.bytes));
  put(out, which + ".rules", version.rules);
  put(out, which + ".format", kFormats[static_cast<std::size_t>(version.format)]);
  put(out, which + ".etag", version.etag);
  put(out, which + ".last_modified", version.last_modified);
  put(out, which + ".fetched", version.fetched.us);
}

template <class Number>
bool take(std::string_view text, Number& to) {
  const auto done = std::from_chars(text.data(), text.data() + text.size(), to);
  return done.ec == std::errc() && done.ptr == text.data() + text.size();
}

bool take_digest(std::string_view text, std::string& to) {
  // It becomes part of a file's name.
  const bool good =
      text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  to = text;
  return good;
}

bool take_format(std::string_view text, filters::ListFormat& to) {
  const auto* const found = std::ranges::find(kFormats, text);
  to = static_cast<filters::ListFormat>(found - kFormats.begin());
  return found != kFormats.end();
}

bool take_version(std::string_view name, std::string_view value, KeptVersion& to) {
  if (name == "etag" || name == "last_modified") {
    (name == "etag" ? to.etag : to.last_modified) = value;
    return true;
  }
  return name == "sha256"    ? take_digest(value, to.sha256)
         : name == "bytes"   ? take(value, to.bytes)
         : name == "rules"   ? take(value, to.rules)
         : name == "format"  ? take_format(value, to.format)
         : name == "fetched" ? take(value, to.fetched.us)
                             : true;
}

bool take_member(std::string_view name, std::string_view value, Kept& to) {
  const auto dot = name.find('.');
  if (dot != std::string_view::npos) {
    const std::string_view which = name.substr(0, dot);
    const std::string_view member = name.substr(dot + 1);
    return which == "current"    ? take_version(member, value, to.current)
           : which == "previous" ? take_version(member, value, to.previous)
           : which == "held"     ? take_version(member, value, to.held)
                                 : true;
  }
  if (name == "checked") {
    return take(value, to.checked.us);
  }
  for (const auto& [known, member] :
       {std::pair{"url", &to.url}, {"held_reason", &to.held_reason}, {"failure", &to.failure}}) {
    if (name == known) {
      *member = value;
    }
  }
  return true;
}

}  // namespace

std::string kept_text(const Kept& kept) {
  std::string out(kFirst);
  out += "\n";
  put(out, "url", kept.url);
  put(out, "checked", kept.checked.us);
  put(out, "failure", kept.failure);
  put(out, "held_reason", kept.held_reason);
  put_version(out, "current", kept.current);
  put_version(out, "previous", kept.previous);
  put_version(out, "held", kept.held);
  return out.append(kLast).append("\n");
}

std::optional<Kept> read_kept(std::string_view text) {
  Kept out;
  bool begun = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line == kLast) {
      return begun && end != std::string_view::npos ? std::optional(out) : std::nullopt;
    }
    const auto space = line.find(' ');
    if (begun ? space == std::string_view::npos ||
                    !take_member(line.substr(0, space), line.substr(space + 1), out)
              : line != kFirst) {
      return std::nullopt;
    }
    begun = true;
  }
  return std::nullopt;
}

}  // namespace weir
