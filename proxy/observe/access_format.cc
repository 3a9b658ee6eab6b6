// SPDX-License-Identifier: Apache-2.0
//
// Format strings to operations, and operations to lines. Every operation knows how many bytes those
// after it need at least, so a value takes what is left and the line is whole whatever a stranger
// sends. See access_format.h.
#include "proxy/observe/access_format.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr std::string_view kSquid =
    "%13{end_epoch} %6{total_ms} %{client} %{result}/%{status} %{bytes_to_client} %{squid_method} "
    "%{squid_url} %{user} %{hierarchy}/%{peer} %{type}";
constexpr std::string_view kCombined =
    "%{client} - %{user} [%{date}] \"%{request}\" %{status} %{body_to_client} \"%{referer}\" "
    "\"%{user_agent}\"";
constexpr std::string_view kNewline = "\n";
constexpr std::uint64_t kMostWidth = 64;

std::size_t most_of(FieldSize size) {
  switch (size) {
    case FieldSize::Small:
      return kSmallField;
    case FieldSize::Text:
      return kTextField;
    case FieldSize::Url:
      return kUrlField;
  }
  return kSmallField;
}

// A text that cannot be compiled, at a place counted from 1.
std::string at_place(std::size_t offset, std::string_view what) {
  return "at character " + std::to_string(offset + 1) + ": " + std::string(what);
}

}  // namespace

class AccessFormat::Compiler {
 public:
  explicit Compiler(FieldStyle bare) : bare_style_(bare) {}

  tl::expected<AccessFormat, std::string> format_string(std::string_view text) {
    text_ = text;
    while (at_ < text_.size()) {
      const std::string trouble = text_[at_] == '%' ? percent() : character();
      if (!trouble.empty()) {
        return tl::unexpected(trouble);
      }
    }
    if (!has_field_) {
      return tl::unexpected(std::string(
          "the format names no field; write squid, combined, json, or text with %{field} in it"));
    }
    return finish();
  }

  tl::expected<AccessFormat, std::string> json() {
    std::string_view before = "{\"";
    for (const AccessField& known : access_fields()) {
      if (known.in_json) {
        literal(before);
        literal(known.name);
        literal("\":");
        field(known, FieldStyle::Json, 0);
        before = ",\"";
      }
    }
    literal("}");
    return finish();
  }

 private:
  std::string character() {
    const char c = text_[at_];
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      return at_place(at_, "a format is one line without control characters");
    }
    quoted_ = quoted_ != (c == '"');
    literal(text_.substr(at_, 1));
    ++at_;
    return {};
  }

  // "%%", "%{name}" or "%12{name}".
  std::string percent() {
    const std::size_t start = at_++;
    if (text_.substr(at_).starts_with('%')) {
      literal("%");
      ++at_;
      return {};
    }
    const std::size_t brace = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const auto width = parse_decimal(text_.substr(at_, brace - at_), kMostWidth);
    if (brace == text_.size() || text_[brace] != '{') {
      return at_place(start, "'%' starts a field, as %{url}; a percent sign itself is written %%");
    }
    if (brace != at_ && !width) {
      return at_place(at_, "the width is more than 64");
    }
    const std::size_t close = text_.find('}', brace);
    if (close == std::string_view::npos) {
      return at_place(brace, "'{' has no '}' after it");
    }
    at_ = close + 1;
    return named(text_.substr(brace + 1, close - brace - 1), brace + 1, width.value_or(0));
  }

  std::string named(std::string_view name, std::size_t offset, std::uint64_t width) {
    const AccessField* found = find_access_field(name);
    if (found == nullptr) {
      std::string what = "there is no field \"";
      what.append(name.substr(0, 64)).append("\"; the nearest is \"");
      what.append(nearest_access_field(name).name).append("\"");
      return at_place(offset, what);
    }
    field(*found, quoted_ ? FieldStyle::Quoted : bare_style_, static_cast<std::uint8_t>(width));
    has_field_ = true;
    return {};
  }

  void field(const AccessField& known, FieldStyle style, std::uint8_t width) {
    Operation operation;
    operation.field = &known;
    operation.style = style;
    operation.width = width;
    format_.operations_.push_back(operation);
  }

  void literal(std::string_view text) {
    auto& operations = format_.operations_;
    const auto end = static_cast<std::uint32_t>(format_.literals_.size());
    format_.literals_.append(text);
    if (operations.empty() || operations.back().field != nullptr) {
      operations.emplace_back();
      operations.back().literal_at = end;
    }
    operations.back().literal_size += static_cast<std::uint32_t>(text.size());
  }

  // The marks that end a bare text field must not occur in one. (A letter or digit there is no
  // mark.)
  void escape_what_follows() {
    format_.bare_ = bare_style_ == FieldStyle::BareSlash ? kBareSlashBytes : kBareBytes;
    const auto& operations = format_.operations_;
    for (std::size_t i = 0; i + 1 < operations.size(); ++i) {
      const Operation& next = operations[i + 1];
      const AccessField* before = operations[i].field;
      if (before == nullptr || before->size == FieldSize::Small || next.field != nullptr) {
        continue;
      }
      const char mark = format_.literals_[next.literal_at];
      if (!is(mark, kDigit) && !is(mark, kAlpha)) {
        format_.bare_[static_cast<unsigned char>(mark)] = true;
      }
    }
  }

  static std::size_t least_of(const Operation& operation) {
    if (operation.field == nullptr) {
      return operation.literal_size;
    }
    return std::max<std::size_t>(kSmallField, operation.width);
  }

  tl::expected<AccessFormat, std::string> finish() {
    escape_what_follows();
    literal(kNewline);
    std::size_t reserve = 0;
    for (auto it = format_.operations_.rbegin(); it != format_.operations_.rend(); ++it) {
      it->reserve = static_cast<std::uint32_t>(std::min<std::size_t>(reserve, kMostLine));
      reserve += least_of(*it);
    }
    if (reserve > kMostLine) {
      return tl::unexpected(std::string("the format is too long"));
    }
    format_.smallest_room_ = reserve;
    return std::move(format_);
  }

  FieldStyle bare_style_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool quoted_ = false;
  bool has_field_ = false;
  AccessFormat format_;
};

tl::expected<AccessFormat, std::string> AccessFormat::compile(std::string_view description) {
  if (description == "squid") {
    return Compiler(FieldStyle::Bare).format_string(kSquid);
  }
  if (description == "combined") {
    return Compiler(FieldStyle::BareSlash).format_string(kCombined);
  }
  if (description == "json") {
    return Compiler(FieldStyle::Json).json();
  }
  return Compiler(FieldStyle::Bare).format_string(description);
}

bool AccessFormat::has(std::string_view field) const {
  return std::ranges::any_of(operations_, [field](const Operation& each) {
    return each.field != nullptr && each.field->name == field;
  });
}

void AccessFormat::write_field(const Operation& operation, const Record& record, Line& line,
                               FieldOut& out) {
  const std::size_t start = line.size();
  const std::size_t most = most_of(operation.field->size);
  out.place(operation.style, std::min(most, line.left() - operation.reserve));
  operation.field->write(record, out);
  if (operation.width != 0) {
    line.pad_left(start, operation.width);
  }
}

std::string_view AccessFormat::write(const Record& record, std::span<char> room) {
  WEIR_ASSERT(room.size() >= smallest_room_);
  Line line(room.first(std::min(room.size(), kMostLine)));
  FieldOut out(line, dates_, bare_);
  for (const Operation& operation : operations_) {
    if (operation.field == nullptr) {
      line.put(std::string_view(literals_).substr(operation.literal_at, operation.literal_size));
    } else {
      write_field(operation, record, line, out);
    }
  }
  return line.text();
}

}  // namespace weir
