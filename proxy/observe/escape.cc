// SPDX-License-Identifier: Apache-2.0
//
// Escaping for log lines. One loop for all spellings: runs of harmless bytes are copied whole, and
// a spelling only says what one dangerous place becomes. See escape.h.
#include "proxy/observe/escape.h"

#include <algorithm>
#include <cstdint>

#include "proxy/base/utf8.h"

namespace weir {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";
constexpr std::string_view kCutMark = "...";

constexpr EscapedBytes make_set(std::string_view marks) {
  EscapedBytes set{};
  for (std::size_t c = 0; c < set.size(); ++c) {
    set[c] = c < 0x20 || c >= 0x7f;
  }
  for (const char mark : marks) {
    set[static_cast<unsigned char>(mark)] = true;
  }
  return set;
}
constexpr EscapedBytes kJsonBytes = make_set("\"\\");

// What one place of the input becomes: `size` bytes, for `used` bytes of input.
struct Piece {
  std::array<char, 6> bytes;
  std::uint8_t size;
  std::uint8_t used;
};

Piece percent_piece(std::string_view at) {
  const auto c = static_cast<unsigned char>(at[0]);
  return {{'%', kHex[c >> 4], kHex[c & 15]}, 3, 1};
}

Piece slash_piece(std::string_view at) {
  const auto c = static_cast<unsigned char>(at[0]);
  return {{'\\', 'x', kHex[c >> 4], kHex[c & 15]}, 4, 1};
}

Piece json_unicode(unsigned c) {
  return {{'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]}, 6, 1};
}

Piece json_piece(std::string_view at) {
  const auto c = static_cast<unsigned char>(at[0]);
  if (c == '"' || c == '\\') {
    return {{'\\', at[0]}, 2, 1};
  }
  if (c < 0x80) {
    return json_unicode(c);
  }
  const std::size_t length = utf8_length(at);
  if (length == 0) {
    return {{'\\', 'u', 'f', 'f', 'f', 'd'}, 6, 1};
  }
  if (c == 0xC2 && static_cast<unsigned char>(at[1]) < 0xA0) {  // C1 controls steer terminals
    Piece piece = json_unicode(static_cast<unsigned char>(at[1]));
    piece.used = 2;
    return piece;
  }
  Piece piece{{}, static_cast<std::uint8_t>(length), static_cast<std::uint8_t>(length)};
  std::copy_n(at.data(), length, piece.bytes.data());
  return piece;
}

// Writes at most `most` bytes. `safe` is the last place where a character ends and the mark still
// fits.
template <Piece (*spell)(std::string_view)>
void put_escaped(Line& out, std::string_view text, const EscapedBytes& escaped, std::size_t most) {
  most = std::min(most, out.left());
  const std::size_t start = out.size();
  const std::size_t mark_at = most < kCutMark.size() ? 0 : most - kCutMark.size();
  std::size_t used = 0;
  std::size_t safe = 0;
  while (!text.empty()) {
    std::size_t run = 0;
    const std::size_t longest = std::min(text.size(), most - used);
    while (run < longest && !escaped[static_cast<unsigned char>(text[run])]) {
      ++run;
    }
    out.put(text.substr(0, run));
    text.remove_prefix(run);
    safe = used <= mark_at ? std::min(used + run, mark_at) : safe;
    used += run;
    if (text.empty()) {
      return;
    }
    const Piece piece = spell(text);
    if (used + piece.size > most) {
      out.shorten(start + safe);
      out.put(kCutMark.substr(0, most - safe));
      return;
    }
    for (std::size_t i = 0; i < piece.size; ++i) {
      out.put(piece.bytes[i]);
    }
    text.remove_prefix(piece.used);
    used += piece.size;
    safe = used <= mark_at ? used : safe;
  }
}

}  // namespace

constexpr EscapedBytes kBareBytes = make_set(" \"");
constexpr EscapedBytes kBareSlashBytes = make_set(" \"\\");
constexpr EscapedBytes kQuotedBytes = make_set("\"\\");

void put_percent(Line& out, std::string_view text, const EscapedBytes& escaped, std::size_t most) {
  put_escaped<percent_piece>(out, text, escaped, most);
}

void put_slash(Line& out, std::string_view text, const EscapedBytes& escaped, std::size_t most) {
  put_escaped<slash_piece>(out, text, escaped, most);
}

void put_json(Line& out, std::string_view text, std::size_t most) {
  put_escaped<json_piece>(out, text, kJsonBytes, most);
}

}  // namespace weir
