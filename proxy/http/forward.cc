// SPDX-License-Identifier: Apache-2.0
//
// See forward.h. The writer sums up an upper bound first, takes that much from the arena once, and
// then only copies.
#include "proxy/http/forward.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "proxy/base/ascii.h"
#include "proxy/http/parse.h"

namespace weir::http {
namespace {

// Writes into space that is known to suffice.
class Out {
 public:
  explicit Out(char* at) : begin_(at), at_(at) {}
  void put(std::string_view text) {
    if (!text.empty()) {
      std::memcpy(at_, text.data(), text.size());
      at_ += text.size();
    }
  }
  void number(std::uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  std::string_view done() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

bool less_ignoring_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return to_lower(x) < to_lower(y); });
}

// The fields that Connection nominates for removal (RFC 9110 7.6.1), Essential ones left out.
// Names we drop anyway are not remembered, so the list is nearly always empty and allocates
// nothing; it is sorted, so that thousands of names cost no more than reading them.
class Nominated {
 public:
  explicit Nominated(const Fields& fields) {
    for (const Field& line : fields.lines) {
      if (line.id == FieldId::Connection || line.id == FieldId::ProxyConnection) {
        each_element(line.value, [this](std::string_view name) { return add(name); });
      }
    }
    std::sort(names_.begin(), names_.end(), less_ignoring_case);
  }
  bool has(const Field& line) const {
    return std::binary_search(names_.begin(), names_.end(), line.name, less_ignoring_case);
  }

 private:
  bool add(std::string_view name) {
    if (hop_of(field_id(name)) == Hop::EndToEnd && !same_ignoring_case(name, "close")) {
      names_.push_back(name);
    }
    return true;
  }
  std::vector<std::string_view> names_;
};

bool has_element(std::string_view list, std::string_view token) {
  bool found = false;
  each_element(list, [&](std::string_view element) {
    found = same_ignoring_case(element, token);
    return !found;
  });
  return found;
}

std::size_t fields_bound(const Fields& fields) {
  std::size_t n = 0;
  for (const Field& line : fields.lines) {
    n += line.name.size() + line.value.size() + 4;
  }
  return n;
}

void put_framing(Out& out, const Framing& framing) {
  if (framing.kind == BodyKind::Chunked) {
    out.put("Transfer-Encoding: chunked\r\n");
  } else if (framing.kind == BodyKind::Length) {
    out.put("Content-Length: ");
    out.number(framing.length);
    out.put("\r\n");
  }
}

void put_via(Out& out, std::uint8_t minor, std::string_view pseudonym) {
  out.put(minor == 0 ? "Via: 1.0 " : "Via: 1.1 ");
  out.put(pseudonym);
  out.put("\r\n");
}

void put_disclosure(Out& out, const RequestPlan& plan) {
  if (plan.forwarded_for.add) {
    out.field("X-Forwarded-For", plan.client);
  }
  if (plan.forwarded.add) {
    // RFC 7239 6: an IPv6 address stands in brackets inside quotes.
    const bool v6 = plan.client.find(':') != std::string_view::npos;
    out.put(v6 ? "Forwarded: for=\"[" : "Forwarded: for=");
    out.put(plan.client);
    out.put(v6 ? "]\"\r\n" : "\r\n");
  }
}

// May this received request field go on as it is?
bool passes(const Field& line, const RequestHead& head, const RequestPlan& plan) {
  switch (line.id) {
    case FieldId::Trailer:
      return plan.keep_trailers && plan.framing.kind == BodyKind::Chunked;
    case FieldId::Expect:
      return head.minor >= 1;
    case FieldId::XForwardedFor:
      return !plan.forwarded_for.remove;
    case FieldId::Forwarded:
      return !plan.forwarded.remove;
    case FieldId::MaxForwards:
      return head.method_id != Method::Options && head.method_id != Method::Trace;
    default:
      return hop_of(line.id) != Hop::HopByHop;
  }
}

// Connection and what it announces: TE: trailers (when the client can take them) and Upgrade.
void put_connection(Out& out, const RequestHead& head, const RequestPlan& plan) {
  const bool te =
      head.minor >= 1 && plan.keep_trailers && lists_token(head.fields, FieldId::Te, "trailers");
  if (te) {
    out.put("TE: trailers\r\n");
  }
  if (!plan.upgrade.empty()) {
    out.field("Upgrade", plan.upgrade);
  }
  if (te || !plan.upgrade.empty()) {
    out.put(!te ? "Connection: Upgrade\r\n"
                : (plan.upgrade.empty() ? "Connection: TE\r\n" : "Connection: TE, Upgrade\r\n"));
  }
}

// May this received response field go on as it is?
bool passes(const Field& line, const ResponsePlan& plan, bool chunked) {
  switch (line.id) {
    case FieldId::Trailer:
      return plan.keep_trailers && chunked;
    default:
      return hop_of(line.id) != Hop::HopByHop;
  }
}

// Fields that change framing, routing, authentication or the meaning of the message have no
// business in a trailer section (RFC 9110 6.5.1).
bool may_trail(const Field& line) {
  constexpr std::array<std::string_view, 13> kNever = {"pragma",
                                                       "range",
                                                       "set-cookie",
                                                       "cookie",
                                                       "expires",
                                                       "location",
                                                       "vary",
                                                       "retry-after",
                                                       "if-match",
                                                       "if-none-match",
                                                       "if-modified-since",
                                                       "if-unmodified-since",
                                                       "if-range"};
  for (const auto name : kNever) {
    if (same_ignoring_case(line.name, name)) {
      return false;
    }
  }
  return hop_of(line.id) == Hop::EndToEnd && line.id != FieldId::Expect &&
         line.id != FieldId::Authorization && line.id != FieldId::WwwAuthenticate &&
         line.id != FieldId::Age && line.id != FieldId::Date && line.id != FieldId::Forwarded &&
         line.id != FieldId::XForwardedFor;
}

}  // namespace

std::string_view write_request(const RequestHead& head, const RequestPlan& plan, Arena& arena) {
  constexpr std::size_t kOwnWords = 384;
  const std::size_t bound = kOwnWords + head.method.size() + plan.target.size() + plan.host.size() +
                            plan.via.size() + 2 * plan.client.size() + plan.upgrade.size() +
                            plan.parent_authorization.size() + fields_bound(head.fields);
  Out out(arena.allocate(bound));
  const Nominated nominated(head.fields);
  out.put(head.method);
  out.put(" ");
  out.put(plan.target);
  out.put(" HTTP/1.1\r\n");
  out.field("Host", plan.host);
  for (const Field& line : head.fields.lines) {
    if (passes(line, head, plan) && !nominated.has(line)) {
      out.field(line.name, line.value);
    }
  }
  const MaxForwards hops = max_forwards(head);
  if (hops.present && hops.value > 0) {
    out.put("Max-Forwards: ");
    out.number(hops.value - 1);
    out.put("\r\n");
  }
  put_framing(out, plan.framing);
  put_disclosure(out, plan);
  put_via(out, head.minor, plan.via);
  if (!plan.parent_authorization.empty()) {
    out.field("Proxy-Authorization", plan.parent_authorization);
  }
  put_connection(out, head, plan);
  out.put("\r\n");
  return out.done();
}

std::string_view write_response(const ResponseHead& head, const ResponsePlan& plan, Arena& arena) {
  constexpr std::size_t kOwnWords = 256;
  const std::size_t bound = kOwnWords + head.reason.size() + plan.via.size() + plan.date.size() +
                            plan.upgrade.size() + fields_bound(head.fields);
  Out out(arena.allocate(bound));
  const Nominated nominated(head.fields);
  const bool chunked = plan.framing.kind == BodyKind::Chunked;
  out.put("HTTP/1.1 ");
  out.number(head.status);
  out.put(" ");
  out.put(head.reason);
  out.put("\r\n");
  for (const Field& line : head.fields.lines) {
    if (passes(line, plan, chunked) && !nominated.has(line)) {
      out.field(line.name, line.value);
    }
  }
  if (plan.bodiless) {
    // RFC 9110 8.6: HEAD and 304 may tell the length; 1xx and 204 must not.
    const ContentLength length = content_length(head.fields);
    if (length.present && head.status >= 200 && head.status != 204) {
      put_framing(out, {BodyKind::Length, length.value});
    }
  } else {
    put_framing(out, plan.framing);
  }
  const Field* date = head.fields.find(FieldId::Date);
  if (head.status >= 200 && (date == nullptr || nominated.has(*date))) {
    out.field("Date", plan.date);  // RFC 9110 6.6.1
  }
  put_via(out, head.minor, plan.via);
  if (!plan.upgrade.empty()) {
    out.field("Upgrade", plan.upgrade);
    out.put("Connection: Upgrade\r\n");
  } else if (plan.close) {
    out.put("Connection: close\r\n");
  } else if (plan.keep_alive) {
    out.put("Connection: keep-alive\r\n");
  }
  out.put("\r\n");
  return out.done();
}

bool write_trailers(std::string_view section, Arena& arena, std::string_view& out) {
  constexpr std::size_t kMostTrailers = 64;
  Fields fields;
  if (!parse_field_lines(section, kMostTrailers, fields)) {
    return false;
  }
  Out text(arena.allocate(fields_bound(fields)));
  for (const Field& line : fields.lines) {
    if (may_trail(line)) {
      text.field(line.name, line.value);
    }
  }
  out = text.done();
  return true;
}

bool via_names(const Fields& fields, std::string_view pseudonym) {
  for (const Field& line : fields.lines) {
    if (line.id != FieldId::Via) {
      continue;
    }
    // Every comma separates, inside comments too: a stray quote or bracket in somebody's comment
    // must not hide us.
    for (std::string_view rest = line.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      // received-protocol RWS received-by [RWS comment]
      const std::string_view hop = trim_ows(rest.substr(0, comma));
      const std::size_t gap = std::min(hop.find_first_of(" \t"), hop.size());
      const std::string_view by = trim_ows(hop.substr(gap));
      if (same_ignoring_case(by.substr(0, by.find_first_of(" \t")), pseudonym)) {
        return true;
      }
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

MaxForwards max_forwards(const RequestHead& head) {
  MaxForwards out;
  if (head.method_id != Method::Options && head.method_id != Method::Trace) {
    return out;
  }
  const std::size_t lines = head.fields.count(FieldId::MaxForwards);
  if (lines == 0) {
    return out;
  }
  out.present = true;
  const auto value = parse_decimal(head.fields.value(FieldId::MaxForwards));
  out.valid = lines == 1 && value.has_value();
  out.value = value.value_or(0);
  return out;
}

Expectation expectation(const RequestHead& head) {
  if (head.minor == 0 || !head.fields.has(FieldId::Expect)) {
    return Expectation::None;
  }
  Expectation out = Expectation::None;
  for (const Field& line : head.fields.lines) {
    if (line.id == FieldId::Expect) {
      each_element(line.value, [&out](std::string_view element) {
        const bool known = same_ignoring_case(element, "100-continue");
        out = known && out != Expectation::Unknown ? Expectation::Continue : Expectation::Unknown;
        return true;
      });
    }
  }
  return out;
}

std::string_view wanted_upgrade(const RequestHead& head, std::span<const std::string> allowed,
                                Arena& arena) {
  if (head.minor == 0 || !head.fields.has(FieldId::Upgrade) ||
      !lists_token(head.fields, FieldId::Connection, "upgrade")) {
    return {};
  }
  std::string_view out;
  for (const Field& line : head.fields.lines) {
    if (line.id != FieldId::Upgrade) {
      continue;
    }
    each_element(line.value, [&](std::string_view element) {
      const bool passes = std::any_of(
          allowed.begin(), allowed.end(),
          [element](const std::string& name) { return same_ignoring_case(element, name); });
      // Never h2c, whatever the list says: nobody here would check what follows. And each once:
      // thousands of repetitions must not grow into thousands of copies.
      if (passes && !same_ignoring_case(element, "h2c") && !has_element(out, element)) {
        out = out.empty() ? element : arena.join({out, ", ", element});
      }
      return true;
    });
  }
  return out;
}

}  // namespace weir::http
