// SPDX-License-Identifier: Apache-2.0
//
// See page_template.h. A template is cut into pieces once; filling it is one walk over them.
#include "proxy/http/page_template.h"

#include <algorithm>

#include "proxy/base/utf8.h"

namespace weir::http {
namespace {

using std::string_view;

struct GapRow {
  string_view name;
  std::size_t most;  // bytes of a value that are shown
};

// In the order of Gap.
constexpr std::array<GapRow, kGaps> kRows = {{{"rule", 128},
                                              {"description", 1000},
                                              {"message", 4000},
                                              {"host", 255},
                                              {"url", 300},
                                              {"list", 300},
                                              {"line", 300},
                                              {"until", 100},
                                              {"id", 64},
                                              {"ask", 500},
                                              {"time", 100}}};

constexpr string_view kEllipsis = "\xe2\x80\xa6";
constexpr string_view kReplacement = "\xef\xbf\xbd";

// Marks that change the order in which the text around them is shown, by which an address can be
// made to look like another.
constexpr bool reorders(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
         c == 0x200F || c == 0x061C;
}

// What one character is shown as, before it is escaped.
string_view harmless(string_view character) {
  const char32_t c = utf8_value(character, character.size());
  if (c == '\t' || c == '\n' || c == '\r') {
    return " ";
  }
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
  return control || reorders(c) ? kReplacement : character;
}

string_view spelled(string_view character, Escape how) {
  if (how == Escape::Json) {
    return character == "\"" ? "\\\"" : character == "\\" ? "\\\\" : character;
  }
  if (how == Escape::Text || character.size() != 1) {
    return character;
  }
  switch (character[0]) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return character;
  }
}

std::string all_gaps() {
  std::string out;
  for (const GapRow& row : kRows) {
    out.append(out.empty() ? "" : ", ").append(row.name);
  }
  return out;
}

int find_gap(string_view name) {
  for (std::size_t i = 0; i < kGaps; ++i) {
    if (kRows[i].name == name) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

// The gap that starts the text, or what is wrong with it.
tl::expected<int, std::string> read_gap(string_view at) {
  const std::size_t close = at.find_first_of("}\n");
  if (close == string_view::npos || at[close] != '}') {
    return tl::unexpected<std::string>("%{ is not closed by }");
  }
  const string_view name = at.substr(2, close - 2);
  const int gap = find_gap(name);
  if (gap < 0) {
    std::string shown;
    put_escaped(shown, name, Escape::Text, 40);
    return tl::unexpected("there is no %{" + shown + "}; there are " + all_gaps());
  }
  return gap;
}

std::string at_line(string_view before, string_view what) {
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  return "line " + std::to_string(line) + ": " + std::string(what);
}

}  // namespace

void put_escaped(std::string& out, string_view text, Escape how, std::size_t most) {
  std::size_t shown = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::size_t used = std::max<std::size_t>(length, 1);
    shown += used;
    if (shown > most) {
      out.append(kEllipsis);
      return;
    }
    out.append(length == 0 ? kReplacement : spelled(harmless(text.substr(0, length)), how));
    text.remove_prefix(used);
  }
}

void PageTemplate::add_piece(std::size_t from, std::size_t to, int gap) {
  const bool ends_line = gap < 0 && to > from && text_[to - 1] == '\n';
  pieces_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from),
                     static_cast<std::int8_t>(gap), ends_line});
}

tl::expected<PageTemplate, std::string> PageTemplate::compile(std::string text, Escape how) {
  if (text.size() > kMost) {
    return tl::unexpected<std::string>("the page is larger than " + std::to_string(kMost / 1024) +
                                       " KiB");
  }
  PageTemplate page;
  page.text_ = std::move(text);
  page.how_ = how;
  const string_view all = page.text_;
  std::size_t from = 0;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at] == '\n') {
      page.add_piece(from, at + 1, -1);
      from = at + 1;
    } else if (all.substr(at, 3) == "%%{") {
      page.add_piece(from, at + 1, -1);  // one of the two
      from = at + 2;
      at += 2;
    } else if (all.substr(at, 2) == "%{") {
      const auto gap = read_gap(all.substr(at));
      if (!gap) {
        return tl::unexpected(at_line(all.substr(0, at), gap.error()));
      }
      page.add_piece(from, at, *gap);
      at = all.find('}', at);
      from = at + 1;
    }
  }
  page.add_piece(from, all.size(), -1);
  return page;
}

bool PageTemplate::wanted(std::size_t first, std::size_t end, const GapValues& values) const {
  bool gaps = false;
  for (std::size_t i = first; i < end; ++i) {
    if (pieces_[i].gap >= 0) {
      gaps = true;
      if (!values[static_cast<std::size_t>(pieces_[i].gap)].empty()) {
        return true;
      }
    }
  }
  return !gaps;
}

string_view PageTemplate::render(const GapValues& values, Arena& arena) const {
  std::string out;
  std::size_t first = 0;
  while (first < pieces_.size()) {
    std::size_t end = first;
    while (end < pieces_.size() && !pieces_[end].ends_line) {
      ++end;
    }
    end = std::min(end + 1, pieces_.size());
    const bool shown = wanted(first, end, values);
    for (; first < end; ++first) {
      const Piece& piece = pieces_[first];
      if (!shown) {
        continue;
      }
      out.append(text_, piece.at, piece.size);
      if (piece.gap >= 0) {
        const auto gap = static_cast<std::size_t>(piece.gap);
        put_escaped(out, values[gap], how_, kRows[gap].most);
      }
    }
  }
  return arena.copy(out);
}

}  // namespace weir::http
