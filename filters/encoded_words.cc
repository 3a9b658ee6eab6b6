// SPDX-License-Identifier: Apache-2.0
//
// See encoded_words.h. Nothing here makes more bytes than it takes.
#include "filters/encoded_words.h"

#include <algorithm>
#include <optional>
#include <span>

#include "proxy/base/ascii.h"
#include "proxy/base/base64.h"

namespace weir::filters {
namespace {

struct Word {
  char encoding;
  std::string_view text;
  std::size_t length;  // of the word as a whole
};

// The encoded word that `at` begins with.
std::optional<Word> word_at(std::string_view at) {
  if (!at.starts_with("=?")) {
    return std::nullopt;
  }
  const std::size_t charset = at.find('?', 2);
  if (charset == std::string_view::npos || charset + 2 >= at.size() || at[charset + 2] != '?') {
    return std::nullopt;
  }
  const std::size_t end = at.find("?=", charset + 3);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  return Word{to_lower(at[charset + 1]), at.substr(charset + 3, end - charset - 3), end + 2};
}

// Base64 whose padding may be missing.
std::size_t undo_base64(std::string_view text, std::span<char> out, Arena& arena) {
  text = text.substr(0, text.find('='));
  const std::string_view padded =
      arena.join({text, std::string_view("===", (4 - text.size() % 4) % 4)});
  return decode_base64(padded, out).value_or(0);
}

}  // namespace

std::size_t undo_escapes(std::string_view text, char mark, char blank, char* out) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == mark && i + 2 < text.size() && is(text[i + 1], kHexDigit) &&
                        is(text[i + 2], kHexDigit);
    out[n++] = escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]))
               : text[i] == blank ? ' '
                                  : text[i];
    i += escape ? 2 : 0;
  }
  return n;
}

std::string_view unescaped(std::string_view text, Arena& arena) {
  if (text.find('%') == std::string_view::npos) {
    return text;
  }
  char* const out = arena.allocate(text.size());
  return {out, undo_escapes(text, '%', ' ', out)};
}

std::string_view decode_words(std::string_view text, Arena& arena) {
  const std::span<char> out(arena.allocate(text.size()), text.size());
  // No word is looked for where none can end any more.
  const std::size_t last = text.rfind("?=");
  const char* const behind = text.data() + (last == std::string_view::npos ? 0 : last);
  std::size_t n = 0;
  while (!text.empty()) {
    const auto word = text.data() < behind ? word_at(text) : std::nullopt;
    if (!word) {
      out[n++] = text.front();
      text.remove_prefix(1);
      continue;
    }
    if (word->encoding == 'b') {
      n += undo_base64(word->text, out.subspan(n), arena);
    } else {
      n += undo_escapes(word->text, '=', '_', out.data() + n);
    }
    text.remove_prefix(word->length);
    const std::size_t next = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(word_at(text.substr(next)) ? next : 0);
  }
  return {out.data(), n};
}

}  // namespace weir::filters
