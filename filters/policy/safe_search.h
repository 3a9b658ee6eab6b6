// SPDX-License-Identifier: Apache-2.0
//
// What makes the known search engines and YouTube hide what is not for children: a query parameter
// or a field where the request can be seen, and where only the host is known, another host of the
// same service to connect to, whose certificate covers the name that was asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "filters/document.h"

namespace weir::filters {

enum class SearchEngine : std::uint8_t {
  Google,
  Bing,
  DuckDuckGo,
  Yandex,
  Brave,
  Ecosia,
  Qwant,
  Pixabay,
  Startpage,
  Yahoo,
};
constexpr std::uint32_t kAllEngines = 0x3ff;

struct SafeSearch {
  std::string_view service;  // "google"; empty: nothing to force for this host
  // To force when the request is seen and has a query: see force_parameter in apply.h.
  std::string_view parameter;
  std::string_view value;
  // To set in the request when it is seen.
  std::string_view field;
  std::string_view field_value;
  // For a tunnel: the host to connect to instead; empty: there is none, and only an interception
  // could help.
  std::string_view connect_to;
  explicit operator bool() const { return !service.empty(); }
};

// `host` is normalised. `engines`: a bit per SearchEngine.
SafeSearch safe_search_for(std::string_view host, std::uint32_t engines,
                           std::optional<Youtube> youtube);

// "google", "bing", ...; nothing for an unknown name.
std::optional<SearchEngine> search_engine(std::string_view name);
std::string_view search_engine_name(SearchEngine engine);

}  // namespace weir::filters
