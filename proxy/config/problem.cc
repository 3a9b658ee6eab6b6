// SPDX-License-Identifier: Apache-2.0
//
// See problem.h. Whatever is quoted from a file was written by somebody else and may end up on a
// terminal: control characters never pass.
#include "proxy/config/problem.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr std::size_t kQuotedMost = 60;
constexpr std::size_t kGuessMost = 64;  // longer words are not mistyped names of settings

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// One character as it may stand inside a JSON string.
void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (byte < 0x20 || byte == 0x7f) {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += c;
  }
}

std::size_t distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: two back, one back, this one.
  std::array<std::array<std::size_t, kGuessMost + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) {
    rows[0][j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& now = rows[i % 3];
    const auto& last = rows[(i - 1) % 3];
    const auto& before = rows[(i + 1) % 3];
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::string Problem::text() const {
  std::string out = file;
  if (line != 0) {
    out += ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  out += ": ";
  if (!path.empty()) {
    out += path + ": ";
  }
  out += message;
  if (!remedy.empty()) {
    out += " " + remedy;
  }
  return out;
}

void Problems::add(std::size_t offset, std::string path, std::string message, std::string remedy) {
  if (found_.size() == kMost) {
    ++beyond_;
    return;
  }
  found_.push_back({offset, {{}, 0, 0, std::move(path), std::move(message), std::move(remedy)}});
}

void Problems::add_unknown(std::size_t offset, std::string path, std::string_view name,
                           const NameKind& kind) {
  const std::string_view near = nearest(name, kind.known);
  add(offset, std::move(path), "there is no " + std::string(kind.word) + " " + quote(name) + ".",
      near.empty() ? "Describe it in " + std::string(kind.where) + "."
                   : "Did you mean " + quote(near) + "?");
}

bool Problems::spares(std::string_view path) const {
  return beyond_ == 0 && std::ranges::none_of(found_, [path](const Found& found) {
           return std::string_view(found.problem.path).starts_with(path);
         });
}

std::vector<Problem> Problems::take(std::string_view text, std::string_view file) {
  std::ranges::stable_sort(found_, {}, &Found::offset);
  std::vector<Problem> out;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::size_t at = 0;
  for (Found& found : found_) {
    for (; at < std::min(found.offset, text.size()); ++at) {
      line += text[at] == '\n' ? 1 : 0;
      column = text[at] == '\n' ? 1 : column + (is_continuation(text[at]) ? 0 : 1);
    }
    found.problem.file = file;
    found.problem.line = line;
    found.problem.column = column;
    out.push_back(std::move(found.problem));
  }
  if (beyond_ != 0) {
    out.push_back({std::string(file),
                   line,
                   column,
                   {},
                   std::to_string(beyond_) + " more problems are not shown.",
                   {}});
  }
  found_.clear();
  beyond_ = 0;
  return out;
}

std::string quote(std::string_view text) {
  std::size_t length = std::min(text.size(), kQuotedMost);
  while (length > 0 && length < text.size() && is_continuation(text[length])) {
    --length;
  }
  std::string out = "\"";
  for (const char c : text.substr(0, length)) {
    append_escaped(out, c);
  }
  return out + (length < text.size() ? "...\"" : "\"");
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    append_escaped(out, c);
  }
  return out + "\"";
}

std::string step(std::string_view path, std::string_view name) {
  const bool plain = !name.empty() && name.size() <= kQuotedMost && all(name, kTchar) &&
                     name.find('.') == std::string_view::npos;
  if (!plain) {
    return std::string(path) + "[" + quote(name) + "]";
  }
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

std::string step(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (word.size() > kGuessMost || candidate.size() > kGuessMost) {
      continue;
    }
    const std::size_t far = distance(word, candidate);
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}

}  // namespace weir
