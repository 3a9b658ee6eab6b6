// SPDX-License-Identifier: Apache-2.0
//
// See asked.h.
#include "proxy/cli/asked.h"

#include "filters/classify.h"
#include "filters/url.h"
#include "proxy/cli/json_reader.h"

namespace weir::cli {
namespace {

std::string_view nth_value(const void* from, std::string_view name, std::size_t nth) {
  const auto mark = AskedField::mark_of(name);
  for (const AskedField& field : *static_cast<const AskedFields*>(from)) {
    if (field.mark == mark && (field.name == name || same_ignoring_case(field.name, name)) &&
        nth-- == 0) {
      return field.value;
    }
  }
  return {};
}

// A value is a text, or a list of texts for a field that comes several times.
bool read_field(JsonReader& json, std::string_view name, AskedFields& fields) {
  const auto read_one = [&] {
    const auto value = json.text();
    if (value) {
      fields.push_back({name, *value});
    }
    return value.has_value();
  };
  return json.kind() == '[' ? json.items(read_one) : read_one();
}

bool read_member(JsonReader& json, std::string_view name, Asked& asked) {
  if (name == "i") {
    const auto index = json.raw();
    asked.index = index.value_or("");
    return index.has_value();
  }
  if (name == "headers") {
    return json.members(
        [&](std::string_view field) { return read_field(json, field, asked.fields); });
  }
  std::string_view* const into = name == "url"        ? &asked.url
                                 : name == "method"   ? &asked.method
                                 : name == "client"   ? &asked.client
                                 : name == "user"     ? &asked.user
                                 : name == "listener" ? &asked.listener
                                                      : nullptr;
  if (into == nullptr) {
    return json.raw().has_value();
  }
  const auto value = json.text_or_null();
  *into = value.value_or("");
  return value.has_value();
}

}  // namespace

filters::FieldLookup look_up(const AskedFields& fields) {
  return {&fields, &nth_value};
}

void Asked::clear() {
  AskedFields kept = std::move(fields);
  kept.clear();
  *this = Asked{};
  fields = std::move(kept);
}

tl::expected<void, std::string> read_asked(std::string_view line, Arena& arena, Asked& asked) {
  asked.clear();
  JsonReader json(line, arena);
  const bool read =
      json.members([&](std::string_view name) { return read_member(json, name, asked); });
  if (!read || !json.finished()) {
    return tl::unexpected(json.fault());
  }
  if (asked.url.empty()) {
    return tl::unexpected(std::string("it has no url"));
  }
  if (asked.method.empty()) {
    asked.method = "GET";
  }
  return {};
}

bool describe(const Asked& asked, Arena& arena, filters::Subject& subject) {
  subject.method = asked.method;
  subject.request = look_up(asked.fields);
  if (!filters::parse_url(asked.url, subject, arena)) {
    return false;
  }
  if (subject.scheme == "https" && !subject.host_only && !subject.host_address) {
    subject.server_name = subject.host;  // rules see what a tunnel carries once it was greeted so
  }
  describe_fields(arena, subject);
  return true;
}

// A request that speaks of no body has none (RFC 9112 6.3).
void describe_fields(Arena& arena, filters::Subject& subject) {
  const std::string_view length = subject.request.value("content-length");
  const bool silent = length.data() == nullptr && !subject.request.has("transfer-encoding");
  subject.request_length = silent ? std::optional<std::uint64_t>(0) : parse_decimal(length);
  filters::classify(subject, arena);
}

}  // namespace weir::cli
