// SPDX-License-Identifier: Apache-2.0
//
// See parse.h. Two passes: find the empty line that ends the head, looking at each byte once
// however the head arrives, then cut the complete head into views.
#include "proxy/http/parse.h"

#include <bit>
#include <cstring>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

constexpr std::size_t kLeadingEmptyLines = 8;

Taken bad(Failure why) {
  return {Progress::Bad, 0, why};
}

enum class LineEnd : std::uint8_t { None, Crlf, Bare };

// The next line from `from`; on Crlf `next` is the start of the line after it.
LineEnd find_line(std::string_view in, std::size_t from, std::size_t search_from,
                  std::size_t& next) {
  const void* lf = std::memchr(in.data() + search_from, '\n', in.size() - search_from);
  if (lf == nullptr) {
    return LineEnd::None;
  }
  const auto at = static_cast<std::size_t>(static_cast<const char*>(lf) - in.data());
  next = at + 1;
  return at > from && in[at - 1] == '\r' ? LineEnd::Crlf : LineEnd::Bare;
}

// Advances the scan. Done when the empty line that ends the head is in; `scan.line_start` is then
// the first byte behind the head, and `begin` the first byte of the start line.
struct Found {
  Progress progress = Progress::NeedMore;
  bool bare = false;
};

// The last line has no end yet. A CR in it that is not its very last byte will never be part of
// one.
Found look_on(std::string_view in, HeadScan& scan) {
  const std::size_t from = std::max(scan.line_start, scan.looked_at > 0 ? scan.looked_at - 1 : 0);
  const std::size_t cr = in.find('\r', from);
  scan.looked_at = in.size();
  const bool bare = cr != std::string_view::npos && cr + 1 < in.size();
  return {bare ? Progress::Bad : Progress::NeedMore, bare};
}

Found scan_head(std::string_view in, HeadScan& scan) {
  while (scan.looked_at < in.size()) {
    std::size_t next = 0;
    switch (find_line(in, scan.line_start, scan.looked_at, next)) {
      case LineEnd::None:
        return look_on(in, scan);
      case LineEnd::Bare:
        return {Progress::Bad, true};
      case LineEnd::Crlf:
        break;
    }
    const bool empty = next - scan.line_start == 2;
    scan.line_start = next;
    scan.looked_at = next;
    if (empty && scan.lines > 0) {
      return {Progress::Done, false};
    }
    if (!empty && scan.lines++ == 0) {
      scan.first_line_end = next;
    }
  }
  return {};
}

// Skips CRLFs before the start line. False when there are more than anyone honest sends.
bool skip_empty_lines(std::string_view in, std::size_t& begin) {
  begin = 0;
  while (in.substr(begin).starts_with("\r\n")) {
    begin += 2;
    if (begin > 2 * kLeadingEmptyLines) {
      return false;
    }
  }
  return true;
}

// True when no byte of `text` is a control character other than HTAB. Eight bytes at a time: a byte
// below 0x20 or equal to 0x7f sets its high bit in the sum of the two tests.
bool clean_value(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t low = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t del = word ^ (kOnes * 0x7f);
    const std::uint64_t is_del = (del - kOnes) & ~del & kHighs;
    if ((low | is_del) != 0 && !all(text.substr(i, 8), kFieldVchar)) {
      return false;
    }
  }
  return all(text.substr(i), kFieldVchar);
}

// One field line without its CRLF. None on success.
enum class LineFault : std::uint8_t { None, Folded, Malformed };

LineFault parse_line(std::string_view line, Field& out) {
  if (line.front() == ' ' || line.front() == '\t') {
    return LineFault::Folded;
  }
  std::size_t colon = 0;
  while (colon < line.size() && is(line[colon], kTchar)) {
    ++colon;
  }
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    return LineFault::Malformed;
  }
  out.name = line.substr(0, colon);
  out.value = trim_ows(line.substr(colon + 1));
  out.id = field_id(out.name);
  return clean_value(out.value) ? LineFault::None : LineFault::Malformed;
}

// Cuts `lines`, each ending in CRLF, into fields.
struct LinesResult {
  LineFault fault = LineFault::None;
  bool too_many = false;
};

LinesResult parse_lines(std::string_view lines, std::size_t most, Fields& out) {
  out.lines.clear();
  while (!lines.empty()) {
    const auto end = static_cast<std::size_t>(
        static_cast<const char*>(std::memchr(lines.data(), '\n', lines.size())) - lines.data());
    if (out.lines.size() == most) {
      return {LineFault::None, true};
    }
    Field field;
    const LineFault fault = parse_line(lines.substr(0, end - 1), field);
    if (fault != LineFault::None) {
      return {fault, false};
    }
    out.lines.push_back(field);
    lines.remove_prefix(end + 1);
  }
  return {};
}

// "HTTP/1.x" exactly (RFC 9112 2.3). Returns the minor version, or a failure.
Result<std::uint8_t> parse_version(std::string_view text, Failure malformed, Failure unsupported) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is(text[5], kDigit) || text[6] != '.' ||
      !is(text[7], kDigit)) {
    return fail(malformed);
  }
  if (text[5] != '1') {
    return fail(unsupported);
  }
  return static_cast<std::uint8_t>(text[7] == '0' ? 0 : 1);
}

// method SP request-target SP HTTP-version (RFC 9112 3)
Failure parse_request_line(std::string_view line, std::size_t limit, RequestHead& out) {
  if (line.size() > limit) {
    return Failure::TargetTooLong;
  }
  std::size_t i = 0;
  while (i < line.size() && is(line[i], kTchar)) {
    ++i;
  }
  const std::size_t last = line.rfind(' ');
  if (i == 0 || i == line.size() || line[i] != ' ' || last <= i) {
    return Failure::BadRequestLine;
  }
  out.method = line.substr(0, i);
  out.method_id = method_of(out.method);
  out.target = line.substr(i + 1, last - i - 1);
  const auto minor =
      parse_version(line.substr(last + 1), Failure::BadRequestLine, Failure::UnsupportedVersion);
  if (!minor) {
    return minor.error();
  }
  out.minor = *minor;
  return out.target.empty() || !all(out.target, kTargetChar) ? Failure::BadTarget : Failure::None;
}

// HTTP-version SP status-code SP [reason] (RFC 9112 4); the last SP may be missing with the reason.
bool parse_status_line(std::string_view line, ResponseHead& out) {
  if (line.size() < 12 || line[8] != ' ') {
    return false;
  }
  const auto minor =
      parse_version(line.substr(0, 8), Failure::OriginBadHead, Failure::OriginBadHead);
  const auto status = parse_decimal(line.substr(9, 3));
  if (!minor || !status || *status < 100) {
    return false;
  }
  if (line.size() > 12 && line[12] != ' ') {
    return false;
  }
  out.minor = *minor;
  out.status = static_cast<std::uint16_t>(*status);
  out.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return all(out.reason, kFieldVchar);
}

std::size_t first_line_length(std::string_view head) {
  return head.find("\r\n");
}

// The head that starts at `begin` is not complete. Limits mean the same however the bytes arrive.
Taken request_needs_more(std::string_view in, std::size_t begin, const HeadScan& scan,
                         const HeadLimits& limits) {
  const std::string_view head = in.substr(begin);
  // A first byte that starts no token (a TLS hello, say) will never become a request.
  if (!head.empty() && head[0] != '\r' && !is(head[0], kTchar)) {
    return bad(Failure::BadRequestLine);
  }
  const std::size_t line = scan.lines == 0 ? head.size() : scan.first_line_end - begin;
  if (line > limits.request_line + 2) {
    return bad(Failure::TargetTooLong);
  }
  // Behind a line without a version (HTTP/0.9) nothing more may come.
  if (scan.lines == 1 && line == head.size()) {
    RequestHead seen;
    const Failure why = parse_request_line(head.substr(0, line - 2), limits.request_line, seen);
    if (why != Failure::None) {
      return bad(why);
    }
  }
  return head.size() > limits.head ? bad(Failure::HeadTooLarge) : Taken{};
}

}  // namespace

Taken take_request(std::string_view in, HeadScan& scan, const HeadLimits& limits,
                   RequestHead& out) {
  std::size_t begin = 0;
  if (!skip_empty_lines(in, begin)) {
    return bad(Failure::BadRequestLine);
  }
  const Found found = scan_head(in, scan);
  if (found.progress == Progress::Bad) {
    return bad(Failure::BareLineFeed);
  }
  if (found.progress == Progress::NeedMore) {
    return request_needs_more(in, begin, scan, limits);
  }
  const std::string_view head = in.substr(begin, scan.line_start - begin);
  const std::size_t line = first_line_length(head);
  if (const Failure why = parse_request_line(head.substr(0, line), limits.request_line, out);
      why != Failure::None) {
    return bad(why);
  }
  if (head.size() > limits.head) {
    return bad(Failure::HeadTooLarge);
  }
  const LinesResult fields =
      parse_lines(head.substr(line + 2, head.size() - line - 4), limits.fields, out.fields);
  if (fields.too_many) {
    return bad(Failure::HeadTooLarge);
  }
  if (fields.fault != LineFault::None) {
    return bad(fields.fault == LineFault::Folded ? Failure::ObsoleteFolding : Failure::BadField);
  }
  out.bytes = scan.line_start;
  return {Progress::Done, scan.line_start, Failure::None};
}

Taken take_response(std::string_view in, HeadScan& scan, const HeadLimits& limits,
                    ResponseHead& out) {
  // No empty line may come before a status line: it would be left over from the answer before.
  constexpr std::string_view kStart = "HTTP/";
  if (!kStart.starts_with(in.substr(0, kStart.size()))) {
    return bad(Failure::OriginBadHead);
  }
  const Found found = scan_head(in, scan);
  if (found.progress == Progress::Bad) {
    return bad(Failure::OriginBadHead);
  }
  if (found.progress == Progress::NeedMore) {
    return in.size() > limits.head ? bad(Failure::OriginHeadTooLarge) : Taken{};
  }
  const std::string_view head = in.substr(0, scan.line_start);
  if (head.size() > limits.head) {
    return bad(Failure::OriginHeadTooLarge);
  }
  const std::size_t line = first_line_length(head);
  if (!parse_status_line(head.substr(0, line), out)) {
    return bad(Failure::OriginBadHead);
  }
  const LinesResult fields =
      parse_lines(head.substr(line + 2, head.size() - line - 4), limits.fields, out.fields);
  if (fields.too_many) {
    return bad(Failure::OriginHeadTooLarge);
  }
  if (fields.fault != LineFault::None) {
    return bad(Failure::OriginBadHead);
  }
  out.bytes = scan.line_start;
  return {Progress::Done, scan.line_start, Failure::None};
}

bool parse_field_lines(std::string_view lines, std::size_t most, Fields& out) {
  const LinesResult result = parse_lines(lines, most, out);
  return !result.too_many && result.fault == LineFault::None;
}

}  // namespace weir::http
