// SPDX-License-Identifier: Apache-2.0
//
// See policy_schema.h. What only the loader can say (names that are not defined, two decisions,
// shapes of texts) is left to it.
#include "proxy/config/policy_schema.h"

#include "proxy/config/policy_table.h"

namespace weir {
namespace {

constexpr std::string_view kText = R"({"type": "string", "minLength": 1})";
constexpr std::string_view kAmount =
    R"({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]})";

std::string enumeration(std::string_view words) {
  std::string out;
  for (const std::string_view word : split_words(words)) {
    out += (out.empty() ? "" : ", ") + json_text(word);
  }
  return "{\"enum\": [" + out + "]}";
}

// {"type": "object", "properties": ..., nothing else}
std::string object(const std::string& properties) {
  return R"({"type": "object", "properties": {)" + properties +
         R"(}, "additionalProperties": false})";
}

std::string member(std::string_view name, std::string_view schema) {
  return json_text(name) + ": " + std::string(schema);
}

// The value, or a list of such values.
std::string one_or_several(const std::string& item) {
  return R"({"anyOf": [)" + item + R"(, {"type": "array", "minItems": 1, "items": )" + item + "}]}";
}

std::string either(const std::string& first, const std::string& second) {
  return R"({"anyOf": [)" + first + ", " + second + "]}";
}

std::string object_of(const std::string& value) {
  return R"({"type": "object", "minProperties": 1, "additionalProperties": )" + value + "}";
}

std::string condition_item(const ConditionRow& row) {
  switch (row.value) {
    case ConditionValue::Port:
      return either(R"({"type": "integer", "minimum": 1, "maximum": 65535})", std::string(kText));
    case ConditionValue::Status:
      return either(R"({"type": "integer", "minimum": 100, "maximum": 599})", std::string(kText));
    case ConditionValue::Range:
      return object(member("at_least", kAmount) + ", " + member("below", kAmount));
    case ConditionValue::Match:
      return object_of(one_or_several(R"({"type": ["boolean", "string"]})"));
    default:
      break;
  }
  const std::string_view words = form_of(row).words;
  return words.empty() ? std::string(kText) : enumeration(words);
}

std::string block_schema() {
  return object(member("status", R"({"type": "integer", "minimum": 200, "maximum": 599})") + ", " +
                member("page", kText) + ", " + member("message", kText) + ", " +
                member("body", enumeration("auto|page|empty|pixel")));
}

std::string redirect_schema() {
  return either(std::string(kText),
                object(member("to", kText) + ", " +
                       member("status", R"({"enum": [301, 302, 303, 307, 308]})")));
}

std::string bandwidth_schema() {
  return object(member("rate", kAmount) + ", " + member("burst", kAmount) + ", " +
                member("per", enumeration("connection|client|group|rule")));
}

std::string edit_schema() {
  return object(member("match", kText) + ", " + member("with", R"({"type": "string"})"));
}

std::string rewrite_schema() {
  return object(member("find", kText) + ", " + member("match", kText) + ", " +
                member("with", R"({"type": "string"})"));
}

std::string action_schema(const ActionRow& row) {
  constexpr std::string_view kTrue = R"({"const": true})";
  switch (row.value) {
    case ActionValue::Flag:
      return std::string(kTrue);
    case ActionValue::Block:
      return either(std::string(kTrue), block_schema());
    case ActionValue::Redirect:
      return redirect_schema();
    case ActionValue::Route:
    case ActionValue::Names:
    case ActionValue::Texts:
      return one_or_several(std::string(kText));
    case ActionValue::Fields:
      return object_of(one_or_several(R"({"type": "string"})"));
    case ActionValue::Edits:
      return object_of(one_or_several(edit_schema()));
    case ActionValue::Engines:
      return either(std::string(kTrue), one_or_several(enumeration(kSearchEngines)));
    case ActionValue::Youtube:
      return enumeration("moderate|strict");
    case ActionValue::Cache:
      return R"({"type": ["string", "number"]})";
    case ActionValue::Bandwidth:
      return bandwidth_schema();
    case ActionValue::Rewrites:
      return one_or_several(rewrite_schema());
    case ActionValue::Log:
      return enumeration("full|host|none");
  }
  return "true";
}

// The schema of a row with its sentence in front.
void put_row(JsonLines& out, std::string_view name, std::string_view sentence,
             std::string_view example, const std::string& schema) {
  out.put(name, "{\"description\": " + json_text(sentence) + ", \"examples\": [" +
                    std::string(example) + "], " + schema.substr(1));
}

void put_when(JsonLines& out) {
  constexpr std::string_view kRef = R"({"$ref": "#/$defs/when"})";
  out.open("when", '{');
  out.put("type", "\"object\"");
  out.open("properties", '{');
  for (const ConditionRow& row : condition_rows()) {
    put_row(out, row.name, row.sentence, form_of(row).example, one_or_several(condition_item(row)));
  }
  put_row(out, "any", "One of these holds.", R"([{"method": "POST"}, {"port": 8080}])",
          one_or_several(std::string(kRef)));
  put_row(out, "not", "None of these holds.", R"({"host": "www.example.com"})",
          one_or_several(std::string(kRef)));
  out.close();
  out.put("additionalProperties", "false");
  out.close();
}

void put_then(JsonLines& out) {
  out.open("then", '{');
  out.put("type", "\"object\"");
  out.put("minProperties", "1");
  out.open("properties", '{');
  for (const ActionRow& row : action_rows()) {
    put_row(out, row.name, row.sentence, example_of(row), action_schema(row));
  }
  out.close();
  out.put("additionalProperties", "false");
  out.close();
}

}  // namespace

void put_policy_definitions(JsonLines& out) {
  out.open("$defs", '{');
  put_when(out);
  put_then(out);
  out.close();
}

}  // namespace weir
