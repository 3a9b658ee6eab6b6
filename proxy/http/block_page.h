// SPDX-License-Identifier: Apache-2.0
//
// The reply to what a rule blocks: a page for a person, in their language, that says what was
// blocked, by which rule, until when and whom to ask; problem+json (RFC 9457) or a few lines of
// text for a program; and for what a page only embeds, as little as does no harm.
//
// What is blocked is untrusted: host, URL and list lines are escaped, see page_template.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/instant.h"
#include "proxy/http/language.h"
#include "proxy/http/page_template.h"
#include "proxy/http/reply.h"

namespace weir::http {

// A time as the people around here read it. Nothing below knows time zones: the caller does.
struct LocalTime {
  WallTime at;
  Micros utc_offset = 0;          // at that time
  std::string_view zone = "UTC";  // its name
};

// What there is to tell; empty texts are left out of the page.
struct BlockNote {
  std::uint16_t status = 403;    // one that may have a body
  std::string_view rule;         // its id; empty: the default blocks
  std::string_view description;  // the operator's words for the rule
  std::string_view message;      // and for whoever is blocked
  std::string_view host;
  std::string_view url;
  std::string_view list;  // the list whose line spoke
  std::uint32_t line_number = 0;
  std::string_view line;
  std::optional<LocalTime> until;  // when it may pass again
  std::string_view ask;            // whom to ask
  LocalTime now;
};

// Page: in the form that Accept prefers. Empty: no bytes, of the type that was wanted. Pixel: a
// transparent image, so that no broken one is shown. Both keep the status of the note: browsers
// show an image and run a page's error handlers whatever the status is, and a log or a program
// that reads 403 is told the truth.
enum class BlockShape : std::uint8_t { Page, Empty, Pixel };

struct BlockPlan {
  ReplyPlan reply;
  Language language = Language::English;
  BlockShape shape = BlockShape::Page;
  std::string_view empty_type;           // Empty: the media type; may be empty as well
  bool to_connect = false;               // for a program: never HTML, and the connection ends
  const PageTemplate* custom = nullptr;  // the operator's page in place of the built-in ones
};

// A rule's id as Proxy-Status has it in `details`, which is the inside of a quoted string.
std::string_view blocked_details(std::string_view rule, Arena& arena);

// Head and body of the reply; lives in `arena`.
std::string_view write_block(const BlockNote& note, const BlockPlan& plan, Arena& arena);

}  // namespace weir::http
