// SPDX-License-Identifier: Apache-2.0
//
// See encoded_word.h. A word that turns out broken is passed over whole: what lies inside is not
// searched for the end of a word again and again.
#include "proxy/http/encoded_word.h"

#include <algorithm>
#include <optional>
#include <span>

#include "proxy/base/ascii.h"
#include "proxy/base/base64.h"

namespace weir::http {
namespace {

struct Word {
  char kind = 0;             // 'b', 'q'
  std::string_view inside;   // what is encoded
  std::string_view written;  // all of it
};

std::optional<Word> word_at(std::string_view text) {
  const std::size_t charset_end = text.starts_with("=?") ? text.find('?', 2) : npos;
  if (charset_end == npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?') {
    return std::nullopt;
  }
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find("?=", begin);
  if (end == npos) {
    return std::nullopt;
  }
  return Word{to_lower(text[charset_end + 1]), text.substr(begin, end - begin),
              text.substr(0, end + 2)};
}

std::size_t undo_q(std::string_view text, char* out) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '=' && i + 2 < text.size() && is(text[i + 1], kHexDigit) &&
                        is(text[i + 2], kHexDigit);
    out[n++] = escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]))
               : text[i] == '_' ? ' '
                                : text[i];
    i += escape ? 2 : 0;
  }
  return n;
}

// Nothing when it is broken.
std::optional<std::size_t> undo(const Word& word, char* out) {
  if (word.kind == 'b') {
    return decode_base64(word.inside, {out, word.inside.size()});
  }
  return word.kind == 'q' ? std::optional(undo_q(word.inside, out)) : std::nullopt;
}

// Space between two words is there to set them apart.
std::string_view without_space(std::string_view text) {
  const std::size_t space = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(space).starts_with("=?") ? text.substr(space) : text;
}

}  // namespace

std::string_view undo_encoded_words(std::string_view text, Arena& arena) {
  const std::size_t last_end = text.rfind("?=");
  if (last_end == npos || text.find("=?") == npos) {
    return text;
  }
  const char* const no_word_from = text.data() + last_end;
  char* const out = arena.allocate(text.size());
  std::size_t n = 0;
  for (bool behind_word = false; !text.empty();) {
    text = behind_word ? without_space(text) : text;
    const auto word = text.data() < no_word_from ? word_at(text) : std::nullopt;
    const auto made = word ? undo(*word, out + n) : std::nullopt;
    const std::string_view taken = word ? word->written : text.substr(0, 1);
    n += made ? *made : taken.copy(out + n, taken.size());
    behind_word = made.has_value();
    text.remove_prefix(taken.size());
  }
  return {out, n};
}

}  // namespace weir::http
