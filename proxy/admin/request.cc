// SPDX-License-Identifier: Apache-2.0
//
// See request.h.
#include "proxy/admin/request.h"

#include "proxy/base/ascii.h"
#include "proxy/observe/json_writer.h"

namespace weir::admin {
namespace {

// As forms encode it: "+" is a space. Nothing when a "%" is not followed by two digits.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || !all(digits, kHexDigit)) {
      return std::nullopt;
    }
    out += static_cast<char>(hex_value(digits[0]) * 16 + hex_value(digits[1]));
    at += 2;
  }
  return out;
}

}  // namespace

bool well_encoded(std::string_view query) {
  return decoded(query).has_value();
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t sign = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, sign)) == name) {
      return decoded(pair.substr(std::min(sign + 1, pair.size())));
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Request::number(std::string_view name, std::uint64_t fallback,
                                             std::uint64_t most) const {
  const auto text = parameter(name);
  const auto value = text ? parse_decimal(*text) : fallback;
  return value && *value <= most ? value : std::nullopt;
}

Reply refuse(std::uint16_t status, std::string_view sentence) {
  JsonWriter json;
  json.open_object();
  json.name("error").text(sentence);
  json.close_object();
  Reply reply;
  reply.status = status;
  reply.body = json.written() + "\n";
  return reply;
}

}  // namespace weir::admin
