// SPDX-License-Identifier: Apache-2.0
//
// See neutral.h. One table from names to resources. Binary files are kept as Base64 and decoded
// once; how they are made is in tests/unit/http/make_neutral.py.
#include "proxy/http/neutral.h"

#include <array>
#include <string>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/base/base64.h"

namespace weir::http {
namespace {

using std::string_view;

#include "proxy/http/neutral_files.inc"

constexpr string_view kScript = "(function() {})();\n";
constexpr string_view kHtml =
    "<!DOCTYPE html><html><head><meta "
    "charset=\"utf-8\"><title></title></head><body></body></html>\n";
constexpr string_view kVmap =
    "<vmap:VMAP xmlns:vmap=\"http://www.iab.net/videosuite/vmap\" version=\"1.0\"></vmap:VMAP>\n";

enum class File : std::uint8_t {
  Nothing,
  None,
  Text,
  Script,
  Html,
  Style,
  Json,
  Gif,
  Png2x2,
  Png3x2,
  Png32x32,
  Mp3,
  Mp4,
  Vast2,
  Vast3,
  Vast4,
  Vmap,
};

struct Name {
  string_view name;
  File file;
};

constexpr std::array kNames = std::to_array<Name>({
    {"empty", File::Nothing},
    {"none", File::None},
    {"1x1.gif", File::Gif},
    {"1x1-transparent.gif", File::Gif},
    {"1x1-transparent-gif", File::Gif},
    {"2x2.png", File::Png2x2},
    {"2x2-transparent.png", File::Png2x2},
    {"2x2-transparent-png", File::Png2x2},
    {"3x2.png", File::Png3x2},
    {"3x2-transparent.png", File::Png3x2},
    {"3x2-transparent-png", File::Png3x2},
    {"32x32.png", File::Png32x32},
    {"32x32-transparent.png", File::Png32x32},
    {"32x32-transparent-png", File::Png32x32},
    {"noop.js", File::Script},
    {"noopjs", File::Script},
    {"blank-js", File::Script},
    {"noop.txt", File::Text},
    {"nooptext", File::Text},
    {"blank-text", File::Text},
    {"noop.html", File::Html},
    {"noopframe", File::Html},
    {"blank-html", File::Html},
    {"click2load.html", File::Html},
    {"click2load", File::Html},
    {"noop.css", File::Style},
    {"noopcss", File::Style},
    {"blank-css", File::Style},
    {"noop.json", File::Json},
    {"noopjson", File::Json},
    {"noop-0.1s.mp3", File::Mp3},
    {"noopmp3-0.1s", File::Mp3},
    {"blank-mp3", File::Mp3},
    {"noop-1s.mp4", File::Mp4},
    {"noopmp4-1s", File::Mp4},
    {"blank-mp4", File::Mp4},
    {"noop-vast2.xml", File::Vast2},
    {"noopvast-2.0", File::Vast2},
    {"noop-vast3.xml", File::Vast3},
    {"noopvast-3.0", File::Vast3},
    {"noop-vast4.xml", File::Vast4},
    {"noopvast-4.0", File::Vast4},
    {"noop-vmap1.0.xml", File::Vmap},
    {"noopvmap-1.0", File::Vmap},
});

// The binary files as bytes.
struct Decoded {
  static std::string decode(string_view text) {
    std::string out(base64_bytes(text.size()), '\0');
    const auto size = decode_base64(text, out);
    WEIR_ASSERT(size.has_value());
    out.resize(*size);
    return out;
  }
  std::string gif = decode(kGif1x1);
  std::string png2x2 = decode(kPng2x2);
  std::string png3x2 = decode(kPng3x2);
  std::string png32x32 = decode(kPng32x32);
  std::string mp3 = decode(kMp3);
  std::string mp4 = decode(kMp4);
};

const Decoded& decoded() {
  static const Decoded files;
  return files;
}

Neutral resource(File file) {
  switch (file) {
    case File::Nothing:
      return {};
    case File::None:
      return {{}, {}, true};
    case File::Text:
      return {"text/plain; charset=utf-8", ""};
    case File::Script:
      return {"text/javascript; charset=utf-8", kScript};
    case File::Html:
      return {"text/html; charset=utf-8", kHtml};
    case File::Style:
      return {"text/css; charset=utf-8", ""};
    case File::Json:
      return {"application/json", "{}\n"};
    case File::Gif:
      return {"image/gif", decoded().gif};
    case File::Png2x2:
      return {"image/png", decoded().png2x2};
    case File::Png3x2:
      return {"image/png", decoded().png3x2};
    case File::Png32x32:
      return {"image/png", decoded().png32x32};
    case File::Mp3:
      return {"audio/mpeg", decoded().mp3};
    case File::Mp4:
      return {"video/mp4", decoded().mp4};
    case File::Vast2:
      return {"text/xml; charset=utf-8", "<VAST version=\"2.0\"></VAST>\n"};
    case File::Vast3:
      return {"text/xml; charset=utf-8", "<VAST version=\"3.0\"></VAST>\n"};
    case File::Vast4:
      return {"text/xml; charset=utf-8", "<VAST version=\"4.0\"></VAST>\n"};
    case File::Vmap:
      return {"text/xml; charset=utf-8", kVmap};
  }
  return {};
}

// "noop.js:100" and "noop.js:-1" are noop.js. Other colons belong to the name.
string_view without_priority(string_view name) {
  const std::size_t colon = name.rfind(':');
  if (colon == string_view::npos) {
    return name;
  }
  string_view number = name.substr(colon + 1);
  number.remove_prefix(number.starts_with('-') ? 1 : 0);
  return !number.empty() && all(number, kDigit) ? name.substr(0, colon) : name;
}

}  // namespace

Neutral find_neutral(string_view name) {
  name = without_priority(name);
  for (const Name& row : kNames) {
    if (row.name == name) {
      Neutral out = resource(row.file);
      out.exact = true;
      return out;
    }
  }
  return resource(name.ends_with(".js") ? File::Script : File::Nothing);
}

string_view write_neutral(const Neutral& neutral, const ReplyPlan& plan, Arena& arena) {
  constexpr string_view kFields =
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "Access-Control-Allow-Origin: *\r\n";
  return write_answer(neutral.media_type, neutral.body, kFields, plan, arena);
}

}  // namespace weir::http
