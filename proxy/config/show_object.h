// SPDX-License-Identifier: Apache-2.0
//
// One JSON object on one line, member by member; what settings and policies are shown with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/problem.h"

namespace weir {

// [a, b, c], each item by `show`.
template <class Items, class Show>
std::string shown_list(const Items& items, Show show) {
  std::string out;
  for (const auto& item : items) {
    out += (out.empty() ? "" : ", ") + show(item);
  }
  return "[" + out + "]";
}

// The same, but an only item stands alone.
template <class Items, class Show>
std::string shown_values(const Items& items, Show show) {
  return items.size() == 1 ? show(items.front()) : shown_list(items, show);
}

class ShownObject {
 public:
  // `json` is a complete value.
  void put(std::string_view name, const std::string& json) {
    out_ += (out_.empty() ? "" : ", ") + json_text(name) + ": " + json;
  }
  void put_if(bool there, std::string_view name, const std::string& json) {
    if (there) {
      put(name, json);
    }
  }
  void put_text(std::string_view name, const std::string& text) {
    put_if(!text.empty(), name, json_text(text));
  }
  template <class Items, class Show>
  void put_list(std::string_view name, const Items& items, Show show) {
    put_if(!items.empty(), name, shown_list(items, show));
  }
  std::string take() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

}  // namespace weir
