// SPDX-License-Identifier: Apache-2.0
//
// A page with gaps, such as %{host}, that are filled when it is sent. Whatever fills a gap is
// escaped for the kind of page, so that no value can become markup, forge a line or steer a
// terminal; there is no way to switch that off. The built-in pages and those of the operator are
// the same mechanism.
//
// A line of the template all of whose gaps turn out empty is left out: "It may pass again from
// %{until}." vanishes where there is no such time. "%%{" stands for "%{".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/base/arena.h"

namespace weir::http {

// What a gap may ask for; the words are in page_template.cc, in this order.
enum class Gap : std::uint8_t {
  Rule,         // the rule's id
  Description,  // the rule in the operator's words
  Message,      // what the operator has to say to who is blocked
  Host,
  Url,
  List,   // the list that named it, with the line's number
  Line,   // that line
  Until,  // when it may pass again
  Id,     // the request's
  Ask,    // whom to ask
  Time,   // now
};
constexpr std::size_t kGaps = 11;
using GapValues = std::array<std::string_view, kGaps>;

enum class Escape : std::uint8_t { Html, Json, Text };

// Appends `text`, harmless: Html for text and quoted attributes, Json for the inside of a string.
// Always valid UTF-8; controls, invalid bytes and marks that reverse the direction of writing
// become U+FFFD, line ends and tabs a space. More than `most` bytes are cut and marked with an
// ellipsis.
void put_escaped(std::string& out, std::string_view text, Escape how, std::size_t most);

class PageTemplate {
 public:
  static constexpr std::size_t kMost = 256 * 1024;  // bytes of a template

  // The error names the line and what is wrong: "line 3: there is no %{hots}; there are ...".
  static tl::expected<PageTemplate, std::string> compile(std::string text,
                                                         Escape how = Escape::Html);
  // The page, in `arena`. Values may be anything of any length.
  std::string_view render(const GapValues& values, Arena& arena) const;

 private:
  // A run of text and the gap behind it; the last piece of a line may have none.
  struct Piece {
    std::uint32_t at;
    std::uint32_t size;
    std::int8_t gap;  // -1: none
    bool ends_line;
  };
  bool wanted(std::size_t first, std::size_t end, const GapValues& values) const;
  void add_piece(std::size_t from, std::size_t to, int gap);

  std::string text_;
  std::vector<Piece> pieces_;
  Escape how_ = Escape::Html;
};

}  // namespace weir::http
