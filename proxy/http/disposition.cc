// SPDX-License-Identifier: Apache-2.0
//
// See disposition.h.
#include "proxy/http/disposition.h"

#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/http/encoded_word.h"

namespace weir::http {
namespace {

std::string_view unescape(std::string_view text, Arena& arena) {
  if (text.find('%') == std::string_view::npos) {
    return text;
  }
  char* const out = arena.allocate(text.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && is(text[i + 1], kHexDigit) &&
                        is(text[i + 2], kHexDigit);
    out[n++] =
        escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    i += escape ? 2 : 0;
  }
  return {out, n};
}

// The value of a quoted string's inside; a token as it is (RFC 9110 5.6.4).
std::string_view unquote(std::string_view text, Arena& arena) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    return text;
  }
  text = text.substr(1, text.size() - 2);
  char* const out = arena.allocate(text.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    i += text[i] == '\\' && i + 1 < text.size() ? 1 : 0;
    out[n++] = text[i];
  }
  return {out, n};
}

// The end of a parameter: the next semicolon outside quotes.
std::size_t parameter_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ';' && !quoted) {
      return i;
    }
  }
  return text.size();
}

// The text of charset'language'text (RFC 8187).
std::string_view extended_text(std::string_view value) {
  const std::size_t charset = value.find('\'');
  const std::size_t language = charset == npos ? npos : value.find('\'', charset + 1);
  return language == npos ? value : value.substr(language + 1);
}

// The name without the folders that some senders put before it.
std::string_view last_segment(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == npos ? path : path.substr(slash + 1);
}

// Browsers and Windows drop what looks like nothing at the end of a name.
std::string_view trimmed(std::string_view name) {
  return name.substr(0, name.find_last_not_of(" .") + 1);
}

std::string_view leaf(std::string_view name) {
  return trimmed(last_segment(name));
}

}  // namespace

std::string_view file_name(std::string_view disposition, std::string_view path, Arena& arena) {
  std::string_view plain;
  std::string_view extended;
  while (!disposition.empty()) {
    const std::size_t end = parameter_end(disposition);
    const std::string_view parameter = trim_ows(disposition.substr(0, end));
    disposition.remove_prefix(std::min(end + 1, disposition.size()));
    const std::size_t equals = parameter.find('=');
    if (equals == npos) {
      continue;
    }
    const std::string_view name = trim_ows(parameter.substr(0, equals));
    const std::string_view value = trim_ows(parameter.substr(equals + 1));
    if (plain.empty() && same_ignoring_case(name, "filename")) {
      plain = leaf(unescape(undo_encoded_words(unquote(value, arena), arena), arena));
    } else if (extended.empty() && same_ignoring_case(name, "filename*")) {
      extended = leaf(unescape(extended_text(value), arena));
    }
  }
  if (!extended.empty() || !plain.empty()) {
    return !extended.empty() ? extended : plain;
  }
  return trimmed(unescape(last_segment(path.substr(0, path.find_first_of("?#"))), arena));
}

}  // namespace weir::http
