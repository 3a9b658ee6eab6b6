// SPDX-License-Identifier: Apache-2.0
//
// See target.h. Authorities are cut, not interpreted: percent-encodings, empty hosts and odd
// characters are refused here; names and addresses are judged by base/host.
#include "proxy/http/target.h"

#include "proxy/base/address.h"
#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

// 1-65535 in digits; at most five, so that no leading zeros hide a longer number.
Result<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text, 65535);
  if (!port || *port == 0 || text.size() > 5) {
    return fail(Failure::BadPort);
  }
  return static_cast<std::uint16_t>(*port);
}

Result<Authority> cut_bracketed(std::string_view text, std::string_view& rest) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) {
    return fail(Failure::BadTarget);
  }
  Authority out;
  out.host = text.substr(1, end - 1);
  out.bracketed = true;
  const auto address = IpAddress::parse(out.host);
  if (!address || out.host.find(':') == std::string_view::npos) {
    return fail(Failure::BadTarget);
  }
  rest = text.substr(end + 1);
  return out;
}

Result<Authority> cut_name(std::string_view text, std::string_view& rest) {
  const std::size_t end = std::min(text.find(':'), text.size());
  Authority out;
  out.host = text.substr(0, end);
  if (out.host.empty() || !all(out.host, kHostChar)) {
    return fail(Failure::BadTarget);
  }
  rest = text.substr(end);
  return out;
}

Result<Target> parse_absolute(std::string_view text, const RequestHead& head, Arena& arena) {
  constexpr std::string_view kHttp = "http://";
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is(text[0], kAlpha)) {
    return fail(Failure::BadTarget);
  }
  if (!starts_with_ignoring_case(text, kHttp)) {
    const bool other_scheme = text.substr(colon).starts_with("://");
    return fail(other_scheme ? Failure::UnsupportedScheme : Failure::BadTarget);
  }
  const std::string_view rest = text.substr(kHttp.size());
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = parse_authority(rest.substr(0, end));
  if (!authority) {
    return fail(authority.error());
  }
  Target out;
  out.form = TargetForm::Absolute;
  out.authority = *authority;
  out.path = rest.substr(end);
  if (out.path.empty()) {
    // RFC 9112 3.2.4: OPTIONS without a path means the server as a whole.
    out.path = head.method_id == Method::Options ? "*" : "/";
  } else if (out.path[0] == '?') {
    out.path = arena.join({"/", out.path});
  }
  return out;
}

}  // namespace

Result<Authority> parse_authority(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    return fail(Failure::UserinfoInTarget);
  }
  std::string_view rest;
  auto out = text.starts_with('[') ? cut_bracketed(text, rest) : cut_name(text, rest);
  if (!out) {
    return out;
  }
  out->text = rest == ":" ? text.substr(0, text.size() - 1) : text;
  if (rest.empty() || rest == ":") {
    return out;
  }
  if (rest[0] != ':') {
    return fail(Failure::BadTarget);
  }
  const auto port = parse_port(rest.substr(1));
  if (!port) {
    return fail(port.error());
  }
  out->port = *port;
  return out;
}

Result<Authority> parse_authority_form(std::string_view text) {
  const auto out = parse_authority(text);
  if (out && out->port == 0) {
    return fail(text.find_first_of("/?") == std::string_view::npos ? Failure::BadPort
                                                                   : Failure::BadTarget);
  }
  return out;
}

Result<Target> parse_target(const RequestHead& head, Arena& arena) {
  const std::string_view text = head.target;
  if (head.method_id == Method::Connect) {
    const auto authority = parse_authority_form(text);
    if (!authority) {
      return fail(authority.error());
    }
    return Target{TargetForm::Authority, *authority, {}};
  }
  if (text == "*") {
    return head.method_id == Method::Options ? Result<Target>(Target{TargetForm::Asterisk, {}, "*"})
                                             : fail(Failure::BadTarget);
  }
  if (text.starts_with('/')) {
    return Target{TargetForm::Origin, {}, text};
  }
  return parse_absolute(text, head, arena);
}

Failure check_host(const RequestHead& head) {
  const std::size_t count = head.fields.count(FieldId::Host);
  if (count > 1 || (count == 0 && head.minor >= 1)) {
    return Failure::BadHost;
  }
  if (count == 0) {
    return Failure::None;
  }
  const std::string_view value = head.fields.value(FieldId::Host);
  // An empty Host is valid where the target has no authority of its own (RFC 9112 3.2).
  if (value.empty()) {
    return head.target.starts_with('/') || head.target == "*" ? Failure::None : Failure::BadHost;
  }
  return parse_authority(value) ? Failure::None : Failure::BadHost;
}

}  // namespace weir::http
