// SPDX-License-Identifier: Apache-2.0
//
// See tree.h. The order is the defence: size, then bytes (UTF-8), then shape (scan.h: grammar,
// depth, number of values), and only then the JSON library, which turns escapes and digits into
// text and numbers. Its events arrive in the order in which the scanner saw the values, so that
// the n-th value of one is the n-th of the other: that is where positions come from.
#include "proxy/config/tree.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "proxy/config/scan.h"

namespace weir {
namespace {

using Json = nlohmann::json;

// Builds our tree from the library's events. Containers are kept by value on a stack until they
// close, so nothing points into a vector that may grow.
class TreeBuilder final : public Json::json_sax_t {
 public:
  TreeBuilder(const Scan& scan, Problems& problems) : scan_(scan), problems_(problems) {}

  bool null() override { return put(next(ValueKind::Null)); }
  bool boolean(bool flag) override {
    Value value = next(ValueKind::Flag);
    value.flag = flag;
    return put(std::move(value));
  }
  bool number_integer(number_integer_t number) override {
    Value value = next(ValueKind::Number);
    value.number = static_cast<double>(number);
    value.whole = number >= 0;
    value.count = number >= 0 ? static_cast<std::uint64_t>(number) : 0;
    return put(std::move(value));
  }
  bool number_unsigned(number_unsigned_t number) override {
    Value value = next(ValueKind::Number);
    value.number = static_cast<double>(number);
    value.whole = true;
    value.count = number;
    return put(std::move(value));
  }
  bool number_float(number_float_t number, const string_t&) override {
    Value value = next(ValueKind::Number);
    value.number = number;
    return put(std::move(value));
  }
  bool string(string_t& text) override {
    Value value = next(ValueKind::Text);
    value.text = std::move(text);
    return put(std::move(value));
  }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(ValueKind::Object); }
  bool start_array(std::size_t) override { return open(ValueKind::List); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override;

  Value take() { return std::move(root_); }

 private:
  struct Open {
    Value value;
    Member member;                // Object: the one whose value is awaited
    std::set<std::string> names;  // Object: those seen
    bool twice = false;           // the awaited member was there before: dropped
  };

  Value next(ValueKind kind) {
    Value value;
    value.kind = kind;
    value.offset = scan_.values.at(values_++);
    return value;
  }
  bool open(ValueKind kind) {
    open_.emplace_back().value = next(kind);
    return true;
  }
  bool close() {
    Value done = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(done));
  }
  bool put(Value value);
  std::string path_to(const std::string& name) const;

  const Scan& scan_;
  Problems& problems_;
  std::size_t values_ = 0;
  std::size_t names_ = 0;
  std::vector<Open> open_;
  Value root_;
};

bool TreeBuilder::put(Value value) {
  if (open_.empty()) {
    root_ = std::move(value);
    return true;
  }
  Open& top = open_.back();
  if (top.value.kind == ValueKind::List) {
    top.value.items.push_back(std::move(value));
  } else if (!top.twice) {
    top.member.value = std::move(value);
    top.value.members.push_back(std::move(top.member));
  }
  return true;
}

bool TreeBuilder::key(string_t& name) {
  Open& top = open_.back();
  const std::size_t offset = scan_.names.at(names_++);
  top.twice = !top.names.insert(name).second;
  if (top.twice) {
    problems_.add(offset, path_to(name), "stands here a second time.",
                  "Remove one of the two: only one could count.");
  }
  top.member = Member{std::move(name), static_cast<std::uint32_t>(offset), {}};
  return true;
}

bool TreeBuilder::parse_error(std::size_t position, const std::string&,
                              const nlohmann::detail::exception&) {
  // The scanner has seen the grammar; what is left is a number beyond every range.
  problems_.add(position == 0 ? 0 : position - 1, {}, "this number is out of range.",
                "Write a smaller one.");
  return false;
}

std::string TreeBuilder::path_to(const std::string& name) const {
  std::string path;
  for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
    path = open_[i].value.kind == ValueKind::List ? step(path, open_[i].value.items.size())
                                                  : step(path, open_[i].member.name);
  }
  return step(path, name);
}

bool has_good_bytes(std::string_view text, Problems& problems) {
  if (text.size() > kJsonBytesMost) {
    problems.add(0, {}, "the configuration is larger than 16MiB.",
                 "Move long lists out of the configuration.");
    return false;
  }
  if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) {
    problems.add(bad, {}, "this is not valid UTF-8.", "Save the file as UTF-8.");
    return false;
  }
  // The library takes a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    problems.add(zero, {}, "there is a zero byte here.", "Save the file as plain text.");
    return false;
  }
  return true;
}

}  // namespace

std::optional<Value> read_tree(std::string_view text, Problems& problems) {
  if (!has_good_bytes(text, problems)) {
    return std::nullopt;
  }
  const Scan scan = scan_json(text);
  if (!scan.message.empty()) {
    problems.add(scan.offset, {}, scan.message, scan.remedy);
    return std::nullopt;
  }
  TreeBuilder builder(scan, problems);
  const bool done = Json::sax_parse(text.begin(), text.end(), &builder,
                                    nlohmann::detail::input_format_t::json, true, true);
  return done ? std::optional(builder.take()) : std::nullopt;
}

tl::expected<std::string, FileFault> read_text_file(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return tl::unexpected(FileFault{"there is no such file.", "Check the path."});
  }
  if (kind == std::filesystem::file_type::directory) {
    return tl::unexpected(FileFault{"this is a directory.", "Name the file in it."});
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kJsonBytesMost + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return tl::unexpected(FileFault{"this file cannot be opened.",
                                    "The user that weir runs as must be able to read it."});
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace weir
