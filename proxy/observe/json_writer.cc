// SPDX-License-Identifier: Apache-2.0
//
// See json_writer.h.
#include "proxy/observe/json_writer.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "proxy/observe/escape.h"

namespace weir {
namespace {

constexpr std::size_t kGrowthMost = 6;  // \u0000 for one byte

bool plain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {  // also all that is not ASCII
      return false;
    }
  }
  return true;
}

}  // namespace

void JsonWriter::clear() {
  out_.clear();
  filled_.clear();
  named_ = false;
}

void JsonWriter::new_line() {
  if (indented_) {
    out_ += '\n';
    out_.append(filled_.size() * 2, ' ');
  }
}

void JsonWriter::before_value() {
  if (named_) {
    named_ = false;
    return;
  }
  if (!filled_.empty()) {
    if (filled_.back()) {
      out_ += ',';
    }
    filled_.back() = true;
    new_line();
  }
}

JsonWriter& JsonWriter::name(std::string_view name) {
  text(name);
  out_ += indented_ ? ": " : ":";
  named_ = true;
  return *this;
}

void JsonWriter::text(std::string_view value) {
  before_value();
  out_ += '"';
  if (plain(value)) {
    out_ += value;
  } else {
    const std::size_t start = out_.size();
    out_.resize(start + value.size() * kGrowthMost);
    Line line(std::span<char>(out_.data() + start, out_.size() - start));
    put_json(line, value, line.left());
    out_.resize(start + line.size());
  }
  out_ += '"';
}

void JsonWriter::number(std::uint64_t value) {
  before_value();
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out_.append(digits.data(), end);
}

void JsonWriter::real(double value, int decimals) {
  before_value();
  std::array<char, 48> digits{};
  const int size = std::snprintf(digits.data(), digits.size(), "%.*f", decimals, value);
  out_.append(digits.data(), static_cast<std::size_t>(size));
}

void JsonWriter::flag(bool value) {
  before_value();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  before_value();
  out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  before_value();
  out_ += json;
}

void JsonWriter::open(char c) {
  before_value();
  out_ += c;
  filled_.push_back(false);
}

void JsonWriter::close(char c) {
  const bool filled = filled_.back();
  filled_.pop_back();
  if (filled) {
    new_line();
  }
  out_ += c;
}

}  // namespace weir
