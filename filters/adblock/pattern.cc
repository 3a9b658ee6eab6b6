// SPDX-License-Identifier: Apache-2.0
//
// A pattern is cut at its '*' into pieces. The leftmost place for each piece, in order, is enough:
// a later place leaves no more room for the pieces behind it. Only the first piece under "||" has
// to be tried at each label, and the last one under a closing '|' at the end.
#include "filters/adblock/pattern.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "proxy/base/ascii.h"
#include "proxy/base/find_pair.h"
#include "proxy/base/vector.h"

namespace weir::adblock {
namespace {

constexpr std::size_t kHopCost = 4;  // in steps: of looking for a character, and what stands there

constexpr std::array<bool, 256> kSeparators = [] {
  std::array<bool, 256> out{};
  for (unsigned i = 0; i < 256; ++i) {
    const bool word = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || (i >= '0' && i <= '9') ||
                      i == '_' || i == '-' || i == '.' || i == '%';
    out[i] = !word;
  }
  return out;
}();

// How many bytes both begin with.
std::size_t same_bytes(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t same = 0;
  for (; same + sizeof(std::uint64_t) <= most; same += sizeof(std::uint64_t)) {
    const auto other = load_word(a.data() + same) ^ load_word(b.data() + same);
    if (other != 0) {
      return same + static_cast<std::size_t>(std::countr_zero(other)) / 8;
    }
  }
  while (same < most && a[same] == b[same]) {
    ++same;
  }
  return same;
}

// The end of `piece` when it stands at `at`. A '^' of the URL is a separator too, so what is the
// same always fits.
std::size_t piece_at(std::string_view url, std::string_view piece, std::size_t at) {
  for (std::size_t i = 0;; ++i, ++at) {
    const auto same = at < url.size() ? same_bytes(piece.substr(i), url.substr(at)) : 0;
    i += same;
    at += same;
    if (i >= piece.size()) {
      return at;
    }
    if (at >= url.size()) {
      // Beyond the end only separators hold, once each for nothing.
      return piece.find_first_not_of('^', i) == npos && at == url.size() ? at : kNoMatch;
    }
    if (piece[i] != '^' || !is_separator(url[at])) {
      return kNoMatch;
    }
  }
}

// The first place from `from` on where the bytes of `literal` stand, which is not empty.
std::size_t find_literal(const UrlView& url, std::string_view literal, std::size_t from) {
  if (literal.size() == 1) {
    const auto at = url.text.find(literal.front(), from);
    return url.work->spend(kHopCost + (std::min(at, url.text.size()) - from) / 16) ? at : npos;
  }
  for (;; ++from) {
    const auto at = find_pair(url.text, literal[0], literal[1], from);
    const auto passed = std::min(at, url.text.size()) - from;
    if (!url.work->spend(kHopCost + passed / 16 + literal.size() / 16) || at == npos) {
      return npos;
    }
    if (url.text.substr(at).starts_with(literal)) {
      return at;
    }
    from = at;
  }
}

// The first place from `from` on where `piece` stands; gives its end.
std::size_t find_piece(const UrlView& url, std::string_view piece, std::size_t from) {
  const auto literal = piece.substr(0, piece.find('^'));
  const auto rest = piece.substr(literal.size());
  for (auto at = from; at <= url.text.size(); ++at) {
    if (!literal.empty()) {
      at = find_literal(url, literal, at);
      if (at == npos) {
        return kNoMatch;
      }
    }
    if (!url.work->spend(1 + rest.size() / 2)) {
      return kNoMatch;
    }
    const auto end = piece_at(url.text, rest, at + literal.size());
    if (end != kNoMatch) {
      return end;
    }
  }
  return kNoMatch;
}

// The end of `piece` when it has to end with the URL and begin at `from` or later.
std::size_t piece_at_end(const UrlView& view, std::string_view piece, std::size_t from) {
  const auto url = view.text;
  for (std::size_t beyond = 0; beyond <= piece.size(); ++beyond) {
    const bool open = beyond == 0 || piece[piece.size() - beyond] == '^';
    if (!open || !view.work->spend(1 + piece.size() / 2)) {
      return kNoMatch;
    }
    const auto width = piece.size() - beyond;
    if (width <= url.size() && url.size() - width >= from &&
        piece_at(url, piece, url.size() - width) == url.size()) {
      return url.size();
    }
  }
  return kNoMatch;
}

// The rest of a pattern behind its first '*'.
std::size_t match_rest(const UrlView& url, std::string_view rest, bool end, std::size_t at) {
  for (;;) {
    const auto star = rest.find('*');
    const auto piece = rest.substr(0, star);
    const bool last = star == npos;
    at = last && end ? piece_at_end(url, piece, at) : find_piece(url, piece, at);
    if (last || at == kNoMatch) {
      return at;
    }
    rest.remove_prefix(star + 1);
  }
}

// The end of the whole match when the first piece stands at `at`.
std::size_t match_from(const UrlView& url, const PatternView& pattern, std::string_view first,
                       std::size_t at) {
  const auto behind = piece_at(url.text, first, at);
  if (behind == kNoMatch) {
    return kNoMatch;
  }
  if (first.size() == pattern.text.size()) {
    return pattern.end && behind != url.text.size() ? kNoMatch : behind;
  }
  return match_rest(url, pattern.text.substr(first.size() + 1), pattern.end, behind);
}

}  // namespace

bool is_separator(char c) {
  return kSeparators[static_cast<unsigned char>(c)];
}

std::size_t match_at(const UrlView& url, const PatternView& pattern, std::size_t at) {
  if (pattern.start && at != 0) {
    return kNoMatch;
  }
  if (pattern.host_start && (at < url.host_begin || at >= url.host_end ||
                             (at != url.host_begin && url.text[at - 1] != '.'))) {
    return kNoMatch;
  }
  const auto end = piece_at(url.text, pattern.text, at);
  return end != kNoMatch && pattern.end && end != url.text.size() ? kNoMatch : end;
}

bool piece_around(std::string_view url, std::string_view pattern, std::size_t inside,
                  std::size_t at) {
  std::size_t begin = inside;
  while (begin > 0 && pattern[begin - 1] != '*') {
    --begin;
  }
  if (at < inside - begin) {
    return false;
  }
  const auto piece = pattern.substr(begin, pattern.find('*', inside) - begin);
  return piece_at(url, piece, at - (inside - begin)) != kNoMatch;
}

std::size_t match_anywhere(const UrlView& url, const PatternView& pattern) {
  const auto first = pattern.text.substr(0, pattern.text.find('*'));
  if (pattern.start) {
    return match_from(url, pattern, first, 0);
  }
  if (pattern.host_start) {
    for (std::size_t at = url.host_begin;
         at < url.host_end && url.work->spend(1 + first.size() / 2);) {
      const auto end = match_from(url, pattern, first, at);
      if (end != kNoMatch) {
        return end;
      }
      const auto dot = url.text.find('.', at);
      at = dot == npos ? url.host_end : dot + 1;
    }
    return kNoMatch;
  }
  if (first.size() == pattern.text.size() && pattern.end) {
    return piece_at_end(url, first, 0);
  }
  const auto behind = find_piece(url, first, 0);
  if (behind == kNoMatch || first.size() == pattern.text.size()) {
    return behind;
  }
  return match_rest(url, pattern.text.substr(first.size() + 1), pattern.end, behind);
}

}  // namespace weir::adblock
