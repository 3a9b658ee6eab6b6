// SPDX-License-Identifier: Apache-2.0
//
// See printable.h.
#include "proxy/cli/printable.h"

#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "proxy/base/utf8.h"

namespace weir::cli {
namespace {

// Characters, not bytes: what continues one takes no column.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string spaces(std::string_view text, std::size_t width) {
  const std::size_t taken = columns(text);
  return std::string(taken < width ? width - taken : 0, ' ');
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char32_t value = length == 0 ? 0 : utf8_value(text, length);
    const bool shown = value >= 0x20 && (value < 0x7f || value >= 0xa0);
    const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    for (const char c : piece) {
      const auto byte = static_cast<unsigned char>(c);
      out += shown ? std::string(1, c) : std::string{'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + spaces(text, width);
}

std::string right(std::string_view text, std::size_t width) {
  return spaces(text, width) + std::string(text);
}

std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) {
    out.insert(at - 3, ",");
  }
  return out;
}

std::string counted(std::uint64_t number, std::string_view word) {
  return grouped(number) + " " + std::string(word) + (number == 1 ? "" : "s");
}

std::string bytes_text(double bytes) {
  const std::pair<double, const char*> units[] = {
      {1024.0 * 1024 * 1024, "GiB"}, {1024.0 * 1024, "MiB"}, {1024, "KiB"}};
  for (const auto& [size, name] : units) {
    if (bytes >= size) {
      char text[32];
      std::snprintf(text, sizeof text, "%.1f %s", bytes / size, name);
      return text;
    }
  }
  return std::to_string(static_cast<std::uint64_t>(bytes)) + " B";
}

bool wants_colour() {
  const char* const refused = std::getenv("NO_COLOR");
  return (refused == nullptr || *refused == '\0') && ::isatty(STDOUT_FILENO) == 1;
}

int print(std::string_view text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return whole && std::fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

}  // namespace weir::cli
