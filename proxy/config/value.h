// SPDX-License-Identifier: Apache-2.0
//
// What stands in a JSON file, as a plain tree that remembers where each thing was written. It lies
// between the JSON library (load.cc alone knows it) and the settings, so that the readers of
// settings know nothing of either the library or the text. Depth and size were capped before a
// tree is built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

enum class ValueKind : std::uint8_t { Null, Flag, Number, Text, List, Object };

struct Member;

struct Value {
  ValueKind kind = ValueKind::Null;
  bool flag = false;
  bool whole = false;           // Number: `count` holds it exactly
  std::uint32_t offset = 0;     // of its first byte in the file
  std::uint64_t count = 0;      // Number, if whole
  double number = 0;            // Number, any
  std::string text;             // Text, decoded
  std::vector<Value> items;     // List
  std::vector<Member> members;  // Object, in the order written; keys are unique

  // The member of an object by its name; nothing if this is no object or has no such member.
  const Value* find(std::string_view name) const;
  // The item of a list; nothing if this is no list or ends before.
  const Value* item(std::size_t index) const;
};

struct Member {
  std::string name;
  std::uint32_t offset = 0;  // of the name
  Value value;
};

inline const Value* Value::find(std::string_view name) const {
  for (const Member& member : members) {
    if (member.name == name) {
      return &member.value;
    }
  }
  return nullptr;
}

inline const Value* Value::item(std::size_t index) const {
  return index < items.size() ? &items[index] : nullptr;
}

}  // namespace weir
