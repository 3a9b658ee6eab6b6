// SPDX-License-Identifier: Apache-2.0
//
// See read_name.h. What is wrong with a name is found out only after normalise_host has refused it,
// so that good names, of which there may be a million, never pay for it.
#include "filters/lists/read_name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "filters/lists/symbol_label.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

bool foreign(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

// An IPv6 address without brackets, or an attempt at one: "host:8080" is something else.
bool looks_like_six(std::string_view text) {
  return std::ranges::count(text, ':') > 1 &&
         std::ranges::all_of(text, [](char c) { return is(c, kHexDigit) || c == ':' || c == '.'; });
}

// A byte as a report may show it.
std::string shown(char c) {
  if (c > 0x20 && c < 0x7f) {
    return std::string("'") + c + "'";
  }
  return c == ' ' || c == '\t' ? "white space" : "a control character";
}

std::string why_not(std::string_view name) {
  std::size_t label = 0;
  for (std::size_t n = 0; n <= name.size(); ++n) {
    if (n < name.size() && name[n] != '.') {
      if (!is(name[n], kHostChar)) {
        return "a host name holds " + shown(name[n]);
      }
      continue;
    }
    if (n == label) {
      return "a host name has an empty label";
    }
    if (n - label > kLabelLimit) {
      return "a label is longer than 63 bytes";
    }
    label = n + 1;
  }
  return name.size() > kHostNameLimit ? "a host name is longer than 253 bytes"
                                      : "it ends in a number and is no IPv4 address";
}

int idna(std::string_view text, std::string& out) {
  char* raw = nullptr;
  const int code =
      idn2_to_ascii_8z(std::string(text).c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&idn2_free)> owner(raw, idn2_free);
  if (code == IDN2_OK) {
    out += raw;
  }
  return code;
}

// Label by label, for names that have symbols in some.
int with_symbols(std::string_view text, std::string& out) {
  for (bool more = true; more;) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (const auto symbols = symbol_label(label)) {
      out += *symbols;
    } else if (const int code = label.empty() ? IDN2_OK : idna(label, out); code != IDN2_OK) {
      return code;
    }
    more = dot != std::string_view::npos;
    out += more ? "." : "";
    text.remove_prefix(more ? dot + 1 : 0);
  }
  return IDN2_OK;
}

}  // namespace

tl::expected<std::string_view, std::string> to_ascii(std::string_view text, Arena& arena) {
  // Four bytes of UTF-8 never make less than one of the result: longer cannot become a name.
  if (text.size() > 4 * kHostNameLimit) {
    return tl::unexpected<std::string>("a host name is longer than 253 bytes");
  }
  if (text.find('\0') != std::string_view::npos) {
    return tl::unexpected<std::string>("a host name holds a control character");
  }
  std::string out;
  int code = idna(text, out);
  if (code == IDN2_DISALLOWED) {
    code = with_symbols(text, out);
  }
  if (code != IDN2_OK) {
    return tl::unexpected(std::string("it is no internationalised name: ") + idn2_strerror(code));
  }
  return arena.copy(out);
}

tl::expected<ListName, std::string> read_name(std::string_view text, Arena& arena) {
  ListName out;
  const std::size_t mark = text.starts_with("*.") ? 2 : text.starts_with('.') ? 1 : 0;
  out.dotted = mark != 0;
  text.remove_prefix(mark);
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) {
    text = text.substr(1, text.size() - 2);
  }
  if (std::ranges::any_of(text, foreign)) {
    const auto ascii = to_ascii(text, arena);
    if (!ascii) {
      return tl::unexpected(ascii.error());
    }
    text = *ascii;
  }
  const bool six = bracketed || looks_like_six(text);
  const auto host = normalise_host(text, six, arena);
  if (!host) {
    return tl::unexpected(six ? "it is no IPv6 address" : why_not(text));
  }
  out.name = host->name;
  out.address = host->address.has_value();
  return out;
}

}  // namespace weir::filters
