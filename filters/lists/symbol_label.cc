// SPDX-License-Identifier: Apache-2.0
//
// See symbol_label.h. Punycode is RFC 3492 6.3, for the few and short labels that come here.
#include "filters/lists/symbol_label.h"

#include <algorithm>
#include <cstdint>

#include "proxy/base/ascii.h"
#include "proxy/base/host.h"
#include "proxy/base/utf8.h"

namespace weir::filters {
namespace {

struct SymbolRange {
  char32_t first;
  char32_t last;
};

// Blocks whose characters UTS 46 calls valid as they are, nearly all; those that it maps to others
// (letters in circles and squares) are not among them.
constexpr SymbolRange kSymbols[] = {
    {0x2190, 0x21ff},   {0x2300, 0x2328},   {0x232b, 0x23ff},    // arrows, technical
    {0x2500, 0x27bf},   {0x2900, 0x2a0b},   {0x2b00, 0x2bff},    // shapes, dingbats
    {0x1f000, 0x1f0ff}, {0x1f18e, 0x1f18e}, {0x1f1e6, 0x1f1ff},  // tiles, flags
    {0x1f300, 0x1f6ff}, {0x1f7e0, 0x1f7eb}, {0x1f900, 0x1f9ff},  // pictures
    {0x1fa70, 0x1faff},
};
constexpr char32_t kAsEmoji = 0xfe0f;  // asks for colour, and is dropped (UTS 46: ignored)

bool is_symbol(char32_t c) {
  return std::ranges::any_of(kSymbols, [c](SymbolRange r) { return r.first <= c && c <= r.last; });
}

// The label's characters in lower case; nothing: one of them is neither.
std::optional<std::u32string> characters_of(std::string_view label) {
  std::u32string out;
  while (!label.empty()) {
    const std::size_t size = utf8_length(label);
    const char32_t c = size == 0 ? 0 : utf8_value(label, size);
    if (size == 1 ? !is(label.front(), kHostChar) : !is_symbol(c) && c != kAsEmoji) {
      return std::nullopt;
    }
    if (c != kAsEmoji) {
      out += size == 1 ? static_cast<char32_t>(to_lower(label.front())) : c;
    }
    label.remove_prefix(size);
  }
  return out;
}

constexpr std::uint32_t kPunyBase = 36;
constexpr std::uint32_t kPunyLeast = 1;
constexpr std::uint32_t kPunyMost = 26;

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kPunyBase - kPunyLeast) * kPunyMost / 2; k += kPunyBase) {
    delta /= kPunyBase - kPunyLeast;
  }
  return k + (kPunyBase - kPunyLeast + 1) * delta / (delta + 38);
}

void put_number(std::uint32_t number, std::uint32_t bias, std::string& out) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (std::uint32_t k = kPunyBase;; k += kPunyBase) {
    const std::uint32_t least = k <= bias ? kPunyLeast : std::min(k - bias, kPunyMost);
    if (number < least) {
      out += kDigits[number];
      return;
    }
    out += kDigits[least + (number - least) % (kPunyBase - least)];
    number = (number - least) / (kPunyBase - least);
  }
}

// Of at most kLabelLimit characters: nothing overflows.
std::string punycode(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    }
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  out += basic > 0 ? "-" : "";
  std::uint32_t delta = 0;
  std::uint32_t bias = 72;
  char32_t next = 0x80;
  for (std::uint32_t done = basic; done < text.size(); ++delta, ++next) {
    char32_t least = 0x10ffff;
    for (const char32_t c : text) {
      least = c >= next ? std::min(least, c) : least;
    }
    delta += (least - next) * (done + 1);
    next = least;
    for (const char32_t c : text) {
      delta += c < next ? 1 : 0;
      if (c == next) {
        put_number(delta, bias, out);
        bias = adapt(delta, done + 1, done == basic);
        delta = 0;
        ++done;
      }
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> symbol_label(std::string_view label) {
  const auto text = label.size() > 4 * kLabelLimit ? std::nullopt : characters_of(label);
  const bool good = text && text->size() <= kLabelLimit && std::ranges::any_of(*text, is_symbol) &&
                    text->front() != '-' && text->back() != '-';
  if (!good) {
    return std::nullopt;
  }
  std::string out = "xn--" + punycode(*text);
  return out.size() <= kLabelLimit ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace weir::filters
