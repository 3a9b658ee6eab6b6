// SPDX-License-Identifier: Apache-2.0
//
// See file_names.h.
#include "filters/file_names.h"

#include <algorithm>

#include "filters/encoded_words.h"
#include "proxy/base/ascii.h"
#include "proxy/base/utf8.h"

namespace weir::filters {
namespace {

constexpr std::size_t kMost = 8;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

// What is left of a name on a disk. Other charsets than UTF-8 may put NUL between the letters.
std::string_view saved_as(std::string_view name, Arena& arena) {
  if (name.find('\0') != std::string_view::npos) {
    char* const out = arena.allocate(name.size());
    const auto end = std::ranges::copy_if(name, out, [](char c) { return c != '\0'; }).out;
    name = {out, static_cast<std::size_t>(end - out)};
  }
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  name = name.substr(name.find_last_of("/\\") + 1);
  name = name.substr(std::min(name.find_first_not_of(kBlanks), name.size()));
  const std::size_t last = name.find_last_not_of(" \t\r\n\v\f.");
  return name.substr(0, last + 1);
}

struct Value {
  std::string_view text;
  bool quoted = false;
  std::string_view behind;  // its closing quote
};

// A token, or the inside of a quoted string (RFC 9110 5.6.4).
Value read_value(std::string_view text, Arena& arena) {
  if (text.front() != '"') {
    return {.text = text, .quoted = false, .behind = {}};
  }
  char* const out = arena.allocate(text.size());
  std::size_t n = 0;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    i += text[i] == '\\' && i + 1 < text.size() ? 1 : 0;
    out[n++] = text[i];
  }
  return {.text = {out, n}, .quoted = true, .behind = text.substr(std::min(i + 1, text.size()))};
}

class Names {
 public:
  explicit Names(Arena& arena) : arena_(arena), names_(arena.array<std::string_view>(kMost)) {}

  void disposition(std::string_view field) {
    while (!field.empty()) {
      const std::size_t end = find_unquoted(field, ';');
      parameter(field.substr(0, end));
      field.remove_prefix(std::min(end + 1, field.size()));
    }
  }

  void path(std::string_view path) {
    if (!certain_) {
      path = path.substr(0, path.find('?'));
      add(unescaped(path.substr(path.rfind('/') + 1), arena_));
    }
  }

  std::span<const std::string_view> all() const { return names_.first(count_); }
  bool more() const { return more_; }

 private:
  void parameter(std::string_view text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = trim_ows(text.substr(0, equals));
    const std::string_view value = trim_ows(text.substr(std::min(equals + 1, text.size())));
    if (value.empty()) {
      return;
    }
    if (same_ignoring_case(name, "filename")) {
      plain(value);
    } else if (same_ignoring_case(name, "filename*")) {
      extended(value);
    }
  }

  void plain(std::string_view written) {
    const auto [text, quoted, behind] = read_value(written, arena_);
    const std::string_view bare = unescaped(text, arena_);
    const bool words = text.find("=?") != std::string_view::npos;
    certain_ = (add(text) && !words && is_utf8(bare)) || certain_;
    add(bare);
    if (words) {
      add(decode_words(text, arena_));
    }
    if (!quoted) {
      add(text.substr(0, text.find_first_of(" \t")));
    }
    if (!behind.empty()) {
      add(written.substr(1, written.size() - (written.ends_with('"') ? 2 : 1)));
    }
  }

  // charset'language'text
  void extended(std::string_view written) {
    const auto [value, quoted, behind] = read_value(written, arena_);
    const std::size_t first = std::min(value.find('\''), value.size());
    const std::size_t second = value.find('\'', first + 1);
    const bool whole = second != std::string_view::npos;
    const std::string_view text = unescaped(whole ? value.substr(second + 1) : value, arena_);
    const bool known = same_ignoring_case(value.substr(0, first), "utf-8") && is_utf8(text);
    certain_ = (add(text) && whole && !quoted && known) || certain_;
  }

  // False when nothing is left of the name.
  bool add(std::string_view name) {
    name = saved_as(name, arena_);
    if (name.empty() || std::ranges::find(all(), name) != all().end()) {
      return !name.empty();
    }
    more_ = more_ || count_ == kMost;
    count_ = std::min(count_ + 1, kMost);
    names_[count_ - 1] = name;
    return true;
  }

  Arena& arena_;
  std::span<std::string_view> names_;
  std::size_t count_ = 0;
  bool more_ = false;     // than there is room for
  bool certain_ = false;  // every browser understands one of them
};

}  // namespace

void set_file_names(Subject& subject, Arena& arena) {
  Names names(arena);
  for (std::size_t nth = 0;; ++nth) {
    const std::string_view field = subject.response.value("Content-Disposition", nth);
    if (field.data() == nullptr) {
      break;
    }
    names.disposition(field);
  }
  names.path(subject.path);
  subject.file_names = names.all();
  subject.more_file_names = names.more();
}

}  // namespace weir::filters
