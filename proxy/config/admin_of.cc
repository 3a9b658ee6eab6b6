// SPDX-License-Identifier: Apache-2.0
//
// See admin_of.h.
#include "proxy/config/admin_of.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/config/load.h"
#include "proxy/config/settings.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/tree.h"

namespace weir {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Of the section "admin"; null: there is none.
std::optional<std::string> listen_of(const Value* section) {
  const Value* listen = section == nullptr ? nullptr : section->find("listen");
  if (section != nullptr && section->kind != ValueKind::Object) {
    return std::nullopt;
  }
  return listen == nullptr                 ? Settings::Admin{}.listen
         : listen->kind == ValueKind::Text ? take_admin_address(listen->text)
                                           : std::nullopt;
}

// Where the quoted text that begins at `at` ends: its quote, or its line where that is missing.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at) {
    at += text[at] == '\\' ? 1 : 0;
  }
  return at;
}

// The text with blanks in place of comments; what looks like one in a string is none.
std::string without_comments(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '"') {
      i = quoted_end(out, i);
      continue;
    }
    const bool line = out.compare(i, 2, "//") == 0;
    if (!line && out.compare(i, 2, "/*") != 0) {
      continue;
    }
    const std::size_t end = line ? out.find('\n', i) : out.find("*/", i + 2);
    const std::size_t until = end == std::string::npos ? out.size() : line ? end : end + 2;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(i),
              out.begin() + static_cast<std::ptrdiff_t>(until), ' ');
    i = until - 1;
  }
  return out;
}

// How many brackets are open behind the text, outside of strings.
int depth_behind(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    i = c == '"' ? quoted_end(text, i) : i;
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
  }
  return depth;
}

// Takes `c` off the front, and the space before it.
bool take(std::string_view& text, char c) {
  const std::size_t at = text.find_first_not_of(kSpace);
  if (at == std::string_view::npos || text[at] != c) {
    return false;
  }
  text.remove_prefix(at + 1);
  return true;
}

// From a text that is no JSON. Nothing in the section closes a bracket but its end.
std::optional<std::string> listen_in(std::string_view written) {
  const std::string clean = without_comments(written);
  const std::string_view text(clean);
  constexpr std::string_view kName = "\"admin\"";
  std::optional<std::string_view> section;
  for (std::size_t at = text.find(kName); at != std::string_view::npos;
       at = text.find(kName, at + 1)) {
    std::string_view rest = text.substr(at + kName.size());
    if (!take(rest, ':')) {
      continue;  // a name of something else
    }
    // A bracket that is missing before it makes it look like part of something.
    if (section || depth_behind(text.substr(0, at)) != 1 || !take(rest, '{')) {
      return std::nullopt;
    }
    section = rest.substr(0, rest.find('}'));
  }
  if (!section) {
    return Settings::Admin{}.listen;
  }
  Problems faults;
  const auto tree = read_tree("{" + std::string(*section) + "}", faults);
  return tree ? listen_of(&*tree) : std::nullopt;
}

}  // namespace

FoundAdmin admin_of(std::string_view text, std::string_view file_name) {
  auto loaded = load_settings(text, file_name);
  if (loaded) {
    return AdminOfFile{std::move(loaded->admin.listen), {}};
  }
  Problems known;
  const auto tree = read_tree(text, known);
  auto listen = tree ? listen_of(tree->find("admin")) : listen_in(text);
  if (!listen) {
    return tl::unexpected(std::move(loaded.error()));
  }
  return AdminOfFile{std::move(*listen), std::move(loaded.error())};
}

FoundAdmin admin_of_file(const std::string& path) {
  auto text = read_text_file(path);
  return text ? admin_of(*text, path) : tl::unexpected(load_settings_file(path).error());
}

}  // namespace weir
