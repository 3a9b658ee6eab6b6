// SPDX-License-Identifier: Apache-2.0
//
// See sniff.h. Most signatures are rows of tables; MP4, WebM, MPEG audio without a tag and news
// feeds need a look that a row cannot say. Nothing here reads behind the first kSniffBytes.
#include "filters/body/sniff.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

using namespace std::string_view_literals;

// '?' stands for any byte: no signature holds a question mark itself.
struct Signature {
  std::string_view bytes;
  std::string_view type;
};

constexpr std::string_view kHtml = "text/html";
constexpr std::string_view kText = "text/plain";
constexpr std::string_view kBinary = "application/octet-stream";

// Without the '<'; each must be followed by a space or '>'. Letters match in either case.
constexpr std::string_view kHtmlTags[] = {
    "!doctype html", "html",  "head", "script", "iframe", "h1", "div", "font", "table", "a",
    "style",         "title", "b",    "body",   "br",     "p",  "!--"};

constexpr Signature kImages[] = {
    {"\0\0\1\0"sv, "image/x-icon"},
    {"\0\0\2\0"sv, "image/x-icon"},
    {"BM", "image/bmp"},
    {"GIF87a", "image/gif"},
    {"GIF89a", "image/gif"},
    {"RIFF????WEBPVP", "image/webp"},
    {"\x89PNG\r\n\x1a\n", "image/png"},
    {"\xff\xd8\xff", "image/jpeg"},
};

constexpr Signature kMedia[] = {
    {"FORM????AIFF", "audio/aiff"},  {"ID3", "audio/mpeg"},
    {"OggS\0"sv, "application/ogg"}, {"MThd\0\0\0\6"sv, "audio/midi"},
    {"RIFF????AVI ", "video/avi"},   {"RIFF????WAVE", "audio/wave"},
};

constexpr Signature kArchives[] = {
    {"\x1f\x8b\x08", "application/x-gzip"},
    {"PK\3\4", "application/zip"},
    {"Rar \x1a\7\0"sv, "application/x-rar-compressed"},
    {"Rar!\x1a\7", "application/x-rar-compressed"},
};

constexpr Signature kFonts[] = {
    {"\0\1\0\0"sv, "font/ttf"}, {"OTTO", "font/otf"},   {"ttcf", "font/collection"},
    {"wOFF", "font/woff"},      {"wOF2", "font/woff2"},
};

bool matches(std::string_view body, std::string_view bytes) {
  if (body.size() < bytes.size()) {
    return false;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '?' && bytes[i] != body[i]) {
      return false;
    }
  }
  return true;
}

std::string_view find(std::string_view body, std::span<const Signature> table) {
  for (const Signature& row : table) {
    if (matches(body, row.bytes)) {
      return row.type;
    }
  }
  return {};
}

std::uint32_t byte_at(std::string_view body, std::size_t at) {
  return static_cast<unsigned char>(body[at]);
}

bool is_space(char c) {
  return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

std::string_view without_leading_space(std::string_view body) {
  while (!body.empty() && is_space(body.front())) {
    body.remove_prefix(1);
  }
  return body;
}

// Bytes that no text holds: controls other than white space and ESC.
bool holds_binary(std::string_view body) {
  for (const char c : body) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x08 || u == 0x0b || (u >= 0x0e && u <= 0x1a) || (u >= 0x1c && u <= 0x1f)) {
      return true;
    }
  }
  return false;
}

bool has_mark(std::string_view body) {
  return body.starts_with("\xfe\xff") || body.starts_with("\xff\xfe") ||
         body.starts_with("\xef\xbb\xbf");
}

// A box of type "ftyp" whose major or compatible brands begin with "mp4".
bool is_mp4(std::string_view body) {
  if (body.size() < 12 || body.substr(4, 4) != "ftyp") {
    return false;
  }
  const std::size_t size =
      byte_at(body, 0) << 24 | byte_at(body, 1) << 16 | byte_at(body, 2) << 8 | byte_at(body, 3);
  if (body.size() < size || size % 4 != 0) {
    return false;
  }
  if (body.substr(8, 3) == "mp4") {
    return true;
  }
  for (std::size_t at = 16; at < size; at += 4) {  // behind the minor version
    if (body.substr(at, 3) == "mp4") {
      return true;
    }
  }
  return false;
}

// How many bytes the EBML number at `at` takes.
std::size_t number_size(std::string_view body, std::size_t at) {
  std::size_t size = 1;
  for (std::uint32_t mask = 0x80; size < 8 && (byte_at(body, at) & mask) == 0; mask >>= 1) {
    ++size;
  }
  return size;
}

// An EBML head whose DocType says "webm".
bool is_webm(std::string_view body) {
  if (!body.starts_with("\x1a\x45\xdf\xa3")) {
    return false;
  }
  for (std::size_t at = 4; at < body.size() && at < 38; ++at) {
    if (body.substr(at, 2) != "\x42\x82") {
      continue;
    }
    at += 2;
    if (at >= body.size()) {
      return false;
    }
    at += number_size(body, at);
    if (at + 4 >= body.size()) {
      return false;
    }
    const std::size_t text = body.find_first_not_of('\0', at);
    if (text != std::string_view::npos && body.substr(text).starts_with("webm")) {
      return true;
    }
  }
  return false;
}

// The length of the MPEG audio layer III frame that begins at `at`; 0: no such frame.
std::size_t mp3_frame(std::string_view body, std::size_t at) {
  if (at + 4 > body.size() || byte_at(body, at) != 0xff || (byte_at(body, at + 1) & 0xe0) != 0xe0) {
    return 0;
  }
  const std::uint32_t version = (byte_at(body, at + 1) >> 3) & 3;  // 3: MPEG 1, 2: 2, 0: 2.5
  const std::uint32_t layer = (byte_at(body, at + 1) >> 1) & 3;    // 1: III
  const std::uint32_t rate = byte_at(body, at + 2) >> 4;
  const std::uint32_t sampling = (byte_at(body, at + 2) >> 2) & 3;
  if (version == 1 || layer != 1 || rate == 0 || rate == 15 || sampling == 3) {
    return 0;
  }
  constexpr std::array<std::uint32_t, 15> kFirst = {0,   32,  40,  48,  56,  64,  80, 96,
                                                    112, 128, 160, 192, 224, 256, 320};
  constexpr std::array<std::uint32_t, 15> kLater = {0,  8,  16, 24,  32,  40,  48, 56,
                                                    64, 80, 96, 112, 128, 144, 160};
  constexpr std::array<std::uint32_t, 3> kSampling = {44'100, 48'000, 32'000};
  const bool first = version == 3;
  const std::uint32_t halved = first ? 1 : version == 2 ? 2 : 4;
  const std::uint32_t kbits = first ? kFirst[rate] : kLater[rate];
  const std::uint32_t padding = (byte_at(body, at + 2) >> 1) & 1;
  return (first ? 144 : 72) * kbits * 1000 / (kSampling[sampling] / halved) + padding;
}

bool is_mp3(std::string_view body) {
  const std::size_t length = mp3_frame(body, 0);
  return length >= 4 && mp3_frame(body, length) != 0;
}

std::string_view audio_or_video(std::string_view body) {
  if (const auto type = find(body, kMedia); !type.empty()) {
    return type;
  }
  return is_mp4(body)    ? "video/mp4"sv
         : is_webm(body) ? "video/webm"sv
         : is_mp3(body)  ? "audio/mpeg"sv
                         : ""sv;
}

std::string_view font(std::string_view body) {
  constexpr std::size_t kEmbeddedMark = 34;
  if (body.size() >= kEmbeddedMark + 2 && body.substr(kEmbeddedMark, 2) == "LP") {
    return "application/vnd.ms-fontobject";
  }
  return find(body, kFonts);
}

std::string_view scriptable(std::string_view body) {
  const std::string_view text = without_leading_space(body);
  if (text.starts_with('<')) {
    for (const std::string_view tag : kHtmlTags) {
      const char end = text.size() > tag.size() + 1 ? text[tag.size() + 1] : '\0';
      if ((end == ' ' || end == '>') && starts_with_ignoring_case(text.substr(1), tag)) {
        return kHtml;
      }
    }
  }
  if (text.starts_with("<?xml")) {
    return "text/xml";
  }
  return body.starts_with("%PDF-") ? "application/pdf"sv : ""sv;
}

std::string_view unknown(std::string_view body, bool may_be_scriptable) {
  if (const auto type = may_be_scriptable ? scriptable(body) : ""sv; !type.empty()) {
    return type;
  }
  if (body.starts_with("%!PS-Adobe-")) {
    return "application/postscript";
  }
  if (has_mark(body) && body.size() >= 4) {
    return kText;
  }
  for (const auto type :
       {find(body, kImages), audio_or_video(body), find(body, kArchives), font(body)}) {
    if (!type.empty()) {
      return type;
    }
  }
  return holds_binary(body) ? kBinary : kText;
}

std::string_view text_or_binary(std::string_view body) {
  return has_mark(body) || !holds_binary(body) ? kText : kBinary;
}

// Skips one comment, declaration or instruction behind its '<'. False when `body` begins with none
// of them; without an end, all is skipped.
bool skip_markup(std::string_view& body) {
  struct Kind {
    std::string_view begin;
    std::string_view end;
  };
  constexpr Kind kKinds[] = {{"!--", "-->"}, {"!", ">"}, {"?", "?>"}};
  for (const Kind& kind : kKinds) {
    if (body.starts_with(kind.begin)) {
      const std::size_t end = body.find(kind.end, kind.begin.size());
      body = end == std::string_view::npos ? ""sv : body.substr(end + kind.end.size());
      return true;
    }
  }
  return false;
}

// A page, unless its first element is that of a news feed.
std::string_view feed_or_html(std::string_view body, std::string_view declared) {
  if (body.starts_with("\xef\xbb\xbf")) {
    body.remove_prefix(3);
  }
  for (;;) {
    body = without_leading_space(body);
    if (!body.starts_with('<')) {
      return declared;
    }
    body.remove_prefix(1);
    if (!skip_markup(body)) {
      break;
    }
  }
  if (body.starts_with("rss")) {
    return "application/rss+xml";
  }
  if (body.starts_with("feed")) {
    return "application/atom+xml";
  }
  const bool rdf =
      body.starts_with("rdf:RDF") &&
      body.find("http://purl.org/rss/1.0/") != std::string_view::npos &&
      body.find("http://www.w3.org/1999/02/22-rdf-syntax-ns#") != std::string_view::npos;
  return rdf ? "application/rss+xml"sv : declared;
}

// The values that servers send without thought for whatever they do not know.
bool thoughtless(std::string_view content_type) {
  return content_type == "text/plain" || content_type == "text/plain; charset=ISO-8859-1" ||
         content_type == "text/plain; charset=iso-8859-1" ||
         content_type == "text/plain; charset=UTF-8";
}

bool is_xml(std::string_view type) {
  return same_ignoring_case(type, "text/xml") || same_ignoring_case(type, "application/xml") ||
         (type.size() > 4 && same_ignoring_case(type.substr(type.size() - 4), "+xml"));
}

bool no_type(std::string_view type) {
  return type.find('/') == std::string_view::npos || same_ignoring_case(type, "unknown/unknown") ||
         same_ignoring_case(type, "application/unknown") || type == "*/*";
}

bool says_font(std::string_view type) {
  return starts_with_ignoring_case(type, "font/") ||
         starts_with_ignoring_case(type, "application/font-") ||
         starts_with_ignoring_case(type, "application/x-font-");
}

// What the bytes show a body to be whose declared kind they may correct.
std::string_view of_its_kind(std::string_view body, std::string_view type) {
  if (starts_with_ignoring_case(type, "image/")) {
    return find(body, kImages);
  }
  if (starts_with_ignoring_case(type, "audio/") || starts_with_ignoring_case(type, "video/") ||
      same_ignoring_case(type, "application/ogg")) {
    return audio_or_video(body);
  }
  return says_font(type) ? font(body) : ""sv;
}

}  // namespace

std::string_view bare_type(std::string_view content_type) {
  const std::string_view text = trim_ows(content_type);
  return text.substr(0, text.find_first_of(" \t;("));
}

std::string_view sniff(std::string_view first_bytes, std::string_view declared, bool nosniff) {
  const std::string_view body = first_bytes.substr(0, kSniffBytes);
  const std::string_view type = bare_type(declared);
  if (no_type(type)) {
    return unknown(body, !nosniff);
  }
  if (nosniff) {
    return type;
  }
  if (thoughtless(declared)) {
    return text_or_binary(body);
  }
  if (is_xml(type)) {
    return type;
  }
  if (same_ignoring_case(type, kHtml)) {
    return feed_or_html(body, type);
  }
  const std::string_view shown = of_its_kind(body, type);
  return shown.empty() ? type : shown;
}

std::string_view shown_type(std::string_view first_bytes) {
  const std::string_view type = unknown(first_bytes.substr(0, kSniffBytes), true);
  return type == kText || type == kBinary ? std::string_view() : type;
}

bool is_wrapping(std::string_view shown) {
  constexpr std::string_view kWrapping[] = {
      "application/ogg", "application/x-gzip", "application/zip", "audio/mpeg",
      "text/html",       "text/xml",           "video/mp4",       "video/webm"};
  return std::ranges::find(kWrapping, shown) != std::end(kWrapping);
}

}  // namespace weir::filters
