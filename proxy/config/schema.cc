// SPDX-License-Identifier: Apache-2.0
//
// See schema.h: the JSON Schema. It is written as text, row by row, so that it keeps the order of
// the table and needs no JSON library.
#include "proxy/config/schema.h"

#include <string_view>

#include "proxy/config/json_lines.h"
#include "proxy/config/policy_schema.h"
#include "proxy/config/settings_table.h"

namespace weir {

using enum SettingKind;

namespace {

constexpr std::string_view kSizePattern = "^[0-9]+(B|KiB|MiB|GiB|TiB)$";
constexpr std::string_view kDurationPattern = "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)$";

std::string seconds(std::uint64_t micros) {
  const std::string whole = std::to_string(micros / kSecond);
  const std::string part = std::to_string(micros % kSecond + kSecond).substr(1);
  return part == "000000" ? whole : whole + "." + part;
}

std::string typed(std::string_view type) {
  return "{\"type\": " + json_text(type) + "}";
}

// { "type": type, "minimum": .., "maximum": .. } beside text of a pattern.
void put_number_or_text(JsonLines& out, std::string_view type, const std::string& least,
                        const std::string& most, std::string_view pattern) {
  out.open("anyOf", '[');
  out.put("", "{\"type\": " + json_text(type) + ", \"minimum\": " + least +
                  ", \"maximum\": " + most + "}");
  out.put("", "{\"type\": \"string\", \"pattern\": " + json_text(pattern) + "}");
  out.close();
}

void put_list(JsonLines& out, const SettingRow& row, const std::string& item) {
  if (row.single) {
    out.open("anyOf", '[');
    out.put("", item);
    out.open("", '{');
  }
  out.put("type", "\"array\"");
  if (row.least > 0) {
    out.put("minItems", std::to_string(row.least));
  }
  out.put("items", item);
  if (row.single) {
    out.close();
    out.close();
  }
}

void put_members(JsonLines& out, std::string_view prefix);

void put_objects(JsonLines& out, const SettingRow& row) {
  const bool plain = row.path == "listen";  // the one list whose objects may be plain text
  const std::string members = std::string(row.path) + "[].";
  if (row.single) {
    out.open("anyOf", '[');
    out.open("", '{');
    put_members(out, members);
    out.close();
    out.open("", '{');
  }
  out.put("type", "\"array\"");
  out.open("items", '{');
  if (plain) {
    out.open("anyOf", '[');
    out.put("", typed("string"));
    out.open("", '{');
  }
  put_members(out, members);
  if (plain) {
    out.close();
    out.close();
  }
  out.close();
  if (row.single) {
    out.close();
    out.close();
  }
}

void put_words(JsonLines& out, const SettingRow& row) {
  out.open("enum", '[');
  for (const std::string_view word : words_of(row)) {
    out.put("", json_text(word));
  }
  out.close();
}

void put_text(JsonLines& out, const SettingRow& row) {
  out.put("type", "\"string\"");
  if (row.least > 0) {
    out.put("minLength", std::to_string(row.least));
  }
  out.put("maxLength", std::to_string(row.most));
}

void put_type(JsonLines& out, const SettingRow& row) {
  switch (row.kind) {
    case Flag:
      return out.put("type", "\"boolean\"");
    case Number:
      out.put("type", "\"integer\"");
      out.put("minimum", std::to_string(row.least));
      return out.put("maximum", std::to_string(row.most));
    case Size:
      return put_number_or_text(out, "integer", std::to_string(row.least), std::to_string(row.most),
                                kSizePattern);
    case Duration:
      return put_number_or_text(out, "number", seconds(row.least), seconds(row.most),
                                kDurationPattern);
    case Word:
      return put_words(out, row);
    case Text:
      return put_text(out, row);
    case TextList:
    case Prefixes:
    case Endpoints:
      return put_list(out, row, typed("string"));
    case Ports:
      return put_list(out, row, R"({"type": "integer", "minimum": 1, "maximum": 65535})");
    case Hosts:
      out.put("type", "\"object\"");
      return out.put("additionalProperties",
                     R"({"type": "array", "minItems": 1, "items": {"type": "string"}})");
    case Objects:
      return put_objects(out, row);
    case When:
      return out.put("$ref", R"("#/$defs/when")");
    case Then:
      return out.put("$ref", R"("#/$defs/then")");
  }
}

void put_row(JsonLines& out, std::string_view name, const SettingRow& row) {
  out.open(name, '{');
  out.put("description", json_text(row.reason));
  put_type(out, row);
  if (!row.fallback.empty()) {
    out.put("default", row.fallback);
  }
  if (row.secret) {
    out.put("writeOnly", "true");
  }
  out.close();
}

// The members of an object, the rows whose path starts with `prefix`, and what must be there.
void put_members(JsonLines& out, std::string_view prefix) {
  std::vector<std::string_view> required;
  out.put("type", "\"object\"");
  out.open("properties", '{');
  for (const SettingRow& row : setting_rows()) {
    if (!row.path.starts_with(prefix)) {
      continue;
    }
    const std::string_view name = row.path.substr(prefix.size());
    if (name.find("[]") == name.npos) {  // else it is a member of a member
      put_row(out, name, row);
      if (row.fallback.empty()) {
        required.push_back(name);
      }
    }
  }
  out.close();
  if (!required.empty()) {
    out.open("required", '[');
    for (const std::string_view name : required) {
      out.put("", json_text(name));
    }
    out.close();
  }
  out.put("additionalProperties", "false");
}

void put_section(JsonLines& out, std::string_view name) {
  out.open(name, '{');
  out.put("description", json_text(find_section(name)->reason));
  put_members(out, std::string(name) + ".");
  out.close();
}

}  // namespace

std::string settings_schema() {
  JsonLines out;
  out.open("", '{');
  out.put("$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
  out.put("title", "\"Configuration of Weir\"");
  out.put("type", "\"object\"");
  out.open("properties", '{');
  out.put("$schema", R"({"description": "For editors; means nothing to Weir."})");
  std::string_view section;
  for (const SettingRow& row : setting_rows()) {
    const std::string_view first = row.path.substr(0, row.path.find('.'));
    if (first == row.path) {
      put_row(out, row.path, row);
    } else if (first != section && find_section(first) != nullptr) {
      section = first;
      put_section(out, section);
    }
  }
  out.close();
  out.put("additionalProperties", "false");
  put_policy_definitions(out);
  out.close();
  return out.take();
}

}  // namespace weir
